"""``irec-live desktop-entry``: an entry and an icon in the desktop's menu of programs, by the rules of freedesktop.org.

`pipx` and `pip` install commands only. The entry names this very installation, so that it goes on working whatever is
on the desktop's search path.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import click

from irec_assets import icons_folder
from irec_live.errors import IrecError
from irec_live.files import make_folder, write_atomically

_TYPES = (
    *("audio/flac", "audio/mpeg", "audio/mp4", "audio/ogg", "audio/opus", "audio/wav", "audio/x-wav", "audio/x-aiff"),
    *("audio/aac", "audio/x-ms-wma", "video/mp4", "video/x-matroska", "video/quicktime", "video/webm"),
)

_ENTRY = """[Desktop Entry]
Type=Application
Name=irec-live
GenericName=Instrument detector
GenericName[de]=Instrumentenerkennung
Comment=Shows which musical instruments are playing, live
Comment[de]=Zeigt live, welche Musikinstrumente spielen
Exec={command} gui %F
Icon=irec-live
Terminal=false
Categories=AudioVideo;Audio;Music;
Keywords=instrument;music;audio;analysis;
MimeType={types};
StartupWMClass=irec-live
"""


def run_desktop_entry(*, remove: bool) -> None:
    """Write the entry and its icon, or take them out.

    Raises
    ------
    IrecError
        Not on Linux, or the folder cannot be written to.
    """
    if sys.platform != "linux":
        raise IrecError("desktop entries are Linux's; elsewhere make a shortcut to the command irec-live")
    entry, icon = entry_path(), icon_path()
    if remove:
        for path in (entry, icon):
            path.unlink(missing_ok=True)
    else:
        text = _ENTRY.format(command=_quoted(command()), types=";".join(_TYPES))
        for path in (entry, icon):
            make_folder(path.parent)
        write_atomically(icon, (icons_folder() / "irec-live.svg").read_bytes())
        write_atomically(entry, text)
    _tell_desktop(entry.parent)
    click.echo(f"{'removed' if remove else 'written'}: {entry}")


def entry_path() -> Path:
    """Where the entry belongs, for this user alone."""
    return _data_home() / "applications" / "irec-live.desktop"


def icon_path() -> Path:
    """Where its icon belongs."""
    return _data_home() / "icons" / "hicolor" / "scalable" / "apps" / "irec-live.svg"


def command() -> Path:
    """The program that this process was started as, by its full path."""
    started = Path(sys.argv[0])
    if started.name != "irec-live":  # as `python -m irec_live`
        started = Path(sys.executable).with_name("irec-live")
    found = started if started.is_absolute() else Path(shutil.which(started) or started.absolute())
    if not os.access(found, os.X_OK):
        raise IrecError(f"there is no program {found} that the desktop could start; install irec-live with pipx")
    return found


def _data_home() -> Path:
    named = os.environ.get("XDG_DATA_HOME", "")
    return Path(named) if Path(named).is_absolute() else Path.home() / ".local" / "share"


def _quoted(path: Path) -> str:
    """A path as the Exec key wants it: in quotes, with what is special in them or in the key escaped."""
    text = str(path).replace("%", "%%")
    for special in ("\\", '"', "`", "$"):
        text = text.replace(special, "\\" + special)
    # The file's own escaping comes on top: a backslash is written as two.
    return '"' + text.replace("\\", "\\\\") + '"'


def _tell_desktop(folder: Path) -> None:
    """Have the desktop read its entries anew; most find out by themselves."""
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        subprocess.run(["update-desktop-database", str(folder)], capture_output=True, timeout=10, check=False)
