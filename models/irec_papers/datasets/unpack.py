"""Unpacking archives of strangers: nothing lands outside the folder, nothing is kept of a damaged one."""

from __future__ import annotations

import gzip
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from irec_live.errors import DataError, OutputError

Advance = Callable[[int, int | None], None]
"""Told files done and in all, None where the archive does not say."""


def unpack(path: Path, folder: Path, *, advance: Advance | None = None) -> None:
    """Unpack a ``.zip``, ``.tar.gz`` or ``.tgz`` into a folder.

    Parameters
    ----------
    path, folder : Path
    advance : callable, optional

    Raises
    ------
    DataError
        It is damaged, or names files outside the folder.
    OutputError
        The files cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".zip":
            _unzip(path, folder, advance)
        else:
            _untar(path, folder, advance)
    except (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError) as error:
        raise DataError(f"{path} cannot be unpacked: {error}; delete it and download it again") from error
    except OSError as error:
        # gzip reports damage as an OSError without a number.
        if error.errno is None:
            raise DataError(f"{path} cannot be unpacked: {error}; delete it and download it again") from error
        raise OutputError(f"{path} cannot be unpacked into {folder}: {error.strerror or error}") from error


def _unzip(path: Path, folder: Path, advance: Advance | None) -> None:
    with _opened(path) as archive:
        members = archive.infolist()
        for number, member in enumerate(members, start=1):
            target = (folder / member.filename).resolve()
            if not target.is_relative_to(folder.resolve()):
                raise zipfile.BadZipFile(f"it names {member.filename}, which is outside")
            archive.extract(member, folder)
            if advance:
                advance(number, len(members))


def _opened(path: Path) -> zipfile.ZipFile:
    # Names without the UTF-8 flag are code page 437 by the book, but UTF-8 where the archive was made on Linux or Mac.
    try:
        return zipfile.ZipFile(path, metadata_encoding="utf-8")
    except UnicodeDecodeError:
        return zipfile.ZipFile(path)


def _untar(path: Path, folder: Path, advance: Advance | None) -> None:
    # Through gzip rather than tarfile's own decoder, which does not compare the checksum at the end.
    with gzip.open(path) as plain:
        with tarfile.open(fileobj=plain, mode="r|") as archive:
            for number, member in enumerate(archive, start=1):
                _extract(archive, member, folder)
                if advance:
                    advance(number, None)
        while plain.read(1 << 20):
            pass


def _extract(archive: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> None:
    if not (member.isfile() or member.isdir()):
        return
    if not (folder / member.name).resolve().is_relative_to(folder.resolve()):
        raise tarfile.TarError(f"it names {member.name}, which is outside")
    # Filters came with Python 3.11.4; the two checks above hold without them.
    options: dict[str, Any] = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
    archive.extract(member, folder, **options)
