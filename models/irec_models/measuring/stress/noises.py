"""Synthetic noise: what a microphone records while nobody plays.

Shapes: T samples.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.fft
import scipy.signal

from irec_live.streaming.pipeline import SILENCE_DB

Audio = npt.NDArray[np.float32]

SAMPLE_RATE = 44100
"""Hz, of everything the stress tests generate or spoil; resampled to each model's own rate."""

LEVELS_DB = (-50.0, -30.0, -10.0)
"""RMS of steady noises, dBFS."""

_SECONDS = 20.0
_SLOPES = {"white": 0.0, "pink": 0.5, "brown": 1.0}  # amplitude falls with frequency to this power


@dataclass(frozen=True, slots=True, eq=False)
class Noise:
    """A sound in which no instrument plays.

    Attributes
    ----------
    name : str
    audio : (T,) float32
        At `SAMPLE_RATE`.
    """

    name: str
    audio: Audio

    @property
    def silent(self) -> bool:
        """Whether it is digital silence."""
        return not self.audio.any()


def coloured(colour: str, length: int, rng: np.random.Generator) -> Audio:
    """White, pink or brown noise of RMS 1, nothing below 20 Hz.

    Parameters
    ----------
    colour : {"white", "pink", "brown"}
    length : int
    rng : Generator

    Returns
    -------
    (T,) float32

    Raises
    ------
    ValueError
        Another colour.
    """
    if colour not in _SLOPES:
        raise ValueError(f"noise is {', '.join(_SLOPES)}, not {colour!r}")
    size = scipy.fft.next_fast_len(length, real=True)
    spectrum = scipy.fft.rfft(rng.standard_normal(size))
    frequency = np.arange(len(spectrum)) * (SAMPLE_RATE / size)
    spectrum *= np.maximum(frequency, 20.0) ** -_SLOPES[colour]
    spectrum[frequency < 20.0] = 0.0
    return _unit(scipy.fft.irfft(spectrum, size)[:length])


def noises(seconds: float = _SECONDS) -> Iterator[Noise]:
    """All noises, always the same.

    White, pink and brown noise and tape hiss at `LEVELS_DB`, mains hum, room tone, clicks, and digital silence.

    Parameters
    ----------
    seconds : float
        Of each.

    Examples
    --------
    >>> sum(noise.silent for noise in noises(0.1))
    1
    """
    rng = np.random.default_rng([0, 23])
    length = round(seconds * SAMPLE_RATE)
    for colour in _SLOPES:
        for level in LEVELS_DB:
            yield _at(f"{colour} {level:.0f} dBFS", coloured(colour, length, rng), level)
    for level in LEVELS_DB:
        yield _at(f"hiss {level:.0f} dBFS", _hiss(length, rng), level)
    for level in (-40.0, -20.0):
        yield _at(f"hum 50 Hz {level:.0f} dBFS", _hum(length, rng), level)
    for level in (-50.0, -35.0):
        yield _at(f"room tone {level:.0f} dBFS", _room_tone(length, rng), level)
    yield Noise("clicks", _clicks(length, rng))
    yield Noise("digital silence", np.zeros(length, np.float32))


def faded(sound: Audio) -> Audio:
    """A noise that comes and goes within a second, or a quarter of itself: one that starts at once is a drum.

    Parameters
    ----------
    sound : (T,) float32
        At `SAMPLE_RATE`.
    """
    length = min(SAMPLE_RATE, len(sound) // 4)
    ramp = (0.5 - 0.5 * np.cos(np.pi * (np.arange(length) + 0.5) / max(1, length))).astype(np.float32)
    gain = np.ones(len(sound), np.float32)
    gain[:length] = ramp
    gain[len(sound) - length :] = ramp[::-1]
    return sound * gain


def faint(length: int, sample_rate: int) -> Audio:
    """What a quiet input gives: white noise too soft for a network to be run on it, always the same.

    Parameters
    ----------
    length : int
    sample_rate : int
        Hz; noise of another rate is another noise.
    """
    noise = np.random.default_rng([sample_rate, 29]).standard_normal(length)
    return (noise * 10 ** ((SILENCE_DB - 5.0) / 20)).astype(np.float32)


def _unit(sound: npt.NDArray[np.floating]) -> Audio:
    return np.asarray(sound / max(float(np.sqrt(np.mean(np.square(sound)))), 1e-12), np.float32)


def _at(name: str, sound: Audio, level_db: float) -> Noise:
    # A converter does not go past full scale.
    return Noise(name, np.clip(sound * np.float32(10 ** (level_db / 20)), -1.0, 1.0))


def _hiss(length: int, rng: np.random.Generator) -> Audio:
    """Tape hiss: mostly above 2 kHz."""
    sections = scipy.signal.butter(1, 2000.0, "highpass", fs=SAMPLE_RATE, output="sos")
    return _unit(scipy.signal.sosfilt(sections, coloured("white", length, rng)))


def _hum(length: int, rng: np.random.Generator) -> Audio:
    """Mains: 50 Hz and its harmonics, the odd ones stronger, with a little hiss 40 dB below."""
    time = np.arange(length) / SAMPLE_RATE
    hum = np.zeros(length)
    for harmonic in range(1, 21):
        strength = (1.0 if harmonic % 2 else 0.4) / harmonic
        hum += strength * np.sin(2 * np.pi * 50.0 * harmonic * time + rng.uniform(0, 2 * np.pi))
    return _unit(_unit(hum) + np.float32(0.01) * coloured("white", length, rng))


def _room_tone(length: int, rng: np.random.Generator) -> Audio:
    """An empty room: ventilation below 300 Hz that breathes slowly, and some pink noise."""
    sections = scipy.signal.butter(2, 300.0, "lowpass", fs=SAMPLE_RATE, output="sos")
    rumble = _unit(scipy.signal.sosfilt(sections, coloured("pink", length, rng)))
    breath = 1.0 + 0.4 * np.sin(2 * np.pi * 0.3 * np.arange(length) / SAMPLE_RATE)
    return _unit(rumble * breath + 0.15 * coloured("pink", length, rng))


def _clicks(length: int, rng: np.random.Generator) -> Audio:
    """Crackle: about four a second, of a millisecond, with peaks from -40 to -10 dBFS, over hiss at -65 dBFS."""
    out = coloured("white", length, rng) * np.float32(10 ** (-65 / 20))
    size = SAMPLE_RATE // 1000
    decay = np.exp(-np.arange(size) / (size / 3))
    for start in rng.integers(0, max(1, length - size), max(1, round(4 * length / SAMPLE_RATE))):
        click = rng.standard_normal(size) * decay
        out[start : start + size] += 10 ** (rng.uniform(-40, -10) / 20) * click[: length - start] / np.abs(click).max()
    return np.asarray(np.clip(out, -1.0, 1.0), np.float32)
