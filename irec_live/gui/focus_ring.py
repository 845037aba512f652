"""Focus ring: shows which of the painted widgets has the keyboard."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPen

from irec_live.gui.theme import Theme


def paint_focus_ring(painter: QPainter, place: QRectF, theme: Theme) -> None:
    """Paint the ring inside a rectangle."""
    painter.setBrush(Qt.BrushStyle.NoBrush)
    half = theme.ring / 2
    pen = QPen(theme.color("accent"), theme.ring)
    pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
    painter.setPen(pen)
    painter.drawRect(place.adjusted(half, half, -half, -half))
