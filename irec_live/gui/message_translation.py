"""Translation of words and sentences that come from outside of the window, where they are shown.

The rest of the app knows no languages: its tables, exports and errors are English. The titles of tables are found by
`make translations`; here are the sentences that a window shows most. One with names and numbers in it is found again by
its fixed parts; one that is not here stays English. A test holds each against the code that makes it.
"""

from __future__ import annotations

import re
from functools import lru_cache

from irec_live.gui.language import ENGLISH, language, marked, tr
from irec_live.input_kind import InputKind
from irec_live.instruments import INSTRUMENTS

_NAMES = re.compile(r"\{(name|path)")
"""How sentences begin that begin with the name of a file or folder."""

SENTENCES = (
    # irec_live.devices
    marked("there is no sound output device"),
    marked("there is no sound input device; plug in a microphone, or open a file"),
    marked("there is no {kind} device '{name}' now; there is: {known}"),
    marked("the sound devices cannot be listed: {error}"),
    marked("PortAudio cannot start: {error}"),
    marked(
        "the computer's own sound needs PulseAudio or PipeWire running, and pactl and parec; on Debian or Ubuntu: sudo "
        "apt install pulseaudio-utils"
    ),
    marked("Windows offers no loopback input; enable 'Stereo Mix' in the sound settings, or install VB-Audio Cable"),
    marked("macOS offers no loopback input; install BlackHole and choose it as the sound output"),
    # irec_live.source
    marked("the input '{name}' cannot be opened: {reason}"),
    marked("the input '{name}' does not start: {error}"),
    marked("'{name}' went away"),
    # irec_live.streaming
    marked("listening stopped: {sentence}"),
    marked("'{name}' went away; looking for it every second"),
    marked("nothing plays there, or the sound server has stopped"),
    marked("no sound arrives from '{name}': {reason}"),
    marked("the disk does not answer; older results are forgotten"),
    # irec_live.player
    marked("playing without sound"),
    marked("playing without sound: {reason}"),
    marked("playing stopped: {error}"),
    marked("the sound output '{name}' went away"),
    # irec_live.media
    marked("there is no file {name}; check the path"),
    marked("{name} is empty (0 bytes)"),
    marked("{name} is a folder; give an audio file"),
    marked("{name} cannot be opened: {reason}"),
    marked("{name} cannot be read: {reason}"),
    marked("{name} cannot be decoded as audio: {problem}; give a sound or video file"),
    marked("{name} ends early: {reached} s of {whole} s could be decoded"),
    marked("{name} is damaged: {complaint}"),
    marked("{name} has sound, but none of it could be decoded"),
    # irec_live.models
    marked("no model file at {path}"),
    marked("{names} are both {kind} models; choose one of each kind"),
    marked("CUDA was asked for but failed ({error}); running on the CPU"),
    marked("{name} changed while it was loaded; load it again"),
    marked("{name} brought its test run down (status {status}); it is not loaded"),
    # irec_live.session
    marked("{problem}; {words} instead"),
    marked("{problem}; playing the demo clip instead"),
    marked("the analysis stopped: {sentence}"),
    marked("the session {name} lacks its sound: there is no {file} in it"),
    # irec_live.recording
    marked("cannot record to {folder}: {error}; choose another place"),
    marked("recording stopped: {reason}"),
    marked("the disk takes no more ({reason})"),
    marked("the folder is gone ({error})"),
    marked("the disk is full ({free} MB are left)"),
    marked("the program ended while this was recorded; what it had heard in the last second is missing"),
    marked("the session {name} has no sound: nothing was recorded"),
    marked("only the results of this session were kept, not its sound"),
    # irec_live.files
    marked("cannot write {path}: {error}; choose another place"),
    marked("'{folder}' is a file; give a folder"),
    # irec_live.corrections
    marked(
        "{name} was changed elsewhere meanwhile, and is left as it is: open the sound again, and correct it in one "
        "window"
    ),
    marked("nothing was corrected; correct some events in the window (Ctrl+K) first"),
    # irec_live.library
    marked("no instrument is called {name}{hint}"),
    marked("the name of an instrument is expected here{there}"),
    marked("a comma is expected before {token}"),
    # irec_live.outputs
    marked("MIDI is not available on this machine: {error}"),
    marked("there is no host '{host}' to send OSC to: {error}"),
    marked("'{text}' is no address for OSC; give HOST:PORT, or a PORT of this machine, such as 9000"),
)

_JOINED = (
    marked("recording stopped: {reason}; the {seconds} s before are kept in {folder}"),
    marked("{reason} (character {position} of the query)"),
    marked("no instrument is called {name}; is {label} meant?"),
    marked("mAP {score} on real clips"),
    marked("mAP {score} on test clips"),
    marked("mAP {score} on mixtures"),
)
"""Those that the code puts together of several parts: looked for first."""


def instrument_name(label: str) -> str:
    """A label of `irec_live.instruments` within a sentence; any other as it is.

    Examples
    --------
    >>> instrument_name("french horn"), instrument_name("theremin")
    ('french horn', 'theremin')
    """
    return _instruments(language()).get(label, label)


def family_name(family: str) -> str:
    """A family of `irec_live.instruments`, or another heading among lanes."""
    return _families(language()).get(family, family)


