"""A file whose disk may go away while C code reads it."""

from __future__ import annotations

from pathlib import Path


class GuardedFile:
    """A binary file that ends where it cannot be read, and remembers why.

    FFmpeg calls it from C. PyAV can hand one Python exception through there; others it prints on standard error.

    Parameters
    ----------
    path : Path

    Attributes
    ----------
    error : OSError or None
        The first that happened after opening.

    Raises
    ------
    OSError
        It cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        self.error: OSError | None = None

    def read(self, size: int) -> bytes:
        """At most `size` bytes; none at the end and where it cannot be read."""
        try:
            return self._file.read(size)
        except OSError as error:
            self.error = self.error or error
            return b""

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go to a byte; where that fails, stay."""
        try:
            return self._file.seek(offset, whence)
        except OSError as error:
            self.error = self.error or error
            return self._file.tell()

    def tell(self) -> int:
        """Index of the byte that is read next."""
        return self._file.tell()

    def close(self) -> None:
        """May be called twice."""
        self._file.close()
