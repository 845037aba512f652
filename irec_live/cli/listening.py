"""``irec-live listen``: the live engine in a terminal, as a table or as JSON lines."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import click

from irec_live.cli.live_outputs import Recording, Sending
from irec_live.cli.live_table import LiveTable
from irec_live.cli.live_views import JsonLines, PlainLines, View
from irec_live.cli.options import hop_seconds, tell_notices, tell_of_pipe
from irec_live.cli.output import is_stuck, tell
from irec_live.errors import IrecError
from irec_live.input_kind import InputKind
from irec_live.interrupts import ending_signals
from irec_live.models.choice import ModelChoice, load_models
from irec_live.session import LiveSession, open_live, open_stream
from irec_live.source import FileSource
from irec_live.streaming.pipeline import union_labels

if TYPE_CHECKING:
    from irec_live.models.detector import Provider

_TICK_S = 0.1


def run_listen(
    *,
    source: str,
    device: str | None,
    seconds: float | None,
    as_json: bool,
    models: Sequence[str],
    hop_ms: float | None,
    provider: Provider,
    track: int | None = None,
    channel: int | None = None,
    record: Path | None = None,
    only_detected: bool = False,
    osc: str | None = None,
    midi: str | None = None,
) -> None:
    """Listen until the time is up, the file ends, or a signal comes; parameters as the options of the command.

    Raises
    ------
    IrecError
        The device, file or model is not usable, or failed meanwhile; or the recording is not complete.
    """
    if only_detected and record is None:
        raise click.UsageError("--only-detected is for recordings; add --record FOLDER")
    extras: list[Recording | Sending] = []
    if record is not None:
        extras.append(Recording(record, only_detected=only_detected))
    detectors = load_models(tuple(models) or None, provider)
    if osc is not None or midi is not None:
        extras.append(Sending(union_labels(detectors), osc=osc, midi=midi))
    tell_notices(detectors)
    hop_s = hop_seconds(hop_ms, detectors)
    view = _choose_view(union_labels(detectors), as_json)
    session = _open(source, device, detectors, hop_s, view, track, channel)
    shown = session.warnings
    for warning in shown:
        tell(f"irec-live: {warning}")
    with ExitStack() as ending:
        for extra in extras:
            ending.callback(extra.end)  # whatever becomes of the output: a recording is completed
        with _stop_signals() as stopped:
            try:
                for extra in extras:
                    extra.begin(session)
                with view.showing(session):
                    _wait(session, view, seconds, stopped, extras)
            finally:
                session.close()
                if is_stuck():
                    _leave_reader(ending)
                view.finish(session)
    for warning in session.warnings:
        if warning not in shown:
            tell(f"irec-live: {warning}")
    error = session.error
    if isinstance(error, BrokenPipeError):  # whoever read our output has seen enough
        raise error
    if error is not None:
        raise IrecError(session.message) from error


def _choose_view(labels: Sequence[str], as_json: bool) -> View:
    if as_json:
        return JsonLines(labels)
    return LiveTable() if LiveTable.fits() else PlainLines()


_KEEP_S = 120.0
"""Nobody looks further back in a terminal, and it may listen for weeks."""


def _open(
    source: str,
    device: str | None,
    models: Sequence[ModelChoice],
    hop_s: float | None,
    view: View,
    track: int | None,
    channel: int | None,
) -> LiveSession:
    common: dict[str, Any] = {
        "hop_s": hop_s,
        "listener": view.on_step,
        "channel": channel,
        "keep_s": _KEEP_S,
        "spectrogram": view.shows_level,
    }
    if source in InputKind.live():
        if track is not None:
            raise click.UsageError("--track is for files; a microphone has channels")
        kind = InputKind(source)
        return open_live(models, input=kind, device=device, **common)
    if device is not None:
        raise click.UsageError(f"--device is for microphones and loopback; '{source}' is a file")
    tell_of_pipe(Path(source))
    heard = FileSource(source, track=track)
    return open_stream(heard, models, **common)


def _wait(
    session: LiveSession,
    view: View,
    seconds: float | None,
    stopped: threading.Event,
    extras: Sequence[Recording | Sending],
) -> None:
    while not stopped.is_set() and not session.wait(_TICK_S):
        view.on_tick(session)
        for extra in extras:
            extra.tick()
        if seconds is not None and session.time_s >= seconds:
            return


def _leave_reader(ending: ExitStack) -> None:
    """End at once, but for `ending`. The worker waits for somebody to read our output, and Python would wait for it."""
    try:
        ending.close()
    except IrecError as error:
        tell(f"irec-live: {error}")
    finally:
        tell("irec-live: nobody reads the output any more; its last lines are left out")
        os._exit(2)


@contextmanager
def _stop_signals() -> Iterator[threading.Event]:
    """An event that Ctrl-C and the like set: the last lines are still written. The second time they just end."""
    stopped = threading.Event()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        stopped.set()
        for number in before:
            signal.signal(number, signal.SIG_DFL)

    if threading.current_thread() is not threading.main_thread():  # signals are the main thread's
        yield stopped
        return
    before = {number: signal.signal(number, on_signal) for number in ending_signals()}
    try:
        yield stopped
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
