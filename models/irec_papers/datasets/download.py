"""Archive download: resumable if the server can, verified before anything is unpacked.

Not by pooch, which begins each download anew and throws away what an interrupted one has brought: archives here have up
to 20 GB. Around a downloader of our own nothing would be left to it but the checksum.
"""

from __future__ import annotations

import hashlib
import http.client
import shutil
import urllib.error
import urllib.request
from pathlib import Path

from irec_live.errors import DataError, OutputError
from irec_models.progress import Progress, silent
from irec_papers.datasets.dataset import Archive

_CHUNK = 1 << 20
_TIMEOUT_S = 30.0


def fetch(archive: Archive, root: Path, *, progress: Progress = silent) -> Path:
    """Download an archive unless it is there, check its checksum in either case, and return its path.

    What an interrupted download has brought stays in ``*.part`` and is continued the next time.

    Parameters
    ----------
    archive : Archive
    root : Path
        Folder to keep it in.
    progress : Progress

    Raises
    ------
    DataError
        It cannot be downloaded, or its checksum is wrong.
    OutputError
        There is no room or no permission.
    """
    path = root / archive.file
    if not path.exists():
        part = path.with_name(path.name + ".part")
        try:
            root.mkdir(parents=True, exist_ok=True)
            _download(archive.url, part, progress)
        except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError) as error:
            reason = getattr(error, "reason", None) or error
            raise DataError(
                f"{archive.file} cannot be downloaded from {archive.url}: {reason}; try again to continue where it "
                f"stopped, or put the file into {root} yourself"
            ) from error
        except OSError as error:
            raise OutputError(f"{part} cannot be written: {error.strerror or error}") from error
        verify(archive, part, progress=progress)
        part.replace(path)
    else:
        verify(archive, path, progress=progress)
    return path


def verify(archive: Archive, path: Path, *, progress: Progress = silent) -> None:
    """Compare a file's MD5 with the one that was published; nothing is compared where none was.

    Raises
    ------
    DataError
        They differ, or the file cannot be read.
    """
    if archive.md5 is None:
        return
    digest = hashlib.md5(usedforsecurity=False)
    try:
        size = path.stat().st_size
        with path.open("rb") as stream, progress(f"verifying {archive.file}", size, unit="B") as advance:
            while chunk := stream.read(_CHUNK):
                digest.update(chunk)
                advance(len(chunk))
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from error
    if digest.hexdigest() != archive.md5:
        raise DataError(
            f"{path} has the checksum {digest.hexdigest()}, expected {archive.md5}; delete it and download it again"
        )


def _download(url: str, part: Path, progress: Progress) -> None:
    have = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        answer = urllib.request.urlopen(request, timeout=_TIMEOUT_S)
    except urllib.error.HTTPError as error:
        if have and error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            return  # all of it is here already: the checksum decides
        raise
    with answer:
        # A server that cannot resume sends the whole file again, with status 200.
        resumed = have > 0 and getattr(answer, "status", None) == http.HTTPStatus.PARTIAL_CONTENT
        done = have if resumed else 0
        length = answer.headers.get("Content-Length")
        total = done + int(length) if length else None
        if total is not None and shutil.disk_usage(part.parent).free < total - done:
            raise OSError(f"{total - done:,} bytes to download do not fit on the disk")
        task = progress(f"downloading {part.stem}", total, unit="B")
        with part.open("ab" if resumed else "wb") as stream, task as advance:
            advance(done)
            while chunk := answer.read(_CHUNK):
                stream.write(chunk)
                done += len(chunk)
                advance(len(chunk))
    if total is not None and done < total:
        raise ConnectionError(f"the connection ended after {done:,} of {total:,} bytes")
