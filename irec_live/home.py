"""Home folder: a user who has none is given one that does not exist, once for all that asks.

A process without ``HOME``, of a user whom the system does not list, as in containers, has no home: libraries raise
whatever they like when they look for it. What is only read from a folder that does not exist is not there, and what
cannot be kept in it is one sentence; so this is set when the package is imported.

References
----------
Debian Policy Manual, section 9.2.3: non-existent home directories.
"""

from __future__ import annotations

import os

NOWHERE = "/nonexistent"

if os.name == "posix" and not os.path.isabs(os.path.expanduser("~")):  # noqa: PTH111, PTH117 - they say so, and do not raise
    os.environ["HOME"] = NOWHERE
