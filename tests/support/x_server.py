"""An X screen of the tests' own: Xvfb, with a window manager if asked for."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable
from typing import TypeVar

from waiting import PATIENCE_S

T = TypeVar("T")


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
            self._processes.append(self._window_manager())
            # Before it is there, no window can be given the keys.
            wait_for(self._is_managed)

    def _window_manager(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(["openbox"], env=self.environment, stderr=subprocess.DEVNULL)

    def _is_managed(self) -> bool:
        if self._processes[-1].poll() is not None:  # a busy machine's new screen may refuse it at first
            self._processes[-1] = self._window_manager()
        return self.do("get_num_desktops") not in ("", "0")  # which the window manager tells

    @property
    def environment(self) -> dict[str, str]:
        """For programs that shall show their windows here."""
        return {**os.environ, "DISPLAY": self.display, "QT_QPA_PLATFORM": "xcb"}

    def do(self, *words: str | int) -> str:
        """Have xdotool do something; what it prints."""
        done = subprocess.run(
            ["xdotool", *map(str, words)],
            env=self.environment, capture_output=True, text=True, timeout=PATIENCE_S, check=False,
        )  # fmt: skip
        return done.stdout.strip()

    def window(self, title: str) -> int:
        """A visible window by a part of its title, once there is one: the newest."""
        return int(wait_for(lambda: self.do("search", "--onlyvisible", "--name", title)).splitlines()[-1])

    def close(self) -> None:
        """End the screen, and the window manager before it."""
        for process in reversed(self._processes):
            process.terminate()
            process.wait(PATIENCE_S)


def wait_for(look: Callable[[], T], patience_s: float = PATIENCE_S) -> T:
    """The first true thing that is seen.

    Raises
    ------
    TimeoutError
        It was not seen for so many seconds.
    """
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        if seen := look():
            return seen
        time.sleep(0.1)
    raise TimeoutError("it did not happen")
