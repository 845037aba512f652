"""General MIDI programs and the names that our labels and manifests use for them.

References
----------
General MIDI System Level 1, MIDI Manufacturers Association 1991: sound set (programs 1 to 128, here from 0) and
percussion key map. Ranges are those of the real instruments.
"""

from __future__ import annotations

from typing import NamedTuple


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
        How long a key is held to hear it whole.
    """

    number: int
    name: str
    instrument: str
    low: int
    high: int
    hold_s: float = 1.6


PROGRAMS = (
    Program(0, "piano", "piano", 26, 102, 2.2),
    Program(1, "piano", "bright_piano", 26, 102, 2.2),
    Program(2, "piano", "electric_grand", 28, 98, 2.2),
    Program(4, "piano", "epiano", 33, 93, 2.2),
    Program(5, "piano", "epiano", 33, 93, 2.2),
    Program(6, "harpsichord", "harpsichord", 33, 88),
    Program(7, "clavinet", "clavinet", 33, 84),
    Program(9, "mallets", "glockenspiel", 79, 105),
    Program(11, "mallets", "vibraphone", 53, 89, 2.2),
    Program(12, "mallets", "marimba", 45, 96),
    Program(13, "mallets", "xylophone", 65, 101),
    Program(16, "organ", "drawbar_organ", 36, 92),
    Program(17, "organ", "percussive_organ", 36, 92),
    Program(18, "organ", "rock_organ", 36, 92),
    Program(19, "organ", "church_organ", 36, 96, 2.2),
    Program(20, "organ", "reed_organ", 41, 89),
    Program(21, "accordion", "accordion", 48, 89),
    Program(22, "harmonica", "harmonica", 60, 96),
    Program(24, "acoustic guitar", "nylon_guitar", 40, 83, 2.2),
    Program(25, "acoustic guitar", "steel_guitar", 40, 83, 2.2),
    Program(26, "electric guitar", "jazz_guitar", 40, 86, 2.2),
    Program(27, "electric guitar", "clean_guitar", 40, 86, 2.2),
    Program(28, "electric guitar", "muted_guitar", 40, 76),
    Program(29, "electric guitar", "overdriven_guitar", 40, 86),
    Program(30, "electric guitar", "distorted_guitar", 40, 86),
    Program(32, "bass", "double_bass", 28, 60),
    Program(33, "bass", "fingered_bass", 28, 60),
    Program(34, "bass", "picked_bass", 28, 60),
    Program(35, "bass", "fretless_bass", 28, 60),
    Program(36, "bass", "slap_bass", 28, 60),
    Program(38, "bass", "synth_bass", 28, 60),
    Program(39, "bass", "synth_bass", 28, 60),
    Program(40, "violin", "violin", 55, 98),
    Program(41, "viola", "viola", 48, 86),
    Program(42, "cello", "cello", 36, 76),
    Program(43, "bass", "double_bass", 28, 60),
    Program(46, "harp", "harp", 35, 96, 2.0),
    Program(52, "voice", "choir", 48, 79, 2.2),
    Program(53, "voice", "choir", 48, 79, 2.2),
    Program(56, "trumpet", "trumpet", 54, 84),
    Program(57, "trombone", "trombone", 40, 72),
    Program(58, "tuba", "tuba", 28, 58),
    Program(59, "trumpet", "muted_trumpet", 54, 82),
    Program(60, "french horn", "horn", 41, 77),
    Program(64, "saxophone", "soprano_sax", 56, 87),
    Program(65, "saxophone", "alto_sax", 49, 80),
    Program(66, "saxophone", "tenor_sax", 44, 75),
    Program(67, "saxophone", "baritone_sax", 36, 68),
    Program(68, "oboe", "oboe", 58, 91),
    Program(69, "oboe", "english_horn", 52, 81),
    Program(70, "bassoon", "bassoon", 34, 74),
    Program(71, "clarinet", "clarinet", 50, 91),
    Program(73, "flute", "flute", 60, 96),
    Program(80, "synth", "square_lead", 48, 84),
    Program(81, "synth", "saw_lead", 48, 84),
    Program(88, "synth", "pad", 48, 84, 2.2),
    Program(90, "synth", "pad", 48, 84, 2.2),
    Program(104, "sitar", "sitar", 48, 77),
    Program(105, "banjo", "banjo", 48, 84),
    Program(107, "koto", "koto", 44, 84),
    Program(109, "bagpipe", "bagpipe", 60, 84),
    Program(110, "violin", "fiddle", 55, 91),
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
