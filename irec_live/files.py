"""Atomic file writing: a file is complete or not there at all. Whether one can be written, before the work."""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from irec_live.errors import OutputError

_PART = re.compile(r"\..{1,32}\.[0-9a-f]{8}\.part", re.DOTALL)


def write_atomically(path: str | os.PathLike[str], content: str | bytes | memoryview | Iterable[str | bytes]) -> None:
    """Write a file atomically: to a temporary file in the same folder, which then replaces it in one step.

    Parameters
    ----------
    path : path-like
        An existing file is replaced.
    content : str, bytes or iterable of either
        Text, or its pieces, is written as UTF-8, line ends as they are.

    Raises
    ------
    OutputError
        There is no such folder, it cannot be written to, or the disk is full. A file at `path` is left as it was.
    """
    path = Path(path)
    # Not `tempfile`: it makes files that only their owner may read (mode 0600), and the final file would keep that.
    part = part_path(path)
    try:
        try:
            with part.open("xb") as file:
                if isinstance(content, bytes | memoryview):
                    file.write(content)
                else:
                    for piece in (content,) if isinstance(content, str) else content:
                        file.write(piece if isinstance(piece, bytes) else piece.encode("utf-8", "surrogateescape"))
                file.flush()
                os.fsync(file.fileno())  # before the rename, or a crash may leave an empty file in its place
            part.replace(path)
        finally:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}; choose another place") from error


def part_path(path: Path) -> Path:
    """Where to write a file until it is whole: hidden, in the same folder, another path with each call."""
    # The name is cut: 32 characters take at most 128 of the 255 bytes that most file systems allow.
    return path.with_name(f".{path.name[:32]}.{secrets.token_hex(4)}.part")


def is_part(path: Path) -> bool:
    """Whether a file is called as `part_path` calls what is not whole yet."""
    return _PART.fullmatch(path.name) is not None


def write_json(path: str | os.PathLike[str], content: Any) -> None:
    """Write JSON values whole or not at all, indented by one.

    Raises
    ------
    OutputError
        As of `write_atomically`.
    ValueError
        A number is not finite: JSON has no word for it.
    """
    write_atomically(path, json.dumps(content, indent=1, allow_nan=False) + "\n")


def make_folder(folder: Path) -> Path:
    """Make a folder where it is missing, and prove that it can be written to; the folder.

    Raises
    ------
    OutputError
        It cannot be made or written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise OutputError(f"cannot write to the folder '{folder}': {error.strerror or error}") from error
    return folder


def check_writable(path: Path) -> None:
    """Prove before the work, not after it, that a file can be written at `path`.

    Raises
    ------
    OutputError
        It is a folder, or its folder does not exist or cannot be written.
    """
    if path.is_dir():
        raise OutputError(f"{path} is a folder; give the name of the file to write")
    if not path.parent.is_dir():
        raise OutputError(f"cannot write {path}: there is no folder '{path.parent}'; make it, or choose another place")
    make_folder(path.parent)
