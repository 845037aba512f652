"""Record button: a red disc, and the elapsed time beside it while it records."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtWidgets import QToolButton

from irec_live.gui.language import tr
from irec_live.gui.theme import DARK, Theme
from irec_live.gui.wording import clock_text

_SIZE = 20


class RecordButton(QToolButton):
    """A ring with a dot; a full disc with a clock while it records."""

    def __init__(self) -> None:
        super().__init__()
        self._theme = DARK
        self._recording = False
        self.setProperty("flat", True)
        self.setIconSize(QSize(_SIZE, _SIZE))
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
        self.show_idle()

    def set_theme(self, theme: Theme) -> None:
        """Draw in another theme."""
        self._theme = theme
        self._draw()

    def show_idle(self) -> None:
        """Offer to record."""
        self._recording = False
        self._say(tr("Record"), tr("Record this input (Ctrl+R)"), "")

    def show_recording(self, elapsed_s: float) -> None:
        """Show that it records, and how long already."""
        self._recording = True
        clock = clock_text(elapsed_s)
        self._say(tr("Recording, {clock}; press to stop", clock=clock), tr("Stop recording (Ctrl+R)"), f"REC {clock}")

    def show_saving(self) -> None:
        """Show that the last recording is being completed."""
        self._recording = False
        self._say(tr("Saving the recording"), tr("What was recorded is being saved"), tr("Saving…"))

    def _say(self, name: str, tip: str, text: str) -> None:
        self.setAccessibleName(name)
        self.setToolTip(tip)
        self.setText(text)
        style = Qt.ToolButtonStyle
        self.setToolButtonStyle(style.ToolButtonTextBesideIcon if text else style.ToolButtonIconOnly)
        self._draw()

    def _draw(self) -> None:
        density = 3
        pixmap = QPixmap(QSize(_SIZE, _SIZE) * density)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.scale(density, density)
        pen = painter.pen()
        pen.setWidthF(1.8)
        pen.setColor(self._theme.color("error" if self._recording else "muted"))
        painter.setPen(pen)
        painter.drawEllipse(QRectF(2, 2, 16, 16))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.color("error"))
        painter.drawEllipse(QRectF(4.5, 4.5, 11, 11) if self._recording else QRectF(6.5, 6.5, 7, 7))
        painter.end()
        pixmap.setDevicePixelRatio(density)
        self.setIcon(QIcon(pixmap))
