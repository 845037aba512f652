"""Message bar: errors, warnings and notices in the window, without dialogs."""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from irec_live.gui.icons import themed_icon
from irec_live.gui.language import marked, tr
from irec_live.gui.theme import DARK, Theme

Level = Literal["info", "warning", "error"]
_LEVELS: dict[Level, str] = {"info": marked("info"), "warning": marked("warning"), "error": marked("error")}


class MessageBar(QWidget):
    """Shows the newest of the current messages, with a button to dismiss it.

    Messages have a key: one of the same key replaces the former, and a state that passes (a device that comes back)
    clears its own message. A dismissed message stays away until its text changes.
    """

    dismissed = Signal(str)
    """Key of the message."""

    def __init__(self) -> None:
        super().__init__()
        self._messages: dict[str, tuple[Level, str]] = {}
        self._ignored: dict[str, str] = {}
        self._frame = QFrame()
        self._frame.setObjectName("messageBar")
        self._label = QLabel()
        self._label.setTextFormat(Qt.TextFormat.PlainText)  # file names may contain HTML tags
        self._label.setWordWrap(True)
        self._label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._label.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._close = QToolButton()
        self._close.setProperty("flat", True)
        self._close.setIconSize(QSize(16, 16))
        self._close.setToolTip(tr("Dismiss (Esc)"))
        self._close.setAccessibleName(tr("Dismiss message"))
        self._close.clicked.connect(self.dismiss)
        row = QHBoxLayout(self._frame)
        row.setContentsMargins(14, 6, 6, 6)
        row.addWidget(self._label, 1)
        row.addWidget(self._close, 0, Qt.AlignmentFlag.AlignTop)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(12, 8, 12, 0)
        outer.addWidget(self._frame)
        self.set_theme(DARK)
        self._refresh()

    @property
    def text(self) -> str:
        """The text shown now, else empty."""
        return self._label.text() if self._messages else ""

    def set_theme(self, theme: Theme) -> None:
        """Draw the icon in another theme."""
        self._close.setIcon(themed_icon("close", theme.muted))

    def say(self, key: str, text: str, level: Level = "info") -> None:
        """Set the message of a key; an empty text clears it."""
        if not text:
            self.clear(key)
            return
        if self._ignored.get(key) == text:
            return
        self._ignored.pop(key, None)
        if self._messages.get(key) != (level, text):
            self._messages.pop(key, None)  # a dict keeps the place of a key; a new message must come last
            self._messages[key] = (level, text)
            self._refresh()

    def clear(self, key: str) -> None:
        """Remove a message, because it is no longer true."""
        self._ignored.pop(key, None)
        if self._messages.pop(key, None) is not None:
            self._refresh()

    def dismiss(self) -> None:
        """Remove the message that is shown, because the user has read it."""
        key = self._foremost()
        if key is not None:
            self._ignored[key] = self._messages.pop(key)[1]
            self._refresh()
            self.dismissed.emit(key)

    def _foremost(self) -> str | None:
        """Key of the newest message."""
        return next(reversed(self._messages), None)

    def _refresh(self) -> None:
        key = self._foremost()
        self.setVisible(key is not None)
        if key is None:
            return
        level, text = self._messages[key]
        self._label.setText(text)
        self._label.setAccessibleName(f"{tr(_LEVELS[level])}: {text}")
        self._frame.setProperty("level", level)
        # Qt applies a style sheet's property selectors anew only to a widget that is polished again.
        self._frame.style().unpolish(self._frame)
        self._frame.style().polish(self._frame)
