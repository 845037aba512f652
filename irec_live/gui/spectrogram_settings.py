"""Spectrogram settings: colour map, range of levels, and frequency axis. No widget here.

All colour maps rise steadily in lightness, so they can be read without red or green cones, and in print.

References
----------
N. Smith, S. van der Walt, "A better default colormap for matplotlib", SciPy 2015: viridis, magma (CC0). J. R. Nuñez,
C. R. Anderton, R. S. Renslow, "Optimizing colormaps with consideration for color vision deficiency", PLOS ONE 13(7),
2018: cividis (CC0).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from irec_live.gui.language import marked

Axis = Literal["mel", "log"]

AXES: dict[Axis, str] = {"mel": marked("Mel (as we hear it)"), "log": marked("Logarithmic (octaves alike)")}

THEME_COLORS = "theme"
"""Instead of the name of a colour map: that of the theme."""

_RAMPS: dict[str, tuple[str, ...]] = {
    "viridis": ("#440154", "#472d7b", "#3b528b", "#2c728e", "#21918c", "#28ae80", "#5ec962", "#addc30", "#fde725"),
    "cividis": ("#00224e", "#123570", "#3b496c", "#575d6d", "#707173", "#8a8678", "#a59c74", "#c3b369", "#fee838"),
    "magma": ("#000004", "#1d1147", "#51127c", "#832681", "#b73779", "#e75263", "#fc8961", "#fec488", "#fcfdbf"),
    "grey": ("#000000", "#404040", "#808080", "#bfbfbf", "#ffffff"),
}

COLORS: dict[str, str] = {
    THEME_COLORS: marked("Like the theme"),
    "viridis": marked("Viridis"),
    "cividis": marked("Cividis (for any colour vision)"),
    "magma": marked("Magma"),
    "grey": marked("Grey"),
}
"""Titles of the colour maps by name."""

RANGES_DB: dict[str, tuple[float, float]] = {
    "usual": (-90.0, -12.0),
    "wide": (-100.0, -6.0),
    "loud": (-66.0, -12.0),
    "quiet": (-100.0, -40.0),
}
RANGES: dict[str, str] = {
    "usual": marked("Usual: −90 to −12 dB"),
    "wide": marked("Wide: −100 to −6 dB"),
    "loud": marked("Loud sounds: −66 to −12 dB"),
    "quiet": marked("Quiet sounds: −100 to −40 dB"),
}
"""Titles of the ranges by name. A band holds a part of the energy, so full scale is never reached."""

_LOWEST_HZ = 55.0
"""Lower end of the logarithmic axis: below, a mel band spans more than half an octave."""


@dataclass(frozen=True)
class SpectrogramSettings:
    """How the spectrogram is drawn.

    Attributes
    ----------
    colors : str
        Name of a colour map, or `THEME_COLORS`.
    levels : str
        Name of a range.
    axis : {"mel", "log"}
    """

    colors: str = THEME_COLORS
    levels: str = "usual"
    axis: Axis = "mel"

    @property
    def range_db(self) -> tuple[float, float]:
        """Levels of the first and the last colour, dB."""
        return RANGES_DB[self.levels]

    def ramp(self, theme_ramp: tuple[str, ...]) -> tuple[str, ...]:
        """Colours from silence to full scale, given those of the theme."""
        return _RAMPS.get(self.colors, theme_ramp)


def ramp_table(ramp: tuple[str, ...]) -> npt.NDArray[np.uint8]:
    """Colours between anchors, ``#rrggbb``, as a (256, 3) uint8 look-up table.

    Examples
    --------
    >>> ramp_table(("#000000", "#ffffff"))[[0, 128, 255]].tolist()
    [[0, 0, 0], [128, 128, 128], [255, 255, 255]]
    """
    anchors = np.array([list(bytes.fromhex(color.removeprefix("#"))) for color in ramp], np.float64)
    places = np.linspace(0, 255, len(anchors))
    channels = [np.interp(np.arange(256), places, anchors[:, channel]) for channel in range(3)]
    return np.stack(channels, axis=1).round().astype(np.uint8)


def log_bands(bands_hz: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.float64]]:
    """Mel bands at the places of a logarithmic axis.

    Parameters
    ----------
    bands_hz : (F,) float64
        Centres of the mel bands, rising.

    Returns
    -------
    rows : (F,) int
        Index of the nearest mel band of each row.
    rows_hz : (F,) float64
        Frequencies of the rows.
    """
    low = max(_LOWEST_HZ, float(bands_hz[0]))
    rows_hz = np.geomspace(low, float(bands_hz[-1]), len(bands_hz))
    edges = (bands_hz[1:] + bands_hz[:-1]) / 2
    return np.searchsorted(edges, rows_hz), rows_hz
