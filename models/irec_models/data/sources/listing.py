"""The list of recordings: one row a clip, with the public repository and the path that its sound comes from.

The bundled list is ``sources.csv.gz`` beside this module. Its columns are those of a manifest, where ``file`` is the
clip in the data folder and ``path`` the original in the repository, and besides

===========  =========================================================================================================
column       meaning
===========  =========================================================================================================
repository   git address, or ``OWNER/NAME`` on GitHub, or ``debian:PACKAGE`` for what a package of Debian has installed
commit       in which to look for it first; empty for the newest of the repository's default branch
sha256       of the original file's bytes; empty if it was not recorded
unknown      labels that may sound or not, parted by ``;``; a list may lack this column
===========  =========================================================================================================

What the bundled list can and cannot promise is told in ``models/TRAINING.md``.
"""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from irec_live.errors import DataError

BUNDLED = Path(__file__).with_name("sources.csv.gz")

COLUMNS = (
    "split",
    "file",
    "labels",
    "instrument",
    "kind",
    "source",
    "licence",
    "seconds",
    "original_rate",
    "repository",
    "commit",
    "path",
    "sha256",
)
OPTIONAL = ("unknown",)


@dataclass(frozen=True, slots=True)
class Listed:
    """One row of a list: a clip and where it is published.

    Attributes
    ----------
    split, labels, instrument, kind, source, licence : str
        As in a manifest.
    file : str
        The clip in the data folder, without its suffix there: fetched clips are ``.flac``.
    seconds : float
        Longest duration of the clip, s; 0 for all of its original.
    original_rate : str
        Hz.
    repository, commit, path, sha256 : str
    unknown : str
        As in a manifest.
    """

    split: str
    file: str
    labels: str
    instrument: str
    kind: str
    source: str
    licence: str
    seconds: float
    original_rate: str
    repository: str
    commit: str
    path: str
    sha256: str
    unknown: str = ""

    @property
    def address(self) -> str:
        """Address to clone from; empty if the clip is in no git repository."""
        if self.repository.startswith("debian:"):
            return ""
        if "://" in self.repository or Path(self.repository).is_absolute():
            return self.repository
        return f"https://github.com/{self.repository}"


def read_list(path: Path = BUNDLED) -> tuple[Listed, ...]:
    """Read a list, compressed or not.

    Raises
    ------
    DataError
        It is missing, unreadable, lacks a column, or has an impossible row.
    """
    try:
        raw = path.read_bytes()
        text = (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode("utf-8-sig")
        reader = csv.DictReader(io.StringIO(text, newline=""))
        missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
        if missing:
            raise DataError(f"{path} lacks column {', '.join(missing)}; a list of sources has {', '.join(COLUMNS)}")
        rows = [{name: (row.get(name) or "").strip() for name in (*COLUMNS, *OPTIONAL)} for row in reader]
    except (OSError, EOFError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path} cannot be read as a list of sources: {error}") from error
    return tuple(_listed(row, f"{path}, line {number}") for number, row in enumerate(rows, start=2))


def only_sources(listed: Sequence[Listed], sources: Sequence[str]) -> tuple[Listed, ...]:
    """Clips of some sources; all of them if none is named.

    Raises
    ------
    DataError
        There is no such source.
    """
    known = {row.source for row in listed}
    unknown = sorted(set(sources) - known)
    if unknown:
        raise DataError(f"no source is called {', '.join(unknown)}; known: {', '.join(sorted(known))}")
    return tuple(row for row in listed if not sources or row.source in sources)


def _listed(row: dict[str, str], where: str) -> Listed:
    file = PurePosixPath(row["file"])
    if not row["file"] or file.is_absolute() or ".." in file.parts:
        raise DataError(f"{where} names file '{row['file']}'; expected a path below the data folder")
    for name in ("labels", "source", "split", "repository", "path"):
        if not row[name]:
            raise DataError(f"{where} has nothing in column '{name}'")
    if row["repository"].startswith("-"):
        raise DataError(f"{where} names repository '{row['repository']}'; expected an address or OWNER/NAME")
    try:
        seconds = float(row["seconds"] or 0)
    except ValueError as error:
        raise DataError(f"{where} has '{row['seconds']}' in column 'seconds'; expected a number") from error
    return Listed(**{**row, "seconds": seconds, "file": str(file.with_suffix(".flac"))})  # type: ignore[arg-type]
