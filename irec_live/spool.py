"""Spooling: a pipe is copied to a temporary file first, because decoders seek in their input."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import select
import shutil
import stat
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from irec_live.errors import MediaError

STDIN = Path("-")
"""Stands for standard input."""

MOST_BYTES = 4_000_000_000
"""Of a pipe at most: 6 hours of CD sound."""

_WRITER_S = 5.0
"""How long to wait for somebody to open the other end of a pipe."""

_CHUNK = 1 << 20
_SPARE_BYTES = 100_000_000
"""Of the disk, left for others."""


def printable(path: Path | str) -> str:
    """A path with bytes that are no text shown as ``\\xNN``."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def path_of(shown: str) -> Path:
    r"""The path that `printable` showed so: itself if it is there, else the one whose bytes are shown as ``\xNN``.

    Examples
    --------
    >>> os.fsencode(path_of("/music/caf\\xe9.wav"))
    b'/music/caf\xe9.wav'
    """
    path = Path(shown)
    if "\\x" not in shown or os.path.lexists(path):
        return path
    odd = re.sub(rb"\\x([89a-f][0-9a-f])", lambda found: bytes.fromhex(found[1].decode()), os.fsencode(shown))
    return Path(os.fsdecode(odd))


@dataclass(frozen=True, slots=True)
class Stream:
    """Where to read from: a path, or what is open already."""

    path: Path | None = None


def stream_of(path: Path) -> Stream | None:
    """What to read where a path is no file that can be sought in; None for files, folders and what is not there.

    Raises
    ------
    MediaError
        It is a device, a socket, or a standard input at which somebody types.
    """
    if path == STDIN:
        return _standard_input()
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):  # whoever opens it says it better
        return None
    if stat.S_ISFIFO(mode):
        return Stream(path)
    if stat.S_ISCHR(mode) or stat.S_ISBLK(mode) or stat.S_ISSOCK(mode):
        kind = "socket" if stat.S_ISSOCK(mode) else "device"
        raise MediaError(f"{printable(path)} is a {kind}, not a file; give a sound or video file")
    return None


def spooled(stream: Stream, name: str) -> Path:
    """Read a stream to its end, into a temporary file.

    Parameters
    ----------
    stream : Stream
    name : str
        For messages.

    Returns
    -------
    Path
        For `remove_spool`.

    Raises
    ------
    MediaError
        Nobody writes to it, nothing comes, more comes than is kept, or it cannot be kept.
    """
    handle = -1
    target = None
    try:
        handle = _open(stream)
        with tempfile.NamedTemporaryFile(prefix="irec-live-", delete=False) as file:
            target = Path(file.name)
            room = _room(target.parent)
            size = 0
            while chunk := _read(handle, name, received=size > 0):
                size += len(chunk)
                if size > room:
                    raise MediaError(_too_much(name, room, target.parent))
                file.write(chunk)
        if not size:
            raise MediaError(f"nothing comes through {name}; is anybody writing to it?")
    except OSError as error:
        _drop(target)
        raise MediaError(f"{name} cannot be read into a temporary file: {error.strerror or error}") from error
    except BaseException:
        _drop(target)
        raise
    finally:
        if stream.path is not None and handle >= 0:
            os.close(handle)
    return target


def remove_spool(path: Path) -> None:
    """Delete a temporary file; may be called twice."""
    _drop(path)


def _standard_input() -> Stream | None:
    if sys.stdin is None:
        raise MediaError("there is no standard input to read from; give a file")
    if sys.stdin.isatty():
        raise MediaError("standard input is a terminal; send sound through it, as in: irec-live analyze - < song.flac")
    return Stream()


def _open(stream: Stream) -> int:
    if stream.path is None:
        return sys.stdin.fileno()
    # Not waiting: a pipe to which nobody writes would hold us up for ever.
    return os.open(stream.path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))


def _read(handle: int, name: str, *, received: bool) -> bytes:
    """The next bytes; none at the end. Waits as long as somebody holds the other end."""
    give_up = time.monotonic() + _WRITER_S
    while True:
        try:
            chunk = os.read(handle, _CHUNK)
        except BlockingIOError:  # a writer is there, and has nothing to say yet
            received = True
            select.select([handle], [], [])
            continue
        except OSError as error:
            if error.errno == errno.EINTR:
                continue
            raise
        if chunk or received or sys.platform == "win32" or os.get_blocking(handle):
            return chunk
        if time.monotonic() > give_up:
            raise MediaError(f"nothing comes through {name}; is anybody writing to it?")
        time.sleep(0.02)


def _room(folder: Path) -> int:
    with contextlib.suppress(OSError):
        return max(0, min(MOST_BYTES, shutil.disk_usage(folder).free - _SPARE_BYTES))
    return MOST_BYTES


def _too_much(name: str, room: int, folder: Path) -> str:
    if room >= MOST_BYTES:
        return f"more than {room / 1e9:.1f} GB came through {name}, without an end; save it to a file first"
    return (
        f"what comes through {name} has no room in {folder}, where temporary files are kept; save it to a file "
        "first, or make room there"
    )


def _drop(path: Path | None) -> None:
    if path is not None:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
