"""The demo clip: thirty seconds of solos and small ensembles, written for this project and rendered by FluidSynth.

::

    python -m irec_models.data.rendering.demo /usr/share/sounds/sf2/FluidR3_GM.sf2 assets/irec_assets/audio

writes ``demo.ogg`` (mono, 44.1 kHz, peak -3 dBFS) and ``demo.csv`` (label, onset_s, offset_s: when each instrument
is heard). Each part is rendered alone, so the table comes from the sound, not from the score. The samples are the same
each time with the same FluidSynth and SoundFont; an Ogg file's bytes differ in its random serial number.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import click
import numpy as np
import numpy.typing as npt
import soundfile

from irec_live.errors import IrecError, OutputError
from irec_models.data.manifests.store import block_rms
from irec_models.data.rendering.synthesizer import DRUM_BANK, Key, SoundFont

Audio = npt.NDArray[np.float32]

RATE = 44100
BEAT_S = 0.625  # 96 beats a minute
SECTION_BEATS = 8
_STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_TOKEN = re.compile(r"([A-G][#b]?\d(?:\+[A-G][#b]?\d)*|-):([\d.]+)")
_TAIL_S = 1.2
_HEARD_DB = -30.0


class Part(NamedTuple):
    """What one instrument plays in one section.

    Attributes
    ----------
    label : str
    program : int
        General MIDI, from 0; a kit for drums.
    section : int
        Sections are `SECTION_BEATS` long.
    level_db : float
        RMS relative to the loudest part of the section.
    score : str
        ``pitch:beats`` after another; ``-`` is a rest, ``C4+E4`` a chord. Lines of `|` sound together.
    legato : float
        Share of a note's length that is held.
    velocity : int
    """

    label: str
    program: int
    section: int
    level_db: float
    score: str
    legato: float = 0.95
    velocity: int = 92


PARTS = (
    Part("flute", 73, 0, 0.0, "D5:1 E5:.5 F5:.5 A5:1 G5:.5 F5:.5 E5:1 C5:.5 E5:.5 D5:1.5"),
    Part(
        "piano",
        0,
        1,
        0.0,
        "A4:.5 D5:.5 F5:1 F5:.5 D5:.5 Bb4:1 A4:.5 C5:.5 F5:1 E5:.5 C#5:.5 A4:.6 | D3+A3:2 Bb2+F3:2 F2+C3:2 A2+E3:1.6",
    ),
    Part("violin", 40, 2, 0.0, "A4:1 D5:1.5 E5:.5 F5:1 G5:.5 F5:.5 E5:1 D5:1.6", 1.0, 100),
    Part("piano", 0, 2, -5.0, "D3:.5 A3:.5 D4:.5 A3:.5 Bb2:.5 F3:.5 D4:.5 F3:.5 C3:.5 G3:.5 E4:.5 G3:.5 D3+A3+F4:1.6"),
    Part(
        "electric guitar",
        27,
        3,
        -4.0,
        "-:2 D4:.5 F4:.5 G4:1 F4:.5 A4:.5 D4+A4:1 C4+F4:.5 E4:.5 D4+A4:.6",
        0.85,
    ),
    Part(
        "bass",
        33,
        3,
        -3.0,
        "D2:.5 D2:.5 D2:.5 F2:.5 G2:.5 G2:.5 F2:.5 F2:.5 D2:.5 D2:.5 D2:.5 F2:.5 A2:.5 A2:.5 D2:.6",
        0.9,
        104,
    ),
    Part(
        "drums",
        0,
        3,
        4.0,
        "C2:1 -:.5 C2:.5 C2:1 -:1 C2:1 -:.5 C2:.5 C2:1 C2:.5"
        " | -:1 D2:1 -:1 D2:1 -:1 D2:1 -:1 D2:.5"
        " | F#2:.5 F#2:.5 F#2:.5 F#2:.5 F#2:.5 F#2:.5 F#2:.5 F#2:.5"
        " F#2:.5 F#2:.5 F#2:.5 F#2:.5 F#2:.5 F#2:.5 F#2:.5",
        0.5,
        110,
    ),
    Part("trumpet", 56, 4, 0.0, "A4:.5 D5:.5 F5:1 E5:.5 D5:.5 A5:1 G5:.5 F5:.5 E5:.5 C5:.5 D5:1.6", 0.9, 104),
    Part("clarinet", 71, 5, 0.0, "F4:.5 G4:.5 A4:1 D5:1 C5:.5 Bb4:.5 A4:1 G4:.5 E4:.5 F4:2.2", 1.0),
    Part("cello", 42, 5, -1.0, "D3:2 Bb2:2 C3:2 D3:2.2", 1.0, 100),
)
"""The piece: flute; piano; violin and piano; electric guitar, bass and drums; trumpet; clarinet and cello."""


class Truth(NamedTuple):
    """When an instrument is heard."""

    label: str
    onset_s: float
    offset_s: float


def _pitch(name: str) -> int:
    shift = {"#": 1, "b": -1}.get(name[1], 0)
    return 12 * (int(name[-1]) + 1) + _STEPS[name[0]] + shift


def keys_of(part: Part) -> list[Key]:
    """The keys of a part, from the start of its section.

    Examples
    --------
    >>> [key.key for key in keys_of(Part("flute", 73, 0, 0.0, "A4:1 -:1 C5+E5:2"))]
    [69, 72, 76]
    """
    keys: list[Key] = []
    for line in part.score.split("|"):
        beat = 0.0
        for names, beats in _TOKEN.findall(line):
            for name in () if names == "-" else names.split("+"):
                held = float(beats) * BEAT_S * part.legato
                # Strong beats a little louder: nobody plays evenly.
                velocity = part.velocity if beat % 2 == 0 else part.velocity - 8
                keys.append(Key(beat * BEAT_S, held, _pitch(name), velocity))
            beat += float(beats)
    return keys


def _rms(audio: Audio) -> float:
    levels = block_rms(audio, RATE // 50)
    return float(np.sqrt(np.mean(levels[levels > 0.1 * levels.max()] ** 2)))


def render_demo(font: SoundFont, parts: Sequence[Part] = PARTS) -> tuple[Audio, list[Truth]]:
    """Render the piece.

    Parameters
    ----------
    font : SoundFont
        General MIDI, at 44.1 kHz.
    parts : sequence of Part

    Returns
    -------
    audio : (T,) float32
        Peak -3 dBFS.
    truth : list of Truth
        By onset.

    Raises
    ------
    OutputError
        The SoundFont has not all instruments.
    """
    seconds = SECTION_BEATS * BEAT_S
    mix = np.zeros(round((max(part.section for part in parts) + 1) * seconds * RATE + _TAIL_S * RATE), np.float32)
    truth: list[Truth] = []
    for part in parts:
        bank = DRUM_BANK if part.label == "drums" else 0
        sound = font.render(part.program, keys_of(part), seconds + _TAIL_S, bank=bank)
        if sound is None or not sound.any():
            raise OutputError(
                f"{font.path} has no program {part.program} for {part.label}; use a General MIDI SoundFont"
            )
        sound = sound * np.float32(10 ** (part.level_db / 20) / _rms(sound))
        sound[-RATE // 4 :] *= np.linspace(1, 0, RATE // 4, dtype=np.float32)
        start = round(part.section * seconds * RATE)
        mix[start : start + len(sound)] += sound
        levels = block_rms(sound, RATE // 100)
        heard = np.flatnonzero(levels > levels.max() * 10 ** (_HEARD_DB / 20))
        offset = part.section * seconds
        truth.append(Truth(part.label, offset + heard[0] / 100, offset + (heard[-1] + 1) / 100))
    return mix * np.float32(10 ** (-3 / 20) / np.abs(mix).max()), sorted(truth, key=lambda row: row.onset_s)


def write_demo(folder: Path, audio: Audio, truth: Iterable[Truth]) -> None:
    """Write ``demo.ogg`` and ``demo.csv``.

    Raises
    ------
    OutputError
        They cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        sound, table = folder / "demo.ogg.part", folder / "demo.csv.part"
        with soundfile.SoundFile(sound, "w", RATE, 1, "VORBIS", format="OGG", compression_level=0.5) as stream:
            for start in range(0, len(audio), RATE):  # libsndfile's Vorbis encoder wants small pieces
                stream.write(audio[start : start + RATE])
        with table.open("w", newline="", encoding="utf-8") as text:
            writer = csv.writer(text, lineterminator="\n")
            writer.writerow(Truth._fields)
            writer.writerows((row.label, f"{row.onset_s:.2f}", f"{row.offset_s:.2f}") for row in truth)
        sound.replace(folder / "demo.ogg")
        table.replace(folder / "demo.csv")
    except (OSError, soundfile.SoundFileError) as error:
        raise OutputError(f"the demo cannot be written to {folder}: {error}") from error


@click.command(help=__doc__)
@click.argument("font", type=click.Path(path_type=Path))
@click.argument("folder", type=click.Path(path_type=Path))
def main(font: Path, folder: Path) -> None:
    """Command line, see the module."""
    try:
        with SoundFont(font, RATE, room=True) as synth:
            audio, truth = render_demo(synth)
        write_demo(folder, audio, truth)
    except IrecError as error:
        click.echo(f"Error: {error}", err=True)
        raise SystemExit(2) from error
    click.echo(f"{len(audio) / RATE:.1f} s in {folder / 'demo.ogg'}")


if __name__ == "__main__":
    main()
