"""Write an `Analysis` for other programs: one module a format, each with ``render(analysis) -> str``."""

from __future__ import annotations

from collections.abc import Callable

from irec_live.formats import audacity, csv, json
from irec_live.report import Analysis

RENDERERS: dict[str, Callable[[Analysis], str]] = {
    "json": json.render,
    "csv": csv.render,
    "audacity": audacity.render,
}
"""By format: the file's content, for `irec_live.files.write_whole`."""

SUFFIXES: dict[str, str] = {"json": ".json", "csv": ".csv", "audacity": ".txt"}
"""By format: how file names end."""
