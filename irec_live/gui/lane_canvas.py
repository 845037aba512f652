"""Lane canvas: paints name, curves and values of every instrument, one above the other."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPaintEvent, QPen, QPolygonF

from irec_live.gui.comparison import ComparedCurves
from irec_live.gui.comparison_painting import paint_comparison
from irec_live.gui.event_bars import paint_bars, spans_by_label
from irec_live.gui.focus_ring import paint_focus_ring
from irec_live.gui.lane_curves import ENVELOPE_RANGE_DB, Floats, LaneCurves, lane_curves, time_to_pixels
from irec_live.gui.lane_numbers import LaneNumbers, lane_numbers
from irec_live.gui.language import tr
from irec_live.gui.message_translation import family_name
from irec_live.gui.theme import LEFT_GUTTER, RIGHT_GUTTER, font
from irec_live.gui.themed_widget import ThemedWidget
from irec_live.gui.wording import SILENCE_DB, capital, decibel_text, display_name, not_analysed_text, percent_text
from irec_live.results import Event, Snapshot

Headings = tuple[tuple[str, float, float], ...]
"""Text, top and height of each heading between lanes."""

_WORDS_EVERY = 4
"""Names and numbers are repainted with every fourth snapshot only: faster, and slow numbers can be read."""

_HEADROOM = 0.86
"""Share of a lane's height that its curve may use; the rest keeps neighbours apart."""


