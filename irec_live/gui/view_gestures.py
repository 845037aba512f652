"""Mouse and touchpad over lanes, spectrogram and ruler: wheel and pinch zoom, dragging pans, Shift-dragging selects.

Watches the widgets from outside. Presses reach them as before; only once the pointer was dragged does the rest belong
here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QObject, QPointF, Qt
from PySide6.QtGui import QHelpEvent, QMouseEvent, QNativeGestureEvent, QWheelEvent
from PySide6.QtWidgets import QApplication, QGestureEvent, QPinchGesture, QWidget

from irec_live.gui.time_axis import TimeAxis
from irec_live.gui.time_selection import TimeSelection
from irec_live.gui.viewport import Viewport

_NOTCH = 120
"""Qt's units of one notch of a wheel."""

_NOTCHES_TO_HALF = 3.0
"""So many notches halve the span."""

_PAN_SHARE = 0.1
"""Share of the span that a notch with Shift, or a sideways wheel, moves it by."""


class ViewGestures(QObject):
    """Event filter on widgets that share the time axis.

    Parameters
    ----------
    viewport : Viewport
    selection : TimeSelection
    widgets : sequence of QWidget
    pointed : callable
        Called with widget and position while the pointer moves without a button, and with the widget and None when it
        leaves.
    """

    def __init__(
        self,
        viewport: Viewport,
        selection: TimeSelection,
        widgets: Sequence[QWidget],
        pointed: Callable[[QWidget, QPointF | None], None],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._viewport, self._selection, self._pointed = viewport, selection, pointed
        self._widgets = list(widgets)
        self._pressed: tuple[QPointF, TimeAxis, bool] | None = None  # where, the axis then, whether to select
        self._dragging = False
        for widget in self._widgets:
            widget.setMouseTracking(True)
            widget.grabGesture(Qt.GestureType.PinchGesture)
            widget.installEventFilter(self)

    def axis(self, widget: QWidget) -> TimeAxis:
        """The time axis of one of the widgets."""
        return TimeAxis(self._viewport.start_s, self._viewport.end_s, widget.width())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take what belongs to the time axis."""
        if not isinstance(watched, QWidget) or watched not in self._widgets:
            return False
        if isinstance(event, QWheelEvent):
            return self._wheel(watched, event)
        if isinstance(event, QMouseEvent):
            return self._mouse(watched, event)
        if isinstance(event, QNativeGestureEvent):
            if event.gestureType() == Qt.NativeGestureType.ZoomNativeGesture:
                self._zoom(watched, event.position().x(), 1.0 / max(0.2, 1.0 + event.value()))
                return True
        elif isinstance(event, QGestureEvent):
            return self._pinch(watched, event)
        elif event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            return self.axis(watched).holds(event.pos().x())  # there the numbers are shown, not what the widget is
        elif event.type() == QEvent.Type.Leave:
            self._pointed(watched, None)
        return False

    def _wheel(self, widget: QWidget, event: QWheelEvent) -> bool:
        if not self.axis(widget).holds(event.position().x()):
            return False  # over the names the lanes scroll
        turned, sideways = event.angleDelta().y() / _NOTCH, event.angleDelta().x() / _NOTCH
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier or abs(sideways) > abs(turned):
            self._viewport.pan(-(sideways or turned) * _PAN_SHARE * self._viewport.span_s)
        else:
            self._zoom(widget, event.position().x(), 2.0 ** (-turned / _NOTCHES_TO_HALF))
        event.accept()
        return True

    def _zoom(self, widget: QWidget, x: float, factor: float) -> None:
        self._viewport.zoom(factor, self.axis(widget).time_at(x))

    def _pinch(self, widget: QWidget, event: QGestureEvent) -> bool:
        pinch = event.gesture(Qt.GestureType.PinchGesture)
        if not isinstance(pinch, QPinchGesture):
            return False
        centre = widget.mapFromGlobal(pinch.centerPoint().toPoint())
        if pinch.scaleFactor() > 0:
            self._zoom(widget, centre.x(), 1.0 / pinch.scaleFactor())
        event.accept()
        return True

    def _mouse(self, widget: QWidget, event: QMouseEvent) -> bool:
        kind, left = event.type(), Qt.MouseButton.LeftButton
        if kind == QEvent.Type.MouseButtonPress and event.button() == left:
            self._dragging = False
            axis = self.axis(widget)
            selects = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            self._pressed = (event.position(), axis, selects) if axis.holds(event.position().x()) else None
            return selects and self._pressed is not None
        if kind == QEvent.Type.MouseMove and not event.buttons() & left:
            self._pressed = None
            self._pointed(widget, event.position())
        elif kind == QEvent.Type.MouseMove and self._pressed is not None:
            return self._drag(widget, event.position())
        elif kind == QEvent.Type.MouseButtonRelease and event.button() == left and self._pressed is not None:
            pressed, dragged, self._pressed, self._dragging = self._pressed, self._dragging, None, False
            widget.unsetCursor()
            if pressed[2] and not dragged:
                self._selection.clear()
            return dragged or pressed[2]
        return False

    def _drag(self, widget: QWidget, place: QPointF) -> bool:
        if self._pressed is None:
            return False
        began, axis, selects = self._pressed
        if not self._dragging and abs(place.x() - began.x()) < QApplication.startDragDistance():
            return selects
        if not self._dragging:
            self._dragging = True
            widget.setCursor(Qt.CursorShape.IBeamCursor if selects else Qt.CursorShape.ClosedHandCursor)
        if selects:
            self._selection.select(axis.time_at(began.x()), axis.time_at(place.x()))
        else:
            by_s = (began.x() - place.x()) * axis.span_s / axis.plot_width
            self._viewport.pan(axis.end_s + by_s - self._viewport.end_s)
        return True
