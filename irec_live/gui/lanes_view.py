"""Lanes view: the lanes with their heading; animates changes of places, and scrolls if there are too many lanes."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QToolButton, QVBoxLayout, QWidget

from irec_live.gui.lane_arrangement import LOWEST, LaneArrangement, LanePlaces
from irec_live.gui.lane_canvas import LaneCanvas
from irec_live.gui.lane_curves import Floats
from irec_live.gui.lane_handle import LaneHandles
from irec_live.gui.lane_order import LaneOrder
from irec_live.gui.language import tr
from irec_live.gui.theme import LEFT_GUTTER, Theme, font
from irec_live.gui.themed_widget import ThemedWidget
from irec_live.results import Snapshot

_GLIDE_S = 0.12
"""Time constant of a lane's movement to its new place."""
_LEAST_COMPARISON = 60.0
"""Pixels for the name of a second model; with less there is none."""


class LanesHeading(ThemedWidget):
    """The legend above the lanes."""

    def __init__(self) -> None:
        super().__init__()
        self._comparison = ""
        self.setFixedHeight(20)
        self.setAccessibleName(tr("Legend: likelihood as a line, loudness as an area, threshold as a level"))
        self.hidden_button = QToolButton(self)
        self.hidden_button.setProperty("flat", True)
        self.hidden_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.hidden_button.setToolTip(tr("Show instruments that are hidden"))
        self.hidden_button.setStyleSheet(
            "QToolButton { font-size: 11px; padding: 0 4px; min-height: 0; } QToolButton:focus { border-width: 2px; }"
        )
        self.hidden_button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.hidden_button.hide()

    def show_comparison(self, text: str) -> None:
        """Name the second model and its cost; empty for none."""
        if text != self._comparison:
            self._comparison = text
            self.setAccessibleDescription(tr("Dashed: {model}", model=text) if text else "")
            self.update()

    def _paint_legend(self, painter: QPainter, end: float) -> float:
        """Paint what the curves mean, as far as there is room up to `end`; where it is over."""
        x = float(LEFT_GUTTER)
        for text, top, height, color in (
            (tr("likelihood"), 10, 1, self._theme.color("muted")),
            (tr("loudness, 60 dB"), 5, 10, self._theme.color("muted", 90)),
            (tr("threshold"), 10, 1, self._theme.color("faint", 110)),
        ):
            width = painter.fontMetrics().horizontalAdvance(text)
            if x + 22 + width > end:
                break
            painter.fillRect(QRectF(x, top, 16, height), color)
            painter.drawText(QRectF(x + 22, 0, width + 2, 20), Qt.AlignmentFlag.AlignVCenter, text)
            x += 22 + width + 18
        return x

    def _paint_comparison(self, painter: QPainter, place: QRectF) -> None:
        pen = QPen(self._theme.color("text"), 1.0, Qt.PenStyle.DashLine)
        painter.setPen(pen)
        painter.drawLine(QPointF(place.left(), 10), QPointF(place.left() + 18, 10))
        painter.setPen(self._theme.color("muted"))
        room = round(place.width()) - 24
        text = painter.fontMetrics().elidedText(
            tr("{model} · hatched: they disagree", model=self._comparison), Qt.TextElideMode.ElideRight, room
        )
        painter.drawText(place.adjusted(24, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, text)

    def show_hidden(self, count: int) -> None:
        """Say how many instruments are hidden."""
        self.hidden_button.setText(tr("%n hidden", "", count))
        self.hidden_button.setAccessibleName(tr("%n instruments are hidden", "", count))
        self.hidden_button.setVisible(count > 0)
        width = self.hidden_button.sizeHint().width()
        self.hidden_button.setGeometry(LEFT_GUTTER - 10 - width, 1, width, 18)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the legend and the heads of the value columns."""
        painter = QPainter(self)
        painter.setFont(font(11))
        painter.setPen(self._theme.color("faint"))
        middle = Qt.AlignmentFlag.AlignVCenter
        head = tr("Instrument")
        if self.hidden_button.isHidden() or 16 + painter.fontMetrics().horizontalAdvance(head) < self.hidden_button.x():
            painter.drawText(QRectF(16, 0, LEFT_GUTTER - 16, 20), middle, head)
        right, edge = middle | Qt.AlignmentFlag.AlignRight, float(self.width() - 14)
        likely = tr("likely")
        painter.drawText(QRectF(edge - 112, 0, 60, 20), right, likely)
        painter.drawText(QRectF(edge - 52, 0, 52, 20), right, tr("level"))
        end = edge - 52 - painter.fontMetrics().horizontalAdvance(likely) - 10
        x = self._paint_legend(painter, end)
        if self._comparison and end - x > _LEAST_COMPARISON:
            self._paint_comparison(painter, QRectF(x, 0, end - x, 20))
        painter.end()


class LanesView(QWidget):
    """One lane per instrument, where `arrangement` has it.

    A lane that moves glides to its new place, over those that it passes.
    """

    labels_changed = Signal()
    """Other models run."""
    key_wanted = Signal(str, int, object)
    """Label that the keyboard is on, a key, and its modifiers: a key that moves from lane to lane is not among them."""

    def __init__(self) -> None:
        super().__init__()
        self.arrangement = LaneArrangement()
        self._labels: tuple[str, ...] = ()
        self._order = LaneOrder(0)
        self._target = LanePlaces()
        self._there: LanePlaces | None = None  # where all lanes are
        self._tops: Floats = np.zeros(0)
        self._heights: Floats = np.zeros(0)
        self._drawn_s = 0.0
        self._left: str | None = None  # label that the keyboard was on
        self._revealed: str | None = None  # label that was scrolled to, until the user scrolls
        self.canvas = LaneCanvas()
        self.handles = LaneHandles(self.canvas)
        self.heading = LanesHeading()
        self._scroll = QScrollArea()
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setWidget(self.canvas)
        self._scroll.verticalScrollBar().actionTriggered.connect(self._on_scrolled)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the arrow keys move the playhead
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.heading)
        layout.addWidget(self._scroll, 1)
        self.setMinimumHeight(20 + 2 * round(LOWEST))
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAccessibleName(tr("Instruments over time"))

    @property
    def labels(self) -> tuple[str, ...]:
        """All labels of the models in use, hidden ones, too."""
        return self._labels

    @property
    def order(self) -> list[str]:
        """Labels with a lane from top to bottom, as they will be after the animation."""
        return list(self._target.labels)

    def set_theme(self, theme: Theme) -> None:
        """Repaint in another theme."""
        self.canvas.set_theme(theme)
        self.heading.set_theme(theme)

    def show_snapshot(self, snapshot: Snapshot, now_s: float | None = None, heard: Snapshot | None = None) -> None:
        """Draw one snapshot, with the numbers of another one, if that is heard.

        `now_s`, from a monotonic clock, is the time of the animation.
        """
        if heard is not None:
            snapshot = replace(snapshot, detected=heard.detected)
        now_s = time.monotonic() if now_s is None else now_s
        if snapshot.labels != self._labels:
            self._labels = snapshot.labels
            self._order = LaneOrder(len(self._labels))
            self._tops = self._heights = np.zeros(len(self._labels))
            self.rearrange()
            self.labels_changed.emit()
        self._sort(snapshot, now_s)
        self._glide(now_s)
        self.canvas.show_lanes(snapshot, self._tops, self._heights, self._target.headings, heard)
        self.handles.follow(self._target)

    def rearrange(self) -> None:
        """Give every lane its place, after the arrangement was changed."""
        strongest = [self._labels[lane] for lane in self._order.order]
        shown = self.arrangement.visible(self._labels, strongest)
        self._target = self.arrangement.places(shown, self.height() - self.heading.height())
        self.canvas.setFixedSize(self._scroll.width(), max(1, round(self._target.height)))
        focused = self.arrangement.focused
        self.canvas.focus_lane(focused if focused in shown else None)
        if self.canvas.chosen is not None and self.canvas.chosen not in shown and shown:
            self.choose(shown[0])

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move from lane to lane, or ask for what other keys stand for."""
        order = self.order
        steps = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1, Qt.Key.Key_PageUp: -len(order), Qt.Key.Key_PageDown: len(order)}
        step = steps.get(Qt.Key(event.key()))
        chosen = self.canvas.chosen
        if step is not None and order and not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            former = order.index(chosen) if chosen in order else 0
            self.choose(order[min(max(0, former + step), len(order) - 1)])
        elif chosen is not None and event.key() in _LANE_KEYS:
            self.key_wanted.emit(chosen, event.key(), event.modifiers())
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show which lane the keyboard is on: the first, or the one it was on."""
        super().focusInEvent(event)
        if self.order:
            self.choose(self._left if self._left in self.order else self.order[0])

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Hide it."""
        super().focusOutEvent(event)
        self._left = self.canvas.chosen
        self.canvas.choose(None)

    def choose(self, label: str) -> None:
        """Put the keyboard on a lane."""
        self.canvas.choose(label)
        self.reveal(label)
        self.setAccessibleDescription(self.canvas.numbers(label).spoken())
        self.handles.announce(label)

    def label_at(self, y: float) -> str | None:
        """Label of the lane that will be at a vertical pixel of the canvas after the animation."""
        places = self._target
        for label, top, height in zip(places.labels, places.tops, places.heights, strict=True):
            if top <= y < top + height:
                return label
        return None

    def reveal(self, label: str) -> None:
        """Scroll to a lane, and keep it in view when the room changes, as a message takes some."""
        self._revealed = label
        if label in self._target.labels:
            lane = self._target.labels.index(label)
            top, height = self._target.tops[lane], self._target.heights[lane]
            self._scroll.ensureVisible(0, round(top + height / 2), 0, round(height / 2) + 1)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fit the lanes to the new size."""
        super().resizeEvent(event)
        self.rearrange()
        if self._revealed is not None:
            self.reveal(self._revealed)

    def _on_scrolled(self) -> None:
        self._revealed = None

    def _sort(self, snapshot: Snapshot, now_s: float) -> None:
        """Follow the activity of the lanes, if that is how they are sorted."""
        if self.arrangement.sorting != "strongest":
            return
        activation = np.nan_to_num(self.canvas.curves.activation)  # NaN where the playhead is ahead of the analysis
        if len(activation) != len(self._labels):
            activation = np.zeros(len(self._labels))
        lit = np.isin(np.array(self._labels, dtype=object), list(snapshot.detected))
        former = self._order.order
        if not np.array_equal(self._order.update(activation, lit.astype(np.bool_), now_s), former):
            self.rearrange()

    def _glide(self, now_s: float) -> None:
        """Move each lane part of the way to its place (exponential smoothing); a lane that is new is there at once."""
        passed_s, self._drawn_s = max(0.0, now_s - self._drawn_s), now_s
        if self._there is self._target:
            return
        tops, heights = np.zeros(len(self._labels)), np.zeros(len(self._labels))
        index = {label: lane for lane, label in enumerate(self._labels)}
        lanes = [index[label] for label in self._target.labels]
        tops[lanes], heights[lanes] = self._target.tops, self._target.heights
        share = 1.0 - np.exp(-passed_s / _GLIDE_S)
        moved = self._tops + share * (tops - self._tops)
        grown = self._heights + share * (heights - self._heights)
        # Snap at the end: while places change, however little, the canvas is repainted as a whole.
        there = (np.abs(tops - moved) < 0.5) | (self._heights == 0.0) | (heights == 0.0)
        grown_up = (np.abs(heights - grown) < 0.5) | (self._heights == 0.0) | (heights == 0.0)
        self._tops, self._heights = np.where(there, tops, moved), np.where(grown_up, heights, grown)
        self._there = self._target if there.all() and grown_up.all() else None


_LANE_KEYS = frozenset(
    (
        Qt.Key.Key_Up,
        Qt.Key.Key_Down,
        Qt.Key.Key_Return,
        Qt.Key.Key_Enter,
        Qt.Key.Key_Delete,
        Qt.Key.Key_Insert,
        Qt.Key.Key_Backspace,
        Qt.Key.Key_Menu,
    )
)
