"""The whole window over made-up sessions."""

from __future__ import annotations

import itertools
import threading
import time
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fake_session import LABELS, FakeBackend, FakeFileSession, FakeModel, FakeSession, spec
from file_drop import drop
from PySide6.QtCore import QPointF, Qt
from PySide6.QtWidgets import QFileDialog, QMenu, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from irec_live.errors import DeviceError, MediaError
from irec_live.gui.app import Composition
from irec_live.gui.main_window import MainWindow
from irec_live.gui.preferences import Preferences
from irec_live.gui.requests import SourceRequest
from irec_live.gui.threshold_control import ThresholdControl
from irec_live.models.spec import TradeOff

MIC, SONG = SourceRequest("mic"), SourceRequest("file", path=Path("/music/song.flac"))


def opened(qtbot: QtBot, parts: Composition, request: SourceRequest) -> Any:
    """Open a source and wait for its first picture."""
    with qtbot.waitSignal(parts.manager.opened):  # the one that runs before makes pictures too
        parts.window.open(request)
    with qtbot.waitSignal(parts.window.bridge.snapshot_ready):
        pass
    return parts.manager.session


def drop_and_read(window: MainWindow, path: Path) -> str:
    """Drop a file; what the window said before the button was let go."""
    said: list[str] = []
    drop(window, path, between=lambda: said.append(window.overlay.text))
    return said[0]


def test_detected_labels_stand_in_the_headline_the_strongest_first(qtbot: QtBot, parts: Composition) -> None:
    session = opened(qtbot, parts, MIC)
    session.time_s = 64.4
    parts.window.bridge.tick()
    expected = session.snapshot(15.0).detected
    assert len(expected) >= 2
    assert parts.window.page.headline.labels == expected
    assert "and" in parts.window.page.headline.accessibleDescription()


def test_nothing_detected_is_said_in_words(qtbot: QtBot, parts: Composition) -> None:
    session = opened(qtbot, parts, MIC)
    session.set_threshold_offset(0.48)
    session.time_s = 33.0
    parts.window.bridge.tick()
    assert parts.window.page.headline.labels == ()
    assert parts.window.page.headline.idle_text == "Listening…"


def test_the_threshold_slider_moves_the_sessions_thresholds_and_shows_them(qtbot: QtBot, parts: Composition) -> None:
    session = opened(qtbot, parts, MIC)
    threshold = parts.window.top.threshold
    threshold.slider.setValue(12)
    assert session.threshold_offset == pytest.approx(0.12)
    parts.window.bridge.tick()
    assert "62" in threshold.effect.text()
    other = opened(qtbot, parts, SONG)
    assert other.threshold_offset == pytest.approx(0.12)
    parts.window.actions_.reset_threshold.trigger()
    assert other.threshold_offset == 0.0


def test_labels_that_no_network_names_have_no_part_in_the_thresholds_shown(qtbot: QtBot) -> None:
    control = ThresholdControl()
    qtbot.addWidget(control)
    control.show_thresholds(np.float32([0.3, np.nan, 0.3]))
    assert control.effect.text() == "30\u2009%"
    control.show_thresholds(np.float32([np.nan]))
    assert "%" not in control.effect.text()


def test_the_slider_says_how_right_the_network_was_at_its_position(qtbot: QtBot) -> None:
    points = (TradeOff(offset=0.0, precision=0.88, recall=0.8), TradeOff(offset=0.2, precision=0.94, recall=0.6))
    measured = spec().model_copy(update={"trade_off": points})
    control = ThresholdControl()
    qtbot.addWidget(control)
    control.show_models([spec("envelope"), measured])
    control.show_thresholds(np.float32([0.3, 0.5]))
    assert control.effect.text() == "precision 88\u2009%, recall 80\u2009%"
    assert "test recordings" in control.effect.toolTip()
    assert "30–50" in control.effect.toolTip()
    control.set_offset(0.1)
    control.show_thresholds(np.float32([0.4, 0.6]))
    assert control.effect.text() == "precision 91\u2009%, recall 70\u2009%"
    assert control.effect.fontMetrics().horizontalAdvance(control.effect.text()) <= control.effect.width()
    control.set_offset(-0.1)  # not measured there
    control.show_thresholds(np.float32([0.2, 0.4]))
    assert control.effect.text().startswith("20–40")
    control.show_models([spec()])
    control.set_offset(0.0)
    control.show_thresholds(np.float32([0.3, 0.3]))
    assert control.effect.text() == "30\u2009%"