class LaneCanvas(ThemedWidget):
    """Paints lanes at given places, which `LanesView` decides.

    One widget paints all lanes because that was measured to be fastest: 2 K curve items in a scene took over twice as
    long.
    """

    def __init__(self) -> None:
        super().__init__()
        self._snapshot = Snapshot()
        self._spans: dict[str, Floats] = {}  # onsets and offsets of each label
        self._spans_of: tuple[tuple[Event, ...], float] = ((), 0.0)
        self._curves: LaneCurves = lane_curves(self._snapshot, 1.0)
        self._tops: Floats = np.zeros(0)
        self._heights: Floats = np.zeros(0)
        self._headings: Headings = ()
        self._focused: str | None = None
        self._own: frozenset[str] = frozenset()
        self._compared: ComparedCurves | None = None
        self._lit: frozenset[str] = frozenset()
        self._chosen: str | None = None
        self._painted = 0  # snapshots so far
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)  # so that Qt need not paint what is behind it
        self.setAccessibleName(tr("Instrument lanes"))

    @property
    def curves(self) -> LaneCurves:
        """The curves drawn last."""
        return self._curves

    @property
    def chosen(self) -> str | None:
        """Label of the lane that the keyboard is on."""
        return self._chosen

    def choose(self, label: str | None) -> None:
        """Put the focus ring around one lane, or none."""
        self._chosen = label
        self.update()

    def focus_lane(self, label: str | None) -> None:
        """Write the numbers of one lane under its name, or of none."""
        self._focused = label
        self.update()

    def place_of(self, label: str) -> QRectF:
        """Where the lane of a label is; empty if it has none."""
        labels = self._snapshot.labels
        if label not in labels or len(self._tops) != len(labels):
            return QRectF()
        lane = labels.index(label)
        return QRectF(0.0, float(self._tops[lane]), float(self.width()), float(self._heights[lane]))

    def label_at(self, y: float) -> str | None:
        """Label of the lane at a vertical pixel."""
        for label in self._snapshot.labels:
            place = self.place_of(label)
            if not place.isEmpty() and place.top() <= y < place.bottom():
                return label
        return None

    def numbers(self, label: str) -> LaneNumbers:
        """The numbers of one lane."""
        if label not in self._snapshot.labels:
            return LaneNumbers(label)
        lane = self._snapshot.labels.index(label)
        named = len(self._curves.line_x) and not math.isnan(self._threshold(lane))
        activation = float(self._curves.activation[lane]) if named else math.nan
        level_db = float(self._curves.level_db[lane]) if len(self._curves.fill_x) else math.nan
        return lane_numbers(self._snapshot, label, activation, level_db)

    def threshold_y(self, label: str) -> float | None:
        """Vertical pixel of the threshold in the lane of a label; None if it has no lane or no threshold."""
        place = self.place_of(label)
        if place.isEmpty():
            return None
        threshold = self._threshold(self._snapshot.labels.index(label))
        return place.bottom() - 1.0 - place.height() * _HEADROOM * threshold if math.isfinite(threshold) else None

    def threshold_at(self, label: str, y: float) -> float:
        """What a threshold would be whose line is at a vertical pixel, 0..1 within the lane."""
        place = self.place_of(label)
        return (place.bottom() - 1.0 - y) / max(1.0, place.height() * _HEADROOM)

    def mark_own(self, labels: frozenset[str]) -> None:
        """Mark the threshold lines of instruments that have one of their own."""
        self._own = labels
        self.update()

    def show_comparison(self, curves: ComparedCurves | None) -> None:
        """Draw a second model's curves over those of the next snapshots, or none."""
        if curves is not self._compared:
            self._compared = curves
            self.update(LEFT_GUTTER, 0, round(self.plot_width()), self.height())

    def show_lanes(self, snapshot: Snapshot, tops: Floats, heights: Floats, headings: Headings = ()) -> None:
        """Draw one snapshot.

        Parameters
        ----------
        snapshot : Snapshot
        tops, heights : (K,) float64
            Pixels from the top of the canvas to each lane, and its height, which is 0 for labels without a lane.
        headings : tuple of (str, float, float)
            Text, top and height of each heading between lanes.
        """
        lit = frozenset(snapshot.detected)
        moved = not np.array_equal(tops, self._tops) or not np.array_equal(heights, self._heights)
        whole = lit != self._lit or moved or headings != self._headings
        self._snapshot, self._tops, self._heights, self._headings, self._lit = snapshot, tops, heights, headings, lit
        known_s = min(snapshot.time_s, snapshot.analysed_s)
        if (snapshot.events, known_s) != self._spans_of:  # of a long span there are thousands, and rarely new ones
            self._spans, self._spans_of = spans_by_label(snapshot.events, known_s), (snapshot.events, known_s)
        self._curves = lane_curves(snapshot, self.plot_width())
        self._painted += 1
        if whole or self._painted % _WORDS_EVERY == 0:
            self.update()
        else:  # the plots only
            self.update(LEFT_GUTTER, 0, round(self.plot_width()), self.height())

    def plot_width(self) -> float:
        """Width of the time axis in pixels."""
        return float(max(1, self.width() - LEFT_GUTTER - RIGHT_GUTTER))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the visible lanes."""
        painter = QPainter(self)
        painter.fillRect(event.rect(), self._theme.color("ground"))
        words = event.rect().left() < LEFT_GUTTER
        self._paint_headings(painter)
        for lane in np.argsort(self._tops):
            top, height = float(self._tops[lane]), float(self._heights[lane])
            # Most of the canvas may be scrolled out of view.
            if height > 0 and top + height >= event.rect().top() and top <= event.rect().bottom():
                self._paint_lane(painter, int(lane), QRectF(0.0, top, float(self.width()), height), words)
        if self._snapshot.is_ahead:
            self._paint_missing(painter)
        if self._chosen is not None:
            place = self.place_of(self._chosen)
            if not place.isEmpty():
                paint_focus_ring(painter, place, self._theme)
        painter.end()

    def _paint_headings(self, painter: QPainter) -> None:
        painter.setFont(font(11, bold=True))
        painter.setPen(self._theme.color("muted"))
        for text, top, height in self._headings:
            place = QRectF(16, top, self.width() - 32, height)
            painter.drawText(
                place, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, capital(family_name(text))
            )

    def _paint_missing(self, painter: QPainter) -> None:
        """Cover the part up to the playhead that is not analysed yet, and say so."""
        width = self.plot_width()
        left = float(time_to_pixels(np.array([self._snapshot.analysed_s]), self._snapshot, width)[0])
        seen = QRectF(self.visibleRegion().boundingRect())
        place = QRectF(LEFT_GUTTER + max(0.0, left), 0.0, width - max(0.0, left), float(self.height()))
        painter.fillRect(place, QBrush(self._theme.color("faint", 90), Qt.BrushStyle.BDiagPattern))
        text = not_analysed_text(self._snapshot.progress)
        painter.setFont(font(14, bold=True))
        box = QRectF(0, 0, painter.fontMetrics().horizontalAdvance(text) + 24, 30)
        box.moveCenter(QPointF(0, seen.center().y()))
        box.moveRight(LEFT_GUTTER + width - 8)  # at the playhead
        painter.fillRect(box, self._theme.color("raised"))
        painter.setPen(self._theme.color("text"))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)

    def _paint_lane(self, painter: QPainter, lane: int, row: QRectF, words: bool) -> None:
        label = self._snapshot.labels[lane]
        lit = label in self._lit
        color = self._theme.instrument(label)
        plot = QRectF(LEFT_GUTTER, row.top(), self.plot_width(), row.height())
        painter.fillRect(row, self._theme.color("ground"))  # a lane that moves covers what is under it
        painter.fillRect(QRectF(0, row.bottom() - 1, row.width(), 1), self._theme.color("line"))
        if words:
            self._paint_name(painter, label, color, lit, row)
            self._paint_values(painter, lane, lit, row)
        painter.setClipRect(plot)
        self._paint_events(painter, label, color, plot)
        self._paint_curves(painter, lane, color, lit, plot)
        if self._compared is not None:
            paint_comparison(painter, self._theme, self._compared, lane, self._snapshot, plot, _HEADROOM)
        painter.setClipping(False)

    def _paint_events(self, painter: QPainter, label: str, color: QColor, plot: QRectF) -> None:
        """Paint a tint behind the times at which the label was lit."""
        tint = QColor(color)
        tint.setAlpha(self._theme.event_alpha)
        spans = self._spans.get(label)
        if spans is None:
            return
        edges = plot.left() + time_to_pixels(spans, self._snapshot, plot.width())
        paint_bars(painter, plot.adjusted(0, 0, 0, -1), edges, tint)
        paint_bars(painter, QRectF(plot.left(), plot.bottom() - 3, plot.width(), 2), edges, color)

    def _paint_curves(self, painter: QPainter, lane: int, color: QColor, lit: bool, plot: QRectF) -> None:
        base, scale = plot.bottom() - 1.0, plot.height() * _HEADROOM
        curves = self._curves
        if len(curves.fill_x) > 1:
            painter.setPen(Qt.PenStyle.NoPen)
            brush = QColor(color)
            brush.setAlpha(self._theme.fill_alpha if lit else self._theme.fill_alpha * 2 // 3)
            painter.setBrush(brush)
            painter.drawPolygon(_filled(plot.left() + curves.fill_x, base - scale * curves.fill[:, lane], base))
            painter.setBrush(Qt.BrushStyle.NoBrush)
        threshold = self._threshold(lane)
        if math.isfinite(threshold):
            self._paint_threshold(painter, lane, base - scale * threshold, plot)
        if len(curves.line_x) > 1 and not math.isnan(threshold):
            pen = QColor(color)
            pen.setAlpha(255 if lit else self._theme.unlit_alpha)
            painter.setPen(QPen(pen, 1.0))
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)  # ten points a second only, so it costs little
            painter.drawPolyline(_line(plot.left() + curves.line_x, base - scale * curves.line[:, lane]))
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    def _paint_threshold(self, painter: QPainter, lane: int, level: float, plot: QRectF) -> None:
        own = self._snapshot.labels[lane] in self._own
        painter.fillRect(QRectF(plot.left(), level, plot.width(), 1), self._theme.color("faint", 200 if own else 110))
        if own:  # not by its colour alone
            for x in (plot.left(), plot.right() - 8):
                painter.fillRect(QRectF(x, level - 2, 8, 5), self._theme.color("text"))

    def _threshold(self, lane: int) -> float:
        """Its threshold; NaN if the activation model does not have the label, infinite if there are no thresholds."""
        thresholds = self._snapshot.thresholds
        return float(thresholds[lane]) if len(thresholds) > lane else math.inf

    def _paint_name(self, painter: QPainter, label: str, color: QColor, lit: bool, row: QRectF) -> None:
        middle = row.center().y()
        painter.setPen(Qt.PenStyle.NoPen)
        mark = QColor(color)
        mark.setAlpha(255 if lit else self._theme.unlit_mark_alpha)
        if lit:
            wash = QColor(color)
            wash.setAlpha(26)
            painter.fillRect(QRectF(0, row.top(), LEFT_GUTTER, row.height() - 1), wash)
        painter.fillRect(QRectF(0, row.top() + 1, 4 if lit else 3, row.height() - 3), mark)
        painter.setPen(self._theme.color("text" if lit else "muted"))
        painter.setFont(font(14 if row.height() >= 30 else 13, bold=lit))
        place = QRectF(16, middle - 12, LEFT_GUTTER - 22, 24)
        name = painter.fontMetrics().elidedText(display_name(label), Qt.TextElideMode.ElideRight, int(place.width()))
        painter.drawText(place, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, name)
        if label == self._focused:
            self._paint_numbers(painter, label, place)

    def _paint_numbers(self, painter: QPainter, label: str, name: QRectF) -> None:
        """Write the numbers of the focused lane under its name."""
        numbers = self.numbers(label)
        painter.setFont(font(11))
        painter.setPen(self._theme.color("muted"))
        side = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        for row, text in enumerate((numbers.share_text, numbers.last_text)):
            painter.drawText(QRectF(name.left(), name.bottom() + 15 * row, name.width(), 15), side, text)

    def _paint_values(self, painter: QPainter, lane: int, lit: bool, row: QRectF) -> None:
        label = self._snapshot.labels[lane]
        right, middle = row.right() - 14, row.center().y()
        painter.setPen(self._theme.lettering(label) if lit else self._theme.color("muted"))
        painter.setFont(font(14 if row.height() >= 30 else 13, bold=lit))
        flags = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
        if len(self._curves.line_x):
            named = not math.isnan(self._threshold(lane))
            likely = percent_text(self._curves.activation[lane] if named else math.nan)
            painter.drawText(QRectF(right - 98, middle - 12, 46, 24), flags, likely)
        if len(self._curves.fill_x):
            painter.setPen(self._theme.color("muted" if lit else "faint"))
            painter.setFont(font(12))
            level_db = float(self._curves.level_db[lane])
            level = decibel_text(level_db if level_db > -ENVELOPE_RANGE_DB else SILENCE_DB)
            painter.drawText(QRectF(right - 52, middle - 12, 52, 24), flags, level)


def _line(x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> QPolygonF:
    from pyqtgraph.functions import arrayToQPolygonF  # not above: see spectrogram_view

    # pyqtgraph copies the arrays into the polygon's memory, which is faster than to append a QPointF for each point.
    polygon: QPolygonF = arrayToQPolygonF(x, y)
    return polygon


def _filled(x: npt.NDArray[np.float64], y: npt.NDArray[np.float64], base: float) -> QPolygonF:
    polygon = _line(x, y)
    polygon.append(QPointF(float(x[-1]), base))
    polygon.append(QPointF(float(x[0]), base))
    return polygon
