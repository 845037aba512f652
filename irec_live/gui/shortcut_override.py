"""Shortcut overrides: keys that a focused control handles itself although the window has a shortcut for them.

Space plays and the arrows move the playhead, wherever the mouse clicked last; so controls take the focus from the Tab
key only. With the keyboard, Space must still press the focused button, and the arrows must move the focused slider.
"""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractButton, QAbstractSlider, QComboBox, QScrollBar, QWidget

_KEYS = {
    QAbstractButton: {Qt.Key.Key_Space},
    QComboBox: {Qt.Key.Key_Space, Qt.Key.Key_Home},
    QAbstractSlider: {Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Home, Qt.Key.Key_End},
}


class ShortcutOverrides(QObject):
    """Event filter that lets controls keep their keys while they have the focus.

    Parameters
    ----------
    roots : iterable of QWidget
        All buttons, combo boxes and sliders inside them are filtered.
    parent : QObject
    """

    def __init__(self, roots: Iterable[QWidget], parent: QObject) -> None:
        super().__init__(parent)
        for root in roots:
            for control in root.findChildren(QWidget):
                if isinstance(control, tuple(_KEYS)) and not isinstance(control, QScrollBar):
                    control.setFocusPolicy(Qt.FocusPolicy.TabFocus)
                    control.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Claim a key before the window's shortcut gets it."""
        # Qt first offers a shortcut key to the focused widget as ShortcutOverride; accepted, it arrives as a key press.
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            keys = next((keys for kind, keys in _KEYS.items() if isinstance(watched, kind)), set())
            if event.key() in keys and not event.modifiers():
                event.accept()
                return True
        return False
