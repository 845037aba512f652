"""Instrument table: colour, family and General MIDI programs of each label.

A label that is not in the table is shown too, in a colour computed from its name. To give it a colour of its own, add a
line.

The colours are the result of a numerical search: with nearly the same hue on both grounds, they are as far apart as
possible (in CIEDE2000) both for normal colour vision and for people without red or green cones, with a contrast of at
least 3.3 to 1 to their ground. Colours alone need not be told apart: none is ever shown without its name.

References
----------
G. M. Machado, M. M. Oliveira, L. A. F. Fernandes, "A physiologically-based model for simulation of color vision
deficiency", IEEE Transactions on Visualization and Computer Graphics 15(6), 2009. CIE 142-2001: CIEDE2000. General MIDI
System Level 1, MIDI Manufacturers Association 1991: sound set, programs 1 to 128, here from 0.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

Family = Literal["strings", "woodwinds", "brass", "keys", "guitars", "bass", "voice", "percussion"]

Ground = Literal["on_dark", "on_light"]
"""The background that a colour is for: a column of the table."""


class Instrument(NamedTuple):
    """One instrument.

    Attributes
    ----------
    label : str
        Its name in models and manifests.
    family : str
        By how it is played.
    on_dark, on_light : str
        ``#rrggbb``, for a dark and for a light background; empty if it has no colour of its own.
    programs : tuple of int
        General MIDI programs, 0..127, that are unambiguously this instrument.
    polyphonic : bool
        Whether one player can sound several notes at once.
    """

    label: str
    family: Family
    on_dark: str = ""
    on_light: str = ""
    programs: tuple[int, ...] = ()
    polyphonic: bool = False


_MAIN = (
    Instrument("cello", "strings", "#c82f57", "#3d0f19", (42,)),
    Instrument("clarinet", "woodwinds", "#328eac", "#004d62", (71,)),
    Instrument("flute", "woodwinds", "#abefff", "#0894ab", (73,)),
    Instrument("acoustic guitar", "guitars", "#9ffed5", "#319873", (24, 25), polyphonic=True),
    Instrument("electric guitar", "guitars", "#007d64", "#005644", (26, 27, 28, 29, 30), polyphonic=True),
    Instrument("organ", "keys", "#eea7c7", "#d64c96", (16, 17, 18, 19, 20), polyphonic=True),
    Instrument("piano", "keys", "#5e5ece", "#5e5bda", (0, 1, 2, 4, 5), polyphonic=True),
    Instrument("saxophone", "woodwinds", "#f6f674", "#353400", (64, 65, 66, 67)),
    Instrument("trumpet", "brass", "#fd8f20", "#914f0a", (56, 59)),
    Instrument("violin", "strings", "#bc5800", "#d86700", (40, 110)),
    Instrument("voice", "voice", "#fc9f8f", "#bf5f50", (52, 53)),
    Instrument("bass", "bass", "#9b9ffc", "#26007d", (32, 33, 34, 35, 36, 38, 39, 43)),
    Instrument("drums", "percussion", "#919596", "#656c6e"),  # in General MIDI a channel (10), not a program
)

_FURTHER = (
    Instrument("trombone", "brass", "#bb3587", "#5e003f", (57,)),
    Instrument("tuba", "brass", "#ad6977", "#9c3c55", (58,)),
    Instrument("mallets", "percussion", "#517ffa", "#5782f1", (9, 11, 12, 13), polyphonic=True),
    Instrument("oboe", "woodwinds", "#9ccafe", "#005198", (68, 69)),
    Instrument("harp", "strings", "#779f5f", "#3b542c", (46,), polyphonic=True),
    Instrument("viola", "strings", programs=(41,)),
    Instrument("french horn", "brass", programs=(60,)),
    Instrument("bassoon", "woodwinds", programs=(70,)),
    Instrument("harmonica", "woodwinds", programs=(22,)),
    Instrument("bagpipe", "woodwinds", programs=(109,)),
    Instrument("accordion", "keys", programs=(21,), polyphonic=True),
    Instrument("harpsichord", "keys", programs=(6,), polyphonic=True),
    Instrument("clavinet", "keys", programs=(7,), polyphonic=True),
    Instrument("synth", "keys", programs=(80, 81, 88, 90), polyphonic=True),
    Instrument("banjo", "guitars", programs=(105,), polyphonic=True),
    Instrument("mandolin", "guitars", polyphonic=True),
    Instrument("sitar", "guitars", programs=(104,)),
    Instrument("koto", "guitars", programs=(107,)),
)

INSTRUMENTS: dict[str, Instrument] = {instrument.label: instrument for instrument in (*_MAIN, *_FURTHER)}
"""By label."""

MAIN_LABELS = tuple(instrument.label for instrument in _MAIN)
"""Labels that every network of this project has, in the order of their outputs."""

LABEL_OF_PROGRAM = {program: name for name, instrument in INSTRUMENTS.items() for program in instrument.programs}
"""General MIDI program, 0..127, to label."""
