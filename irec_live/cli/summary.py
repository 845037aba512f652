"""What `analyze` prints in a terminal unless a format is asked for: a summary that a person reads.

Not one of `irec_live.formats`: it is laid out for the width of a terminal, and no program should read it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from irec_live.cli.live_table import bar, decibels
from irec_live.cli.output import one_line
from irec_live.gui.wording import clock_text, display_name, list_text, when_text

if TYPE_CHECKING:
    from irec_live.report import Analysis

_BAR = 10
_MOST_SPANS = 12
"""Spans of one instrument; more are counted."""
_JOINED_S = 1.0
"""Spans that are this close are one: who reads m:ss sees no gap."""

Spans = list[tuple[float, float]]
"""Start and end of each, seconds."""


def summary(analysis: Analysis, width: int | None = None) -> str:
    """The summary as lines of text, with colours if standard output shows them.

    Parameters
    ----------
    analysis : Analysis
    width : int, optional
        Characters of a line; the terminal's by default.
    """
    console = Console(width=width, highlight=False)
    with console.capture() as captured:
        console.print(Group(*_parts(analysis)))
    return captured.get()


def joined_spans(spans: Iterable[tuple[float, float]], gap_s: float = _JOINED_S) -> Spans:
    """Spans in order, those that overlap or are at most `gap_s` apart as one.

    Examples
    --------
    >>> joined_spans([(0.0, 2.0), (2.5, 4.0), (9.0, 9.5)])
    [(0.0, 4.0), (9.0, 9.5)]
    """
    joined: Spans = []
    for start_s, end_s in sorted(spans):
        if joined and start_s - joined[-1][1] <= gap_s:
            joined[-1] = (joined[-1][0], max(end_s, joined[-1][1]))
        else:
            joined.append((start_s, end_s))
    return joined


def span_text(spans: Sequence[tuple[float, float]], most: int = _MOST_SPANS) -> str:
    """Spans as minutes and seconds; a span within one second is one time.

    Examples
    --------
    >>> span_text([(0.2, 62.0), (75.1, 75.8)])
    '0:00–1:02, 1:15'
    >>> span_text([(0, 5), (10, 15), (20, 25)], most=2)
    '0:00–0:05, 0:10–0:15 and 1 more'
    """
    words = [when_text(start_s, end_s) for start_s, end_s in spans[:most]]
    more = f" and {len(spans) - most} more" if len(spans) > most else ""
    return ", ".join(words) + more


def _parts(analysis: Analysis) -> list[RenderableType]:
    head = Text.assemble((one_line(analysis.file), "bold"), f"   {clock_text(analysis.duration_s)}")
    parts: list[RenderableType] = [head]
    if len(analysis.activation):
        parts += _instruments(analysis)
    else:
        parts += _loudness(analysis)
    parts += [Text(f"Note: {warning}", style="yellow") for warning in analysis.warnings]
    parts.append(Text(f"Heard by {list_text([model.name for model in analysis.models])}.", style="dim"))
    return parts


def _instruments(analysis: Analysis) -> list[RenderableType]:
    """A row for every label that lasts, the strongest first, then those that were heard for a moment."""
    duration_s = max(analysis.duration_s, 1e-9)
    spans: dict[str, Spans] = {}
    for event in analysis.events:
        end_s = analysis.duration_s if event.offset_s is None else event.offset_s
        spans.setdefault(event.label, []).append((event.onset_s, end_s))
    if not spans:
        return [Text("No instrument was recognised.")]
    shares = {
        label: min(1.0, sum(end_s - start_s for start_s, end_s in found) / duration_s) for label, found in spans.items()
    }
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("instrument", no_wrap=True)
    table.add_column("share of time", justify="right", no_wrap=True)
    table.add_column("", width=_BAR, no_wrap=True)
    table.add_column("heard at", ratio=1)
    for label in sorted(analysis.detected, key=lambda label: -shares.get(label, 0.0)):
        share = shares.get(label, 0.0)
        when = span_text(joined_spans(spans.get(label, [])))
        table.add_row(Text(display_name(label)), f"{share:.0%}", Text(bar(share, _BAR), style="green"), Text(when))
    brief = [label for label in spans if label not in analysis.detected]
    lines: list[RenderableType] = [table]
    if brief:
        named = ", ".join(f"{label} ({span_text(joined_spans(spans[label]), 3)})" for label in brief)
        lines.append(Text(f"For a moment only: {named}", style="dim"))
    return lines


def _loudness(analysis: Analysis) -> list[RenderableType]:
    """A row for every label of a model that only tells how loud each is, the loudest first."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("instrument", no_wrap=True)
    table.add_column("level", justify="right", no_wrap=True)
    squares = np.square(analysis.envelope, dtype=np.float64)
    rms = np.sqrt(squares.mean(axis=0)) if len(squares) else np.zeros(len(analysis.labels))
    for index in np.argsort(-rms).tolist():
        level = float(rms[index])
        if math.isfinite(level):
            table.add_row(Text(display_name(analysis.labels[index])), decibels(level))
    return [table]
