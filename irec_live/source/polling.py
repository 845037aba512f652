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

_POLL_S = 0.003
_SOONER = 0.6
"""Of the time that missing sound takes: drivers deliver in bursts, the last of them somewhat early."""


def wait_for_samples(
    ring: RingBuffer, sample_rate: int, wanted_s: float, timeout_s: float, ended: Callable[[], bool]
) -> None:
    """Return once `wanted_s` of sound are available, the time is up, or `ended` says that no more will come."""
    # NB: the writer is an audio callback, which must not touch a lock, and both threading.Event and Condition hold one
    # while they notify. Asking costs about 0.1 % of a core: seldom while much is missing, every 3 ms in the end.
    enough = round(wanted_s * sample_rate)
    deadline = time.monotonic() + timeout_s
    while (missing := enough - ring.available) > 0 and not ended():
        left = deadline - time.monotonic()
        if left <= 0:
            return
        time.sleep(min(max(_POLL_S, _SOONER * missing / sample_rate), left))
