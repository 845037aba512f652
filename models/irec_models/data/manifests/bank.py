"""Audio bank: all clips of one or more data folders, decoded at one sample rate.

Manifests are read at once, sound is decoded when some of it is first needed: errors that the manifests alone show, such
as a label without examples, are raised before hours of decoding.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from irec_live.errors import DataError
from irec_models.data.manifests.manifest import Clip, DataFolders
from irec_models.data.manifests.selection import ClipSelection
from irec_models.data.manifests.store import Entry, build_store, open_store, store_path
from irec_models.progress import Progress, silent

_NAMED = 8


class Bank:
    """Clips and their samples.

    Parameters
    ----------
    folders : DataFolders
    sample_rate : int
        Hz.
    progress : Progress
        Of the decoding.

    Attributes
    ----------
    clips : tuple of Clip

    Raises
    ------
    DataError
        A folder, manifest, column or file is missing.
    """

    def __init__(self, folders: DataFolders, sample_rate: int, *, progress: Progress = silent) -> None:
        if sample_rate <= 0:
            raise ValueError(f"sample_rate must be positive, not {sample_rate}")
        self.sample_rate = sample_rate
        self._progress = progress
        self._rows = folders.manifests
        self._places = [store_path(rows, sample_rate, folders.cache) for rows in self._rows]
        self._store_of = [number for number, rows in enumerate(self._rows) for _ in rows]
        self._stores: list[npt.NDArray[np.int16]] = []
        self._entries: tuple[Entry, ...] | None = None
        self.clips: tuple[Clip, ...] = tuple(clip for rows in self._rows for clip in rows)

    @property
    def entries(self) -> tuple[Entry, ...]:
        """Position, level and pitch of each clip; decodes all clips at the first call.

        Raises
        ------
        DataError
            A file cannot be decoded, or what was decoded before is damaged.
        OutputError
            The cache cannot be written.
        """
        if self._entries is None:
            for rows, place in zip(self._rows, self._places, strict=True):
                build_store(rows, self.sample_rate, place, progress=self._progress)
            opened = [open_store(place) for place in self._places]
            self._stores = [samples for samples, _ in opened]
            self._entries = tuple(entry for _, index in opened for entry in index)
        return self._entries

    def __getstate__(self) -> dict[str, Any]:
        # A memory map pickles as all its samples; worker processes that are spawned map the files themselves.
        return {name: value for name, value in self.__dict__.items() if name != "_stores"} | {"_progress": silent}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._stores = [] if self._entries is None else [open_store(place)[0] for place in self._places]

    def __len__(self) -> int:
        return len(self.clips)

    def audio(self, index: int, start: int = 0, length: int | None = None) -> npt.NDArray[np.float32]:
        """Samples of a clip, scaled so that the whole clip's peak is 1.

        Parameters
        ----------
        index : int
            Which clip.
        start, length : int
            Part of it; all by default. Less comes back where the clip ends.

        Returns
        -------
        (T,) float32
        """
        entry = self.entries[index]
        start = min(max(start, 0), entry.length)
        stop = entry.length if length is None else min(start + max(length, 0), entry.length)
        part = self._stores[self._store_of[index]][entry.offset + start : entry.offset + stop]
        # Divided by the largest number that a store writes, see store._measure.
        return part.astype(np.float32) * np.float32(1 / 32000.0)

    def select(self, selection: ClipSelection) -> list[int]:
        """Indices of the clips that a selection of the same folders has.

        Raises
        ------
        DataError
            A source is named that no clip has.
        """
        known = {clip.source for clip in self.clips}
        unknown = {*selection.sources, *selection.hold_out} - known
        if unknown:
            raise DataError(f"no clip has source {_some(unknown)}; there are {_some(known)}")
        return [number for number, clip in enumerate(self.clips) if clip in selection]


def _some(names: Iterable[str]) -> str:
    """A few of many names: where every recording is a source of its own there are thousands."""
    ordered = sorted(names)
    rest = len(ordered) - _NAMED
    more = f" and {rest} other{'s' if rest > 1 else ''}" if rest > 0 else ""
    return ", ".join(ordered[:_NAMED]) + more
