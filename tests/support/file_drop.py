"""Drops files on a widget as a desktop does: the drag enters, and then the button is let go."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QWidget


def drop(widget: QWidget, *paths: Path, between: Callable[[], object] = lambda: None) -> None:
    """Drag local files over `widget`, look at it with `between`, and let go."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    copy, left = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
    place, none = QPointF(400, 300), Qt.KeyboardModifier.NoModifier
    QApplication.sendEvent(widget, QDragEnterEvent(place.toPoint(), copy, data, left, none))
    between()
    QApplication.sendEvent(widget, QDropEvent(place, copy, data, left, none))
