"""Painting of a second model's curves: dashed, with a hatched band where the two models disagree."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QPainter, QPen, QPolygonF

from irec_live.gui.comparison import ComparedCurves
from irec_live.gui.lane_curves import Floats, peak_decimate, time_to_pixels
from irec_live.gui.theme import Theme
from irec_live.results import Snapshot

_BAND = 5.0
_FLAT = 0.05
"""Curves that stay below this height say nothing, and would only blur the line at the bottom."""


def paint_comparison(
    painter: QPainter,
    theme: Theme,
    curves: ComparedCurves,
    lane: int,
    snapshot: Snapshot,
    plot: QRectF,
    headroom: float,
) -> None:
    """Paint what a second model says of one lane.

    Parameters
    ----------
    painter : QPainter
        Clipped to the plot.
    theme : Theme
    curves : ComparedCurves
    lane : int
    snapshot : Snapshot
        Of the first model: it has the span that is shown.
    plot : QRectF
    headroom : float
        Share of the plot's height that a curve may use.
    """
    for times, heights in ((curves.line_times, curves.line), (curves.fill_times, curves.fill)):
        if len(times) > 1 and lane < heights.shape[1] and heights[:, lane].max() > _FLAT:  # false for NaN
            x, y = peak_decimate(time_to_pixels(times, snapshot, plot.width()), heights[:, [lane]], round(plot.width()))
            _paint_dashed(painter, theme, plot.left() + x, plot.bottom() - 1.0 - plot.height() * headroom * y[:, 0])
    if lane < len(curves.disagreements):
        for start_s, end_s in curves.disagreements[lane]:
            left, right = time_to_pixels(np.array([start_s, end_s]), snapshot, plot.width())
            band = QRectF(plot.left() + float(left), plot.top() + 1, max(3.0, float(right - left)), _BAND)
            painter.fillRect(band, theme.color("warning", 70))
            painter.fillRect(band, QBrush(theme.color("warning"), Qt.BrushStyle.BDiagPattern))


def _paint_dashed(painter: QPainter, theme: Theme, x: Floats, y: Floats) -> None:
    pen = QPen(theme.color("text", 220), 1.0, Qt.PenStyle.CustomDashLine)
    pen.setDashPattern([5.0, 4.0])
    painter.setPen(pen)
    painter.drawPolyline(QPolygonF([QPointF(px, py) for px, py in zip(x.tolist(), y.tolist(), strict=True)]))
