"""Thresholds that are dragged, smoothing and durations with their cost, presets, and calibration to a room."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fake_session import FakeBackend, FakeFileSession, FakeSession, spec
from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from irec_live.gui.app import Composition
from irec_live.gui.calibration import Calibration
from irec_live.gui.decision_values import PRESETS, restored, stored
from irec_live.gui.lanes_view import LanesView
from irec_live.gui.preferences import Preferences
from irec_live.gui.requests import SourceRequest
from irec_live.gui.theme import LEFT_GUTTER
from irec_live.input_kind import InputKind
from irec_live.results import Snapshot
from irec_live.streaming.decisions import Decisions, decision_delay_s

MIC = SourceRequest(InputKind.MIC)


def shown(qtbot: QtBot, parts: Composition, request: SourceRequest = MIC) -> LanesView:
    """The lanes of a session whose pictures the test pulls."""
    with qtbot.waitSignal(parts.manager.opened):
        parts.window.open(request)
    parts.window.bridge._timer.stop()
    lanes = parts.window.page.lanes
    pull(parts)
    return lanes


def pull(parts: Composition) -> Snapshot:
    """Show the session's present picture, with no animation left."""
    session = parts.manager.session
    assert session is not None
    snapshot = session.snapshot(15.0)
    parts.window.page.lanes.show_snapshot(snapshot, 0.0)
    parts.window.page.lanes.show_snapshot(snapshot, 100.0)
    return snapshot


def line(lanes: LanesView, label: str) -> QPoint:
    """A point on the threshold line of a lane."""
    y = lanes.canvas.threshold_y(label)
    assert y is not None
    return QPoint(LEFT_GUTTER + 300, round(y))


def test_a_threshold_line_is_dragged_and_double_click_puts_it_back(qtbot: QtBot, parts: Composition) -> None:
    lanes = shown(qtbot, parts)
    parts.window.lanes.focus("violin")
    pull(parts)
    session, at = parts.manager.session, line(lanes, "violin")
    assert session is not None
    height = lanes.canvas.place_of("violin").height() * 0.86
    qtbot.mousePress(lanes.canvas, Qt.MouseButton.LeftButton, pos=at)
    qtbot.mouseMove(lanes.canvas, at - QPoint(0, 20))
    qtbot.mouseMove(lanes.canvas, at - QPoint(0, 30))
    qtbot.mouseRelease(lanes.canvas, Qt.MouseButton.LeftButton, pos=at - QPoint(0, 30))
    (only,) = session.decisions.own
    assert only[0] == "violin"
    assert only[1] == pytest.approx(30 / height, abs=2 / height)
    assert lanes.arrangement.focused == "violin"  # a drag is no click
    thresholds = dict(zip(session.labels, pull(parts).thresholds.tolist(), strict=True))
    assert thresholds["violin"] == pytest.approx(0.5 + only[1])
    assert thresholds["voice"] == pytest.approx(0.5)
    qtbot.mouseDClick(lanes.canvas, Qt.MouseButton.LeftButton, pos=line(lanes, "violin"))
    assert session.decisions.own == ()


