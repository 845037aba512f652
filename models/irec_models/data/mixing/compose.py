"""Random score generation: short scores in the manners of solo and ensemble music.

Times are seconds from the start of the phrase, pitches MIDI numbers, levels dB below the loudest note.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

Generator = np.random.Generator

SCALES = (
    (0, 2, 4, 5, 7, 9, 11),  # major
    (0, 2, 3, 5, 7, 8, 10),  # natural minor
    (0, 2, 3, 5, 7, 9, 10),  # dorian
    (0, 2, 4, 7, 9),  # pentatonic
    (0, 3, 5, 6, 7, 10),  # blues
    tuple(range(12)),  # chromatic
)
CHORDS = ((0, 4, 7), (0, 3, 7), (0, 4, 7, 10), (0, 3, 7, 10), (0, 4, 7, 11), (0, 7), (0, 7, 12), (0, 5, 7))


class Note(NamedTuple):
    """One note of a score."""

    onset_s: float
    duration_s: float
    pitch: float
    level_db: float


class Chord(NamedTuple):
    """A chord, shared by all players; onset and duration in seconds."""

    onset_s: float
    duration_s: float
    classes: tuple[int, ...]
    """Pitch classes, 0..11; one alone is played in unison and octaves."""


@dataclass(frozen=True, slots=True)
class Setting:
    """Tempo, key and chords that the players of an ensemble share.

    Attributes
    ----------
    beat_s : float
        Seconds of a beat.
    key : int
        0..11, pitch class of the tonic.
    scale : tuple of int
        Pitch classes above the tonic.
    chords : tuple of Chord
        Chords that all play in one rhythm, as in a chorale; none where everybody has a tune of their own.
    """

    beat_s: float
    key: int
    scale: tuple[int, ...]
    chords: tuple[Chord, ...] = ()

    @classmethod
    def draw(cls, rng: Generator) -> Setting:
        """A random tempo between 50 and 190 beats a minute, key and scale."""
        beat = 60.0 / float(np.exp(rng.uniform(np.log(50), np.log(190))))
        return cls(beat, int(rng.integers(12)), SCALES[rng.integers(len(SCALES))])

    @classmethod
    def together(cls, rng: Generator, seconds: float) -> Setting:
        """A random setting with chords for so many seconds: triads and sevenths of the scale, now and then unison.

        Examples
        --------
        >>> setting = Setting.together(np.random.default_rng(0), 4.0)
        >>> setting.chords[-1].onset_s < 4.0 <= setting.chords[-1].onset_s + setting.chords[-1].duration_s
        True
        """
        drawn = cls.draw(rng)
        scale = SCALES[rng.integers(3)]
        tones = 1 if rng.random() < 0.15 else 3
        pace = drawn.beat_s * float(rng.choice([0.5, 1, 1, 2]))
        chords: list[Chord] = []
        time = 0.0
        while time < seconds:
            length = max(0.16, pace * float(rng.choice([0.5, 1, 1, 1, 2])))
            degree = int(rng.integers(7))
            steps = tones + (tones > 1 and rng.random() < 0.25)
            chords.append(
                Chord(time, length, tuple((drawn.key + scale[(degree + 2 * i) % 7]) % 12 for i in range(steps)))
            )
            time += length
        return cls(drawn.beat_s, drawn.key, scale, tuple(chords))

    def ladder(self, low: float, high: float) -> list[int]:
        """Pitches of the scale within a range; at least one.

        Examples
        --------
        >>> Setting(0.5, 0, (0, 4, 7)).ladder(60, 67)
        [60, 64, 67]
        """
        steps = [p for p in range(int(np.ceil(low)), int(np.floor(high)) + 1) if (p - self.key) % 12 in self.scale]
        return steps or [round((low + high) / 2)]


def _levels(rng: Generator, count: int) -> list[float]:
    spread = rng.uniform(0, 5)
    return [-abs(float(x)) for x in rng.normal(0, spread, count)]


def _walk(rng: Generator, rungs: int, count: int, widest: int) -> list[int]:
    at = int(rng.integers(rungs))
    path = []
    for _ in range(count):
        path.append(at)
        at = int(np.clip(at + rng.integers(-widest, widest + 1), 0, rungs - 1))
    return path


def _line(
    rng: Generator, path: list[int], ladder: list[int], step_s: float, seconds: float, overlap: float
) -> list[Note]:
    levels = _levels(rng, len(path))
    return [
        Note(i * step_s, step_s * overlap, ladder[min(p, len(ladder) - 1)], levels[i])
        for i, p in enumerate(path)
        if i * step_s < seconds
    ]


def _single(rng: Generator, setting: Setting, ladder: list[int], seconds: float) -> list[Note]:
    onset = float(rng.uniform(0, 0.5 * seconds))
    return [Note(onset, seconds - onset, ladder[rng.integers(len(ladder))], 0.0)]


def _sustained(rng: Generator, setting: Setting, ladder: list[int], seconds: float) -> list[Note]:
    step = float(rng.uniform(0.8, 2.5))
    count = int(seconds / step) + 1
    return _line(rng, _walk(rng, len(ladder), count, 4), ladder, step, seconds, 1.05)


def _scale_run(rng: Generator, setting: Setting, ladder: list[int], seconds: float) -> list[Note]:
    step = setting.beat_s / float(rng.choice([1, 2, 2, 3, 4]))
    count = int(seconds / step) + 1
    period = 2 * max(1, min(len(ladder) - 1, int(rng.integers(4, 12))))
    start = int(rng.integers(len(ladder)))
    path = [(start + min(i % period, period - i % period)) % len(ladder) for i in range(count)]
    return _line(rng, path, ladder, max(step, 0.09), seconds, float(rng.uniform(0.5, 1.1)))


def _melody(rng: Generator, setting: Setting, ladder: list[int], seconds: float) -> list[Note]:
    overlap = float(rng.uniform(0.45, 1.08))
    notes: list[Note] = []
    time, at = 0.0, int(rng.integers(len(ladder)))
    while time < seconds:
        length = setting.beat_s * float(rng.choice([0.25, 0.5, 0.5, 1.0, 1.0, 1.5, 2.0]))
        length = max(length, 0.1)
        if rng.random() > 0.12:  # else a rest
            notes.append(Note(time, length * overlap, ladder[at], -abs(float(rng.normal(0, 2.5)))))
        time += length
        at = int(np.clip(at + rng.integers(-3, 4), 0, len(ladder) - 1))
    return notes


def _staccato(rng: Generator, setting: Setting, ladder: list[int], seconds: float) -> list[Note]:
    step = max(setting.beat_s / float(rng.choice([1, 2, 2, 4])), 0.12)
    count = int(seconds / step) + 1
    return _line(rng, _walk(rng, len(ladder), count, 2), ladder, step, seconds, float(rng.uniform(0.2, 0.5)))


def _arpeggio(rng: Generator, setting: Setting, ladder: list[int], seconds: float) -> list[Note]:
    step = max(setting.beat_s / float(rng.choice([1, 2, 3, 4])), 0.1)
    root = int(rng.integers(len(ladder)))
    shape = [(root + leap) % len(ladder) for leap in (0, 2, 4, 7, 4, 2)]
    path = [shape[i % len(shape)] for i in range(int(seconds / step) + 1)]
    return _line(rng, path, ladder, step, seconds, float(rng.choice([0.9, 1.5, 3.0])))


def _riff(rng: Generator, setting: Setting, ladder: list[int], seconds: float) -> list[Note]:
    grid = max(setting.beat_s / 2, 0.11)
    length = int(rng.choice([4, 6, 8]))
    motif = _walk(rng, len(ladder), length, 3)
    played = rng.random(length) < 0.75
    overlap = float(rng.uniform(0.4, 1.0))
    return [
        Note(i * grid, grid * overlap, ladder[motif[i % length]], -2.0 * (i % 2))
        for i in range(int(seconds / grid) + 1)
        if played[i % length]
    ]


def _chords(rng: Generator, setting: Setting, ladder: list[int], seconds: float) -> list[Note]:
    step = setting.beat_s * float(rng.choice([0.5, 1, 1, 2, 4]))
    step = max(step, 0.2)
    strum = float(rng.choice([0.0, 0.0, 0.01, 0.025]))
    overlap = float(rng.uniform(0.4, 1.1))
    top = max(ladder)
    notes: list[Note] = []
    for i in range(int(seconds / step) + 1):
        root = ladder[rng.integers(max(1, (2 * len(ladder)) // 3))]
        level = -abs(float(rng.normal(0, 2)))
        for place, interval in enumerate(CHORDS[rng.integers(len(CHORDS))]):
            pitch = root + interval if root + interval <= top + 2 else root + interval - 12
            notes.append(Note(i * step + place * strum, step * overlap, pitch, level))
    return notes


def _accompanied(rng: Generator, setting: Setting, ladder: list[int], seconds: float) -> list[Note]:
    half = max(1, len(ladder) // 2)
    low = _chords(rng, setting, ladder[:half], seconds)
    return [note._replace(level_db=note.level_db - 4) for note in low] + _melody(
        rng, setting, ladder[half:] or ladder, seconds
    )


def _tones(chord: Chord, ladder: list[int]) -> list[int]:
    """Pitches of a chord in a voice's range; its nearest if the range is too small for any."""
    low, high = min(ladder), max(ladder)
    return [p for p in range(low, high + 1) if p % 12 in chord.classes] or [
        min(range(low - 6, high + 7), key=lambda p: (p % 12 not in chord.classes, abs(2 * p - low - high)))
    ]


