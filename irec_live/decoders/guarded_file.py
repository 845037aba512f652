"""File object for C decoders: survives a disk that goes away, and can put a corrected header before the data."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Part:
    """What a decoder is to read: bytes of its own, then a stretch of a file.

    Attributes
    ----------
    path : Path
    header : bytes
        Come first.
    start, end : int
        The stretch, in bytes of the file; an end of None is the file's.
    """

    path: Path
    header: bytes = b""
    start: int = 0
    end: int | None = None

    @property
    def plain(self) -> bool:
        """Whether it is the file as it is."""
        return not self.header and self.start == 0 and self.end is None


class GuardedFile:
    """A binary file that ends where it cannot be read, and remembers why.

    FFmpeg and libsndfile call it from C. One Python exception can be handed through there at best; others would be
    printed on standard error.

    Attributes
    ----------
    error : OSError or None
        The first that happened after opening.

    Raises
    ------
    OSError
        It cannot be opened.
    """

    def __init__(self, part: Path | Part) -> None:
        self._part = part if isinstance(part, Part) else Part(part)
        self._file = self._part.path.open("rb")
        self.error: OSError | None = None
        self._position = 0

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes; none at the end and where it cannot be read."""
        if size < 0:
            size = max(0, self._size() - self._position)
        head = self._part.header[self._position : self._position + size]
        tail = self._read_stretch(self._position + len(head), size - len(head))
        self._position += len(head) + len(tail)
        return head + tail

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go to a byte; where that fails, stay."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position}.get(whence)
        wanted = offset + (self._size() if base is None else base)
        self._position = wanted if wanted >= 0 else self._position
        return self._position

    def tell(self) -> int:
        """Index of the byte that is read next."""
        return self._position

    def close(self) -> None:
        """May be called twice."""
        self._file.close()

    def _read_stretch(self, position: int, size: int) -> bytes:
        at = self._part.start + position - len(self._part.header)
        if self._part.end is not None:
            size = min(size, self._part.end - at)
        if size <= 0:
            return b""
        try:
            self._file.seek(at)
            return self._file.read(size)
        except OSError as error:
            self.error = self.error or error
            return b""

    def _size(self) -> int:
        end = self._part.end
        if end is None:
            try:
                end = os.fstat(self._file.fileno()).st_size
            except OSError as error:
                self.error = self.error or error
                return 0
        return len(self._part.header) + max(0, end - self._part.start)
