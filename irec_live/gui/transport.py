"""Play, pause, back to the start, loop, and where the playhead is."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from irec_live.gui.icons import themed_icon
from irec_live.gui.theme import DARK, LEFT_GUTTER, Theme
from irec_live.gui.wording import clock_text


class Transport(QWidget):
    """Three buttons over a clock, as wide as the gutter beside the waveform.

    Parameters
    ----------
    play, to_start, loop : QAction
        What the buttons do; shared with the menu and the keyboard.
    """

    def __init__(self, play: QAction, to_start: QAction, loop: QAction, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = DARK
        self._playing = False
        self._clock_text = ""
        self.play_button = _button(play, 34)
        self.play_button.setProperty("round", True)
        self._start_button = _button(to_start, 28)
        self._loop_button = _button(loop, 28)
        for button in (self._start_button, self._loop_button):
            button.setProperty("flat", True)
        self.clock = QLabel()
        self.clock.setProperty("role", "clock")
        self.clock.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.clock.setAccessibleName("Playback position")
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addStretch(1)
        for button in (self._start_button, self.play_button, self._loop_button):
            row.addWidget(button)
        row.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 2, 8, 0)
        layout.setSpacing(1)
        layout.addLayout(row)
        layout.addWidget(self.clock)
        self.setFixedWidth(LEFT_GUTTER)
        self.set_theme(DARK)

    def set_theme(self, theme: Theme) -> None:
        """Draw the icons in another theme."""
        self._theme = theme
        self._start_button.setIcon(themed_icon("to-start", theme.muted))
        self._loop_button.setIcon(themed_icon("loop", theme.muted))
        self._show_play()

    def show_position(self, position_s: float, duration_s: float, playing: bool) -> None:
        """Take over the playhead."""
        text = f"{clock_text(position_s)} / {clock_text(duration_s)}"
        if text != self._clock_text:
            self._clock_text = text
            self.clock.setText(text)
        if playing != self._playing:
            self._playing = playing
            self._show_play()

    def _show_play(self) -> None:
        self.play_button.setIcon(themed_icon("pause" if self._playing else "play", self._theme.on_accent))
        self.play_button.setAccessibleName("Pause" if self._playing else "Play")
        self.play_button.setToolTip("Pause (Space)" if self._playing else "Play (Space)")


def _button(action: QAction, size: int) -> QToolButton:
    button = QToolButton()
    button.setCheckable(action.isCheckable())
    button.setFixedSize(size, size)
    button.setIconSize(QSize(size - 14, size - 14) if size > 30 else QSize(18, 18))
    button.setToolTip(action.toolTip())
    button.setAccessibleName(action.text().replace("&", ""))
    button.clicked.connect(action.trigger)
    if action.isCheckable():
        action.toggled.connect(button.setChecked)
    return button