def test_lanes_stay_put_for_two_seconds_at_least(qtbot: QtBot, parts: Composition) -> None:
    session = opened(qtbot, parts, MIC)
    parts.window.bridge.watch(None)
    lanes = parts.window.page.lanes
    parts.window.lanes.sort("strongest")
    start_s = time.monotonic()
    orders: list[list[str]] = []
    for frame in range(300):
        session.time_s = 30.0 + frame / 30
        lanes.show_snapshot(session.snapshot(15.0), start_s + frame / 30)
        orders.append(lanes.order)
    changes = [frame for frame in range(1, 300) if orders[frame] != orders[frame - 1]]
    assert len(changes) >= 1
    assert all(later - former >= 59 for former, later in itertools.pairwise(changes))
    assert sorted(orders[-1]) == sorted(LABELS)


def test_a_lost_device_is_said_and_forgotten_when_it_comes_back(qtbot: QtBot, parts: Composition) -> None:
    session = opened(qtbot, parts, MIC)
    session.state, session.message = "lost", "the microphone went away; trying again every second"
    parts.window.bridge.tick()
    assert parts.window.messages.text == "The microphone went away; trying again every second"
    assert "lost" in parts.window.status.state.text()
    session.state, session.message = "running", ""
    parts.window.bridge.tick()
    assert parts.window.messages.text == ""
    assert parts.window.isVisible()


def test_a_silent_player_is_said_without_getting_in_the_way(qtbot: QtBot, parts: Composition) -> None:
    session = opened(qtbot, parts, SONG)
    session.state, session.message = "paused", "playing without sound: there is no sound output device"
    parts.window.bridge.tick()
    assert "no sound output device" in parts.window.status.state.text()
    assert parts.window.messages.text == ""


def test_a_dismissed_message_stays_away_until_it_changes(qtbot: QtBot, parts: Composition) -> None:
    messages = parts.window.messages
    messages.say("note", "less", "info")
    messages.say("state", "one", "warning")
    assert messages.text == "one"
    messages.dismiss()
    messages.say("state", "one", "warning")
    assert messages.text == "less"
    messages.say("state", "two", "warning")
    assert messages.text == "two"
    messages.clear("state")
    messages.clear("note")
    assert messages.text == ""
    assert not messages.isVisible()


def test_a_dropped_file_is_opened_and_said_beforehand(qtbot: QtBot, parts: Composition, tmp_path: Path) -> None:
    song = tmp_path / "song.flac"
    song.touch()
    with qtbot.waitSignal(parts.manager.opened):
        assert drop_and_read(parts.window, song) == "Listen to song.flac"
    assert parts.manager.request == SourceRequest("file", path=song)
    assert parts.window.panel.isVisible()
    assert parts.window.overlay.text == ""


def test_a_bad_file_dropped_is_said_and_the_window_goes_on(
    qtbot: QtBot, parts: Composition, backend: FakeBackend, tmp_path: Path
) -> None:
    running = opened(qtbot, parts, MIC)
    bad = tmp_path / "bad.flac"
    bad.touch()
    backend.problem = MediaError("bad.flac cannot be decoded as audio")
    with qtbot.waitSignal(parts.manager.failed):
        drop(parts.window, bad)
    assert parts.window.messages.text == "bad.flac cannot be decoded as audio"
    pulled = running.pulled
    qtbot.waitUntil(lambda: running.pulled > pulled + 3)
    assert not parts.window.panel.transport.isVisible()


def test_a_dropped_model_and_a_dropped_folder(qtbot: QtBot, parts: Composition, tmp_path: Path) -> None:
    running = opened(qtbot, parts, MIC)
    model = tmp_path / "broken.onnx"
    model.touch()
    with qtbot.waitSignal(parts.manager.failed):
        assert drop_and_read(parts.window, model) == "Use the model broken.onnx"
    assert "not a model" in parts.window.messages.text
    empty = tmp_path / "empty"
    empty.mkdir()
    assert drop_and_read(parts.window, empty) == "Listen to empty"
    qtbot.waitUntil(lambda: "empty has no sound files" in parts.window.messages.text)
    assert parts.manager.session is running


