"""Parquet through DuckDB: the tables ``files`` and ``spans``, each one file, or one for each part.

The same recordings in the same order give the same bytes.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from irec_live.errors import OutputError
from irec_live.files import make_folder
from irec_live.tables.recording import Recording

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

TABLES = ("files", "spans")
"""Names of the Parquet files, without ``.parquet``."""

_COLUMNS = {
    "path": "VARCHAR",
    "name": "VARCHAR",
    "sha256": "VARCHAR",
    "size_bytes": "BIGINT",
    "duration_s": "DOUBLE",
    "settings": "VARCHAR",
    "models": "VARCHAR[]",
    "labels": "VARCHAR[]",
    "detected": "VARCHAR[]",
    "warnings": "VARCHAR[]",
    "spans": "STRUCT(label VARCHAR, start_s DOUBLE, end_s DOUBLE, activation DOUBLE, level_db DOUBLE)[]",
}

_FILES = "SELECT * EXCLUDE (spans) FROM recordings ORDER BY row"
_SPANS = """
SELECT path, sha256, span.label, span.start_s, span.end_s, span.activation, span.level_db
FROM (SELECT row, path, sha256, unnest(spans) AS span, generate_subscripts(spans, 1) AS place FROM recordings)
ORDER BY row, place
"""


def connect(path: str | os.PathLike[str] = ":memory:", **options: Any) -> DuckDBPyConnection:
    """Open DuckDB as it is used here: one file or memory, no downloads, no settings of the user's.

    Parameters
    ----------
    path : path-like
    **options
        As of ``duckdb.connect``.
    """
    import duckdb

    config: dict[str, Any] = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
    return duckdb.connect(os.fspath(path), config=config, **options)


def write_tables(recordings: Iterable[Recording], folder: Path) -> list[Path]:
    """Write ``files.parquet`` and ``spans.parquet``, whole or not at all.

    Parameters
    ----------
    recordings : iterable of Recording
        Never held as a whole.
    folder : Path
        Made if it is missing.

    Returns
    -------
    list of Path

    Raises
    ------
    OutputError
        They cannot be written there.
    """
    import duckdb

    make_folder(folder)
    try:
        with tempfile.TemporaryDirectory(prefix=".irec-live-", dir=folder) as scratch, connect() as connection:
            lines = Path(scratch, "recordings.jsonl")
            with lines.open("w", encoding="utf-8") as file:
                for recording in recordings:
                    file.write(json.dumps(recording.to_dict(), allow_nan=False) + "\n")
            connection.execute(f"SET temp_directory = {literal(scratch)}")
            connection.execute("SET threads = 1")  # so that groups of rows end where they always do
            return _copy(connection, lines, Path(scratch), folder)
    except (duckdb.Error, OSError) as error:
        raise OutputError(f"cannot write Parquet to {folder}: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    """What went wrong, in the system's words where DuckDB wraps them into an object of its own."""
    number = re.search(r'"errno":\s*"?(\d+)', str(error))
    return os.strerror(int(number[1])) if number else str(error).splitlines()[0]


def _copy(connection: DuckDBPyConnection, lines: Path, scratch: Path, folder: Path) -> list[Path]:
    columns = ", ".join(f"{name}: '{kind}'" for name, kind in _COLUMNS.items())
    source = (
        f"read_json({literal(lines)}, format='newline_delimited', columns={{{columns}}}, "
        "maximum_object_size=1073741824)"
    )
    connection.execute(f"CREATE TABLE recordings AS SELECT row_number() OVER () AS row, * FROM {source}")
    targets = []
    for name, select in zip(TABLES, (_FILES.replace("(spans)", "(spans, row)"), _SPANS), strict=True):
        part, target = scratch / f"{name}.parquet", folder / f"{name}.parquet"
        connection.execute(f"COPY ({select}) TO {literal(part)} (FORMAT parquet, COMPRESSION zstd)")
        part.replace(target)
        targets.append(target)
    return targets


def literal(path: str | Path) -> str:
    """A path as SQL has text, for statements that take no parameters there."""
    return "'" + str(path).replace("'", "''") + "'"
