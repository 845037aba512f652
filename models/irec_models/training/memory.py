"""Memory that a training asks for at every step is kept, and not given back to the system in between.

The C library gives large blocks back at once, and the system clears every page of them when they are asked for
again, some hundred thousand at each step. Training then spends up to a fifth of its time in the kernel.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _MMAP_MAX = -1, -3, -4  # of malloc.h
_MOST = 2**31 - 1
_USUAL = {_MMAP_MAX: 65_536, _MMAP_THRESHOLD: 2**25, _TRIM_THRESHOLD: 2**26}
"""What GNU's library comes to by itself where large blocks are freed again and again."""


@contextmanager
def freed_memory_kept() -> Iterator[None]:
    """Let this process keep the memory that it frees, and give it back at the end, where its C library can, as GNU's.

    References
    ----------
    mallopt(3) and malloc_trim(3), of the Linux manual pages.
    """
    library = ctypes.CDLL(None) if sys.platform == "linux" else None
    if library is None or not hasattr(library, "mallopt"):
        yield
        return
    library.mallopt(_MMAP_MAX, 0)
    library.mallopt(_TRIM_THRESHOLD, _MOST)
    try:
        yield
    finally:
        for option, value in _USUAL.items():
            library.mallopt(option, value)
        library.malloc_trim(0)