def test_a_model_dropped_together_with_a_song_is_used_for_it(
    qtbot: QtBot, parts: Composition, backend: FakeBackend, tmp_path: Path
) -> None:
    backend.known["better"] = FakeModel(spec(name="better"))
    opened(qtbot, parts, MIC)
    song, model = tmp_path / "song.flac", tmp_path / "better.onnx"
    song.touch()
    model.touch()
    with qtbot.waitSignal(parts.manager.opened):
        drop(parts.window, song, model)
    assert backend.opened[1:] == [(SourceRequest("file", path=song), ["better", "neuroment-mel"])]
    assert parts.window.top.models.text() == "better + neuroment-mel"


def test_the_warning_on_a_damaged_file_goes_with_the_file(qtbot: QtBot, parts: Composition) -> None:
    for leave in (lambda: parts.window.open(MIC), parts.manager.closed.emit):
        session = opened(qtbot, parts, SONG)
        session.warning = "song.flac ends early"
        qtbot.waitUntil(lambda: parts.window.messages.text == "song.flac ends early")
        leave()
        qtbot.waitUntil(lambda: parts.window.messages.text == "")


def test_with_nothing_to_hear_two_ways_to_begin_are_offered(
    qtbot: QtBot, parts: Composition, backend: FakeBackend
) -> None:
    backend.problem = DeviceError("PortAudio is not installed; on Debian/Ubuntu: sudo apt install libportaudio2")
    with qtbot.waitSignal(parts.manager.failed):
        parts.window.open(MIC)
    assert parts.window.welcome.isVisible()
    assert "sudo apt install libportaudio2" in parts.window.messages.text
    backend.problem = None
    opened(qtbot, parts, MIC)
    assert parts.window.page.isVisible()
    assert parts.window.messages.text == ""


def test_keys_steer_the_playhead(qtbot: QtBot, parts: Composition) -> None:
    session = opened(qtbot, parts, SONG)
    assert isinstance(session, FakeFileSession)
    session.time_s = 50.0
    window = parts.window
    window.activateWindow()
    key = Qt.Key
    qtbot.keyClick(window, key.Key_Space)
    assert not session.playing
    qtbot.keyClick(window, key.Key_Right)
    qtbot.keyClick(window, key.Key_Left, Qt.KeyboardModifier.ShiftModifier)
    assert session.position_s == pytest.approx(54.0)
    qtbot.keyClick(window, key.Key_BracketLeft)
    session.time_s = 60.0
    qtbot.keyClick(window, key.Key_BracketRight)
    assert session.loop == (54.0, 60.0)
    qtbot.keyClick(window, key.Key_L)
    assert session.loop is None
    qtbot.keyClick(window, key.Key_Home)
    assert session.position_s == 0.0
    qtbot.keyClick(window, key.Key_Space)
    assert session.playing


def test_the_focused_slider_keeps_the_arrow_keys(qtbot: QtBot, parts: Composition) -> None:
    session = opened(qtbot, parts, SONG)
    session.pause()
    session.time_s = 50.0
    slider = parts.window.top.threshold.slider
    qtbot.keyClick(slider, Qt.Key.Key_Right)
    assert slider.value() == 1
    assert session.position_s == 50.0


def test_a_button_reached_by_tab_is_pressed_by_space(qtbot: QtBot, parts: Composition) -> None:
    session = opened(qtbot, parts, SONG)
    session.time_s = 50.0
    start = next(button for button in parts.window.findChildren(QToolButton) if "start" in button.accessibleName())
    assert start.focusPolicy() == Qt.FocusPolicy.TabFocus
    qtbot.keyClick(start, Qt.Key.Key_Space)
    assert session.position_s == 0.0
    assert session.playing


def test_a_click_in_the_overview_seeks_and_a_shift_drag_loops(qtbot: QtBot, parts: Composition) -> None:
    session = opened(qtbot, parts, SONG)
    overview = parts.window.panel.overview
    qtbot.waitUntil(lambda: overview.time_at(1e9) == session.duration_s)
    place = QPointF(overview.x_at(100.0), 30.0).toPoint()
    qtbot.mouseClick(overview, Qt.MouseButton.LeftButton, pos=place)
    assert session.position_s == pytest.approx(100.0, abs=0.3)
    shift, left = Qt.KeyboardModifier.ShiftModifier, Qt.MouseButton.LeftButton
    start, end = (QPointF(overview.x_at(time_s), 30.0).toPoint() for time_s in (120.0, 150.0))
    qtbot.mousePress(overview, left, shift, start)
    qtbot.mouseMove(overview, end)
    qtbot.mouseRelease(overview, left, shift, end)
    assert session.loop == pytest.approx((120.0, 150.0), abs=0.3)
    assert session.position_s == pytest.approx(120.0, abs=0.3)
    assert parts.window.actions_.loop.isChecked()
    qtbot.mouseDClick(overview, left, pos=place)
    assert session.loop is None


