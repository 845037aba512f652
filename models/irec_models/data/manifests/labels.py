"""Label mapping: which instrument names count as which label, and which labels are unknown in a clip."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from irec_live.instruments import INSTRUMENTS, MAIN_LABELS

LABELS = MAIN_LABELS
"""The 13 labels of this project's networks, in the order of their outputs."""

_COMPOSED_FOR_ONE_VOICE = ("harpsichord", "clavinet")
"""They play chords too, but the shipped networks learnt from mixes in which they had melodies."""

POLYPHONIC = frozenset(
    label for label, known in INSTRUMENTS.items() if known.polyphonic and label not in _COMPOSED_FOR_ONE_VOICE
)
"""Instruments that chords are composed for."""

UNPITCHED = frozenset(("drums", "percussion", "noise"))
"""Names whose notes have no pitch that a melody could use."""

_KIT = re.compile(
    r"snare|bass[ _-]?drum|kick|cymbal|tom|hi-?hat|conga|bongo|darbuka|djembe|clap|drumming", re.IGNORECASE
)
_NOT_A_KIT = re.compile(r"tom-?tom gong|tam-tam|steel|timpani|triangle|bell|gong|glock|xylo|marimba", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Truth:
    """The annotation of a clip, for one list of labels.

    Attributes
    ----------
    present : frozenset of str
        Labels of the list that sound in it.
    unclear : frozenset of str
        Labels that are unknown: neither present nor absent.
    others : tuple of str
        Annotated names outside the list.
    """

    present: frozenset[str]
    unclear: frozenset[str]
    others: tuple[str, ...]


def truth_of(names: Iterable[str], path: str, labels: Sequence[str] = LABELS, unknown: Iterable[str] = ()) -> Truth:
    """Compare annotated names with a list of labels.

    Percussion is the one name that needs the file's path: what belongs to a drum kit (or is struck like one) is
    ``drums``; bells, gongs, timpani and steel pans may or may not be, so ``drums`` is unknown there.

    Parameters
    ----------
    names : iterable of str
        Annotated names of one clip.
    path : str
        Where it came from.
    labels : sequence of str
        The labels of interest.
    unknown : iterable of str
        Names that are not annotated in the clip, neither as present nor as absent.

    Examples
    --------
    >>> truth_of(["oboe", "piano"], "duo.wav").others
    ('oboe',)
    >>> sorted(truth_of(["percussion"], "snare drum/roll.wav").present)
    ['drums']
    >>> sorted(truth_of(["percussion"], "gong.wav").unclear)
    ['drums']
    >>> sorted(truth_of(["fam:guitar"], "song.ogg", unknown=["acoustic guitar", "electric guitar", "harp"]).unclear)
    ['acoustic guitar', 'electric guitar']
    """
    present: set[str] = set()
    unclear: set[str] = set(unknown).intersection(labels)
    others: list[str] = []
    for name in names:
        if name in labels:
            present.add(name)
            continue
        if name == "percussion" and "drums" in labels:
            if _KIT.search(path) and not _NOT_A_KIT.search(path):
                present.add("drums")
                continue
            unclear.add("drums")
        others.append(name)
    return Truth(frozenset(present), frozenset(unclear - present), tuple(others))
