"""A user of the window of `window_on_tones`, on a screen of its own: real keys and mouse, through the X server."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from waiting import PATIENCE_S
from x_server import XServer, wait_for

SUPPORT = Path(__file__).parent


class Hands:
    """The window, and what a user does with it.

    Parameters
    ----------
    server : XServer
    home : Path
        For settings and recordings.
    *models : Path
        The networks that listen.
    """

    def __init__(self, server: XServer, home: Path, *models: Path) -> None:
        self._environment = server.environment | {"PYTHONPATH": os.pathsep.join([str(SUPPORT), *sys.path])}
        self._home, self._models = home, models
        self.do, self._window = server.do, server.window
        self._focused = 0
        self.process: subprocess.Popen[bytes] | None = None
        self.pressed: list[str] = []
        """All keys so far."""

    def start(self, *arguments: str | Path) -> None:
        """Open the window."""
        models = [word for model in self._models for word in ("--model", model)]
        command = [sys.executable, SUPPORT / "window_on_tones.py", self._home, *arguments, *models]
        self.process = subprocess.Popen(command, env=self._environment)

    @property
    def seen(self) -> dict[str, Any]:
        """What the window shows now, and where; see `window_on_tones`. Empty before it is shown."""
        path = self._home / "seen.json"
        seen: dict[str, Any] = json.loads(path.read_text("utf-8")) if path.exists() else {}
        return seen

    def focus(self, title: str) -> None:
        """Wait for a window by a part of its title, and give it the keys; places are counted from its corner."""
        self._focused = self._window(title)
        self.do("windowactivate", "--sync", self._focused)

    def point(self, place: Sequence[int], *then: str | int) -> None:
        """Move the mouse to a place of the window, wherever that is now, and then do more with it."""
        self.do("mousemove", "--window", self._focused, *place, *then)

    def press(self, *keys: str) -> None:
        """Press keys, a moment apart, as a hand does."""
        for key in keys:
            self.pressed.append(key)
            self.do("key", "--clearmodifiers", key)
            time.sleep(0.2)

    def type(self, text: str) -> None:
        """Type a text."""
        self.do("type", "--delay", 5, text)

    def click(self, button: str) -> None:
        """Click a button that has this text, once it is there."""
        place = wait_for(lambda: self.seen.get("buttons", {}).get(button))
        self.point(place, "click", 1)

    def drag(self, from_: Sequence[int], to: Sequence[int]) -> None:
        """Press the left button at one place of the window, move in small steps, and let go at another."""
        self.point(from_, "mousedown", 1)
        for step in range(1, 11):
            self.point([round(a + (b - a) * step / 10) for a, b in zip(from_, to, strict=True)])
        self.do("mouseup", 1)

    def kill(self) -> None:
        """End the program as a power cut would, and wait for that."""
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait(PATIENCE_S)
