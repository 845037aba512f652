"""CSV table of activations and envelopes, for spreadsheets and data frames.

A header, then a row for every moment: ``kind`` (activation or envelope), ``time_s`` (centre of the window or frame),
and a column for each label, empty where the model of that kind does not know it. All activations come first, then all
envelopes. Numbers have a decimal point, whatever the locale; lines end as RFC 4180 asks.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING

from irec_live.formats.contract import Format

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from irec_live.report import Analysis

_ROWS_AT_ONCE = 2048


def render(analysis: Analysis) -> str:
    """The whole table."""
    return "".join(parts(analysis))


def parts(analysis: Analysis) -> Iterator[str]:
    """The table, some rows at a time."""
    yield _text([["kind", "time_s", *analysis.labels]])
    for kind, times, rows in (
        ("activation", analysis.activation_times, analysis.activation),
        ("envelope", analysis.envelope_times, analysis.envelope),
    ):
        unknown = [label in analysis.not_predicted.get(kind, ()) for label in analysis.labels]
        for first in range(0, len(rows), _ROWS_AT_ONCE):
            some = slice(first, first + _ROWS_AT_ONCE)
            yield _text(_lines(kind, times[some], rows[some], unknown))


def _text(lines: Iterable[list[str]]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(lines)
    return text.getvalue()


def _lines(
    kind: str, times: npt.NDArray[np.float64], rows: npt.NDArray[np.float32], unknown: Collection[bool]
) -> list[list[str]]:
    return [
        [kind, f"{time_s:.5f}", *("" if blank else f"{value:.5f}" for value, blank in zip(row, unknown, strict=True))]
        for time_s, row in zip(times.tolist(), rows.tolist(), strict=True)
    ]


FORMAT = Format(
    name="csv",
    title="CSV table",
    suffix=".csv",
    media_type="text/csv",
    holds="the curves",
    needs=frozenset(),
    render=render,
    parts=parts,
    has_events=False,
)
