"""Controls of a live session, in the place of a file's transport: hold the picture, and how long it has lasted."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from irec_live.gui.language import tr
from irec_live.gui.named_label import NamedLabel
from irec_live.gui.play_button import PlayButton
from irec_live.gui.theme import DARK, LEFT_GUTTER, Theme
from irec_live.gui.wording import clock_text, space_key


class LiveControls(QWidget):
    """A button, which holds the picture or follows again, over a clock."""

    def __init__(self) -> None:
        super().__init__()
        self._clock_text = ""
        self.hold_button = PlayButton()
        self.clock = NamedLabel(tr("Length of the session"))
        self.clock.setProperty("role", "clock")
        self.clock.setAlignment(Qt.AlignmentFlag.AlignCenter)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(self.hold_button)
        row.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 2, 8, 0)
        layout.setSpacing(1)
        layout.addLayout(row)
        layout.addWidget(self.clock)
        self.setFixedWidth(LEFT_GUTTER)
        self.set_theme(DARK)
        self.show_following(True)

    def set_theme(self, theme: Theme) -> None:
        """Repaint in another theme."""
        self.hold_button.set_theme(theme)

    def show_following(self, following: bool) -> None:
        """Show what the button would do."""
        self.hold_button.show_playing(following)
        words = tr("Hold the picture; sound and analysis go on") if following else tr("Follow again: back to now")
        self.hold_button.setAccessibleName(words)
        self.hold_button.setToolTip(f"{words} ({space_key()})")

    def show_length(self, length_s: float) -> None:
        """Show how long the session has lasted."""
        text = clock_text(length_s)
        if text != self._clock_text:
            self._clock_text = text
            self.clock.setText(text)
