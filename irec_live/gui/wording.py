"""Formatting of numbers and names for display: short, with a true minus sign and a unit, in the window's language."""

from __future__ import annotations

import math

from irec_live.gui.language import decimal_mark, tr
from irec_live.gui.message_translation import begins_with_name, instrument_name, translated

SILENCE_DB = -99.5
"""Levels at or below this are written as silence rather than as a number."""

_AFTER_NAMES = ("is", "has", "cannot", "could")
_NO_NAMES = ("there", "nothing", "nobody", "something", "it", "this", "that", "one")
"""What is before such a verb in a message is a name, or one of these."""


def display_name(label: str) -> str:
    """A label as a heading: the name of the instrument, or a label of a model's own as it is.

    Examples
    --------
    >>> display_name("acoustic guitar"), display_name("theremin")
    ('Acoustic guitar', 'Theremin')
    """
    return capital(label_text(label))


def label_text(label: str) -> str:
    """A label within a sentence."""
    return instrument_name(label)


def capital(text: str) -> str:
    """A text with a capital at its start.

    Examples
    --------
    >>> capital("nothing is heard")
    'Nothing is heard'
    """
    return text[:1].upper() + text[1:]


def sentence(text: str) -> str:
    """A message as a sentence of its own; the name of a file or folder at its start keeps its spelling.

    Examples
    --------
    >>> sentence("there is no sound input device"), sentence("demo.csv cannot be decoded")
    ('There is no sound input device', 'demo.csv cannot be decoded')
    >>> sentence("music is a folder"), sentence("nothing is called a.wav")
    ('music is a folder', 'Nothing is called a.wav')
    >>> sentence("my songs cannot be opened: no right to")
    'my songs cannot be opened: no right to'
    """
    if (said := translated(text)) is not None:
        return said
    if begins_with_name(text):
        return text
    first, verb = (*text.split(" ", 2), "")[:2]
    named = verb in _AFTER_NAMES and first not in _NO_NAMES
    return capital(text) if first.isalpha() and not named else text


def number_text(value: float, decimals: int = 0) -> str:
    """A number with so many decimals.

    Examples
    --------
    >>> number_text(1234.56, 1), number_text(3.2)
    ('1234.6', '3')
    """
    return f"{value:.{decimals}f}".replace(".", decimal_mark())


def space_key() -> str:
    """What is written on the space bar."""
    return tr("Space", "a key")


def percent_text(value: float) -> str:
    """A share 0..1 in whole per cent, with a thin space; an em dash for NaN (no prediction).

    Examples
    --------
    >>> percent_text(0.874) == "87\\u2009%"
    True
    >>> percent_text(math.nan) == "—\\u2009%"
    True
    """
    if math.isnan(value):
        return "—\u2009%"
    return f"{round(100 * value):d}\u2009%"


def not_analysed_text(progress: float) -> str:
    """That the analysis has not come so far yet, and how far it is, 0..1.

    Examples
    --------
    >>> not_analysed_text(0.34) == "Not analysed yet: 34\\u2009%"
    True
    """
    return tr("Not analysed yet: {share}", share=percent_text(progress))


def decibel_text(level_db: float) -> str:
    """A level in whole decibels; an em dash for silence.

    Examples
    --------
    >>> decibel_text(-18.4), decibel_text(-120.0)
    ('−18 dB', '— dB')
    """
    if not math.isfinite(level_db) or level_db <= SILENCE_DB:
        return "— dB"
    return f"{'−' if round(level_db) < 0 else ''}{abs(round(level_db)):d} dB"


def clock_text(seconds: float, *, tenths: bool = False) -> str:
    """A position in minutes and seconds, with hours when there are any.

    Examples
    --------
    >>> clock_text(75.26), clock_text(75.26, tenths=True), clock_text(3723)
    ('1:15', '1:15.2', '1:02:03')
    """
    total = max(0.0, seconds) if math.isfinite(seconds) else 0.0
    whole = int(total)
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    text = f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
    return f"{text}{decimal_mark()}{int(10 * (total - whole))}" if tenths else text


def when_text(start_s: float, end_s: float) -> str:
    """Where a span lies, in minutes and seconds; one within one second is one time.

    Examples
    --------
    >>> when_text(0.2, 62.0), when_text(75.1, 75.8)
    ('0:00–1:02', '1:15')
    """
    start, end = clock_text(start_s), clock_text(end_s)
    return start if start == end else f"{start}–{end}"


def offset_text(offset: float) -> str:
    """A threshold offset in percentage points, always signed.

    Examples
    --------
    >>> offset_text(0.05), offset_text(-0.1), offset_text(0.0)
    ('+5', '−10', '±0')
    """
    points = round(100 * offset)
    if points == 0:
        return "±0"
    return f"{'+' if points > 0 else '−'}{abs(points)}"


def list_text(names: list[str]) -> str:
    """Names joined for a sentence.

    Examples
    --------
    >>> list_text(["Violin"]), list_text(["Violin", "Piano", "Voice"])
    ('Violin', 'Violin, Piano and Voice')
    """
    if len(names) < 2:
        return "".join(names)
    return tr("{others} and {last}", others=", ".join(names[:-1]), last=names[-1])
