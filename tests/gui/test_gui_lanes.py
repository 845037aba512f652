"""Lanes can be touched: moved, hidden, pinned, grouped, enlarged; by mouse and keyboard, and it is remembered."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from fake_session import LABELS, FakeBackend, FakeSession
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu
from pytestqt.qtbot import QtBot

from irec_live.gui.app import Composition
from irec_live.gui.lane_arrangement import LaneArrangement
from irec_live.gui.lane_canvas import LaneCanvas
from irec_live.gui.lanes_view import LanesView
from irec_live.gui.preferences import Preferences
from irec_live.gui.requests import SourceRequest
from irec_live.gui.theme import LEFT_GUTTER
from irec_live.input_kind import InputKind

MIC = SourceRequest(InputKind.MIC)


def shown(qtbot: QtBot, parts: Composition) -> LanesView:
    """The lanes of a session that stands still."""
    with qtbot.waitSignal(parts.manager.opened):
        parts.window.open(MIC)
    parts.window.bridge.watch(None)
    parts.window.activateWindow()
    settle(parts.window.page.lanes)
    return parts.window.page.lanes


def settle(lanes: LanesView) -> None:
    """Let lanes reach their places."""
    lanes.show_snapshot(FakeSession().snapshot(15.0), 0.0)
    lanes.show_snapshot(FakeSession().snapshot(15.0), 100.0)


def entry(menu: QMenu, words: str) -> QAction:
    """The entry of a menu, or of one below, that begins with these words."""
    for action in menu.actions():
        if action.text().replace("&", "").startswith(words):
            return action
        below = action.menu()
        if isinstance(below, QMenu) and any(one.text().startswith(words) for one in below.actions()):
            return entry(below, words)
    raise AssertionError(words)


def test_lanes_stay_where_they_are_whatever_plays(qtbot: QtBot, parts: Composition) -> None:
    lanes, session = shown(qtbot, parts), FakeSession()
    for second in range(60):
        session.time_s = 30.0 + second
        lanes.show_snapshot(session.snapshot(15.0), float(second))
        assert tuple(lanes.order) == LABELS


def test_a_lane_that_moves_covers_the_one_that_it_passes(qtbot: QtBot) -> None:
    snapshot = FakeSession().snapshot(15.0)
    canvas = LaneCanvas()
    qtbot.addWidget(canvas)
    canvas.resize(900, 80)
    heights = np.zeros(len(LABELS))
    heights[3] = 40.0
    canvas.show_lanes(snapshot, np.zeros(len(LABELS)), heights)
    alone = canvas.grab().toImage().copy(0, 0, LEFT_GUTTER, 38)
    heights[2] = 40.0
    tops = np.zeros(len(LABELS))
    tops[2] = -1.0  # just above, and so painted first
    canvas.show_lanes(snapshot, tops, heights)
    assert canvas.grab().toImage().copy(0, 0, LEFT_GUTTER, 38) == alone


def test_a_lane_is_hidden_counted_and_brought_back_by_menu(qtbot: QtBot, parts: Composition) -> None:
    lanes = shown(qtbot, parts)
    entry(parts.window.lanes.lane_menu("organ"), "Hide").trigger()
    entry(parts.window.lanes.lane_menu("bass"), "Hide").trigger()
    settle(lanes)
    assert "organ" not in lanes.order
    assert lanes.canvas.place_of("organ").isEmpty()
    assert lanes.handles.of("organ") is None
    assert lanes.heading.hidden_button.text() == "2 hidden"
    assert lanes.heading.hidden_button.isVisibleTo(parts.window)
    menu = parts.window.lanes.hidden_menu
    menu.aboutToShow.emit()
    entry(menu, "Show organ").trigger()
    assert "organ" in lanes.order
    entry(parts.window.lanes.menu, "Order")
    parts.window.lanes.menu.aboutToShow.emit()
    entry(parts.window.lanes.menu, "Show all instruments").trigger()
    assert tuple(lanes.order) == LABELS
    assert not lanes.heading.hidden_button.isVisibleTo(parts.window)


def test_keys_pin_move_enlarge_and_hide_the_lane_that_the_keyboard_is_on(qtbot: QtBot, parts: Composition) -> None:
    lanes = shown(qtbot, parts)
    lanes.setFocus(Qt.FocusReason.TabFocusReason)
    for _ in range(3):
        qtbot.keyClick(lanes, Qt.Key.Key_Down)
    label = lanes.canvas.chosen
    assert label == LABELS[3]
    qtbot.keyClick(lanes, Qt.Key.Key_Up, Qt.KeyboardModifier.ControlModifier)
    assert lanes.order.index(label) == 2
    qtbot.keyClick(lanes, Qt.Key.Key_Down, Qt.KeyboardModifier.ControlModifier)
    assert lanes.order.index(label) == 3
    qtbot.keyClick(lanes, Qt.Key.Key_Insert)
    assert lanes.order[0] == label
    qtbot.keyClick(lanes, Qt.Key.Key_Return)
    settle(lanes)
    assert lanes.canvas.place_of(label).height() > 2 * lanes.canvas.place_of(LABELS[0]).height()
    qtbot.keyClick(lanes, Qt.Key.Key_Return)
    qtbot.keyClick(lanes, Qt.Key.Key_Delete)
    assert label not in lanes.order
    assert lanes.canvas.chosen == lanes.order[0]


def test_a_click_enlarges_a_lane_and_tells_its_numbers(qtbot: QtBot, parts: Composition) -> None:
    lanes = shown(qtbot, parts)
    label = "violin"
    for place in (lanes.canvas.place_of(label).center().toPoint(), QPoint(400, 0)):
        if place.y() == 0:
            place.setY(round(lanes.canvas.place_of(label).center().y()))
        qtbot.mouseClick(lanes.canvas, Qt.MouseButton.LeftButton, pos=place)
        settle(lanes)
    assert lanes.arrangement.focused is None  # the second click makes it small again
    handle = lanes.handles.of(label)
    assert handle is not None
    qtbot.mouseClick(handle, Qt.MouseButton.LeftButton)
    assert lanes.arrangement.focused == label
    settle(lanes)
    numbers = lanes.canvas.numbers(label)
    snapshot = FakeSession().snapshot(15.0)
    assert numbers.activation == pytest.approx(float(snapshot.smoothed[-1, LABELS.index(label)]))
    assert 0.0 <= numbers.share <= 1.0
    before = lanes.canvas.grab().toImage()
    lanes.canvas.focus_lane(None)
    assert lanes.canvas.grab().toImage() != before


def test_a_lane_dragged_by_its_name_goes_where_it_is_dropped(qtbot: QtBot, parts: Composition) -> None:
    lanes = shown(qtbot, parts)
    handle = lanes.handles.of("flute")
    assert handle is not None
    goal = lanes.canvas.place_of("organ").center().y()
    at = QPoint(40, handle.height() // 2)
    qtbot.mousePress(handle, Qt.MouseButton.LeftButton, pos=at)
    qtbot.mouseMove(handle, handle.mapFrom(lanes.canvas, QPoint(40, round(goal) - 8)))
    qtbot.mouseMove(handle, handle.mapFrom(lanes.canvas, QPoint(40, round(goal))))
    qtbot.mouseRelease(handle, Qt.MouseButton.LeftButton, pos=at)
    assert lanes.order.index("flute") == LABELS.index("organ")
    assert lanes.arrangement.focused is None


def test_families_stand_together_under_their_names(qtbot: QtBot, parts: Composition) -> None:
    lanes = shown(qtbot, parts)
    entry(parts.window.lanes.menu, "By family").trigger()
    settle(lanes)
    assert lanes.order[:2] == ["cello", "violin"]
    titles = [title for title, _, _ in lanes.arrangement.places(lanes.order, 400.0).headings]
    assert titles == ["strings", "woodwinds", "guitars", "keys", "brass", "voice", "bass", "percussion"]


@pytest.mark.parametrize(("words", "height"), [("Compact", 22), ("Normal", 44), ("Large", 88)])
def test_lanes_are_as_high_as_chosen(qtbot: QtBot, parts: Composition, words: str, height: int) -> None:
    lanes = shown(qtbot, parts)
    entry(parts.window.lanes.menu, words).trigger()
    settle(lanes)
    assert lanes.canvas.place_of("piano").height() == height


def test_every_lane_has_a_name_that_tells_its_numbers(qtbot: QtBot, parts: Composition) -> None:
    lanes = shown(qtbot, parts)
    detected = FakeSession().snapshot(15.0).detected
    for label in lanes.order:
        handle = lanes.handles.of(label)
        assert handle is not None
        words = handle.accessibleName().split(", ")
        assert words[0].lower() == label
        assert words[1].startswith("likely 0.")
        assert words[2].startswith("level ")
        assert words[3] == ("playing" if label in detected else "not playing")


def test_how_lanes_are_arranged_is_remembered(
    qtbot: QtBot, build: Callable[..., Composition], backend: FakeBackend, tmp_path: Path
) -> None:
    store = tmp_path / "settings.ini"
    first = build(backend, Preferences.in_file(store))
    shown(qtbot, first)
    control = first.window.lanes
    control.hide("bass")
    control.pin("voice")
    control.move("drums", -4)
    control.resize("compact")
    order = first.window.page.lanes.order
    first.window.close()
    second = build(backend, Preferences.in_file(store))
    lanes = shown(qtbot, second)
    assert lanes.order == order
    assert lanes.arrangement.size == "compact"
    assert lanes.heading.hidden_button.text() == "1 hidden"


def test_a_lane_moves_no_further_than_its_kind_reaches() -> None:
    arrangement = LaneArrangement(pinned=("c",))
    labels = ("a", "b", "c", "d")
    assert arrangement.visible(labels) == ("c", "a", "b", "d")
    arrangement.move("d", -9, arrangement.visible(labels), labels)
    assert arrangement.visible(labels) == ("c", "d", "a", "b")
    arrangement.move("c", 2, arrangement.visible(labels), labels)
    assert arrangement.visible(labels) == ("c", "d", "a", "b")
    arrangement.hide("a")
    arrangement.move("b", -1, arrangement.visible(labels), labels)
    assert arrangement.visible(labels) == ("c", "b", "d")
    arrangement.show()
    assert sorted(arrangement.visible(labels)) == sorted(labels)


def test_lanes_fill_the_room_and_scroll_where_it_is_too_low() -> None:
    arrangement = LaneArrangement()
    labels = tuple("abcdefghij")
    assert arrangement.places(labels, 400.0).height == 400.0
    low = arrangement.places(labels, 100.0)
    assert low.height == 200.0
    assert all(height >= 20.0 for height in low.heights)
    arrangement.focused = "e"
    assert arrangement.places(labels, 600.0).height == pytest.approx(600.0)
