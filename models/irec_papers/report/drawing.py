"""Matplotlib figures in one style, as data URIs; without pyplot, its global state and window system."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Literal

import matplotlib
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from irec_papers.report.section import Picture

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8c564b", "#7f7f7f", "#17becf", "#bcbd22")
"""Colours of models and instruments, colour-blind safe as far as they go (Okabe and Ito's first)."""

STYLES = ("-", "--", ":", "-.")

_PIXELS_AN_INCH = 96
_WEBP = {"quality": 85, "method": 4}  # a third of the size of PNG; small print stays legible
_LOOK: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 8.5,
    "axes.titlesize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#888888",
    "axes.linewidth": 0.7,
    "xtick.color": "#444444",
    "ytick.color": "#444444",
    "legend.frameon": False,
    "legend.fontsize": 8,
    "lines.linewidth": 1.4,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.6,
    "svg.fonttype": "path",
    "svg.hashsalt": "irec",
}

Array = npt.NDArray[np.floating[Any] | np.integer[Any]]


def look() -> AbstractContextManager[None]:
    """Context manager with the matplotlib settings of all figures."""
    return matplotlib.rc_context(_LOOK)


class Drawing:
    """A figure and its axes.

    Parameters
    ----------
    width, height : float
        Inches; a column of the page is 10 wide.
    rows, columns : int
        Of axes.
    **options
        Of `matplotlib.figure.Figure.subplots`.

    Attributes
    ----------
    axes : list of Axes
        Row by row.
    """

    def __init__(self, width: float, height: float, rows: int = 1, columns: int = 1, **options: Any) -> None:
        self.figure = Figure(figsize=(width, height), layout="constrained")
        grid = self.figure.subplots(rows, columns, squeeze=False, **options)
        self.axes: list[Axes] = list(grid.ravel())

    def picture(self, caption: str, alt: str, form: Literal["svg", "webp"] = "svg") -> Picture:
        """The drawing as a block of the page: ``svg`` for lines and bars, ``webp`` for images and many points."""
        buffer = io.BytesIO()
        options: dict[str, Any] = (
            {"metadata": {"Date": None, "Creator": None}} if form == "svg" else {"pil_kwargs": _WEBP}
        )
        self.figure.savefig(buffer, format=form, dpi=130, **options)
        kind = "image/svg+xml" if form == "svg" else "image/webp"
        width = round(self.figure.get_figwidth() * _PIXELS_AN_INCH)
        return Picture(data_uri(buffer.getvalue(), kind), caption, alt, width)


def data_uri(content: bytes, media_type: str) -> str:
    """Bytes as a URL that needs no server."""
    return f"data:{media_type};base64,{base64.b64encode(content).decode('ascii')}"


def grid_drawing(count: int, columns: int, cell: tuple[float, float], **options: Any) -> Drawing:
    """`count` axes in rows of at most `columns`; what is left over of the last row stays empty."""
    columns = min(columns, count)
    rows = -(-count // columns)
    drawing = Drawing(cell[0] * columns, cell[1] * rows, rows, columns, **options)
    for axes in drawing.axes[count:]:
        axes.set_axis_off()
    del drawing.axes[count:]
    return drawing


def colour(index: int) -> str:
    """Colour of the n-th model or instrument."""
    return COLOURS[index % len(COLOURS)]


def style(index: int) -> str:
    """Line style that tells colours apart once they repeat."""
    return STYLES[index // len(COLOURS) % len(STYLES)]


def grouped_bars(axes: Axes, groups: Sequence[str], series: Mapping[str, Sequence[float]], *, values: bool) -> None:
    """Bars side by side: one group a name in `groups`, one bar a series, 0..1.

    Parameters
    ----------
    values : bool
        Write each bar's height above it.
    """
    width = 0.8 / max(len(series), 1)
    for index, (name, heights) in enumerate(series.items()):
        places = np.arange(len(groups)) + (index - (len(series) - 1) / 2) * width
        bars = axes.bar(places, heights, width * 0.92, label=name, color=colour(index))
        if values:
            axes.bar_label(bars, fmt="%.2f", fontsize=6.5, padding=1)
    turned = len(groups) > 7
    axes.set_xticks(range(len(groups)), groups, rotation=35 if turned else 0, ha="right" if turned else "center")
    axes.set_ylim(0, 1.05)
    axes.grid(axis="y")
    axes.set_axisbelow(True)
    if len(series) > 1:
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, 1.16), ncols=min(len(series), 5))


def matrix(
    axes: Axes,
    values: Array,
    rows: Sequence[str],
    columns: Sequence[str],
    *,
    limits: tuple[float, float],
    texts: Sequence[Sequence[str]] | None = None,
    colours: str = "Blues",
) -> Any:
    """An image of a matrix with names at its sides; NaN stays blank. Returns the image, for a colour bar."""
    image = axes.imshow(values, vmin=limits[0], vmax=limits[1], cmap=colours, aspect="equal")
    axes.set_xticks(range(len(columns)), columns, rotation=55, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(rows)), rows)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    middle = (limits[0] + limits[1]) / 2
    for row, cells in enumerate(texts or ()):
        for column, text in enumerate(cells):
            if text:
                dark = values[row, column] > middle
                shade = "white" if dark == (colours in ("Blues", "Greens", "Oranges")) else "#222222"
                axes.text(column, row, text, ha="center", va="center", fontsize=6.5, color=shade)
    return image
