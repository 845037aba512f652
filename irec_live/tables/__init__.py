"""Tables: what was found in many files, as rows, and as Parquet files of DuckDB.

`Recording` is one analysed file with its spans, without the curves; the journal of a batch, Parquet and the library
hold it. ``docs/tables.md`` lists every column.
"""

from __future__ import annotations

from irec_live.tables.curves import write_curves
from irec_live.tables.parquet import TABLES, connect, write_tables
from irec_live.tables.recording import Recording, Span, recording_of

__all__ = ["TABLES", "Recording", "Span", "connect", "recording_of", "write_curves", "write_tables"]
