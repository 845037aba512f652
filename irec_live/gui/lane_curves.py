"""Lane curves: the activations and envelopes of a snapshot in pixel coordinates.

Shapes: K lanes, R activation rows, M envelope rows. Heights are 0 (bottom of a lane) to 1 (top).
"""

from __future__ import annotations

from dataclasses import dataclass

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


@dataclass(frozen=True)
class LaneCurves:
    """Curves of K lanes on a time axis of a given width.

    Attributes
    ----------
    line_x, line : (R,) pixels, (R, K) heights
        The activation that thresholds are compared with.
    fill_x, fill : (M,) pixels, (M, K) heights
        The envelope over 60 dB.
    activation, level_db : (K,) float64
        Newest values; the level is -120 where no envelope is known.
    """

    line_x: Floats
    line: Floats
    fill_x: Floats
    fill: Floats
    activation: Floats
    level_db: Floats


def lane_curves(snapshot: Snapshot, width: float) -> LaneCurves:
    """Curves of a snapshot on a time axis `width` pixels wide, which ends at the right with `Snapshot.time_s`."""
    lanes = len(snapshot.labels)
    # Pooled activations, which thresholds are compared with; a session without a tracker has the raw ones only.
    rows = snapshot.smoothed if snapshot.smoothed.shape == snapshot.activation.shape else snapshot.activation
    line_x = time_to_pixels(snapshot.activation_times, snapshot, width)
    line = _rows(rows, lanes)
    fill_x = time_to_pixels(snapshot.envelope_times, snapshot, width)
    envelope = _rows(snapshot.envelope, lanes)
    level_db = np.full(lanes, -120.0)
    if len(envelope):
        level_db = 20.0 * np.log10(np.maximum(envelope[-1], 1e-6))  # 1e-6 is -120 dB
    fill_x, fill = peak_decimate(fill_x, decibel_height(envelope), round(width))
    line_x, line = peak_decimate(line_x, line, round(width))
    return LaneCurves(line_x, line, fill_x, fill, line[-1] if len(line) else np.zeros(lanes), level_db)


def time_to_pixels(times: Floats, snapshot: Snapshot, width: float) -> Floats:
    """Times of the stream, (n,) float64 seconds, as pixels from the left end of the time axis."""
    span_s = max(snapshot.span_s, 1e-3)
    return (times - (snapshot.time_s - span_s)) * (width / span_s)


def _rows(rows: npt.NDArray[np.floating], lanes: int) -> Floats:
    """Rows as (n, K) float64 clipped to 0..1; none if the shape shows that there is no such model."""
    if rows.ndim != 2 or rows.shape[1] != lanes:
        return np.zeros((0, lanes))
    return np.clip(rows.astype(np.float64), 0.0, 1.0)
