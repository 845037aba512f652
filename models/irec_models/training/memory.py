"""Memory that a training asks for at every step is kept, and not given back to the system in between.

The C library gives large blocks back at once, and the system clears every page of them when they are asked for
again, some hundred thousand at each step. Training then spends up to a fifth of its time in the kernel.
"""

from __future__ import annotations

import ctypes
import sys

_TRIM_THRESHOLD, _MMAP_MAX = -1, -4  # of malloc.h
_MOST = 2**31 - 1


def keep_freed_memory() -> bool:
    """Let this process keep the memory that it frees; whether its C library can, as GNU's does.

    References
    ----------
    mallopt(3), of the Linux manual pages.
    """
    if sys.platform != "linux":
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    return mallopt is not None and bool(mallopt(_MMAP_MAX, 0)) and bool(mallopt(_TRIM_THRESHOLD, _MOST))
