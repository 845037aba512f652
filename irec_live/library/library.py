"""Library: put recordings in, search them, take them out."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from irec_live.errors import LibraryError
from irec_live.files import look
from irec_live.library.clauses import Query
from irec_live.library.query import parse
from irec_live.library.rows import (
    drop_recordings,
    grouped,
    ids_of,
    import_parquet,
    insert_recordings,
    put_files,
    texts,
    value_of,
)
from irec_live.library.sql import compile_query
from irec_live.library.store import WAIT_S, Store
from irec_live.library.values import Match, Results, Stats
from irec_live.tables.parquet import literal
from irec_live.tables.recording import Recording, Span

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

LIBRARY_VARIABLE = "IREC_LIBRARY"
"""Environment variable that names another file."""


def library_path() -> Path:
    """The library's file unless another one is given; it need not exist."""
    import platformdirs

    chosen = os.environ.get(LIBRARY_VARIABLE)
    return Path(chosen) if chosen else platformdirs.user_data_path("irec-live") / "library.duckdb"


@dataclass(frozen=True, slots=True)
class KnownFile:
    """A file that the library knows.

    Attributes
    ----------
    size_bytes, modified_ns : int
        When it was analysed.
    sha256, settings : str
    """

    size_bytes: int
    modified_ns: int
    sha256: str
    settings: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where a recording lies.

    Attributes
    ----------
    path : str
    size_bytes, modified_ns : int
        When it was analysed; 0 if it is not known when it was modified.
    duration_s : float
    """

    path: str
    size_bytes: int
    modified_ns: int
    duration_s: float


class Library:
    """Analysed recordings in one file. Nothing is open between two calls; any thread and any process may call.

    Parameters
    ----------
    path : path-like, optional
        `library_path` by default.
    wait_s : float
        How long to wait for another process that uses the file.
    """

    def __init__(self, path: str | os.PathLike[str] | None = None, *, wait_s: float = WAIT_S) -> None:
        self.path = library_path() if path is None else Path(path)
        self._store = Store(self.path, wait_s)

    def exists(self) -> bool:
        """Whether there is one already; an empty file is none.

        Raises
        ------
        LibraryError
            Nobody can tell: its folder may not be entered.
        """
        return self._store.is_there()

    def search(self, query: str | Query, *, limit: int = 100, offset: int = 0) -> Results:
        """Files in which instruments play as a query says.

        Parameters
        ----------
        query : str or Query
            In the language of `irec_live.library.query`; empty for all files.
        limit, offset : int
            Which of them.

        Raises
        ------
        QueryError
            The query is not understood.
        LibraryError
            There is no library, it is in use, or it is damaged.
        """
        if isinstance(query, str):
            query = parse(query, self.labels())
        statement = compile_query(query, limit, offset)
        with self._store.reading() as connection:
            rows = connection.execute(statement.hits, statement.parameters_of(statement.hits)).fetchall()
            if not rows:
                return Results((), 0)
            parameters = {**statement.parameters_of(statement.spans), "ids": sorted({row[1] for row in rows})}
            spans = grouped(connection.execute(statement.spans, parameters).fetchall())
        matches = (
            Match(path, sha256, duration_s, matched_s, level_db, tuple(spans[recording]))
            for path, recording, sha256, duration_s, matched_s, level_db, _ in rows
        )
        return Results(tuple(matches), rows[0][-1])

    def show(self, path: str | os.PathLike[str]) -> Recording:
        """All that is known of a file, by its path or by the end of it.

        Raises
        ------
        LibraryError
            No file, or several, are called so; or as of `search`.
        """
        wanted = os.fspath(path)
        with self._store.reading() as connection:
            found = [row[0] for row in connection.execute(
                "SELECT path FROM files WHERE path = $full OR path = $short OR ends_with(path, $end) ORDER BY path",
                {"full": str(Path(wanted).absolute()), "short": wanted, "end": os.sep + wanted},
            ).fetchall()]  # fmt: skip
            exact = [one for one in found if one in (wanted, str(Path(wanted).absolute()))]
            if not found:
                raise LibraryError(f"the library does not know {wanted}{self._near(connection, wanted)}")
            if len(found) > 1 and not exact:
                raise LibraryError(f"the library knows {len(found)} files called {wanted}; give more of the path")
            return self._recording(connection, (exact or found)[0])

    def labels(self) -> list[str]:
        """Labels that were looked for in any recording, by name; none if there is no library."""
        if not self.exists():
            return []
        with self._store.reading() as connection:
            rows = connection.execute("SELECT DISTINCT unnest(labels) AS label FROM recordings ORDER BY label")
            return [label for (label,) in rows.fetchall()]

    def stats(self) -> Stats:
        """How much it holds.

        Raises
        ------
        LibraryError
            As of `search`.
        """
        used = "id IN (SELECT recording FROM files)"
        with self._store.reading() as connection:

            def one(sql: str) -> Any:
                return value_of(connection, sql)

            labels = connection.execute(
                "SELECT label, sum(end_s - start_s) AS seconds FROM spans "
                "WHERE recording IN (SELECT recording FROM files) GROUP BY label ORDER BY seconds DESC, label"
            ).fetchall()
            settings = connection.execute("SELECT settings, count(*) FROM recordings GROUP BY 1 ORDER BY 1").fetchall()
            return Stats(
                path=str(self.path),
                size_bytes=self.path.stat().st_size,
                files=one("SELECT count(*) FROM files"),
                recordings=one("SELECT count(*) FROM recordings"),
                without_file=one(f"SELECT count(*) FROM recordings WHERE NOT {used}"),
                duration_s=one(f"SELECT coalesce(sum(duration_s), 0.0) FROM recordings WHERE {used}"),
                spans=one("SELECT count(*) FROM spans"),
                labels=dict(labels),
                settings=dict(settings),
            )

    def known_files(self) -> dict[str, KnownFile]:
        """All files by path; none if there is no library."""
        if not self.exists():
            return {}
        with self._store.reading() as connection:
            rows = connection.execute(
                "SELECT f.path, f.size_bytes, f.modified_ns, r.sha256, r.settings "
                "FROM files f JOIN recordings r ON r.id = f.recording"
            ).fetchall()
        return {path: KnownFile(*rest) for path, *rest in rows}

    def places(self, sha256: str) -> list[Place]:
        """Files of this content, by path; none where it is not known.

        Raises
        ------
        LibraryError
            As of `search`.
        """
        with self._store.reading() as connection:
            rows = connection.execute(
                "SELECT f.path, f.size_bytes, f.modified_ns, r.duration_s "
                "FROM files f JOIN recordings r ON r.id = f.recording WHERE r.sha256 = $sha256 ORDER BY f.path",
                {"sha256": sha256},
            ).fetchall()
        return [Place(*row) for row in rows]

    def known_contents(self, settings: str) -> dict[str, int]:
        """Sizes in bytes of recordings that were analysed so, by sha256; also of those that have no file now."""
        if not self.exists():
            return {}
        with self._store.reading() as connection:
            sql = "SELECT sha256, size_bytes FROM recordings WHERE settings = $settings"
            return dict(connection.execute(sql, {"settings": settings}).fetchall())

    def put(self, recordings: Sequence[Recording], modified_ns: Sequence[int] | None = None) -> None:
        """Add recordings and their files, or replace what is known of the same contents and paths. One transaction.

        Parameters
        ----------
        recordings : sequence of Recording
            With their paths and hashes.
        modified_ns : sequence of int, optional
            When each file was modified; 0 if it is not known.

        Raises
        ------
        LibraryError
            It is in use, or cannot be written.
        """
        if not recordings:
            return
        times = [0] * len(recordings) if modified_ns is None else list(modified_ns)
        by_content = {one.sha256: one for one in recordings}
        with self._store.writing() as connection:
            known = ids_of(connection, by_content)
            following = value_of(connection, "SELECT coalesce(max(id), 0) FROM recordings") + 1
            ids = {}
            for sha256 in by_content:
                ids[sha256] = known.get(sha256, following)
                following += sha256 not in known
            drop_recordings(connection, list(known.values()))
            insert_recordings(connection, by_content.values(), ids)
            rows = [(one.path, ids[one.sha256], one.size_bytes, ns) for one, ns in zip(recordings, times, strict=True)]
            put_files(connection, rows)

    def put_files(self, files: Sequence[tuple[str, str, int, int]]) -> None:
        """Add files of recordings that are known: moved or copied ones.

        Parameters
        ----------
        files : sequence of (str, str, int, int)
            Path, sha256, size in bytes, and time of modification in nanoseconds.
        """
        if not files:
            return
        with self._store.writing() as connection:
            ids = ids_of(connection, {sha256 for _, sha256, _, _ in files})
            put_files(connection, [(path, ids[sha256], size, ns) for path, sha256, size, ns in files])

    def remove_files(self, paths: Iterable[str]) -> int:
        """Forget files; their number. Their recordings stay until `prune`."""
        paths = list(paths)
        if not paths or not self.exists():
            return 0
        with self._store.writing() as connection:
            connection.register("gone", {"path": texts(paths)})
            count: int = value_of(connection, "SELECT count(*) FROM files WHERE path IN (SELECT path FROM gone)")
            connection.execute("DELETE FROM files WHERE path IN (SELECT path FROM gone)")
            return count

    def prune(self) -> int:
        """Forget recordings that have no file; their number."""
        with self._store.writing() as connection:
            rows = connection.execute("SELECT id FROM recordings WHERE id NOT IN (SELECT recording FROM files)")
            ids = [row[0] for row in rows.fetchall()]
            drop_recordings(connection, ids)
            return len(ids)

    def import_tables(self, folder: Path) -> int:
        """Add what `irec_live.tables` or a cluster wrote: ``files.parquet`` and ``spans.parquet``; the number of files.

        Parameters
        ----------
        folder : Path
            Or its ``files.parquet``.

        Raises
        ------
        LibraryError
            They are not there, or not such tables.
        """
        folder = folder.parent if folder.name == "files.parquet" else folder
        files, spans = folder / "files.parquet", folder / "spans.parquet"
        for path in (files, spans):
            if look(path, LibraryError) != "file":
                raise LibraryError(f"there is no {path}; give a folder that analyze --format parquet wrote")
        with self._store.writing() as connection:
            return import_parquet(connection, literal(files), literal(spans))

    def _recording(self, connection: DuckDBPyConnection, path: str) -> Recording:
        rows = connection.execute(
            "SELECT r.id, r.sha256, f.size_bytes, r.duration_s, r.settings, r.models, r.labels, r.detected, r.warnings "
            "FROM files f JOIN recordings r ON r.id = f.recording WHERE f.path = $path",
            {"path": path},
        ).fetchall()
        ident, sha256, size_bytes, duration_s, settings, *lists = rows[0]
        spans = connection.execute(
            "SELECT label, start_s, end_s, activation, level_db FROM spans WHERE recording = $id "
            "ORDER BY start_s, label, end_s",
            {"id": ident},
        ).fetchall()
        models, labels, detected, warnings = (tuple(one or ()) for one in lists)
        return Recording(
            path=path,
            name=Path(path).name,
            sha256=sha256,
            size_bytes=size_bytes,
            duration_s=duration_s,
            settings=settings,
            models=models,
            labels=labels,
            detected=detected,
            warnings=warnings,
            spans=tuple(Span(*span) for span in spans),
        )

    def _near(self, connection: DuckDBPyConnection, wanted: str) -> str:
        names = [Path(row[0]).name for row in connection.execute("SELECT path FROM files LIMIT 20000").fetchall()]
        near = difflib.get_close_matches(Path(wanted).name, names, n=1)
        return f"; is {near[0]} meant?" if near else "; irec-live library add its folder first"
