"""An X screen of the tests' own: Xvfb, with a window manager if asked for."""

from __future__ import annotations

import os
import shutil
import subprocess


def missing_x_programs(*further: str) -> str:
    """Which programs have to be installed first; empty if none."""
    return ", ".join(name for name in ("Xvfb", *further) if shutil.which(name) is None)


class XServer:
    """A screen without a monitor, until `close`.

    Parameters
    ----------
    size : tuple of int
        Width and height in pixels.
    window_manager : bool
        Whether windows get frames and focus, from openbox.

    Attributes
    ----------
    display : str
        As the variable ``DISPLAY`` wants it.
    """

    def __init__(self, size: tuple[int, int], *, window_manager: bool = False) -> None:
        reader, writer = os.pipe()
        self._processes = [
            subprocess.Popen(
                ["Xvfb", "-displayfd", str(writer), "-screen", "0", f"{size[0]}x{size[1]}x24", "-nolisten", "tcp"],
                pass_fds=(writer,),
                stderr=subprocess.DEVNULL,
            )
        ]
        os.close(writer)
        with os.fdopen(reader) as pipe:
            self.display = f":{pipe.readline().strip()}"
        if window_manager:
            self._processes.append(subprocess.Popen(["openbox"], env=self.environment, stderr=subprocess.DEVNULL))

    @property
    def environment(self) -> dict[str, str]:
        """For programs that shall show their windows here."""
        return {**os.environ, "DISPLAY": self.display, "QT_QPA_PLATFORM": "xcb"}

    def close(self) -> None:
        """End the screen, and the window manager before it."""
        for process in reversed(self._processes):
            process.terminate()
            process.wait(20)