def with_labels(query: str) -> str:
    """A search with the labels of instruments and families in the place of their names in the language of the window.

    Examples
    --------
    >>> with_labels("violin, no voice")
    'violin, no voice'
    """
    own = {one.family: family_name(one.family) for one in INSTRUMENTS.values()} | _instruments(language())
    labels = {name.casefold(): label for label, name in own.items()} | {label: label for label in own}
    names = "|".join(re.escape(name) for name in sorted(labels, key=len, reverse=True))
    pattern = re.compile(rf'"[^"]*"|\bnamed\s+[^",]+|\b({names})\b', re.IGNORECASE)  # names of files stay
    return pattern.sub(lambda found: labels[found[1].casefold()] if found[1] else found[0], query)


def source_title(title: str) -> str:
    """Title of a session: of a live one, with the kind of its source in the language of the window.

    Examples
    --------
    >>> source_title("Microphone: Headset"), source_title("song.flac")
    ('Microphone: Headset', 'song.flac')
    """
    role, colon, name = title.partition(": ")
    return f"{tr(role)}{colon}{name}" if role in {kind.role for kind in InputKind.live()} else title


def part(text: str) -> str:
    """A sentence or a label of the rest of the app as a part of a sentence; as it is where it stays English."""
    found = None if language() == ENGLISH else _found(text)
    return instrument_name(text) if found is None else found[1]


def translated(text: str) -> str | None:
    """A sentence of the rest of the app as one of its own, in the language of the window; None if it stays English.

    Examples
    --------
    >>> translated("'Mic' went away") is None  # in English there is nothing to do
    True
    """
    return None if language() == ENGLISH else _translated(language(), text)


def begins_with_name(text: str) -> bool:
    """Whether a sentence of the rest of the app begins with the name of a file or folder, which keeps its spelling.

    Examples
    --------
    >>> begins_with_name("my songs is empty (0 bytes)"), begins_with_name("there is no file a; check the path")
    (True, False)
    """
    meant = next((sentence for pattern, sentence in _patterns() if pattern.fullmatch(text)), "")
    return _NAMES.match(meant) is not None


@lru_cache(maxsize=256)
def _translated(_code: str, text: str) -> str | None:
    found = _found(text)
    if found is None:
        return None
    sentence, said = found
    named = _NAMES.match(sentence) or sentence.startswith("„")  # names keep their spelling
    return said if named else said[:1].upper() + said[1:]


def _found(text: str) -> tuple[str, str] | None:
    """The sentence of `SENTENCES` that this is, translated, and with its parts put in."""
    for pattern, sentence in _patterns():
        match = pattern.fullmatch(text)
        if match:
            translation = tr(sentence)
            return translation, translation.format_map({name: part(value) for name, value in match.groupdict().items()})
    return None


@lru_cache(maxsize=1)
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    """What each sentence looks like; those with the longest fixed parts first."""
    fixed = sorted(SENTENCES, key=lambda sentence: -len(re.sub(r"\{\w+\}", "", sentence)))
    return tuple(
        (re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>.+?)", re.escape(one)), re.DOTALL), one)
        for one in (*_JOINED, *fixed)
    )


@lru_cache(maxsize=4)
def _instruments(_code: str) -> dict[str, str]:
    return {
        "cello": tr("cello", "instrument"),
        "clarinet": tr("clarinet", "instrument"),
        "flute": tr("flute", "instrument"),
        "acoustic guitar": tr("acoustic guitar", "instrument"),
        "electric guitar": tr("electric guitar", "instrument"),
        "guitar": tr("guitar", "instrument"),
        "organ": tr("organ", "instrument"),
        "piano": tr("piano", "instrument"),
        "saxophone": tr("saxophone", "instrument"),
        "trumpet": tr("trumpet", "instrument"),
        "violin": tr("violin", "instrument"),
        "voice": tr("voice", "instrument"),
        "bass": tr("bass", "instrument"),
        "drums": tr("drums", "instrument"),
        "trombone": tr("trombone", "instrument"),
        "tuba": tr("tuba", "instrument"),
        "mallets": tr("mallets", "instrument"),
        "oboe": tr("oboe", "instrument"),
        "harp": tr("harp", "instrument"),
        "viola": tr("viola", "instrument"),
        "french horn": tr("french horn", "instrument"),
        "bassoon": tr("bassoon", "instrument"),
        "harmonica": tr("harmonica", "instrument"),
        "bagpipe": tr("bagpipe", "instrument"),
        "accordion": tr("accordion", "instrument"),
        "harpsichord": tr("harpsichord", "instrument"),
        "clavinet": tr("clavinet", "instrument"),
        "synth": tr("synth", "instrument"),
        "banjo": tr("banjo", "instrument"),
        "mandolin": tr("mandolin", "instrument"),
        "sitar": tr("sitar", "instrument"),
        "koto": tr("koto", "instrument"),
    }


@lru_cache(maxsize=4)
def _families(_code: str) -> dict[str, str]:
    return {
        "strings": tr("strings", "family"),
        "woodwinds": tr("woodwinds", "family"),
        "brass": tr("brass", "family"),
        "keys": tr("keys", "family"),
        "guitars": tr("guitars", "family"),
        "bass": tr("bass", "family"),
        "voice": tr("voice", "family"),
        "percussion": tr("percussion", "family"),
        "other": tr("other", "family"),
        "pinned": tr("pinned", "family"),
    }
