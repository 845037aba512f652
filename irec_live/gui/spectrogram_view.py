"""Spectrogram view: log-mel, under the lanes and on the same time axis.

pyqtgraph takes longer to import than all the rest of the window together, and there is nothing to draw with it before
the first sound: it is imported with the first picture, and in good time by whatever opens a source off this thread.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from irec_live.gui.lane_curves import time_to_pixels
from irec_live.gui.language import tr
from irec_live.gui.spectrogram_settings import SpectrogramSettings, log_bands, ramp_table
from irec_live.gui.theme import DARK, LEFT_GUTTER, RIGHT_GUTTER, Theme, font
from irec_live.results import Snapshot

if TYPE_CHECKING:
    import pyqtgraph as pg

Floats = npt.NDArray[np.float64]

_MOST_COLUMNS = 8192
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
        self._picture: _Plot | None = None
        self._settings = SpectrogramSettings()
        self._bands_hz: Floats = np.zeros(0)
        self._rows: npt.NDArray[np.intp] | None = None
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
        self._color()

    def _color(self) -> None:
        if self._picture is not None:
            self._picture.set_ramp(self._settings.ramp(self._theme.ramp))
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
        columns = snapshot.spectrogram
        if columns.ndim != 2 or len(columns) < 2:
            if self._picture is not None:
                self._picture.image.hide()
            return
        if self._picture is None:
            self._picture = _Plot(self)
            self._picture.set_ramp(self._settings.ramp(self._theme.ramp))
            self._place_picture()
            self._picture.plot.show()
        width = self._plot_width()
        x = time_to_pixels(snapshot.spectrogram_times, snapshot, width)
        if self._rows is not None and columns.shape[1] == len(self._rows):
            columns = columns[:, self._rows]
        columns, x = evenly_spaced(columns, x)
        self._picture.draw(level_bytes(columns, self._settings.range_db), x, width)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the image between the gutters."""
        super().resizeEvent(event)
        self._place_picture()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the labels beside the image."""
        painter = QPainter(self)
        if self._picture is None:
            painter.fillRect(
                QRectF(LEFT_GUTTER, 0, self._plot_width(), self.height()),
                QColor(self._settings.ramp(self._theme.ramp)[0]),
            )
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
        painter.end()

    def _place_picture(self) -> None:
        if self._picture is not None:
            self._picture.plot.setGeometry(LEFT_GUTTER, 0, self._plot_width(), self.height())

    def _plot_width(self) -> int:
        return max(1, self.width() - LEFT_GUTTER - RIGHT_GUTTER)


class _Plot:
    """What pyqtgraph draws."""

    def __init__(self, parent: QWidget) -> None:
        import pyqtgraph as pg

        self.plot: pg.GraphicsView = pg.GraphicsView(parent, useOpenGL=False)
        self.plot.setFrameShape(pg.QtWidgets.QFrame.Shape.NoFrame)
        self.plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.plot.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.box = pg.ViewBox(enableMouse=False, enableMenu=False, border=None, defaultPadding=0.0)
        self.plot.setCentralItem(self.box)
        self.image = pg.ImageItem(axisOrder="row-major", autoDownsample=False)
        self.box.addItem(self.image, ignoreBounds=True)

    def set_ramp(self, ramp: tuple[str, ...]) -> None:
        self.plot.setBackground(ramp[0])
        self.image.setLookupTable(ramp_table(ramp))

    def draw(self, columns: npt.NDArray[np.uint8], x: npt.NDArray[np.float64], width: int) -> None:
        """Columns (C, F), indices of the colour table, at these pixels (C,)."""
        # autoLevels would search the whole image for its extremes, every time.
        self.image.setImage(columns.T, autoLevels=False, levels=(0, 255))
        column = float(x[-1] - x[0]) / (len(x) - 1)
        self.box.setRange(xRange=(0, width), yRange=(0, columns.shape[1]), padding=0, disableAutoRange=True)
        # Times are those of column centres, so the image begins half a column earlier.
        self.image.setRect(QRectF(float(x[0]) - column / 2, 0.0, column * len(x), float(columns.shape[1])))
        self.image.show()
