"""Lane handles: an invisible widget over the name of each lane, which can be pressed, dragged and read aloud.

The lanes are painted by one widget, of which a screen reader sees nothing; these give each lane a name of its own.
"""

from __future__ import annotations

from PySide6.QtCore import QObject, QPoint, Qt, Signal
from PySide6.QtGui import QAccessible, QAccessibleEvent, QContextMenuEvent, QMouseEvent
from PySide6.QtWidgets import QWidget

from irec_live.gui.lane_arrangement import LanePlaces
from irec_live.gui.lane_canvas import LaneCanvas
from irec_live.gui.language import tr
from irec_live.gui.theme import LEFT_GUTTER
from irec_live.gui.wording import display_name

_NAMES_EVERY = 15
"""Names with numbers are renewed with every fifteenth snapshot: twice a second."""

_DRAG = 6
"""Pixels that the mouse moves before a press is a drag."""


class LaneHandle(QWidget):
    """The name of one lane: press to focus it, drag it elsewhere, or open its menu."""

    pressed = Signal(str)
    dragged = Signal(str, float)
    """Label, and the vertical pixel of the canvas that it was dragged to."""
    menu_wanted = Signal(str, QPoint)
    """Label, and a point on the screen."""

    def __init__(self, label: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.label = label
        self._from: QPoint | None = None
        self._dragging = False
        self.setAccessibleName(display_name(label))
        hint = tr("Click: enlarge · drag: move · right click: more")
        self.setToolTip(f"{display_name(label)}\n{hint}")
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin a press or a drag."""
        if event.button() == Qt.MouseButton.LeftButton:
            self._from, self._dragging = event.position().toPoint(), False

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag the lane."""
        if self._from is None:
            return
        if (event.position().toPoint() - self._from).manhattanLength() >= _DRAG and not self._dragging:
            self._dragging = True
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
        if self._dragging:
            self.dragged.emit(self.label, self.mapToParent(event.position()).y())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End it."""
        if self._from is not None and not self._dragging:
            self.pressed.emit(self.label)
        self._from, self._dragging = None, False
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Ask for the menu."""
        self.menu_wanted.emit(self.label, event.globalPos())


class LaneHandles(QObject):
    """The handles of all lanes; they keep to their lanes.

    Parameters
    ----------
    canvas : LaneCanvas
        Their parent.
    """

    pressed = Signal(str)
    dragged = Signal(str, float)
    menu_wanted = Signal(str, QPoint)

    def __init__(self, canvas: LaneCanvas) -> None:
        super().__init__(canvas)
        self._canvas = canvas
        self._handles: dict[str, LaneHandle] = {}
        self._places = LanePlaces()
        self._turn = 0

    def of(self, label: str) -> LaneHandle | None:
        """The handle of a lane; None if it has no lane."""
        return self._handles.get(label) if label in self._places.labels else None

    def follow(self, places: LanePlaces) -> None:
        """Put the handles where the lanes are, and renew their names now and then."""
        if places != self._places:
            self._place(places)
            self._turn = 0
        if self._turn % _NAMES_EVERY == 0:
            for label in places.labels:
                self._handles[label].setAccessibleName(self._canvas.numbers(label).spoken())
        self._turn += 1

    def announce(self, label: str) -> None:
        """Tell screen readers that the keyboard is on a lane."""
        handle = self.of(label)
        if handle is not None:
            handle.setAccessibleName(self._canvas.numbers(label).spoken())
            QAccessible.updateAccessibility(QAccessibleEvent(handle, QAccessible.Event.Focus))

    def _place(self, places: LanePlaces) -> None:
        self._places = places
        for label, top, height in zip(places.labels, places.tops, places.heights, strict=True):
            if label not in self._handles:
                self._handles[label] = self._made(label)
            handle = self._handles[label]
            handle.setGeometry(0, round(top), LEFT_GUTTER, round(height))
            handle.show()
        for label, handle in self._handles.items():
            handle.setVisible(label in places.labels)

    def _made(self, label: str) -> LaneHandle:
        handle = LaneHandle(label, self._canvas)
        handle.pressed.connect(self.pressed)
        handle.dragged.connect(self.dragged)
        handle.menu_wanted.connect(self.menu_wanted)
        return handle
