"""Themes: colours, sizes and fonts of the window.

All drawing takes its colours from a `Theme`. `ThemeSwitch` holds the one in use and emits a signal when it changes, by
the user's choice or because the desktop switched between light and dark. A theme is data: to add one, add an entry to
`THEMES`; menu and settings then offer it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QFont, QGuiApplication

from irec_live.gui.instrument_colors import instrument_rgb, standing_out
from irec_live.gui.language import marked
from irec_live.instruments import Ground

SYSTEM = "system"
"""Instead of the name of a theme: follow the desktop."""

ThemeChoice = str
"""The user's choice: a name of `THEMES`, or `SYSTEM`."""

LEFT_GUTTER = 152
"""Pixels left of every time axis (lane names, frequencies, transport), so that all of them line up."""

RIGHT_GUTTER = 118
"""Pixels right of every time axis (current values)."""

# Qt takes the first family that is installed: those of the systems, then those of common Linux desktops.
_FAMILIES = ["Inter", "Segoe UI Variable Text", "Segoe UI", "SF Pro Text", "Helvetica Neue", "Cantarell", "Ubuntu"]
_FAMILIES += ["Noto Sans", "DejaVu Sans", "sans-serif"]


@dataclass(frozen=True)
class Theme:
    """A colour theme: named colours (``#rrggbb``), opacities and contrasts.

    Attributes
    ----------
    name, title : str
        Name in the settings, and in the menu.
    scheme : {"dark", "light"} or None
        The desktop's colour scheme for which this is the default theme.
    opposite : str
        Name of the theme that the button "Switch between dark and light" changes to.
    switch_icon : str
        Icon of that button.
    instruments : {"on_dark", "on_light"}
        Which column of the instrument table to use.
    least_contrast, letter_contrast : float
        Smallest contrast of an instrument's colour to the ground, for areas and lines, and for small text; colours
        with less are blended towards the text colour.
    event_alpha, fill_alpha : int
        Opacity, 0..255, of the tint behind events and of the area under an envelope.
    unlit_alpha, unlit_mark_alpha : int
        Opacity of the curve and of the mark of a label that is not lit.
    outline : str
        Border of buttons and boxes at rest; may be ``transparent``.
    ring : int
        Pixels of the border around what has the keyboard, 2 to 4.
    ramp : tuple of str
        Spectrogram colours from silence to full scale.
    """

    name: str
    title: str
    scheme: Literal["dark", "light"] | None
    opposite: str
    switch_icon: str
    instruments: Ground
    least_contrast: float
    letter_contrast: float
    event_alpha: int
    fill_alpha: int
    unlit_alpha: int
    unlit_mark_alpha: int
    outline: str
    ring: int
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

    def instrument(self, label: str, alpha: int = 255) -> QColor:
        """The colour of one instrument on this ground."""
        plain = instrument_rgb(label, self.instruments)
        red, green, blue = standing_out(plain, self.ground, self.text, self.least_contrast)
        return QColor(red, green, blue, alpha)

    def lettering(self, label: str) -> QColor:
        """The colour of one instrument for small text on this ground, which needs more contrast than areas."""
        plain = instrument_rgb(label, self.instruments)
        return QColor(*standing_out(plain, self.ground, self.text, self.letter_contrast))

    def color(self, name: str, alpha: int = 255) -> QColor:
        """A named colour of this theme as a `QColor`."""
        color = QColor(getattr(self, name))
        color.setAlpha(alpha)
        return color


