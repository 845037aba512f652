"""Lane curves: the activations and envelopes of a snapshot in pixel coordinates.

Shapes: K lanes, R activation rows, M envelope rows. Heights are 0 (bottom of a lane) to 1 (top).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from irec_live.results import Snapshot

ENVELOPE_RANGE_DB = 60.0
"""Decibels from the bottom of a lane to its top, which is full scale."""

Floats = npt.NDArray[np.float64]


def decibel_height(envelope: npt.NDArray[np.floating]) -> Floats:
    """RMS 0..1, of any shape, as a height 0..1 on a scale of 60 dB.

    Examples
    --------
    >>> decibel_height(np.array([1.0, 0.1, 0.001, 0.0])).round(3).tolist()
    [1.0, 0.667, 0.0, 0.0]
    """
    floor = 10.0 ** (-ENVELOPE_RANGE_DB / 20)
    level_db = 20.0 * np.log10(np.clip(envelope.astype(np.float64), floor, 1.0))
    return level_db / ENVELOPE_RANGE_DB + 1.0


def peak_decimate(x: Floats, y: Floats, points: int) -> tuple[Floats, Floats]:
    """Peak decimation: about `points` columns at most, each the maximum of those it replaces, so that peaks stay.

    Parameters
    ----------
    x : (M,) float64
        Pixels.
    y : (M, K) float64
        Heights 0..1.

    Examples
    --------
    >>> x, y = peak_decimate(np.arange(6.0), np.array([[0.0], [5], [1], [2], [9], [3]]), 2)
    >>> x.tolist(), y.ravel().tolist()
    ([0.0, 3.0], [5.0, 9.0])
    """
    step = -(-len(x) // max(1, points))
    if step < 2:
        return x, y
    starts = np.arange(0, len(x), step)
    return x[starts], np.maximum.reduceat(y, starts, axis=0)


def peaks_a_pixel(times: Floats, rows: npt.NDArray[np.floating], pixel_s: float) -> tuple[Floats, Any]:
    """The highest row within each pixel of a time axis, at the time of its first one.

    Pixels are counted from 0 s, so that a span that goes on has the same ones.

    Parameters
    ----------
    times : (M,) float64
        Seconds.
    rows : (M, K) float
    pixel_s : float

    Examples
    --------
    >>> times, rows = peaks_a_pixel(np.array([1.0, 1.4, 2.5, 2.6]), np.array([[0.0], [5], [9], [2]]), 1.0)
    >>> times.tolist(), rows.ravel().tolist()
    ([1.0, 2.5], [5.0, 9.0])
    """
    pixels = np.floor(times / pixel_s)
    starts = np.flatnonzero(np.concatenate([[True], pixels[1:] != pixels[:-1]]))
    return times[starts], np.maximum.reduceat(rows, starts, axis=0)


def first_difference(
    former_times: Floats, former: npt.NDArray[np.floating], times: Floats, rows: npt.NDArray[np.floating]
) -> float:
    """From which moment on a curve differs from what it was, seconds; infinite if it does not.

    Rows that are no longer there at the beginning do not count: they left the span.

    Examples
    --------
    >>> times = np.arange(5.0)
    >>> rows = np.array([[0.0], [1], [2], [3], [4]])
    >>> first_difference(times[:4], rows[:4], times[1:], rows[1:])  # the line from the last row on is new
    3.0
    >>> first_difference(times[:4], rows[:4], times[1:4], rows[1:4])
    inf
    """
    if not len(times) or not len(former_times):
        return math.inf if len(times) == len(former_times) else -math.inf
    skipped = int(former_times.searchsorted(times[0]))
    if skipped == len(former_times) or former_times[skipped] != times[0]:  # half a pixel is left of a peak
        times, rows = times[1:], rows[1:]
        skipped = int(former_times.searchsorted(times[0])) if len(times) else len(former_times)
    both = min(len(former_times) - skipped, len(times))
    there = slice(skipped, skipped + both)
    same = (former_times[there] == times[:both]) & (former[there] == rows[:both]).all(axis=1)
    if same.all() and both == len(times) == len(former_times) - skipped:
        return math.inf
    kept = both if same.all() else int(same.argmin())
    return float(times[kept - 1]) if kept else -math.inf


@dataclass(frozen=True)
class LaneCurves:
    """Curves of K lanes on a time axis of a given width.

    Attributes
    ----------
    line_times, line_x, line : (R,) seconds, (R,) pixels, (R, K) heights
        The activation that thresholds are compared with.
    fill_times, fill_x, envelope : (M,) seconds, (M,) pixels, (M, K) 0..1
        The envelope, whose height is that of its level over 60 dB.
    activation, level_db : (K,) float64
        Newest values; the level is -120 where no envelope is known.
    """

    line_times: Floats
    line_x: Floats
    line: Floats
    fill_times: Floats
    fill_x: Floats
    envelope: Floats
    activation: Floats
    level_db: Floats


def lane_curves(snapshot: Snapshot, width: float) -> LaneCurves:
    """Curves of a snapshot on a time axis `width` pixels wide, which ends at the right with `Snapshot.time_s`."""
    lanes = len(snapshot.labels)
    # Pooled activations, which thresholds are compared with; a session without a tracker has the raw ones only.
    rows = snapshot.smoothed if snapshot.smoothed.shape == snapshot.activation.shape else snapshot.activation
    line_times, line = _fitting(snapshot.activation_times, _rows(rows, lanes), snapshot, width)
    fill_times, envelope = _fitting(snapshot.envelope_times, _rows(snapshot.envelope, lanes), snapshot, width)
    level_db = np.full(lanes, -120.0)
    if len(envelope):
        level_db = 20.0 * np.log10(np.maximum(envelope[-1], 1e-6))  # 1e-6 is -120 dB
    return LaneCurves(
        line_times=line_times,
        line_x=time_to_pixels(line_times, snapshot, width),
        line=line,
        fill_times=fill_times,
        fill_x=time_to_pixels(fill_times, snapshot, width),
        envelope=envelope,
        activation=line[-1] if len(line) else np.zeros(lanes),
        level_db=level_db,
    )


def with_numbers_of(drawn: LaneCurves, heard: LaneCurves) -> LaneCurves:
    """Curves with the newest activation and level of others; where those know nothing, it is not known here."""
    nothing = np.full(len(drawn.activation), np.nan)
    return replace(
        drawn,
        activation=heard.activation if len(heard.line_x) else nothing,
        level_db=heard.level_db if len(heard.fill_x) else nothing,
    )


def _fitting(times: Floats, rows: Floats, snapshot: Snapshot, width: float) -> tuple[Floats, Floats]:
    """Not many more rows than there are pixels."""
    times = times[: len(rows)]
    if len(rows) <= width:
        return times, rows
    return peaks_a_pixel(times, rows, max(snapshot.span_s, 1e-3) / width)


def time_to_pixels(times: Floats, snapshot: Snapshot, width: float) -> Floats:
    """Floats of the stream, (n,) float64 seconds, as pixels from the left end of the time axis."""
    span_s = max(snapshot.span_s, 1e-3)
    return (times - (snapshot.time_s - span_s)) * (width / span_s)


def _rows(rows: npt.NDArray[np.floating], lanes: int) -> Floats:
    """Rows as (n, K) float64 clipped to 0..1; none if the shape shows that there is no such model."""
    if rows.ndim != 2 or rows.shape[1] != lanes:
        return np.zeros((0, lanes))
    inside: Floats = np.minimum(np.maximum(rows, 0.0), 1.0, dtype=np.float64)
    return inside
