"""One colour per instrument, the same everywhere and in every session.

Colours are chosen in OKLCH, where equal steps look equal, so that a lane in the dark theme and the same lane in the
light theme keep hue and weight. Families share a region (strings warm, winds blue, keys violet, guitars green), and
neighbours within a family also differ in lightness, which colour-blind readers keep.

References
----------
Björn Ottosson, "A perceptual color space for image processing" (2020): the OKLab matrices.
"""

from __future__ import annotations

import math
import zlib
from functools import lru_cache

RGB = tuple[int, int, int]

# label -> (hue in degrees, chroma, lightness step)
_KNOWN: dict[str, tuple[float, float, float]] = {
    "violin": (66.0, 0.135, 0.03),
    "cello": (43.0, 0.125, -0.07),
    "flute": (205.0, 0.105, 0.07),
    "clarinet": (243.0, 0.130, -0.03),
    "saxophone": (96.0, 0.135, 0.06),
    "trumpet": (26.0, 0.150, -0.03),
    "piano": (300.0, 0.115, 0.03),
    "organ": (326.0, 0.140, -0.08),
    "acoustic guitar": (138.0, 0.130, 0.04),
    "electric guitar": (168.0, 0.115, -0.06),
    "voice": (358.0, 0.120, 0.05),
    "bass": (272.0, 0.130, -0.07),
    "drums": (250.0, 0.025, 0.04),
}

_BASE_LIGHTNESS = {True: 0.765, False: 0.555}


def oklch_to_rgb(lightness: float, chroma: float, hue: float) -> RGB:
    """An OKLCH colour as 8-bit sRGB, clipped to the gamut.

    Examples
    --------
    >>> oklch_to_rgb(1.0, 0.0, 0.0), oklch_to_rgb(0.0, 0.0, 0.0)
    ((255, 255, 255), (0, 0, 0))
    """
    a, b = chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    linear = (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )
    red, green, blue = (_gamma(channel) for channel in linear)
    return red, green, blue


def _gamma(channel: float) -> int:
    bounded = min(1.0, max(0.0, channel))
    encoded = 12.92 * bounded if bounded <= 0.0031308 else 1.055 * bounded ** (1 / 2.4) - 0.055
    return round(255 * encoded)


@lru_cache(maxsize=4096)
def instrument_rgb(label: str, dark: bool) -> RGB:
    """The colour of one label on a dark or a light ground.

    Labels this project does not know get a hue from their own name, so it never depends on what else is shown.

    Examples
    --------
    >>> instrument_rgb("kazoo", True) == instrument_rgb("kazoo", True) != instrument_rgb("violin", True)
    True
    """
    known = _KNOWN.get(label.lower())
    if known is None:
        digest = zlib.crc32(label.lower().encode())
        known = (digest % 360, 0.12, (digest // 360 % 5 - 2) * 0.035)
    hue, chroma, step = known
    return oklch_to_rgb(_BASE_LIGHTNESS[dark] + (step if dark else 0.7 * step), chroma, hue)
