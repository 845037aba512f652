"""Lane canvas: paints name, curves and values of every instrument, one above the other."""

from __future__ import annotations

import math

import numpy as np
from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QPaintEngine, QPainter, QPaintEvent

from irec_live.gui.comparison import ComparedCurves
from irec_live.gui.event_bars import spans_by_label
from irec_live.gui.focus_ring import paint_focus_ring
from irec_live.gui.lane_curves import (
    ENVELOPE_RANGE_DB,
    Floats,
    LaneCurves,
    lane_curves,
    time_to_pixels,
    with_numbers_of,
)
from irec_live.gui.lane_numbers import LaneNumbers, lane_numbers
from irec_live.gui.lane_plots import HEADROOM, LanePlots, LaneScene, paint_plots
from irec_live.gui.language import tr
from irec_live.gui.message_translation import family_name
from irec_live.gui.theme import LEFT_GUTTER, RIGHT_GUTTER, font
from irec_live.gui.themed_widget import ThemedWidget
from irec_live.gui.wording import SILENCE_DB, capital, decibel_text, display_name, not_analysed_text, percent_text
from irec_live.results import Event, Snapshot

Headings = tuple[tuple[str, float, float], ...]
"""Text, top and height of each heading between lanes."""

_WORDS_EVERY = 8
"""Numbers are repainted with every eighth snapshot only: faster, and slow numbers can be read."""


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
        self._plots = LanePlots()
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
        return place.bottom() - 1.0 - place.height() * HEADROOM * threshold if math.isfinite(threshold) else None

    def threshold_at(self, label: str, y: float) -> float:
        """What a threshold would be whose line is at a vertical pixel, 0..1 within the lane."""
        place = self.place_of(label)
        return (place.bottom() - 1.0 - y) / max(1.0, place.height() * HEADROOM)

    def mark_own(self, labels: frozenset[str]) -> None:
        """Mark the threshold lines of instruments that have one of their own."""
        self._own = labels
        self.update()

    def show_comparison(self, curves: ComparedCurves | None) -> None:
        """Draw a second model's curves over those of the next snapshots, or none."""
        if curves is not self._compared:
            self._compared = curves
            self.update(LEFT_GUTTER, 0, round(self.plot_width()), self.height())

    def show_lanes(
        self,
        snapshot: Snapshot,
        tops: Floats,
        heights: Floats,
        headings: Headings = (),
        heard: Snapshot | None = None,
    ) -> None:
        """Draw one snapshot.

        Parameters
        ----------
        snapshot : Snapshot
        tops, heights : (K,) float64
            Pixels from the top of the canvas to each lane, and its height, which is 0 for labels without a lane.
        headings : tuple of (str, float, float)
            Text, top and height of each heading between lanes.
        heard : Snapshot, optional
            The numbers are of its end, rather than of the end of what is drawn.
        """
        lit = frozenset(snapshot.detected)
        moved = not np.array_equal(tops, self._tops) or not np.array_equal(heights, self._heights)
        whole = lit != self._lit or moved or headings != self._headings
        self._snapshot, self._tops, self._heights, self._headings, self._lit = snapshot, tops, heights, headings, lit
        known_s = snapshot.analysed_s if snapshot.is_ahead else math.inf
        if (snapshot.events, known_s) != self._spans_of:  # of a long span there are thousands, and rarely new ones
            self._spans, self._spans_of = spans_by_label(snapshot.events, known_s), (snapshot.events, known_s)
        self._curves = lane_curves(snapshot, self.plot_width())
        if heard is not None:
            self._curves = with_numbers_of(self._curves, lane_curves(heard, self.plot_width()))
        self._painted += 1
        words = self._painted % _WORDS_EVERY == 0
        if whole or (words and self._focused is not None):
            self.update()
        else:  # the plots, and now and then the numbers right of them
            self.update(LEFT_GUTTER, 0, self.width() if words else round(self.plot_width()), self.height())

    def plot_width(self) -> float:
        """Width of the time axis in pixels."""
        return float(max(1, self.width() - LEFT_GUTTER - RIGHT_GUTTER))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the visible lanes."""
        painter = QPainter(self)
        plots = QRect(LEFT_GUTTER, 0, round(self.plot_width()), self.height())
        scene = LaneScene(
            self._snapshot,
            self._curves,
            self._spans,
            self._tops,
            self._heights,
            self._own,
            self._compared,
            self._theme,
            self.plot_width(),
        )
        if painter.paintEngine().type() == QPaintEngine.Type.SVG:  # not as pixels
            place = QRectF(plots)
            paint_plots(painter, scene, self._from_the_top(), place, scene.start_s - LEFT_GUTTER * scene.pixel_s)
        else:
            self._plots.paint(painter, scene, plots)
        self._paint_beside(painter, event.rect(), plots)
        for label in self._own:
            self._mark_threshold(painter, label)
        if self._snapshot.is_ahead:
            self._paint_missing(painter)
        if self._chosen is not None:
            place = self.place_of(self._chosen)
            if not place.isEmpty():
                paint_focus_ring(painter, place, self._theme)
        painter.end()

    def _from_the_top(self) -> list[int]:
        """Lanes in the order in which they are painted."""
        return [lane for lane in np.argsort(self._tops).tolist() if self._heights[lane] > 0]

    def _paint_beside(self, painter: QPainter, rect: QRect, plots: QRect) -> None:
        """Paint names and numbers, as far as they are in a rectangle."""
        names, numbers = rect.left() < plots.left(), rect.right() > plots.right()
        gutters = [QRectF(0, 0, plots.left(), self.height())] if names else []
        if numbers:
            gutters.append(QRectF(plots.right() + 1, 0, self.width(), self.height()))
        for gutter in gutters:
            painter.fillRect(gutter, self._theme.color("ground"))
        if names:
            self._paint_headings(painter)
        for lane in self._from_the_top() if gutters else ():
            row = QRectF(0.0, float(self._tops[lane]), float(self.width()), float(self._heights[lane]))
            if row.bottom() < rect.top() or row.top() > rect.bottom():  # most of the canvas may be scrolled out of view
                continue
            label = self._snapshot.labels[lane]
            lit = label in self._lit
            for gutter in gutters:
                place = gutter.intersected(row)
                painter.fillRect(place, self._theme.color("ground"))  # a lane that moves covers what is under it
                painter.fillRect(QRectF(place.left(), row.bottom() - 1, place.width(), 1), self._theme.color("line"))
            if names:
                self._paint_name(painter, label, self._theme.instrument(label), lit, row)
            if numbers:
                self._paint_values(painter, lane, lit, row)

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

    def _mark_threshold(self, painter: QPainter, label: str) -> None:
        """Mark the line of a threshold of its own: not by its colour alone."""
        level = self.threshold_y(label)
        if level is not None:
            for x in (LEFT_GUTTER, LEFT_GUTTER + self.plot_width() - 8):
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
