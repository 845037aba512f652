"""Recording in the window: button, menu and settings around a `Recorder` that follows the live session.

A recording belongs to one session. When the source or a model changes meanwhile, it is completed, and another one
begins with the new session. Everything slow is done by the recorder's own thread; a timer asks it how it goes.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu, QWidget

from irec_live.files import look
from irec_live.gui.background import Background
from irec_live.gui.language import tr
from irec_live.gui.menu_entries import command, entry, key_text
from irec_live.gui.preferences import Preferences
from irec_live.gui.record_button import RecordButton
from irec_live.gui.session_manager import SessionManager
from irec_live.gui.session_opener import Setup
from irec_live.gui.settings_schema import RECORD_FOLDER, RECORD_ONLY_DETECTED, RECORD_PREROLL_S
from irec_live.gui.wording import clock_text, sentence
from irec_live.suffixes import is_session_folder

if TYPE_CHECKING:
    from irec_live.recording import Recorder

PREROLLS_S = (0.0, 5.0, 15.0, 30.0)
_TICK_MS = 250
_CLOSE_S = 60.0
"""How long closing the window waits for the end of a recording, whose results.json takes 2 s an hour."""


def default_folder() -> Path:
    """Where recordings go unless another place was chosen."""
    from platformdirs import user_music_path

    return user_music_path() / "irec-live"


def newest_recording(folder: Path) -> Path | None:
    """The newest session in a folder of recordings, whose names begin with their dates; None without any."""
    try:
        paths = sorted(folder.iterdir(), reverse=True)
    except OSError:
        return None
    return next(filter(is_session_folder, paths), None)


class RecordingControl(QObject):
    """Records the live session. GUI thread only.

    Parameters
    ----------
    manager : SessionManager
    preferences : Preferences
    menu : QMenu
        The window's, to which a menu is added.
    before : QAction
        That it is put before.
    window : QWidget
    """

    said = Signal(str, str, str)
    """Key of the message, a sentence, and ``info``, ``warning`` or ``error``."""
    open_wanted = Signal(object)
    """Path of a session folder to open."""

    def __init__(
        self, manager: SessionManager, preferences: Preferences, menu: QMenu, before: QAction, window: QWidget
    ) -> None:
        super().__init__(window)
        self._preferences, self._window = preferences, window
        self._recorder: Recorder | None = None
        self._finishing: list[Recorder] = []
        self._last: Path | None = None
        self.button = RecordButton()
        self.record = command(window, tr("&Record"), "Ctrl+R", do=self.toggle, checkable=True)
        self.open_session = command(window, tr("Open a &session…"), "Ctrl+Shift+S", do=self._ask_session)
        self.open_last = command(window, tr("Open the &last recording"), "Ctrl+Shift+R", do=self._open_last)
        self.open_last.setEnabled(False)
        self.only_detected = command(window, tr("Only when something is &detected"), checkable=True)
        self.only_detected.setChecked(preferences.get(RECORD_ONLY_DETECTED))
        self.only_detected.toggled.connect(lambda on: preferences.put(RECORD_ONLY_DETECTED, on))
        self._prerolls = QActionGroup(self)
        self.menu = self._menu(menu)
        menu.insertMenu(before, self.menu)
        self.button.clicked.connect(self.toggle)
        self._timer = QTimer(self)
        self._timer.setInterval(_TICK_MS)
        self._timer.timeout.connect(self._tick)
        manager.opened.connect(self._on_opened)
        manager.closed.connect(lambda: self._follow(None))
        self._follow(None)
        self._looker = Background("irec-recordings", self)

    @property
    def recorder(self) -> Recorder | None:
        """The recorder of the live session, if there is one."""
        return self._recorder

    @property
    def folder(self) -> Path:
        """Where recordings are put."""
        chosen = self._preferences.get(RECORD_FOLDER)
        return Path(chosen) if chosen else default_folder()

    def look_for_last(self) -> None:
        """Look for the newest recording of an earlier day, which can be opened then. Returns at once."""
        chosen = self._preferences.get(RECORD_FOLDER)
        self._looker.submit(lambda: newest_recording(Path(chosen) if chosen else default_folder()), self._offer)

    def toggle(self) -> None:
        """Begin or end a recording."""
        recorder = self._recorder
        if recorder is None:
            self._show()
            text = tr("There is no live input to record; choose a microphone, or this computer.")
            self.said.emit("record", text, "info")
        elif recorder.state.state == "recording":
            recorder.stop()
            self._tick()
        elif not recorder.busy:
            self._start(recorder)

    def close(self) -> None:
        """End the recording, and wait a moment for it."""
        self._timer.stop()
        self._looker.stop()
        for recorder in filter(None, (*self._finishing, self._recorder)):
            recorder.stop()
            recorder.wait(_CLOSE_S)

    def _start(self, recorder: Recorder) -> None:
        from irec_live.recording import GateSettings
        from irec_live.recording.folder import folder_name

        name = folder_name(datetime.now().astimezone(), recorder.title)
        gate = GateSettings() if self.only_detected.isChecked() else None
        recorder.start(self.folder / name, gate=gate, numbered=True)
        self._timer.start()
        self._tick()

    def _on_opened(self, setup: Setup) -> None:
        self._follow(setup)

    def _follow(self, setup: Setup | None) -> None:
        """Go on with another session; what was recorded of the former is completed."""
        former, self._recorder = self._recorder, None
        again = former is not None and former.state.state == "recording"
        if former is not None and former.busy:
            former.stop()
            self._finishing.append(former)
        session = None if setup is None or setup.over else setup.session
        if session is not None and session.kind == "live":
            from irec_live.recording import Recorder
            from irec_live.session import LiveSession

            if isinstance(session, LiveSession):
                live = session
                preroll_s = self._preferences.get(RECORD_PREROLL_S)
                self._recorder = Recorder(live.pipeline, live.channels, lambda: live.title, preroll_s=preroll_s)
                live.add_tap(self._recorder)
                if again:
                    self._start(self._recorder)
        self.button.setEnabled(self._recorder is not None)
        self._show()

    def _tick(self) -> None:
        for recorder in list(self._finishing):
            if not recorder.busy:
                self._finishing.remove(recorder)
                self._report(recorder)
        present = self._recorder
        # NB: read once: a recording that is saved between two looks would be told by neither.
        state = None if present is None else present.state
        ended = state is None or state.state not in ("recording", "saving")
        if present is not None and state is not None and ended and state.folder not in (None, self._last):
            self._report(present)
        self._show()
        if not self._finishing and ended:
            self._timer.stop()

    def _offer(self, folder: Path | None) -> None:
        """Let a recording of an earlier day be opened, until there is one of this."""
        if self._last is None and folder is not None:
            self._last = folder
            self.open_last.setEnabled(True)

    def _report(self, recorder: Recorder) -> None:
        state = recorder.state
        if state.folder is not None:
            self._last = state.folder
            self.open_last.setEnabled(True)
        if state.state == "failed":
            self.said.emit("record", sentence(state.message), "error")
        elif state.folder is not None:
            length = clock_text(state.elapsed_s)
            text = tr("Recorded {length} in {folder}. {key} opens it.", length=length, folder=state.folder,
                      key=key_text(self.open_last))  # fmt: skip
            self.said.emit("record", text, "info")

    def _show(self) -> None:
        state = None if self._recorder is None else self._recorder.state
        recording = state is not None and state.state == "recording"
        self.record.setChecked(recording)
        if state is not None and recording:
            self.button.show_recording(state.elapsed_s)
        elif state is not None and state.state == "saving":
            self.button.show_saving()
        else:
            self.button.show_idle()

    def _open_last(self) -> None:
        if self._last is not None:
            self.open_wanted.emit(self._last)

    def _ask_session(self) -> None:
        start = self.folder if look(self.folder) == "folder" else self._preferences.folder
        self._ask_folder(tr("Open a session"), start, self.open_wanted.emit)

    def _ask_place(self) -> None:
        def take(path: Path) -> None:
            self._preferences.put(RECORD_FOLDER, str(path))
            self.said.emit("record", tr("Recordings go to {folder} from now on.", folder=path), "info")

        start = self.folder if look(self.folder) == "folder" else Path.home()
        self._ask_folder(tr("Folder for recordings"), start, take)

    def _ask_folder(self, title: str, start: Path, chosen: Callable[[Path], None]) -> None:
        from irec_live.gui.file_dialogs import ask_folder

        ask_folder(self._window, title, start, chosen)

    def _menu(self, parent: QWidget) -> QMenu:
        menu = QMenu(tr("&Record", "menu"), parent)
        menu.addActions([self.record, self.only_detected])
        prerolls = menu.addMenu(tr("With the seconds &before"))
        wanted = self._preferences.get(RECORD_PREROLL_S)
        for seconds in PREROLLS_S:
            text = tr("%n seconds", "", round(seconds)) if seconds else tr("None", "seconds")
            chosen = partial(self._choose_preroll, seconds)
            self._prerolls.addAction(entry(prerolls, text, chosen, checked=seconds == wanted))
        entry(menu, tr("&Folder for recordings…"), self._ask_place)
        menu.addSeparator()
        menu.addActions([self.open_session, self.open_last])
        return menu

    def _choose_preroll(self, seconds: float) -> None:
        self._preferences.put(RECORD_PREROLL_S, seconds)
        if self._recorder is not None:
            self._recorder.preroll_s = seconds
