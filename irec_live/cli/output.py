"""Standard output as other programs read it: the same bytes on every system."""

from __future__ import annotations

import sys


def write_text(text: str) -> None:
    """Write to standard output at once, as a file would be written: UTF-8, line ends as they are.

    On Windows a redirected output would take only what its code page holds, and would double the line ends of a table
    that already has them.

    Parameters
    ----------
    text : str
        May hold the odd bytes of a file's name, as Python reads them (surrogate escapes).
    """
    binary = getattr(sys.stdout, "buffer", None)
    if binary is None:  # replaced by one that takes text only
        sys.stdout.write(text)
        sys.stdout.flush()
        return
    sys.stdout.flush()  # what was printed before comes first
    binary.write(text.encode("utf-8", "surrogateescape"))
    binary.flush()
