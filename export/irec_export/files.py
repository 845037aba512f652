"""Whether a file can be written, before the work."""

from __future__ import annotations

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
