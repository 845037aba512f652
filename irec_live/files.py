"""Files that are written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterable
from pathlib import Path

from irec_live.errors import OutputError


def write_atomically(path: str | os.PathLike[str], content: str | bytes | memoryview | Iterable[str]) -> None:
    """Write a file under another name beside its place, then move it there in one step.

    Parameters
    ----------
    path : path-like
        A file of that name is replaced.
    content : str, bytes or iterable of str
        Text, or its pieces, is written as UTF-8, line ends as they are.

    Raises
    ------
    OutputError
        There is no such folder, it cannot be written, or the disk is full. Whatever was at `path` still is.
    """
    path = Path(path)
    # Not by `tempfile`: its files are for the owner's eyes only, and would stay so. 32 characters take at most
    # 128 bytes of the 255 that a name may have.
    part = path.with_name(f".{path.name[:32]}.{secrets.token_hex(4)}.part")
    try:
        try:
            with part.open("xb") as file:
                if isinstance(content, bytes | memoryview):
                    file.write(content)
                else:
                    for piece in (content,) if isinstance(content, str) else content:
                        file.write(piece.encode("utf-8", "surrogateescape"))
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        finally:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}; choose another place") from error