THEMES: dict[str, Theme] = {
    theme.name: theme
    for theme in (
        Theme(
            name="dark",
            title=marked("Dark"),
            scheme="dark",
            opposite="light",
            switch_icon="sun",
            instruments="on_dark",
            least_contrast=3.0,
            letter_contrast=4.5,
            event_alpha=30,
            fill_alpha=92,
            unlit_alpha=190,
            unlit_mark_alpha=110,
            outline="transparent",
            ring=2,
            ground="#0f1318",
            surface="#151a21",
            raised="#1f262f",
            hover="#2a333e",
            line="#232b34",
            text="#e9edf2",
            muted="#a4b0be",
            faint="#838f9d",
            accent="#7cc4ff",
            on_accent="#08131d",
            good="#6fcf97",
            warning="#f2bd57",
            error="#ff8a80",
            warning_ground="#2e2617",
            error_ground="#331d1d",
            info_ground="#172838",
            ramp=("#0f1318", "#161d33", "#2a2a68", "#5b2f8f", "#a23d8c", "#e0626a", "#f6a45f", "#fbe6a2"),
        ),
        Theme(
            name="light",
            title=marked("Light"),
            scheme="light",
            opposite="dark",
            switch_icon="moon",
            instruments="on_light",
            least_contrast=3.0,
            letter_contrast=4.5,
            event_alpha=26,
            fill_alpha=84,
            unlit_alpha=190,
            unlit_mark_alpha=110,
            outline="transparent",
            ring=2,
            ground="#f4f6f8",
            surface="#ffffff",
            raised="#e9edf1",
            hover="#dde3e9",
            line="#e1e6eb",
            text="#18202a",
            muted="#4a5666",
            faint="#5e6a78",
            accent="#1668b8",
            on_accent="#ffffff",
            good="#1f8a52",
            warning="#8f5d00",
            error="#b3261e",
            warning_ground="#fff3d6",
            error_ground="#fde7e5",
            info_ground="#e1eefb",
            ramp=("#ffffff", "#e6ecf7", "#bfcdea", "#8fa3dc", "#6b73c9", "#5a45a6", "#48207a", "#26093f"),
        ),
        Theme(
            name="contrast",
            title=marked("High contrast"),
            scheme=None,
            opposite="light",
            switch_icon="sun",
            instruments="on_dark",
            least_contrast=4.5,
            letter_contrast=7.0,
            event_alpha=70,
            fill_alpha=140,
            unlit_alpha=255,
            unlit_mark_alpha=255,
            outline="#ffffff",
            ring=4,
            ground="#000000",
            surface="#000000",
            raised="#141414",
            hover="#646464",
            line="#6e6e6e",
            text="#ffffff",
            muted="#e4e4e4",
            faint="#b4b4b4",
            accent="#ffe45c",
            on_accent="#000000",
            good="#6dff9f",
            warning="#ffd23f",
            error="#ffa69e",
            warning_ground="#332900",
            error_ground="#430c08",
            info_ground="#00264d",
            ramp=("#000000", "#17176b", "#4a2a9c", "#9b2f9e", "#e04f78", "#ff8f4f", "#ffd24a", "#ffffff"),
        ),
    )
}
"""By name, in the order of the menu."""

DARK = THEMES["dark"]
"""The theme of a widget until `set_theme` is called."""


def choices() -> dict[ThemeChoice, str]:
    """All choices, with their titles in the menu."""
    return {SYSTEM: marked("Like the desktop")} | {theme.name: theme.title for theme in THEMES.values()}


@lru_cache(maxsize=64)
def font(pixels: int, *, bold: bool = False) -> QFont:
    """The window's font at a size in device-independent pixels; not to be changed."""
    made = QFont()
    made.setFamilies(_FAMILIES)
    made.setPixelSize(pixels)
    made.setWeight(QFont.Weight.DemiBold if bold else QFont.Weight.Normal)
    made.setFeature(QFont.Tag("tnum"), 1)  # tabular figures: numbers that change must not move
    return made


class ThemeSwitch(QObject):
    """Holds the theme in use. GUI thread only.

    Parameters
    ----------
    choice : str
        The first choice, one of `choices`. A desktop without a colour scheme counts as dark.
    """

    changed = Signal(object)
    """Carries the new `Theme`."""

    def __init__(self, choice: ThemeChoice = SYSTEM) -> None:
        super().__init__()
        self._choice: ThemeChoice = choice
        self._theme = self._resolve()
        hints = QGuiApplication.styleHints()
        hints.colorSchemeChanged.connect(self._refresh)

    @property
    def theme(self) -> Theme:
        """The theme in use."""
        return self._theme

    @property
    def choice(self) -> ThemeChoice:
        """The user's choice."""
        return self._choice

    def choose(self, choice: ThemeChoice) -> None:
        """Choose a theme, or to follow the desktop.

        Raises
        ------
        ValueError
            There is no such theme.
        """
        if choice not in choices():
            raise ValueError(f"a theme is one of {', '.join(choices())}, not {choice!r}")
        self._choice = choice
        self._refresh()

    def toggle(self) -> None:
        """Switch between dark and light, also if the desktop decided so far."""
        self.choose(self._theme.opposite)

    def _resolve(self) -> Theme:
        if self._choice != SYSTEM:
            return THEMES[self._choice]
        light = QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Light
        scheme = "light" if light else "dark"
        return next((theme for theme in THEMES.values() if theme.scheme == scheme), DARK)

    def _refresh(self) -> None:
        theme = self._resolve()
        if theme is not self._theme:
            self._theme = theme
            self.changed.emit(theme)
