"""A live session that is left by mistake can be gone back to: what was seen of it is not lost."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from fake_session import FakeBackend, FakeModel, FakeSession
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot
from waiting import PATIENCE_S

from irec_live.gui.app import Composition
from irec_live.gui.preferences import Preferences
from irec_live.gui.requests import SourceRequest
from irec_live.gui.settings_schema import RECORD_FOLDER

MIC, SONG = SourceRequest("mic"), SourceRequest("file", path=Path("song.flac"))


class Stoppable(FakeSession):
    """A live session that can be looked at when it is over."""

    def __init__(self) -> None:
        super().__init__()
        self.stopped = 0

    def stop(self) -> None:
        self.stopped += 1
        self.state = "ended"


class KeepingBackend(FakeBackend):
    """Opens such sessions."""

    def open(self, request: SourceRequest, models: list[FakeModel]) -> FakeSession:
        session = super().open(request, models)
        if request.path is None:
            session = self.sessions[-1] = Stoppable()
        return session


@pytest.fixture
def backend() -> KeepingBackend:
    return KeepingBackend()


def open_and_wait(qtbot: QtBot, parts: Composition, request: SourceRequest) -> FakeSession:
    with qtbot.waitSignal(parts.manager.opened):
        parts.window.open(request)
    session = parts.manager.session
    assert isinstance(session, FakeSession)
    return session


def test_what_was_heard_is_kept_when_something_else_is_opened_and_a_key_goes_back(
    qtbot: QtBot, parts: Composition
) -> None:
    window = parts.window
    live = open_and_wait(qtbot, parts, MIC)
    song = open_and_wait(qtbot, parts, SONG)
    assert isinstance(live, Stoppable)
    qtbot.waitUntil(lambda: live.stopped == 1)
    assert "USB Audio Interface was heard for 0:30; Ctrl+Backspace goes back to that" in window.messages.text
    qtbot.keyClick(window, Qt.Key.Key_Backspace, Qt.KeyboardModifier.ControlModifier)
    assert parts.manager.session is live
    assert window.messages.text == ""
    assert not window.actions_.go_back.isEnabled()
    qtbot.waitUntil(lambda: window.status.state.text().startswith("Ended"))
    qtbot.waitUntil(lambda: song.closed == 1)
    assert live.closed == 0
    assert not window.recording.button.isEnabled()


def test_of_two_that_were_left_the_newer_is_kept(qtbot: QtBot, parts: Composition) -> None:
    first, second = open_and_wait(qtbot, parts, MIC), open_and_wait(qtbot, parts, MIC)
    open_and_wait(qtbot, parts, SONG)
    qtbot.waitUntil(lambda: first.closed == 1)
    parts.window.actions_.go_back.trigger()
    assert parts.manager.session is second
    assert second.closed == 0


def test_a_session_of_some_seconds_is_not_kept(qtbot: QtBot, parts: Composition) -> None:
    live = open_and_wait(qtbot, parts, MIC)
    live.time_s = 4.0
    open_and_wait(qtbot, parts, SONG)
    qtbot.waitUntil(lambda: live.closed == 1)
    assert parts.manager.kept is None
    assert parts.window.messages.text == ""


def test_another_model_for_live_sound_loses_nothing_either(qtbot: QtBot, parts: Composition) -> None:
    live = open_and_wait(qtbot, parts, MIC)
    with qtbot.waitSignal(parts.manager.opened):
        parts.manager.use_model("neuroment-mel")
    assert parts.manager.session is not live
    parts.manager.go_back()
    assert parts.manager.session is live


def test_what_is_being_opened_does_not_replace_what_was_gone_back_to(
    qtbot: QtBot, parts: Composition, backend: KeepingBackend
) -> None:
    live = open_and_wait(qtbot, parts, MIC)
    open_and_wait(qtbot, parts, SONG)
    parts.window.open(SourceRequest("file", path=Path("other.flac")))
    parts.manager.go_back()
    qtbot.waitUntil(lambda: len(backend.sessions) == 3 and backend.sessions[-1].closed == 1)
    assert parts.manager.session is live


def test_a_source_that_is_over_is_opened_again_by_choosing_it(
    qtbot: QtBot, parts: Composition, backend: KeepingBackend
) -> None:
    picker = parts.window.top.sources
    live = open_and_wait(qtbot, parts, MIC)
    picker.activated.emit(picker.currentIndex())
    assert len(backend.opened) == 1  # it is running
    live.state = "failed"
    qtbot.waitUntil(lambda: picker.over)
    with qtbot.waitSignal(parts.manager.opened):
        picker.activated.emit(picker.currentIndex())
    assert parts.manager.session is not live


def test_closing_the_window_closes_what_is_kept(
    qtbot: QtBot, build: Callable[..., Composition], backend: KeepingBackend
) -> None:
    parts = build(backend)
    live = open_and_wait(qtbot, parts, MIC)
    open_and_wait(qtbot, parts, SONG)
    parts.manager.close()
    assert live.closed == 1


def test_what_takes_long_to_open_is_said_while_the_former_source_goes_on(
    qtbot: QtBot, parts: Composition, backend: KeepingBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = open_and_wait(qtbot, parts, MIC)
    live.time_s = 4.0
    free, real = threading.Event(), backend.open

    def slowly(request: SourceRequest, models: list[FakeModel]) -> FakeSession:
        free.wait(PATIENCE_S)
        return real(request, models)

    monkeypatch.setattr(backend, "open", slowly)
    parts.window.open(SONG)
    qtbot.waitUntil(lambda: parts.window.messages.text == "Opening song.flac…")
    assert parts.manager.session is live
    with qtbot.waitSignal(parts.manager.opened):
        free.set()
    assert parts.window.messages.text == ""


def test_the_newest_recording_of_an_earlier_day_can_be_opened(
    qtbot: QtBot, build: Callable[..., Composition], backend: KeepingBackend, tmp_path: Path
) -> None:
    for name in ("2026-01-05 10-00-00 Mic", "2026-03-01 09-30-00 Mic"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "session.json").touch()
    (tmp_path / "2026-04-01 not a recording").mkdir()
    preferences = Preferences.in_file(tmp_path / "settings.ini")
    preferences.put(RECORD_FOLDER, str(tmp_path))
    parts = build(backend, preferences)
    parts.window.recording.look_for_last()
    qtbot.waitUntil(parts.window.recording.open_last.isEnabled)
    with qtbot.waitSignal(parts.window.recording.open_wanted) as wanted:
        parts.window.recording.open_last.trigger()
    assert wanted.args == [tmp_path / "2026-03-01 09-30-00 Mic"]
