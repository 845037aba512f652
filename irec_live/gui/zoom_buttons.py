"""Three small buttons at the right end of the time axis: less, more, everything."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QWidget


class ZoomButtons(QWidget):
    """A row of buttons.

    Parameters
    ----------
    actions : sequence of (str, QAction)
        What is written on a button, and what it does.
    """

    def __init__(self, actions: Sequence[tuple[str, QAction]], parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("zoomButtons")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        self.buttons: list[QToolButton] = []
        for text, action in actions:
            button = QToolButton()
            button.setText(text)
            button.setFixedSize(36 if len(text) > 1 else 26, 19)
            button.setToolTip(action.toolTip())
            button.setAccessibleName(action.text().replace("&", ""))
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.clicked.connect(action.trigger)
            layout.addWidget(button)
            self.buttons.append(button)
