"""SVG icons, rendered in the theme's colours for any pixel density."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from PySide6.QtCore import QByteArray, QRectF, QSize, Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from irec_assets import icons_folder


def icon_path(name: str) -> Path:
    """Path of an icon file."""
    return icons_folder() / f"{name}.svg"


@lru_cache(maxsize=32)
def _drawing(name: str) -> str:
    return icon_path(name).read_text(encoding="utf-8")


def themed_icon(name: str, color: str, size: int = 20) -> QIcon:
    """An icon in one colour, sharp up to three device pixels per nominal pixel.

    Parameters
    ----------
    name : str
        File name without suffix; its strokes and fills are ``currentColor``.
    color : str
        ``#rrggbb``.
    size : int
        Device-independent pixels.
    """
    icon = QIcon()
    renderer = QSvgRenderer(QByteArray(_drawing(name).replace("currentColor", color).encode()))
    for density in (1, 2, 3):  # drawn at each: a pixmap that is scaled up is blurred
        pixmap = QPixmap(QSize(size, size) * density)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        renderer.render(painter, QRectF(0, 0, size * density, size * density))
        painter.end()
        pixmap.setDevicePixelRatio(density)
        icon.addPixmap(pixmap)
    return icon


def app_icon() -> QIcon:
    """The application's icon, scalable."""
    return QIcon(str(icon_path("irec-live")))
