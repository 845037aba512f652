"""Interrupts: which signals end a program, and Ctrl-C before there is anything to undo."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def ended_by_interrupts() -> Iterator[None]:
    """Ctrl-C ends the process at once, without a word, as it ends programs that are not Python's.

    For imports: there Python's exception is a traceback of other people's modules, and makes Qt abort with a dump.
    Where somebody else says what Ctrl-C does, that stays.
    """
    python_s = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if not python_s or threading.current_thread() is not threading.main_thread():
        yield
        return
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def ending_signals() -> tuple[signal.Signals, ...]:
    """Signals that ask this process to end: Ctrl-C, SIGTERM, and where it is known SIGHUP, as its terminal is closed.

    SIGHUP not where it is ignored: ``nohup`` asks to go on without a terminal.
    """
    hang_up: signal.Signals | None = getattr(signal, "SIGHUP", None)  # Windows has none
    if hang_up is None or signal.getsignal(hang_up) is signal.SIG_IGN:
        return (signal.SIGINT, signal.SIGTERM)
    return (signal.SIGINT, signal.SIGTERM, hang_up)
