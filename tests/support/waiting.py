"""Waiting for another thread, without sleeping longer than needed and never without end."""

from __future__ import annotations

import inspect
import threading
import time
from collections.abc import Callable
from functools import partial

PATIENCE_S = 240.0
"""For what takes moments: only a test that fails waits so long, and a slow and busy machine must not make it fail."""


def wait_until(
    condition: Callable[[], object], seconds: float = PATIENCE_S, *, pause: Callable[[], object] | None = None
) -> None:
    """Return as soon as the condition holds; fail if it does not in time, and say what it saw last."""
    deadline = time.monotonic() + seconds
    pause = pause or partial(threading.Event().wait, 0.005)
    while not condition():
        assert time.monotonic() < deadline, f"it did not happen in {seconds:g} s; {seen_by(condition)}"
        pause()


def seen_by(condition: Callable[[], object]) -> str:
    """What a condition answers now, and the test's variables that it looks at."""
    try:
        looked_at = inspect.getclosurevars(condition).nonlocals
    except TypeError:  # a method
        looked_at = {"self": getattr(condition, "__self__", None)}
    values = [f"{name} = {value!r:.300}" for name, value in looked_at.items()]
    return ", ".join([f"the condition is {condition()!r:.300}", *values])
