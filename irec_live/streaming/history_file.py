"""History file: results that are no longer new move from memory into a temporary file, and are read back from there.

One file serves all row stores of a timeline. It is made when the first rows move, and has no name: the system frees it
when it is closed, also if the app is killed. A thread of its own writes, so that a slow disk never holds up the worker;
any thread reads.
"""

from __future__ import annotations

import contextlib
import os
import queue
import sys
import tempfile
import threading
from pathlib import Path
from typing import IO, Any, Protocol

import numpy as np
import numpy.typing as npt

_MOST_WAITING = 256
"""Blocks that may wait to be written, 25 MB at most; with more of them the disk counts as not answering."""

_JOIN_S = 1.0


class Movable(Protocol):
    """What can be moved into the file."""

    def arrays(self) -> tuple[npt.NDArray[Any], ...]:
        """What is to be written, in this order."""

    def moved(self, offset: int) -> None:
        """All of it was written, from this byte on. Called on the file's thread."""


class HistoryFile:
    """An append-only temporary file with a writing thread.

    Parameters
    ----------
    folder : path-like, optional
        Where it is made; by default where the system keeps large temporary files.
    """

    def __init__(self, folder: str | os.PathLike[str] | None = None) -> None:
        self._folder = folder
        self._file: IO[bytes] | None = None
        self._lock = threading.Lock()  # of a file that cannot be read at a place without moving to it
        self._waiting: queue.Queue[Movable | None] = queue.Queue(_MOST_WAITING)
        self._thread: threading.Thread | None = None
        self._end = 0
        self._closed = False
        # NB: one reference, replaced whole by the writing thread; any thread reads it.
        self._problem = ""

    @property
    def problem(self) -> str:
        """Why nothing more is written, a sentence; empty while all is well. Any thread."""
        return self._problem

    @property
    def size(self) -> int:
        """Bytes written so far. Any thread."""
        return self._end

    def move(self, block: Movable) -> bool:
        """Have a block written soon. One thread only. False if it has to stay in memory."""
        if self._closed or self._problem:
            return False
        if self._thread is None:
            self._thread = threading.Thread(target=self._write_all, name="irec-history", daemon=True)
            self._thread.start()
        try:
            self._waiting.put_nowait(block)
        except queue.Full:
            self._problem = "the disk does not answer; older results are forgotten"
            return False
        return True

    def read(self, offset: int, like: tuple[npt.NDArray[Any], ...]) -> tuple[npt.NDArray[Any], ...] | None:
        """Arrays of the shapes and types of `like` from this byte on; None if they cannot be read. Any thread."""
        out = tuple(np.empty(array.shape, array.dtype) for array in like)
        for array in out:
            got = self._read_at(offset, array.nbytes)
            if len(got) < array.nbytes:
                return None
            array.reshape(-1).view(np.uint8)[:] = np.frombuffer(got, np.uint8)
            offset += array.nbytes
        return out

    def drain(self) -> None:
        """Wait until everything is written; for tests."""
        self._waiting.join()

    def close(self) -> None:
        """Give the file up; may be called twice. Whatever still waits stays in memory."""
        self._closed = True
        if self._thread is not None:
            with contextlib.suppress(queue.Full):
                self._waiting.put_nowait(None)
            self._thread.join(_JOIN_S)
        with self._lock:
            file, self._file = self._file, None
        if file is not None:
            file.close()

    def _write_all(self) -> None:
        while True:
            block = self._waiting.get()
            try:
                if block is None:
                    return
                if not self._problem and not self._closed:
                    self._write(block)
            except (OSError, ValueError) as error:  # full, gone, or closed meanwhile
                reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
                self._problem = f"results cannot be kept on the disk ({reason}); older ones are forgotten"
            finally:
                self._waiting.task_done()

    def _write(self, block: Movable) -> None:
        if self._file is None:
            folder = self._folder or _large_temporary_folder()
            # No buffer: a reader must find what was written. Open until `close`.
            self._file = tempfile.TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115
        start = self._end
        for array in block.arrays():
            self._write_at(self._end, np.ascontiguousarray(array).tobytes())
            self._end += array.nbytes
        block.moved(start)

    def _write_at(self, offset: int, data: bytes) -> None:
        file, rest = self._file, memoryview(data)
        while file is not None and rest:
            if hasattr(os, "pwrite"):
                count = os.pwrite(file.fileno(), rest, offset)
            else:
                with self._lock:
                    file.seek(offset)
                    count = file.write(rest)
            rest, offset = rest[count:], offset + count

    def _read_at(self, offset: int, size: int) -> bytes:
        with contextlib.suppress(OSError, ValueError):
            file = self._file
            if file is None:
                return b""
            if hasattr(os, "pread"):
                return os.pread(file.fileno(), size, offset)  # moves nothing, so it needs no lock
            with self._lock:
                file.seek(offset)
                return file.read(size)
        return b""


def mapped_zeros(shape: tuple[int, ...], dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    """Zeros in a temporary file without a name, which the system frees with them; in memory where that cannot be."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    if size and hasattr(os, "posix_fallocate"):
        with contextlib.suppress(OSError), tempfile.TemporaryFile(dir=_large_temporary_folder()) as file:
            os.posix_fallocate(file.fileno(), 0, size)  # a full disk must be found now, not while it is written to
            return np.memmap(file, dtype, "r+", shape=shape)
    return np.zeros(shape, dtype)


def _large_temporary_folder() -> str | None:
    """On Linux /tmp is often kept in memory; what should leave the memory goes where large temporary files go."""
    named = any(os.environ.get(name) for name in ("TMPDIR", "TEMP", "TMP"))
    large = Path("/var/tmp")
    if sys.platform.startswith("linux") and not named and os.access(large, os.W_OK):
        return str(large)
    return None
