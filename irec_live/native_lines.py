"""Suppress messages that native libraries (ALSA, JACK, PortAudio) print to standard error.

They write to the C library's ``stderr``. The file behind it stays where it is, for our own words and Python's; the C
library's variable is made to point nowhere instead.
"""

from __future__ import annotations

import sys

ours = False
"""Whether the process is one of our programs. A library must not change the streams of those who use it."""


def silence() -> None:
    """From now on nothing that native code prints by C's means is shown, where that can be done."""
    if not ours or not sys.platform.startswith("linux"):
        return
    import ctypes  # only needed once audio devices are used

    libc = ctypes.CDLL(None)
    if not hasattr(libc, "gnu_get_libc_version"):  # elsewhere the variable is a constant
        return
    libc.fopen.restype = ctypes.c_void_p
    nowhere = libc.fopen(b"/dev/null", b"w")
    if nowhere:
        ctypes.c_void_p.in_dll(libc, "stderr").value = nowhere
