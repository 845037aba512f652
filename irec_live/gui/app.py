"""Composition root of the GUI: builds the window, opens the first source, and saves a screenshot if asked to."""

from __future__ import annotations

import signal
import socket
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from PySide6.QtCore import QCoreApplication, QElapsedTimer, QEvent, QObject, QSocketNotifier, Qt, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QWidget

from irec_live.errors import IrecError, OutputError
from irec_live.files import look
from irec_live.gui import settings_schema as schema
from irec_live.gui.backend import AppBackend, Backend
from irec_live.gui.icons import app_icon
from irec_live.gui.language import use_language
from irec_live.gui.main_window import MainWindow
from irec_live.gui.model_preferences import remembered_changes
from irec_live.gui.preferences import Preferences
from irec_live.gui.requests import SourceRequest
from irec_live.gui.scale_control import use_scale
from irec_live.gui.session_manager import SessionManager
from irec_live.gui.theme import ThemeChoice, ThemeSwitch, font
from irec_live.gui.view_export import write_picture
from irec_live.input_kind import InputKind, is_unasked
from irec_live.interrupts import ending_signals
from irec_live.suffixes import is_session_folder

PICTURE_SIZE = (1280, 720)
"""Width and height of a screenshot in device-independent pixels."""

_LONGEST_UNSEEN_MS = 2000
"""A window may open where nobody sees it, minimised or on another desktop; it listens all the same."""

_LOOK_MS = 50
_LONGEST_OPENING_MS = 60_000
"""A screenshot waits no longer for its source: sound servers that hang never answer."""


@dataclass
class Composition:
    """The objects of a running GUI, which tests take apart again."""

    window: MainWindow
    manager: SessionManager
    themes: ThemeSwitch

    def dispose(self) -> None:
        """Close the window and delete all objects."""
        self.window.close()
        for part in (self.window, self.manager, self.themes):
            part.deleteLater()
        # `deleteLater` waits for an event loop, which has ended by now.
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


def application() -> QApplication:
    """The process's only `QApplication`, created if there is none."""
    existing = QApplication.instance()
    if isinstance(existing, QApplication):
        return existing
    # Must be set before the application exists.
    QGuiApplication.setHighDpiScaleFactorRoundingPolicy(Qt.HighDpiScaleFactorRoundingPolicy.PassThrough)
    made = QApplication(sys.argv[:1])  # the other arguments are ours, not Qt's
    made.setApplicationName("irec-live")
    made.setDesktopFileName("irec-live")  # by which Wayland finds the icon of the window
    made.setStyle("Fusion")  # native styles follow a style sheet only in part
    made.setFont(font(13))
    made.setWindowIcon(app_icon())
    return made


def compose(backend: Backend, preferences: Preferences, models: Sequence[str] = ()) -> Composition:
    """Build the window without showing it or opening a source."""
    themes = ThemeSwitch(preferences.theme)
    manager = SessionManager(backend, models, () if models else remembered_changes(preferences))
    window = MainWindow(manager, backend, preferences, themes)
    return Composition(window, manager, themes)


def run(
    file: Path | None = None,
    *,
    more: Sequence[Path] = (),
    screenshot: Path | None = None,
    after_s: float = 5.0,
    input: InputKind = InputKind.MIC,
    device: str | None = None,
    models: Sequence[str | Path] | None = None,
    hop_s: float | None = None,
    provider: str = "auto",
    theme: ThemeChoice | None = None,
    language: str | None = None,
    size: tuple[int, int] = PICTURE_SIZE,
    track: int | None = None,
) -> int:
    """Show the window until it is closed.

    Parameters
    ----------
    file : Path, optional
        File to open. Without it: `input`; or the source of the last run if no input is named; or the bundled demo clip
        if there is no microphone.
    more : sequence of Path
        Files, or folders of them, to play after it.
    screenshot : Path, optional
        Save a screenshot there and exit; no sound is played and no settings are saved.
    after_s : float
        Seconds from the first painted window to the screenshot; it waits longer for what is still being opened.
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
    language : str, optional
        One of `irec_live.gui.language.codes`, instead of the one in the settings.
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
        The screenshot cannot be written.
    IrecError
        The screenshot was taken, but shows only that nothing could be opened.
    """
    with _InterruptCloses() as interrupt:  # from now on: Qt swallows the exception that Python has for it
        if screenshot is None:
            use_scale(Preferences.of_user())
        app = application()
        # A screenshot neither depends on the user's settings nor changes them.
        preferences = Preferences.of_user() if screenshot is None else Preferences()
        use_language(language or preferences.get(schema.LANGUAGE))
        if theme is not None:
            preferences.theme = theme
        backend = AppBackend(hop_s=hop_s, provider=provider, audible=screenshot is None)
        parts = compose(backend, preferences, [str(model) for model in models or ()])
        if theme is not None:
            parts.themes.choose(theme)
        window = parts.window
        if screenshot is not None:
            window.resize(*size)
        interrupt.watch(window)
        window.show()
        wanted = _first_request(file, input, device, preferences, track)
        fallback = is_unasked(file, input, device)
        _AfterFirstPicture(window, lambda: _begin(window, wanted, fallback, more))
        taken = _Screenshot(window, parts.manager, screenshot, after_s) if screenshot is not None else None
        status = app.exec()
    parts.dispose()
    if taken is not None and taken.problem is not None:
        raise taken.problem
    return status


