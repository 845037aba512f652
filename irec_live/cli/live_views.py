"""What ``listen`` prints: JSON lines for scripts, and one line a change for a log; `live_table` is for a terminal."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from irec_live.cli.output import tell, write_text
from irec_live.errors import OutputError
from irec_live.session.messages import stats_message, step_messages

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from irec_live.results import Stats
    from irec_live.session import LiveSession
    from irec_live.streaming.pipeline import PipelineStep


class View(Protocol):
    """Shows a session while it listens."""

    @property
    def shows_level(self) -> bool:
        """Whether it shows the input's level, which is not measured for views that do not."""

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

    shows_level = False

    def __init__(self, labels: Sequence[str]) -> None:
        self._labels = tuple(labels)
        self._state = "running"
        self._title = ""

    def on_step(self, step: PipelineStep) -> None:
        """Write what is new. If the reader is slow this waits, the engine falls behind and counts what it skips."""
        _write(step_messages(step, self._labels))

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
            _write([stats_message(session.stats())])


class PlainLines:
    """One line an event, for a terminal that is none: a log or a pipe."""

    shows_level = False

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
            tell(self._message or f"listening again, to {title}")
        elif title != self._title:
            tell(f"listening to {title}")
        self._title = title

    @contextmanager
    def showing(self, session: LiveSession) -> Iterator[None]:
        """Print the source's name."""
        self._title = session.title
        tell(f"Listening to {self._title}")
        yield

    def finish(self, session: LiveSession) -> None:
        """Print the statistics."""
        tell(stats_sentence(session.stats()))


def stats_sentence(stats: Stats) -> str:
    """How well the engine kept up, for people."""
    return (
        f"{'+'.join(dict.fromkeys(stats.providers)) or '-'}  load {stats.load:.0%}  "
        f"inference {stats.inference_ms_p50:.1f} ms (p99 {stats.inference_ms_p99:.1f})  "
        f"latency {stats.latency_ms:.0f} ms  overflows {stats.overflows}  skipped {stats.skipped_windows}"
    )


def _write(lines: Sequence[Mapping[str, object]]) -> None:
    if lines:
        write_text("".join(json.dumps(line, allow_nan=False) + "\n" for line in lines))
