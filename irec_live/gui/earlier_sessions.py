"""Earlier sessions: what was heard live outlives the window, and a menu that goes back to it.

Results only, as they come, so that a crash or a kill leaves them, too; sound is written by nothing but a recording.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QWidget

from irec_live.gui.background import Background
from irec_live.gui.kept_session import LEAST_S
from irec_live.gui.language import tr
from irec_live.gui.menu_entries import command, entry, key_text
from irec_live.gui.message_bar import MessageBar
from irec_live.gui.message_translation import part, source_title
from irec_live.gui.preferences import Preferences
from irec_live.gui.requests import SourceRequest
from irec_live.gui.session_manager import SessionManager
from irec_live.gui.session_opener import Setup
from irec_live.gui.settings_schema import KEEP_RESULTS
from irec_live.input_kind import InputKind

if TYPE_CHECKING:
    from irec_live.recording import Recorder
    from irec_live.recording.kept import KeptResults

_KEY = "earlier"

_SAID_MS = 30_000
"""How long it is said at the start that there is something to go back to; the menu has it afterwards."""


class EarlierSessions(QObject):
    """Keeps the results of live sessions on the disk, and opens them again. GUI thread only.

    Parameters
    ----------
    manager : SessionManager
    preferences : Preferences
        Without a store nothing is kept.
    messages : MessageBar
    go_back : QAction
        That goes back to the newest one, if nothing newer was left.
    menu : QMenu
        To which a menu is added.
    window : QWidget
    """

    changed = Signal()
    """There are others to go back to."""

    def __init__(
        self,
        manager: SessionManager,
        preferences: Preferences,
        messages: MessageBar,
        go_back: QAction,
        menu: QMenu,
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._manager, self._preferences, self._messages = manager, preferences, messages
        self._go_back = go_back
        self._recorder: Recorder | None = None
        self._setup: Setup | None = None
        self._found: tuple[KeptResults, ...] = ()
        self._worker = Background("irec-earlier", self)
        self._look = QTimer(self, interval=round(1000 * LEAST_S))
        self._look.timeout.connect(self._tell_failure)
        self.keep = command(window, tr("&Keep what was found in live sound"), checkable=True)
        self.keep.setChecked(preferences.get(KEEP_RESULTS))
        self.keep.toggled.connect(self._on_keep)
        self.menu = menu.addMenu(tr("&Earlier live sessions"))
        self.menu.aboutToShow.connect(self._fill)
        self._fill()
        manager.opened.connect(self._follow)
        manager.closed.connect(lambda: self._follow(None))

    @property
    def newest(self) -> Path | None:
        """Folder of the newest one, unless it is what is shown."""
        path = self._found[0].path if self._found else None
        request = self._manager.request
        return None if request is not None and request.path == path else path

    def look(self) -> None:
        """Look for those of earlier windows, forget the oldest, and say if there are any. Returns at once."""

        def find() -> tuple[KeptResults, ...]:
            from irec_live.recording.kept import MOST_KEPT, kept_results

            return kept_results(MOST_KEPT)

        def offer(found: tuple[KeptResults, ...]) -> None:
            self._take(found)
            if found and not self._messages.text:  # or a source that failed would go unseen
                text = tr("{source}, {day}: what was found then is kept; {key} goes back to it.")
                source, key = source_title(found[0].title), key_text(self._go_back)
                self._messages.say(_KEY, text.format(source=source, day=_day(found[0]), key=key))
                QTimer.singleShot(_SAID_MS, self, lambda: self._messages.clear(_KEY))

        if self._preferences.stored:
            self._worker.submit(find, offer)

    def open_newest(self) -> None:
        """Go back to the newest one."""
        if self.newest is not None:
            self._open(self.newest)

    def close(self) -> None:
        """Complete what is kept of the session, and wait a moment for it; the rest is completed when it is opened."""
        self._follow(None)
        self._worker.stop()

    def _open(self, path: Path) -> None:
        self._messages.clear(_KEY)
        self._manager.open(SourceRequest(InputKind.FILE, path=path))

    def _follow(self, setup: Setup | None) -> None:
        """Keep the results of another session; those of the former are complete."""
        former, self._recorder, self._setup = self._recorder, None, setup
        if former is not None:
            former.stop()
            self._submit(partial(_finish, former, LEAST_S))
        self._look.stop()
        if self._preferences.stored and self.keep.isChecked() and setup is not None and not setup.over:
            self._begin(setup)
        self.changed.emit()

    def _begin(self, setup: Setup) -> None:
        if setup.session.kind != "live":
            return
        from irec_live.recording import Recorder
        from irec_live.recording.kept import MOST_S, keep_results
        from irec_live.session import LiveSession

        live = setup.session
        if isinstance(live, LiveSession):
            recorder = self._recorder = Recorder(live.pipeline, live.channels, lambda: live.title, sound=False)
            live.add_tap(recorder)
            keep_results(recorder)
            self._look.start()
            QTimer.singleShot(round(1000 * MOST_S), self, recorder.stop)

    def _tell_failure(self) -> None:
        state = None if self._recorder is None else self._recorder.state
        if state is not None and state.state == "failed":
            text = tr("What is found is lost when this window is closed: {reason}", reason=part(state.message))
            self._messages.say(_KEY, text, "warning")

    def _on_keep(self, on: bool) -> None:
        self._preferences.put(KEEP_RESULTS, on)
        if not on and self._recorder is not None:
            recorder, self._recorder = self._recorder, None
            recorder.stop()
            self._submit(partial(_finish, recorder, math.inf))
        if not on:
            self._submit(_remove_all)
            self._messages.say(_KEY, tr("What was kept is removed, unless you corrected it."))
        else:
            self._follow(self._setup)

    def _submit(self, work: Callable[[], tuple[KeptResults, ...]]) -> None:
        if self._preferences.stored:
            self._worker.submit(work, self._take)

    def _take(self, found: tuple[KeptResults, ...]) -> None:
        self._found = found
        self.changed.emit()

    def _fill(self) -> None:
        self.menu.clear()
        for one in self._found:
            entry(self.menu, f"{_day(one)}  {source_title(one.title)}", partial(self._open, one.path))
        self.menu.addSeparator()
        self.menu.addAction(self.keep)


def _finish(recorder: Recorder, least_s: float) -> tuple[KeptResults, ...]:
    from irec_live.recording.kept import finish_results, kept_results

    finish_results(recorder, least_s)
    return kept_results()


def _remove_all() -> tuple[KeptResults, ...]:
    from irec_live.recording.kept import kept_results

    return kept_results(0)


def _day(kept: KeptResults) -> str:
    """When it began, as recordings are called."""
    return f"{kept.began.astimezone():%Y-%m-%d %H:%M}"
