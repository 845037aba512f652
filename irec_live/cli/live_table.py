"""The live table of ``listen``: a row an instrument, the most active first."""

from __future__ import annotations

import errno
import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console, Group
from rich.live import Live
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from irec_live.cli.live_views import stats_sentence
from irec_live.cli.output import on_terminal

if TYPE_CHECKING:
    from irec_live.results import Array, Snapshot
    from irec_live.session import LiveSession
    from irec_live.streaming.pipeline import PipelineStep

_SPAN_S = 4.0  # the newest row is as old as half a window, a hop and the inference
_BAR = 24
_FLOOR_DB = -60.0
_TICKS_A_SORT = 20  # two seconds: rows that change places more often cannot be read
_EIGHTHS = " ▏▎▍▌▋▊▉█"


class LiveTable:
    """Redraws itself in place ten times a second."""

    shows_level = True

    def __init__(self) -> None:
        self._console = Console()
        self._live: Live | None = None
        self._order: list[int] = []
        self._ticks = 0

    @staticmethod
    def fits() -> bool:
        """Whether standard output is a terminal that can be drawn on."""
        console = Console()
        return console.is_terminal and not console.is_dumb_terminal and on_terminal()

    def on_step(self, step: PipelineStep) -> None:
        """Nothing: the table pulls what it shows."""

    def on_tick(self, session: LiveSession) -> None:
        """Redraw.

        Raises
        ------
        OSError
            The terminal is gone. Rich, which then writes nothing, would not say so.
        """
        if self._live is not None:
            if not on_terminal():
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            self._live.update(self._picture(session.title, session.snapshot(_SPAN_S)), refresh=True)

    @contextmanager
    def showing(self, session: LiveSession) -> Iterator[None]:
        """Keep a part of the terminal for the table."""
        with Live(console=self._console, auto_refresh=False) as live:
            self._live = live
            self.on_tick(session)
            yield
            self.on_tick(session)
        self._live = None

    def finish(self, session: LiveSession) -> None:
        """Nothing: the last picture stays."""

    def _picture(self, title: str, snapshot: Snapshot) -> Group:
        table = Table(box=None, pad_edge=False, show_header=False)
        table.add_column("lit", width=1)
        table.add_column("label", min_width=max((len(label) for label in snapshot.labels), default=0))
        table.add_column("bar", width=_BAR)
        table.add_column("value", justify="right", width=5)
        table.add_column("loudness", justify="right", width=9)
        activation = _newest(snapshot.smoothed, len(snapshot.labels))
        envelope = _newest(snapshot.envelope, len(snapshot.labels))
        has_envelope = len(snapshot.envelope) > 0
        for index in self._sorted(activation if len(snapshot.smoothed) else envelope):
            label = snapshot.labels[index]
            lit = label in snapshot.detected
            table.add_row(
                "●" if lit else " ",
                escape(label),
                bar(activation[index]),
                f"{activation[index]:.0%}",
                decibels(envelope[index]) if has_envelope else "",
                style="bold green" if lit else "dim" if activation[index] < 0.05 else "",
            )
        lit_labels = ", ".join(snapshot.detected) or "-"
        head = Text.assemble((lit_labels, "bold"), ("   " + title, "dim"), overflow="ellipsis", no_wrap=True)
        level = Text(f"{snapshot.time_s:8.1f} s   input {snapshot.level_db:6.1f} dB", style="dim")
        status = Text(stats_sentence(snapshot.stats), style="dim")
        parts: list[Text | Table] = [head, level, table, status]
        if snapshot.message:
            parts.append(Text(snapshot.message, style="bold yellow"))
        return Group(*parts)

    def _sorted(self, values: list[float]) -> list[int]:
        """Row order: the most active first, changed only now and then."""
        if self._ticks % _TICKS_A_SORT == 0 or len(self._order) != len(values):
            self._order = sorted(range(len(values)), key=lambda index: -values[index])
        self._ticks += 1
        return self._order


def bar(value: float, width: int = _BAR) -> str:
    """A bar of block characters.

    Parameters
    ----------
    value : float
        0..1.
    width : int
        Characters for 1.

    Examples
    --------
    >>> bar(0.5, 4), bar(0.0, 4), bar(1.0, 2)
    ('██', '', '██')
    """
    eighths = round(8 * width * min(1.0, max(0.0, value)))
    return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()


def decibels(envelope: float) -> str:
    """An RMS envelope, 0..1, in dB re full scale.

    Examples
    --------
    >>> decibels(0.5), decibels(0.0)
    ('-6.0 dB', '-')
    """
    if envelope <= 10 ** (_FLOOR_DB / 20):
        return "-"
    return f"{20 * math.log10(envelope):.1f} dB"


def _newest(rows: Array, count: int) -> list[float]:
    values: list[float] = rows[-1].tolist() if len(rows) else [0.0] * count
    return values
