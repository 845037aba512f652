"""Rows of the library's tables: recordings, spans and files, written a set at a time.

Every value that a user gave goes in as a column or a parameter, never as a part of the SQL.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from irec_live.tables.recording import Recording, Span

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_LISTS = ("models", "labels", "detected", "warnings")


def ids_of(connection: DuckDBPyConnection, contents: Iterable[str]) -> dict[str, int]:
    """Numbers of recordings by their contents' sha256, of those that are known."""
    connection.register("contents", {"sha256": texts(contents)})
    rows = connection.execute("SELECT r.sha256, r.id FROM recordings r JOIN contents USING (sha256)").fetchall()
    connection.unregister("contents")
    return dict(rows)


def drop_recordings(connection: DuckDBPyConnection, ids: Sequence[int]) -> None:
    """Forget recordings and their spans."""
    if ids:
        connection.register("dropped", {"id": np.array(ids, np.int64)})
        connection.execute("DELETE FROM spans WHERE recording IN (SELECT id FROM dropped)")
        connection.execute("DELETE FROM recordings WHERE id IN (SELECT id FROM dropped)")
        connection.unregister("dropped")


def put_files(connection: DuckDBPyConnection, rows: Sequence[tuple[str, int, int, int]]) -> None:
    """Add or replace files: path, recording, bytes, time of modification in ns. Of one path the last row counts."""
    latest = {row[0]: row for row in rows}
    paths, ids, sizes, times = zip(*latest.values(), strict=True)
    connection.register(
        "put",
        {
            "path": texts(paths),
            "recording": np.array(ids, np.int64),
            "size_bytes": np.array(sizes, np.int64),
            "modified_ns": np.array(times, np.int64),
        },
    )
    connection.execute("DELETE FROM files WHERE path IN (SELECT path FROM put)")
    connection.execute("INSERT INTO files SELECT path, recording, size_bytes, modified_ns FROM put")
    connection.unregister("put")


def grouped(rows: Sequence[tuple[Any, ...]]) -> dict[int, list[Span]]:
    """Spans by the number of their recording, which is the first column."""
    spans: dict[int, list[Span]] = defaultdict(list)
    for recording, *span in rows:
        spans[recording].append(Span(*span))
    return spans


def insert_recordings(connection: DuckDBPyConnection, recordings: Iterable[Recording], ids: dict[str, int]) -> None:
    """Add recordings with their spans, by the numbers that their contents are to have."""
    recordings = list(recordings)
    connection.register(
        "new_recordings",
        {
            "id": np.array([ids[one.sha256] for one in recordings], np.int64),
            "sha256": texts(one.sha256 for one in recordings),
            "size_bytes": np.array([one.size_bytes for one in recordings], np.int64),
            "duration_s": np.array([one.duration_s for one in recordings], np.float64),
            "settings": texts(one.settings for one in recordings),
            **{name: texts(json.dumps(getattr(one, name)) for one in recordings) for name in _LISTS},
        },
    )
    lists = ", ".join(f"""from_json({name}, '["VARCHAR"]')""" for name in _LISTS)
    connection.execute(
        f"INSERT INTO recordings SELECT id, sha256, size_bytes, duration_s, settings, {lists} FROM new_recordings"
    )
    connection.unregister("new_recordings")
    rows = list(_span_rows(recordings, ids))
    if not rows:
        return
    number, labels, *columns = zip(*rows, strict=True)
    table: dict[str, Any] = {"recording": np.array(number, np.int64), "label": texts(labels)}
    for name, column in zip(("start_s", "end_s", "activation", "level_db"), columns, strict=True):
        table[name] = np.array(column, np.float64)  # None becomes NaN, which DuckDB reads as NULL
    connection.register("new_spans", table)
    connection.execute("INSERT INTO spans SELECT recording, label, start_s, end_s, activation, level_db FROM new_spans")
    connection.unregister("new_spans")


def _span_rows(recordings: Iterable[Recording], ids: dict[str, int]) -> Iterator[tuple[Any, ...]]:
    for one in recordings:
        for span in one.spans:
            yield ids[one.sha256], span.label, span.start_s, span.end_s, span.activation, span.level_db


def import_parquet(connection: DuckDBPyConnection, files: str, spans: str) -> int:
    """Tables of Parquet into ours; a content that is known is replaced."""
    wanted = "path, sha256, size_bytes, duration_s, settings, models, labels, detected, warnings"
    connection.execute(f"CREATE TEMP TABLE incoming AS SELECT {wanted} FROM read_parquet({files})")
    connection.execute(
        "CREATE TEMP TABLE numbered AS SELECT sha256, any_value(path) AS path, "
        "coalesce(any_value(known.id), (SELECT coalesce(max(id), 0) FROM recordings) "
        "+ row_number() OVER (ORDER BY sha256)) AS id "
        "FROM incoming LEFT JOIN (SELECT id, sha256 FROM recordings) AS known USING (sha256) GROUP BY sha256"
    )
    for table, key in (("spans", "recording"), ("recordings", "id")):
        connection.execute(f"DELETE FROM {table} WHERE {key} IN (SELECT id FROM numbered)")
    connection.execute("DELETE FROM files WHERE path IN (SELECT path FROM incoming)")
    connection.execute(
        "INSERT INTO recordings SELECT n.id, i.sha256, i.size_bytes, i.duration_s, i.settings, i.models, i.labels, "
        "i.detected, i.warnings FROM incoming i JOIN numbered n USING (sha256, path)"
    )
    connection.execute(
        "INSERT INTO files SELECT i.path, n.id, i.size_bytes, 0 FROM incoming i JOIN numbered n USING (sha256)"
    )
    connection.execute(
        "INSERT INTO spans SELECT n.id, s.label, s.start_s, s.end_s, s.activation, s.level_db "
        f"FROM read_parquet({spans}) s JOIN numbered n USING (sha256, path)"
    )
    count: int = value_of(connection, "SELECT count(*) FROM incoming")
    connection.execute("DROP TABLE incoming; DROP TABLE numbered")
    return count


def value_of(connection: DuckDBPyConnection, sql: str) -> Any:
    """Of a statement that gives one. NB: fetched to its end, or DuckDB refuses the next statement."""
    return connection.execute(sql).fetchall()[0][0]


def texts(values: Iterable[str]) -> Any:
    """Text as a column that DuckDB reads."""
    return np.array(list(values), dtype=object)  # of objects: NumPy's own strings lose null characters at the end
