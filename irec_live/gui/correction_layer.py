"""Correction layer: over the lanes, the events of a person with outline and hatching, and the one that is held.

While events are corrected it has the mouse: a click takes an event, its edges can be dragged, and a drag on an empty
part of a lane draws a new one.
"""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import QEvent, QObject, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QBrush, QMouseEvent, QPainter, QPaintEvent, QPen

from irec_live.corrections import Span
from irec_live.gui.lane_canvas import LaneCanvas
from irec_live.gui.theme import LEFT_GUTTER
from irec_live.gui.themed_widget import ThemedWidget
from irec_live.results import Event, Snapshot

Grip = Literal["onset", "offset", "new"]

EDGE = 7.0
"""Pixels from an edge within which it is taken."""

LEAST_S = 0.05
"""Shortest event that is drawn by hand."""


class CorrectionLayer(ThemedWidget):
    """Covers the lane canvas; GUI thread only."""

    taken = Signal(object)
    """The `Event` that was clicked, or None beside all."""
    moved = Signal(object, object)
    """The `Event` whose edge was dragged, and its new `Span`."""
    drawn = Signal(object)
    """The `Span` of a new event."""

    def __init__(self, canvas: LaneCanvas) -> None:
        super().__init__(canvas)
        self._canvas = canvas
        self._seen = False  # whether corrected events are shown
        self._snapshot = Snapshot()
        self._held: Span | None = None
        self._drag: tuple[Grip, Event | None, Span] | None = None
        self._on = False
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        canvas.installEventFilter(self)
        self._fit()

    def set_on(self, on: bool) -> None:
        """Take the mouse, or leave it to others."""
        self._on, self._drag = on, None
        if on:  # whoever filters last is asked first
            self._canvas.removeEventFilter(self)
            self._canvas.installEventFilter(self)
        self.update()

    def hold(self, span: Span | None) -> None:
        """Mark the event that keys act on."""
        if span != self._held:
            self._held = span
            self.update()

    def show_snapshot(self, snapshot: Snapshot) -> None:
        """Follow the view."""
        seen = self._seen
        if snapshot.events != self._snapshot.events:  # of a long span there are thousands, and rarely new ones
            self._seen = any(event.corrected for event in snapshot.events)
        self._snapshot = snapshot
        if seen or self._seen or self._held is not None or self._drag is not None:
            self.update()

    def place_of(self, span: Span) -> QRectF:
        """Where an event is drawn; empty if its label has no lane."""
        row = self._canvas.place_of(span.label)
        if row.isEmpty():
            return QRectF()
        left, right = self._x(span.onset_s), self._x(span.offset_s)
        return QRectF(left, row.top() + 2, right - left, row.height() - 5)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keep its size; take the mouse while it is on."""
        if event.type() in (QEvent.Type.Resize, QEvent.Type.Show):
            self._fit()
        if not self._on or not isinstance(event, QMouseEvent):
            return False
        if event.type() == QEvent.Type.MouseButtonPress and event.button() == Qt.MouseButton.LeftButton:
            return self._press(event.position())
        if event.type() == QEvent.Type.MouseMove:
            return self._move(event.position())
        if event.type() == QEvent.Type.MouseButtonRelease and self._drag is not None:
            return self._release()
        return False

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint what a person set, and what is held or drawn."""
        painter = QPainter(self)
        painter.setClipRect(QRectF(LEFT_GUTTER, 0, self._canvas.plot_width(), self.height()))
        for heard in self._snapshot.events:
            if heard.corrected and heard.offset_s is not None:
                self._paint_corrected(painter, self.place_of(Span(heard.label, heard.onset_s, heard.offset_s)))
        span = self._drag[2] if self._drag is not None else self._held
        if span is not None:
            place = self.place_of(span)
            if not place.isEmpty():
                self._paint_held(painter, place)
        painter.end()

    def _paint_corrected(self, painter: QPainter, place: QRectF) -> None:
        painter.setPen(QPen(self._theme.color("text"), 1.0))
        painter.setBrush(QBrush(self._theme.color("text", 70), Qt.BrushStyle.FDiagPattern))
        painter.drawRect(place)

    def _paint_held(self, painter: QPainter, place: QRectF) -> None:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(self._theme.color("accent"), 2.0, Qt.PenStyle.DashLine))
        painter.drawRect(place)
        painter.setBrush(self._theme.color("accent"))
        painter.setPen(Qt.PenStyle.NoPen)
        for x in (place.left(), place.right()):
            painter.drawRect(QRectF(x - 3, place.center().y() - 8, 6, 16))

    def _fit(self) -> None:
        self.setGeometry(self._canvas.rect())
        self.raise_()

    def _x(self, time_s: float) -> float:
        span_s = max(self._snapshot.span_s, 1e-3)
        return LEFT_GUTTER + (time_s - self._snapshot.time_s + span_s) * self._canvas.plot_width() / span_s

    def _time(self, x: float) -> float:
        span_s = max(self._snapshot.span_s, 1e-3)
        share = (x - LEFT_GUTTER) / self._canvas.plot_width()
        return max(0.0, self._snapshot.time_s - span_s * (1.0 - min(1.0, max(0.0, share))))

    def _event_at(self, place: QPointF) -> Event | None:
        """The event under the pointer, the shortest of several, edges included."""
        label = self._canvas.label_at(place.y())
        end_s = self._snapshot.time_s
        found = [
            event
            for event in self._snapshot.events
            if event.label == label
            and self._x(event.onset_s) - EDGE <= place.x() <= self._x(event.offset_s or end_s) + EDGE
        ]
        return min(found, key=lambda event: (event.offset_s or end_s) - event.onset_s, default=None)

    def _press(self, place: QPointF) -> bool:
        label = self._canvas.label_at(place.y())
        if label is None or not LEFT_GUTTER <= place.x() <= LEFT_GUTTER + self._canvas.plot_width():
            return False
        event = self._event_at(place)
        time_s = self._time(place.x())
        if event is None:
            self._drag = ("new", None, Span(label, time_s, time_s + 1e-6))
            self.taken.emit(None)
            return True
        span = Span.of(event, self._snapshot.time_s)
        self.taken.emit(event)
        near_onset, near_offset = (abs(self._x(edge) - place.x()) for edge in (span.onset_s, span.offset_s))
        if min(near_onset, near_offset) <= EDGE:
            self._drag = ("onset" if near_onset <= near_offset else "offset", event, span)
        return True

    def _move(self, place: QPointF) -> bool:
        if self._drag is None:
            event = self._event_at(place)
            near = event is not None and any(
                abs(self._x(edge) - place.x()) <= EDGE for edge in (event.onset_s, event.offset_s or -1.0)
            )
            self._canvas.setCursor(Qt.CursorShape.SplitHCursor if near else Qt.CursorShape.ArrowCursor)
            return True
        grip, event, span = self._drag
        time_s = self._time(place.x())
        if grip == "onset":
            span = Span(span.label, min(time_s, span.offset_s - LEAST_S), span.offset_s)
        elif grip == "offset":
            span = Span(span.label, span.onset_s, max(time_s, span.onset_s + LEAST_S))
        else:
            span = Span(span.label, span.onset_s, max(time_s, span.onset_s + 1e-6))
        self._drag = (grip, event, span)
        self.update()
        return True

    def _release(self) -> bool:
        drag, self._drag = self._drag, None
        if drag is not None:
            _, event, span = drag
            if event is not None and span != Span.of(event, self._snapshot.time_s):
                self.moved.emit(event, span)
            elif event is None and span.offset_s - span.onset_s >= LEAST_S:
                self.drawn.emit(span)
        self.update()
        return True
