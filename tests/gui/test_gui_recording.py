"""Recording in the real window, on a real live session with a small network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from endless_tones import RATE, EndlessTones
from fake_session import FakeBackend
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QInputDialog
from pytestqt.qtbot import QtBot

import tiny_models
from irec_live.gui.app import Composition
from irec_live.gui.main_window import MainWindow
from irec_live.gui.preferences import Preferences
from irec_live.gui.recording_control import default_folder
from irec_live.gui.requests import SourceRequest
from irec_live.gui.settings_schema import OSC_TARGET, RECORD_FOLDER, RECORD_ONLY_DETECTED, RECORD_PREROLL_S
from irec_live.input_kind import InputKind
from irec_live.models.detector import Detector
from irec_live.recording import RecorderState, open_session
from irec_live.session import Session, open_file, open_saved, open_stream


class LiveBackend(FakeBackend):
    """Opens real sessions with a tiny network."""

    def __init__(self, model: Path) -> None:
        super().__init__()
        self.detector = Detector(model)

    def open(self, request: SourceRequest, models: Sequence[Any]) -> Session:  # type: ignore[override]
        if request.path is None:
            return open_stream(EndlessTones("Tone", 20.0), [self.detector])
        if request.path.is_dir():
            return open_saved(request.path, audible=False, play=False)
        return open_file(request.path, [self.detector], audible=False, play=False)

    def export(self, analysis: Any, path: Path, form: str) -> None:
        from irec_live.gui.backend import AppBackend

        AppBackend().export(analysis, path, form)


@pytest.fixture
def window(build: Callable[..., Composition], tiny_activation_path: Path, tmp_path: Path, qtbot: QtBot) -> MainWindow:
    preferences = Preferences.in_file(tmp_path / "settings.ini")
    preferences.put(RECORD_FOLDER, str(tmp_path / "takes"))
    parts = build(LiveBackend(tiny_activation_path), preferences)
    parts.window.resize(1280, 720)
    parts.window.open(SourceRequest(InputKind.MIC))
    qtbot.waitUntil(lambda: parts.window.recording.recorder is not None)
    return parts.window


def record(window: MainWindow, qtbot: QtBot, seconds: float = 4.0) -> Path:
    """Record for so many seconds of sound, and stop."""
    recorder = window.recording.recorder
    assert recorder is not None
    window.recording.record.trigger()
    qtbot.waitUntil(lambda: recorder.state.elapsed_s >= seconds)
    window.recording.record.trigger()
    qtbot.waitUntil(lambda: recorder.state.state == "saved")
    qtbot.waitUntil(window.recording.open_last.isEnabled)
    assert recorder.state.folder is not None
    return recorder.state.folder


def test_the_button_records_and_says_how_long_and_where(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    button, recorder = window.recording.button, window.recording.recorder
    assert recorder is not None
    assert button.isEnabled()
    assert button.text() == ""
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: button.text().startswith("REC "))
    assert "Recording" in button.accessibleName()
    assert window.recording.record.isChecked()
    qtbot.waitUntil(lambda: recorder.state.elapsed_s > 3.0)
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "Recorded 0:" in window.messages.text)
    assert str(tmp_path / "takes") in window.messages.text
    assert button.text() == ""
    (folder,) = (tmp_path / "takes").iterdir()
    assert folder.name.endswith(" Tone")
    assert open_session(folder).events


def test_pre_roll_of_the_settings_is_recorded_too(window: MainWindow, qtbot: QtBot) -> None:
    session = window.manager.session
    assert session is not None
    qtbot.waitUntil(lambda: session.snapshot(1.0).time_s > 6.0)
    folder = record(window, qtbot, 5.0)
    saved = open_session(folder)
    assert saved.duration_s >= 5.0
    assert saved.curves.activation_times[0] < 0.2


def test_another_source_ends_a_recording_and_begins_the_next(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    first = window.recording.recorder
    assert first is not None
    window.recording.toggle()
    qtbot.waitUntil(lambda: first.state.elapsed_s > 1.0)
    window.open(SourceRequest(InputKind.LOOPBACK))
    qtbot.waitUntil(lambda: window.recording.recorder not in (None, first))
    second = window.recording.recorder
    assert second is not None
    qtbot.waitUntil(lambda: first.state.state == "saved")
    qtbot.waitUntil(lambda: second.state.elapsed_s > 1.0)
    window.recording.toggle()
    qtbot.waitUntil(lambda: second.state.state == "saved")
    assert len(list((tmp_path / "takes").iterdir())) == 2


def test_closing_the_window_completes_a_recording(window: MainWindow, qtbot: QtBot) -> None:
    recorder = window.recording.recorder
    assert recorder is not None
    window.recording.toggle()
    qtbot.waitUntil(lambda: recorder.state.elapsed_s > 1.0)
    window.close()
    assert recorder.state.state == "saved"


class Ending:
    """A recorder that is saved just after it was looked at for the first time."""

    title, stop = "Tone", staticmethod(lambda: None)

    def __init__(self, folder: Path) -> None:
        self._states = iter(["saving"])
        self._folder = folder

    @property
    def state(self) -> RecorderState:
        return RecorderState(next(self._states, "saved"), self._folder, 3.0)  # type: ignore[arg-type]

    @property
    def busy(self) -> bool:
        return self.state.state == "saving"

    def wait(self, timeout_s: float) -> bool:
        return True


def test_a_recording_that_is_saved_between_two_looks_is_told(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    window.recording._recorder = Ending(tmp_path / "take")  # type: ignore[assignment]
    window.recording._timer.start()
    window.recording._tick()
    qtbot.waitUntil(window.recording.open_last.isEnabled)
    assert "Recorded 0:03" in window.messages.text
    assert not window.recording._timer.isActive()


def test_a_recording_is_opened_by_menu_and_by_drop_with_its_events(window: MainWindow, qtbot: QtBot) -> None:
    folder = record(window, qtbot)
    window.recording.open_last.trigger()
    qtbot.waitUntil(lambda: window.status.title == folder.name)
    session = window.manager.session
    assert session is not None
    assert session.kind == "file"
    assert not window.recording.button.isEnabled()
    qtbot.waitUntil(window.actions_.exports[0].isEnabled)
    window.open(SourceRequest(InputKind.MIC))
    qtbot.waitUntil(lambda: window.recording.recorder is not None)
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(folder))])
    here, buttons, keys = QPointF(100, 100), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    window.dropEvent(QDropEvent(here, Qt.DropAction.CopyAction, data, buttons, keys))
    qtbot.waitUntil(lambda: window.status.title == folder.name)


def test_another_model_analyses_the_audio_of_a_recording(window: MainWindow, qtbot: QtBot) -> None:
    folder = record(window, qtbot)
    window.recording.open_last.trigger()
    qtbot.waitUntil(lambda: window.status.title == folder.name)
    window.manager.use_model("neuroment-mel")
    qtbot.waitUntil(lambda: window.status.title == "audio.flac")


def test_a_live_session_is_exported_while_it_runs(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    session = window.manager.session
    assert session is not None
    qtbot.waitUntil(lambda: len(session.snapshot(10.0).events) > 1)
    qtbot.waitUntil(window.actions_.exports[0].isEnabled)
    target = tmp_path / "heard.txt"
    window.exporter.export(session, target, "audacity")
    qtbot.waitUntil(lambda: "Saved heard.txt" in window.messages.text)
    assert target.read_text("utf-8").splitlines()[0].split("\t")[2] in tiny_models.LABELS


def test_without_a_live_input_there_is_nothing_to_record(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    song = tmp_path / "song.wav"
    soundfile.write(song, tiny_models.tone("flute", 2.0), RATE)
    window.open_paths([song])
    qtbot.waitUntil(lambda: window.recording.recorder is None)
    assert not window.recording.button.isEnabled()
    window.recording.record.trigger()
    assert not window.recording.record.isChecked()
    assert "no live input" in window.messages.text


def test_what_was_chosen_is_remembered(window: MainWindow, tmp_path: Path) -> None:
    window.recording.only_detected.setChecked(True)
    actions = {action.text(): action for action in window.recording._prerolls.actions()}
    actions["15 seconds"].trigger()
    kept = Preferences.in_file(tmp_path / "settings.ini")
    window.preferences.save()
    assert kept.get(RECORD_ONLY_DETECTED) is True
    assert kept.get(RECORD_PREROLL_S) == 15.0
    assert window.recording.recorder is not None
    assert window.recording.recorder.preroll_s == 15.0
    assert default_folder().name == "irec-live"


def test_results_are_sent_as_osc_when_asked_for_and_not_before(window: MainWindow, qtbot: QtBot) -> None:
    import socket

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.setblocking(False)
        assert not window.sending.osc.action.isChecked()
        window.sending.start(window.sending.osc, str(receiver.getsockname()[1]))
        got = []

        def heard() -> bool:
            try:
                got.append(receiver.recv(2048))
            except BlockingIOError:
                return False
            return b"/irec/" in got[-1]

        qtbot.waitUntil(heard)
        assert window.sending.osc.action.isChecked()
        window.sending.stop(window.sending.osc)
        assert not window.sending.osc.action.isChecked()
    window.sending.start(window.sending.osc, "nowhere")
    qtbot.waitUntil(lambda: "no address for OSC" in window.messages.text)


def test_where_to_send_is_asked_and_remembered(
    window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("irec_live.gui.output_control._ports", lambda: ["Desk", "virtual"])
    window.sending.osc.action.trigger()
    (dialog,) = window.findChildren(QInputDialog)
    assert dialog.textValue() == "9000"
    dialog.setTextValue("127.0.0.1:9999")
    dialog.accept()
    qtbot.waitUntil(lambda: "OSC to 127.0.0.1:9999" in window.messages.text)
    assert window.sending.osc.action.isChecked()
    assert window.preferences.get(OSC_TARGET) == "127.0.0.1:9999"
    window.sending.midi.action.trigger()
    qtbot.waitUntil(lambda: any(asked.comboBoxItems() for asked in window.findChildren(QInputDialog)))
    (dialog,) = (asked for asked in window.findChildren(QInputDialog) if asked.comboBoxItems())
    assert (dialog.comboBoxItems(), dialog.textValue()) == (["Desk", "virtual"], "Desk")
    dialog.reject()
    assert not window.sending.midi.action.isChecked()


def test_the_view_is_saved_as_a_picture_and_the_selection_as_sound_and_labels(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    import mido
    from PySide6.QtGui import QImage
    from PySide6.QtSvg import QSvgRenderer

    window.view_export.save_clip(tmp_path / "nothing.wav")
    assert "Nothing is selected" in window.messages.text
    folder = record(window, qtbot, 6.0)
    window.timeline.selection.select(1.0, 2.0)
    window.view_export.save_clip(tmp_path / "live.wav")
    qtbot.waitUntil(lambda: "only kept while it is recorded" in window.messages.text)
    window.recording.open_last.trigger()
    qtbot.waitUntil(lambda: window.status.title == folder.name)
    window.timeline.selection.select(1.0, 4.0)
    for name in ("a.png", "a.svg"):
        window.view_export.save_picture(tmp_path / name)
        assert f"Saved {name}" in window.messages.text
    picture = QImage(str(tmp_path / "a.png"))
    assert picture.width() == 2 * window.page.width()
    assert QSvgRenderer(str(tmp_path / "a.svg")).viewBox().size() == window.page.size()
    window.view_export.save_picture(tmp_path / "no" / "such" / "folder.png")
    assert "no/such/folder.png: No such file" in window.messages.text
    for name in ("clip.wav", "clip.flac", "clip.txt", "clip.mid", "clip.json"):
        window.view_export.save_clip(tmp_path / name)
        qtbot.waitUntil(lambda name=name: f"Saved 0:03.0 as {name}" in window.messages.text)
    whole, rate = soundfile.read(folder / "audio.flac", dtype="float32")
    for name in ("clip.wav", "clip.flac"):
        clip, _ = soundfile.read(tmp_path / name, dtype="float32")
        assert np.array_equal(clip, whole[rate : 4 * rate])
    lines = [line.split("\t") for line in (tmp_path / "clip.txt").read_text("utf-8").splitlines()]
    assert all(0.0 <= float(onset) <= float(offset) <= 3.0 for onset, offset, _ in lines)
    assert mido.MidiFile(tmp_path / "clip.mid").length == pytest.approx(3.0, abs=0.01)
