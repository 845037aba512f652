"""The time axis: hold, zoom, pan, select, overview, event list, hover; on the real window."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from fake_session import FakeBackend, FakeFileSession, FakeSession
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QNativeGestureEvent, QPointingDevice, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

import tiny_models
from irec_live.gui.app import Composition
from irec_live.gui.event_bars import bars, spans_by_label
from irec_live.gui.event_table import EventTable
from irec_live.gui.help_dialog import help_html
from irec_live.gui.requests import SourceRequest
from irec_live.gui.theme import LEFT_GUTTER
from irec_live.input_kind import InputKind
from irec_live.models.detector import Detector
from irec_live.results import Event
from irec_live.session import open_stream
from irec_live.source import ArraySource

Key = Qt.Key
LEFT, SHIFT = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def live(qtbot: QtBot, parts: Composition) -> FakeSession:
    """A live session that has lasted twenty minutes, shown in the window."""
    parts.window.open(SourceRequest(InputKind.MIC))
    qtbot.waitUntil(lambda: parts.manager.session is not None)
    session = parts.manager.session
    assert isinstance(session, FakeSession)
    session.time_s = 1200.0
    tick(parts, 31)
    return session


@pytest.fixture
def file(qtbot: QtBot, parts: Composition) -> FakeFileSession:
    """A file of 194 s, all of it analysed, in the window; the playhead is at 61.4 s."""
    parts.window.open_path(Path("song.flac"))
    qtbot.waitUntil(lambda: parts.manager.session is not None)
    session = parts.manager.session
    assert isinstance(session, FakeFileSession)
    session.progress = 1.0
    tick(parts, 7)
    return session


def tick(parts: Composition, times: int = 1) -> None:
    for _ in range(times):
        parts.window.bridge.tick()


def wheel(widget: QWidget, place: QPointF, notches: int, modifiers: Qt.KeyboardModifier | None = None) -> None:
    turned = QPoint(0, 120 * notches)
    event = QWheelEvent(
        place,
        widget.mapToGlobal(place),
        QPoint(),
        turned,
        Qt.MouseButton.NoButton,
        modifiers or Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(widget, event)


def drag(widget: QWidget, start: QPointF, end: QPointF, modifiers: Qt.KeyboardModifier | None = None) -> None:
    keys = modifiers or Qt.KeyboardModifier.NoModifier
    QTest.mousePress(widget, LEFT, keys, start.toPoint())
    for share in (0.3, 0.7, 1.0):
        between = start + (end - start) * share
        QTest.mouseMove(widget, between.toPoint())
    QTest.mouseRelease(widget, LEFT, keys, end.toPoint())


# ---- hold and follow


def test_held_picture_stays_while_the_session_goes_on(parts: Composition, live: FakeSession) -> None:
    window, chip = parts.window, parts.window.timeline.chip
    assert chip.isHidden()
    QTest.keyClick(window, Key.Key_Space)
    live.time_s += 12.0
    tick(parts)
    view = window.timeline.viewport
    assert (view.following, view.end_s, view.now_s) == (False, 1200.0, 1212.0)
    assert chip.isVisible()
    assert chip.text.text() == "Paused, 0:12 behind"
    assert live.state == "running"
    assert window.bridge._last.level_db == live.snapshot(1.0).level_db, "the meter goes on"
    QTest.mouseClick(chip.button, LEFT)
    tick(parts)
    assert view.following
    assert view.end_s == 1212.0
    assert chip.isHidden()


def test_hold_and_live_have_a_button_and_a_key(parts: Composition, live: FakeSession) -> None:
    window, view = parts.window, parts.window.timeline.viewport
    QTest.mouseClick(window.panel.live.hold_button, LEFT)
    assert not view.following
    assert "Follow again" in window.panel.live.hold_button.accessibleName()
    QTest.keyClick(window, Key.Key_F)
    assert view.following
    QTest.keyClick(window, Key.Key_H)
    assert not view.following


def test_a_new_session_follows_again(qtbot: QtBot, parts: Composition, live: FakeSession) -> None:
    QTest.keyClick(parts.window, Key.Key_0)
    QTest.keyClick(parts.window, Key.Key_H)
    parts.window.open_path(Path("song.flac"))
    qtbot.waitUntil(lambda: parts.manager.session is not live)
    assert parts.window.timeline.viewport.following
    assert parts.window.bridge.span_s == parts.window.preferences.span_s


# ---- zoom and pan


def test_keys_zoom_and_pan_through_a_live_session(parts: Composition, live: FakeSession) -> None:
    window, view = parts.window, parts.window.timeline.viewport
    QTest.keyClick(window, Key.Key_Plus)
    assert (view.following, view.span_s) == (True, 10.0)
    QTest.keyClick(window, Key.Key_Left)
    assert (view.following, view.end_s) == (False, 1197.5)
    QTest.keyClick(window, Key.Key_Minus)
    tick(parts)
    assert view.span_s == 15.0
    for _ in range(6):
        QTest.keyClick(window, Key.Key_Right, Qt.KeyboardModifier.ControlModifier)
    assert view.following, "a view that arrives at now follows it"
    QTest.keyClick(window, Key.Key_0)
    tick(parts)
    assert (view.start_s, view.span_s) == (0.0, 1200.0)
    live.time_s = 1300.0
    tick(parts, 12)
    assert view.span_s == pytest.approx(1300.0), "the whole session grows"
    view.zoom(1e-6)
    assert view.span_s == 2.0, "no shorter"
    view.zoom(1e6)
    assert view.span_s == 1300.0, "no longer than the session"


def test_wheel_zooms_about_the_pointer_wherever_it_is(parts: Composition, file: FakeFileSession) -> None:
    window, view = parts.window, parts.window.timeline.viewport
    view.show(20.0, 60.0)
    for widget in (window.page.lanes.canvas, window.page.spectrogram, window.page.ruler):
        place = QPointF(LEFT_GUTTER + 200.0, 8.0)
        before = window.timeline._gestures.axis(widget).time_at(place.x())
        wheel(widget, place, 3)
        assert window.timeline._gestures.axis(widget).time_at(place.x()) == pytest.approx(before, abs=1e-6)
    assert view.span_s == pytest.approx(40.0 / 8)
    overview = window.panel.overview
    wheel(overview, QPointF(overview.x_at(25.0), 30.0), -3)
    assert view.span_s == pytest.approx(10.0)
    former = view.start_s
    wheel(window.page.spectrogram, QPointF(400, 8), 1, SHIFT)
    assert view.start_s == pytest.approx(former - 1.0)


def test_pinching_on_a_touchpad_zooms(parts: Composition, file: FakeFileSession) -> None:
    spectrum, view = parts.window.page.spectrogram, parts.window.timeline.viewport
    view.show(20.0, 60.0)
    place = QPointF(500.0, 10.0)
    before = parts.window.timeline._gestures.axis(spectrum).time_at(500.0)
    pinch = QNativeGestureEvent(
        Qt.NativeGestureType.ZoomNativeGesture,
        QPointingDevice.primaryPointingDevice(),
        2,
        place,
        place,
        spectrum.mapToGlobal(place),
        0.25,
        QPointF(),
    )
    QApplication.sendEvent(spectrum, pinch)
    assert view.span_s == pytest.approx(32.0)
    assert parts.window.timeline._gestures.axis(spectrum).time_at(500.0) == pytest.approx(before)


def test_dragging_the_lanes_moves_through_the_session(parts: Composition, live: FakeSession) -> None:
    canvas, view = parts.window.page.lanes.canvas, parts.window.timeline.viewport
    width = parts.window.timeline._gestures.axis(canvas).plot_width
    drag(canvas, QPointF(400, 30), QPointF(400 + width / 3, 30))
    assert view.end_s == pytest.approx(1195.0, abs=0.05)
    drag(canvas, QPointF(700, 30), QPointF(200, 30))
    assert view.following


def test_the_visible_span_can_be_dragged_in_the_overview(parts: Composition, live: FakeSession) -> None:
    overview, view = parts.window.panel.overview, parts.window.timeline.viewport
    view.show(600.0, 900.0)
    handle = overview.handle()
    assert handle.left() == pytest.approx(overview.x_at(600.0), abs=1)
    drag(overview, QPointF(handle.center().x(), 6), QPointF(overview.x_at(450.0), 6))
    assert (view.start_s, view.end_s) == (pytest.approx(300.0, abs=2), pytest.approx(600.0, abs=2))
    drag(overview, QPointF(overview.x_at(view.start_s), 6), QPointF(overview.x_at(100.0), 6))
    assert (view.start_s, view.end_s) == (pytest.approx(100.0, abs=2), pytest.approx(600.0, abs=2))
    QTest.mouseClick(overview, LEFT, pos=QPoint(round(overview.x_at(900.0)), 6))
    assert view.end_s == pytest.approx(1150.0, abs=2)


def test_a_file_can_be_looked_at_beyond_the_playhead(parts: Composition, file: FakeFileSession) -> None:
    window, view = parts.window, parts.window.timeline.viewport
    QTest.keyClick(window, Key.Key_0)
    tick(parts)
    assert (view.start_s, view.end_s) == (0.0, file.duration_s)
    assert window.timeline.overlay.playhead_s == pytest.approx(61.4)
    heard, canvas = file.snapshot(1.0), window.page.lanes.canvas
    assert window.page.headline.labels == heard.detected, "what is heard"
    for label, likely in zip(heard.labels, heard.activation[-1], strict=True):
        numbers = canvas.numbers(label)
        assert (numbers.activation, numbers.playing) == (pytest.approx(likely), label in heard.detected)
    assert window.timeline.chip.text.text() == "0:00 to 3:14, playhead at 1:01"
    QTest.keyClick(window, Key.Key_Right)
    assert file.time_s == pytest.approx(66.4), "in a file the arrows move the playhead"
    QTest.mouseClick(window.panel.overview, LEFT, pos=QPoint(round(window.panel.overview.x_at(100.0)), 40))
    assert file.time_s == pytest.approx(100.0, abs=0.5)
    assert view.following


# ---- selection


def test_shift_drag_over_the_lanes_selects_and_a_file_repeats_it(parts: Composition, file: FakeFileSession) -> None:
    window = parts.window
    canvas, gestures = window.page.lanes.canvas, window.timeline._gestures
    window.timeline.viewport.show(40.0, 80.0)
    axis = gestures.axis(canvas)
    drag(canvas, QPointF(axis.x_at(50.0), 40), QPointF(axis.x_at(60.0), 40), SHIFT)
    span = window.timeline.selection.span
    assert span == (pytest.approx(50.0, abs=0.1), pytest.approx(60.0, abs=0.1))
    assert file.loop == span
    assert file.loop[0] <= file.time_s <= file.loop[1], "the playhead goes into it"
    QTest.keyClick(window, Key.Key_L)
    assert file.loop is None
    assert window.timeline.selection.span == span, "it is still there to be exported"
    QTest.keyClick(window, Key.Key_L)
    assert file.loop == span
    QTest.keyClick(window, Key.Key_A, Qt.KeyboardModifier.ControlModifier | SHIFT)
    assert window.timeline.selection.span is None
    assert file.loop is None


def test_another_model_on_the_same_file_shows_the_same_part(
    qtbot: QtBot, parts: Composition, file: FakeFileSession
) -> None:
    timeline = parts.window.timeline
    timeline.viewport.show(100.0, 130.0)
    timeline.selection.select(110.0, 120.0)
    parts.manager.use_model("neuroment-mel")
    qtbot.waitUntil(lambda: parts.manager.session is not file)
    session = parts.manager.session
    assert isinstance(session, FakeFileSession)
    assert (timeline.viewport.start_s, timeline.viewport.end_s) == (100.0, 130.0)
    assert session.loop == timeline.selection.span == (110.0, 120.0)


def test_what_is_shown_can_be_selected_by_keys_and_shown_again(parts: Composition, live: FakeSession) -> None:
    window, view = parts.window, parts.window.timeline.viewport
    heard: list[object] = []
    window.timeline.selection.changed.connect(heard.append)
    QTest.keyClick(window, Key.Key_Left)
    QTest.keyClick(window, Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    assert heard == [(view.start_s, view.end_s)]
    QTest.keyClick(window, Key.Key_0)
    QTest.keyClick(window, Key.Key_Z)
    assert (view.start_s, view.end_s) == heard[0]


# ---- overview


def test_the_overview_of_a_live_session_grows_and_keeps_its_rows(parts: Composition, live: FakeSession) -> None:
    overview = parts.window.panel.overview
    assert overview.isVisible()
    rows = overview.strips
    assert set(rows) == set(live.overview().detected)
    live.time_s = 1400.0
    tick(parts, 31)
    assert overview.time_at(1e9) == 1400.0
    assert overview.strips[: len(rows)] == rows
    assert parts.window.panel.live.clock.text() == "23:20"


def test_thousands_of_events_need_no_more_bars_than_pixels() -> None:
    rng = random.Random(3)
    events = [Event("flute", start, start + rng.uniform(0, 0.4), 0.9) for start in range(36_000)]
    edges = spans_by_label(events, 36_000.0)["flute"] * (1000 / 36_000)
    joined = bars(edges)
    assert len(joined) <= 1000
    assert joined[0, 0] == pytest.approx(0.0)
    assert (joined[1:, 0] - joined[:-1, 1] >= 1.0).all()


# ---- event list


def test_event_list_sorts_searches_and_goes_there(parts: Composition, live: FakeSession) -> None:
    window, events = parts.window, parts.window.timeline.events
    assert events.isHidden()
    QTest.keyClick(window, Key.Key_E)
    assert events.isVisible()
    assert events.table.rowCount() == len(live.overview().events)
    QTest.keyClicks(events.field, "violin 4:")
    assert events.count.text().endswith(f"of {events.table.total} events")
    found = [events.table.event_at(row) for row in range(events.table.rowCount())]
    assert {event.label for event in found} == {"violin"}
    assert all(240 <= event.onset_s < 300 for event in found)
    events.view.sortByColumn(2, Qt.SortOrder.DescendingOrder)
    longest = events.table.event_at(0)
    assert (longest.offset_s or 0) - longest.onset_s == max((e.offset_s or 0) - e.onset_s for e in found)
    QTest.keyClick(events.field, Key.Key_Down)
    assert events.view.hasFocus()
    QTest.keyClick(events.view, Key.Key_Return)
    view = window.timeline.viewport
    assert view.start_s <= longest.onset_s < view.end_s
    assert not view.following
    tick(parts)
    assert any(event.onset_s == longest.onset_s for event in live.snapshot(view.span_s, view.end_s).events)
    QTest.keyClick(events.view, Key.Key_Escape)
    assert events.isHidden()
    assert not window.timeline.actions.event_list.isChecked()


def test_event_list_keeps_its_place_while_events_come_in(parts: Composition, live: FakeSession) -> None:
    events = parts.window.timeline.events
    parts.window.timeline.actions.event_list.trigger()
    events.view.sortByColumn(0, Qt.SortOrder.DescendingOrder)
    events.view.setCurrentIndex(events.table.index(40, 0))
    current, count = events.current, events.table.rowCount()
    assert current is not None
    live.time_s += 60.0
    tick(parts, 31)
    assert events.table.rowCount() > count
    assert events.current is not None
    assert events.current.onset_s == current.onset_s


def test_a_click_in_the_event_list_of_a_file_plays_from_there(parts: Composition, file: FakeFileSession) -> None:
    events = parts.window.timeline.events
    parts.window.timeline.actions.event_list.trigger()
    row = events.table.rowCount() // 2
    place = events.view.visualRect(events.table.index(row, 1)).center()
    events.view.scrollTo(events.table.index(row, 1))
    place = events.view.visualRect(events.table.index(row, 1)).center()
    QTest.mouseClick(events.view.viewport(), LEFT, pos=place)
    assert file.time_s == events.table.event_at(row).onset_s


def test_a_table_of_many_events_is_sorted_by_numbers_not_by_text() -> None:
    events = tuple(Event("b" if n % 2 else "a", 9.5 * n, 9.5 * n + 0.1 * (n % 13), (n % 7) / 10) for n in range(5000))
    table = EventTable()
    assert table.show_events(events)
    assert not table.show_events(events)
    for column, key in ((0, "onset_s"), (1, "label"), (3, "activation")):
        for order in Qt.SortOrder:
            table.sort(column, order)
            values = [getattr(table.event_at(row), key) for row in range(table.rowCount())]
            assert values == sorted(values, reverse=order == Qt.SortOrder.DescendingOrder)


# ---- hover


def test_pointing_at_a_lane_tells_time_instrument_likelihood_and_level(
    parts: Composition, file: FakeFileSession
) -> None:
    window = parts.window
    canvas = window.page.lanes.canvas
    window.timeline.viewport.show(40.0, 80.0)
    tick(parts)
    snapshot = file.snapshot(40.0, 80.0)
    label = max(snapshot.labels, key=lambda name: float(snapshot.smoothed[100, snapshot.labels.index(name)]))
    time_s = float(snapshot.activation_times[100])
    axis = window.timeline._gestures.axis(canvas)
    place = QPointF(axis.x_at(time_s), canvas.place_of(label).center().y())
    text = window.timeline.text_at(canvas, place)
    likely = float(snapshot.smoothed[100, snapshot.labels.index(label)])
    assert text.startswith(f"{label.capitalize()} · 0:{time_s:.1f}"[:-2])
    assert f"likely {100 * likely:.0f}" in text
    assert "level −" in text
    assert "Event " in text
    QTest.mouseMove(canvas, place.toPoint())
    assert window.timeline.overlay.pointer_s == pytest.approx(time_s, abs=0.05)


def test_pointing_at_the_spectrum_tells_the_frequency_and_its_level(parts: Composition, file: FakeFileSession) -> None:
    window = parts.window
    snapshot = file.snapshot(15.0)
    hz = np.geomspace(50.0, 10_000.0, 96)
    object.__setattr__(snapshot, "spectrogram_hz", hz)
    window.timeline._on_picture(snapshot)
    spectrum = window.page.spectrogram
    text = window.timeline.text_at(spectrum, QPointF(LEFT_GUTTER + 300.0, 0.5))
    assert "10.0 kHz (D♯9)" in text
    assert text.endswith("dB")


def test_pointing_at_the_overview_names_the_event(parts: Composition, file: FakeFileSession) -> None:
    from irec_live.gui.hover_text import overview_text

    overview = file.overview()
    event = overview.events[3]
    text = overview_text(overview, event.label, event.onset_s + 0.2)
    assert text.startswith(event.label.capitalize())
    assert "likely" in text
    assert "Event " in text
    sound = overview_text(overview, None, event.onset_s + 0.2)
    assert event.label.capitalize() in sound
    assert "peak −" in sound


# ---- all of it


def test_every_command_of_the_time_axis_has_a_key_that_the_help_lists(parts: Composition, live: FakeSession) -> None:
    act = parts.window.timeline.actions
    page = help_html(parts.window.actions())
    commands = [act.zoom_in, act.zoom_out, act.zoom_all, act.back, act.forward, act.follow, act.hold]
    commands += [act.select_shown, act.select_none, act.zoom_selection, act.event_list]
    for command in commands:
        assert not command.shortcut().isEmpty(), command.text()
        assert command.text().replace("&", "") in page
    keys = [key.toString() for one in parts.window.actions() if one.isEnabled() for key in one.shortcuts()]
    assert len(keys) == len(set(keys)), "no key does two things"


@pytest.mark.parametrize(("size", "theme"), [((1280, 720), "dark"), ((960, 540), "light"), ((820, 400), "contrast")])
def test_nothing_over_the_page_covers_another_part(
    parts: Composition, live: FakeSession, size: tuple[int, int], theme: str
) -> None:
    window = parts.window
    window.resize(*size)
    window.themes.choose(theme)
    window.timeline.actions.event_list.setChecked(True)
    QTest.keyClick(window, Key.Key_H)
    live.time_s += 700.0
    tick(parts, 31)
    QApplication.processEvents()
    page, timeline = window.page, window.timeline
    assert timeline.zoom_buttons.geometry().right() <= page.width()
    assert timeline.chip.isVisible()
    assert timeline.chip.geometry().left() >= LEFT_GUTTER
    assert timeline.chip.geometry().bottom() <= page.lanes.y() + page.lanes.heading.height()
    assert timeline.events.geometry().right() <= window.width()
    clock = window.panel.live.clock
    assert clock.mapTo(window.panel, QPoint(0, clock.height())).y() <= window.panel.overview.rows.top
    assert not window.grab().isNull()


def test_when_did_the_violin_play_ten_minutes_ago(
    qtbot: QtBot,
    build: Callable[..., Composition],
    backend: FakeBackend,
    tiny_activation_path: Path,
    tiny_envelope_path: Path,
) -> None:
    """A new user's way: the session has run for eleven minutes; the violin played at 0:40, for twenty seconds."""
    rate = 8000
    violin, bass = (tiny_models.tone(name, 20.0, sample_rate=rate, amplitude=0.1) for name in ("violin", "bass"))
    quiet = np.zeros(rate, np.float32)
    sound = np.concatenate([np.tile(quiet, 40), violin, np.tile(quiet, 580), bass])
    detectors = [Detector(tiny_activation_path), Detector(tiny_envelope_path)]
    session = open_stream(ArraySource(sound, rate, block=rate // 5), detectors)
    assert session.wait(400.0)
    backend.open = lambda request, models: session  # type: ignore[method-assign, assignment, return-value]
    parts = build(backend)
    window = parts.window
    window.open(SourceRequest(InputKind.MIC))
    qtbot.waitUntil(lambda: parts.manager.session is session)
    tick(parts, 31)
    overview = window.panel.overview
    assert overview.strips == ["violin", "bass"], "both are there at a glance"

    # She looks for the violin's bar, and clicks on it.
    row = round(overview.rows.top_of("violin") + overview.rows.height / 2)
    QTest.mouseClick(overview, LEFT, pos=QPoint(round(overview.x_at(50.0)), row))
    tick(parts)
    view = window.timeline.viewport
    assert view.start_s < 50.0 < view.end_s
    assert window.timeline.chip.text.text().startswith("Paused, 10:0")
    assert window.page.headline.labels == ("violin",)

    # She points at the lane: the time and the level, and when it began.
    canvas = window.page.lanes.canvas
    x = window.timeline._gestures.axis(canvas).x_at(50.0)
    text = window.timeline.text_at(canvas, QPointF(x, canvas.place_of("violin").center().y()))
    assert text.startswith("Violin · 0:50.0 · likely ")
    assert "Event 0:40" in text or "Event 0:39" in text

    # Or she asks the list.
    QTest.keyClick(window, Key.Key_E)
    QTest.keyClicks(window.timeline.events.field, "violin")
    assert window.timeline.events.table.rowCount() == 1
    event = window.timeline.events.table.event_at(0)
    assert (event.onset_s, event.offset_s) == (pytest.approx(40.0, abs=0.6), pytest.approx(60.0, abs=0.6))

    # And goes back to now.
    QTest.mouseClick(window.timeline.chip.button, LEFT)
    tick(parts)
    assert view.following
    assert window.timeline.chip.isHidden()
