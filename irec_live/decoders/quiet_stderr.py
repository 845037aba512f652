"""Suppress messages that C libraries (mpg123) print to standard error while decoding."""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
import threading
from collections.abc import Iterator

_CHATTER = re.compile(rb"^(?:\[[^\]\n]*mpg123[^\]\n]*\]|(?:Note|Warning|Error): ).*\n?", re.MULTILINE)
_STDERR = 2


class _Screen:
    """Stands in for standard error while C code works; one thread at a time."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._inside = False
        self._kept: int | None = None

    @contextlib.contextmanager
    def up(self) -> Iterator[list[bytes]]:
        """Hold back what is written, and pass on what is no chatter at the end."""
        chatter: list[bytes] = []
        with self._lock:
            terminal = None if self._inside else self._swap()
            if terminal is None:
                yield chatter
                return
            self._inside = True
            try:
                yield chatter
            finally:
                self._inside = False
                os.dup2(terminal, _STDERR)
                with contextlib.suppress(OSError):  # whoever reads our messages may be gone
                    self._pass_on(terminal, chatter)
                os.close(terminal)

    def _swap(self) -> int | None:
        """Put a file in the place of standard error; gives that, or None where there is none, or no room for a file."""
        try:
            terminal = os.dup(_STDERR)
        except OSError:
            return None
        try:
            if self._kept is None:
                with tempfile.TemporaryFile() as file:
                    self._kept = os.dup(file.fileno())
            os.dup2(self._kept, _STDERR)
        except OSError:
            os.close(terminal)
            return None
        return terminal

    def _pass_on(self, terminal: int, chatter: list[bytes]) -> None:
        if self._kept is None or not (size := os.lseek(self._kept, 0, os.SEEK_CUR)):
            return
        os.lseek(self._kept, 0, os.SEEK_SET)
        written = os.read(self._kept, size)
        os.ftruncate(self._kept, 0)
        os.lseek(self._kept, 0, os.SEEK_SET)
        chatter += _CHATTER.findall(written)
        if rest := _CHATTER.sub(b"", written):
            os.write(terminal, rest)


_screen = _Screen()


def without_chatter() -> contextlib.AbstractContextManager[list[bytes]]:
    """Keep the lines of mpg123, with which libsndfile decodes MP3, from the terminal: they cannot be switched off.

    What else is written to standard error meanwhile, by any thread, is passed on when this ends.

    Yields
    ------
    list of bytes
        The suppressed lines; filled when this ends.
    """
    return _screen.up()