def _voice_of_chords(rng: Generator, setting: Setting, ladder: list[int], seconds: float) -> list[Note]:
    """One line through the chords, by small steps; some players divide long chords."""
    at = float(rng.choice(ladder))
    overlap = float(rng.uniform(0.6, 1.08))
    divided = rng.random() < 0.25
    notes: list[Note] = []
    for chord in setting.chords:
        if rng.random() < 0.04:
            continue
        near = sorted(_tones(chord, ladder), key=lambda p: abs(p - at))[:3]
        count = int(rng.choice([2, 2, 3, 4])) if divided and chord.duration_s > 0.5 else 1
        step = chord.duration_s / count
        for place in range(count):
            pitch = near[0 if place == 0 and rng.random() < 0.6 else int(rng.integers(len(near)))]
            level = -abs(float(rng.normal(0, 1.5)))
            notes.append(Note(chord.onset_s + place * step, step * overlap, pitch, level))
            at = pitch
    return notes


def _hands_of_chords(rng: Generator, setting: Setting, ladder: list[int], seconds: float) -> list[Note]:
    """Two to four tones of every chord around one place."""
    at = float(rng.choice(ladder))
    overlap = float(rng.uniform(0.5, 1.1))
    strum = float(rng.choice([0.0, 0.0, 0.01, 0.025]))
    fingers = int(rng.integers(2, 5))
    notes: list[Note] = []
    for chord in setting.chords:
        near = sorted(_tones(chord, ladder), key=lambda p: abs(p - at))[:fingers]
        level = -abs(float(rng.normal(0, 1.5)))
        for place, pitch in enumerate(sorted(near)):
            notes.append(Note(chord.onset_s + place * strum, chord.duration_s * overlap, pitch, level))
    return notes


