"""From a data set on disk to a ``manifest.csv`` that training and evaluation read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import soundfile

from irec_live.errors import DataError
from irec_models.data.manifests.manifest import write_manifest
from irec_models.progress import Progress, silent, tracked
from irec_papers.datasets.dataset import DataSet, Naming, Row
from irec_papers.datasets.download import fetch, verify
from irec_papers.datasets.splits import fewest
from irec_papers.datasets.unpack import unpack

COLUMNS = ("split", "file", "labels", "unknown", "instrument", "kind", "source", "licence", "seconds", "original_rate")


@dataclass(frozen=True, slots=True)
class Findings:
    """Contents of a data set on disk.

    Attributes
    ----------
    clips : int
        In the manifest.
    seconds : float
        Of sound.
    parts : dict of str to (int, int)
        Clips found and clips published, of each part that is there.
    absent : tuple of str
        Parts that are not.
    counts : dict of (str, str) to int
        Clips by split and label.
    manifest : Path
    """

    clips: int
    seconds: float
    parts: dict[str, tuple[int, int]]
    absent: tuple[str, ...]
    counts: dict[tuple[str, str], int]
    manifest: Path

    @property
    def incomplete(self) -> tuple[str, ...]:
        """Parts that have another number of clips than was published."""
        return tuple(name for name, (found, published) in self.parts.items() if found != published)


def get(
    data_set: DataSet,
    root: Path,
    parts: Sequence[str] = (),
    *,
    naming: Naming = "product",
    most: int | None = None,
    only: Sequence[str] = (),
    progress: Progress = silent,
) -> Findings:
    """Download, verify and unpack what is not there yet, then `check`.

    Parameters
    ----------
    data_set : DataSet
    root : Path
        Folder of the data set; is made if it is not there.
    parts : sequence of str
        Names of parts; all by default.
    naming : {"product", "own"}
    most : int, optional
    only : sequence of str
        See `check`.
    progress : Progress

    Raises
    ------
    DataError
        A download, a checksum or the unpacked files are wrong.
    OutputError
        Something cannot be written.
    """
    data_set.check_sorts(only)
    wanted = [data_set.part(name) for name in parts] or list(data_set.parts)
    for part in wanted:
        if _whole(data_set, root, part.name, part.clips):
            continue
        for archive in part.archives:
            folder = root / archive.folder if archive.folder else root
            place = root if archive.packed else folder
            path = fetch(archive, place, progress=progress)
            if archive.packed:
                unpack(path, folder, progress=progress)
    names = [part.name for part in wanted]
    found = check(data_set, root, names, naming=naming, most=most, only=only, archives=False, progress=progress)
    if found.incomplete:
        name = found.incomplete[0]
        here, published = found.parts[name]
        raise DataError(
            f"part '{name}' of {data_set.name} in {root} has {here:,} clips, expected {published:,}; delete what was "
            "unpacked and run the same command again"
        )
    return found


def _whole(data_set: DataSet, root: Path, part: str, clips: int) -> bool:
    if part not in data_set.find(root):
        return False
    try:
        return sum(1 for _ in data_set.read(root, (part,))) == clips
    except DataError:
        return False  # unpacking stopped half-way


def check(
    data_set: DataSet,
    root: Path,
    parts: Sequence[str] = (),
    *,
    naming: Naming = "product",
    most: int | None = None,
    only: Sequence[str] = (),
    archives: bool = True,
    progress: Progress = silent,
) -> Findings:
    """Check what is on disk and write its ``manifest.csv``.

    Annotations and sound must fit each other, every file's header must be readable, and archives that lie beside
    must have the published checksum.

    Parameters
    ----------
    data_set : DataSet
    root : Path
    parts : sequence of str
        Parts that must be there; all that are there by default.
    naming : {"product", "own"}
        Which names the manifest's labels have.
    most : int, optional
        At most so many clips of each source, chosen by a hash of their names.
    only : sequence of str
        Sorts of clips that go into the manifest (`DataSet.sorts`); all by default.
    archives : bool
        Verify checksums of archives.
    progress : Progress

    Raises
    ------
    DataError
        The data set is not there, or something in it is wrong.
    OutputError
        The manifest cannot be written.
    """
    if most is not None and most < 1:
        raise ValueError(f"most must be at least 1, not {most}")
    data_set.check_sorts(only)
    chosen = _chosen(data_set, root, parts)
    if archives:
        for archive in (archive for name in chosen for archive in data_set.part(name).archives):
            path = (root if archive.packed else root / archive.folder) / archive.file
            if path.is_file():
                verify(archive, path, progress=progress)
    rows = list(data_set.read(root, chosen))
    here = Counter(row.part for row in rows)
    absent = tuple(part.name for part in data_set.parts if part.name not in chosen)
    silent = [label for label in data_set.labels if not any(label in row.own for row in rows)]
    if silent and not absent:
        raise DataError(f"{root} has no clip of {', '.join(silent)}; unpack the archives of {data_set.name} again")
    if only:
        rows = [row for row in rows if row.sort in only]
        if not rows:
            raise DataError(f"{root} has no {' or '.join(only)} clips; take other parts, or leave --only out")
    if most is not None:
        rows = [rows[index] for index in fewest([row.source for row in rows], [str(row.file) for row in rows], most)]
    seconds = _write(root, tracked(rows, progress, f"reading {len(rows):,} clips"), naming)
    return Findings(
        clips=len(rows),
        seconds=seconds,
        parts={name: (here[name], data_set.part(name).clips) for name in chosen},
        absent=absent,
        counts=dict(Counter((row.split, label) for row in rows for label in row.labels(naming))),
        manifest=root / "manifest.csv",
    )


def _chosen(data_set: DataSet, root: Path, parts: Sequence[str]) -> tuple[str, ...]:
    found = data_set.find(root)
    asked = tuple(data_set.part(name).name for name in parts)
    missing = [name for name in asked if name not in found]
    if missing or not found:
        what = f"part '{missing[0]}' of {data_set.name}" if missing else data_set.name
        raise DataError(f"{root} does not hold {what}; run: irec-train data get {data_set.name} --dir {root}")
    return tuple(part.name for part in data_set.parts if part.name in (asked or found))


def _write(root: Path, rows: Iterable[Row], naming: Naming) -> float:
    """Write the manifest; the seconds of all clips."""
    total, table = 0.0, []
    for row in rows:
        try:
            row.file.as_posix().encode()
        except UnicodeEncodeError as error:
            raise DataError(f"a file below {root} has a name that is not UTF-8: {row.file!s:.60}; rename it") from error
        seconds, rate = _header(root / row.file)
        total += seconds
        table.append((*_cells(row, naming), f"{seconds:.3f}", str(rate)))
    write_manifest(root, COLUMNS, table)
    return total


def _header(path: Path) -> tuple[float, int]:
    try:
        about = soundfile.info(path)
    except (soundfile.SoundFileError, OSError) as error:
        raise DataError(f"{path} is no sound file: {error}; unpack the archive again") from error
    if not about.frames:
        raise DataError(f"{path} has no samples; unpack the archive again")
    return about.frames / about.samplerate, about.samplerate


def _cells(row: Row, naming: Naming) -> tuple[str, ...]:
    """All of `COLUMNS` but the last two, which the file tells."""
    names = (";".join(row.labels(naming)), ";".join(row.unknown(naming)))
    return (row.split, row.file.as_posix(), *names, row.instrument, row.kind, row.source, row.licence)
