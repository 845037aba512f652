"""Figures of recordings, with bootstrap intervals over their sources; kinds of recordings; right and wrong labels.

Two clips of one source share players, rooms and microphones, so sources are what is resampled.

Shapes: C recordings, K labels.

References
----------
B. Efron, R. Tibshirani, *An introduction to the bootstrap*, 1993, chapter 6: resampling the independent units.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from irec_models.data import EvalClip

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
Kind = Literal["solo", "ensemble", "noise", "other"]
"""Kind of a recording: one label alone, several instruments, nobody, or instruments that are none of the labels."""


def kind_of(clip: EvalClip) -> Kind:
    """Kind of recording of a clip, for a model's labels; a silent one counts as noise.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> kind_of(SimpleNamespace(labels=("flute",), solo=False)), kind_of(SimpleNamespace(labels=(), others=("harp",)))
    ('ensemble', 'other')
    """
    if clip.labels:
        return "solo" if clip.solo else "ensemble"
    return "noise" if set(clip.others) <= {"noise"} else "other"


@dataclass(frozen=True, slots=True)
class Figure:
    """A number, and where most resamplings of the sources lie; NaN if it cannot be told."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return "-" if np.isnan(self.value) else f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f})"


@dataclass(frozen=True, slots=True)
class Counts:
    """Labels that are rightly named, wrongly named and missed.

    Examples
    --------
    >>> Counts(right=3, wrong=1, missed=2).precision
    0.75
    """

    right: int
    wrong: int
    missed: int

    @property
    def precision(self) -> float:
        """Of what is named; 0 if nothing is."""
        return self.right / max(self.right + self.wrong, 1)

    @property
    def recall(self) -> float:
        """Of what sounds; 0 if nothing does."""
        return self.right / max(self.right + self.missed, 1)

    @property
    def f1(self) -> float:
        """Harmonic mean of both."""
        return self.right / max(self.right + (self.wrong + self.missed) / 2, 1)


def count(named: Bools, targets: Ints) -> Counts:
    """Compare what is named with what is true, both of one shape; where the truth is unknown, nothing counts."""
    return Counts(
        int((named & (targets == 1)).sum()), int((named & (targets == 0)).sum()), int((~named & (targets == 1)).sum())
    )


def over_sources(
    rows: Ints, sources: Sequence[str], measure: Callable[[Ints], float], *, times: int, within: float
) -> Figure:
    """A figure of some recordings, and the interval that it lies in for other draws of the same number of sources.

    Parameters
    ----------
    rows : (R,) int64
        Recordings; NaN results for none.
    sources : sequence of C str
    measure : callable
        From the numbers of recordings, repeated as they are drawn, to the figure.
    times : int
        Draws.
    within : float
        Share of the draws that lie in the interval, 0..1.
    """
    if not len(rows):
        return Figure(np.nan, np.nan, np.nan)
    by_source: dict[str, list[int]] = {}
    for row in rows.tolist():
        by_source.setdefault(sources[row], []).append(row)
    groups = [np.array(members) for members in by_source.values()]
    random = np.random.default_rng(0)  # the same interval for the same recordings
    drawn = np.array(
        [
            measure(np.concatenate([groups[i] for i in random.integers(len(groups), size=len(groups))]))
            for _ in range(times)
        ]
    )
    # A draw may miss every source of a label, and then tells nothing of it.
    drawn = drawn[~np.isnan(drawn)]
    tail = 50.0 * (1.0 - within)
    low, high = np.percentile(drawn, [tail, 100.0 - tail]) if len(drawn) else (np.nan, np.nan)
    return Figure(measure(rows), float(low), float(high))
