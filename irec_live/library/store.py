"""The library's file: opened for one short piece of work at a time.

DuckDB lets many processes read a file, or one write it. So nobody keeps it open: a reader opens it for one query and a
writer for one transaction, and who comes at the wrong moment waits a little. Inside one process, where DuckDB refuses
to open a file in both ways at once, readers and a writer take turns.

DuckDB reads where things are in a file before it locks it (2.0 does): a writer that finishes in between is overwritten
by one that works with what it had read. So a lock of our own, on an empty file beside the library, is taken before.
"""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING

from irec_live.errors import LibraryError
from irec_live.files import lock_file, look
from irec_live.tables import connect

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

VERSION = "1"
WAIT_S = 10.0
"""How long to wait for another process."""

SCHEMA = """
CREATE TABLE about (key VARCHAR, value VARCHAR);
CREATE TABLE recordings (
    id BIGINT, sha256 VARCHAR, size_bytes BIGINT, duration_s DOUBLE, settings VARCHAR,
    models VARCHAR[], labels VARCHAR[], detected VARCHAR[], warnings VARCHAR[]
);
CREATE TABLE files (path VARCHAR, recording BIGINT, size_bytes BIGINT, modified_ns BIGINT);
CREATE TABLE spans (
    recording BIGINT, label VARCHAR, start_s DOUBLE, end_s DOUBLE, activation DOUBLE, level_db DOUBLE
);
"""

_TABLES = {"about", "recordings", "files", "spans"}

_IN_USE = ("Could not set lock", "being used by another process")
"""What DuckDB says, on Unix and on Windows, while another program has the file."""

_ANOTHER = "move it away and add your folders anew, or name another library (--library, IREC_LIBRARY)"


