"""Transport controls: play, pause, back to the start, loop, and the position of the playhead."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from irec_live.gui.icons import themed_icon
from irec_live.gui.language import tr
from irec_live.gui.named_label import NamedLabel
from irec_live.gui.play_button import PlayButton
from irec_live.gui.theme import DARK, LEFT_GUTTER, Theme
from irec_live.gui.wording import clock_text


class Transport(QWidget):
    """Three buttons over a clock, as wide as the gutter beside the waveform.

    Parameters
    ----------
    play, to_start, loop : QAction
        Actions of the buttons, shared with menu and keyboard.
    """

    def __init__(self, play: QAction, to_start: QAction, loop: QAction) -> None:
        super().__init__()
        self._theme = DARK
        self._playing = False
        self._clock_text = ""
        self.play_button = PlayButton()
        self.play_button.clicked.connect(play.trigger)
        self._start_button = _button(to_start)
        self._loop_button = _button(loop)
        for button in (self._start_button, self._loop_button):
            button.setProperty("flat", True)
        self.clock = NamedLabel(tr("Playback position"))
        self.clock.setProperty("role", "clock")
        self.clock.setAlignment(Qt.AlignmentFlag.AlignCenter)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addStretch(1)
        row.addWidget(self._start_button)
        row.addWidget(self.play_button)
        row.addWidget(self._loop_button)
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
        self.play_button.set_theme(theme)

    def show_position(self, position_s: float, duration_s: float, playing: bool) -> None:
        """Show the position of the playhead."""
        text = f"{clock_text(position_s)} / {clock_text(duration_s)}"
        if text != self._clock_text:
            self._clock_text = text
            self.clock.setText(text)
        if playing != self._playing:
            self._playing = playing
            self.play_button.show_playing(playing)


def _button(action: QAction) -> QToolButton:
    button = QToolButton()
    button.setCheckable(action.isCheckable())
    button.setFixedSize(28, 28)
    button.setIconSize(QSize(18, 18))
    button.setToolTip(action.toolTip())
    button.setAccessibleName(action.text().replace("&", ""))
    button.clicked.connect(action.trigger)
    if action.isCheckable():
        action.toggled.connect(button.setChecked)  # the menu and a key toggle it, too
    return button
