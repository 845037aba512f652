"""What ``listen`` prints: JSON lines for scripts, and one line a change for a log; `live_table` is for a terminal."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

import click

from irec_live.cli.output import write_text
from irec_live.errors import OutputError

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from irec_live.results import Array, Stats
    from irec_live.session import LiveSession
    from irec_live.streaming.pipeline import PipelineStep


class View(Protocol):
    """Shows a session while it listens."""

    def on_step(self, step: PipelineStep) -> None:
        """New results, on the worker's thread."""

    def on_tick(self, session: LiveSession) -> None:
        """Ten times a second, on the main thread."""

    def showing(self, session: LiveSession) -> AbstractContextManager[None]:
        """While the session is open."""

    def finish(self, session: LiveSession) -> None:
        """After it is closed."""


class JsonLines:
    """One JSON object a line, each ``type`` with its own keys; the last one is ``stats``.

    ``activations`` and ``envelopes`` have ``time_s`` and ``values`` by label; ``event`` has ``label``, ``onset_s`` and
    ``offset_s``; ``state`` tells when a device is lost or back.
    """

    def __init__(self, labels: Sequence[str]) -> None:
        self._labels = tuple(labels)
        self._state = "running"
        self._title = ""

    def on_step(self, step: PipelineStep) -> None:
        """Write what is new. If the reader is slow this waits, the engine falls behind and counts what it skips."""
        lines = [self._row("activations", time_s, values) for time_s, values in step.activations]
        lines += [self._row("envelopes", time_s, values) for time_s, values in step.envelopes]
        lines += [
            {
                "type": "event",
                "label": event.label,
                "onset_s": _round(event.onset_s),
                "offset_s": _round(event.offset_s),
            }
            for event in step.events
        ]
        _write(lines)

    def on_tick(self, session: LiveSession) -> None:
        """Report that the device is lost, back or another one: loopback follows the default output."""
        state, title = session.state, session.title
        if state == self._state == "running" and title != self._title:
            _write([{"type": "state", "state": state, "message": f"listening to {title}"}])
        self._title = title
        if state != self._state and state in ("running", "lost"):
            self._state = state
            _write([{"type": "state", "state": state, "message": session.message}])

    @contextmanager
    def showing(self, session: LiveSession) -> Iterator[None]:
        """Remember the source's name."""
        self._title = session.title
        yield

    def finish(self, session: LiveSession) -> None:
        """Write the last line, unless nobody reads any more."""
        if not isinstance(session.error, (BrokenPipeError, OutputError)):
            _write([stats_to_dict(session.stats())])

    def _row(self, kind: str, time_s: float, values: Array) -> dict[str, object]:
        by_label = {label: round(value, 4) for label, value in zip(self._labels, values.tolist(), strict=True)}
        return {"type": kind, "time_s": _round(time_s), "values": by_label}


class PlainLines:
    """One line an event, for a terminal that is none: a log or a pipe."""

    def __init__(self) -> None:
        self._lit: tuple[str, ...] = ()
        self._message = ""
        self._title = ""

    def on_step(self, step: PipelineStep) -> None:
        """Write which labels are lit, whenever that changes."""
        if step.activations and set(step.detected) != set(self._lit):
            self._lit = step.detected
            time_s = step.activations[-1][0]
            write_text(f"{time_s:8.1f} s  {', '.join(step.detected) or '-'}\n")

    def on_tick(self, session: LiveSession) -> None:
        """Print new warnings once, and the source's name when it changes."""
        title = session.title
        if session.message != self._message:
            self._message = session.message
            click.echo(self._message or f"listening again, to {title}", err=True)
        elif title != self._title:
            click.echo(f"listening to {title}", err=True)
        self._title = title

    @contextmanager
    def showing(self, session: LiveSession) -> Iterator[None]:
        """Print the source's name."""
        self._title = session.title
        click.echo(f"Listening to {self._title}", err=True)
        yield

    def finish(self, session: LiveSession) -> None:
        """Print the statistics."""
        click.echo(stats_sentence(session.stats()), err=True)


def stats_to_dict(stats: Stats) -> dict[str, object]:
    """The last JSON line."""
    return {
        "type": "stats",
        "overflows": stats.overflows,
        "skipped_windows": stats.skipped_windows,
        "windows": stats.windows,
        "inference_ms": {"p50": round(stats.inference_ms_p50, 3), "p99": round(stats.inference_ms_p99, 3)},
        "latency_ms": round(stats.latency_ms, 1),
        "load": round(stats.load, 4),
        "providers": list(stats.providers),
    }


def stats_sentence(stats: Stats) -> str:
    """The same for people."""
    return (
        f"{'+'.join(dict.fromkeys(stats.providers)) or '-'}  load {stats.load:.0%}  "
        f"inference {stats.inference_ms_p50:.1f} ms (p99 {stats.inference_ms_p99:.1f})  "
        f"latency {stats.latency_ms:.0f} ms  overflows {stats.overflows}  skipped {stats.skipped_windows}"
    )


def _round(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 4)


def _write(lines: Sequence[Mapping[str, object]]) -> None:
    if lines:
        write_text("".join(json.dumps(line, allow_nan=False) + "\n" for line in lines))