def test_the_overview_has_a_strip_for_every_instrument_that_lasts(qtbot: QtBot, parts: Composition) -> None:
    session = opened(qtbot, parts, SONG)
    overview = parts.window.panel.overview
    qtbot.waitUntil(lambda: len(overview.strips) > 0)
    assert set(overview.strips) <= set(session.overview().detected)
    assert "62" in overview.accessibleDescription()


def test_an_analysis_can_be_exported_once_it_is_complete(
    qtbot: QtBot, parts: Composition, backend: FakeBackend, tmp_path: Path
) -> None:
    session = opened(qtbot, parts, SONG)
    window = parts.window
    assert not window.actions_.exports[0].isEnabled()
    session.progress = 1.0
    qtbot.waitUntil(window.actions_.exports[0].isEnabled)
    window.exporter.export(session, tmp_path / "a.json", "json")
    qtbot.waitUntil(lambda: "still being analysed" in window.messages.text)
    session.analysis = object
    window.exporter.export(session, tmp_path / "a.json", "json")
    qtbot.waitUntil(lambda: backend.exported == [(tmp_path / "a.json", "json")])
    qtbot.waitUntil(lambda: "Saved a.json" in window.messages.text)
    assert "thresholds" not in window.messages.text
    window.top.threshold.set_offset(-0.1)
    window.exporter.export(session, tmp_path / "b.json", "json")
    qtbot.waitUntil(lambda: "Saved b.json" in window.messages.text)
    assert window.messages.text.endswith("thresholds moved by −10.")
    window.exporter.export(session, tmp_path / "c.csv", "csv")
    qtbot.waitUntil(lambda: "Saved c.csv" in window.messages.text)
    assert "thresholds" not in window.messages.text


def test_a_file_can_be_chosen_in_a_dialog_that_holds_nothing_up(
    qtbot: QtBot, parts: Composition, tmp_path: Path
) -> None:
    running = opened(qtbot, parts, MIC)
    song = tmp_path / "song.wav"
    song.touch()
    parts.window.actions_.open_file.trigger()
    dialog = parts.window.findChild(QFileDialog)
    assert isinstance(dialog, QFileDialog)
    pulled = running.pulled
    qtbot.waitUntil(lambda: running.pulled > pulled)
    dialog.filesSelected.emit([str(song)])
    dialog.close()
    qtbot.waitUntil(lambda: parts.manager.request == SourceRequest("file", path=song))
    parts.window.actions_.export_wanted.emit("audacity")
    export = parts.window.findChild(QFileDialog)
    assert export is not None
    assert export.selectedFiles() == [str(song.with_suffix(".txt"))]
    export.close()


def test_figures_of_the_engine_are_all_in_the_status_strip(qtbot: QtBot, parts: Composition) -> None:
    opened(qtbot, parts, MIC)
    status = parts.window.status
    labels = (status.provider, status.load, status.inference, status.latency, status.overflows, status.skips)
    texts = [label.text() for label in labels]
    assert texts == ["CPU", "Load 6\u2009%", "Inference 3.1 (5.4) ms", "Latency 721 ms", "Overflows 0", "Skipped 0"]


def test_sources_on_offer_name_devices_by_name_and_host_api(qtbot: QtBot, parts: Composition) -> None:
    with qtbot.waitSignal(parts.manager.devices_listed):
        parts.manager.list_devices()
    offered = parts.window.top.sources.requests()
    assert offered[:3] == [
        SourceRequest("mic"),
        SourceRequest("mic", "USB Audio Interface", "ALSA"),
        SourceRequest("mic", "Built-in Microphone", "ALSA"),
    ]
    assert SourceRequest("loopback") in offered


def test_models_on_offer_stand_in_the_menu(qtbot: QtBot, parts: Composition) -> None:
    opened(qtbot, parts, MIC)
    with qtbot.waitSignal(parts.manager.models_listed):
        parts.manager.list_models()
    picker = parts.window.top.models
    assert picker.text() == "han-1s + neuroment-mel"
    entries = {action.text(): action.isChecked() for action in picker.menu().actions() if action.isCheckable()}
    assert entries == {"han-1s": True, "neuroment-mel": True, "None": False}


