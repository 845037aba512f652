"""Threshold lines that can be dragged: mouse on the lanes' canvas, near the threshold of a lane."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject, QPointF, Qt, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QToolTip

from irec_live.gui.lane_canvas import LaneCanvas
from irec_live.gui.language import tr
from irec_live.gui.theme import LEFT_GUTTER, RIGHT_GUTTER
from irec_live.gui.wording import display_name, percent_text

_NEAR = 4.0
"""Pixels from the line; less in low lanes, of which half stays free for other things."""


@dataclass(frozen=True)
class _Drag:
    label: str
    from_threshold: float
    threshold: float


class ThresholdDrag(QObject):
    """Event filter on a `LaneCanvas` that lets its threshold lines be dragged; it takes only what begins at a line."""

    began = Signal(str)
    moved = Signal(str, float)
    """Label, and by how much the threshold is above that at the beginning of the drag."""
    reset = Signal(str)
    """Label of a line that was double-clicked."""

    def __init__(self, canvas: LaneCanvas) -> None:
        super().__init__(canvas)
        self._canvas = canvas
        self._drag: _Drag | None = None
        self._pointing = False
        canvas.setMouseTracking(True)
        canvas.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take presses at a line, and what follows them."""
        if not isinstance(event, QMouseEvent):
            return False
        kind, point = event.type(), event.position()
        if kind == QEvent.Type.MouseMove:
            return self._move(point, event)
        if kind == QEvent.Type.MouseButtonRelease and self._drag is not None:
            self._drag = None
            return True
        if kind in (QEvent.Type.MouseButtonPress, QEvent.Type.MouseButtonDblClick):
            return self._press(point, event)
        return False

    def line_at(self, point: QPointF) -> str | None:
        """Label whose threshold line is at a point."""
        if not LEFT_GUTTER <= point.x() <= self._canvas.width() - RIGHT_GUTTER:
            return None
        label = self._canvas.label_at(point.y())
        y = self._canvas.threshold_y(label) if label is not None else None
        if label is None or y is None:
            return None
        near = min(_NEAR, self._canvas.place_of(label).height() / 8)
        return label if abs(point.y() - y) <= near else None

    def _press(self, point: QPointF, event: QMouseEvent) -> bool:
        label = self.line_at(point)
        if label is None or event.button() != Qt.MouseButton.LeftButton or event.modifiers():
            return False
        if event.type() == QEvent.Type.MouseButtonDblClick:
            self._drag = None
            self.reset.emit(label)
            return True
        threshold = self._canvas.threshold_at(label, point.y())
        self._drag = _Drag(label, threshold, threshold)
        self.began.emit(label)
        return True

    def _move(self, point: QPointF, event: QMouseEvent) -> bool:
        drag = self._drag
        if drag is None:
            self._point(not event.buttons() and self.line_at(point) is not None)
            return False
        threshold = self._canvas.threshold_at(drag.label, point.y())
        self._drag = _Drag(drag.label, drag.from_threshold, threshold)
        self.moved.emit(drag.label, threshold - drag.from_threshold)
        share = percent_text(min(0.98, max(0.02, threshold)))
        text = tr("{label}: lights from {share} on", label=display_name(drag.label), share=share)
        QToolTip.showText(event.globalPosition().toPoint(), text, self._canvas)
        return True

    def _point(self, pointing: bool) -> None:
        """Show by the cursor that a line can be dragged."""
        if pointing != self._pointing:
            self._pointing = pointing
            if pointing:
                self._canvas.setCursor(Qt.CursorShape.SplitVCursor)
            else:
                self._canvas.unsetCursor()
