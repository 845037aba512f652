"""Which files are meant: files, folders, patterns with ``*``, and lists."""

from __future__ import annotations

import codecs
import glob
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from irec_live.batch.remote import as_url, find_urls
from irec_live.errors import MediaError
from irec_live.files import look
from irec_live.spool import STDIN, printable
from irec_live.suffixes import SUFFIXES


@dataclass(frozen=True, slots=True)
class Found:
    """A file that is meant.

    Attributes
    ----------
    path : Path
        As it can be opened.
    below : PurePath
        The same from the folder, or the fixed part of the pattern, that it was found in; the name alone where the file
        itself was given.
    url : str
        Of a file in object storage; then `path` is none that can be opened.
    """

    path: Path
    below: PurePath
    url: str = ""

    @property
    def place(self) -> str:
        """Absolute path, or URL."""
        return self.url or ("-" if self.path == STDIN else str(self.path.absolute()))


def find_files(paths: Sequence[Path], *, recursive: bool = False) -> list[Found]:
    """Files that are meant by paths, each once: folders stand for the sound files in them, in order of their names.

    Parameters
    ----------
    paths : sequence of Path
        A path with ``*``, ``?`` or ``[`` that is no file is a pattern; ``**`` in it matches any folders.
    recursive : bool
        Whether folders stand for their sub-folders' files, too. Hidden ones are left out.

    Raises
    ------
    MediaError
        A folder has no sound files, or a pattern matches nothing.
    """
    found: dict[str, Found] = {}
    for path in paths:
        for one in _meant(path, recursive):
            found.setdefault(one.url or (str(_absolute(one.path)) if one.path != STDIN else "-"), one)
    return list(found.values())


def listed_files(lines: bytes) -> list[Found]:
    """Files of a list, a line or a null byte after each, named from the folder that all lie in.

    Raises
    ------
    MediaError
        It is empty.
    """
    lines = lines.removeprefix(codecs.BOM_UTF8)  # as editors of Windows write it
    separator = b"\0" if b"\0" in lines else b"\n"
    lines_ = [line.rstrip(b"\r") if separator == b"\n" else line for line in lines.split(separator)]
    names = [os.fsdecode(line) for line in lines_ if line.strip()]
    if not names:
        raise MediaError("the list names no file; give one a line")
    if any(as_url(name) for name in names):
        return _listed_urls(names)
    paths = [_absolute(name) for name in names]
    try:
        root = Path(os.path.commonpath([path.parent for path in paths]))
    except ValueError:  # on several drives
        return [Found(path, PurePath(path.name)) for path in dict.fromkeys(paths)]
    return [Found(path, path.relative_to(root)) for path in dict.fromkeys(paths)]


def _listed_urls(names: Sequence[str]) -> list[Found]:
    urls = [as_url(name) or _absolute(name).as_uri() for name in dict.fromkeys(names)]
    folders = [url.rpartition("/")[0] + "/" for url in urls]
    root = os.path.commonprefix(folders).rpartition("/")[0]  # noqa: RUF071 -- each ends with a slash; not paths
    return [Found(Path(url), PurePath(url[len(root) + 1 :]), url) for url in urls]


def is_collection(path: Path) -> bool:
    """Whether a path stands for files rather than being one."""
    return path != STDIN and (look(path) == "folder" or _is_pattern(path) or bool(_url(path)))


def files_below(folder: Path, *, recursive: bool = True) -> Iterator[Path]:
    """Sound files of a folder by their suffixes, in order of their names, without hidden ones."""
    for here, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith(".")) if recursive else []
        for name in sorted(names):
            if not name.startswith(".") and Path(name).suffix.lower() in SUFFIXES:
                yield Path(here, name)


def _meant(path: Path, recursive: bool) -> list[Found]:
    if url := _url(path):
        return [Found(Path(place), below, place) for place, below in find_urls(url, recursive=recursive)]
    if path != STDIN and look(path) == "folder":
        files = [Found(file, file.relative_to(path)) for file in files_below(path, recursive=recursive)]
        if not files:
            inside = "" if recursive else "; --recursive looks in the folders inside it, too"
            raise MediaError(f"the folder {printable(path)} has no sound files{inside}")
        return files
    if _is_pattern(path):
        return _matching(path)
    return [Found(path, PurePath(path.name))]


def _url(path: Path) -> str:
    """The URL that is meant, unless a file is called so."""
    url = as_url(path)
    return url if url and not look(path) else ""


def _is_pattern(path: Path) -> bool:
    return path != STDIN and glob.has_magic(str(path)) and not look(path)


def _matching(pattern: Path) -> list[Found]:
    parts = pattern.parts
    fixed = next(index for index, part in enumerate(parts) if glob.has_magic(part))
    root = Path(*parts[:fixed]) if fixed else Path()
    # Not Path.glob, which leaves out no hidden files and does not take an absolute pattern.
    names = glob.glob(str(pattern), recursive=True)  # noqa: PTH207
    files = [Path(name) for name in sorted(names) if look(name) != "folder"]
    if not files:
        raise MediaError(f"nothing is called {printable(pattern)}; check the pattern, and quote it")
    return [Found(file, file.relative_to(root)) for file in files]


def _absolute(path: str | Path) -> Path:
    """Without ``..``, and with links as they are: what is behind them has another name."""
    return Path(os.path.abspath(path))  # noqa: PTH100
