"""Expressive performance: legato, vibrato, scoops, swells and timing deviations.

Sample libraries hold notes that begin from silence and stay as they are. Played one after the other, they make phrases
that no singer, bow or breath makes: there, a slur has one attack, tones tremble, slide and grow.

Letters: T samples, M notes, C places on a curve.

References
----------
J. Sundberg, "Acoustic and psychoacoustic aspects of vocal vibrato", STL-QPSR 35(2-3), 1994 (rates of singers; the
depths here are those of instruments, which are less).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy import ndimage

Audio = npt.NDArray[np.float32]
Generator = np.random.Generator

SUSTAINED = frozenset(
    (
        "cello", "clarinet", "flute", "saxophone", "trumpet", "violin", "voice", "trombone", "french horn", "tuba",
        "oboe", "bassoon", "viola", "harmonica", "bagpipe", "shanai",
    )
)  # fmt: skip
"""Bow and breath: their players shape a tone while it lasts."""

FRETTED = frozenset(("acoustic guitar", "electric guitar", "bass", "banjo", "mandolin", "sitar"))
"""A finger can tie, bend and shake their notes; what was plucked dies away all the same."""

STEADY = frozenset(("organ", "accordion", "synth", "mallets"))
"""Rotating loudspeakers, bellows, motors: the instrument trembles, not the tone."""

_CONTROL_HZ = 200  # of pitch and gain curves


@dataclass(frozen=True, slots=True)
class Manner:
    """Expression parameters of a phrase; the default is as written.

    Attributes
    ----------
    tied : float
        Chance that a note that follows another at once has no attack of its own.
    hurry_s : float
        Standard deviation of onsets.
    vibrato_hz, vibrato_cents, tremolo_db : float
        Rate, and depth from the middle, of pitch and level.
    drift_cents : float
        Standard deviation of a slow wandering of pitch.
    scoop_cents : float
        How far below its pitch a note may begin.
    swell_db : float
        Range in which the level wanders.
    """

    tied: float = 0.0
    hurry_s: float = 0.0
    vibrato_hz: float = 5.5
    vibrato_cents: float = 0.0
    tremolo_db: float = 0.0
    drift_cents: float = 0.0
    scoop_cents: float = 0.0
    swell_db: float = 0.0

    @classmethod
    def draw(cls, rng: Generator, name: str) -> Self:
        """A manner that suits an instrument.

        Examples
        --------
        >>> Manner.draw(np.random.default_rng(0), "piano").vibrato_cents
        0.0
        """
        hurry = float(rng.uniform(0.0, 0.02))
        rate = float(rng.uniform(4.5, 7.0))
        # Bows and breath: tied, trembling, sliding into notes and swelling within them, as single samples never are.
        if name in SUSTAINED:
            trembling = rng.random() < 0.65
            return cls(
                tied=float(rng.uniform(0.3, 1.0)) if rng.random() < 0.6 else 0.0,
                hurry_s=hurry,
                vibrato_hz=rate,
                vibrato_cents=_spread(rng, 5.0, 50.0) if trembling else 0.0,
                tremolo_db=float(rng.uniform(0.0, 3.0)) if trembling else 0.0,
                drift_cents=float(rng.uniform(0.0, 12.0)),
                scoop_cents=float(rng.uniform(0.0, 120.0)) if rng.random() < 0.4 else 0.0,
                swell_db=float(rng.uniform(0.0, 12.0)) if rng.random() < 0.7 else 0.0,
            )
        # A plucked string decays by itself, so it has no swell; what is left is slurs, a finger's vibrato, and bends.
        if name in FRETTED:
            return cls(
                tied=float(rng.uniform(0.1, 0.6)) if rng.random() < 0.3 else 0.0,
                hurry_s=hurry,
                vibrato_hz=rate,
                vibrato_cents=_spread(rng, 5.0, 40.0) if rng.random() < 0.3 else 0.0,
                scoop_cents=float(rng.uniform(0.0, 200.0)) if rng.random() < 0.2 else 0.0,
            )
        if name in STEADY:
            trembling = rng.random() < 0.35
            return cls(
                hurry_s=hurry,
                # A rotating loudspeaker has two speeds.
                vibrato_hz=float(rng.uniform(5.5, 7.5)) if rng.random() < 0.7 else float(rng.uniform(0.6, 1.2)),
                vibrato_cents=_spread(rng, 3.0, 20.0) if trembling and name != "mallets" else 0.0,
                tremolo_db=float(rng.uniform(1.0, 5.0)) if trembling else 0.0,
                swell_db=float(rng.uniform(0.0, 8.0)) if name != "mallets" and rng.random() < 0.4 else 0.0,
            )
        return cls(hurry_s=hurry)

    def shape(self, rng: Generator, audio: Audio, rate: int, onsets: Sequence[float]) -> Audio:
        """Apply vibrato, drift, scoop and swell to a sound.

        Parameters
        ----------
        rng : Generator
        audio : (T,) float32
        rate : int
            Hz.
        onsets : sequence of M float
            Seconds, of the notes in it.

        Returns
        -------
        (T,) float32
        """
        seconds = len(audio) / rate
        time = np.linspace(0.0, seconds, max(2, round(seconds * _CONTROL_HZ)))
        # A vibrato sets in, fades and is never quite even.
        depth = _wander(rng, time, 0.5, 0.0, 1.0)
        # Phase is summed up, so that a rate that wanders leaves no steps in the wave.
        turn = np.cumsum(1.0 + 0.1 * _wander(rng, time, 0.3, -1.0, 1.0)) * (time[1] - time[0]) * self.vibrato_hz
        wave = depth * np.sin(2 * np.pi * turn + rng.uniform(0, 2 * np.pi))
        cents = self.vibrato_cents * wave
        if self.drift_cents:
            cents += self.drift_cents * _wander(rng, time, 0.6, -1.7, 1.7)
        if self.scoop_cents:
            for onset in onsets:
                if rng.random() < 0.5:
                    since = time - onset
                    # From below up to the note within some hundredths of a second, as a lip or finger arrives.
                    slide = np.exp(-np.maximum(since, 0.0) / rng.uniform(0.02, 0.08))
                    cents -= np.where(since >= 0, self.scoop_cents * rng.random() * slide, 0.0)
        if cents.any():
            audio = bend(audio, time * rate, cents)
        if self.tremolo_db or self.swell_db:
            # Both only take level away: a sample that was near full scale must not clip.
            level = self.tremolo_db * (wave - 1.0) + self.swell_db * _wander(rng, time, 0.8, -1.0, 0.0)
            audio = audio * np.interp(np.arange(len(audio)), time * rate, 10.0 ** (level / 20.0)).astype(np.float32)
        return audio


def bend(audio: Audio, places: npt.NDArray[np.float64], cents: npt.NDArray[np.float64]) -> Audio:
    """Time-varying resampling: change pitch over time, by playing faster and slower.

    Parameters
    ----------
    audio : (T,) float32
    places : (C,) float64
        Samples, rising, at which `cents` are given; straight between them.
    cents : (C,) float64

    Returns
    -------
    (T,) float32
        Its end is missing, or silence, where the whole became slower or faster.

    Examples
    --------
    >>> tone = np.sin(2 * np.pi * 440 / 22050 * np.arange(22050)).astype(np.float32)
    >>> octave = bend(tone, np.array([0.0, 22050.0]), np.array([1200.0, 1200.0]))
    >>> int(np.argmax(np.abs(np.fft.rfft(octave[:11025])))) * 2
    880
    """
    speed = 2.0 ** (np.interp(np.arange(len(audio)), places, cents) / 1200.0)
    position = np.concatenate(([0.0], np.cumsum(speed[:-1])))
    bent: Audio = ndimage.map_coordinates(audio, position[None], order=3, mode="constant", output=np.float32)
    return bent


def _spread(rng: Generator, low: float, high: float) -> float:
    """Between two values, each octave as likely as the other."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def _wander(
    rng: Generator, time: npt.NDArray[np.float64], every_s: float, low: float, high: float
) -> npt.NDArray[np.float64]:
    """A curve between two values, with a new one about every so many seconds."""
    knots = max(2, round(float(time[-1]) / (every_s * rng.uniform(0.6, 1.6))) + 1)
    return np.interp(time, np.linspace(0.0, time[-1], knots), rng.uniform(low, high, knots))
