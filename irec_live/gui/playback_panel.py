"""Panel under the page: the overview of the session, with a file's transport or a live session's controls beside it."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from irec_live.gui.live_controls import LiveControls
from irec_live.gui.overview_view import OverviewView
from irec_live.gui.theme import Theme
from irec_live.gui.transport import Transport
from irec_live.gui.window_size import WANTED, part_height

_LOWEST, _TALLEST = 98, 172
"""Heights in pixels: the waveform with three rows, and with nine."""


class PlaybackPanel(QWidget):
    """An `OverviewView` with a `Transport`, or `LiveControls`, over its left gutter."""

    def __init__(self, transport: Transport) -> None:
        super().__init__()
        self.overview = OverviewView(self)
        self.transport, self.live = transport, LiveControls()
        for controls in (self.transport, self.live):
            controls.setParent(self)
        self.show_kind(live=False)
        self.fit(WANTED.height())

    def show_kind(self, *, live: bool) -> None:
        """Show the controls of a live session, or those of a file."""
        self.overview.set_live(live)
        self.live.setVisible(live)
        self.transport.setVisible(not live)

    def fit(self, window_height: int) -> None:
        """Make room in a low window."""
        self.setFixedHeight(part_height(window_height, _LOWEST, _TALLEST))

    def set_theme(self, theme: Theme) -> None:
        """Repaint in another theme."""
        self.overview.set_theme(theme)
        self.transport.set_theme(theme)
        self.live.set_theme(theme)

    def resizeEvent(self, event: object) -> None:
        """The overview takes all the width; the controls stay at its left."""
        self.overview.setGeometry(0, 0, self.width(), self.height())
        for controls in (self.transport, self.live):
            controls.setGeometry(0, 0, controls.width(), 54)
            controls.raise_()
