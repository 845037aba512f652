"""Time axis under lanes and spectrogram: seconds back from now or from the playhead, or the clock of the session."""

from __future__ import annotations

import math

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent

from irec_live.gui.language import tr
from irec_live.gui.theme import LEFT_GUTTER, RIGHT_GUTTER, font
from irec_live.gui.themed_widget import ThemedWidget
from irec_live.gui.wording import clock_text

_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400)

_CLOCK_PIXELS = 84.0
"""Between two clock times at least."""


def tick_step(span_s: float, most: int = 8) -> int:
    """The smallest of a few round steps, in seconds, that gives at most `most` ticks.

    Examples
    --------
    >>> tick_step(15), tick_step(60), tick_step(6 * 3600)
    (2, 10, 3600)
    """
    return next((step for step in _STEPS_S if span_s / step <= most), _STEPS_S[-1])


def clock_ticks(from_s: float, to_s: float, width: float) -> list[float]:
    """Round moments in a span, as many as there is room for in so many pixels.

    Examples
    --------
    >>> clock_ticks(61.0, 76.0, 500.0)
    [65.0, 70.0, 75.0]
    >>> clock_ticks(0.0, 7200.0, 500.0)
    [0.0, 1800.0, 3600.0, 5400.0, 7200.0]
    """
    if to_s <= from_s:
        return []
    step = tick_step(to_s - from_s, max(1, int(width / _CLOCK_PIXELS)))
    return [float(step * number) for number in range(math.ceil(max(0.0, from_s) / step), math.floor(to_s / step) + 1)]


def back_text(seconds: int) -> str:
    """How long ago, for a tick.

    Examples
    --------
    >>> back_text(10), back_text(120), back_text(5400)
    ('−10 s', '−2 min', '−1:30 h')
    """
    if seconds >= 3600:
        return f"−{seconds // 3600}:{seconds // 60 % 60:02d} h"
    return f"−{seconds // 60} min" if seconds >= 60 and seconds % 60 == 0 else f"−{seconds} s"


class TimeRuler(ThemedWidget):
    """Ticks: at fixed places while it follows, else at round clock times."""

    def __init__(self) -> None:
        super().__init__()
        self._span_s = 15.0
        self._origin = tr("now")
        self._end_s: float | None = None
        self.setFixedHeight(20)
        self.setAccessibleName(tr("Time axis"))

    def set_axis(self, span_s: float, origin: str, end_s: float | None = None) -> None:
        """Show `span_s` seconds before `origin`, a word for the right edge; or those before the moment `end_s`."""
        if (span_s, origin, end_s) != (self._span_s, self._origin, self._end_s):
            self._span_s, self._origin, self._end_s = span_s, origin, end_s
            self.update()

    def ticks(self) -> list[tuple[float, str]]:
        """Places, 0 at the left and 1 at the right, and texts."""
        if self._end_s is None:
            step = tick_step(self._span_s)
            back = range(0, int(self._span_s) + 1, step)
            return [(1.0 - tick / self._span_s, back_text(tick) if tick else self._origin) for tick in back]
        start_s = self._end_s - self._span_s
        times_s = clock_ticks(start_s, self._end_s, self.width() - LEFT_GUTTER - RIGHT_GUTTER)
        return [((time_s - start_s) / self._span_s, clock_text(time_s)) for time_s in times_s]

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint ticks and numbers."""
        painter = QPainter(self)
        painter.setFont(font(11))
        left, width = float(LEFT_GUTTER), float(self.width() - LEFT_GUTTER - RIGHT_GUTTER)
        metrics = painter.fontMetrics()
        taken = (
            left + width + 8 - metrics.horizontalAdvance(self._origin) if self._end_s is None else float(self.width())
        )
        for place, text in self.ticks():
            x = left + width * place
            painter.fillRect(QRectF(x - 1, 0, 1, 4), self._theme.color("faint"))
            if text == self._origin:  # ends where the plot does: beside it are buttons
                painter.setPen(self._theme.color("muted"))
                painter.drawText(QRectF(x - 80, 4, 92, 15), Qt.AlignmentFlag.AlignRight, text)
            elif x + metrics.horizontalAdvance(text) / 2 <= taken:
                painter.setPen(self._theme.color("faint"))
                painter.drawText(QRectF(x - 40, 4, 80, 15), Qt.AlignmentFlag.AlignHCenter, text)
        painter.end()
