"""General MIDI programs and the names that our labels and manifests use for them.

References
----------
General MIDI System Level 1, MIDI Manufacturers Association 1991: sound set (programs 1 to 128, here from 0) and
percussion key map. Ranges are those of the real instruments.
"""

from __future__ import annotations

from typing import NamedTuple

from irec_live.instruments import LABEL_OF_PROGRAM


class Program(NamedTuple):
    """One sound of a General MIDI SoundFont.

    Attributes
    ----------
    number : int
        0..127.
    name : str
        Label or other name of a manifest.
    instrument : str
        Finer name.
    low, high : int
        MIDI pitches of its range.
    hold_s : float
        How long a key is held until the sound has died away.
    """

    number: int
    name: str
    instrument: str
    low: int
    high: int
    hold_s: float


class _Sound(NamedTuple):
    """A `Program`; its label is the one that the app's table of instruments knows, unless another `name` is given."""

    number: int
    instrument: str
    low: int
    high: int
    hold_s: float = 1.6
    name: str = ""


_SOUNDS = (
    _Sound(0, "piano", 26, 102, 2.2),
    _Sound(1, "bright_piano", 26, 102, 2.2),
    _Sound(2, "electric_grand", 28, 98, 2.2),
    _Sound(4, "epiano", 33, 93, 2.2),
    _Sound(5, "epiano", 33, 93, 2.2),
    _Sound(6, "harpsichord", 33, 88),
    _Sound(7, "clavinet", 33, 84),
    _Sound(9, "glockenspiel", 79, 105),
    _Sound(11, "vibraphone", 53, 89, 2.2),
    _Sound(12, "marimba", 45, 96),
    _Sound(13, "xylophone", 65, 101),
    _Sound(16, "drawbar_organ", 36, 92),
    _Sound(17, "percussive_organ", 36, 92),
    _Sound(18, "rock_organ", 36, 92),
    _Sound(19, "church_organ", 36, 96, 2.2),
    _Sound(20, "reed_organ", 41, 89),
    _Sound(21, "accordion", 48, 89),
    _Sound(22, "harmonica", 60, 96),
    _Sound(24, "nylon_guitar", 40, 83, 2.2),
    _Sound(25, "steel_guitar", 40, 83, 2.2),
    _Sound(26, "jazz_guitar", 40, 86, 2.2),
    _Sound(27, "clean_guitar", 40, 86, 2.2),
    _Sound(28, "muted_guitar", 40, 76),
    _Sound(29, "overdriven_guitar", 40, 86),
    _Sound(30, "distorted_guitar", 40, 86),
    _Sound(32, "double_bass", 28, 60),
    _Sound(33, "fingered_bass", 28, 60),
    _Sound(34, "picked_bass", 28, 60),
    _Sound(35, "fretless_bass", 28, 60),
    _Sound(36, "slap_bass", 28, 60),
    _Sound(38, "synth_bass", 28, 60),
    _Sound(39, "synth_bass", 28, 60),
    _Sound(40, "violin", 55, 98),
    _Sound(41, "viola", 48, 86),
    _Sound(42, "cello", 36, 76),
    _Sound(43, "double_bass", 28, 60),
    _Sound(46, "harp", 35, 96, 2.0),
    _Sound(52, "choir", 48, 79, 2.2),
    _Sound(53, "choir", 48, 79, 2.2),
    _Sound(56, "trumpet", 54, 84),
    _Sound(57, "trombone", 40, 72),
    _Sound(58, "tuba", 28, 58),
    _Sound(59, "muted_trumpet", 54, 82),
    _Sound(60, "horn", 41, 77),
    _Sound(64, "soprano_sax", 56, 87),
    _Sound(65, "alto_sax", 49, 80),
    _Sound(66, "tenor_sax", 44, 75),
    _Sound(67, "baritone_sax", 36, 68),
    _Sound(68, "oboe", 58, 91),
    _Sound(69, "english_horn", 52, 81),
    _Sound(70, "bassoon", 34, 74),
    _Sound(71, "clarinet", 50, 91),
    _Sound(73, "flute", 60, 96),
    _Sound(80, "square_lead", 48, 84),
    _Sound(81, "saw_lead", 48, 84),
    _Sound(88, "pad", 48, 84, 2.2),
    _Sound(90, "pad", 48, 84, 2.2),
    _Sound(104, "sitar", 48, 77),
    _Sound(105, "banjo", 48, 84),
    _Sound(107, "koto", 44, 84),
    _Sound(109, "bagpipe", 60, 84),
    _Sound(110, "fiddle", 55, 91),
    # Strangers to every label, so that what is like them lights none.
    _Sound(8, "celesta", 60, 100, name="celesta"),
    _Sound(10, "music_box", 60, 100, name="music box"),
    _Sound(14, "tubular_bells", 60, 79, 2.2, name="mallets"),
    _Sound(15, "dulcimer", 55, 86, name="dulcimer"),
    _Sound(23, "bandoneon", 48, 89, name="accordion"),
    _Sound(78, "whistle", 67, 96, name="whistle"),
    _Sound(106, "shamisen", 50, 79, name="shamisen"),
    _Sound(108, "kalimba", 48, 79, name="kalimba"),
    _Sound(111, "shanai", 60, 79, name="shanai"),
    _Sound(114, "steel_drums", 52, 76, name="steel drums"),
)

PROGRAMS = tuple(
    Program(
        sound.number,
        sound.name or LABEL_OF_PROGRAM[sound.number],
        sound.instrument,
        sound.low,
        sound.high,
        sound.hold_s,
    )
    for sound in _SOUNDS
)
"""Programs that are one instrument for certain; ensembles, sound effects and lookalikes are left out."""

KITS = (0, 8, 16, 24, 25, 32, 40)
"""Programs of bank 128 that are drum kits (GS numbering): standard, room, power, electronic, 808, jazz, brush."""

DRUM_KEYS = {
    35: "kick", 36: "kick", 37: "rim", 38: "snare", 39: "clap", 40: "snare", 41: "tom", 42: "hat", 43: "tom",
    44: "hat", 45: "tom", 46: "hat", 47: "tom", 48: "tom", 49: "crash", 50: "tom", 51: "ride", 52: "china",
    53: "ride", 55: "splash", 57: "crash", 59: "ride", 60: "bongo", 61: "bongo", 62: "conga", 63: "conga", 64: "conga",
}  # fmt: skip
"""Keys of channel 10 that are parts of a kit or drums struck by hand."""
