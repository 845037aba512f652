"""Playback panel, shown while a file is open: transport beside the waveform, strips below."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from irec_live.gui.overview_view import OverviewView
from irec_live.gui.theme import Theme
from irec_live.gui.transport import Transport
from irec_live.gui.window_size import WANTED, part_height

_LOWEST, _TALLEST = 98, 172
"""Heights in pixels: the waveform with three strips, and with ten."""


class PlaybackPanel(QWidget):
    """An `OverviewView` with a `Transport` over its left gutter."""

    def __init__(self, transport: Transport, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.overview = OverviewView(self)
        self.transport = transport
        self.transport.setParent(self)
        self.fit(WANTED.height())

    def fit(self, window_height: int) -> None:
        """Make room in a low window."""
        self.setFixedHeight(part_height(window_height, _LOWEST, _TALLEST))

    def set_theme(self, theme: Theme) -> None:
        """Repaint in another theme."""
        self.overview.set_theme(theme)
        self.transport.set_theme(theme)

    def resizeEvent(self, event: object) -> None:
        """The overview takes all the width; the transport stays at its left."""
        self.overview.setGeometry(0, 0, self.width(), self.height())
        self.transport.setGeometry(0, 2, self.transport.width(), 60)
        self.transport.raise_()
