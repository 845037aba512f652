"""Windows for tests: on no screen, with made-up sessions unless a test brings its own backend."""

from __future__ import annotations

import os

os.environ["QT_QPA_PLATFORM"] = "offscreen"  # before anything imports Qt

import gc
from collections.abc import Callable, Iterator
from functools import partialmethod
from pathlib import Path

import pytest
from fake_session import FakeBackend
from hands import Hands
from PySide6.QtCore import QCoreApplication, QEvent
from pytestqt.qtbot import QtBot
from waiting import PATIENCE_S, wait_until
from x_server import XServer

from irec_live.gui.app import Composition, application, compose
from irec_live.gui.backend import Backend
from irec_live.gui.preferences import Preferences
from irec_live.recording.kept import KEPT_VARIABLE

PATIENCE_MS = round(1000 * PATIENCE_S)


class PatientQtBot(QtBot):
    """Waits for what must come as `waiting.wait_until` does, so that no test has to know how slow a machine may be."""

    waitActive = partialmethod(QtBot.waitActive, timeout=PATIENCE_MS)
    waitExposed = partialmethod(QtBot.waitExposed, timeout=PATIENCE_MS)
    waitSignal = partialmethod(QtBot.waitSignal, timeout=PATIENCE_MS)
    waitSignals = partialmethod(QtBot.waitSignals, timeout=PATIENCE_MS)

    def waitUntil(self, callback: Callable[[], object], *, timeout: int = PATIENCE_MS) -> None:
        """Let the window go on until a condition holds; pytest-qt's own takes None for that, too."""
        wait_until(callback, timeout / 1000, pause=lambda: self.wait(10))


@pytest.fixture(scope="session")
def qapp() -> object:
    """The application as the app itself makes it."""
    return application()


@pytest.fixture
def qtbot(qapp: object, request: pytest.FixtureRequest) -> QtBot:
    """pytest-qt's, with patience."""
    return PatientQtBot(request)


@pytest.fixture(autouse=True)
def kept(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where windows keep what was found in live sound, those in other processes too."""
    folder = tmp_path_factory.mktemp("kept") / "sessions"
    monkeypatch.setenv(KEPT_VARIABLE, str(folder))
    return folder


@pytest.fixture
def backend() -> FakeBackend:
    """Opens made-up sessions."""
    return FakeBackend()


@pytest.fixture
def hands(tmp_path: Path, tiny_activation_path: Path, tiny_envelope_path: Path) -> Iterator[Hands]:
    """What uses the window on a real screen: its mouse and keys, and what it shows."""
    server = XServer((1280, 720), window_manager=True)
    made = Hands(server, tmp_path, tiny_activation_path, tiny_envelope_path)
    yield made
    made.kill()
    server.close()


@pytest.fixture
def bury() -> Callable[[], None]:
    """Lets Qt and Python free what was given up."""

    def now() -> None:
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
        QCoreApplication.processEvents()
        gc.collect()

    return now


@pytest.fixture
def build(qtbot: QtBot) -> Iterator[Callable[..., Composition]]:
    """Puts windows together, shows them, and takes them apart after the test."""
    made: list[Composition] = []

    def make(backend: Backend, preferences: Preferences | None = None, models: tuple[str, ...] = ()) -> Composition:
        parts = compose(backend, preferences or Preferences(), models)
        made.append(parts)
        if preferences is None:
            parts.window.resize(1280, 720)  # the screen of the offscreen platform has no room for it
        parts.window.show()
        qtbot.waitExposed(parts.window)
        return parts

    yield make
    for parts in made:
        parts.dispose()


@pytest.fixture
def parts(build: Callable[..., Composition], backend: FakeBackend) -> Composition:
    """A shown window over made-up sessions, with nothing open yet."""
    return build(backend)
