"""How long a program takes to its first picture, as somebody in front of the screen would see it: Xvfb, no desktop."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from x_pixels import Pixels, Screen
from x_server import XServer

SIZE = (1280, 720)
_LOOK_S = 0.002
_PATIENCE_S = 120.0


class FirstPicture(NamedTuple):
    """When a program's window was painted.

    Attributes
    ----------
    wall_s : float
        From the start of the process, by the clock.
    cpu_s : float
        Processor time of the process until then, to a hundredth.
    """

    wall_s: float
    cpu_s: float


class EmptyScreen:
    """A screen with nothing on it, until `close`.

    Raises
    ------
    RuntimeError
        Xlib is missing, or Xvfb does not answer.
    """

    def __init__(self) -> None:
        self._server = XServer(SIZE)
        self._screen = Screen(self._server.display)  # stays: Xvfb starts anew when the last of its programs leaves
        self._empty = self._middle()

    def first_picture(self, command: Sequence[str], variables: Mapping[str, str]) -> FirstPicture:
        """Start a program, wait until its window is painted where the middle of the screen is, and end the program.

        Parameters
        ----------
        command : sequence of str
        variables : mapping of str to str
            The program's environment; what tells it of the screen is added.

        Raises
        ------
        TimeoutError
            Nothing was painted.
        """
        began = time.monotonic()
        program = subprocess.Popen(
            command,
            env={**variables, "DISPLAY": self._server.display, "QT_QPA_PLATFORM": "xcb"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            self._wait(lambda: program.poll() is not None or not self._is_empty())
            seen_s = time.monotonic() - began
            if program.poll() is not None:
                raise TimeoutError(f"{command} ended before anything was painted")
            return FirstPicture(seen_s, _processor_s(program.pid))
        finally:
            program.terminate()
            program.wait(_PATIENCE_S)
            self._wait(self._is_empty)

    def close(self) -> None:
        """End the screen."""
        self._screen.close()
        self._server.close()

    def _middle(self) -> Pixels:
        return self._screen.pixels(SIZE[0] // 4, SIZE[1] // 2, SIZE[0] // 2, 1)

    def _is_empty(self) -> bool:
        return np.array_equal(self._middle(), self._empty)

    def _wait(self, seen: Callable[[], bool]) -> None:
        deadline = time.monotonic() + _PATIENCE_S
        while not seen():
            if time.monotonic() > deadline:
                raise TimeoutError("nothing was painted")
            time.sleep(_LOOK_S)


def _processor_s(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
