"""Polling a ring buffer: waiting for samples without a lock in the audio callback."""

from __future__ import annotations

import time
from collections.abc import Callable

from irec_live.streaming.ring import RingBuffer

RING_S = 4.0
"""Seconds that the ring buffer holds: how late the worker may be before samples are lost, far longer than a garbage
collection or a busy CPU delays it."""

READ_S = 0.02
"""Seconds of sound that one read waits for: a fifth of the usual hop, and 50 short reads a second."""

_POLL_S = 0.005


def wait_for_samples(ring: RingBuffer, enough: int, timeout_s: float, ended: Callable[[], bool]) -> None:
    """Return once `enough` samples are available, the time is up, or `ended` says that no more will come."""
    # NB: the writer is an audio callback, which must not touch a lock, and both threading.Event and Condition hold one
    # while they notify. Asking every 5 ms costs about 0.1 % of a core and is a quarter of one read.
    deadline = time.monotonic() + timeout_s
    while ring.available < enough and not ended():
        left = deadline - time.monotonic()
        if left <= 0:
            return
        time.sleep(min(_POLL_S, left))
