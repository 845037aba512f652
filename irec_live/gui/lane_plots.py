"""Lane plots: the curves of all lanes, painted into a picture that scrolls, so that only what is new is painted.

Thirty pictures a second and more are mostly the one before, moved by a pixel or two: rows come ten times a second.

Shapes: K lanes, R activation rows, M envelope rows.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPixmap, QPolygonF
from shiboken6 import VoidPtr

from irec_live.gui.comparison import ComparedCurves
from irec_live.gui.comparison_painting import paint_comparison
from irec_live.gui.event_bars import bars
from irec_live.gui.lane_curves import Floats, LaneCurves, decibel_height, first_difference, time_to_pixels
from irec_live.gui.theme import Theme
from irec_live.results import Snapshot

HEADROOM = 0.86
"""Share of a lane's height that its curve may use; the rest keeps neighbours apart."""

_NO_SPANS: Floats = np.zeros((0, 2))

_MARGIN = 128
"""Pixels of the picture right of now: it is moved once in so many."""

_JOINT = 4.0
"""Pixels by which the end of a line reaches beyond its last point, at most, and more than the joint that follows."""


@dataclass(frozen=True, eq=False)
class LaneScene:
    """All that the plots of the lanes depend on.

    Attributes
    ----------
    snapshot : Snapshot
    curves : LaneCurves
    spans : dict of str to (n, 2) float64
        By label, onsets and offsets in seconds; infinite where an event goes on.
    tops, heights : (K,) float64
        Pixels from the top to each lane, and its height, which is 0 for labels without a lane.
    own : frozenset of str
        Labels whose threshold is their own.
    compared : ComparedCurves or None
    theme : Theme
    width : float
        Of the time axis, pixels.
    """

    snapshot: Snapshot
    curves: LaneCurves
    spans: dict[str, Floats]
    tops: Floats
    heights: Floats
    own: frozenset[str]
    compared: ComparedCurves | None
    theme: Theme
    width: float

    @property
    def start_s(self) -> float:
        """Where the span begins, seconds."""
        return self.snapshot.time_s - self.span_s

    @property
    def pixel_s(self) -> float:
        """Seconds in a pixel."""
        return self.span_s / self.width

    @property
    def span_s(self) -> float:
        """Length of the span, seconds."""
        return max(self.snapshot.span_s, 1e-3)

    def threshold(self, lane: int) -> float:
        """Its threshold; NaN if the activation model does not have the label, infinite if there are no thresholds."""
        thresholds = self.snapshot.thresholds
        return float(thresholds[lane]) if len(thresholds) > lane else math.inf

    def is_lit(self, lane: int) -> bool:
        """Whether its label is lit."""
        return self.snapshot.labels[lane] in self.snapshot.detected

    def is_like(self, other: LaneScene) -> bool:
        """Whether both have the same lanes at the same places, on a time axis of the same scale."""
        return (
            self.snapshot.labels == other.snapshot.labels
            and self.span_s == other.span_s
            and self.width == other.width
            and self.theme is other.theme
            and self.compared is other.compared is None
            and np.array_equal(self.tops, other.tops)
            and np.array_equal(self.heights, other.heights)
        )

    def changed(self, other: LaneScene) -> set[str]:
        """Labels whose plots differ from those of an earlier scene in more than new rows at the end of curves."""
        now, then = self.snapshot, other.snapshot
        changed = set(now.detected) ^ set(then.detected) | self.own ^ other.own
        if now.thresholds.tobytes() != then.thresholds.tobytes():
            changed |= {
                label
                for lane, label in enumerate(now.labels)
                if repr(self.threshold(lane)) != repr(other.threshold(lane))
            }
        for label in {*self.spans, *other.spans} - changed:
            spans, former = self.spans.get(label, _NO_SPANS), other.spans.get(label, _NO_SPANS)
            if spans is not former and not np.array_equal(spans, former[former[:, 1] > self.start_s]):
                changed.add(label)
        return changed


class LanePlots:
    """The picture. What is in it of times before the span stays as it was painted."""

    def __init__(self) -> None:
        self._picture = QPixmap()
        self._scene: LaneScene | None = None  # as painted
        self._start_s = 0.0  # where the picture begins

    def forget(self) -> None:
        """Paint everything anew next time."""
        self._scene = None

    def paint(self, painter: QPainter, scene: LaneScene, place: QRect) -> None:
        """Bring the picture up to date, and paint what belongs at a place, as wide as the time axis."""
        density = painter.deviceTransform().m11()
        size = (place.size() + QRect(0, 0, _MARGIN, 0).size()) * density
        if self._picture.size() != size:
            self._picture, self._scene = QPixmap(size), None
            self._picture.setDevicePixelRatio(density)
        scale = scene.width / scene.span_s
        dirty = self._dirty(scene, scale)
        moved = round(density * scale * (scene.start_s - self._start_s))
        if moved > density * _MARGIN:
            self._picture.scroll(-moved, 0, self._picture.rect())
            self._start_s += moved / (density * scale)
            dirty = np.minimum(dirty, place.width() + _MARGIN) - moved / density
            moved = 0
        self._repaint(scene, scale, dirty)
        self._scene = scene
        source = QRect(moved, 0, round(density * place.width()), self._picture.height())
        painter.drawPixmap(place, self._picture, source)

    def _dirty(self, scene: LaneScene, scale: float) -> Floats:
        """Pixel of the picture from which on each lane's plot is to be painted, (K,)."""
        before = self._scene
        passed_s = scene.start_s - self._start_s
        if before is None or not scene.is_like(before) or not 0.0 <= passed_s < scene.span_s:
            self._start_s = scene.start_s
            self._picture.fill(scene.theme.color("ground"))
            return np.zeros(len(scene.tops))
        new_s = min(
            first_difference(before.curves.line_times, before.curves.line, scene.curves.line_times, scene.curves.line),
            first_difference(
                before.curves.fill_times, before.curves.envelope, scene.curves.fill_times, scene.curves.envelope
            ),
        )
        from_x = np.full(len(scene.tops), max(0.0, np.floor(scale * (new_s - self._start_s)) - _JOINT))
        for label in scene.changed(before):
            from_x[scene.snapshot.labels.index(label)] = 0.0
        return from_x

    def _repaint(self, scene: LaneScene, scale: float, dirty: Floats) -> None:
        width = self._picture.width() / self._picture.devicePixelRatio()
        shown = scene.heights > 0.0
        painter = QPainter(self._picture)
        for from_x in np.unique(dirty[shown & (dirty < width)]):
            place = QRectF(float(from_x), 0.0, width - float(from_x), 1.0)
            lanes = np.flatnonzero(shown & (dirty == from_x))
            paint_plots(painter, scene, lanes[np.argsort(scene.tops[lanes])].tolist(), place, self._start_s)
        painter.end()


