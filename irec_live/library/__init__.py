"""The library: analysed recordings in one file of DuckDB, searched by which instruments play when.

`Library` is all of it; ``docs/library.md`` documents the tables and the query language.
"""

from __future__ import annotations

from irec_live.library.library import Library, library_path
from irec_live.library.query import EXAMPLES, parse
from irec_live.library.values import Match, Results, Stats
from irec_live.tables.recording import Recording, Span

__all__ = ["EXAMPLES", "Library", "Match", "Recording", "Results", "Span", "Stats", "library_path", "parse"]
