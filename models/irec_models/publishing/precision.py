"""Thresholds for a given precision on real recordings, with cross-validated scores and bootstrap intervals.

A label is named of a recording if it lights there for long enough, so all this works on the levels that the app
compares with its thresholds, through the app's own tracker. Whatever is chosen on some recordings is measured on other
sources' (`leave_sources_out`): clips of one source share players, rooms and microphones.

Shapes: C clips, K labels, R windows of a clip.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from irec_live.assembly import lasting
from irec_live.models.spec import Threshold, TradeOff
from irec_live.streaming.decisions import TrackerSettings, pooled_windows
from irec_live.streaming.tracker import LabelTracker
from irec_models.measuring.by_source import Bools, Counts, Figure, Ints, Kind, count, over_sources

Array = npt.NDArray[np.float32]

AGAIN_SHARE, OFF_SHARE = 0.6, 0.36
"""Shares of the on-threshold: where a label that was lit a moment ago lights again, and where it goes out."""

LOWEST, HIGHEST = 0.15, 0.9
"""Bounds of on-thresholds: below, noise would light labels; above, quiet playing never would."""

POOLED_SOURCES = 20
"""A label's own threshold counts as much as the common one with so many sources of its own. With fewer, thresholds
chosen on some sources were worse than one for all labels on the others."""

OFFSETS = (-0.4, -0.3, -0.2, -0.1, 0.0, 0.1, 0.2, 0.3, 0.4)
"""Positions of the app's slider that are measured."""

_FOLDS = 10
_RESAMPLED = 1000
_GRID = np.arange(0.02, 0.98, 0.005)


@dataclass(frozen=True, slots=True, eq=False)
class RecordingPredictions:
    """Predictions of a model for real recordings, and the true labels.

    Attributes
    ----------
    labels : tuple of K str
    hop_s : float
        Seconds from one window to the next.
    rows : tuple of C (R, K) float32
        Activations.
    targets : (C, K) int64
        1, 0 or `irec_models.metrics.UNKNOWN`.
    kinds : tuple of C Kind
    sources : tuple of C str
    seconds : (C,) float64
        Length of each recording.
    """

    labels: tuple[str, ...]
    hop_s: float
    rows: tuple[Array, ...]
    targets: Ints
    kinds: tuple[Kind, ...]
    sources: tuple[str, ...]
    seconds: npt.NDArray[np.float64]

    def of(self, *kinds: Kind) -> Bools:
        """Which recordings are of these kinds, (C,)."""
        return np.array([kind in kinds for kind in self.kinds])

    @property
    def peaks(self) -> Array:
        """Highest pooled activation of each label in each recording, (C, K): the threshold at which it just lights."""
        pool = pooled_windows(TrackerSettings(), self.hop_s)
        return np.stack([peak(rows, pool) for rows in self.rows])


def peak(rows: Array, pool: int = TrackerSettings().pool) -> Array:
    """Highest activation (K,) of (R, K) after the tracker's pooling.

    Examples
    --------
    >>> peak(np.float32([[0.0], [0.75], [0.0], [0.0], [0.25], [0.5]]))
    array([0.375], dtype=float32)
    """
    sums = np.cumsum(np.concatenate([np.zeros((pool, rows.shape[1]), np.float32), rows]), axis=0)
    filled = np.minimum(np.arange(1, len(rows) + 1), pool)[:, None]
    return np.asarray(((sums[pool:] - sums[:-pool]) / filled).max(axis=0), np.float32)


def choose_on(
    peaks: Array,
    targets: Ints,
    sources: Sequence[str],
    *,
    precision: float,
    pooled_sources: int = POOLED_SOURCES,
) -> npt.NDArray[np.float64]:
    """On-thresholds (K,) that keep a precision.

    One threshold for all labels is chosen where anything sounds: the lowest from which on enough of what is named is
    right. A label's own is chosen in the same way on all recordings, those of noise and of other instruments too, and
    draws it away from the common one with the number of sources that the label has.

    Parameters
    ----------
    peaks : (C, K) float32
    targets : (C, K) int64
    sources : sequence of C str
    precision : float
        0..1.
    pooled_sources : int
        See `POOLED_SOURCES`.

    Examples
    --------
    >>> peaks = np.float32([[0.9, 0.1], [0.8, 0.6], [0.7, 0.4], [0.1, 0.9]])
    >>> targets = np.array([[1, 0], [1, 0], [1, 0], [0, 1]])
    >>> choose_on(peaks, targets, ["a", "b", "c", "d"], precision=1.0).round(2).tolist()
    [0.55, 0.61]
    """
    # Without noise and other instruments, whose share of the data is arbitrary and would set the common threshold.
    music = (targets == 1).any(axis=1)
    common = _lowest(peaks[music], targets[music], precision)
    chosen = np.empty(peaks.shape[1])
    for k in range(peaks.shape[1]):
        known = len({source for source, target in zip(sources, targets[:, k], strict=True) if target == 1})
        # On all recordings: a label of its own should also stay dark in noise and beside other instruments.
        own = _lowest(peaks[:, k], targets[:, k], precision)
        chosen[k] = common + (own - common) * known / max(1, known + pooled_sources)
    return chosen