def test_published_systems_have_a_menu_of_their_own_with_a_line_and_a_score_each(
    qtbot: QtBot, parts: Composition, backend: FakeBackend
) -> None:
    about = {"title": "A paper's network", "reference": "A. Author, A paper, 2001", "scores": {"dev_macro_map": 0.571}}
    paper = FakeModel(spec("envelope").model_copy(update={"name": "paper", **about}))
    mine = FakeModel(spec().model_copy(update={"name": "mine"}))
    mine.bundled = False
    backend.known |= {"paper": paper, "mine": mine}
    opened(qtbot, parts, MIC)
    with qtbot.waitSignal(parts.manager.models_listed):
        parts.manager.list_models()
    picker = parts.window.top.models
    entries = picker.menu().actions()
    texts = [action.text() for action in entries if action.text()]
    assert texts == [
        "Which instruments play",
        "han-1s",
        "Yours",
        "mine",
        "None",
        "How loud each one is",
        "neuroment-mel",
        "None",
        "Published systems, for comparison",
        "Compare with another model",
        "Load a model file…",
    ]
    (below,) = (action.menu() for action in entries if action.text() == "Published systems, for comparison")
    assert isinstance(below, QMenu)
    (published,) = below.actions()
    assert published.text() == "A paper's network (paper)\tmAP 0.57 on real clips"
    assert "After A. Author, A paper, 2001" in published.toolTip()
    with qtbot.waitSignal(picker.chosen) as chosen:
        published.trigger()
    assert chosen.args == ["paper"]


def test_the_theme_can_be_switched_while_it_draws(qtbot: QtBot, parts: Composition) -> None:
    session = opened(qtbot, parts, MIC)
    grounds = []
    for _ in range(2):
        parts.window.actions_.toggle_theme.trigger()
        pulled = session.pulled
        qtbot.waitUntil(lambda before=pulled: session.pulled > before)
        grounds.append(parts.window.grab().toImage().pixelColor(600, 110).lightnessF())
    assert grounds[0] > 0.8
    assert grounds[1] < 0.2


def test_what_the_user_set_is_remembered(
    qtbot: QtBot, build: Callable[..., Composition], backend: FakeBackend, tmp_path: Path
) -> None:
    store = tmp_path / "settings.ini"
    first = build(backend, Preferences.in_file(store))
    opened(qtbot, first, SourceRequest("mic", "USB Audio Interface", "ALSA"))
    first.window.top.threshold.slider.setValue(-7)
    first.window.actions_.theme_chosen.emit("light")
    first.window.actions_.span_chosen.emit(30.0)
    first.window.resize(1100, 640)
    first.window.close()
    again = Preferences.in_file(store)
    assert again.source == SourceRequest("mic", "USB Audio Interface", "ALSA")
    assert (again.theme, again.span_s, again.threshold_offset) == ("light", 30.0, -0.07)
    second = build(backend, again)
    assert second.window.height() == 640  # the width is cut to the width of a screen that is no screen
    assert second.window.top.threshold.offset == -0.07


@pytest.mark.parametrize("there", [True, False])
def test_a_source_that_is_missing_at_one_start_is_not_forgotten(
    qtbot: QtBot,
    build: Callable[..., Composition],
    backend: FakeBackend,
    tmp_path: Path,
    there: bool,
) -> None:
    remembered, preferences = SourceRequest("mic", "USB Audio Interface", "ALSA"), Preferences.in_file(tmp_path / "ini")
    preferences.source = remembered
    backend.no_microphone = not there  # then the demo clip is the stand-in, else the default microphone
    backend.missing.add("USB Audio Interface")
    parts = build(backend, preferences)
    with qtbot.waitSignal(parts.manager.opened):
        parts.manager.open_first(preferences.source, demo=True)
    assert parts.manager.request == (MIC if there else SourceRequest("file", path=Path("demo.ogg")))
    assert preferences.source == remembered
    with qtbot.waitSignal(parts.manager.opened):
        parts.manager.drop_model("envelope")
    assert preferences.source == remembered
    backend.no_microphone = False
    opened(qtbot, parts, MIC)  # this time the user asked for it
    assert preferences.source == MIC


def test_nonsense_in_the_settings_counts_as_absent(tmp_path: Path) -> None:
    store = tmp_path / "settings.ini"
    store.write_text("[General]\ntheme=purple\nspan_s=many\nthreshold_offset=9\ngeometry=1\nfolder=/no/such\n")
    preferences = Preferences.in_file(store)
    assert (preferences.theme, preferences.span_s, preferences.threshold_offset) == ("system", 15.0, 0.4)
    assert preferences.geometry is None
    assert preferences.folder == Path.home()


