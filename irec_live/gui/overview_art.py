"""Drawing of the file overview: the waveform as pixel columns, activations as coloured strips. No widgets."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QImage, QPainter

from irec_live.gui.theme import Theme
from irec_live.results import Overview


def ranked_labels(overview: Overview) -> list[str]:
    """Detected labels by the total duration of their events, longest first."""
    sounding_s = dict.fromkeys(overview.detected, 0.0)
    for event in overview.events:
        end_s = overview.duration_s if event.offset_s is None else event.offset_s
        sounding_s[event.label] = sounding_s.get(event.label, 0.0) + max(0.0, end_s - event.onset_s)
    return sorted(sounding_s, key=lambda label: -sounding_s[label])


def resampled(rows: npt.NDArray[np.floating], columns: int, reduce: np.ufunc) -> npt.NDArray[np.float64]:
    """Resample the rows of P equal slices to pixel columns; NaN (not analysed yet) stays NaN.

    Parameters
    ----------
    rows : (P, ...) float
    reduce : np.ufunc
        How the slices of one column are combined: ``np.fmax`` or ``np.fmin``.

    Returns
    -------
    (columns, ...) float64
    """
    if not len(rows) or columns < 1:
        return np.full((columns, *rows.shape[1:]), np.nan)
    values = rows.astype(np.float64)
    # Left edges in slices; with more columns than slices, a slice is repeated.
    edges = np.linspace(0, len(rows), columns + 1)[:-1].astype(np.intp)
    if columns >= len(rows):
        return values[edges]
    joined: npt.NDArray[np.float64] = reduce.reduceat(values, edges, axis=0)
    return joined


def paint_waveform(painter: QPainter, place: QRectF, overview: Overview, color: QColor) -> None:
    """Paint a line from the lowest to the highest sample in every pixel column, at least one pixel long."""
    columns = max(1, int(place.width()))
    if overview.peaks.ndim != 2 or overview.peaks.shape[1:] != (2,):
        return
    low = resampled(overview.peaks[:, 0], columns, np.fmin)
    high = resampled(overview.peaks[:, 1], columns, np.fmax)
    middle, half = place.center().y(), place.height() / 2 - 1
    known = np.isfinite(low) & np.isfinite(high)
    # Quiet files are scaled up, but by 20 dB at most, so that noise does not look like music.
    loudest = max(0.1, float(np.nanmax(np.abs(np.stack([low, high])))) if known.any() else 1.0)
    for column in np.flatnonzero(known):
        top = middle - half * float(high[column]) / loudest
        bottom = middle - half * float(low[column]) / loudest
        painter.fillRect(QRectF(place.left() + float(column), top, 1.0, max(1.0, bottom - top)), color)


def strip_image(overview: Overview, label: str, columns: int, theme: Theme) -> QImage:
    """One instrument's activation over the file as an image of (1, columns) pixels; opacity grows with activation."""
    image = QImage(max(1, columns), 1, QImage.Format.Format_ARGB32)
    image.fill(0)
    if label in overview.labels and overview.strips.ndim == 2 and len(overview.strips):
        activation = resampled(overview.strips[:, overview.labels.index(label)], columns, np.fmax)
        # The exponent fades low activations, which would otherwise fill the strip with a tint.
        alpha = np.nan_to_num(activation).clip(0.0, 1.0) ** 1.5
        color = theme.instrument(label).rgb() & 0xFFFFFF
        pixels = (np.round(255 * alpha).astype(np.uint32) << 24) | np.uint32(color)
        packed = np.ascontiguousarray(pixels, np.uint32)
        # copy(): QImage does not own the memory that it is given, and the bytes are gone after this line.
        image = QImage(packed.tobytes(), columns, 1, 4 * columns, QImage.Format.Format_ARGB32).copy()
    return image
