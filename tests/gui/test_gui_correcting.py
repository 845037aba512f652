"""Correcting events in the real window: mouse, keys, undo, and the file beside the sound."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
from fake_session import FakeBackend
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from reviewed import ReviewBackend, Reviewed
from waiting import PATIENCE_S

from irec_live.corrections import Corrections, Span, store
from irec_live.corrections.store import corrections_path, load_corrections, save_corrections
from irec_live.gui.app import Composition
from irec_live.gui.main_window import MainWindow
from irec_live.gui.requests import SourceRequest
from irec_live.input_kind import InputKind
from irec_live.results import Event


@pytest.fixture
def backend() -> FakeBackend:
    return ReviewBackend()


@pytest.fixture
def song(tmp_path: Path) -> Path:
    return tmp_path / "trio.flac"


@pytest.fixture
def window(parts: Composition, song: Path, qtbot: QtBot) -> MainWindow:
    window = parts.window
    window.open(SourceRequest(InputKind.FILE, path=song))
    qtbot.waitUntil(lambda: window.status.title == song.name)
    qtbot.waitUntil(lambda: bool(window.correcting._snapshot.events))
    qtbot.waitUntil(lambda: not window.page.lanes.canvas.place_of("violin").isEmpty())
    window.correcting.mode.trigger()
    qtbot.waitUntil(lambda: window.correcting.active)
    return window


def session_of(window: MainWindow) -> Reviewed:
    session = window.manager.session
    assert isinstance(session, Reviewed)
    return session


def seen(window: MainWindow) -> Event:
    """An event with both edges in view."""
    snapshot = window.correcting._snapshot
    first_s = snapshot.time_s - snapshot.span_s
    return next(
        event
        for event in snapshot.events
        if event.offset_s is not None
        and first_s + 0.5 < event.onset_s < event.offset_s - 0.5
        and event.offset_s < snapshot.time_s - 0.5
    )


def drag(window: MainWindow, start: QPointF, end: QPointF) -> None:
    canvas, left, none = window.page.lanes.canvas, Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    for kind, place, button in (
        (QEvent.Type.MouseButtonPress, start, left),
        (QEvent.Type.MouseMove, (start + end) / 2, none),
        (QEvent.Type.MouseMove, end, none),
        (QEvent.Type.MouseButtonRelease, end, left),
    ):
        everywhere = QPointF(canvas.mapToGlobal(place.toPoint()))
        QApplication.sendEvent(
            canvas, QMouseEvent(kind, place, everywhere, button, left, Qt.KeyboardModifier.NoModifier)
        )


def place_of(window: MainWindow, event: Event) -> tuple[QPointF, QPointF]:
    place = window.correcting.layer.place_of(Span(event.label, event.onset_s, event.offset_s or 0.0))
    return QPointF(place.left(), place.center().y()), QPointF(place.right(), place.center().y())


def corrected(window: MainWindow) -> list[Span]:
    return list(session_of(window).corrections.spans())


def test_an_edge_is_dragged_undone_and_done_again(window: MainWindow, qtbot: QtBot, song: Path) -> None:
    event = seen(window)
    left, right = place_of(window, event)
    drag(window, right, right + QPointF(30, 0))
    (span,) = corrected(window)
    assert (span.label, span.onset_s) == (event.label, event.onset_s)
    assert span.offset_s > (event.offset_s or 0.0) + 0.1
    qtbot.waitUntil(lambda: load_corrections(corrections_path(song)).spans() == (span,))
    window.correcting.undo.trigger()
    assert corrected(window) == []
    qtbot.waitUntil(lambda: not load_corrections(corrections_path(song)))
    window.correcting.redo.trigger()
    assert corrected(window) == [span]
    assert left.x() < right.x()


def test_a_drag_on_an_empty_part_of_a_lane_draws_an_event(window: MainWindow, qtbot: QtBot) -> None:
    canvas = window.page.lanes.canvas
    free = next(
        label
        for label in session_of(window).labels
        if not any(event.label == label for event in window.correcting._snapshot.events)
    )
    row = canvas.place_of(free)
    start = QPointF(400, row.center().y())
    drag(window, start, start + QPointF(80, 0))
    (span,) = corrected(window)
    assert span.label == free
    assert span == window.correcting.held
    qtbot.waitUntil(lambda: any(e.corrected and e.label == free for e in window.correcting._snapshot.events))


def test_everything_can_be_done_with_keys(window: MainWindow, qtbot: QtBot) -> None:
    control = window.correcting
    session = session_of(window)
    control.step(1)
    first = control.held
    assert first is not None
    assert session.position_s == pytest.approx(first.onset_s, abs=0.01)
    control.step(1)
    assert control.held != first
    control.step(-1)
    assert control.held == first
    control.take(seen(window))
    first = control.held
    assert first is not None
    control.nudge(0.1, -0.1)
    assert control.held is not None
    assert control.held.onset_s == pytest.approx(first.onset_s + 0.1)
    assert control.held.offset_s == pytest.approx(first.offset_s - 0.1)
    other = next(label for label in session.labels if label != first.label)
    control.rename(other)
    assert corrected(window)[0].label == other
    qtbot.keyClick(window, Qt.Key.Key_Delete)
    assert corrected(window) == []
    assert session.corrections.entries[0].was is not None
    qtbot.keyClick(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert corrected(window)[0].label == other
    session.seek(100.0)
    qtbot.keyClick(window, Qt.Key.Key_Insert)
    assert corrected(window)[-1].onset_s == pytest.approx(100.0)


def test_keys_change_nothing_while_the_mode_is_off(window: MainWindow, qtbot: QtBot) -> None:
    window.correcting.step(1)
    window.correcting.mode.trigger()
    qtbot.keyClick(window, Qt.Key.Key_Delete)
    assert not session_of(window).corrections
    assert window.correcting.held is None


def test_corrections_come_back_with_the_file(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    other = tmp_path / "other.flac"
    mine = Corrections().added(Span("flute", 78.0, 79.0))
    save_corrections(corrections_path(other), mine, file="other.flac", duration_s=194.0)
    window.open(SourceRequest(InputKind.FILE, path=other))
    qtbot.waitUntil(lambda: window.status.title == "other.flac")
    qtbot.waitUntil(lambda: session_of(window).corrections == mine)


def test_correcting_live_sound_says_to_record_it_first(qtbot: QtBot, window: MainWindow, backend: FakeBackend) -> None:
    with qtbot.waitSignal(window.manager.opened):
        window.open(SourceRequest(InputKind.MIC))
    window.correcting.mode.trigger()
    assert not window.correcting.mode.isChecked()
    assert not window.correcting.active
    assert "Ctrl+R records what is heard" in window.messages.text
    window.correcting.delete()
    window.correcting.add_here()


def test_corrections_that_cannot_be_read_are_not_overwritten(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    other = tmp_path / "other.flac"
    corrections_path(other).write_text("{}")
    window.open(SourceRequest(InputKind.FILE, path=other))
    qtbot.waitUntil(lambda: "move it away" in window.messages.text)
    assert not window.correcting.mode.isEnabled()
    assert corrections_path(other).read_text() == "{}"


def test_corrections_of_another_window_are_not_overwritten(window: MainWindow, qtbot: QtBot, song: Path) -> None:
    theirs = Corrections().added(Span("flute", 78.0, 79.0))
    save_corrections(corrections_path(song), theirs, file=song.name, duration_s=194.0)
    window.correcting.add(Span("violin", 10.0, 11.0))
    qtbot.waitUntil(lambda: "changed elsewhere" in window.messages.text)
    assert load_corrections(corrections_path(song)) == theirs


def test_events_are_corrected_only_once_former_corrections_are_read(
    window: MainWindow, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other, disk_answers = tmp_path / "other.flac", threading.Event()
    mine = Corrections().added(Span("flute", 78.0, 79.0))
    save_corrections(corrections_path(other), mine, file="other.flac", duration_s=194.0)

    def slowly(path: Path) -> Corrections:
        assert disk_answers.wait(PATIENCE_S)
        return load_corrections(path)

    monkeypatch.setattr(store, "load_corrections", slowly)
    window.open(SourceRequest(InputKind.FILE, path=other))
    qtbot.waitUntil(lambda: window.status.title == "other.flac")
    window.correcting.mode.trigger()
    qtbot.keyClick(window, Qt.Key.Key_Insert)
    assert not session_of(window).corrections
    disk_answers.set()
    qtbot.waitUntil(lambda: window.correcting.active)
    assert session_of(window).corrections == mine


def test_many_changes_on_a_slow_disk_are_written_at_once(
    window: MainWindow, qtbot: QtBot, song: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk_answers, written = threading.Event(), []

    def slowly(path: Path, corrections: Corrections, *, file: str, duration_s: float) -> None:
        assert disk_answers.wait(PATIENCE_S)
        written.append(corrections)
        save_corrections(path, corrections, file=file, duration_s=duration_s)

    monkeypatch.setattr(store, "save_corrections", slowly)
    for number in range(50):
        window.correcting.add(Span("violin", 1.0 + number, 1.5 + number))
    disk_answers.set()
    qtbot.waitUntil(lambda: load_corrections(corrections_path(song)) == session_of(window).corrections)
    assert len(session_of(window).corrections.entries) == 50
    assert len(written) <= 2


def test_the_event_that_a_key_goes_to_is_in_view(window: MainWindow, qtbot: QtBot) -> None:
    window.resize(1000, 420)  # fewer lanes are seen than there are
    lanes, view = window.page.lanes, window.timeline.viewport
    qtbot.waitUntil(lambda: lanes.canvas.height() > 2 * lanes._scroll.viewport().height())

    def is_seen(label: str) -> bool:
        lane = lanes.canvas.place_of(label).toRect()
        return lanes.canvas.visibleRegion().boundingRect().contains(lane.center())

    found = set()
    for _ in session_of(window).overview().events[:12]:
        window.correcting.step(1)
        held = window.correcting.held
        assert held is not None
        found.add(held.label)
        assert view.start_s <= held.onset_s < view.end_s
        qtbot.waitUntil(lambda label=held.label: is_seen(label))
    assert len(found) > 1


def test_corrected_events_differ_by_more_than_colour(window: MainWindow, qtbot: QtBot) -> None:
    layer = window.correcting.layer
    event = seen(window)
    before = layer.grab().toImage()
    left, right = place_of(window, event)
    drag(window, right, right + QPointF(30, 0))
    window.correcting.take(None)
    qtbot.waitUntil(lambda: any(e.corrected for e in window.correcting._snapshot.events))
    after = layer.grab().toImage()
    middle = ((left + right) / 2).toPoint()
    rows = [after.pixelColor(middle + QPoint(x, 0)).lightness() for x in range(-8, 9)]
    assert before != after
    assert np.ptp(rows) > 10  # hatching: light and dark in turn


def test_clips_for_training_are_saved_from_the_menu(
    window: MainWindow, qtbot: QtBot, tmp_path: Path, song: Path
) -> None:
    import soundfile

    soundfile.write(song, np.zeros((80 * 800, 1), np.float32), 8000)
    session = session_of(window)
    window.correcting.add(Span("flute", 2.0, 4.0))
    window.correcting.export_clips(tmp_path / "data")
    qtbot.waitUntil(lambda: "Saved 1 clip and its manifest" in window.messages.text)
    assert (tmp_path / "data" / "manifest.csv").read_text("utf-8").count("flute") == 1
    assert session.corrections
