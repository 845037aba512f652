"""Drag-and-drop overlay: covers the window during a drag and says what dropping would do."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QMimeData, QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from irec_live.gui.language import tr
from irec_live.gui.requests import is_model_file
from irec_live.gui.theme import DARK, Theme, font
from irec_live.suffixes import is_session_folder


def dropped_paths(data: QMimeData) -> list[Path]:
    """Paths of the local files and folders in a drag."""
    return [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]


def drop_text(paths: list[Path]) -> str:
    """A phrase for what dropping these files would do.

    Examples
    --------
    >>> drop_text([Path("duo.flac")]), drop_text([Path("net.onnx")])
    ('Listen to duo.flac', 'Use the model net.onnx')
    >>> drop_text([Path("duo.flac"), Path("trio.flac")])
    'Listen to duo.flac and 1 more'
    """
    models = [path.name for path in paths if is_model_file(path)]
    sounds = [path.name for path in paths if not is_model_file(path)]
    parts = [tr("Use the model {name}", name=name) for name in models[:1]]
    for name in sounds[:1]:
        more, session = len(sounds) - 1, any(is_session_folder(path) for path in paths)
        if session:
            parts.append(
                tr("Open the session {name}", name=name)
                if not more
                else tr("Open the session {name} and %n more", "", more, name=name)
            )
        else:
            parts.append(
                tr("Listen to {name}", name=name)
                if not more
                else tr("Listen to {name} and %n more", "", more, name=name)
            )
    return " · ".join(parts)


class DropOverlay(QWidget):
    """A translucent cover with a border and one sentence; passes the drag events on to the window."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._covered = parent
        self._theme = DARK
        self._text = ""
        # Or the drop would go to this widget, which appears under the pointer.
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()

    @property
    def text(self) -> str:
        """Its text while it is shown, else empty."""
        return self._text if self.isVisible() else ""

    def set_theme(self, theme: Theme) -> None:
        """Paint in another theme from now on."""
        self._theme = theme

    def fit(self) -> None:
        """Cover the parent at its new size."""
        self.setGeometry(self._covered.rect())

    def appear(self, text: str) -> None:
        """Cover the parent and show this text."""
        self._text = text
        self.fit()
        self.raise_()
        self.show()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint cover, border and text."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._theme.color("ground", 225))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self._theme.color("accent"), 2, Qt.PenStyle.DashLine))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(20, 20, -20, -20), 14, 14)
        painter.setPen(self._theme.color("text"))
        painter.setFont(font(24, bold=True))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self._text)
        painter.end()