def _begin(window: MainWindow, request: SourceRequest, fallback: bool, more: Sequence[Path] = ()) -> None:
    window.check_settings()
    window.recording.look_for_last()
    window.earlier.look()
    if request.path is not None and (more or _holds_files(request.path)):
        window.open_paths([request.path, *more])
    elif fallback and window.preferences.is_first_run:
        window.check_source(lambda: window.manager.open_first(request, demo=True))
    else:
        window.manager.open_first(request, demo=fallback)
    window.manager.list_devices()
    window.manager.list_models()
    window.device_watch.start()


def _holds_files(path: Path) -> bool:
    """Whether it is a folder that is no session."""
    return look(path) == "folder" and not is_session_folder(path)


def _first_request(
    file: Path | None, kind: InputKind, device: str | None, preferences: Preferences, track: int | None
) -> SourceRequest:
    if file is not None:
        return SourceRequest(InputKind.FILE, path=file, track=track)
    if is_unasked(file, kind, device):
        return preferences.source
    return SourceRequest(kind, device)


class _AfterFirstPicture(QObject):
    """Calls something once, after a window that was just shown is painted.

    What opens a source or reads models is Python, most of it, in whichever thread: it would hold the picture up.
    """

    def __init__(self, window: QWidget, call: Callable[[], None]) -> None:
        super().__init__(window)
        self._call: Callable[[], None] | None = call
        self._handle = window.windowHandle()
        self._handle.installEventFilter(self)
        QTimer.singleShot(_LONGEST_UNSEEN_MS, self, self._go)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Wait until the window is on the screen; it is painted while it handles this event."""
        if event.type() == QEvent.Type.Expose and self._handle.isExposed():
            watched.removeEventFilter(self)
            QTimer.singleShot(0, self, self._go)
        return False

    def _go(self) -> None:
        call, self._call = self._call, None
        if call is not None:
            call()


class _Screenshot(QObject):
    """Saves one screenshot of the window and ends the app."""

    def __init__(self, window: MainWindow, manager: SessionManager, path: Path, after_s: float) -> None:
        super().__init__(window)
        self._window, self._manager, self._path = window, manager, path
        self._failure, self._drawn = "", False
        self.problem: IrecError | None = OutputError(f"the window was closed before the picture {path} was taken")
        manager.failed.connect(self._note)
        window.bridge.snapshot_ready.connect(self._note_drawn)
        self._since = QElapsedTimer()
        self._since.start()
        QTimer.singleShot(round(1000 * after_s), self, self._take)

    def _note(self, text: str) -> None:
        self._failure = text

    def _note_drawn(self) -> None:
        self._drawn = True

    def _take(self) -> None:
        if not (self._drawn or self._failure or self._since.hasExpired(_LONGEST_OPENING_MS)):
            QTimer.singleShot(_LOOK_MS, self, self._take)  # what is being opened is not to be seen yet
            return
        # Numbers that have just come may want more room than they had.
        QCoreApplication.sendPostedEvents(None, QEvent.Type.LayoutRequest.value)
        picture = self._window.grab()
        try:
            write_picture(picture, self._path)
            failed = self._manager.session is None and self._failure
            self.problem = IrecError(self._failure) if failed else None
        except OutputError as error:
            self.problem = error
        QApplication.exit(0)


class _InterruptCloses:
    """Closes a window on Ctrl-C and the like (`ending_signals`), also on one that came before there was the window.

    Python runs signal handlers between byte codes, and Qt's event loop runs none while it waits, so a socket wakes it.
    """

    def __init__(self) -> None:
        self._reader, self._writer = socket.socketpair()
        for end in (self._reader, self._writer):
            end.setblocking(False)  # required by set_wakeup_fd
        self._notifier: QSocketNotifier | None = None
        self._former: dict[signal.Signals, Any] = {}
        if threading.current_thread() is not threading.main_thread():  # only there may handlers be set
            return
        self._former_fd = signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        # Empty handlers: without one of Python's, nothing is written to the socket, and Python's own for SIGINT would
        # raise KeyboardInterrupt inside whatever slot runs.
        self._former |= {name: signal.signal(name, lambda *_: None) for name in ending_signals()}

    def watch(self, window: MainWindow) -> None:
        """Close this window."""
        self._notifier = QSocketNotifier(self._reader.fileno(), QSocketNotifier.Type.Read)
        self._notifier.activated.connect(lambda: window.close())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Restore the former signal handlers."""
        if self._notifier is not None:
            self._notifier.setEnabled(False)
        for name, handler in self._former.items():
            signal.signal(name, handler)
        if self._former:
            signal.set_wakeup_fd(self._former_fd)
        self._reader.close()
        self._writer.close()
