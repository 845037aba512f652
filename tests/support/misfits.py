"""What does not fit in windows that are shown: beyond the screen, text that is cut, less room than is needed."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractScrollArea,
    QApplication,
    QComboBox,
    QLabel,
    QMenu,
    QStackedWidget,
    QWidget,
)

_SLACK = 2
"""Pixels: a device-independent pixel is not a whole one of the screen at 150 %."""


def misfits() -> Iterator[str]:
    """A sentence for each misfit of the windows that are shown now."""
    for window in QApplication.topLevelWidgets():
        if not window.isVisible() or window.windowType() == Qt.WindowType.ToolTip:
            continue
        screen = window.screen().geometry()
        if not screen.adjusted(-_SLACK, -_SLACK, _SLACK, _SLACK).contains(window.frameGeometry()):
            place = window.frameGeometry().getRect()
            yield f"{_name(window)} at {place} reaches beyond the screen of {screen.width()} x {screen.height()}"
        for widget in window.findChildren(QWidget):
            if widget.isVisible() and not isinstance(widget, QMenu) and widget.window() is window:
                yield from _cut(widget)


def _cut(widget: QWidget) -> Iterator[str]:
    size = widget.size()
    least = widget.minimumSizeHint()
    least = QSize(widget.minimumWidth() or least.width(), widget.minimumHeight() or least.height())
    if widget.findChild(QStackedWidget) or isinstance(widget, QStackedWidget):
        return  # pages that are not shown need no room
    if widget.layout() is not None or isinstance(widget, QComboBox):
        if size.width() < least.width() - _SLACK or size.height() < least.height() - _SLACK:
            yield f"{_name(widget)} has {size.toTuple()}, less than {least.toTuple()}"
    elif isinstance(widget, QLabel) and widget.text():
        room = widget.contentsRect()
        if widget.wordWrap():
            if room.height() < widget.heightForWidth(size.width()) - _SLACK:
                yield f"{_name(widget)} has {size.height()} pixels for lines that take more"
        elif room.width() < widget.sizeHint().width() - _SLACK and "…" not in widget.text():
            yield f"{_name(widget)} has {size.width()} of {widget.sizeHint().width()} pixels"
    elif isinstance(widget, QAbstractButton) and widget.text():
        needed = widget.fontMetrics().horizontalAdvance(widget.text().replace("&", ""))
        if size.width() < needed - _SLACK:
            yield f"{_name(widget)} has {size.width()} of {needed} pixels"
    yield from _clipped(widget)


def _clipped(widget: QWidget) -> Iterator[str]:
    """Whether a parent cuts off a part; what can be scrolled may."""
    if not isinstance(widget, QLabel | QAbstractButton | QComboBox):
        return
    parent, place = widget.parentWidget(), QRect(widget.pos(), widget.size())
    while parent is not None and not widget.isWindow():
        if isinstance(parent, QAbstractScrollArea):
            return
        if not parent.rect().adjusted(-_SLACK, -_SLACK, _SLACK, _SLACK).contains(place):
            yield f"{_name(widget)} is cut by {_name(parent)}"
            return
        if parent.isWindow():
            return
        place.translate(parent.mapToParent(QPoint(0, 0)))
        parent = parent.parentWidget()


def _name(widget: QWidget) -> str:
    text = widget.windowTitle() if widget.isWindow() else getattr(widget, "text", lambda: "")()
    said = text if isinstance(text, str) and text else widget.objectName() or widget.accessibleName()
    return f"{type(widget).__name__} {said[:60]!r}"
