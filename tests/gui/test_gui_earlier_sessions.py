"""What was found in live sound outlives the window, however that ends; its sound is not written."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import soundfile
from endless_tones import EndlessTones
from fake_session import FakeBackend
from pytestqt.qtbot import QtBot

from irec_live.gui.app import Composition
from irec_live.gui.main_window import MainWindow
from irec_live.gui.preferences import Preferences
from irec_live.gui.requests import SourceRequest
from irec_live.gui.settings_schema import KEEP_RESULTS
from irec_live.models.detector import Detector
from irec_live.session import SavedSession, Session, open_saved, open_stream

MIC = SourceRequest("mic")


class TonesBackend(FakeBackend):
    """Opens a made-up microphone, and sessions as they are."""

    def __init__(self, model: Path) -> None:
        super().__init__()
        self.detector = Detector(model)

    def open(self, request: SourceRequest, models: Sequence[Any]) -> Session:  # type: ignore[override]
        if request.path is not None:
            return open_saved(request.path, audible=False, play=False)
        return open_stream(EndlessTones("Tones", 40.0), [self.detector])

    def repair(self, folder: Path, progress: Callable[[float], None]) -> None:
        from irec_live.recording import repair_session

        repair_session(folder, progress)


@pytest.fixture
def preferences(tmp_path: Path) -> Preferences:
    return Preferences.in_file(tmp_path / "settings.ini")


@pytest.fixture
def make(build: Callable[..., Composition], tiny_activation_path: Path, preferences: Preferences) -> Callable[[], Any]:
    return lambda: build(TonesBackend(tiny_activation_path), preferences).window


def listen(window: MainWindow, qtbot: QtBot) -> None:
    """Hear seven labels or more, and keep that if anything is kept."""

    def heard_s() -> float:
        recorder = window.earlier._recorder
        kept_s = recorder.state.elapsed_s if recorder is not None and recorder.busy else 15.0
        return min(kept_s, getattr(window.manager.session, "time_s", 0.0))

    window.open(MIC)
    qtbot.waitUntil(lambda: heard_s() >= 15.0)


def go_back(window: MainWindow, qtbot: QtBot) -> SavedSession:
    window.earlier.look()
    qtbot.waitUntil(window.actions_.go_back.isEnabled)
    window.actions_.go_back.trigger()
    qtbot.waitUntil(lambda: isinstance(window.manager.session, SavedSession))
    session = window.manager.session
    assert isinstance(session, SavedSession)
    return session


def test_a_window_that_is_closed_loses_none_of_what_was_found(
    make: Callable[[], MainWindow], qtbot: QtBot, kept: Path
) -> None:
    first = make()
    listen(first, qtbot)
    first.close()
    (folder,) = kept.iterdir()
    assert sorted(path.name for path in folder.iterdir()) == [
        "activations.rows", "envelopes.rows", "events.jsonl", "session.json", "silence.flac",
    ]  # fmt: skip
    sound, _ = soundfile.read(folder / "silence.flac")
    assert len(sound) > 15.0 * 8000
    assert not sound.any()

    second = make()
    second.earlier.look()
    qtbot.waitUntil(lambda: second.messages.text.startswith("Tones, 20"))
    assert second.messages.text.endswith("what was found then is kept; Ctrl+Backspace goes back to it.")
    session = go_back(second, qtbot)
    assert len(session.overview().events) >= 6  # two seconds of each label in turn
    analysis = session.analysis()
    assert analysis is not None
    assert analysis.warnings == ("only the results of this session were kept, not its sound",)
    assert not session.audio_path.exists()  # nothing takes the silence for what was heard
    assert not second.actions_.go_back.isEnabled()  # it is shown
    second.correcting.mode.setChecked(True)
    qtbot.waitUntil(lambda: second.correcting.active)
    second.correcting.add_here()
    qtbot.waitUntil((folder / "corrections.json").exists)


def test_a_process_that_is_killed_leaves_them_too(make: Callable[[], MainWindow], qtbot: QtBot, kept: Path) -> None:
    first = make()
    listen(first, qtbot)
    (folder,) = kept.iterdir()
    first.earlier.look()  # as another window does: what this one hears is not for it
    qtbot.waitUntil(lambda: not first.earlier._worker.busy)
    assert first.earlier.newest is None
    left = kept.parent / "left"
    shutil.copytree(folder, left, ignore=shutil.ignore_patterns(".*"))
    first.close()
    shutil.rmtree(folder)
    left.rename(folder)
    assert json.loads((folder / "session.json").read_text("utf-8"))["state"] == "recording"
    session = go_back(make(), qtbot)
    assert len(session.overview().events) >= 6
    assert session.warning == "only the results of this session were kept, not its sound"


def test_keeping_is_switched_off_and_what_was_kept_is_removed(
    make: Callable[[], MainWindow], qtbot: QtBot, kept: Path, preferences: Preferences
) -> None:
    window = make()
    listen(window, qtbot)
    with qtbot.waitSignal(window.manager.opened):
        window.open(MIC)
    qtbot.waitUntil(lambda: window.earlier.newest is not None)
    window.earlier.menu.aboutToShow.emit()
    assert window.earlier.menu.actions()[0].text().endswith("  Tones")
    window.earlier.keep.trigger()
    assert not preferences.get(KEEP_RESULTS)
    qtbot.waitUntil(lambda: not list(kept.iterdir()))
    window.close()
    listen(make(), qtbot)
    assert not list(kept.iterdir())


def test_a_disk_that_takes_nothing_is_told_and_the_window_closes(
    make: Callable[[], MainWindow], qtbot: QtBot, kept: Path
) -> None:
    kept.write_text("no folder")
    window = make()
    window.earlier.look()
    listen(window, qtbot)
    window.earlier._look.timeout.emit()
    told = f"What is found is lost when this window is closed: '{kept}' is a file; give a folder"
    assert window.messages.text == told
    window.close()
    assert kept.read_text() == "no folder"
