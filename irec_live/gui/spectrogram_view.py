"""Spectrogram view: log-mel, under the lanes and on the same time axis."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent, qRgb
from PySide6.QtWidgets import QSizePolicy, QWidget

from irec_live.gui.lane_curves import time_to_pixels
from irec_live.gui.language import tr
from irec_live.gui.spectrogram_settings import SpectrogramSettings, log_bands, ramp_table
from irec_live.gui.theme import DARK, LEFT_GUTTER, RIGHT_GUTTER, Theme, font
from irec_live.results import Snapshot

Floats = npt.NDArray[np.float64]

_MOST_COLUMNS = 8192
_MOST_MOVED = 8
"""Columns by which a picture moves at most, to be taken for the one before it."""
_SILENT_DB = np.float32(-100.0)

MARKS_HZ = (100, 300, 1000, 3000, 10_000)
"""Frequencies labelled beside the image, where they fit."""


def mark_heights(bands_hz: npt.NDArray[np.float64]) -> list[tuple[str, float]]:
    """Labels and heights of `MARKS_HZ`: 0 at the bottom of the image, 1 at its top.

    Parameters
    ----------
    bands_hz : (F,) float64
        Centre frequencies of the bands in Hz, rising; may be empty.

    Examples
    --------
    >>> mark_heights(np.array([50.0, 100.0, 500.0, 1000.0]))
    [('100', 0.375), ('300', 0.5), ('1k', 0.875)]
    """
    marks = []
    for hz in MARKS_HZ:
        if bands_hz.size and bands_hz[0] <= hz <= bands_hz[-1]:
            band = float(np.interp(hz, bands_hz, np.arange(bands_hz.size)))
            marks.append((f"{hz // 1000}k" if hz >= 1000 else str(hz), (band + 0.5) / bands_hz.size))
    return marks


def level_bytes(columns: npt.NDArray[np.floating], range_db: tuple[float, float]) -> npt.NDArray[np.uint8]:
    """Quantise levels in dB, of any shape, to indices of the colour table; `range_db` is that of the table.

    Examples
    --------
    >>> level_bytes(np.array([[-90.0, -12.0, 0.0, -200.0]]), (-90.0, -12.0)).tolist()
    [[0, 255, 255, 0]]
    """
    bottom_db, top_db = range_db
    scaled = (columns - bottom_db) * (255.0 / (top_db - bottom_db))
    indices: npt.NDArray[np.uint8] = np.clip(np.nan_to_num(scaled), 0, 255).astype(np.uint8)
    return indices


def evenly_spaced(
    columns: npt.NDArray[np.float32], x: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float64]]:
    """Columns, (C, F) dB at pixels (C,), where an image has them: at equal distances, with silence in gaps.

    Parts of a file that are not analysed are such gaps, and columns that stand for several have another distance.

    Examples
    --------
    >>> columns, x = evenly_spaced(np.float32([[-10], [-20], [-30], [-40]]), np.array([0.0, 1.0, 4.0, 5.0]))
    >>> columns[:, 0].tolist(), x.tolist()
    ([-10.0, -20.0, -100.0, -100.0, -30.0, -40.0], [0.0, 1.0, 2.0, 3.0, 4.0, 5.0])
    """
    steps = np.diff(x)
    if steps.size and 0 < steps.max() < 1.5 * steps.min():  # as nearly always: the rest takes longer
        return columns, x
    usual, finest = float(np.median(steps)), float(np.percentile(steps, 10))
    if not steps.size or usual <= 0 or (steps.max() < 1.5 * usual and finest > 0.5 * usual):
        return columns, x
    step = max(finest, float(x[-1] - x[0]) / _MOST_COLUMNS)
    even = np.linspace(x[0], x[-1], max(2, round(float(x[-1] - x[0]) / step) + 1))
    after = np.clip(np.searchsorted(x, even - 1e-9), 1, len(x) - 1)
    near = np.where(even - x[after - 1] < x[after] - even, after - 1, after)
    # Beside a gap a column is as wide as its neighbour on the other side, which is the nearer one.
    reach = np.minimum(np.append(steps, steps[-1]), np.insert(steps, 0, steps[0]))[near]
    found = np.where((np.abs(x[near] - even) <= 0.6 * np.maximum(reach, step))[:, None], columns[near], _SILENT_DB)
    return found.astype(np.float32), even


class SpectrogramView(QWidget):
    """An image of the last seconds, low frequencies at the bottom.

    The image holds one byte per band and column, an index of the colour table, and the painter stretches it: a repaint
    takes well under a millisecond.
    """

    def __init__(self) -> None:
        super().__init__()
        self._theme = DARK
        self._marks: list[tuple[str, float]] = []
        self._settings = SpectrogramSettings()
        self._bands_hz: Floats = np.zeros(0)
        self._rows: npt.NDArray[np.intp] | None = None
        self._shown: _Quantised | None = None
        self._bytes = np.zeros((0, 0), np.uint8)  # (F, C), the image's memory
        self._image = QImage()
        self._place = (0.0, 0.0)  # left end of the image, and width of its columns, pixels
        self._ramp: list[int] = []
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)  # so that Qt need not paint what is behind it
        self.setMinimumHeight(36)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(tr("Spectrogram"))
        self.setToolTip(tr("Spectrogram: loudness of low to high tones · right click: colours, levels, frequencies"))
        self.set_theme(DARK)

    def rows_hz(self, bands_hz: Floats) -> Floats:
        """Frequency of each row of the image from the bottom up, (F,) Hz, of a snapshot with these bands."""
        return log_bands(bands_hz)[1] if self._is_log(bands_hz) else bands_hz

    def set_theme(self, theme: Theme) -> None:
        """Repaint in another theme's colours."""
        self._theme = theme
        self._color()

    def set_settings(self, settings: SpectrogramSettings) -> None:
        """Draw with another colour map, range or axis."""
        self._settings = settings
        self._bands_hz = np.zeros(0)  # the axis is made anew
        self._shown = None
        self._color()

    def _color(self) -> None:
        self._ramp = [qRgb(*color) for color in ramp_table(self._settings.ramp(self._theme.ramp)).tolist()]
        self._image.setColorTable(self._ramp)
        self.update()

    def _lay_axis(self, bands_hz: Floats) -> None:
        """Take over the bands of a session, and place them on the axis that is chosen."""
        if np.array_equal(bands_hz, self._bands_hz):
            return
        self._bands_hz = bands_hz
        self._rows = log_bands(bands_hz)[0] if self._is_log(bands_hz) else None
        self._marks = mark_heights(self.rows_hz(bands_hz))
        self.update()

    def _is_log(self, bands_hz: Floats) -> bool:
        return self._settings.axis == "log" and len(bands_hz) > 1

    def show_snapshot(self, snapshot: Snapshot) -> None:
        """Draw the columns of one snapshot."""
        self._lay_axis(snapshot.spectrogram_hz)
        width = self._plot_width()
        self.update(LEFT_GUTTER, 0, width, self.height())
        columns = snapshot.spectrogram
        if columns.ndim != 2 or len(columns) < 2:
            self._image = QImage()
            return
        x = time_to_pixels(snapshot.spectrogram_times, snapshot, width)
        columns, x = evenly_spaced(columns, x)
        self._shown = _quantised(columns, self._settings.range_db, self._shown)
        rows = self._shown.levels
        if self._rows is not None and rows.shape[1] == len(self._rows):
            rows = rows[:, self._rows]
        bands, count = rows.shape[1], len(rows)
        if self._bytes.shape[0] != bands or self._bytes.shape[1] < count:
            self._bytes = np.zeros((bands, count + -count % 64), np.uint8)  # Qt wants lines of whole words
        self._bytes[:, :count] = rows[:, ::-1].T
        self._image = QImage(self._bytes.data, count, bands, self._bytes.shape[1], QImage.Format.Format_Indexed8)
        self._image.setColorTable(self._ramp)
        column = float(x[-1] - x[0]) / (count - 1)
        # Times are those of column centres, so the image begins half a column earlier.
        self._place = float(x[0]) - column / 2, column

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the image, and the labels beside it."""
        painter = QPainter(self)
        if event.rect().left() < LEFT_GUTTER:
            painter.fillRect(self.rect(), self._theme.color("ground"))
            self._paint_marks(painter)
        painter.fillRect(QRectF(LEFT_GUTTER, 0, self._plot_width(), self.height()), QColor(self._ramp[0]))
        if not self._image.isNull():
            self._paint_image(painter)
        painter.end()

    def _paint_image(self, painter: QPainter) -> None:
        left, column = self._place
        from_x, to_x = max(0.0, left), min(float(self._plot_width()), left + column * self._image.width())
        source = QRectF((from_x - left) / column, 0.0, (to_x - from_x) / column, self._image.height())
        painter.drawImage(QRectF(LEFT_GUTTER + from_x, 0.0, to_x - from_x, self.height()), self._image, source)

    def _paint_marks(self, painter: QPainter) -> None:
        painter.setFont(font(13))
        painter.setPen(self._theme.color("muted"))
        side = Qt.AlignmentFlag.AlignVCenter
        painter.drawText(QRectF(16, 0, LEFT_GUTTER - 30, self.height()), side, tr("Spectrum"))
        painter.setFont(font(11))
        painter.setPen(self._theme.color("faint"))
        last_y = self.height() + 13.0
        for words, height in self._marks:  # from the bottom up; one that would touch the last is left out
            y = min(max((1.0 - height) * self.height(), 7.0), self.height() - 7.0)
            if last_y - y >= 13:
                box = QRectF(0, y - 8, LEFT_GUTTER - 8, 16)
                painter.drawText(box, Qt.AlignmentFlag.AlignRight | side, f"{words} Hz" if words == "100" else words)
                last_y = y

    def _plot_width(self) -> int:
        return max(1, self.width() - LEFT_GUTTER - RIGHT_GUTTER)


class _Quantised(NamedTuple):
    """Columns (C, F), dB, and what `level_bytes` makes of them."""

    columns: npt.NDArray[np.float32]
    levels: npt.NDArray[np.uint8]


def _quantised(
    columns: npt.NDArray[np.float32], range_db: tuple[float, float], before: _Quantised | None
) -> _Quantised:
    """`level_bytes` of columns, of which most are those of the picture before, moved by one or two."""
    former = _Quantised(columns[:0], np.zeros((0, 0), np.uint8)) if before is None else before
    for moved in range(min(_MOST_MOVED, len(former.columns))):
        kept, levels = former.columns[moved:], former.levels[moved:]
        if np.array_equal(kept[0], columns[0]) and np.array_equal(kept, columns[: len(kept)]):
            return _Quantised(columns, np.concatenate([levels, level_bytes(columns[len(kept) :], range_db)]))
    return _Quantised(columns, level_bytes(columns, range_db))
