"""Add folders to the library: only what is new or was changed is analysed.

A file is known by its path, size and time of modification, else by its content: one that was moved, renamed or copied
is not analysed again.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from irec_live.batch.items import Item, Outcome, Settings
from irec_live.batch.paths import Found
from irec_live.batch.run import Engine, Summary, count_outcome
from irec_live.batch.writing import file_sha256
from irec_live.errors import MediaError
from irec_live.library.library import KnownFile, Library
from irec_live.spool import printable
from irec_live.tables.recording import Recording

_MOST_WAITING = 200
_FLUSH_S = 3.0
"""Results are written after so many, or so long: each write keeps readers out for a moment."""


@dataclass(slots=True)
class Adding(Summary):
    """What became of files that are added.

    Attributes
    ----------
    moved : int
        Files whose content was known by another path.
    gone : int
        Files that were known in the folders and are there no more.
    """

    moved: int = 0
    gone: int = 0


@dataclass(slots=True)
class _Waiting:
    recordings: list[Recording] = field(default_factory=list)
    times: list[int] = field(default_factory=list)
    since_s: float = field(default_factory=time.monotonic)


class FolderAdder:
    """Adds files to a library. What is written stays, whenever it is stopped.

    Parameters
    ----------
    library : Library
    files : sequence of Found
    settings : Settings
        Of form `PARQUET`, without curves.
    folders : sequence of Path
        Of which `files` are all sound files: what the library knows in them and `files` lacks is forgotten.
    checksum : bool
        Look at the content of every file, whatever its size and time say.

    Raises
    ------
    MediaError
        A file is in object storage, where looking whether it changed would be to fetch it.

    Attributes
    ----------
    items : list of Item
        What is to be analysed.
    summary : Adding
    """

    def __init__(
        self,
        library: Library,
        files: Sequence[Found],
        settings: Settings,
        *,
        folders: Sequence[Path] = (),
        checksum: bool = False,
    ) -> None:
        if any(file.url for file in files):
            raise MediaError(
                "a library is made of this machine's files; analyze the others with --format parquet, "
                "and import the tables"
            )
        self._library, self._settings = library, settings
        self.summary = Adding()
        self.items: list[Item] = []
        self._times: dict[str, int] = {}
        known = library.known_files()
        contents = library.known_contents(settings.analysis)
        sizes = set(contents.values())
        moved = []
        paths = set()
        for file in files:
            path = Path(printable(file.path.absolute()))
            paths.add(str(path))
            size, modified_ns = _stamp(file.path)
            one = known.get(str(path))
            fresh = KnownFile(size, modified_ns, "" if one is None else one.sha256, settings.analysis)
            if one == fresh and not checksum:
                self.summary.same += 1
                continue
            if size in sizes:
                sha256 = _content(file.path)
                if sha256 in contents:
                    moved.append((str(path), sha256, size, modified_ns))
                    self.summary.moved += one is None or one.sha256 != sha256
                    self.summary.same += one is not None and one.sha256 == sha256
                    continue
            self._times[str(path)] = modified_ns
            self.items.append(
                Item(str(file.path.absolute()), printable(file.below.as_posix()), str(path), None, max(size, 0))
            )
        library.put_files(moved)
        inside = [folder.absolute() for folder in folders]
        gone = [path for path in known if path not in paths and any(one in Path(path).parents for one in inside)]
        self.summary.gone = library.remove_files(gone)

    def run(self, engine: Engine) -> Iterator[tuple[Item, Outcome]]:
        """Analyse; outcomes as they come. Results are in the library at the latest when this ends or is closed."""
        items = {item.key: item for item in self.items}
        waiting = _Waiting()
        try:
            for outcome in engine(self.items):
                item = items[outcome.key]
                if outcome.recording is not None:
                    waiting.recordings.append(outcome.recording)
                    waiting.times.append(self._times[item.key])
                count_outcome(self.summary, item, outcome)
                if len(waiting.recordings) >= _MOST_WAITING or time.monotonic() - waiting.since_s > _FLUSH_S:
                    self._library.put(waiting.recordings, waiting.times)
                    waiting = _Waiting()
                yield item, outcome
        finally:
            self._library.put(waiting.recordings, waiting.times)


def _stamp(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except (OSError, ValueError):
        return -1, 0
    return status.st_size, status.st_mtime_ns


def _content(path: Path) -> str:
    try:
        return file_sha256(path)
    except OSError:
        return ""
