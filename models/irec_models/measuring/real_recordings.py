"""``irec-train real``: how right a model is on real recordings, by what they are, with intervals over sources.

Solos, ensembles, noise, and instruments outside the labels ask for different figures.

Shapes: C recordings, K labels.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from irec_live.assembly import lasting
from irec_live.errors import DataError
from irec_live.results import Event
from irec_live.streaming.tracker import LabelTracker
from irec_models.data import LABELS, EvalClip
from irec_models.measuring.by_source import Counts, Figure, Ints, Kind, count, kind_of, over_sources
from irec_models.measuring.clip_scores import target_row
from irec_models.measuring.comparison import read_scores
from irec_models.measuring.predictors import Array, Predictor, hop_of, predict_recording
from irec_models.metrics import UNKNOWN

Floats = npt.NDArray[np.float64]

FEWEST_SOURCES = 3
"""A label with fewer has no average precision here: it would be that of a player."""

RESAMPLED = 300
_WITHIN = 0.9
HOP_S = 0.1


@dataclass(frozen=True, slots=True, eq=False)
class Recordings:
    """What one system says about recordings, and what is true, on `LABELS`.

    Attributes
    ----------
    name : str
        Of the system.
    files, sources : tuple of C str
    kinds : tuple of C Kind
    seconds : (C,) float64
    targets : (C, K) int64
        1, 0 or `UNKNOWN`.
    scores : (C, K) float64
        Mean activation over the recording.
    named : (C, K) bool or None
        What the app would list; None for a system of which only scores are known.
    false_events : (C,) int64
        Times that a label lit which does not sound; zeros where `named` is None.
    """

    name: str
    files: tuple[str, ...]
    sources: tuple[str, ...]
    kinds: tuple[Kind, ...]
    seconds: Floats
    targets: Ints
    scores: Floats
    named: npt.NDArray[np.bool_] | None
    false_events: Ints

    def part(self, pattern: str) -> Recordings:
        """Those whose file name a regular expression finds something in."""
        keep = [row for row, file in enumerate(self.files) if re.search(pattern, file)]
        return Recordings(
            self.name,
            tuple(self.files[row] for row in keep),
            tuple(self.sources[row] for row in keep),
            tuple(self.kinds[row] for row in keep),
            self.seconds[keep],
            self.targets[keep],
            self.scores[keep],
            None if self.named is None else self.named[keep],
            self.false_events[keep],
        )


Measure = Callable[[Recordings, Ints, float], float]
"""From recordings, the rows that count, and `flat_threshold`, to a figure."""


def predict_recordings(model: Predictor, clips: Iterable[EvalClip]) -> Recordings:
    """Predict recordings window by window with an activation model, and run the app's tracker on its activations.

    Parameters
    ----------
    model : Predictor
    clips : iterable of EvalClip
        At the model's sample rate, annotated with `LABELS`.

    Raises
    ------
    DataError
        There are no clips, or the model knows none of `LABELS`.
    """
    spec = model.spec
    # -1 is the column of zeros that is put behind the means below: what the model does not know, it never names.
    columns = [spec.labels.index(label) if label in spec.labels else -1 for label in LABELS]
    if spec.kind != "activation" or max(columns) < 0:
        raise DataError(f"{spec.name} tells activations of none of {', '.join(LABELS)}")
    thresholds = {label: spec.threshold(label) for label in spec.labels}
    hop = hop_of(model, round(HOP_S * spec.sample_rate))
    table: list[tuple[EvalClip, Array, set[str], int]] = []
    for clip in clips:
        rows = predict_recording(model, clip.audio, hop)
        events = _events(rows, LabelTracker(spec.labels, thresholds, hop_s=hop / spec.sample_rate))
        wrong = [e for e in events if e.label in LABELS and e.label not in (*clip.labels, *clip.unclear)]
        table.append((clip, rows.mean(axis=0), lasting(events), len(wrong)))
    if not table:
        raise DataError("there are no recordings to listen to")
    means = np.stack([np.append(mean, 0.0) for _, mean, _, _ in table])
    return Recordings(
        name=spec.name,
        files=tuple(clip.file for clip, *_ in table),
        sources=tuple(clip.source for clip, *_ in table),
        kinds=tuple(kind_of(clip) for clip, *_ in table),
        seconds=np.array([len(clip.audio) / spec.sample_rate for clip, *_ in table]),
        targets=np.array([target_row(LABELS, clip.labels, clip.unclear) for clip, *_ in table]),
        scores=means[:, columns].astype(np.float64),
        named=np.array([[label in named for label in LABELS] for _, _, named, _ in table]),
        false_events=np.array([wrong for *_, wrong in table]),
    )


def other_system(path: Path, like: Recordings) -> Recordings:
    """Another system's scores of the same recordings (`irec_models.measuring.comparison`).

    Raises
    ------
    DataError
        The file is not of that form, or lacks a recording or a label.
    """
    theirs = read_scores(path)
    try:
        scores = np.array([[float(theirs[file]["mean"][label]) for label in LABELS] for file in like.files])
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"{path} lacks the mean score of a label or a recording: {error}") from error
    none = np.zeros(len(like.files), np.int64)
    return Recordings(path.stem, like.files, like.sources, like.kinds, like.seconds, like.targets, scores, None, none)


def figures(recordings: Recordings) -> dict[str, Figure]:
    """All figures of some recordings, by name; see `MEASURES`."""
    flat = flat_threshold(recordings)
    found = {}
    for name, (kinds, measure) in MEASURES.items():
        rows = np.flatnonzero([kind in kinds for kind in recordings.kinds])

        # The threshold is chosen once, on all sources, not anew in every resample: it belongs to the system compared.
        def tell(drawn: Ints, measure: Measure = measure) -> float:
            return measure(recordings, drawn, flat)

        found[name] = over_sources(rows, recordings.sources, tell, times=RESAMPLED, within=_WITHIN)
    return found


def flat_threshold(recordings: Recordings) -> float:
    """The one threshold on the mean that gives the highest micro F1 on solos and ensembles: 0.5 without any."""
    rows = np.flatnonzero([kind in ("solo", "ensemble") for kind in recordings.kinds])
    if not len(rows):
        return 0.5
    grid = np.arange(0.02, 0.98, 0.02)
    return float(max(grid, key=lambda flat: _flat_f1(recordings, rows, flat)))


def average_precision(scores: Floats, truth: npt.NDArray[np.bool_]) -> float:
    """Area under precision over recall, ties counted as they fall.

    Examples
    --------
    >>> average_precision(np.array([0.9, 0.8, 0.7]), np.array([True, False, True]))
    0.8333333333333333
    """
    hits = truth[np.argsort(-scores, kind="stable")]
    precision = np.cumsum(hits) / np.arange(1, len(hits) + 1)
    return float(precision[hits].mean())


def label_precisions(recordings: Recordings) -> dict[str, float]:
    """Average precision on the solos of each label with enough sources."""
    rows = np.flatnonzero([kind == "solo" for kind in recordings.kinds])
    found = {}
    for k, label in enumerate(LABELS):
        known = rows[recordings.targets[rows, k] != UNKNOWN]
        truth = recordings.targets[known, k] == 1
        if len({recordings.sources[row] for row in known[truth].tolist()}) >= FEWEST_SOURCES:
            found[label] = average_precision(recordings.scores[known, k], truth)
    return found


def _events(rows: Array, tracker: LabelTracker) -> list[Event]:
    ended: list[Event] = []
    for number, row in enumerate(rows):
        ended += tracker.push(number * tracker.hop_s, row).ended
    return [*ended, *tracker.flush()]


def _top1(recordings: Recordings, rows: Ints, flat: float) -> float:
    best = recordings.scores[rows].argmax(axis=1)
    return float((recordings.targets[rows, best] == 1).mean())


def _map(recordings: Recordings, rows: Ints, flat: float) -> float:
    counted = label_precisions(recordings)
    found = []
    for k, label in enumerate(LABELS):
        known = rows[recordings.targets[rows, k] != UNKNOWN]
        truth = recordings.targets[known, k] == 1
        if label in counted and truth.any():
            found.append(average_precision(recordings.scores[known, k], truth))
    return float(np.mean(found)) if found else np.nan


def _of_named(tell: Callable[[Counts, int], float]) -> Measure:
    """A measure of what the app would name, from the counts and the number of recordings."""

    def measure(recordings: Recordings, rows: Ints, flat: float) -> float:
        if recordings.named is None:
            return np.nan
        return tell(count(recordings.named[rows], recordings.targets[rows]), len(rows))

    return measure


def _flat_f1(recordings: Recordings, rows: Ints, flat: float) -> float:
    return count(recordings.scores[rows] >= flat, recordings.targets[rows]).f1


def _flat_false(recordings: Recordings, rows: Ints, flat: float) -> float:
    return count(recordings.scores[rows] >= flat, recordings.targets[rows]).wrong / len(rows)


def _per_minute(recordings: Recordings, rows: Ints, flat: float) -> float:
    if recordings.named is None:
        return np.nan
    return float(recordings.false_events[rows].sum() / recordings.seconds[rows].sum() * 60.0)


MEASURES: Mapping[str, tuple[tuple[str, ...], Measure]] = {
    "solos: top-1": (("solo",), _top1),
    f"solos: mAP, labels of {FEWEST_SOURCES} sources": (("solo",), _map),
    "solos: wrong labels a clip": (("solo",), _of_named(lambda counts, clips: counts.wrong / clips)),
    "solos: recall": (("solo",), _of_named(lambda counts, _: counts.recall)),
    "solos: F1 at one threshold": (("solo",), _flat_f1),
    "ensembles: F1": (("ensemble",), _of_named(lambda counts, _: counts.f1)),
    "ensembles: F1 at one threshold": (("ensemble",), _flat_f1),
    "solos and ensembles: precision": (("solo", "ensemble"), _of_named(lambda counts, _: counts.precision)),
    "noise: false labels a minute": (("noise",), _per_minute),
    "noise: wrong labels a clip at one threshold": (("noise",), _flat_false),
    "others: false labels a minute": (("other",), _per_minute),
    "others: wrong labels a clip at one threshold": (("other",), _flat_false),
}
"""Each figure: the kinds of recording it is of, and how it is measured; the one threshold is `flat_threshold`."""


def to_dict(parts: Mapping[str, Sequence[Recordings]]) -> dict[str, Any]:
    """JSON values: figures and average precisions by part and system."""
    return {
        part: {
            one.name: {
                "figures": {name: [f.value, f.low, f.high] for name, f in figures(one).items() if f.value == f.value},
                "average_precision": label_precisions(one),
            }
            for one in systems
        }
        for part, systems in parts.items()
    }
