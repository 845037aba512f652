"""Comparison of curves: a second model's on those of the first, and where the two disagree. No widget here.

Shapes: K lanes, R activation rows, M envelope rows of the second model.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from irec_live.gui.lane_curves import Floats, decibel_height
from irec_live.results import Snapshot

_LEVEL_MARGIN_DB = 12.0
_QUIET = 0.25
"""Two envelopes disagree where they are this far apart and one is above this height, -45 dB."""


@dataclass(frozen=True)
class ComparedCurves:
    """Curves of a second model in the lanes of the first.

    Attributes
    ----------
    line_times, line : (R,) seconds, (R, K) heights
        Activations; NaN in lanes whose label it does not have; no rows if it tells envelopes.
    fill_times, fill : (M,) seconds, (M, K) heights
        Envelopes, likewise.
    disagreements : tuple of tuple of (float, float)
        For each of the K lanes, from when to when the two disagree, in seconds.
    """

    line_times: Floats
    line: Floats
    fill_times: Floats
    fill: Floats
    disagreements: tuple[tuple[tuple[float, float], ...], ...]


def compared(first: Snapshot, second: Snapshot, origin_s: float) -> ComparedCurves:
    """Curves of the second model for the lanes of the first.

    Parameters
    ----------
    first, second : Snapshot
        Of the same span.
    origin_s : float
        Where the time of `second` begins in that of `first`.
    """
    places = {label: place for place, label in enumerate(second.labels)}
    columns = [places.get(label, -1) for label in first.labels]
    line_times, fill_times = second.activation_times + origin_s, second.envelope_times + origin_s
    line = _spread(second.smoothed, columns)
    fill = decibel_height(_spread(second.envelope, columns))
    thresholds = (
        _spread(second.thresholds[None], columns)[0] if len(second.thresholds) else np.full(len(columns), np.nan)
    )
    lanes = range(len(first.labels))
    if len(line):
        spans = [_activation_spans(first, lane, line_times, line[:, lane], float(thresholds[lane])) for lane in lanes]
    else:
        spans = [_envelope_spans(first, lane, fill_times, fill[:, lane]) for lane in lanes]
    return ComparedCurves(line_times, line, fill_times, fill, tuple(spans))


def spans_of(times: Floats, differ: npt.NDArray[np.bool_]) -> tuple[tuple[float, float], ...]:
    """From when to when a row of answers is yes.

    Examples
    --------
    >>> spans_of(np.arange(6.0), np.array([False, True, True, False, False, True]))
    ((1.0, 2.0), (5.0, 5.0))
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[0], differ.astype(np.int8), [0]])))
    return tuple(
        (float(times[start]), float(times[end - 1])) for start, end in zip(edges[::2], edges[1::2], strict=True)
    )


def _activation_spans(
    first: Snapshot, lane: int, times: Floats, values: Floats, threshold: float
) -> tuple[tuple[float, float], ...]:
    """Where one model is above its threshold and the other is not, on the first's rows that both have."""
    if first.smoothed.shape != first.activation.shape or not len(first.smoothed) or not len(times):
        return ()
    own_threshold = float(first.thresholds[lane]) if len(first.thresholds) else np.nan
    if np.isnan(threshold) or np.isnan(own_threshold):
        return ()
    both = (first.activation_times >= times[0]) & (first.activation_times <= times[-1])
    at = first.activation_times[both]
    other = np.interp(at, times, values) >= threshold
    return spans_of(at, (first.smoothed[both, lane] >= own_threshold) != other)


def _envelope_spans(first: Snapshot, lane: int, times: Floats, heights: Floats) -> tuple[tuple[float, float], ...]:
    """Where two envelopes are far apart, on the first's rows that both have."""
    if not len(first.envelope) or not len(times) or np.isnan(heights).all():
        return ()
    both = (first.envelope_times >= times[0]) & (first.envelope_times <= times[-1])
    at = first.envelope_times[both]
    own = decibel_height(first.envelope[both, lane])
    other = np.interp(at, times, heights)
    far = np.abs(own - other) > _LEVEL_MARGIN_DB / 60.0
    return spans_of(at, far & (np.maximum(own, other) > _QUIET))


def _spread(rows: npt.NDArray[np.floating], columns: list[int]) -> Floats:
    """Columns of the second model, (n, k), in the lanes of the first, (n, K); NaN where there is none."""
    out = np.full((len(rows), len(columns)), np.nan)
    if rows.ndim == 2 and rows.shape[1]:
        for lane, column in enumerate(columns):
            if column >= 0:
                out[:, lane] = rows[:, column]
    return out
