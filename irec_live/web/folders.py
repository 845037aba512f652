"""Temporary upload folders; those that a killed server left behind are removed at the next start.

Each holds a file that its server keeps locked for as long as it lives: what can be locked by another is left over.
Process numbers would not tell that, as they are given out anew and mean nothing across containers that share a disk.
"""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from irec_live.files import lock_file

_PREFIX = "irec-live-"
_LOCK = ".lock"  # no upload has this name: `safe_name` begins none with a dot
_OLD_S = 24 * 3600.0
"""Age from which a folder without a lock, as earlier versions made them, counts as left over; a young one may be one
that is just being made."""


@contextmanager
def upload_folder() -> Iterator[Path]:
    """An empty folder that is gone afterwards, or after the next start of a server if this one is killed.

    Raises
    ------
    OSError
        It cannot be made.
    """
    with (
        tempfile.TemporaryDirectory(prefix=_PREFIX, ignore_cleanup_errors=True) as folder,
        (Path(folder) / _LOCK).open("wb") as lock,
    ):
        lock_file(lock)
        yield Path(folder)


def clear_left_folders() -> int:
    """Remove the folders of servers of this user that live no more; their number."""
    removed = 0
    with suppress(OSError):
        for folder in sorted(Path(tempfile.gettempdir()).glob(f"{_PREFIX}*")):
            with suppress(OSError):
                if _is_left(folder):
                    shutil.rmtree(folder, ignore_errors=True)
                    removed += 1
    return removed


def _is_left(folder: Path) -> bool:
    entry = folder.lstat()  # not stat: in a folder for everybody, a link of this name can lead anywhere
    if not stat.S_ISDIR(entry.st_mode) or (hasattr(os, "getuid") and entry.st_uid != os.getuid()):
        return False
    lock = folder / _LOCK
    if not lock.exists():
        return time.time() - entry.st_mtime > _OLD_S
    with lock.open("r+b") as file:  # Windows locks only what may be written
        return lock_file(file)
