"""Files in object storage, by their URLs: listed, and fetched one at a time for as long as they are analysed.

fsspec knows the protocols (``s3://``, ``gs://``, ``https://``, ``file://`` and more; most want a package of their own).
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePath
from typing import Any

from irec_live.errors import MediaError, MissingExtraError
from irec_live.suffixes import SUFFIXES

_URL = re.compile(r"([a-z][a-z0-9+.-]+):/+(.*)", re.IGNORECASE | re.DOTALL)  # a single letter is a drive of Windows
_CHUNK = 1 << 20


def as_url(path: Path | str) -> str:
    """The URL that a path was before `Path` took one of its slashes away; empty if it is a path.

    Examples
    --------
    >>> as_url(Path("s3://bucket/song.flac")), as_url("file:///music"), as_url(Path("/music/song.flac"))
    ('s3://bucket/song.flac', 'file:///music', '')
    """
    found = _URL.fullmatch(str(path))
    if found is None:
        return ""
    scheme, rest = found[1].lower(), found[2]
    return f"{scheme}:///{rest}" if scheme in ("file", "local") else f"{scheme}://{rest}"


def find_urls(url: str, *, recursive: bool) -> list[tuple[str, PurePath]]:
    """Sound files that a URL stands for, each with its place below it, in order.

    Parameters
    ----------
    url : str
        Of a file, or of a folder.
    recursive : bool
        Whether folders inside it count, too.

    Raises
    ------
    MediaError
        There is nothing, or it cannot be reached.
    MissingExtraError
        fsspec, or what it needs for this protocol, is not installed.
    """
    with _worded(url):
        system, root = _fsspec().core.url_to_fs(url)
        if system.isfile(root):
            return [(url, PurePath(PurePath(root).name))]
        names = sorted(system.find(root, maxdepth=None if recursive else 1))
        places = [(name, PurePath(name).relative_to(root)) for name in names]
        files = [(name, place) for name, place in places if _is_wanted(place)]
        if not files:
            raise MediaError(f"{url} has no sound files{'' if recursive else '; --recursive looks deeper'}")
        return [(str(system.unstrip_protocol(name)), place) for name, place in files]


@contextmanager
def fetched(url: str) -> Iterator[Path]:
    """A copy of a file in a temporary folder, by its own name.

    Raises
    ------
    MediaError
        It cannot be fetched.
    """
    with tempfile.TemporaryDirectory(prefix="irec-live-", ignore_cleanup_errors=True) as folder:
        target = Path(folder, PurePath(url.partition("?")[0]).name or "sound")
        with _worded(url), _fsspec().open(url, "rb") as source, target.open("wb") as copy:
            while chunk := source.read(_CHUNK):
                copy.write(chunk)
        yield target


def _is_wanted(place: PurePath) -> bool:
    return place.suffix.lower() in SUFFIXES and not any(part.startswith(".") for part in place.parts)


def _fsspec() -> Any:
    try:
        import fsspec
    except ImportError as error:
        raise MissingExtraError("fsspec", "cluster") from error
    return fsspec


@contextmanager
def _worded(url: str) -> Iterator[None]:
    """One sentence for whatever a storage raises: each has errors of its own."""
    try:
        yield
    except (MediaError, MissingExtraError):
        raise
    except ImportError as error:
        raise MediaError(f"{url} cannot be reached: {error}") from error
    except FileNotFoundError as error:
        raise MediaError(f"there is no {url}; check the address") from error
    except Exception as error:
        raise MediaError(f"{url} cannot be reached: {type(error).__name__} {error}") from error
