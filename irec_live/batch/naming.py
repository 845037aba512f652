"""Names of result files, chosen and proven before any work."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path, PurePath

from irec_live.errors import OutputError
from irec_live.files import look
from irec_live.spool import STDIN, printable


def result_names(files: Sequence[PurePath], suffix: str) -> list[PurePath]:
    """A file's result is named after it, and keeps its suffix where two would share a name.

    Parameters
    ----------
    files : sequence of PurePath
        With the folders that their results shall lie in.
    suffix : str
        Of the results, with the dot.

    Examples
    --------
    >>> [str(name) for name in result_names([PurePath("a/x.wav"), PurePath("a/x.flac"), PurePath("y.wav")], ".json")]
    ['a/x.wav.json', 'a/x.flac.json', 'y.json']
    """
    files = [PurePath("stdin") if path == STDIN else path for path in files]
    stems = Counter(_folded(path.with_name(path.stem)) for path in files)
    names = [path.with_name(path.stem) if stems[_folded(path.with_name(path.stem))] == 1 else path for path in files]
    taken = {_folded(name) for name in names}
    given: set[str] = set()
    chosen = []
    for name in names:
        free, count = name, 1
        # The same name from two folders.
        while _folded(free) in given or (count > 1 and _folded(free) in taken):
            count += 1
            free = name.with_name(f"{name.name}-{count}")
        given.add(_folded(free))
        chosen.append(free.with_name(f"{free.name}{suffix}"))
    return chosen


def check_name(path: Path, target: Path) -> None:
    """See that a file can have a name, before an hour of analysis.

    Raises
    ------
    OutputError
        It is too long, or no name.
    """
    try:
        _try_names(target)
    except OSError as error:
        reason = error.strerror or str(error)
        raise OutputError(
            f"the results of {printable(path)} cannot be written to {printable(target)}: {reason}"
        ) from error


def _try_names(target: Path) -> None:
    """Look for a file, and for each name on the way to it: in a missing folder even a name too long is only missing."""
    _look(target)
    folder, names = target.parent, [target.name]
    while look(folder) != "folder" and folder != folder.parent:
        names.append(folder.name)
        folder = folder.parent
    for name in names:
        _look(folder / name)


def _look(path: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        path.lstat()


def _folded(path: PurePath) -> str:
    """What macOS and Windows take for one name: Song and song."""
    return str(path).casefold()
