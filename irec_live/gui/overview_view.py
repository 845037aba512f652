"""Overview: the whole session at a glance, its instruments as rows of event bars, and which span the lanes show."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPixmap,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QScrollBar, QSizePolicy, QToolTip, QWidget

from irec_live.gui.focus_ring import paint_focus_ring
from irec_live.gui.hover_text import overview_text
from irec_live.gui.language import tr
from irec_live.gui.overview_painting import (
    labels_in_order,
    paint_rows,
    paint_time_bar,
    paint_view_span,
    paint_waveform,
    ranked_labels,
)
from irec_live.gui.overview_rows import OverviewRows
from irec_live.gui.theme import DARK, LEFT_GUTTER, RIGHT_GUTTER, Theme, font
from irec_live.gui.time_axis import TimeAxis
from irec_live.gui.wording import display_name, percent_text
from irec_live.results import Overview

_BAR, _WAVE = 15, 38
"""Heights of time bar and waveform, pixels."""
_ROWS_TOP = _BAR + _WAVE + 4
_LEAP = 0.1
"""Share of the session that Page Up and Page Down seek."""
_EDGE = 4.0
"""Pixels beside an end of the visible span that take hold of it."""
_NARROWEST = 8.0
"""Width of the handle of the visible span at least: one can take hold of it in a session of hours."""


class OverviewView(QWidget):
    """Shows an `Overview`, drawn once per change, with what moves over it.

    Click: seek in a file, look there in a live session. Shift-drag: select. Drag the handle in the time bar, or one of
    its ends: move or change the visible span. Wheel: zoom; over the names it scrolls.
    """

    seek_requested = Signal(float)
    """Seconds."""
    select_requested = Signal(object)
    """A (start, end) pair in seconds, or None."""
    show_requested = Signal(float, float)
    """Start and end of the span to show, seconds."""
    zoom_requested = Signal(float, float)
    """Factor, and the moment that stays, seconds."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = DARK
        self._overview = Overview()
        self._live = False
        self._rows = OverviewRows(top=_ROWS_TOP)
        self._picture: QPixmap | None = None
        self._position_s = 0.0
        self._selection: tuple[float, float] | None = None
        self._shown = (0.0, 0.0)
        self._drag: tuple[str, float] | None = None
        self._scroll_bar = QScrollBar(Qt.Orientation.Vertical, self)
        self._scroll_bar.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._scroll_bar.valueChanged.connect(self._scroll_to)
        self.setMinimumHeight(_ROWS_TOP)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.setMouseTracking(True)  # tool tips follow the pointer without a button pressed
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.set_live(False)

    @property
    def strips(self) -> list[str]:
        """Labels that have a row, from top to bottom; if there are many, one scrolls."""
        return list(self._rows.labels)

    @property
    def rows(self) -> OverviewRows:
        """Where the rows are."""
        return self._rows

    def set_live(self, live: bool) -> None:
        """Show a live session, or a file."""
        self._live = live
        self._rows.show(())
        self.setAccessibleName(tr("Overview of the session") if live else tr("Overview of the file"))
        if live:
            tip = tr("Click to look there · Shift-drag to select · drag the handle at the top to move the view")
        else:
            tip = tr("Click to seek · Shift-drag to select · drag the handle at the top to move the view")
        self.setToolTip(tip)

    def set_theme(self, theme: Theme) -> None:
        """Repaint in another theme."""
        self._theme = theme
        self._redraw()

    def show_overview(self, overview: Overview) -> None:
        """Show the newest overview."""
        self._overview = overview
        self._rows.show(labels_in_order(overview, self._rows.labels) if self._live else ranked_labels(overview))
        names = _names(self._rows.labels)
        share = percent_text(overview.progress)
        self.setAccessibleDescription(
            names if self._live else tr("{share} analysed. {names}", share=share, names=names)
        )
        self._fit_scroll_bar()
        self._redraw()

    def show_position(self, position_s: float) -> None:
        """Move the playhead."""
        if position_s != self._position_s:
            self._update_between(self._position_s, position_s)
        self._position_s = position_s

    def show_selection(self, selection: tuple[float, float] | None) -> None:
        """Mark the selected span, or none; not while one is being drawn."""
        if selection != self._selection and not (self._drag and self._drag[0] == "select"):
            self._selection = selection
            self.update()

    def show_span(self, start_s: float, end_s: float) -> None:
        """Mark the span that the lanes show."""
        if (start_s, end_s) != self._shown:
            self._update_between(self._shown[0], start_s)
            self._update_between(self._shown[1], end_s)
            self._shown = (start_s, end_s)

    def axis(self) -> TimeAxis:
        """The time axis: the whole session."""
        return TimeAxis(0.0, self._overview.duration_s, self.width())

    def time_at(self, x: float) -> float:
        """Seconds at a horizontal pixel of this widget, clipped to the session."""
        return self.axis().time_at(x) if self._overview.duration_s > 0 else 0.0

    def x_at(self, time_s: float) -> float:
        """Horizontal pixel of a time in the session."""
        return self.axis().x_at(min(max(0.0, time_s), self._overview.duration_s))

    def handle(self) -> QRectF:
        """Where the handle of the visible span is, in the time bar."""
        left, right = self.x_at(self._shown[0]), self.x_at(self._shown[1])
        missing = max(0.0, _NARROWEST - (right - left))
        left = min(max(LEFT_GUTTER, left - missing / 2), LEFT_GUTTER + self._width() - _NARROWEST)
        return QRectF(left, 0, max(_NARROWEST, right - left), _BAR)

    def event(self, event: QEvent) -> bool:
        """No tool tip of the widget where the numbers of a moment are shown."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent) and self.axis().holds(event.pos().x()):
            return True
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the cached picture, then what moves."""
        # The pixel ratio changes when the window is moved to another screen.
        if self._picture is None or self._picture.devicePixelRatio() != self.devicePixelRatioF():
            self._picture = self._drawn()
        painter = QPainter(self)
        painter.drawPixmap(0, 0, self._picture)
        if self._overview.duration_s > 0:
            self._paint_selection(painter)
            if not self._live:
                x = self.x_at(self._position_s)
                painter.fillRect(QRectF(LEFT_GUTTER, _BAR, x - LEFT_GUTTER, _WAVE), self._theme.color("accent", 26))
                painter.fillRect(QRectF(x - 1, _BAR, 2, self.height() - _BAR - 2), self._theme.color("accent"))
            paint_view_span(painter, self.handle(), self.height() - 2.0, self._theme)
        if self.hasFocus():
            place = QRectF(LEFT_GUTTER, 0, self._width(), self.height())
            paint_focus_ring(painter, place, self._theme)
        painter.end()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Page Up, Page Down and End seek, Up and Down scroll; other arrows and Home are shortcuts of the window."""
        key, duration_s = Qt.Key(event.key()), self._overview.duration_s
        position_s = (self._shown[0] + self._shown[1]) / 2 if self._live else self._position_s
        times_s = {
            Qt.Key.Key_PageUp: position_s - _LEAP * duration_s,
            Qt.Key.Key_PageDown: position_s + _LEAP * duration_s,
            Qt.Key.Key_End: duration_s,
        }
        if key in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            self._scroll(self._rows.height * (1 if key == Qt.Key.Key_Down else -1))
        elif key in times_s:
            self.seek_requested.emit(min(max(0.0, times_s[key]), duration_s))
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Draw again at the new size."""
        super().resizeEvent(event)
        self._rows.room = max(0.0, float(self.height() - _ROWS_TOP - 2))
        self._fit_scroll_bar()
        self._redraw()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom the lanes; over the names or the scroll bar, scroll the rows."""
        turned = event.angleDelta().y() / 120
        if not self.axis().holds(event.position().x()):
            self._scroll(-turned * self._rows.height)
        elif self._overview.duration_s > 0:
            self.zoom_requested.emit(2.0 ** (-turned / 3.0), self.time_at(event.position().x()))
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin to seek, to select (Shift, or the right button), or to move the visible span (in the time bar)."""
        place = event.position()
        if place.x() < LEFT_GUTTER or self._overview.duration_s <= 0:
            return
        choosing = event.button() == Qt.MouseButton.RightButton or event.modifiers() & Qt.KeyboardModifier.ShiftModifier
        time_s = self.time_at(place.x())
        if choosing:
            self._drag = ("select", time_s)
        elif place.y() < _BAR:
            self._drag = self._grip(place.x())
            self._move_span(time_s)
        else:
            self._drag = ("seek", time_s)
            self.seek_requested.emit(time_s)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Go on with what was begun, or show a tool tip."""
        time_s = self.time_at(event.position().x())
        if self._drag is None:
            self._explain(event.position(), time_s)
        elif self._drag[0] == "seek":
            self.seek_requested.emit(time_s)
        elif self._drag[0] == "select":
            self._selection = (min(self._drag[1], time_s), max(self._drag[1], time_s))
            self.update()
        else:
            self._move_span(time_s)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Request the selection that was drawn."""
        drag, self._drag = self._drag, None
        if drag is not None and drag[0] == "select":
            self.select_requested.emit((drag[1], self.time_at(event.position().x())))

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Clear the selection."""
        if event.position().x() >= LEFT_GUTTER:
            self.select_requested.emit(None)

    def _grip(self, x: float) -> tuple[str, float]:
        """What a press in the time bar takes hold of, and how far from its middle, seconds."""
        handle, middle_s = self.handle(), (self._shown[0] + self._shown[1]) / 2
        if handle.width() > 4 * _EDGE and abs(x - handle.left()) <= _EDGE:
            return "start", 0.0
        if handle.width() > 4 * _EDGE and abs(x - handle.right()) <= _EDGE:
            return "end", 0.0
        return "move", self.time_at(x) - middle_s if handle.left() <= x <= handle.right() else 0.0

    def _move_span(self, time_s: float) -> None:
        if self._drag is None:
            return
        (what, beside_s), (start_s, end_s) = self._drag, self._shown
        if what == "move":
            half_s = (end_s - start_s) / 2
            self.show_requested.emit(time_s - beside_s - half_s, time_s - beside_s + half_s)
        elif what == "start" and time_s < end_s:
            self.show_requested.emit(time_s, end_s)
        elif what == "end" and time_s > start_s:
            self.show_requested.emit(start_s, time_s)

    def _width(self) -> float:
        return self.axis().plot_width

    def _redraw(self) -> None:
        self._picture = None
        self.update()

    def _update_between(self, former_s: float, time_s: float) -> None:
        # Only the strip between the former and the new place: this runs thirty times a second.
        former, place = round(self.x_at(former_s)), round(self.x_at(time_s))
        if former != place:
            left, right = min(former, place) - _NARROWEST, max(former, place) + _NARROWEST
            self.update(int(left), 0, int(right - left) + 1, self.height())

    def _scroll(self, by: float) -> None:
        self._scroll_bar.setValue(round(self._rows.offset + by))

    def _scroll_to(self, offset: int) -> None:
        if self._rows.scroll(offset - self._rows.offset):
            self._redraw()

    def _fit_scroll_bar(self) -> None:
        self._rows.scroll(0.0)
        hidden = round(self._rows.hidden)
        self._scroll_bar.setVisible(hidden > 0)
        self._scroll_bar.setRange(0, hidden)
        self._scroll_bar.setPageStep(max(1, round(self._rows.room)))
        self._scroll_bar.setValue(round(self._rows.offset))
        self._scroll_bar.setGeometry(round(LEFT_GUTTER + self._width()) + 4, _ROWS_TOP, 8, round(self._rows.room))

    def _drawn(self) -> QPixmap:
        density = self.devicePixelRatioF()
        picture = QPixmap(self.size() * density)
        picture.setDevicePixelRatio(density)
        picture.fill(self._theme.color("ground"))
        painter = QPainter(picture)
        wave = QRectF(LEFT_GUTTER, _BAR, self._width(), _WAVE)
        painter.fillRect(wave, self._theme.color("surface"))
        paint_time_bar(painter, QRectF(LEFT_GUTTER, 0, self._width(), _BAR), self._overview.duration_s, self._theme)
        paint_waveform(painter, wave, self._overview, self._theme.color("muted"))
        plot = QRectF(LEFT_GUTTER, _ROWS_TOP, self._width(), self._rows.room)
        paint_rows(painter, self._rows, plot, self._overview, self._theme)
        self._paint_progress(painter, wave)
        painter.end()
        return picture

    def _paint_progress(self, painter: QPainter, wave: QRectF) -> None:
        progress = self._overview.progress
        if progress >= 1.0:
            return
        painter.fillRect(QRectF(wave.left(), wave.bottom(), wave.width(), 2), self._theme.color("hover"))
        painter.fillRect(QRectF(wave.left(), wave.bottom(), wave.width() * progress, 2), self._theme.color("accent"))
        painter.setFont(font(11))
        painter.setPen(self._theme.color("muted"))
        place = QRectF(wave.right() + 10, wave.top(), RIGHT_GUTTER - 20, wave.height())
        text = tr("Analysing\n{share}", share=percent_text(progress))
        painter.drawText(place, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)

    def _paint_selection(self, painter: QPainter) -> None:
        if self._selection is None:
            return
        left, right = self.x_at(self._selection[0]), self.x_at(self._selection[1])
        painter.fillRect(QRectF(left, _BAR, right - left, self.height() - _BAR), self._theme.color("warning", 46))
        for edge in (left, right):
            painter.fillRect(QRectF(edge - 1, _BAR, 2, self.height() - _BAR), self._theme.color("warning"))

    def _explain(self, point: QPointF, time_s: float) -> None:
        if not self.axis().holds(point.x()) or self._overview.duration_s <= 0:
            return
        text = overview_text(self._overview, self._rows.label_at(point.y()), time_s)
        QToolTip.showText(self.mapToGlobal(point.toPoint()), text, self)


def _names(labels: Sequence[str]) -> str:
    return ", ".join(display_name(label) for label in labels)
