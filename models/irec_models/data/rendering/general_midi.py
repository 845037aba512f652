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
    instrument : str
        Finer name.
    low, high : int
        MIDI pitches of its range.
    hold_s : float
        How long a key is held until the sound has died away.
    other_name : str
        In manifests, where it is none of our labels.
    """

    number: int
    instrument: str
    low: int
    high: int
    hold_s: float = 1.6
    other_name: str = ""

    @property
    def name(self) -> str:
        """The label that the app's table of instruments knows it by, unless it has another name."""
        return self.other_name or LABEL_OF_PROGRAM[self.number]


PROGRAMS = (
    Program(0, "piano", 26, 102, 2.2),
    Program(1, "bright_piano", 26, 102, 2.2),
    Program(2, "electric_grand", 28, 98, 2.2),
    Program(4, "epiano", 33, 93, 2.2),
    Program(5, "epiano", 33, 93, 2.2),
    Program(6, "harpsichord", 33, 88),
    Program(7, "clavinet", 33, 84),
    Program(9, "glockenspiel", 79, 105),
    Program(11, "vibraphone", 53, 89, 2.2),
    Program(12, "marimba", 45, 96),
    Program(13, "xylophone", 65, 101),
    Program(16, "drawbar_organ", 36, 92),
    Program(17, "percussive_organ", 36, 92),
    Program(18, "rock_organ", 36, 92),
    Program(19, "church_organ", 36, 96, 2.2),
    Program(20, "reed_organ", 41, 89),
    Program(21, "accordion", 48, 89),
    Program(22, "harmonica", 60, 96),
    Program(24, "nylon_guitar", 40, 83, 2.2),
    Program(25, "steel_guitar", 40, 83, 2.2),
    Program(26, "jazz_guitar", 40, 86, 2.2),
    Program(27, "clean_guitar", 40, 86, 2.2),
    Program(28, "muted_guitar", 40, 76),
    Program(29, "overdriven_guitar", 40, 86),
    Program(30, "distorted_guitar", 40, 86),
    Program(32, "double_bass", 28, 60),
    Program(33, "fingered_bass", 28, 60),
    Program(34, "picked_bass", 28, 60),
    Program(35, "fretless_bass", 28, 60),
    Program(36, "slap_bass", 28, 60),
    Program(38, "synth_bass", 28, 60),
    Program(39, "synth_bass", 28, 60),
    Program(40, "violin", 55, 98),
    Program(41, "viola", 48, 86),
    Program(42, "cello", 36, 76),
    Program(43, "double_bass", 28, 60),
    Program(46, "harp", 35, 96, 2.0),
    Program(52, "choir", 48, 79, 2.2),
    Program(53, "choir", 48, 79, 2.2),
    Program(56, "trumpet", 54, 84),
    Program(57, "trombone", 40, 72),
    Program(58, "tuba", 28, 58),
    Program(59, "muted_trumpet", 54, 82),
    Program(60, "horn", 41, 77),
    Program(64, "soprano_sax", 56, 87),
    Program(65, "alto_sax", 49, 80),
    Program(66, "tenor_sax", 44, 75),
    Program(67, "baritone_sax", 36, 68),
    Program(68, "oboe", 58, 91),
    Program(69, "english_horn", 52, 81),
    Program(70, "bassoon", 34, 74),
    Program(71, "clarinet", 50, 91),
    Program(73, "flute", 60, 96),
    Program(80, "square_lead", 48, 84),
    Program(81, "saw_lead", 48, 84),
    Program(88, "pad", 48, 84, 2.2),
    Program(90, "pad", 48, 84, 2.2),
    Program(104, "sitar", 48, 77),
    Program(105, "banjo", 48, 84),
    Program(107, "koto", 44, 84),
    Program(109, "bagpipe", 60, 84),
    Program(110, "fiddle", 55, 91),
    # Strangers to every label, so that what is like them lights none.
    Program(8, "celesta", 60, 100, other_name="celesta"),
    Program(10, "music_box", 60, 100, other_name="music box"),
    Program(14, "tubular_bells", 60, 79, 2.2, other_name="mallets"),
    Program(15, "dulcimer", 55, 86, other_name="dulcimer"),
    Program(23, "bandoneon", 48, 89, other_name="accordion"),
    Program(78, "whistle", 67, 96, other_name="whistle"),
    Program(106, "shamisen", 50, 79, other_name="shamisen"),
    Program(108, "kalimba", 48, 79, other_name="kalimba"),
    Program(111, "shanai", 60, 79, other_name="shanai"),
    Program(114, "steel_drums", 52, 76, other_name="steel drums"),
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
