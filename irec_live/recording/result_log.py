"""Results as they come, appended to files: rows of numbers, and events as JSON lines.

A row is its time as float64 and K values as float32, all little-endian, without a header: what a killed process wrote
of its last row is ignored.

Shapes: K labels, R activation rows, M envelope rows.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import IO

import numpy as np

from irec_live.assembly import Curves, Times
from irec_live.errors import DataError, OutputError
from irec_live.recording.folder import SessionFolder
from irec_live.results import Array, Event


def row_type(labels: int) -> np.dtype[np.void]:
    """A row of a file, for `numpy.fromfile`.

    Examples
    --------
    >>> row_type(13).itemsize
    60
    """
    return np.dtype([("time_s", "<f8"), ("values", "<f4", (labels,))])


class ResultLog:
    """Appends results to a session's files. One thread.

    Parameters
    ----------
    folder : SessionFolder
    labels : int
        K.

    Raises
    ------
    OutputError
        The files cannot be made.
    """

    def __init__(self, folder: SessionFolder, labels: int) -> None:
        self._type = row_type(labels)
        self._files: dict[str, IO[bytes]] = {}
        try:
            for name in ("activations", "envelopes", "events"):
                # Unbuffered: what was handed to the system survives the process.
                self._files[name] = open(getattr(folder, name), "ab", buffering=0)  # noqa: SIM115, PTH123
        except OSError as error:
            self.close()
            raise OutputError(f"cannot record to {folder.path}: {error.strerror or error}") from error

    def add_rows(self, name: str, rows: Iterable[tuple[float, Array]]) -> None:
        """Append rows, (seconds, (K,) float32), to ``activations`` or ``envelopes``.

        Raises
        ------
        OutputError
            The disk takes no more.
        """
        listed = list(rows)
        if listed:
            table = np.empty(len(listed), self._type)
            table["time_s"] = [time_s for time_s, _ in listed]
            table["values"] = [values for _, values in listed]
            self._append(name, table.tobytes())

    def add_events(self, events: Iterable[Event]) -> None:
        """Append events that have ended.

        Raises
        ------
        OutputError
            The disk takes no more.
        """
        lines = "".join(json.dumps(_plain(event), ensure_ascii=False) + "\n" for event in events)
        if lines:
            self._append("events", lines.encode())

    def _append(self, name: str, data: bytes) -> None:
        try:
            self._files[name].write(data)
        except OSError as error:
            raise OutputError(f"the disk takes no more ({error.strerror or error})") from error

    def close(self) -> None:
        """Close the files; may be called twice."""
        files, self._files = self._files, {}
        for file in files.values():
            with contextlib.suppress(OSError):
                file.close()


def _plain(event: Event) -> dict[str, object]:
    return {key: value for key, value in asdict(event).items() if key in ("label", "onset_s", "offset_s", "activation")}


def read_curves(folder: SessionFolder, labels: int) -> Curves:
    """All rows of a session; a last one that is not whole is ignored.

    Raises
    ------
    DataError
        They cannot be read, or are not what they should be.
    """
    return Curves(*_read_rows(folder.activations, labels), *_read_rows(folder.envelopes, labels))


def _read_rows(path: Path, labels: int) -> tuple[Times, Array]:
    kind = row_type(labels)
    try:
        data = path.read_bytes() if path.exists() else b""
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}") from error
    rows = np.frombuffer(data, kind, len(data) // kind.itemsize)
    times, values = rows["time_s"].astype(np.float64), rows["values"].astype(np.float32)
    if not (np.isfinite(times).all() and np.isfinite(values).all() and (np.diff(times) >= 0.0).all()):
        raise DataError(f"{path} is damaged: its rows are not numbers in the order of their times")
    return times, values


def read_events(folder: SessionFolder, labels: Iterable[str]) -> tuple[Event, ...]:
    """All events of a session that ended, by onset; a last line that is not whole is ignored.

    Raises
    ------
    DataError
        They cannot be read, or are not what they should be.
    """
    known = set(labels)
    try:
        lines = folder.events.read_bytes().splitlines(keepends=True) if folder.events.exists() else []
    except OSError as error:
        raise DataError(f"cannot read {folder.events}: {error.strerror or error}") from error
    events = []
    for line in lines:
        if not line.endswith(b"\n"):  # of a process that was killed
            continue
        try:
            values = json.loads(line)
            event = Event(
                str(values["label"]), float(values["onset_s"]), float(values["offset_s"]), float(values["activation"])
            )
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise DataError(f"{folder.events} is damaged: {line[:80]!r} is no event") from error
        if event.label in known and 0.0 <= event.onset_s <= (event.offset_s or 0.0):
            events.append(event)
    return tuple(sorted(events, key=lambda event: event.onset_s))
