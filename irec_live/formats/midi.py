"""MIDI file: every event as a long note, a track an instrument, for sequencers and notation programs.

The network does not tell pitches: a note stands for "this instrument plays", at middle C, as loud as its activation.
Each instrument has a track of its own with its General MIDI program; drums are on channel 10. At 120 beats a minute and
960 ticks a beat, a tick is 1/1920 s: that is how exact times are.

References
----------
Standard MIDI Files 1.0, MIDI Manufacturers Association 1996.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from irec_live.formats.contract import Format

if TYPE_CHECKING:
    from collections.abc import Sequence

    from irec_live.report import Analysis
    from irec_live.results import Event

TICKS_PER_BEAT = 960
MICROSECONDS_PER_BEAT = 500_000
TICKS_PER_S = TICKS_PER_BEAT * 1_000_000 // MICROSECONDS_PER_BEAT

NOTE = 60
DRUM_NOTE = 38
"""Middle C; on the drum channel, the snare."""

DRUM_CHANNEL = 9
"""Counted from 0."""

_MELODIC = [channel for channel in range(16) if channel != DRUM_CHANNEL]


def render(analysis: Analysis) -> bytes:
    """The whole file, type 1: a track with the tempo, then one an instrument."""
    import mido

    file = mido.MidiFile(type=1, ticks_per_beat=TICKS_PER_BEAT)
    first = mido.MidiTrack()
    first.append(mido.MetaMessage("track_name", name=_latin(analysis.file)))
    first.append(mido.MetaMessage("set_tempo", tempo=MICROSECONDS_PER_BEAT))
    first.append(mido.MetaMessage("time_signature", numerator=4, denominator=4))
    first.append(mido.MetaMessage("end_of_track", time=ticks(analysis.duration_s)))
    file.tracks.append(first)
    labels = list(dict.fromkeys(event.label for event in analysis.events))
    labels.sort(key=lambda label: analysis.labels.index(label) if label in analysis.labels else len(analysis.labels))
    channels = channel_of(labels)
    for label in labels:
        events = [event for event in analysis.events if event.label == label]
        file.tracks.append(_track(mido, label, channels[label], events, analysis.duration_s))
    content = io.BytesIO()
    file.save(file=content)
    return content.getvalue()


def ticks(seconds: float) -> int:
    """Seconds in ticks, to the nearest.

    Examples
    --------
    >>> ticks(0.5), ticks(1.0)
    (960, 1920)
    """
    return max(0, round(seconds * TICKS_PER_S))


def channel_of(labels: Sequence[str]) -> dict[str, int]:
    """A channel for each label, from 0: 9 for drums, the others in turn; beyond fifteen they share.

    Examples
    --------
    >>> channel_of(["violin", "drums", "bass"])
    {'violin': 0, 'drums': 9, 'bass': 1}
    """
    melodic = [label for label in labels if label != "drums"]
    return {
        label: DRUM_CHANNEL if label == "drums" else _MELODIC[melodic.index(label) % len(_MELODIC)] for label in labels
    }


def program_of(label: str) -> int | None:
    """General MIDI program of a label, 0..127; None where General MIDI has none."""
    from irec_live.instruments import INSTRUMENTS

    programs = INSTRUMENTS[label].programs if label in INSTRUMENTS else ()
    return programs[0] if programs else None


def velocity(activation: float) -> int:
    """An activation of 0..1 as a velocity, 1..127.

    Examples
    --------
    >>> velocity(0.0), velocity(1.0)
    (1, 127)
    """
    return min(127, max(1, round(127 * activation)))


def _track(mido: Any, label: str, channel: int, events: Sequence[Event], duration_s: float) -> Any:
    track = mido.MidiTrack()
    track.append(mido.MetaMessage("track_name", name=_latin(label)))
    track.append(mido.MetaMessage("instrument_name", name=_latin(label)))
    program = program_of(label)
    if program is not None and channel != DRUM_CHANNEL:
        track.append(mido.Message("program_change", channel=channel, program=program))
    note = DRUM_NOTE if channel == DRUM_CHANNEL else NOTE
    # Where one ends and another begins at once, the end comes first: 0 sorts before 1.
    moments: list[tuple[int, int, int]] = []
    for event in events:
        begin = ticks(event.onset_s)
        end = max(begin + 1, ticks(duration_s if event.offset_s is None else event.offset_s))
        moments += [(begin, 1, velocity(event.activation)), (end, 0, 0)]
    now = 0
    for at, on, loud in sorted(moments):
        kind = "note_on" if on else "note_off"
        track.append(mido.Message(kind, channel=channel, note=note, velocity=loud, time=at - now))
        now = at
    track.append(mido.MetaMessage("end_of_track", time=max(0, ticks(duration_s) - now)))
    return track


def _latin(text: str) -> str:
    """A name as MIDI files hold it: Latin-1."""
    return text.encode("latin-1", "replace").decode("latin-1")


FORMAT = Format(
    name="midi",
    title="MIDI file",
    suffix=".mid",
    media_type="audio/midi",
    holds="the events as notes, a track an instrument",
    needs=frozenset({"activation"}),
    render=render,
    binary=True,
)
