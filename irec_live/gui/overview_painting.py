"""Painting of the overview: the waveform as pixel columns, rows of event bars, the time bar. No widgets."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen

from irec_live.gui.event_bars import Floats, paint_bars, paint_corrected, spans_by_label
from irec_live.gui.overview_rows import OverviewRows
from irec_live.gui.theme import Theme, font
from irec_live.gui.time_ruler import clock_ticks
from irec_live.gui.wording import clock_text, display_name
from irec_live.results import Overview

_LIKELIHOOD = 0.4
"""Opacity of the likelihood behind the bars."""


def ranked_labels(overview: Overview) -> list[str]:
    """Detected labels by the total duration of their events, longest first."""
    sounding_s = dict.fromkeys(overview.detected, 0.0)
    for event in overview.events:
        end_s = overview.duration_s if event.offset_s is None else event.offset_s
        sounding_s[event.label] = sounding_s.get(event.label, 0.0) + max(0.0, end_s - event.onset_s)
    return sorted(sounding_s, key=lambda label: -sounding_s[label])


def labels_in_order(overview: Overview, former: list[str]) -> list[str]:
    """Detected labels in the order in which they came: those that have a row keep it.

    Examples
    --------
    >>> labels_in_order(Overview(detected=("bass", "flute", "piano")), ["piano"])
    ['piano', 'bass', 'flute']
    """
    first_s: dict[str, float] = {}
    for event in overview.events:
        first_s.setdefault(event.label, event.onset_s)
    new = sorted(set(overview.detected).difference(former), key=lambda label: (first_s.get(label, 0.0), label))
    return [label for label in former if label in overview.detected] + new


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
    """One instrument's activation over the session as an image, (1, columns) pixels; opacity grows with activation."""
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


def paint_rows(painter: QPainter, rows: OverviewRows, plot: QRectF, overview: Overview, theme: Theme) -> None:
    """Paint a row for each label: its name, its likelihood as a tint, and its events as bars, as in a piano roll.

    Parameters
    ----------
    plot : QRectF
        From the first to the last moment of the session, as high as the area of the rows.
    """
    painter.setClipRect(QRectF(0, plot.top(), plot.right() + 1, plot.height()))
    known_s = overview.duration_s * min(1.0, overview.progress)
    spans = spans_by_label(overview.events, known_s)
    scale = plot.width() / max(1e-3, overview.duration_s)
    for label in rows.labels:
        place = QRectF(plot.left(), rows.top_of(label), plot.width(), rows.height - 2)
        if place.bottom() < plot.top() or place.top() > plot.bottom():
            continue
        painter.fillRect(place, theme.color("surface"))
        painter.setOpacity(_LIKELIHOOD)
        painter.drawImage(place, strip_image(overview, label, int(place.width()), theme))
        painter.setOpacity(1.0)
        bar = place.adjusted(0, 1, 0, -1)
        paint_bars(painter, bar, plot.left() + scale * spans.get(label, _NONE), theme.instrument(label))
        for event in overview.events:
            if event.label == label and event.corrected:
                offset_s = known_s if event.offset_s is None else event.offset_s
                left, right = plot.left() + scale * event.onset_s, plot.left() + scale * offset_s
                paint_corrected(painter, QRectF(left, bar.top(), max(3.0, right - left), bar.height()), theme)
        painter.setFont(font(11))
        painter.setPen(theme.lettering(label))
        name = QRectF(16, place.top() - 2, plot.left() - 24, rows.height + 2)
        painter.drawText(name, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, display_name(label))
    painter.setClipping(False)


def paint_time_bar(painter: QPainter, place: QRectF, duration_s: float, theme: Theme) -> None:
    """Paint the clock times above the waveform."""
    painter.fillRect(place, theme.color("surface"))
    painter.setFont(font(11))
    for tick_s in clock_ticks(0.0, duration_s, place.width()):
        x = place.left() + place.width() * tick_s / max(1e-3, duration_s)
        painter.fillRect(QRectF(x, place.top(), 1, place.height()), theme.color("line"))
        painter.setPen(theme.color("muted"))
        words = QRectF(x + 4, place.top(), 70, place.height())
        if words.left() + 40 < place.right():
            painter.drawText(words, Qt.AlignmentFlag.AlignVCenter, clock_text(tick_s))


def paint_view_span(painter: QPainter, handle: QRectF, bottom: float, theme: Theme) -> None:
    """Paint which span the lanes show: a handle in the time bar, and lines from its ends down to `bottom`."""
    painter.fillRect(handle, theme.color("accent", 70))
    painter.setPen(QPen(theme.color("accent"), 1.0))
    painter.drawRect(handle.adjusted(0.5, 0.5, -0.5, -0.5))
    for x in (handle.left(), handle.right() - 1):
        painter.fillRect(QRectF(x, handle.bottom(), 1, bottom - handle.bottom()), theme.color("accent", 150))


_NONE: Floats = np.zeros((0, 2))