@pytest.mark.parametrize("size", [(960, 560), (1280, 720), (1920, 1080)])
@pytest.mark.parametrize("lanes", [1, 13, 40])
def test_every_size_and_lane_count_can_be_drawn(
    qtbot: QtBot,
    parts: Composition,
    backend: FakeBackend,
    monkeypatch: pytest.MonkeyPatch,
    size: tuple[int, int],
    lanes: int,
) -> None:
    labels = (*LABELS, *(f"instrument {n}" for n in range(40)))[:lanes]
    monkeypatch.setattr(backend, "open", lambda request, models: FakeSession(labels))
    parts.window.resize(*size)
    opened(qtbot, parts, MIC)
    picture = parts.window.grab()
    assert (picture.width(), picture.height()) == size
    canvas = parts.window.page.lanes.canvas
    assert canvas.height() >= 20 * lanes


def test_every_control_has_a_name_for_screen_readers(qtbot: QtBot, parts: Composition) -> None:
    opened(qtbot, parts, SONG)
    window = parts.window
    controls = [*window.findChildren(QToolButton), window.top.sources, window.top.threshold.slider]
    controls += [window.top.meter, window.page.headline, window.page.lanes, window.page.spectrogram]
    controls += [window.panel.overview, window.panel.transport.play_button]
    own = [widget for widget in controls if widget.objectName() not in ("ScrollLeftButton", "qt_toolbar_ext_button")]
    assert [widget for widget in own if isinstance(widget, QWidget) and not widget.accessibleName()] == []


def test_closing_leaves_no_session_thread_timer_or_window(
    qtbot: QtBot, build: Callable[..., Composition], bury: Callable[[], None], backend: FakeBackend
) -> None:
    before = set(threading.enumerate())
    parts = build(backend)
    opened(qtbot, parts, MIC)
    session = opened(qtbot, parts, SONG)
    pulled = session.pulled
    traces = [weakref.ref(parts.window), weakref.ref(parts.manager), weakref.ref(parts.window.bridge)]
    parts.dispose()
    parts.window = parts.manager = parts.themes = None  # type: ignore[assignment]
    parts.dispose = lambda: None  # type: ignore[method-assign]
    bury()
    assert [one.closed >= 1 for one in backend.sessions] == [True, True]
    assert session.pulled == pulled
    assert {thread for thread in threading.enumerate() if thread not in before} == set()
    assert [trace() for trace in traces] == [None, None, None]


def test_the_newest_message_is_shown_whatever_went_wrong_before(qtbot: QtBot, parts: Composition) -> None:
    session = opened(qtbot, parts, SONG)
    session.warning = "song.flac ends early"
    qtbot.waitUntil(lambda: parts.window.messages.text == "song.flac ends early")
    parts.manager.failed.emit("other.flac cannot be decoded")
    assert parts.window.messages.text == "other.flac cannot be decoded"
    parts.window.exporter.said.emit("Saved song.csv", "info")
    assert parts.window.messages.text == "Saved song.csv"
    parts.window.actions_.dismiss.trigger()
    parts.window.exporter.said.emit("Saved song.csv", "info")  # once more, to the same place
    assert parts.window.messages.text == "Saved song.csv"
    parts.window.actions_.dismiss.trigger()  # the error is over, the damage to the file is not
    assert parts.window.messages.text == "song.flac ends early"
    parts.window.actions_.dismiss.trigger()
    parts.window.bridge.tick()
    assert parts.window.messages.text == ""


def test_a_place_that_is_not_analysed_yet_says_so(qtbot: QtBot, parts: Composition) -> None:
    session = opened(qtbot, parts, SONG)
    canvas, headline = parts.window.page.lanes.canvas, parts.window.page.headline
    session.progress, session.playing, session.state = 0.34, False, "paused"
    session.seek(190.0)
    parts.window.bridge.tick()
    qtbot.waitUntil(lambda: headline.idle_text == "Not analysed yet: 34\u2009%")
    assert headline.accessibleDescription() == headline.idle_text
    ahead = canvas.grab().toImage()
    session.progress = 1.0
    qtbot.waitUntil(lambda: not headline.idle_text.startswith("Not analysed"))
    assert canvas.grab().toImage() != ahead
