"""Training windows cut from whole clips, without mixing: how published systems train, and for music without stems.

Letters: B windows of a batch, T samples, K labels, N frames of a window, C clips, W windows of an epoch.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import torch

from irec_live.errors import DataError
from irec_models.data.manifests.labels import truth_of
from irec_models.data.manifests.selection import ClipSelection
from irec_models.data.mixing.stream import Batch, BatchStream
from irec_models.progress import Progress

Array = npt.NDArray[np.float32]

_LACKING = 0.05
"""Share of a window that may be missing at a clip's end: 3 s resampled are sometimes a sample short."""


class ClipStream(BatchStream):
    """Batches of windows cut from clips without overlap, each as often as any other, in an order made of the seed.

    Every window has its clip's labels, as in Han et al. (III.C). Batch number n depends on the seed and n alone, like
    those of `irec_models.data.MixStream`. A clip shorter than a window is one window, its end silent. The envelopes
    of a batch are zeros: nobody knows them where stems are not known.

    Of the configuration `sample_rate`, `window_length`, the frames' numbers and `batch_size` count; nothing is mixed or
    augmented.

    Attributes
    ----------
    windows : (W, 2) int64
        Clip and first sample of each window.

    References
    ----------
    Y. Han, J. Kim, K. Lee, 2017, section III.C: 3 s excerpts divided without overlap.
    """

    def _open(self, selection: ClipSelection, progress: Progress, allow_missing_labels: bool) -> None:
        chosen = self.bank.select(selection)
        if not chosen:
            raise DataError(
                f"there are no clips of split '{selection.split}' with the chosen sources; see the manifest's columns"
            )
        present, known = self._truths(chosen)
        absent = np.flatnonzero(~np.any(present, axis=0)).tolist()
        self.missing = frozenset(self.labels[k] for k in absent)
        if self.missing and not allow_missing_labels:
            raise DataError(
                f"no clips of {', '.join(sorted(self.missing))} in split '{selection.split}'; "
                "add some, or take the label out"
            )
        available = np.array([label not in self.missing for label in self.labels])
        self._present = present.astype(np.float32)
        # A label without any example would be learnt as "never"; masked, it is learnt as nothing.
        self._mask = (known & available).astype(np.float32)
        self.windows = self._cut(chosen)
        self._order: tuple[int, npt.NDArray[np.int64]] | None = None

    def batch(self, step: int) -> Batch:
        """Batch number `step`; epochs follow each other without a gap, so a batch may hold the ends of two."""
        return self._batch(self._chosen(step))

    def clips_of(self, step: int) -> npt.NDArray[np.int64]:
        """Which clip of the bank each window of batch number `step` is cut from, (B,)."""
        clips: npt.NDArray[np.int64] = self.windows[self._chosen(step), 0]
        return clips

    def _chosen(self, step: int) -> npt.NDArray[np.int64]:
        """Windows of a batch, (B,)."""
        size, total = self.config.batch_size, len(self.windows)
        places = np.arange(step * size, (step + 1) * size)
        chosen = np.empty(size, np.int64)
        for epoch in np.unique(places // total).tolist():
            here = places // total == epoch
            chosen[here] = self._epoch(epoch)[places[here] % total]
        return chosen

    def epoch(self) -> Iterator[Batch]:
        """Every window once, in the clips' order; the last batch may be smaller."""
        for first in range(0, len(self.windows), self.config.batch_size):
            yield self._batch(np.arange(first, min(first + self.config.batch_size, len(self.windows))))

    def _epoch(self, epoch: int) -> npt.NDArray[np.int64]:
        """Order of the windows in an epoch."""
        if self._order is None or self._order[0] != epoch:
            self._order = (epoch, np.random.default_rng([self.seed, epoch]).permutation(len(self.windows)))
        return self._order[1]

    def _truths(self, chosen: Sequence[int]) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
        """Presence and mask (1 where presence is known) of each clip of the bank, (C, K) each."""
        present = np.zeros((len(self.bank), len(self.labels)), bool)
        known = np.ones_like(present)
        for index in chosen:
            clip = self.bank.clips[index]
            truth = truth_of(clip.labels, clip.origin, self.labels, clip.unknown)
            present[index] = [label in truth.present for label in self.labels]
            known[index] = [label not in truth.unclear for label in self.labels]
        return present, known

    def _cut(self, chosen: Sequence[int]) -> npt.NDArray[np.int64]:
        length = self.config.window_length
        rows = [
            (index, number * length)
            for index in chosen
            for number in range(max(1, int(self.bank.entries[index].length / length + _LACKING)))
        ]
        return np.array(rows, np.int64)

    def _batch(self, chosen: npt.NDArray[np.int64]) -> Batch:
        config, windows = self.config, self.windows[chosen]
        audio = np.zeros((len(windows), config.window_length), np.float32)
        for row, (index, first) in zip(audio, windows.tolist(), strict=True):
            part = self.bank.audio(index, first, config.window_length)
            row[: len(part)] = part
        envelope = np.zeros((len(windows), len(self.labels), config.frames), np.float32)
        clips = windows[:, 0]
        return Batch(*map(torch.from_numpy, (audio, self._present[clips], envelope, self._mask[clips])))
