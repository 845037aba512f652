"""A real live session whose device is pulled out while the window listens."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

import tiny_models
from irec_live.errors import DeviceError
from irec_live.gui.app import Composition
from irec_live.gui.backend import AppBackend
from irec_live.gui.requests import SourceRequest
from irec_live.session import LiveSession


class Cable:
    """A plug that a test can pull and put back."""

    def __init__(self) -> None:
        self.plugged = True
        self.device = "USB Audio"


class FluteSource:
    """Endless flute, 100 ms a block, at the pace of whoever reads; lost as soon as its cable is pulled."""

    sample_rate, channels, latency_s, overflows, ended = 8000, 1, 0.01, 0, False

    def __init__(self, cable: Cable) -> None:
        if not cable.plugged:
            raise DeviceError("there is no sound input device now")
        self._cable = cable
        self.name = cable.device
        self._stopped = threading.Event()
        self._index = 0
        self._sound = tiny_models.tone("flute", 1.0)
        self.lost = False

    def start(self) -> None:
        pass

    def stop(self) -> None:
        self._stopped.set()

    def read(self, timeout_s: float) -> tuple[np.ndarray, int]:
        self._stopped.wait(0.02)
        if not self._cable.plugged:
            self.lost = True
            return np.zeros((0, 1), np.float32), self._index
        places = (self._index + np.arange(800)) % len(self._sound)
        self._index += 800
        return self._sound[places, None].astype(np.float32), self._index - 800


class PluggedBackend(AppBackend):
    """Opens live sessions on that cable."""

    def __init__(self, cable: Cable) -> None:
        super().__init__(audible=False)
        self.cable = cable

    def open(self, request: SourceRequest, models: Sequence[Any]) -> LiveSession:
        return LiveSession(FluteSource(self.cable), models, role="Microphone", reopen=lambda: FluteSource(self.cable))


@pytest.fixture
def cable() -> Cable:
    return Cable()


def test_the_window_outlives_its_device_and_says_so(
    qtbot: QtBot, build: Callable[..., Composition], cable: Cable, tiny_activation_path: Path
) -> None:
    window = build(PluggedBackend(cable), models=(str(tiny_activation_path),)).window
    window.open(SourceRequest("mic"))
    qtbot.waitUntil(lambda: "flute" in window.page.headline.labels)
    cable.plugged = False
    qtbot.waitUntil(lambda: "lost" in window.status.state.text())
    assert "USB Audio" in window.messages.text
    assert window.isVisible()
    qtbot.waitUntil(lambda: window.page.headline.labels == ())
    cable.plugged = True
    qtbot.waitUntil(lambda: "Listening" in window.status.state.text())
    qtbot.waitUntil(lambda: "flute" in window.page.headline.labels)
    assert window.messages.text == ""


def test_the_window_names_the_device_in_use_after_another_was_lost(
    qtbot: QtBot, build: Callable[..., Composition], cable: Cable, tiny_activation_path: Path
) -> None:
    window = build(PluggedBackend(cable), models=(str(tiny_activation_path),)).window
    window.open(SourceRequest("mic"))
    qtbot.waitUntil(lambda: window.status.state.text() == "Listening · Microphone: USB Audio")
    cable.plugged = False
    qtbot.waitUntil(lambda: "lost" in window.status.state.text())
    assert "USB Audio" in window.windowTitle()
    cable.plugged, cable.device = True, "Built-in"
    qtbot.waitUntil(lambda: window.status.state.text() == "Listening · Microphone: Built-in")
    assert window.windowTitle() == "Microphone: Built-in – irec-live"
