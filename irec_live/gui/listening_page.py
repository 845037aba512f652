"""Main page: headline, lanes, spectrogram and time axis, all of one snapshot."""

from __future__ import annotations

from PySide6.QtWidgets import QVBoxLayout, QWidget

from irec_live.gui.headline import Headline
from irec_live.gui.lanes_view import LanesView
from irec_live.gui.spectrogram_view import SpectrogramView
from irec_live.gui.theme import Theme
from irec_live.gui.time_ruler import TimeRuler
from irec_live.gui.window_size import part_height
from irec_live.results import Snapshot


class ListeningPage(QWidget):
    """Shows one `Snapshot`."""

    def __init__(self) -> None:
        super().__init__()
        self.headline = Headline()
        self.lanes = LanesView()
        self.spectrogram = SpectrogramView()
        self.ruler = TimeRuler()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.headline)
        layout.addWidget(self.lanes, 9)
        layout.addSpacing(6)
        layout.addWidget(self.spectrogram, 2)
        layout.addWidget(self.ruler)

    def set_theme(self, theme: Theme) -> None:
        """Repaint in another theme."""
        for widget in (self.headline, self.lanes, self.spectrogram, self.ruler):
            widget.set_theme(theme)

    def fit(self, window_height: int) -> None:
        """Make room in a low window."""
        self.headline.setFixedHeight(part_height(window_height, 40, 74))

    def clear(self) -> None:
        """Forget the former session."""
        self.headline.clear()

    def show_snapshot(self, snapshot: Snapshot, heard: Snapshot | None = None) -> None:
        """Draw one snapshot; headline and numbers are of another one, if what is heard is not what is looked at."""
        self.headline.show_snapshot(heard or snapshot)
        self.lanes.show_snapshot(snapshot, heard=heard)
        self.spectrogram.show_snapshot(snapshot)
