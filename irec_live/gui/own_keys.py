"""Keys that a focused control keeps for itself, although the window has a shortcut on them.

Space plays and the arrows move the playhead, wherever the mouse clicked last; so controls take the focus from the Tab
key only. Who does come by Tab must be able to press a button with Space and to move a slider with the arrows.
"""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractButton, QAbstractSlider, QComboBox, QWidget

_KEYS = {
    QAbstractButton: {Qt.Key.Key_Space},
    QComboBox: {Qt.Key.Key_Space, Qt.Key.Key_Home},
    QAbstractSlider: {Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Home, Qt.Key.Key_End},
}


class OwnKeys(QObject):
    """Lets the controls inside some widgets keep their keys while they have the focus.

    Parameters
    ----------
    roots : iterable of QWidget
        Their buttons, lists and sliders are taken care of.
    parent : QObject
    """

    def __init__(self, roots: Iterable[QWidget], parent: QObject) -> None:
        super().__init__(parent)
        for root in roots:
            for control in root.findChildren(QWidget):
                if isinstance(control, tuple(_KEYS)):
                    control.setFocusPolicy(Qt.FocusPolicy.TabFocus)
                    control.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Claim the key before the window's shortcut gets it."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            keys = next((keys for kind, keys in _KEYS.items() if isinstance(watched, kind)), set())
            if event.key() in keys and not event.modifiers():
                event.accept()
                return True
        return False
