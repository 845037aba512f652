"""Size of the window: the screen's room decides it, and the height decides how much room the parts get.

All sizes are in device-independent pixels: a screen of 1920x1080 at 200 % has 960x540, less what panels and the title
bar take.
"""

from __future__ import annotations

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QWidget

WANTED = QSize(1280, 720)
"""At the first start, where the screen has room for it."""

LEAST = QSize(816, 400)
"""Below this something would be cut off."""

_FRAME = QSize(2, 38)
"""What desktops put around a window, title bar included; known only after it was shown."""

_LOW, _HIGH = 400, 640
"""Between these heights of the window its parts grow from their smallest to their usual height."""


def first_size(available: QSize) -> QSize:
    """Size at the first start.

    Parameters
    ----------
    available : QSize
        Of the screen, without panels.
    """
    return WANTED.boundedTo(available - _FRAME)


def least_size(available: QSize) -> QSize:
    """Minimum size of the window: never more than the screen has room for."""
    return LEAST.boundedTo(available - _FRAME)


def largest_growth(available: QSize) -> float:
    """How many times its present size everything may have so that the window at its least still fits a screen.

    Examples
    --------
    >>> largest_growth(QSize(1636, 2000)), round(largest_growth(QSize(1024, 560)), 2)
    (2.0, 1.25)
    """
    needed = LEAST + _FRAME
    return float(min(available.width() / needed.width(), available.height() / needed.height()))


def part_height(window_height: int, smallest: int, usual: int) -> int:
    """Height of a part of the window.

    Examples
    --------
    >>> part_height(720, 40, 74), part_height(520, 40, 74), part_height(400, 40, 74)
    (74, 57, 40)
    """
    share = (window_height - _LOW) / (_HIGH - _LOW)
    return round(smallest + min(1.0, max(0.0, share)) * (usual - smallest))


def available_size(widget: QWidget) -> QSize:
    """Room on the screen of a window, without panels."""
    return widget.screen().availableGeometry().size()
