"""The curves of one file as Parquet: a row for each window and frame, a column for each label."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from irec_live.errors import OutputError
from irec_live.files import write_atomically
from irec_live.tables.parquet import connect, literal

if TYPE_CHECKING:
    from irec_live.report import Analysis

_DECIMALS = 5
_CHUNK = 1 << 20


def write_curves(analysis: Analysis, path: Path) -> None:
    """Write the rows that ``--format csv`` has: ``kind``, ``time_s``, and a column for each label.

    Columns that no network predicted are NULL.

    Raises
    ------
    OutputError
        It cannot be written there.
    """
    import duckdb
    import numpy as np

    tables = []
    try:
        # Not beside the target: DuckDB takes only paths that are UTF-8, and names of files need not be.
        with tempfile.TemporaryDirectory(prefix="irec-live-") as scratch, connect() as connection:
            made = Path(scratch, "curves.parquet")
            connection.execute("SET threads = 1")  # rows stay in their order
            for kind, times, rows in (
                ("activation", analysis.activation_times, analysis.activation),
                ("envelope", analysis.envelope_times, analysis.envelope),
            ):
                unknown = analysis.not_predicted.get(kind, frozenset())
                columns: dict[str, Any] = {"time_s": np.round(times, _DECIMALS)}
                for index, label in enumerate(analysis.labels):
                    blank = label in unknown
                    columns[label] = np.full(len(rows), np.nan, np.float32) if blank else rows[:, index].copy()
                connection.register(kind, columns)
                named = ", ".join('CAST("' + label.replace('"', '""') + '" AS FLOAT)' for label in analysis.labels)
                tables.append(f"SELECT '{kind}' AS kind, time_s, {named} FROM {kind}")
            names = ", ".join('"' + name.replace('"', '""') + '"' for name in ("kind", "time_s", *analysis.labels))
            connection.execute(
                f"COPY (SELECT * FROM ({' UNION ALL '.join(tables)}) AS curves({names})) "
                f"TO {literal(made)} (FORMAT parquet, COMPRESSION zstd)"
            )
            with made.open("rb") as file:
                write_atomically(path, iter(lambda: file.read(_CHUNK), b""))
    except (duckdb.Error, OSError) as error:
        raise OutputError(f"cannot write {path}: {str(error).splitlines()[0]}") from error
