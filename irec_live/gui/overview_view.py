"""File overview widget: waveform, a strip per detected instrument, progress, playhead and loop."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPixmap, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from irec_live.gui.focus_ring import paint_focus_ring
from irec_live.gui.overview_art import paint_waveform, ranked_labels, strip_image
from irec_live.gui.theme import DARK, LEFT_GUTTER, RIGHT_GUTTER, Theme, font
from irec_live.gui.wording import clock_text, display_name, percent_text
from irec_live.results import Overview

_WAVE = 50
"""Height in pixels."""
_LOWEST_STRIP, _TALLEST_STRIP = 11.0, 16.0
"""Thinner ones could not be read."""
_LEAP = 0.1
"""Share of the file that Page Up and Page Down seek."""
_SHORTEST_LOOP_S = 0.25
"""A shorter Shift-drag clears the loop."""


class OverviewView(QWidget):
    """Shows an `Overview`, drawn once per change, with the playhead over it. Click: seek; Shift-drag: choose a loop."""

    seek_requested = Signal(float)
    """Seconds."""
    loop_requested = Signal(object)
    """A (start, end) pair in seconds, or None."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = DARK
        self._overview = Overview()
        self._picture: QPixmap | None = None
        self._position_s = 0.0
        self._loop: tuple[float, float] | None = None
        self._drag: tuple[str, float] | None = None
        self.setMinimumHeight(_WAVE + 12)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.setMouseTracking(True)  # tool tips follow the pointer without a button pressed
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAccessibleName("Overview of the file")
        self.setToolTip("Click to seek · Shift-drag to choose a loop · double-click to clear it")

    @property
    def strips(self) -> list[str]:
        """Labels that have a strip, from top to bottom."""
        return ranked_labels(self._overview)[: self._most_strips()]

    @property
    def left_out(self) -> list[str]:
        """Detected labels that have no strip for lack of room."""
        return ranked_labels(self._overview)[self._most_strips() :]

    def set_theme(self, theme: Theme) -> None:
        """Repaint in another theme."""
        self._theme, self._picture = theme, None
        self.update()

    def show_overview(self, overview: Overview) -> None:
        """Show the newest overview."""
        self._overview, self._picture = overview, None
        names = _names(ranked_labels(overview))
        self.setAccessibleDescription(f"{percent_text(overview.progress)} analysed. {names}")
        self.update()

    def show_position(self, position_s: float, loop: tuple[float, float] | None) -> None:
        """Move the playhead and the loop."""
        if loop != self._loop:
            self.update()
        elif position_s != self._position_s:
            # Only the strip between the former and the new playhead: this runs thirty times a second.
            left, right = sorted((self.x_at(position_s), self.x_at(self._position_s)))
            self.update(int(left) - 2, 0, int(right - left) + 5, self.height())
        self._position_s, self._loop = position_s, loop

    def time_at(self, x: float) -> float:
        """Seconds at a horizontal pixel of this widget, clipped to the file."""
        share = (x - LEFT_GUTTER) / max(1.0, self._width())
        return min(1.0, max(0.0, share)) * self._overview.duration_s

    def x_at(self, time_s: float) -> float:
        """Horizontal pixel of a time in the file."""
        duration_s = self._overview.duration_s
        return LEFT_GUTTER + self._width() * (min(1.0, max(0.0, time_s / duration_s)) if duration_s > 0 else 0.0)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the cached picture, then what moves."""
        # The pixel ratio changes when the window is moved to another screen.
        if self._picture is None or self._picture.devicePixelRatio() != self.devicePixelRatioF():
            self._picture = self._drawn()
        painter = QPainter(self)
        painter.drawPixmap(0, 0, self._picture)
        if self._overview.duration_s > 0:
            self._paint_loop(painter)
            x = self.x_at(self._position_s)
            played = QRectF(LEFT_GUTTER, 6, x - LEFT_GUTTER, _WAVE)
            painter.fillRect(played, self._theme.color("accent", 26))
            painter.fillRect(QRectF(x - 1, 2, 2, self.height() - 6), self._theme.color("accent"))
        if self.hasFocus():
            place = QRectF(LEFT_GUTTER, 0, self._width(), self.height())
            paint_focus_ring(painter, place, self._theme)
        painter.end()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Page Up, Page Down and End seek; arrows and Home are shortcuts of the window."""
        leap_s = _LEAP * self._overview.duration_s
        times_s = {
            Qt.Key.Key_PageUp: self._position_s - leap_s,
            Qt.Key.Key_PageDown: self._position_s + leap_s,
            Qt.Key.Key_End: self._overview.duration_s,
        }
        time_s = times_s.get(Qt.Key(event.key()))
        if time_s is None:
            super().keyPressEvent(event)
        else:
            self.seek_requested.emit(min(max(0.0, time_s), self._overview.duration_s))

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show the focus."""
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Hide the focus."""
        super().focusOutEvent(event)
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Draw again at the new width."""
        super().resizeEvent(event)
        self._picture = None

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin to seek, or with Shift or the right button to choose a loop."""
        if event.position().x() < LEFT_GUTTER or self._overview.duration_s <= 0:
            return
        choosing = event.button() == Qt.MouseButton.RightButton or event.modifiers() & Qt.KeyboardModifier.ShiftModifier
        time_s = self.time_at(event.position().x())
        self._drag = ("loop" if choosing else "seek", time_s)
        if not choosing:
            self.seek_requested.emit(time_s)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Scrub, extend the loop, or show a tool tip."""
        time_s = self.time_at(event.position().x())
        if self._drag is None:
            self._explain(event.position(), time_s)
        elif self._drag[0] == "seek":
            self.seek_requested.emit(time_s)
        else:
            start_s, end_s = sorted((self._drag[1], time_s))
            if end_s - start_s >= _SHORTEST_LOOP_S:
                self.show_position(self._position_s, (start_s, end_s))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Request the loop that was drawn."""
        drag, self._drag = self._drag, None
        if drag is not None and drag[0] == "loop":
            start_s, end_s = sorted((drag[1], self.time_at(event.position().x())))
            self.loop_requested.emit((start_s, end_s) if end_s - start_s >= _SHORTEST_LOOP_S else None)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Clear the loop."""
        if event.position().x() >= LEFT_GUTTER:
            self.loop_requested.emit(None)

    def _width(self) -> float:
        return float(max(1, self.width() - LEFT_GUTTER - RIGHT_GUTTER))

    def _strip_height(self, count: int) -> float:
        return min(_TALLEST_STRIP, self._room() / max(1, count))

    def _room(self) -> float:
        """Height of all strips together."""
        return float(self.height() - _WAVE - 12)

    def _most_strips(self) -> int:
        return max(1, int(self._room() / _LOWEST_STRIP))

    def _drawn(self) -> QPixmap:
        density = self.devicePixelRatioF()
        picture = QPixmap(self.size() * density)
        picture.setDevicePixelRatio(density)
        picture.fill(self._theme.color("ground"))
        painter = QPainter(picture)
        wave = QRectF(LEFT_GUTTER, 6, self._width(), _WAVE)
        painter.fillRect(wave, self._theme.color("surface"))
        paint_waveform(painter, wave, self._overview, self._theme.color("muted"))
        self._paint_strips(painter)
        self._paint_progress(painter, wave)
        painter.end()
        return picture

    def _paint_strips(self, painter: QPainter) -> None:
        labels = self.strips
        height = self._strip_height(len(labels))
        for row, label in enumerate(labels):
            place = QRectF(LEFT_GUTTER, _WAVE + 9 + row * height, self._width(), height - 2)
            painter.fillRect(place, self._theme.color("surface"))
            columns = int(place.width())
            painter.drawImage(place, strip_image(self._overview, label, columns, self._theme))
            painter.setFont(font(10))
            painter.setPen(self._theme.lettering(label))
            name = QRectF(16, place.top() - 2, LEFT_GUTTER - 24, height + 2)
            painter.drawText(name, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, display_name(label))

        if self.left_out:
            painter.setFont(font(11))
            painter.setPen(self._theme.color("muted"))
            place = QRectF(LEFT_GUTTER + self._width() + 10, _WAVE + 9, RIGHT_GUTTER - 12, self._room())
            text = f"and {len(self.left_out)} more"
            painter.drawText(place, Qt.AlignmentFlag.AlignBottom | Qt.AlignmentFlag.AlignLeft, text)

    def _paint_progress(self, painter: QPainter, wave: QRectF) -> None:
        progress = self._overview.progress
        if progress >= 1.0:
            return
        painter.fillRect(QRectF(wave.left(), 2, wave.width(), 2), self._theme.color("hover"))
        painter.fillRect(QRectF(wave.left(), 2, wave.width() * progress, 2), self._theme.color("accent"))
        painter.setFont(font(11))
        painter.setPen(self._theme.color("muted"))
        place = QRectF(wave.right() + 10, wave.top(), RIGHT_GUTTER - 20, wave.height())
        text = f"Analysing\n{percent_text(progress)}"
        painter.drawText(place, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)

    def _paint_loop(self, painter: QPainter) -> None:
        if self._loop is None:
            return
        left, right = self.x_at(self._loop[0]), self.x_at(self._loop[1])
        painter.fillRect(QRectF(left, 6, right - left, _WAVE), self._theme.color("warning", 46))
        for edge in (left, right):
            painter.fillRect(QRectF(edge - 1, 4, 2, _WAVE + 4), self._theme.color("warning"))

    def _explain(self, point: QPointF, time_s: float) -> None:
        if point.x() < LEFT_GUTTER or self._overview.duration_s <= 0:
            return
        if self.left_out and point.x() > LEFT_GUTTER + self._width() and point.y() > _WAVE:
            QToolTip.showText(self.mapToGlobal(point.toPoint()), _names(self.left_out), self)
            return
        text = clock_text(time_s, tenths=True)
        labels = self.strips
        row = int((point.y() - _WAVE - 9) // self._strip_height(len(labels)))
        if 0 <= row < len(labels):
            text = f"{display_name(labels[row])} · {text}"
        QToolTip.showText(self.mapToGlobal(point.toPoint()), text, self)


def _names(labels: Sequence[str]) -> str:
    return ", ".join(display_name(label) for label in labels)
