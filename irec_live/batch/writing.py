"""Result files: written, but not over what somebody else wrote."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path

from irec_live.errors import OutputError
from irec_live.files import look, write_atomically


def write_result(parts: Callable[[], Iterable[str | bytes]], target: Path, *, overwrite: bool) -> None:
    """Write results, but not over notes, lyrics or another album's results of the same name.

    Parameters
    ----------
    parts : callable
        The content, a piece at a time; called once or twice.
    target : Path
    overwrite : bool
        Replace a file that says something else.

    Raises
    ------
    OutputError
        One says something else, or it cannot be written.
    """
    known = bool(look(target, OutputError)) and not overwrite
    try:
        if known and _says(target, parts()):
            return
    except OSError as error:
        raise OutputError(f"cannot read {target}: {error.strerror or error}") from error
    if known:
        raise OutputError(f"{target} is there already and says something else; give another --out, or --overwrite")
    write_atomically(target, parts())


def file_sha256(path: Path) -> str:
    """Of a file's bytes, in hexadecimal.

    Raises
    ------
    OSError
        It cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _says(path: Path, parts: Iterable[str | bytes]) -> bool:
    """Whether a file holds this and nothing else."""
    with path.open("rb") as file:
        pieces = (part if isinstance(part, bytes) else part.encode("utf-8", "surrogateescape") for part in parts)
        same = all(file.read(len(piece)) == piece for piece in pieces)
        return same and not file.read(1)
