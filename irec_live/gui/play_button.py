"""Play button: round, play or pause."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton

from irec_live.gui.icons import themed_icon
from irec_live.gui.language import tr
from irec_live.gui.theme import DARK, Theme
from irec_live.gui.wording import space_key

_SIZE = 36


class PlayButton(QAbstractButton):
    """A disc in the accent colour with a triangle, or with two bars while it plays."""

    def __init__(self) -> None:
        super().__init__()
        self._theme = DARK
        self._playing = False
        self.setFixedSize(_SIZE, _SIZE)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.show_playing(False)

    def sizeHint(self) -> QSize:
        """The size of the disc."""
        return QSize(_SIZE, _SIZE)

    def set_theme(self, theme: Theme) -> None:
        """Repaint in another theme."""
        self._theme = theme
        self.update()

    def show_playing(self, playing: bool) -> None:
        """Show the symbol and name of what a click would do."""
        self._playing = playing
        name = tr("Pause") if playing else tr("Play")
        self.setAccessibleName(name)
        self.setToolTip(f"{name} ({space_key()})")
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint disc, symbol and focus ring."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        disc = QRectF(2, 2, _SIZE - 4, _SIZE - 4)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.color("text" if self.underMouse() else "accent"))
        painter.drawEllipse(disc)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(self._theme.color("text"), 1.5))
            painter.drawEllipse(disc.adjusted(-1, -1, 1, 1))
        name = "pause" if self._playing else "play"
        color = self._theme.ground if self.underMouse() else self._theme.on_accent
        themed_icon(name, color).paint(painter, disc.adjusted(7, 7, -7, -7).toRect())
        painter.end()