class Store:
    """A file of DuckDB with the library's tables. Any thread may call.

    Parameters
    ----------
    path : Path
    wait_s : float
        How long to wait for another process.
    """

    def __init__(self, path: Path, wait_s: float = WAIT_S) -> None:
        self.path = path
        self._wait_s = wait_s
        self._turns = _turns_of(path)

    def is_there(self) -> bool:
        """Whether there is a file. An empty one is none: who made it was killed, or found the disk full.

        Raises
        ------
        LibraryError
            Nobody can tell: its folder may not be entered.
        """
        kind = look(self.path, LibraryError)
        with suppress(OSError):
            return bool(kind) and (kind != "file" or self.path.stat().st_size > 0)
        return False

    @contextmanager
    def reading(self) -> Iterator[DuckDBPyConnection]:
        """The file as it is now, for one query.

        Raises
        ------
        LibraryError
            There is none, it is being written all the time, or it is damaged.
        """
        if not self.is_there():
            raise LibraryError(f"there is no library at {self.path} yet; irec-live library add FOLDER makes one")
        with self._turns.reading(), self._opened(read_only=True) as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[DuckDBPyConnection]:
        """The file for one transaction: all of it is done at the end, or nothing if something is raised.

        Raises
        ------
        LibraryError
            It is in use all the time, cannot be written, or is damaged.
        """
        with self._turns.writing():
            try:
                self.path.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise LibraryError(f"cannot write {self.path}: {error.strerror or error}") from error
            with self._opened(read_only=False) as connection:
                connection.execute("BEGIN")
                yield connection
                connection.execute("COMMIT")

    @contextmanager
    def _opened(self, *, read_only: bool) -> Iterator[DuckDBPyConnection]:
        give_up_s = time.monotonic() + self._wait_s
        with self._lock_to_open(read_only=read_only) as lock:
            while lock is not None and not lock_file(lock, shared=read_only):
                self._wait(give_up_s, read_only=read_only)
            with self._worded(), self._open(give_up_s, read_only=read_only) as connection:
                yield connection

    @contextmanager
    def _lock_to_open(self, *, read_only: bool) -> Iterator[IO[bytes] | None]:
        """The file that is locked, open; None where it is not there and cannot be made: nobody writes there."""
        path = self.path.with_name(f"{self.path.name}.lock")
        with ExitStack() as stack:
            lock = None
            for mode in ("rb", "ab") if read_only else ("ab", "rb"):
                with suppress(OSError):
                    lock = stack.enter_context(path.open(mode))
                    break
            yield lock

    def _wait(self, give_up_s: float, *, read_only: bool, cause: Exception | None = None) -> None:
        """Wait a moment for others who use the file.

        Raises
        ------
        LibraryError
            They had their time.
        """
        if time.monotonic() > give_up_s:
            verb = "written" if read_only else "used"
            raise LibraryError(
                f"the library {self.path} is being {verb} by another program; try again in a moment"
            ) from cause
        time.sleep(random.uniform(0.01, 0.1))  # not all that wait at once

    def _open(self, give_up_s: float, *, read_only: bool) -> DuckDBPyConnection:
        import duckdb

        if not read_only and not self.is_there():
            with suppress(OSError):
                self.path.unlink()  # DuckDB makes a file, but does not begin in an empty one
        self._check_access(read_only=read_only)
        while True:
            try:
                connection = connect(self.path, read_only=read_only)
                break
            except duckdb.Error as error:
                if any(words in str(error) for words in _IN_USE):
                    self._wait(give_up_s, read_only=read_only, cause=error)
                    continue
                raise LibraryError(
                    f"{self.path} is no library that can be opened: {_first_line(error)}; {_ANOTHER}"
                ) from error
        try:
            with self._worded():
                self._check(connection, make=not read_only)
        except BaseException:
            connection.close()
            raise
        return connection

    def _check_access(self, *, read_only: bool) -> None:
        """DuckDB says the same of a file that may not be opened as of one that is damaged."""
        verb = "read" if read_only else "write"
        allowed = os.access(self.path, os.R_OK if read_only else os.W_OK) or not look(self.path)
        if not read_only:  # it keeps a file beside it while it writes
            allowed = allowed and os.access(self.path.parent, os.W_OK)
        if not allowed:
            raise LibraryError(
                f"cannot {verb} {self.path}: permission denied; see who may {verb} it and its folder, or name another "
                "library (--library, IREC_LIBRARY)"
            )

    def _check(self, connection: DuckDBPyConnection, *, make: bool) -> None:
        """See that the tables are those that we know; make them in an empty file."""
        import duckdb

        tables = {name for (name,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
        if not tables and make:
            connection.execute(f"BEGIN; {SCHEMA} INSERT INTO about VALUES ('version', '{VERSION}'); COMMIT")
            return
        found = []
        if "about" in tables:
            with suppress(duckdb.BinderException):  # it has other columns
                found = connection.execute("SELECT value FROM about WHERE key = 'version'").fetchall()
        if not found:
            raise LibraryError(f"{self.path} is a database of something else; {_ANOTHER}")
        if found[0][0] != VERSION:
            raise LibraryError(
                f"the library {self.path} was made by another version of irec-live: it has tables {found[0][0]}, not "
                f"{VERSION}; {_ANOTHER}"
            )
        if not tables >= _TABLES:
            raise LibraryError(f"{self.path} lacks tables of a library; {_ANOTHER}")

    @contextmanager
    def _worded(self) -> Iterator[None]:
        import duckdb

        try:
            yield
        except duckdb.Error as error:
            raise LibraryError(f"the library {self.path} failed: {_first_line(error)}") from error


class _Turns:
    """Readers at the same time, or one writer."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._readers = 0
        self._writes = False
        self._waiting = 0

    @contextmanager
    def reading(self) -> Iterator[None]:
        with self._changed:
            self._changed.wait_for(lambda: not self._writes and not self._waiting)
            self._readers += 1
        try:
            yield
        finally:
            with self._changed:
                self._readers -= 1
                self._changed.notify_all()

    @contextmanager
    def writing(self) -> Iterator[None]:
        with self._changed:
            self._waiting += 1
            try:
                self._changed.wait_for(lambda: not self._writes and not self._readers)
            finally:
                self._waiting -= 1  # also after Ctrl-C, or readers would wait for this writer for ever
                self._changed.notify_all()
            self._writes = True
        try:
            yield
        finally:
            with self._changed:
                self._writes = False
                self._changed.notify_all()


_turns: dict[Path, _Turns] = {}
_turns_lock = threading.Lock()


def _turns_of(path: Path) -> _Turns:
    with _turns_lock:
        return _turns.setdefault(path.resolve(), _Turns())


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]
