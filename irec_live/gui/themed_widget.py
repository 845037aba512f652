"""Base of the widgets that are painted in the colours of a theme."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from irec_live.gui.theme import DARK, Theme


class ThemedWidget(QWidget):
    """A painted widget; `_theme` has its colours."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = DARK

    def set_theme(self, theme: Theme) -> None:
        """Repaint in another theme."""
        self._theme = theme
        self.update()