Composer = Callable[[Generator, Setting, list[int], float], list[Note]]
_MONOPHONIC: tuple[Composer, ...] = (_sustained, _scale_run, _melody, _melody, _staccato, _arpeggio, _riff)
_POLYPHONIC: tuple[Composer, ...] = (_chords, _chords, _accompanied, _arpeggio, _melody, _riff, _sustained)


def compose(
    rng: Generator,
    setting: Setting,
    low: float,
    high: float,
    seconds: float,
    *,
    polyphonic: bool = False,
    single: bool = False,
) -> list[Note]:
    """A short score.

    Parameters
    ----------
    rng : Generator
    setting : Setting
        Tempo, key and scale. If it has chords, most voices play those.
    low, high : float
        Range of the voice, MIDI pitch. A phrase stays within about two octaves of it.
    seconds : float
        Notes begin before this time.
    polyphonic : bool
        Whether the voice plays chords.
    single : bool
        One note only.

    Returns
    -------
    list of Note
        In no particular order; at least one.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> notes = compose(rng, Setting.draw(rng), 60, 72, 3.0)
    >>> all(58 <= note.pitch <= 74 and 0 <= note.onset_s < 3 for note in notes)
    True
    """
    if high < low or seconds <= 0:
        raise ValueError(f"cannot compose {seconds} s between pitches {low} and {high}")
    if high - low > 24:
        low = float(rng.uniform(low, high - 24))
        high = low + 24
    ladder = setting.ladder(low, high)
    manners = (_single,) if single else (_POLYPHONIC if polyphonic else _MONOPHONIC)
    if setting.chords and not single and rng.random() < 0.85:
        lines = polyphonic and rng.random() < 0.3
        manners = (_hands_of_chords if polyphonic and not lines else _voice_of_chords,)
    notes = manners[rng.integers(len(manners))](rng, setting, ladder, seconds)
    return [note for note in notes if note.onset_s < seconds] or _single(rng, setting, ladder, seconds)


class Hit(NamedTuple):
    """One stroke on a part of a kit."""

    onset_s: float
    role: str
    level_db: float


def compose_drums(rng: Generator, setting: Setting, seconds: float) -> list[Hit]:
    """A drum pattern: a bar of sixteenths, repeated with small changes.

    Parameters
    ----------
    rng : Generator
    setting : Setting
        Its beat is used.
    seconds : float
        Hits begin before this time.
    """
    grid = max(setting.beat_s / 4, 0.06)
    steps = int(seconds / grid) + 1
    swing = float(rng.choice([0.0, 0.0, 0.33])) * grid
    busy = rng.uniform(0.5, 1.3)
    cymbal = "hat" if rng.random() < 0.75 else "cymbal"
    every = int(rng.choice([1, 2, 2, 4]))
    bar = {
        "kick": np.where(np.arange(16) % 8 == 0, 0.95, 0.12 * busy),
        "snare": np.where(np.arange(16) % 8 == 4, 0.9, 0.05 * busy),
        cymbal: np.where(np.arange(16) % every == 0, 0.9, 0.05 * busy),
        "tom": np.full(16, 0.02 * busy),
    }
    if rng.random() < 0.2:
        bar.pop(str(rng.choice(list(bar))))
    pattern = {role: rng.random(16) < chance for role, chance in bar.items()}
    hits: list[Hit] = []
    for i in range(steps):
        for role, on in pattern.items():
            if on[i % 16] != (rng.random() < 0.03):
                accent = 0.0 if i % 4 == 0 else -3.0
                late = swing if i % 2 else 0.0
                hits.append(Hit(i * grid + late, role, accent - abs(float(rng.normal(0, 2.5)))))
    if rng.random() < 0.3:
        hits.append(Hit(0.0, "cymbal", 0.0))
    return [hit for hit in hits if hit.onset_s < seconds] or [Hit(0.0, "kick", 0.0)]
