"""Sampling pools: the clips that voices are drawn from, and the probability of each.

Balance comes first: every label is equally likely however many clips it has (Neuroment, section 4.1.2), then every
source by the root of its length, so that a small recording session still counts, then every voice likewise.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import Literal

import numpy as np
import numpy.typing as npt

from irec_live.errors import DataError
from irec_models.data.manifests.bank import Bank
from irec_models.data.manifests.labels import POLYPHONIC, UNPITCHED, truth_of
from irec_models.data.manifests.manifest import Clip

ROLES = {
    "kick": re.compile(r"kick|bass[ _-]?drum|(^|[/_ -])(kd|bd|kk)\w{0,2}[_-]|/(35|36)-", re.IGNORECASE),
    "snare": re.compile(r"snare|rim|(^|[/_ -])(sn|ss|sd)\w{0,2}[_-]|/(37|38|40)-|clap", re.IGNORECASE),
    "hat": re.compile(r"hat|(^|/)hh|(^|[/_ -])(hc|ho|hp|hh)\w{0,2}[_-]|/(42|44|46)-", re.IGNORECASE),
    "cymbal": re.compile(r"cymbal|crash|ride|zildjian|sabian|splash|china|(^|[/_ -])(cr|rd)\w{0,2}[_-]", re.IGNORECASE),
    "tom": re.compile(r"tom|(^|[/_ -])t[hlm]\w{0,2}[_-]|conga|bongo|/(41|43|45|47|48|50)-", re.IGNORECASE),
}
"""Parts of a drum kit, by what sample libraries call them."""

_NO_SINGLE_NOTE = re.compile(r"phrase|gliss|scale|chord|loop|trill|run[_ .]|strum", re.IGNORECASE)
_FEWEST_NOTES = 6
NOTHING = "the chosen split and sources have no solo clips to draw from"


@dataclass(frozen=True, eq=False)
class Voice:
    """One instrument of one source, played one way.

    Attributes
    ----------
    name : str
        Annotated name, e.g. ``oboe``.
    label : str or None
        The label it counts as; None for "none of these".
    unclear : frozenset of str
        Labels that it neither counts for nor against.
    source : str
    kind : {"notes", "hits", "clips"}
        Pitched notes, parts of a drum kit, or anything played as it is.
    clips : (C,) int64
        Indices in the bank; of ``notes`` by rising pitch.
    pitches : (C,) float64
        MIDI pitches of ``notes``.
    roles : dict of str to (R,) int64
        Clips of each part of a kit, of ``hits``.
    """

    name: str
    label: str | None
    unclear: frozenset[str]
    source: str
    kind: Literal["notes", "hits", "clips"]
    clips: npt.NDArray[np.int64]
    pitches: npt.NDArray[np.float64]
    seconds: float
    roles: dict[str, npt.NDArray[np.int64]] = field(default_factory=dict)

    @property
    def polyphonic(self) -> bool:
        """Whether it plays chords."""
        return self.name in POLYPHONIC


def _articulation(clip: Clip) -> str:
    path = PurePosixPath(clip.origin)
    tokens = path.stem.split("_")
    # <instrument>_<pitch>_<length>_<dynamic>_<articulation>
    return tokens[-1] if len(tokens) == 5 else str(path.parent)


def _kind(clip: Clip, pitch: float | None) -> Literal["notes", "hits", "clips"]:
    if clip.kind != "notes":
        return "clips"
    if UNPITCHED.intersection(clip.labels):
        return "hits"
    return "clips" if pitch is None or _NO_SINGLE_NOTE.search(clip.origin) else "notes"


def make_voices(bank: Bank, indices: Iterable[int], labels: Sequence[str]) -> list[Voice]:
    """Group clips into voices.

    Clips that hold, or may hold, several instruments are skipped, because their stems are unknown.

    Parameters
    ----------
    bank : Bank
    indices : iterable of int
        Clips to use.
    labels : sequence of str
    """
    groups: dict[tuple[str, ...], list[int]] = defaultdict(list)
    loose: dict[tuple[str, ...], list[int]] = defaultdict(list)
    key: tuple[str, ...]
    for index in indices:
        clip = bank.clips[index]
        truth = truth_of(clip.labels, clip.origin, labels, clip.unknown)
        if not clip.stem or bank.entries[index].peak <= 0:
            continue
        kind = _kind(clip, bank.entries[index].pitch)
        label = next(iter(truth.present), "")
        key = (clip.labels[0], label, ";".join(sorted(truth.unclear)), clip.source, kind, clip.instrument)
        if kind == "notes":
            groups[(*key, _articulation(clip))].append(index)
        else:
            loose[key].append(index)
    for key, members in groups.items():
        if len(members) < _FEWEST_NOTES:
            loose[key[:-1]] += members
    kept = {key: members for key, members in groups.items() if len(members) >= _FEWEST_NOTES}
    return [_voice(bank, key, members) for key, members in (*kept.items(), *loose.items())]


def _voice(bank: Bank, key: tuple[str, ...], members: Sequence[int]) -> Voice:
    name, label, unclear, source, kind = key[:5]
    clips = np.array(members, np.int64)
    pitches = np.zeros(0)
    roles: dict[str, npt.NDArray[np.int64]] = {}
    if kind == "notes":
        pitches = np.array([bank.entries[i].pitch for i in members], np.float64)
        order = np.argsort(pitches, kind="stable")
        clips, pitches = clips[order], pitches[order]
    elif kind == "hits":
        for role, pattern in ROLES.items():
            found = [i for i in members if pattern.search(bank.clips[i].origin)]
            if found:
                roles[role] = np.array(found, np.int64)
    return Voice(
        name=name,
        label=label or None,
        unclear=frozenset(filter(None, unclear.split(";"))),
        source=source,
        kind=kind,  # type: ignore[arg-type]  # one of _kind's three
        clips=clips,
        pitches=pitches,
        seconds=sum(bank.entries[i].length for i in members) / bank.sample_rate,
        roles=roles,
    )


def named_by(bank: Bank, voice: Voice, labels: Sequence[str]) -> Voice:
    """The same voice under another list of labels."""
    clip = bank.clips[int(voice.clips[0])]
    truth = truth_of(clip.labels, clip.origin, labels, clip.unknown)
    return replace(voice, label=next(iter(truth.present), None), unclear=truth.unclear)


def check_examples(clips: Iterable[Clip], labels: Sequence[str], *, allow_missing: bool = False) -> None:
    """Check by the manifests alone, without decoding, that every label has examples.

    Parameters
    ----------
    clips : iterable of Clip
        Those to draw from.
    labels : sequence of str
    allow_missing : bool
        Accept labels that have no examples.

    Raises
    ------
    DataError
        A label has no examples and that was not allowed, or there are none at all.
    """
    stems = [clip for clip in clips if clip.stem]
    told = {label for clip in stems for label in truth_of(clip.labels, clip.origin, labels, clip.unknown).present}
    if not allow_missing:
        refuse_missing(set(labels) - told)
    if all(clip.labels == ("noise",) for clip in stems):
        raise DataError(NOTHING)


def refuse_missing(missing: Collection[str]) -> None:
    """Raise a DataError if any label has no examples."""
    if missing:
        raise DataError(
            f"no solo clips of {', '.join(sorted(missing))} in the chosen sources; "
            "add some, hold out fewer sources, or take the label out"
        )


class Pools:
    """Voices by label, drawn in balance.

    Parameters
    ----------
    bank : Bank
    indices : sequence of int
        Clips to draw from.
    labels : sequence of str
    allow_missing : bool
        Accept labels that have no examples; see `missing`.

    Attributes
    ----------
    labels : tuple of str
    missing : frozenset of str
        Labels without examples.
    others : tuple of str
        Names outside the labels, noise not among them.

    Raises
    ------
    DataError
        A label has no examples and that was not allowed, or there are none at all.
    """

    def __init__(
        self, bank: Bank, indices: Sequence[int], labels: Sequence[str], *, allow_missing: bool = False
    ) -> None:
        self.labels = tuple(labels)
        check_examples([bank.clips[index] for index in indices], labels, allow_missing=allow_missing)
        self._voices: dict[str, list[Voice]] = defaultdict(list)
        for voice in make_voices(bank, indices, labels):
            self._voices[voice.label or voice.name].append(voice)
        self.missing = frozenset(label for label in labels if label not in self._voices)
        if not allow_missing:
            refuse_missing(self.missing)  # clips may be silent, which only their sound tells
        self.present = tuple(label for label in labels if label in self._voices)
        self.others = tuple(sorted(set(self._voices) - set(labels) - {"noise"}))
        if not self.present and not self.others:
            raise DataError(NOTHING)
        self._by_source = {name: _by_source(voices) for name, voices in self._voices.items()}

    @property
    def has_noise(self) -> bool:
        """Whether there are clips of noise."""
        return "noise" in self._voices

    def draw(self, name: str, rng: np.random.Generator) -> Voice:
        """A voice of one label or other name.

        Raises
        ------
        ValueError
            There is none.
        """
        if name not in self._by_source:
            raise ValueError(f"there are no clips of {name}")
        sources, weights = self._by_source[name]
        voices, inner = sources[rng.choice(len(sources), p=weights)]
        return voices[rng.choice(len(voices), p=inner)]

    def draw_names(
        self, count: int, other: float, rng: np.random.Generator, weights: Mapping[str, float] | None = None
    ) -> list[str]:
        """Names of an ensemble: mostly different labels, some of them from outside the labels.

        Parameters
        ----------
        count : int
        other : float
            Share of names outside the labels.
        weights : mapping of str to float, optional
            How often a label is drawn, relative to the others; 1 where not given.
        """
        names: list[str] = []
        for _ in range(count):
            outside = self.others and (not self.present or rng.random() < other)
            choice = self.others if outside else self.present
            fresh = [name for name in choice if name not in names] or list(choice)
            if weights and not outside:
                shares = np.array([weights.get(name, 1.0) for name in fresh])
                names.append(fresh[rng.choice(len(fresh), p=shares / shares.sum())])
            else:
                names.append(fresh[rng.integers(len(fresh))])
        return names


Weighted = tuple[list[tuple[list[Voice], npt.NDArray[np.float64]]], npt.NDArray[np.float64]]


def _by_source(voices: Sequence[Voice]) -> Weighted:
    grouped: dict[str, list[Voice]] = defaultdict(list)
    for voice in voices:
        grouped[voice.source].append(voice)
    inner = [(members, _roots([voice.seconds for voice in members])) for members in grouped.values()]
    return inner, _roots([sum(voice.seconds for voice in members) for members in grouped.values()])


def _roots(values: Sequence[float]) -> npt.NDArray[np.float64]:
    weights = np.sqrt(np.maximum(np.asarray(values, np.float64), 1e-3))
    return np.asarray(weights / weights.sum())
