"""Safe archive extraction: nothing is written outside the folder, and nothing stays of a damaged archive.

Not by pooch, whose processors unpack tar files without any filter before Python 3.12, do not read gzip's checksum at
the end, which is all that NSynth has, and take the UTF-8 names of zip files for code page 437.
"""

from __future__ import annotations

import gzip
import tarfile
import zipfile
import zlib
from pathlib import Path
from typing import Any

from irec_live.errors import DataError, OutputError
from irec_models.progress import Progress, silent, tracked


def unpack(path: Path, folder: Path, *, progress: Progress = silent) -> None:
    """Unpack a ``.zip``, ``.tar.gz`` or ``.tgz`` into a folder.

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
            _unzip(path, folder, progress)
        else:
            _untar(path, folder, progress)
    except (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError) as error:
        raise DataError(f"{path} cannot be unpacked: {error}; delete it and download it again") from error
    except OSError as error:
        # gzip reports damage as an OSError without a number.
        if error.errno is None:
            raise DataError(f"{path} cannot be unpacked: {error}; delete it and download it again") from error
        raise OutputError(f"{path} cannot be unpacked into {folder}: {error.strerror or error}") from error


def _unzip(path: Path, folder: Path, progress: Progress) -> None:
    with _opened(path) as archive:
        for member in tracked(archive.infolist(), progress, f"unpacking {path.name}"):
            target = (folder / member.filename).resolve()
            if not target.is_relative_to(folder.resolve()):
                raise zipfile.BadZipFile(f"it names {member.filename}, which is outside")
            archive.extract(member, folder)


def _opened(path: Path) -> zipfile.ZipFile:
    # Names without the UTF-8 flag are code page 437 by the book, but UTF-8 where the archive was made on Linux or Mac.
    try:
        return zipfile.ZipFile(path, metadata_encoding="utf-8")
    except UnicodeDecodeError:
        return zipfile.ZipFile(path)


def _untar(path: Path, folder: Path, progress: Progress) -> None:
    # Through gzip rather than tarfile's own decoder, which does not compare the checksum at the end.
    with gzip.open(path) as plain:
        with tarfile.open(fileobj=plain, mode="r|") as archive:
            for member in tracked(archive, progress, f"unpacking {path.name}"):
                _extract(archive, member, folder)
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
