"""Welcome page, shown while no source is open: two ways to begin."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from irec_live.gui.icons import app_icon
from irec_live.gui.language import tr


class Welcome(QWidget):
    """A heading, a sentence and two buttons, in the middle.

    Parameters
    ----------
    open_file, listen : QAction
        Actions of the buttons, shared with the menu.
    """

    def __init__(self, open_file: QAction, listen: QAction) -> None:
        super().__init__()
        icon = QLabel()
        icon.setPixmap(app_icon().pixmap(72, 72))
        icon.setAlignment(Qt.AlignmentFlag.AlignCenter)
        title = QLabel(tr("Which instruments are playing?"))
        title.setProperty("role", "title")
        title.setAlignment(Qt.AlignmentFlag.AlignCenter)
        lead = QLabel(tr("Drop a song anywhere on this window, or let it listen through the microphone."))
        lead.setProperty("role", "lead")
        lead.setAlignment(Qt.AlignmentFlag.AlignCenter)
        lead.setWordWrap(True)
        buttons = QHBoxLayout()
        buttons.setSpacing(10)
        buttons.addStretch(1)
        buttons.addWidget(_button(tr("Open a file…"), open_file, primary=True))
        buttons.addWidget(_button(tr("Use the microphone"), listen, primary=False))
        buttons.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setSpacing(14)
        layout.addStretch(2)
        for widget in (icon, title, lead):
            layout.addWidget(widget)
        layout.addSpacing(6)
        layout.addLayout(buttons)
        layout.addStretch(3)


def _button(text: str, action: QAction, *, primary: bool) -> QPushButton:
    button = QPushButton(text)
    button.setProperty("primary", primary)
    button.setMinimumHeight(34)
    button.clicked.connect(action.trigger)
    return button