def paint_plots(painter: QPainter, scene: LaneScene, lanes: Iterable[int], place: QRectF, start_s: float) -> None:
    """Paint the plots of some lanes, in this order, within the left and right end of a place.

    Parameters
    ----------
    painter : QPainter
    scene : LaneScene
    lanes : iterable of int
    place : QRectF
    start_s : float
        What is at x = 0, seconds.
    """
    curves, theme = scene.curves, scene.theme
    origin = (scene.start_s - start_s) / scene.pixel_s  # where the span begins
    line_from, fill_from = (
        max(0, int(x.searchsorted(place.left() - origin - _JOINT)) - 1) for x in (curves.line_x, curves.fill_x)
    )
    line_x, fill_x = origin + curves.line_x[line_from:], origin + curves.fill_x[fill_from:]
    line, fill = curves.line[line_from:], decibel_height(curves.envelope[fill_from:])
    filled = fill.max(axis=0, initial=0.0)
    ground, rule = theme.color("ground"), theme.color("line")
    faint, own = theme.color("faint", 110), theme.color("faint", 200)
    painter.setClipRect(QRectF(place.left(), 0.0, place.width(), float((scene.tops + scene.heights).max())))
    for lane in lanes:
        top, height = float(scene.tops[lane]), float(scene.heights[lane])
        plot = QRectF(place.left(), top, place.width(), height)
        label, lit = scene.snapshot.labels[lane], scene.is_lit(lane)
        color = theme.instrument(label)
        painter.fillRect(plot, ground)  # a lane that moves covers what is under it
        painter.fillRect(QRectF(plot.left(), plot.bottom() - 1, plot.width(), 1), rule)
        if label in scene.spans:
            edges = origin + time_to_pixels(scene.spans[label], scene.snapshot, scene.width)
            edges = edges[edges[:, 1] > plot.left() - _JOINT]  # those before may be many
            _paint_events(painter, bars(edges), color, theme.event_alpha, plot)
        base, high = plot.bottom() - 1.0, height * HEADROOM
        if len(fill_x) > 1 and filled[lane] > 0.0:
            brush = QColor(color)
            brush.setAlpha(theme.fill_alpha if lit else theme.fill_alpha * 2 // 3)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(brush)
            painter.drawPolygon(_filled(fill_x, base - high * fill[:, lane], base))
            painter.setBrush(Qt.BrushStyle.NoBrush)
        threshold = scene.threshold(lane)
        if math.isfinite(threshold):
            line_at = QRectF(plot.left(), base - high * threshold, plot.width(), 1)
            painter.fillRect(line_at, own if label in scene.own else faint)
        if len(line_x) > 1 and not math.isnan(threshold):
            color.setAlpha(255 if lit else theme.unlit_alpha)
            painter.setPen(QPen(color, 1.0))
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)  # ten points a second only, so it costs little
            painter.drawPolyline(_polygon(line_x, base - high * line[:, lane]))
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        if scene.compared is not None:
            whole = QRectF(origin, top, scene.width, height)
            paint_comparison(painter, theme, scene.compared, lane, scene.snapshot, whole, HEADROOM)
    painter.setClipping(False)


def _paint_events(painter: QPainter, edges: Floats, color: QColor, alpha: int, plot: QRectF) -> None:
    """Paint a tint behind the times at which the label was lit, and bars under them: (B, 2) pixels."""
    tint = QColor(color)
    tint.setAlpha(alpha)
    for left, right in np.clip(edges, plot.left(), plot.right()).tolist():
        if right > left:
            painter.fillRect(QRectF(left, plot.top(), right - left, plot.height() - 1), tint)
            painter.fillRect(QRectF(left, plot.bottom() - 3, right - left, 2), color)


def _polygon(x: Floats, y: Floats) -> QPolygonF:
    """One point or more. Written into the polygon's memory: one by one they would take many times as long."""
    polygon = QPolygonF()
    polygon.resize(len(x))
    # Its stub knows neither that a Qt object stands for its address nor the other arguments, nor that it is a buffer.
    place: Any = VoidPtr(polygon.data(), 16 * len(x), True)  # type: ignore[call-arg, arg-type]
    memory = np.frombuffer(place, np.float64).reshape(-1, 2)
    memory[:, 0], memory[:, 1] = x, y
    return polygon


def _filled(x: Floats, y: Floats, base: float) -> QPolygonF:
    polygon = _polygon(x, y)
    polygon.append(QPointF(float(x[-1]), base))
    polygon.append(QPointF(float(x[0]), base))
    return polygon
