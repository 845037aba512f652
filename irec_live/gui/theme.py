"""Colours, sizes and type of the window, dark and light.

Everything that is drawn takes its colours from a `Theme`; `ThemeSwitch` holds the one in force and tells when it
changes, either because the user chose or because the desktop switched between day and night.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QFont, QGuiApplication

from irec_live.gui.instrument_colors import instrument_rgb

ThemeChoice = Literal["system", "dark", "light"]
"""What the user asked for; ``system`` follows the desktop."""

LEFT_GUTTER = 152
"""Pixels left of every time axis (lane names, frequencies, transport), so that all of them line up."""

RIGHT_GUTTER = 118
"""Pixels right of every time axis (current values)."""

_FAMILIES = ["Inter", "Segoe UI Variable Text", "Segoe UI", "SF Pro Text", "Helvetica Neue", "Cantarell", "Ubuntu"]
_FAMILIES += ["Noto Sans", "DejaVu Sans", "sans-serif"]


@dataclass(frozen=True)
class Theme:
    """Named colours (``#rrggbb``) of one theme, from the ground upwards."""

    name: Literal["dark", "light"]
    ground: str
    surface: str
    raised: str
    hover: str
    line: str
    text: str
    muted: str
    faint: str
    accent: str
    on_accent: str
    good: str
    warning: str
    error: str
    warning_ground: str
    error_ground: str
    info_ground: str
    ramp: tuple[str, ...]
    """Spectrogram colours from silence to full scale."""

    @property
    def dark(self) -> bool:
        """Whether the ground is dark."""
        return self.name == "dark"

    def instrument(self, label: str, alpha: int = 255) -> QColor:
        """The colour of one instrument on this ground."""
        red, green, blue = instrument_rgb(label, self.dark)
        return QColor(red, green, blue, alpha)

    def color(self, name: str, alpha: int = 255) -> QColor:
        """A named colour of this theme as a `QColor`."""
        color = QColor(getattr(self, name))
        color.setAlpha(alpha)
        return color

    def ramp_table(self) -> npt.NDArray[np.uint8]:
        """The spectrogram's colours as a (256, 3) uint8 look-up table."""
        anchors = np.array([(color.red(), color.green(), color.blue()) for color in map(QColor, self.ramp)], np.float64)
        places = np.linspace(0, 255, len(anchors))
        channels = [np.interp(np.arange(256), places, anchors[:, channel]) for channel in range(3)]
        return np.stack(channels, axis=1).round().astype(np.uint8)


DARK = Theme(
    name="dark",
    ground="#0f1318",
    surface="#151a21",
    raised="#1f262f",
    hover="#2a333e",
    line="#232b34",
    text="#e9edf2",
    muted="#98a4b3",
    faint="#5d6977",
    accent="#7cc4ff",
    on_accent="#08131d",
    good="#6fcf97",
    warning="#f2bd57",
    error="#ff8a80",
    warning_ground="#2e2617",
    error_ground="#331d1d",
    info_ground="#172838",
    ramp=("#0f1318", "#161d33", "#2a2a68", "#5b2f8f", "#a23d8c", "#e0626a", "#f6a45f", "#fbe6a2"),
)

LIGHT = Theme(
    name="light",
    ground="#f4f6f8",
    surface="#ffffff",
    raised="#e9edf1",
    hover="#dde3e9",
    line="#e1e6eb",
    text="#18202a",
    muted="#566273",
    faint="#8d98a6",
    accent="#1668b8",
    on_accent="#ffffff",
    good="#1f8a52",
    warning="#8f5d00",
    error="#b3261e",
    warning_ground="#fff3d6",
    error_ground="#fde7e5",
    info_ground="#e1eefb",
    ramp=("#ffffff", "#e6ecf7", "#bfcdea", "#8fa3dc", "#6b73c9", "#5a45a6", "#48207a", "#26093f"),
)


def font(pixels: int, *, bold: bool = False) -> QFont:
    """The window's typeface at a size in device-independent pixels."""
    made = QFont()
    made.setFamilies(_FAMILIES)
    made.setPixelSize(pixels)
    made.setWeight(QFont.Weight.DemiBold if bold else QFont.Weight.Normal)
    made.setFeature(QFont.Tag("tnum"), 1)  # numbers that change must not wobble
    return made


class ThemeSwitch(QObject):
    """Which theme is in force. GUI thread only.

    Parameters
    ----------
    choice : {"system", "dark", "light"}
        Where to begin. A desktop that does not tell its scheme counts as dark.
    """

    changed = Signal(object)
    """Carries the new `Theme`."""

    def __init__(self, choice: ThemeChoice = "system", parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._choice: ThemeChoice = choice
        self._theme = self._resolve()
        hints = QGuiApplication.styleHints()
        hints.colorSchemeChanged.connect(self._refresh)

    @property
    def theme(self) -> Theme:
        """The theme in force."""
        return self._theme

    @property
    def choice(self) -> ThemeChoice:
        """What was asked for."""
        return self._choice

    def choose(self, choice: ThemeChoice) -> None:
        """Ask for a theme, or for the desktop's."""
        self._choice = choice
        self._refresh()

    def toggle(self) -> None:
        """Change between dark and light, whatever decided so far."""
        self.choose("light" if self._theme.dark else "dark")

    def _resolve(self) -> Theme:
        if self._choice == "system":
            light = QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Light
            return LIGHT if light else DARK
        return DARK if self._choice == "dark" else LIGHT

    def _refresh(self) -> None:
        theme = self._resolve()
        if theme is not self._theme:
            self._theme = theme
            self.changed.emit(theme)
