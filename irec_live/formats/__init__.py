"""Write an `Analysis` for other programs: one module a format.

Each has ``render(analysis) -> str`` and ``write(analysis, path)``; `WRITERS` and `RENDERERS` find them by name.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from irec_live.formats import audacity, csv, json
from irec_live.report import Analysis

RENDERERS: dict[str, Callable[[Analysis], str]] = {
    "json": json.render,
    "csv": csv.render,
    "audacity": audacity.render,
}
"""By format: the file's content."""

WRITERS: dict[str, Callable[[Analysis, str | os.PathLike[str]], None]] = {
    "json": json.write,
    "csv": csv.write,
    "audacity": audacity.write,
}
"""By format: write the file, whole or not at all; `irec_live.errors.OutputError` where that cannot be."""

SUFFIXES: dict[str, str] = {"json": ".json", "csv": ".csv", "audacity": ".txt"}
"""By format: how file names end."""
