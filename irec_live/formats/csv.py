"""The curves as CSV, for spreadsheets and data frames.

A header, then a row for every moment: ``kind`` (activation or envelope), ``time_s`` (centre of the window or frame),
and a column for each label. All activations come first, then all envelopes. Numbers have a decimal point, whatever the
locale; lines end as RFC 4180 asks.
"""

from __future__ import annotations

import csv
import io
import os

import numpy as np
import numpy.typing as npt

from irec_live.formats.whole import write_whole
from irec_live.report import Analysis


def render(analysis: Analysis) -> str:
    """The whole table."""
    text = io.StringIO(newline="")
    table = csv.writer(text)
    table.writerow(["kind", "time_s", *analysis.labels])
    for kind, times, rows in (
        ("activation", analysis.activation_times, analysis.activation),
        ("envelope", analysis.envelope_times, analysis.envelope),
    ):
        table.writerows(_lines(kind, times, rows))
    return text.getvalue()


def _lines(kind: str, times: npt.NDArray[np.float64], rows: npt.NDArray[np.float32]) -> list[list[str]]:
    return [
        [kind, f"{time_s:.5f}", *(f"{value:.5f}" for value in row)]
        for time_s, row in zip(times.tolist(), rows.tolist(), strict=True)
    ]


def write(analysis: Analysis, path: str | os.PathLike[str]) -> None:
    """Write `render`'s text.

    Raises
    ------
    OutputError
        `path` cannot be written.
    """
    write_whole(path, render(analysis))
