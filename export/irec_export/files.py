"""Files that are written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from irec_live.errors import OutputError


def check_writable(path: Path) -> None:
    """Find out before the work, not after it, that a file can be written at `path`.

    Raises
    ------
    OutputError
        It is a folder, or its folder does not exist or cannot be written.
    """
    if path.is_dir():
        raise OutputError(f"{path} is a folder; give the name of the .onnx file to write")
    try:
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise OutputError(f"cannot write into {path.parent}: {error.strerror or error}") from error


def write_whole(path: Path, data: bytes) -> None:
    """Write `data` beside `path`, then rename it into place; on failure what was there before stays.

    Raises
    ------
    OutputError
        The disk is full, or the folder cannot be written.
    """
    temporary: Path | None = None
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            temporary = Path(file.name)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        # Temporary files are private; the finished one is as readable as any the user makes.
        mask = os.umask(0)
        os.umask(mask)
        temporary.chmod(0o666 & ~mask)
        temporary.replace(path)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
