"""The manager: opens things off the GUI thread, and what fails harms nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fake_session import FakeBackend, FakeFileSession, FakeModel, FakeSession, spec
from pytestqt.qtbot import QtBot
from waiting import PATIENCE_S, wait_until

from irec_live.errors import DeviceError, MediaError
from irec_live.gui.app import Composition
from irec_live.gui.background import Background
from irec_live.gui.requests import SourceRequest
from irec_live.gui.session_manager import SessionManager

MIC, SONG = SourceRequest("mic"), SourceRequest("file", path=Path("song.flac"))


@pytest.fixture
def manager(qtbot: QtBot, backend: FakeBackend) -> Iterator[SessionManager]:
    manager = SessionManager(backend)
    yield manager
    manager.close()
    manager.deleteLater()


def open_and_wait(qtbot: QtBot, manager: SessionManager, request: SourceRequest) -> FakeSession:
    with qtbot.waitSignal(manager.opened):
        manager.open(request)
    assert isinstance(manager.session, FakeSession)
    return manager.session


def test_opening_happens_on_another_thread(
    qtbot: QtBot, manager: SessionManager, backend: FakeBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[threading.Thread] = []
    real = backend.open
    monkeypatch.setattr(backend, "open", lambda *args: (threads.append(threading.current_thread()), real(*args))[1])
    open_and_wait(qtbot, manager, MIC)
    assert threads[0] is not threading.current_thread()


class MendingBackend(FakeBackend):
    """Repairs until it is stopped, or let go."""

    def __init__(self) -> None:
        super().__init__()
        self.done = threading.Event()

    def repair(self, folder: Path, progress: Callable[[float], None]) -> None:
        progress(0.25)
        while not self.done.wait(0.01):
            progress(0.5)


@pytest.fixture
def killed(tmp_path: Path) -> SourceRequest:
    """A recorded session, as far as the window looks."""
    (tmp_path / "take").mkdir()
    (tmp_path / "take" / "session.json").touch()
    return SourceRequest("file", path=tmp_path / "take")


def test_completing_a_recording_shows_how_far_it_is_and_can_be_left_for_later(
    qtbot: QtBot, build: Callable[..., Composition], killed: SourceRequest
) -> None:
    backend = MendingBackend()
    parts = build(backend)
    window = parts.window
    with qtbot.waitSignal(parts.manager.opened):
        window.open(MIC)
    live = parts.manager.session
    window.open(killed)
    qtbot.waitUntil(lambda: window.repair_bar.isVisible() and window.repair_bar.progress.value() == 500)
    assert "take was cut short" in window.repair_bar.text.text()
    assert parts.manager.session is live, "listening goes on"
    window.repair_bar.stop.click()
    qtbot.waitUntil(lambda: "was not opened. Nothing in it is lost" in window.messages.text)
    assert not window.repair_bar.isVisible()
    assert parts.manager.session is live
    window.open(killed)
    qtbot.waitUntil(window.repair_bar.isVisible)
    with qtbot.waitSignal(parts.manager.opened):
        backend.done.set()
    assert not window.repair_bar.isVisible()
    assert parts.manager.request == killed


def test_another_source_ends_the_completing_of_a_recording(
    qtbot: QtBot, build: Callable[..., Composition], killed: SourceRequest
) -> None:
    parts = build(MendingBackend())
    parts.window.open(killed)
    qtbot.waitUntil(parts.window.repair_bar.isVisible)
    with qtbot.waitSignal(parts.manager.opened):
        parts.window.open(MIC)
    assert parts.manager.request == MIC
    assert not parts.window.repair_bar.isVisible()


def test_a_new_session_replaces_the_old_one_and_closes_it(qtbot: QtBot, manager: SessionManager) -> None:
    first = open_and_wait(qtbot, manager, MIC)
    second = open_and_wait(qtbot, manager, SONG)
    qtbot.waitUntil(lambda: first.closed == 1)
    assert manager.session is second
    assert second.closed == 0


def test_a_file_begins_to_play_only_once_it_is_the_one(
    qtbot: QtBot, manager: SessionManager, backend: FakeBackend
) -> None:
    first = open_and_wait(qtbot, manager, SONG)
    open_and_wait(qtbot, manager, SourceRequest("file", path=Path("other.flac")))
    assert isinstance(first, FakeFileSession)
    assert not first.playing


@pytest.mark.parametrize("problem", [MediaError("song.flac is not audio"), DeviceError("busy"), RuntimeError("bug")])
def test_a_failure_leaves_the_running_session_as_it_was(
    qtbot: QtBot, manager: SessionManager, backend: FakeBackend, problem: Exception
) -> None:
    running = open_and_wait(qtbot, manager, SONG)
    backend.problem = problem  # type: ignore[assignment]
    with qtbot.waitSignal(manager.failed) as failed:
        manager.open(SourceRequest("file", path=Path("song.flac")))
    assert str(problem) in failed.args[0]
    assert manager.session is running
    assert running.closed == 0


def test_a_device_that_admits_one_user_is_let_go_and_taken_up_again(
    qtbot: QtBot, manager: SessionManager, backend: FakeBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = open_and_wait(qtbot, manager, MIC)
    real = backend.open

    def exclusive(request: SourceRequest, models: list[FakeModel]) -> FakeSession:
        if any(not session.closed for session in backend.sessions):
            raise DeviceError("the device is in use")
        if request.device == "broken":
            raise DeviceError("the device refuses")
        return real(request, models)

    monkeypatch.setattr(backend, "open", exclusive)
    second = open_and_wait(qtbot, manager, SourceRequest("mic", "other"))
    assert first.closed
    with qtbot.waitSignals([manager.opened, manager.failed]):
        manager.open(SourceRequest("mic", "broken"))
    assert second.closed
    assert manager.request == SourceRequest("mic", "other")
    assert manager.session is not second


def test_of_two_wishes_the_last_one_wins(qtbot: QtBot, manager: SessionManager, backend: FakeBackend) -> None:
    with qtbot.waitSignal(manager.opened):
        manager.open(SourceRequest("mic", "slow"))
        manager.open(SONG)
    assert manager.request == SONG
    qtbot.waitUntil(lambda: backend.sessions[0].closed == 1)


def test_a_model_takes_the_place_of_its_kind_and_the_song_goes_on(
    qtbot: QtBot, manager: SessionManager, backend: FakeBackend
) -> None:
    backend.known["better"] = FakeModel(spec(name="better"))
    former = open_and_wait(qtbot, manager, SONG)
    former.time_s = 42.0
    with qtbot.waitSignal(manager.opened):
        manager.use_model("/models/better.onnx")
    assert [model.name for model in manager.session.specs] == ["better", "neuroment-mel"]  # type: ignore[union-attr]
    assert manager.session.position_s == 42.0  # type: ignore[union-attr]
    with qtbot.waitSignal(manager.opened):
        manager.drop_model("envelope")
    assert manager.models == {"activation": "/models/better.onnx"}
    manager.drop_model("activation")
    assert manager.models == {"activation": "/models/better.onnx"}


def test_two_models_of_a_kind_at_the_start_are_a_mistake(qtbot: QtBot, backend: FakeBackend) -> None:
    backend.known["better"] = FakeModel(spec(name="better"))
    manager = SessionManager(backend, ["han-1s", "better"])
    with qtbot.waitSignal(manager.failed) as failed:
        manager.open(MIC)
    assert failed.args == ["han-1s and better are both activation models; choose one of each kind"]
    manager.close()


def test_a_bad_model_leaves_the_running_session_as_it_was(qtbot: QtBot, manager: SessionManager) -> None:
    running = open_and_wait(qtbot, manager, MIC)
    with qtbot.waitSignal(manager.failed) as failed:
        manager.use_model("broken.onnx")
    assert "not a model" in failed.args[0]
    assert manager.session is running


def test_a_model_chosen_before_any_source_is_used_by_the_first(
    qtbot: QtBot, manager: SessionManager, backend: FakeBackend
) -> None:
    backend.known["better"] = FakeModel(spec(name="better"))
    with qtbot.waitSignal(manager.noted):
        manager.use_model("better")
    open_and_wait(qtbot, manager, MIC)
    assert backend.opened[-1] == (MIC, ["better", "neuroment-mel"])


@pytest.mark.parametrize("model_first", [True, False])
def test_a_model_and_a_source_chosen_in_a_hurry_are_both_used(
    qtbot: QtBot, manager: SessionManager, backend: FakeBackend, model_first: bool
) -> None:
    backend.known["better"] = FakeModel(spec(name="better"))
    open_and_wait(qtbot, manager, MIC)
    with qtbot.waitSignal(manager.opened):
        if model_first:
            manager.use_model("better")
        manager.open(SONG)
        if not model_first:
            manager.use_model("better")
    assert manager.request == SONG
    assert manager.models == {"activation": "better", "envelope": "neuroment-mel"}
    qtbot.waitUntil(lambda: [session.closed for session in backend.sessions] == [1, 1, 0])


def test_of_several_wishes_about_models_the_last_of_each_kind_counts(
    qtbot: QtBot, manager: SessionManager, backend: FakeBackend
) -> None:
    backend.known |= {name: FakeModel(spec("envelope", name=name)) for name in ("env-a", "env-b")}
    open_and_wait(qtbot, manager, MIC)
    with qtbot.waitSignal(manager.opened):
        manager.use_model("env-a")
        manager.use_model("env-b")
    assert manager.models == {"activation": "han-1s", "envelope": "env-b"}
    with qtbot.waitSignal(manager.opened):
        manager.use_model("env-a")
        manager.drop_model("envelope")
    assert manager.models == {"activation": "han-1s"}


def test_a_bad_model_does_not_keep_the_source_that_came_with_it_from_being_opened(
    qtbot: QtBot, manager: SessionManager, backend: FakeBackend
) -> None:
    open_and_wait(qtbot, manager, MIC)
    with qtbot.waitSignal(manager.failed) as failed:
        manager.open(SONG, "broken.onnx")
    assert failed.args == ["broken is not a model that can be used"]
    assert manager.request == SONG
    assert backend.opened[-1] == (SONG, ["han-1s", "neuroment-mel"])


def test_a_bad_source_says_what_becomes_of_the_model_that_came_with_it(
    qtbot: QtBot, manager: SessionManager, backend: FakeBackend
) -> None:
    backend.known["better"] = FakeModel(spec(name="better"))
    running = open_and_wait(qtbot, manager, MIC)
    backend.problem = MediaError("song.flac is not audio")
    with qtbot.waitSignal(manager.failed) as failed:
        manager.open(SONG, "better")
    assert failed.args == ["song.flac is not audio; the models stay as they were"]
    assert manager.session is running


def test_without_a_microphone_the_demo_plays_and_says_why(
    qtbot: QtBot, manager: SessionManager, backend: FakeBackend
) -> None:
    backend.no_microphone = True
    with qtbot.waitSignal(manager.noted) as noted:
        manager.open_first(SourceRequest("mic", "gone"), demo=True)
    assert manager.request == SourceRequest("file", path=Path("demo.ogg"))
    note = noted.args[0]
    assert "no sound input device" in note
    assert "demo" in note


def test_a_session_that_opens_while_the_desk_closes_is_closed_too(
    qtbot: QtBot, backend: FakeBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    manager, started = SessionManager(backend), threading.Event()
    real = backend.open

    def while_it_closes(request: SourceRequest, models: list[FakeModel]) -> FakeSession:
        started.set()
        wait_until(manager._given_up.is_set)
        return real(request, models)

    monkeypatch.setattr(backend, "open", while_it_closes)
    manager.open(MIC)
    assert started.wait(PATIENCE_S)
    manager.close()
    assert backend.sessions[0].closed >= 1
    manager.deleteLater()


def test_a_hung_job_does_not_hold_up_the_next_for_ever(qtbot: QtBot) -> None:
    worker, release, answers = Background("test"), threading.Event(), []
    worker.submit(lambda: release.wait(PATIENCE_S), answers.append, answers.append)
    assert worker.busy
    worker.renew()
    worker.submit(lambda: "next", answers.append, answers.append)
    qtbot.waitUntil(lambda: answers == ["next"])
    release.set()
    qtbot.waitUntil(lambda: len(answers) == 2)
    worker.stop()


def test_stopping_takes_no_more_answers(qtbot: QtBot) -> None:
    worker, answers = Background("test"), []
    worker.submit(lambda: 1, answers.append, answers.append)
    worker.stop()
    worker.submit(lambda: 2, answers.append, answers.append)
    qtbot.wait(50)
    assert answers == []
