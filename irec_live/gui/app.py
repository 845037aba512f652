"""Composition root: puts the window together, opens the first source, and takes the picture if one was asked for."""

from __future__ import annotations

import signal
import socket
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PySide6.QtCore import QCoreApplication, QEvent, QObject, QSocketNotifier, Qt, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

from irec_live.errors import IrecError, OutputError
from irec_live.gui.backend import AppBackend, Backend
from irec_live.gui.icons import app_icon
from irec_live.gui.main_window import MainWindow
from irec_live.gui.preferences import Preferences
from irec_live.gui.requests import SourceRequest
from irec_live.gui.session_manager import SessionManager
from irec_live.gui.theme import ThemeChoice, ThemeSwitch, font
from irec_live.input_kind import InputKind, is_unasked

PICTURE_SIZE = (1280, 720)
"""Device-independent pixels of a picture, whatever the user's window was."""


@dataclass
class Composition:
    """The parts of a running app, which tests take apart again."""

    window: MainWindow
    manager: SessionManager
    themes: ThemeSwitch

    def dispose(self) -> None:
        """Close the window and give everything back."""
        self.window.close()
        for part in (self.window, self.manager, self.themes):
            part.deleteLater()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


def application() -> QApplication:
    """The one `QApplication`, made if need be."""
    existing = QApplication.instance()
    if isinstance(existing, QApplication):
        return existing
    QGuiApplication.setHighDpiScaleFactorRoundingPolicy(Qt.HighDpiScaleFactorRoundingPolicy.PassThrough)
    made = QApplication(sys.argv[:1])
    made.setApplicationName("irec-live")
    made.setDesktopFileName("irec-live")
    made.setStyle("Fusion")
    made.setFont(font(13))
    made.setWindowIcon(app_icon())
    return made


def compose(backend: Backend, preferences: Preferences, models: Sequence[str] = ()) -> Composition:
    """Put the window together, without showing it or opening anything."""
    themes = ThemeSwitch(preferences.theme)
    manager = SessionManager(backend, models)
    window = MainWindow(manager, backend, preferences, themes)
    return Composition(window, manager, themes)


def run(
    file: Path | None = None,
    *,
    screenshot: Path | None = None,
    after_s: float = 5.0,
    input: InputKind = InputKind.MIC,
    device: str | None = None,
    models: Sequence[str | Path] | None = None,
    hop_s: float | None = None,
    provider: str = "auto",
    theme: ThemeChoice | None = None,
    size: tuple[int, int] = PICTURE_SIZE,
    track: int | None = None,
) -> int:
    """Show the window until it is closed.

    Parameters
    ----------
    file : Path, optional
        What to listen to. Without it: `input`; the source remembered from the last run if nothing is asked for; and the
        bundled demo clip where there is no microphone.
    screenshot : Path, optional
        Save a picture of the window there and leave; nothing is heard or remembered.
    after_s : float
        Seconds from the first painted window to the picture.
    input : InputKind
        One of `InputKind.live`.
    device : str, optional
        Name of an input device.
    models : sequence of str or Path, optional
        Names or files; the bundled ones by default.
    hop_s, provider
        As for `irec_live.session.open_live`.
    theme : str, optional
        One of `irec_live.gui.theme.choices`, instead of the remembered one.
    size : tuple of int
        Of the picture.
    track : int, optional
        Sound track of the file, from 1 on; its default one if not given.

    Returns
    -------
    int
        Exit status.

    Raises
    ------
    OutputError
        The picture cannot be written.
    IrecError
        The picture was taken, but shows only that nothing could be opened.
    """
    app = application()
    preferences = Preferences.of_user() if screenshot is None else Preferences()
    if theme is not None:
        preferences.theme = theme
    backend = AppBackend(hop_s=hop_s, provider=provider, audible=screenshot is None)
    parts = compose(backend, preferences, [str(model) for model in models or ()])
    if theme is not None:
        parts.themes.choose(theme)
    window = parts.window
    if screenshot is not None:
        window.resize(*size)
    interrupt = _InterruptCloses(window)
    window.show()
    wanted = _first_request(file, input, device, preferences, track)
    fallback = is_unasked(file, input, device)
    QTimer.singleShot(0, window, lambda: _begin(parts.manager, wanted, fallback))
    taken = _Screenshot(window, parts.manager, screenshot, after_s) if screenshot is not None else None
    status = app.exec()
    interrupt.close()
    parts.dispose()
    if taken is not None and taken.problem is not None:
        raise taken.problem
    return status


def _begin(manager: SessionManager, request: SourceRequest, fallback: bool) -> None:
    manager.open_first(request, demo=fallback)
    manager.list_devices()
    manager.list_models()


def _first_request(
    file: Path | None, kind: InputKind, device: str | None, preferences: Preferences, track: int | None
) -> SourceRequest:
    if file is not None:
        return SourceRequest(InputKind.FILE, path=file, track=track)
    if is_unasked(file, kind, device):
        return preferences.source
    return SourceRequest(kind, device)


class _Screenshot(QObject):
    """Saves the window once and ends the app."""

    def __init__(self, window: MainWindow, manager: SessionManager, path: Path, after_s: float) -> None:
        super().__init__(window)
        self._window, self._manager, self._path = window, manager, path
        self._failure = ""
        self.problem: IrecError | None = OutputError(f"the window was closed before the picture {path} was taken")
        manager.failed.connect(self._note)
        QTimer.singleShot(round(1000 * after_s), self, self._take)

    def _note(self, text: str) -> None:
        self._failure = text

    def _take(self) -> None:
        picture = self._window.grab()
        self.problem = None
        if not self._path.parent.is_dir() or not picture.save(str(self._path), "PNG"):
            self.problem = OutputError(
                f"cannot write the picture to {self._path}; choose a folder that exists and is writable"
            )
        elif self._manager.session is None and self._failure:
            self.problem = IrecError(self._failure)
        QApplication.exit(0)


class _InterruptCloses:
    """Ctrl-C in the terminal closes the window.

    Python handles signals between byte codes, and Qt's loop runs none while nothing happens, so a socket wakes it.
    """

    def __init__(self, window: MainWindow) -> None:
        self._reader, self._writer = socket.socketpair()
        for end in (self._reader, self._writer):
            end.setblocking(False)
        self._notifier = QSocketNotifier(self._reader.fileno(), QSocketNotifier.Type.Read)
        self._notifier.activated.connect(lambda: window.close())
        self._former: dict[signal.Signals, Any] = {}
        if threading.current_thread() is not threading.main_thread():  # only there may handlers be set
            return
        self._former_fd = signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        self._former |= {name: signal.signal(name, lambda *_: None) for name in (signal.SIGINT, signal.SIGTERM)}

    def close(self) -> None:
        """Give the signals back."""
        self._notifier.setEnabled(False)
        for name, handler in self._former.items():
            signal.signal(name, handler)
        if self._former:
            signal.set_wakeup_fd(self._former_fd)
        self._reader.close()
        self._writer.close()
