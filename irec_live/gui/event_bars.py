"""Events as bars: onsets and offsets on a time axis, those closer than a pixel joined. No widgets.

Shapes: n events, B bars.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPen

from irec_live.gui.theme import Theme
from irec_live.results import Event

Floats = npt.NDArray[np.float64]

_LEAST_WIDTH = 2.0
"""Pixels: a shorter event can still be seen."""


def spans_by_label(events: Sequence[Event], end_s: float) -> dict[str, Floats]:
    """Onsets and offsets of each label, (n, 2) float64 seconds, as they come; open events reach to `end_s`.

    Examples
    --------
    >>> spans_by_label([Event("flute", 1.0, 2.0, 0.9), Event("flute", 5.0, None, 0.8)], 7.0)["flute"].tolist()
    [[1.0, 2.0], [5.0, 7.0]]
    """
    found: dict[str, list[float]] = {}
    for event in events:
        offset_s = end_s if event.offset_s is None else event.offset_s
        found.setdefault(event.label, []).extend((event.onset_s, max(event.onset_s, offset_s)))
    return {label: np.array(spans).reshape(-1, 2) for label, spans in found.items()}


def bars(edges: Floats, gap: float = 1.0) -> Floats:
    """Join spans whose gaps are shorter than `gap`: a thousand events need no more bars than there are pixels.

    Parameters
    ----------
    edges : (n, 2) float64
        Left and right ends in pixels, rising by the left.

    Returns
    -------
    (B, 2) float64

    Examples
    --------
    >>> bars(np.array([[0.0, 1.0], [1.5, 3.0], [9.0, 9.2]])).tolist()
    [[0.0, 3.5], [9.0, 11.0]]
    """
    if not len(edges):
        return np.zeros((0, 2))
    reach = np.maximum.accumulate(np.maximum(edges[:, 1], edges[:, 0] + _LEAST_WIDTH))
    first = np.flatnonzero(np.concatenate([[True], edges[1:, 0] - reach[:-1] >= gap]))
    last = np.append(first[1:] - 1, len(edges) - 1)
    return np.stack([edges[first, 0], reach[last]], axis=1)


def paint_bars(painter: QPainter, place: QRectF, edges: Floats, color: QColor) -> None:
    """Paint bars, (B, 2) pixels, as high as a rectangle and clipped to its width."""
    for left, right in np.clip(bars(edges), place.left(), place.right()).tolist():
        if right > left:
            painter.fillRect(QRectF(left, place.top(), right - left, place.height()), color)


def paint_corrected(painter: QPainter, bar: QRectF, theme: Theme) -> None:
    """Mark a bar as drawn by a person: an outline and hatching, so that it differs in more than its colour."""
    painter.setPen(QPen(theme.color("text"), 1.0))
    painter.setBrush(QBrush(theme.color("ground"), Qt.BrushStyle.FDiagPattern))
    painter.drawRect(bar.adjusted(0.5, 0.5, -0.5, -0.5))
    painter.setBrush(Qt.BrushStyle.NoBrush)