def _lowest(peaks: Array, targets: Ints, precision: float) -> float:
    """Lowest threshold that keeps a precision, within bounds; `HIGHEST` if none does."""
    hits, misses = np.sort(peaks[targets == 1]), np.sort(peaks[targets == 0])
    right = len(hits) - np.searchsorted(hits, _GRID)
    wrong = len(misses) - np.searchsorted(misses, _GRID)
    precise = (right > 0) & (right >= precision * (right + wrong))
    return float(np.clip(_GRID[np.argmax(precise)], LOWEST, HIGHEST)) if precise.any() else HIGHEST


def with_hysteresis(labels: Sequence[str], on: npt.NDArray[np.float64]) -> dict[str, Threshold]:
    """Thresholds as a model carries them, from its on-thresholds (K,)."""
    return {
        label: Threshold(on=round(value, 4), again=round(value * AGAIN_SHARE, 4), off=round(value * OFF_SHARE, 4))
        for label, value in zip(labels, on.tolist(), strict=True)
    }


def named(
    rows: Array, labels: Sequence[str], thresholds: dict[str, Threshold], hop_s: float, offset: float = 0.0
) -> Bools:
    """Which labels the app names of a recording, (K,), as `irec_live.analyze` does, from activations (R, K)."""
    tracker = LabelTracker(labels, thresholds, hop_s=hop_s)
    tracker.offset = offset
    events = [event for i, row in enumerate(rows) for event in tracker.push(i * hop_s, row).ended]
    found = lasting([*events, *tracker.flush()])
    return np.array([label in found for label in labels])


def leave_sources_out(
    predictions: RecordingPredictions, precision: float
) -> Iterator[tuple[Bools, dict[str, Threshold]]]:
    """Cross-validation folds by source: recordings (C,) of a fold, and thresholds chosen on the other folds."""
    names = np.array(sorted(set(predictions.sources)))
    fold_of = dict(
        zip(np.random.default_rng(0).permutation(names).tolist(), np.arange(len(names)) % _FOLDS, strict=True)
    )
    # By source, since clips of one source share players, rooms and microphones.
    fold = np.array([fold_of[source] for source in predictions.sources])
    peaks = predictions.peaks
    for index in np.unique(fold):
        kept = fold != index
        sources = [source for source, keep in zip(predictions.sources, kept, strict=True) if keep]
        on = choose_on(peaks[kept], predictions.targets[kept], sources, precision=precision)
        yield ~kept, with_hysteresis(predictions.labels, on)


def named_unseen(predictions: RecordingPredictions, precision: float, offset: float = 0.0) -> Bools:
    """Which labels are named of each recording (C, K), by thresholds that no recording of its source had a part in."""
    result = np.zeros(predictions.targets.shape, np.bool_)
    for recordings, thresholds in leave_sources_out(predictions, precision):
        for index in np.flatnonzero(recordings):
            result[index] = named(predictions.rows[index], predictions.labels, thresholds, predictions.hop_s, offset)
    return result


def named_by(predictions: RecordingPredictions, thresholds: dict[str, Threshold], offset: float = 0.0) -> Bools:
    """Which labels are named of each recording (C, K), by given thresholds."""
    return np.stack(
        [named(rows, predictions.labels, thresholds, predictions.hop_s, offset) for rows in predictions.rows]
    )


def trade_off(predictions: RecordingPredictions, precision: float) -> tuple[TradeOff, ...]:
    """Precision and recall on solos and ensembles together at each position of the slider, on sources left out."""
    music = predictions.of("solo", "ensemble")
    points = []
    for offset in OFFSETS:
        found = count(named_unseen(predictions, precision, offset)[music], predictions.targets[music])
        precise = found.precision if found.right + found.wrong else 1.0
        points.append(TradeOff(offset=offset, precision=round(precise, 4), recall=round(found.recall, 4)))
    return tuple(points)


def figures(predictions: RecordingPredictions, detected: Bools) -> dict[str, Figure]:
    """Scores that users notice, by name: precision, recall, F1 and false labels.

    Parameters
    ----------
    predictions : RecordingPredictions
    detected : (C, K) bool
        Labels named, from `named_unseen` or `named_by`.

    Returns
    -------
    dict of str to Figure
        Without scores for which there are no recordings.
    """

    def counts(chosen: Ints) -> Counts:
        return count(detected[chosen], predictions.targets[chosen])

    def a_minute(chosen: Ints) -> float:
        return 60.0 * counts(chosen).wrong / float(predictions.seconds[chosen].sum())

    solo, ensemble, music = predictions.of("solo"), predictions.of("ensemble"), predictions.of("solo", "ensemble")
    measures: dict[str, tuple[Bools, Callable[[Ints], float]]] = {
        "solos: false labels a clip": (solo, lambda chosen: counts(chosen).wrong / len(chosen)),
        "solos: recall": (solo, lambda chosen: counts(chosen).recall),
        "solos: F1": (solo, lambda chosen: counts(chosen).f1),
        "ensembles: precision": (ensemble, lambda chosen: counts(chosen).precision),
        "ensembles: recall": (ensemble, lambda chosen: counts(chosen).recall),
        "ensembles: F1": (ensemble, lambda chosen: counts(chosen).f1),
        "solos and ensembles: precision": (music, lambda chosen: counts(chosen).precision),
        "solos and ensembles: recall": (music, lambda chosen: counts(chosen).recall),
        "noise: false labels a minute": (predictions.of("noise"), a_minute),
        "other instruments: false labels a minute": (predictions.of("other"), a_minute),
    }
    return {
        name: over_sources(np.flatnonzero(chosen), predictions.sources, measure, times=_RESAMPLED, within=0.95)
        for name, (chosen, measure) in measures.items()
        if chosen.any()
    }
