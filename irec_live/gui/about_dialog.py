"""About dialog: versions, provider, counters and licence, to read or to copy into a fault report."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QFormLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from irec_live.gui.diagnostics import as_text
from irec_live.gui.icons import app_icon
from irec_live.gui.language import tr

_LONG, _WRAPPED = 80, 440
"""Letters from which a value is broken into lines, and their width in pixels."""


class AboutDialog(QDialog):
    """Shows facts by name. Does not block the window.

    Parameters
    ----------
    facts : dict of str to str
        See `irec_live.gui.diagnostics.diagnostics`.
    parent : QWidget
    """

    def __init__(self, facts: dict[str, str], parent: QWidget) -> None:
        super().__init__(parent)
        self._facts = facts
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(tr("About irec-live"))
        icon = QLabel()
        icon.setPixmap(app_icon().pixmap(48, 48))
        title = QLabel(tr("irec-live recognises which instruments play,\nand how loud each one is."))
        head = QHBoxLayout()
        head.setSpacing(14)
        head.addWidget(icon)
        head.addWidget(title, 1)
        rows = QFormLayout()
        rows.setHorizontalSpacing(18)
        rows.setVerticalSpacing(2)
        for name, value in facts.items():
            text = QLabel(value)
            text.setTextFormat(Qt.TextFormat.PlainText)
            if len(value) > _LONG:
                text.setWordWrap(True)
                text.setMinimumWidth(_WRAPPED)
            text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            text.setAccessibleName(f"{name}: {value}")
            rows.addRow(name, text)
        self.copy_button = QPushButton(tr("Copy diagnostics"))
        self.copy_button.setAutoDefault(False)
        self.copy_button.clicked.connect(self.copy)
        close = QPushButton(tr("Close"))
        close.setDefault(True)
        close.clicked.connect(self.close)
        buttons = QHBoxLayout()
        buttons.addWidget(self.copy_button)
        buttons.addStretch(1)
        buttons.addWidget(close)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 16)
        layout.setSpacing(12)
        layout.addLayout(head)
        layout.addLayout(rows)
        layout.addLayout(buttons)

    def copy(self) -> None:
        """Put the facts on the clipboard, a line each."""
        QGuiApplication.clipboard().setText(as_text(self._facts))
        self.copy_button.setText(tr("Copied"))
