"""Lanes view: all lanes with their heading; animates changes of order, and scrolls if there are too many lanes."""

from __future__ import annotations

import time

import numpy as np
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QFocusEvent, QKeyEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from irec_live.gui.lane_canvas import LaneCanvas
from irec_live.gui.lane_order import LaneOrder
from irec_live.gui.theme import DARK, LEFT_GUTTER, Theme, font
from irec_live.results import Snapshot

_LOWEST_LANE = 20
_TALLEST_LANE = 132
"""Smallest and largest height of a lane in pixels: room for one line of text; enough to read a curve of 60 dB."""
_GLIDE_S = 0.12
"""Time constant of a lane's movement to its new place."""


class LanesHeading(QWidget):
    """The legend above the lanes."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = DARK
        self.setFixedHeight(20)
        self.setAccessibleName("Legend: likelihood as a line, loudness as an area, threshold as a level")

    def set_theme(self, theme: Theme) -> None:
        """Repaint in another theme."""
        self._theme = theme
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the legend and the heads of the value columns."""
        painter = QPainter(self)
        painter.setFont(font(11))
        painter.setPen(self._theme.color("faint"))
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.drawText(QRectF(16, 0, LEFT_GUTTER - 16, 20), middle, "Instrument")
        x = float(LEFT_GUTTER)
        painter.fillRect(QRectF(x, 10, 16, 1), self._theme.color("muted"))
        painter.drawText(QRectF(x + 22, 0, 130, 20), middle, "likelihood")
        x += 22 + painter.fontMetrics().horizontalAdvance("likelihood") + 18
        painter.fillRect(QRectF(x, 5, 16, 10), self._theme.color("muted", 90))
        painter.drawText(QRectF(x + 22, 0, 200, 20), middle, "loudness, 60 dB")
        x += 22 + painter.fontMetrics().horizontalAdvance("loudness, 60 dB") + 18
        painter.fillRect(QRectF(x, 10, 16, 1), self._theme.color("faint", 110))
        painter.drawText(QRectF(x + 22, 0, 200, 20), middle, "threshold")
        right = middle | Qt.AlignmentFlag.AlignRight
        edge = float(self.width() - 14)
        painter.drawText(QRectF(edge - 112, 0, 60, 20), right, "likely")
        painter.drawText(QRectF(edge - 52, 0, 52, 20), right, "level")
        painter.end()


class LanesView(QWidget):
    """One lane per instrument, the most active first.

    Lane height follows the room there is, between 20 and 132 pixels; below that the lanes scroll.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._labels: tuple[str, ...] = ()
        self._order = LaneOrder(0)
        self._places = np.zeros(0)
        self._drawn_s = 0.0
        self._left: str | None = None  # label that the keyboard was on
        self.canvas = LaneCanvas()
        self.heading = LanesHeading()
        self._scroll = QScrollArea()
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setWidget(self.canvas)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the arrow keys move the playhead
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.heading)
        layout.addWidget(self._scroll, 1)
        self.setMinimumHeight(20 + 2 * _LOWEST_LANE)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAccessibleName("Instruments over time")

    @property
    def order(self) -> list[str]:
        """Labels from top to bottom, as they will be after the animation."""
        return [self._labels[lane] for lane in self._order.order]

    def set_theme(self, theme: Theme) -> None:
        """Repaint in another theme."""
        self.canvas.set_theme(theme)
        self.heading.set_theme(theme)

    def show_snapshot(self, snapshot: Snapshot, now_s: float | None = None) -> None:
        """Draw one snapshot; `now_s`, from a monotonic clock, is the time of the animation."""
        now_s = time.monotonic() if now_s is None else now_s
        if snapshot.labels != self._labels:
            self._labels = snapshot.labels
            self._order = LaneOrder(len(self._labels))
            self._places = np.arange(len(self._labels), dtype=np.float64)
            self._fit()
        self._arrange(snapshot, now_s)
        self.canvas.show_lanes(snapshot, self._places)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move from lane to lane."""
        order = self.order
        steps = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1, Qt.Key.Key_PageUp: -len(order), Qt.Key.Key_PageDown: len(order)}
        step = steps.get(Qt.Key(event.key()))
        if step is None or not order:
            super().keyPressEvent(event)
            return
        chosen = self.canvas.chosen
        former = order.index(chosen) if chosen in order else 0
        self._choose(order[min(max(0, former + step), len(order) - 1)])

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show which lane the keyboard is on: the first, or the one it was on."""
        super().focusInEvent(event)
        if self.order:
            self._choose(self._left if self._left in self.order else self.order[0])

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Hide it."""
        super().focusOutEvent(event)
        self._left = self.canvas.chosen
        self.canvas.choose(None)

    def _choose(self, label: str) -> None:
        self.canvas.choose(label)
        place = self.canvas.place_of(label)
        self._scroll.ensureVisible(0, round(place.center().y()), 0, round(place.height() / 2) + 1)
        self.setAccessibleDescription(self.canvas.lane_text(label))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fit the lanes to the new size."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        room = self.height() - self.heading.height()
        lanes = max(1, len(self._labels))
        height = min(max(room, lanes * _LOWEST_LANE), lanes * _TALLEST_LANE)
        self.canvas.setFixedSize(self._scroll.width(), height)

    def _arrange(self, snapshot: Snapshot, now_s: float) -> None:
        """Move each lane part of the way to its place in the order (exponential smoothing)."""
        activation = self.canvas.curves.activation
        if len(activation) != len(self._labels):
            activation = np.zeros(len(self._labels))
        lit = np.isin(np.array(self._labels, dtype=object), list(snapshot.detected))
        order = self._order.update(activation, lit.astype(np.bool_), now_s)
        target = np.empty(len(order))
        target[order] = np.arange(len(order))
        share = 1.0 - np.exp(-max(0.0, now_s - self._drawn_s) / _GLIDE_S)
        self._drawn_s = now_s
        self._places = self._places + share * (target - self._places)
        # Snap at the end: while places change, however little, the canvas is repainted as a whole.
        self._places[np.abs(target - self._places) < 0.01] = target[np.abs(target - self._places) < 0.01]
