"""Lane control: what mouse, keyboard and menus do with lanes, and what of it is remembered."""

from __future__ import annotations

from functools import partial
from typing import cast

from PySide6.QtCore import QEvent, QObject, QPoint, Qt
from PySide6.QtGui import QContextMenuEvent, QKeySequence, QMouseEvent
from PySide6.QtWidgets import QMenu

from irec_live.gui import settings_schema as schema
from irec_live.gui.lane_arrangement import SIZES, SORTINGS, Size, Sorting
from irec_live.gui.lanes_view import LanesView
from irec_live.gui.language import tr
from irec_live.gui.menu_entries import entry
from irec_live.gui.preferences import Preferences
from irec_live.gui.theme import LEFT_GUTTER
from irec_live.gui.wording import display_name, label_text

_CLICK = 4
"""Pixels that the mouse may move between press and release of a click."""


class LaneControl(QObject):
    """Connects one `LanesView` with its menus and the preferences.

    Parameters
    ----------
    lanes : LanesView
    preferences : Preferences
    menu : QMenu
        Gets a submenu about instruments.
    """

    def __init__(self, lanes: LanesView, preferences: Preferences, menu: QMenu) -> None:
        super().__init__(lanes)
        self._lanes, self._preferences = lanes, preferences
        self._pressed: QPoint | None = None
        self._restore()
        self.menu = menu.addMenu(tr("&Instruments"))
        self.menu.aboutToShow.connect(lambda: self._fill(self.menu))
        self._fill(self.menu)
        self.hidden_menu = QMenu(lanes)
        self.hidden_menu.aboutToShow.connect(self._fill_hidden_menu)
        lanes.heading.hidden_button.setMenu(self.hidden_menu)
        lanes.handles.pressed.connect(self.focus)
        lanes.handles.dragged.connect(self._drag)
        lanes.handles.menu_wanted.connect(lambda label, point: self.lane_menu(label).popup(point))
        lanes.key_wanted.connect(self._key)
        lanes.labels_changed.connect(self._show_hidden)
        lanes.canvas.installEventFilter(self)
        self._show_hidden()

    def focus(self, label: str) -> None:
        """Make a lane larger, with its numbers; or as the others again."""
        self._lanes.arrangement.toggle_focus(label)
        self._lanes.rearrange()
        self._lanes.reveal(label)

    def hide(self, label: str) -> None:
        """Take a lane away."""
        self._lanes.arrangement.hide(label)
        self._changed()

    def show(self, label: str | None = None) -> None:
        """Bring a lane back, or all that are hidden."""
        self._lanes.arrangement.show(label)
        self._changed()

    def pin(self, label: str) -> None:
        """Keep a lane above the others, or no longer."""
        self._lanes.arrangement.toggle_pin(label)
        self._changed()

    def move(self, label: str, by: int) -> None:
        """Move a lane down, or up if `by` is negative."""
        self._lanes.arrangement.move(label, by, self._lanes.order, self._lanes.labels)
        self._changed()
        self._lanes.reveal(label)

    def sort(self, sorting: Sorting) -> None:
        """Choose how lanes are sorted."""
        self._lanes.arrangement.sorting = sorting
        self._changed()

    def resize(self, size: Size) -> None:
        """Choose how high lanes are."""
        self._lanes.arrangement.size = size
        self._changed()

    def lane_menu(self, label: str) -> QMenu:
        """The menu of one lane."""
        arrangement, order = self._lanes.arrangement, self._lanes.order
        menu = QMenu(self._lanes)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(display_name(label)).setEnabled(False)
        text = tr("Smaller again") if arrangement.focused == label else tr("Enlarge")
        entry(menu, _keyed(text, "Enter"), lambda: self.focus(label))
        text = tr("Unpin") if label in arrangement.pinned else tr("Pin to the top")
        entry(menu, _keyed(text, "Ins"), lambda: self.pin(label))
        up = entry(menu, _keyed(tr("Move up"), "Ctrl+Up"), lambda: self.move(label, -1))
        up.setEnabled(label != order[0])
        down = entry(menu, _keyed(tr("Move down"), "Ctrl+Down"), lambda: self.move(label, 1))
        down.setEnabled(label != order[-1])
        entry(menu, _keyed(tr("Hide"), "Del"), lambda: self.hide(label))
        menu.addSeparator()
        self._fill_hidden(menu.addMenu(tr("Hidden")))
        self._add_choices(menu)
        return menu

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Focus the lane that was clicked, and open its menu."""
        if event.type() == QEvent.Type.MouseButtonPress and isinstance(event, QMouseEvent):
            left = event.button() == Qt.MouseButton.LeftButton and not event.modifiers()
            self._pressed = event.position().toPoint() if left else None
        elif event.type() == QEvent.Type.MouseButtonRelease and isinstance(event, QMouseEvent):
            pressed, self._pressed = self._pressed, None
            at = event.position().toPoint()
            label = self._lanes.canvas.label_at(at.y())
            if pressed is not None and label is not None and (at - pressed).manhattanLength() < _CLICK:
                self.focus(label)
        elif event.type() == QEvent.Type.ContextMenu and isinstance(event, QContextMenuEvent):
            label = self._lanes.canvas.label_at(event.pos().y())
            if label is not None:
                self.lane_menu(label).popup(event.globalPos())
                return True
        return False

    def _key(self, label: str, key: int, modifiers: Qt.KeyboardModifier) -> None:
        if key in (Qt.Key.Key_Up, Qt.Key.Key_Down) and modifiers & Qt.KeyboardModifier.ControlModifier:
            self.move(label, -1 if key == Qt.Key.Key_Up else 1)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.focus(label)
        elif key == Qt.Key.Key_Delete:
            self.hide(label)
        elif key == Qt.Key.Key_Insert:
            self.pin(label)
        elif key == Qt.Key.Key_Menu:
            canvas = self._lanes.canvas
            place = canvas.place_of(label).toRect().bottomLeft() + QPoint(LEFT_GUTTER // 2, 0)
            self.lane_menu(label).popup(canvas.mapToGlobal(place))

    def _drag(self, label: str, y: float) -> None:
        """Move a lane to where the mouse is."""
        order, goal = self._lanes.order, self._lanes.label_at(y)
        if goal is not None and goal != label:
            self.move(label, order.index(goal) - order.index(label))

    def _changed(self) -> None:
        arrangement, put = self._lanes.arrangement, self._preferences.put
        put(schema.LANE_SORTING, arrangement.sorting)
        put(schema.LANE_SIZE, arrangement.size)
        put(schema.LANE_ORDER, arrangement.order)
        put(schema.LANE_HIDDEN, arrangement.hidden)
        put(schema.LANE_PINNED, arrangement.pinned)
        self._lanes.rearrange()
        self._show_hidden()

    def _restore(self) -> None:
        arrangement, get = self._lanes.arrangement, self._preferences.get
        arrangement.sorting = cast("Sorting", get(schema.LANE_SORTING))
        arrangement.size = cast("Size", get(schema.LANE_SIZE))
        arrangement.order = get(schema.LANE_ORDER)
        arrangement.hidden = get(schema.LANE_HIDDEN)
        arrangement.pinned = get(schema.LANE_PINNED)

    def _show_hidden(self) -> None:
        self._lanes.heading.show_hidden(len(self._lanes.arrangement.hidden_among(self._lanes.labels)))

    def _fill(self, menu: QMenu) -> None:
        menu.clear()
        self._add_choices(menu)
        menu.addSeparator()
        self._fill_hidden(menu)

    def _add_choices(self, menu: QMenu) -> None:
        arrangement = self._lanes.arrangement
        order = menu.addMenu(tr("Order"))
        for sorting, text in SORTINGS.items():
            entry(order, tr(text), partial(self.sort, sorting), checked=arrangement.sorting == sorting)
        height = menu.addMenu(tr("Height"))
        for size, text in SIZES.items():
            entry(height, tr(text), partial(self.resize, size), checked=arrangement.size == size)

    def _fill_hidden(self, menu: QMenu) -> None:
        hidden = self._lanes.arrangement.hidden_among(self._lanes.labels)
        everything = entry(menu, tr("Show all instruments"), self.show)
        everything.setEnabled(bool(hidden))
        for label in hidden:
            entry(menu, tr("Show {label}", label=label_text(label)), partial(self.show, label))

    def _fill_hidden_menu(self) -> None:
        self.hidden_menu.clear()
        self._fill_hidden(self.hidden_menu)


def _keyed(text: str, keys: str) -> str:
    """A text of a menu, and the key of the lanes that does the same."""
    return f"{text}\t{QKeySequence(keys).toString(QKeySequence.SequenceFormat.NativeText)}"
