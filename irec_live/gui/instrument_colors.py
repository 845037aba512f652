"""Instrument colours: one per label, the same in every view and session.

Those in the table `irec_live.instruments` are fixed. A label that is not in it gets a hue from a hash of its name, in
OKLCH, where equal steps look equal, so that hue and visual weight are alike on dark and light grounds.

References
----------
Björn Ottosson, "A perceptual color space for image processing" (2020): the OKLab matrices. WCAG 2.2, "contrast ratio".
"""

from __future__ import annotations

import math
import zlib
from functools import lru_cache

from irec_live.instruments import INSTRUMENTS, Ground

RGB = tuple[int, int, int]

_LIGHTNESS: dict[Ground, float] = {"on_dark": 0.765, "on_light": 0.555}

_BLEND = 0.05
"""Share by which a colour is blended towards the text colour in each step until its contrast suffices."""


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
    """Linear light to 8-bit sRGB (IEC 61966-2-1)."""
    bounded = min(1.0, max(0.0, channel))
    encoded = 12.92 * bounded if bounded <= 0.0031308 else 1.055 * bounded ** (1 / 2.4) - 0.055
    return round(255 * encoded)


@lru_cache(maxsize=4096)
def instrument_rgb(label: str, ground: Ground) -> RGB:
    """The colour of one label on a dark or a light ground.

    Labels that are not in the table get a hue from their name, so it never depends on what else is shown.

    Examples
    --------
    >>> instrument_rgb("kazoo", "on_dark") == instrument_rgb("Kazoo", "on_dark") != instrument_rgb("violin", "on_dark")
    True
    """
    known = INSTRUMENTS.get(label.lower())
    text: str = getattr(known, ground) if known is not None else ""
    if text:
        return _parsed(text)
    # crc32, because `hash` of a string differs from process to process.
    digest = zlib.crc32(label.lower().encode())
    step = (digest // 360 % 5 - 2) * 0.035
    return oklch_to_rgb(_LIGHTNESS[ground] + step * (1.0 if ground == "on_dark" else 0.7), 0.12, digest % 360)


@lru_cache(maxsize=4096)
def standing_out(color: RGB, ground: str, text: str, least: float) -> RGB:
    """A colour with at least this contrast to a ground: unchanged, or blended towards the text colour.

    Examples
    --------
    >>> standing_out((200, 0, 0), "#000000", "#ffffff", 3.0), standing_out((0, 0, 0), "#000000", "#ffffff", 21.0)
    ((200, 0, 0), (255, 255, 255))
    """
    behind, goal = _parsed(ground), _parsed(text)
    for step in range(round(1 / _BLEND) + 1):
        share = step * _BLEND
        red, green, blue = (round((1 - share) * one + share * other) for one, other in zip(color, goal, strict=True))
        if contrast((red, green, blue), behind) >= least:
            return red, green, blue
    return goal


def contrast(one: RGB, other: RGB) -> float:
    """Contrast ratio of two colours, 1 to 21, as defined by WCAG.

    Examples
    --------
    >>> contrast((255, 255, 255), (0, 0, 0)), contrast((9, 9, 9), (9, 9, 9))
    (21.0, 1.0)
    """
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(color: RGB) -> float:
    """Relative luminance of sRGB, 0..1, as defined by WCAG."""
    red, green, blue = (
        share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4
        for share in (channel / 255 for channel in color)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _parsed(text: str) -> RGB:
    red, green, blue = bytes.fromhex(text.removeprefix("#"))
    return red, green, blue
