"""Atomic file writing: a file is complete or not there at all. What is at a path, and whether one can be written."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import stat
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any, Literal

from irec_live.errors import IrecError, OutputError

_NOTHING = (errno.ENOENT, errno.ENOTDIR, errno.EBADF, errno.ELOOP)
_NOTHING_ON_WINDOWS = (21, 123, 1921)
"""A drive that is not ready, a name that cannot be, links in a circle."""


def look(
    path: str | os.PathLike[str], refused: type[IrecError] | None = None
) -> Literal["", "file", "folder", "other"]:
    """What is at a path that somebody gave; empty for nothing.

    `Path.exists`, `is_file` and `is_dir` raise OSError where a folder may not be entered or a name is too long.

    Parameters
    ----------
    path : path-like
    refused : type of IrecError, optional
        What to raise where nobody can tell. By default that is taken for nothing: whoever opens it says why not.

    Raises
    ------
    IrecError
        Of the type `refused`: its folder may not be entered, or its name is too long.
    """
    try:
        mode = os.stat(path).st_mode  # noqa: PTH116 -- also of text
    except ValueError:  # a null byte
        return ""
    except OSError as error:
        nothing = error.errno in _NOTHING or getattr(error, "winerror", None) in _NOTHING_ON_WINDOWS
        if refused is None or nothing:
            return ""
        long = error.errno == errno.ENAMETOOLONG
        advice = "give a shorter one" if long else "check who may enter the folders on the way"
        raise refused(f"{os.fspath(path)} cannot be reached: {error.strerror or error}; {advice}") from error
    return "folder" if stat.S_ISDIR(mode) else "file" if stat.S_ISREG(mode) else "other"


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
    with whole_file(Path(path)) as part, part.open("xb") as file:
        if isinstance(content, bytes | memoryview):
            file.write(content)
        else:
            for piece in (content,) if isinstance(content, str) else content:
                file.write(piece if isinstance(piece, bytes) else piece.encode("utf-8", "surrogateescape"))


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Where to write a file for `path` to: it takes its place once the block ends, and is gone if the block fails.

    Raises
    ------
    OutputError
        As of `write_atomically`, whatever the block raises as OSError.
    """
    # Not `tempfile`: it makes files that only their owner may read (mode 0600), and the final file would keep that.
    part = part_path(path)
    try:
        try:
            yield part
            with part.open("r+b") as file:
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
    return path.with_name(f".{path.name[:32]}.{os.urandom(4).hex()}.part")


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
    except FileExistsError as error:
        raise OutputError(f"'{folder}' is a file; give a folder") from error
    except OSError as error:
        raise OutputError(f"cannot write to the folder '{folder}': {error.strerror or error}") from error
    return folder


def lock_file(file: IO[bytes], *, shared: bool = False) -> bool:
    """Lock an open file for this process until it is closed; False if another process has it.

    A lock ends with its process, however that ends. It keeps nobody from reading the file.

    Parameters
    ----------
    file : binary file
    shared : bool
        Others may have it so at the same time. (On Windows, where that is not to be had, they may not.)
    """
    try:
        if sys.platform == "win32":
            import msvcrt

            place = file.tell()
            file.seek(1 << 40)  # a byte beyond the end: Windows keeps others from reading what is locked
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
            file.seek(place)
        else:
            import fcntl

            fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def check_writable(path: Path) -> None:
    """Prove before the work, not after it, that a file can be written at `path`.

    Raises
    ------
    OutputError
        It is a folder, or its folder does not exist or cannot be written.
    """
    if look(path, OutputError) == "folder":
        raise OutputError(f"{path} is a folder; give the name of the file to write")
    if look(path.parent, OutputError) != "folder":
        raise OutputError(f"cannot write {path}: there is no folder '{path.parent}'; make it, or choose another place")
    make_folder(path.parent)
