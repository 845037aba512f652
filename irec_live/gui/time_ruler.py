"""Time axis under lanes and spectrogram, in seconds back from now or from the playhead."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from irec_live.gui.theme import DARK, LEFT_GUTTER, RIGHT_GUTTER, Theme, font

_STEPS_S = (1, 2, 5, 10, 15, 30, 60)


def tick_step(span_s: float, most: int = 8) -> int:
    """The smallest of a few round steps, in seconds, that gives at most `most` ticks.

    Examples
    --------
    >>> tick_step(15), tick_step(60)
    (2, 10)
    """
    return next((step for step in _STEPS_S if span_s / step <= most), _STEPS_S[-1])


class TimeRuler(QWidget):
    """Ticks at fixed places; the curves above scroll."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = DARK
        self._span_s = 15.0
        self._origin = "now"
        self.setFixedHeight(20)
        self.setAccessibleName("Time axis")

    def set_theme(self, theme: Theme) -> None:
        """Repaint in another theme."""
        self._theme = theme
        self.update()

    def set_axis(self, span_s: float, origin: str) -> None:
        """Show `span_s` seconds before `origin`, a word for the right edge."""
        if (span_s, origin) != (self._span_s, self._origin):
            self._span_s, self._origin = span_s, origin
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint ticks and numbers."""
        painter = QPainter(self)
        painter.setFont(font(11))
        left, width = float(LEFT_GUTTER), float(self.width() - LEFT_GUTTER - RIGHT_GUTTER)
        step = tick_step(self._span_s)
        for tick in range(0, int(self._span_s) + 1, step):
            x = left + width * (1.0 - tick / self._span_s)
            painter.fillRect(QRectF(x - 1, 0, 1, 4), self._theme.color("faint"))
            painter.setPen(self._theme.color("muted" if tick == 0 else "faint"))
            text = self._origin if tick == 0 else f"−{tick} s"
            painter.drawText(QRectF(x - 40, 4, 80, 15), Qt.AlignmentFlag.AlignHCenter, text)
        painter.end()
