"""Pitch of single notes: from the file's name, or estimated by autocorrelation.

Pitch is a MIDI number, float; 69 is A4. Libraries number octaves differently (some call middle C C3), which does not
matter here: pitches are compared within one library only.
"""

from __future__ import annotations

import math
import re
from pathlib import PurePosixPath

import numpy as np
import numpy.typing as npt

_LOWEST_HZ, _HIGHEST_HZ = 40.0, 2500.0
_STEPS = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11}
_SHIFTS = {"#": 1, "s": 1, "sharp": 1, "b": -1, "flat": -1, "": 0}
_BEFORE = re.compile(r"(?<![a-z0-9#])([a-g])(sharp|flat|#|s|b)?(-?\d)(?![0-9])", re.IGNORECASE)
_AFTER = re.compile(r"(?<![a-z0-9#])([a-g])(\d)(#)", re.IGNORECASE)
_NUMBERED = re.compile(r"_\d{3}-(\d{3})-\d{3}$")
"""NSynth: instrument's number, MIDI pitch, velocity."""
_GLUED = re.compile(r"([A-G])(#?)(\d)(?:-\d+)?$")


def pitch_from_name(path: str) -> float:
    """Pitch from a file name, or NaN.

    Parameters
    ----------
    path : str
        The note's path; its last part is read.

    Examples
    --------
    >>> pitch_from_name("strings/violin/violin_A4_025_forte_arco-normal.mp3")
    69.0
    >>> pitch_from_name("Samples/acoustic/db2_vl1_rr4_1.wav"), pitch_from_name("mandolin C4#.wav")
    (37.0, 61.0)
    >>> pitch_from_name("vsco2-cello-susvib/gsharp1.wav")
    32.0
    >>> pitch_from_name("nsynth-test/audio/bass_synthetic_068-049-025.wav")
    49.0
    >>> pitch_from_name("kick_drum_1.wav")
    nan
    """
    stem = PurePosixPath(path).stem
    numbered = _NUMBERED.search(stem)
    if numbered:
        return float(numbered.group(1))
    after = _AFTER.search(stem)
    if after:
        name, octave, shift = after.group(1), after.group(2), "#"
    else:
        found = _BEFORE.search(stem) or _GLUED.search(stem)
        if not found:
            return math.nan
        name, shift, octave = found.group(1), (found.group(2) or "").lower(), found.group(3)
    return float(12 * (int(octave) + 1) + _STEPS[name.lower()] + _SHIFTS[shift])


def pitch_from_sound(audio: npt.NDArray[np.float32], sample_rate: int) -> float:
    """Estimate the pitch of a note, 40 to 2500 Hz, by normalised autocorrelation; NaN where it is not periodic.

    Parameters
    ----------
    audio : (T,) float32
        One note.
    sample_rate : int
        Hz.

    Returns
    -------
    float
        MIDI pitch, or NaN.

    References
    ----------
    P. McLeod and G. Wyvill, "A smarter way to find pitch", ICMC 2005, sections 3-5 (normalised square difference,
    first key maximum above a share of the greatest).
    """
    size = int(sample_rate * 0.12)
    if len(audio) < size:
        return math.nan
    start = min(int(np.argmax(np.abs(audio))) + int(0.03 * sample_rate), len(audio) - size)
    x = audio[start : start + size].astype(np.float64)
    spectrum = np.fft.rfft(x - x.mean(), 2 * size)
    correlation = np.fft.irfft(np.abs(spectrum) ** 2)[:size]
    energy = np.cumsum((x - x.mean()) ** 2)
    total = energy[-1]
    if total <= 1e-9:
        return math.nan
    tail = np.concatenate(([total], total - energy[:-1]))  # energy of x[tau:]
    nsdf = 2 * correlation / np.maximum(energy[::-1] + tail, 1e-12)
    first, last = int(sample_rate / _HIGHEST_HZ), min(int(sample_rate / _LOWEST_HZ), size - 2)
    inner = nsdf[first : last + 1]
    peaks = np.flatnonzero((inner[1:-1] > inner[:-2]) & (inner[1:-1] >= inner[2:])) + 1 + first
    # A maximum before the correlation first falls below zero belongs to lag 0, not to a period.
    below = np.flatnonzero(nsdf < 0)
    peaks = peaks[peaks > (below[0] if len(below) else size)]
    if not len(peaks) or nsdf[peaks].max() < 0.7:
        return math.nan
    best = int(peaks[np.flatnonzero(nsdf[peaks] >= 0.9 * nsdf[peaks].max())[0]])
    a, b, c = nsdf[best - 1 : best + 2]
    curve = a - 2 * b + c
    lag = best + (0.5 * (a - c) / curve if curve < 0 else 0.0)
    return 69.0 + 12.0 * math.log2(sample_rate / lag / 440.0)
