"""Marks over lanes and spectrogram: the selected span, the playhead, an event that was chosen, the pointer's moment.

A transparent widget over both, so that neither has to be painted anew. It is hidden while there is nothing to mark.
"""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from irec_live.gui.themed_widget import ThemedWidget
from irec_live.gui.time_axis import TimeAxis

Span = tuple[float, float]


class TimeOverlay(ThemedWidget):
    """Paints the marks; takes no mouse.

    Parameters
    ----------
    parent : QWidget
        What it is painted over; its owner keeps it at the right place.
    """

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._axis = TimeAxis(0.0, 1.0, 1.0)
        self._selection: Span | None = None
        self._event: Span | None = None
        self._playhead_s: float | None = None
        self._pointer_s: float | None = None
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()

    @property
    def playhead_s(self) -> float | None:
        """Where the playhead is marked."""
        return self._playhead_s

    @property
    def pointer_s(self) -> float | None:
        """Where the pointer is marked."""
        return self._pointer_s

    def show_marks(
        self, axis: TimeAxis, *, selection: Span | None, event: Span | None, playhead_s: float | None
    ) -> None:
        """Mark spans and the playhead on a time axis; None for those that are not there."""
        marks = (axis, selection, event, playhead_s)
        if marks == (self._axis, self._selection, self._event, self._playhead_s):
            return
        self._axis, self._selection, self._event, self._playhead_s = marks
        self._refresh()

    def show_pointer(self, time_s: float | None) -> None:
        """Mark the pointer's moment, or none."""
        if time_s != self._pointer_s:
            self._pointer_s = time_s
            self._refresh()

    def _refresh(self) -> None:
        marks = (self._selection, self._event, self._playhead_s, self._pointer_s)
        self.setVisible(any(mark is not None for mark in marks))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the marks."""
        painter = QPainter(self)
        left, right = self._axis.x_at(self._axis.start_s), self._axis.x_at(self._axis.end_s)
        painter.setClipRect(QRectF(left, 0, right - left, self.height()))
        if self._selection is not None:
            self._paint_span(painter, self._selection, "warning", 40)
        if self._event is not None:
            self._paint_span(painter, self._event, "text", 0)
        if self._pointer_s is not None:
            x = self._axis.x_at(self._pointer_s)
            painter.setPen(QPen(self._theme.color("muted"), 1.0, Qt.PenStyle.DotLine))
            painter.drawLine(QPointF(x, 0), QPointF(x, self.height()))
        if self._playhead_s is not None:
            x = self._axis.x_at(self._playhead_s)
            painter.fillRect(QRectF(x - 1, 0, 2, self.height()), self._theme.color("accent"))
        painter.end()

    def _paint_span(self, painter: QPainter, span: Span, color: str, alpha: int) -> None:
        left, right = (self._axis.x_at(time_s) for time_s in span)
        painter.fillRect(QRectF(left, 0, right - left, self.height()), self._theme.color(color, alpha))
        for x in (left, right):
            painter.fillRect(QRectF(x - 1, 0, 2, self.height()), self._theme.color(color))