def test_keys_move_the_threshold_of_the_lane_that_the_keyboard_is_on(qtbot: QtBot, parts: Composition) -> None:
    lanes = shown(qtbot, parts)
    parts.window.activateWindow()
    lanes.setFocus(Qt.FocusReason.TabFocusReason)
    label = lanes.canvas.chosen
    for _ in range(3):
        qtbot.keyClick(lanes, Qt.Key.Key_Up, Qt.KeyboardModifier.ShiftModifier)
    qtbot.keyClick(lanes, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    assert parts.window.decisions.decisions.own == ((label, 0.04),)
    qtbot.keyClick(lanes, Qt.Key.Key_Backspace)
    assert parts.window.decisions.decisions.own == ()


def test_a_file_opened_later_is_decided_in_the_same_way(qtbot: QtBot, parts: Composition) -> None:
    shown(qtbot, parts)
    parts.window.decisions.set_own("bass", -0.2)
    parts.window.top.threshold.set_offset(0.1)
    shown(qtbot, parts, SourceRequest(InputKind.FILE, path=Path("/music/song.flac")))
    session = parts.manager.session
    assert isinstance(session, FakeFileSession)
    assert session.decisions == Decisions(0.1, (("bass", -0.2),))


def test_the_dialog_says_what_smoothing_costs_and_sets_it(qtbot: QtBot, parts: Composition) -> None:
    shown(qtbot, parts)
    dialog = parts.window.decisions.open_dialog()
    dialog.show_timing(0.1, 690.0)
    assert dialog.smoothing_text.text() == "3 windows: 100 ms later"
    assert dialog.duration_text.text() == "200 ms: 100 ms later"
    dialog.smoothing.setValue(9)
    dialog.duration.setValue(0)
    session = parts.manager.session
    assert session is not None
    assert (session.decisions.settings.pool, session.decisions.settings.min_duration_s) == (9, 0.0)
    assert dialog.smoothing_text.text() == "9 windows: 400 ms later"
    assert dialog.duration_text.text() == "0 ms: costs no time"
    assert dialog.total.text().startswith("400 ms for deciding (200 ms as the model was measured)")
    assert dialog.preset.currentIndex() == -1


def test_presets_are_chosen_saved_by_name_and_deleted(
    qtbot: QtBot, build: Callable[..., Composition], backend: FakeBackend, tmp_path: Path
) -> None:
    store = tmp_path / "settings.ini"
    first = build(backend, Preferences.in_file(store))
    shown(qtbot, first)
    control = first.window.decisions
    control.set_own("drums", 0.3)
    dialog = control.open_dialog()
    dialog.preset.activated.emit(list(PRESETS).index("Stage"))
    assert control.decisions == replace(PRESETS["Stage"][1], own=(("drums", 0.3),))
    assert first.window.top.threshold.offset == PRESETS["Stage"][1].offset
    qtbot.keyClicks(dialog.name, "Village hall")
    dialog.save.click()
    assert dialog.preset.currentText() == "Village hall"
    control.choose_preset("Archive")
    control.set_own("drums", 0.0)
    first.window.close()
    second = build(backend, Preferences.in_file(store))
    shown(qtbot, second)
    again = second.window.decisions
    assert again.decisions == PRESETS["Archive"][1]
    again.choose_preset("Village hall")
    assert dict(again.decisions.own) == {"drums": 0.3}
    assert again.decisions.settings == PRESETS["Stage"][1].settings
    opened = again.open_dialog()
    opened.delete.click()
    assert "Village hall" not in [opened.preset.itemText(place) for place in range(opened.preset.count())]


@pytest.mark.parametrize("held", [{}, {"pool": -3}, {"own": [1]}, {"own": {"bass": 7}}, {"refractory_s": 1e9}])
def test_whatever_is_stored_makes_decisions_in_range(held: dict[str, object]) -> None:
    decisions = restored(held)
    assert 1 <= decisions.settings.pool <= 10
    assert decisions.settings.refractory_s <= 2.0
    assert all(abs(offset) <= 0.9 for _, offset in decisions.own)
    assert restored(stored(decisions)) == decisions


def test_the_page_on_the_window_tells_what_presets_cost() -> None:
    page = (Path(__file__).parents[2] / "docs" / "window.md").read_text()
    for name, (_, decisions) in PRESETS.items():
        settings = decisions.settings
        row = next(line for line in page.splitlines() if line.startswith(f"| {name} |"))
        cells = [cell.strip() for cell in row.strip("|").split("|")]
        assert cells[1:4] == [
            str(settings.pool),
            f"{1000 * settings.min_duration_s:.0f} ms",
            f"{1000 * settings.refractory_s:.0f} ms",
        ]
        assert cells[5] == f"{1000 * decision_delay_s(settings, 0.16):.0f} ms"


class Room(FakeSession):
    """A session in whose noise the first label is fairly likely, and the second a little."""

    def snapshot(self, span_s: float, end_s: float | None = None) -> Snapshot:
        picture = super().snapshot(span_s, end_s)
        rows = np.zeros_like(picture.smoothed)
        rows[:, 0], rows[:, 1] = 0.47, 0.2
        return replace(picture, activation=rows, smoothed=rows, level_db=-52.0)


def test_calibration_raises_what_the_noise_reaches_says_so_and_is_undone(
    qtbot: QtBot, parts: Composition, backend: FakeBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = Room()
    room.specs = (spec(),)
    monkeypatch.setattr(backend, "open", lambda request, models: room)
    shown(qtbot, parts)
    control = parts.window.decisions
    control.calibrate()
    assert control.calibration.running
    assert "nobody should play" in parts.window.messages.text
    for _ in range(40):
        room.time_s += 0.1
        control.calibration.poll()
    assert not control.calibration.running
    assert [label for label, _ in control.decisions.own] == [room.labels[0]]
    assert room.snapshot(15.0).thresholds[0] == pytest.approx(0.55)
    assert f"raised {room.labels[0]} to 55" in parts.window.messages.text
    control.undo_calibration()
    assert room.decisions.own == ()


def test_calibration_without_sound_changes_nothing_and_says_why(qtbot: QtBot) -> None:
    session, calibration = FakeSession(), Calibration()
    calibration.start(session)
    session.state = "lost"
    with qtbot.waitSignal(calibration.finished) as ended:
        calibration.poll()
    assert ended.args is not None
    assert ended.args[0] is None
    assert "nothing is heard" in ended.args[1]
    assert not calibration.running
