"""Journal: which files of a batch are done, as lines of JSON in the output folder.

A line is written once the result is; a line that was cut off counts for nothing. Of several lines with one key the last
one counts. One process at a time may write.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any, Self

from irec_live.batch.items import Known, Outcome
from irec_live.errors import DataError, OutputError
from irec_live.files import is_part, lock_file
from irec_live.tables.recording import Recording

NAME = ".irec-live-journal.jsonl"


class Journal:
    """The journal of an output folder, locked until it is closed.

    Parameters
    ----------
    folder : Path
        It exists.

    Raises
    ------
    OutputError
        Another process has it, or it cannot be read or written.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME
        self.known: dict[str, Known] = {}
        self._places: dict[str, int] = {}
        try:
            self._file: IO[bytes] = self.path.open("a+b")
            if not lock_file(self._file):
                self._file.close()
                raise OutputError(f"another irec-live is writing to {folder}; wait for it, or give another --out")
            self._read()
        except OSError as error:
            raise OutputError(f"cannot write {self.path}: {error.strerror or error}") from error

    def add(self, outcome: Outcome, settings: str, *, keep_recording: bool) -> None:
        """Note that an item is done.

        Raises
        ------
        OutputError
            The disk is full.
        """
        recording = outcome.recording
        if recording is None:
            raise ValueError("only what is done is noted")
        known = Known(
            sha256=recording.sha256,
            settings=settings,
            name=recording.name,
            result_sha256=outcome.result_sha256,
            result_bytes=outcome.result_bytes,
            incomplete=outcome.incomplete,
        )
        line: dict[str, Any] = {"key": outcome.key, "known": asdict(known)}
        if keep_recording:
            line["recording"] = recording.to_dict()
        try:
            place = self._file.seek(0, 2)
            self._file.write(json.dumps(line).encode() + b"\n")
            self._file.flush()
        except OSError as error:
            raise OutputError(f"cannot write {self.path}: {error.strerror or error}") from error
        self.known[outcome.key], self._places[outcome.key] = known, place

    def recordings(self, keys: Iterable[str]) -> Iterator[Recording]:
        """Recordings of these keys, in this order, one at a time; none for those that were not kept."""
        for key in keys:
            place = self._places.get(key)
            if place is not None:
                self._file.seek(place)
                line = json.loads(self._file.readline())
                if "recording" in line:
                    yield Recording.from_dict(line["recording"])

    def close(self) -> None:
        """Let others write; a journal of nothing is removed."""
        with contextlib.suppress(OSError):  # of a full disk, which was told when a line did not go in
            self._file.close()
        if not self._places:
            with contextlib.suppress(OSError):
                if not self.path.stat().st_size:
                    self.path.unlink()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _read(self) -> None:
        self._file.seek(0)
        end = 0
        while line := self._file.readline():
            if not line.endswith(b"\n"):
                self._file.truncate(end)  # the process was killed while it wrote
                break
            with contextlib.suppress(ValueError, KeyError, TypeError, DataError):  # a damaged line: it is done anew
                said = json.loads(line)
                self.known[said["key"]] = Known(**said["known"])
                self._places[said["key"]] = end
            end += len(line)


def remove_left_over(folders: Iterable[Path]) -> None:
    """Remove what killed workers had not finished, from folders whose journal we have."""
    for folder in folders:
        with contextlib.suppress(OSError):
            for path in folder.iterdir():
                if is_part(path):
                    path.unlink(missing_ok=True)
