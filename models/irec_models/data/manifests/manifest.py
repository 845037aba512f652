"""Manifests: the ``manifest.csv`` of a data folder, with labels, split, source and licence of each clip.

Columns ``file``, ``labels`` (``;`` between several), ``source`` and ``split`` are needed; ``unknown`` (labels that
are not annotated, likewise), ``instrument``, ``kind``, ``licence``, ``repository``, ``path``, ``seconds`` and
``original_rate`` are used where they are given.
"""

from __future__ import annotations

import csv
import io
import logging
import re
import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Self

from irec_live.errors import DataError
from irec_live.files import write_atomically
from irec_live.models.onnx_file import printable
from irec_models.data.manifests.labels import UNPITCHED
from irec_models.inputs import MANIFEST, NEEDED, check_data_folder

OPTIONAL = ("unknown", "instrument", "kind", "licence", "seconds", "original_rate", "repository", "path")

MOST_BYTES = 500_000_000
"""Largest manifest that is read; a million clips take about 200 MB."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
"""No file is called so; the system refuses the first of them, and a sentence would be torn by others."""

_log = logging.getLogger(__name__)
_MOST_TOLD = 20
"""Columns in a message."""

_named: set[Path] = set()
"""What is outside of the data folder that links to it, of which that was said in this process."""

HANDLING, RELEASE = "handling", "release"
_HANDLING = re.compile(
    r"(^|[/ _-])(breath(?!y)|fail\b|perc?_?\d|mute_strings?\d|(open|close)_rr\d)[^/]*$"
    r"|MTG Solo Saxophones/[^/]*/[^/]*_[bk]_\d+\.",  # breath and keys
    re.IGNORECASE,
)
"""File names of noises that sample libraries record beside notes: breath, keys and valves, knocks on the body,
muted strings. Brought to the level of a note it would pass for the instrument."""
_RELEASE = re.compile(r"(^|[/ _-])release[^/]*$", re.IGNORECASE)
"""The echo of a key that is let go: the instrument, but not a note of it."""


KIN = (frozenset(("sf:fluidr3", "sf:musescore", "splendid")),)
"""Sources that hold the same recordings: MuseScore General was made from Fluid (R3), more than half of whose samples
are in it bit for bit, and has Splendid's piano; its information chunk names both. To leave one of them out alone is no
test."""


@dataclass(frozen=True, slots=True)
class Clip:
    """One row of a manifest.

    Attributes
    ----------
    root : Path
        Folder of the manifest.
    file : str
        Path of the audio below `root`, with forward slashes.
    labels : tuple of str
        Annotated names, in the manifest's order.
    source : str
        Recording source; clips of one source share players, rooms and microphones.
    split : str
    instrument : str
        Finer name; the first label where the manifest has none.
    kind : str
        ``notes``, ``phrases``, ``music``, ``speech``, ``noise`` ... In ``music`` more sounds than the labels tell: such
        clips are never stems of a mixture. Notes that are none, by the names of their files, are ``handling`` (labelled
        as noise) or ``release`` (no stems either).
    origin : str
        Path in the place it was taken from, else `file`.
    original_rate : int
        Hz at which it was published, 0 if unknown.
    licence : str
    unknown : tuple of str
        Labels that are not annotated in this clip: neither present nor absent.
    """

    root: Path
    file: str
    labels: tuple[str, ...]
    source: str
    split: str
    instrument: str
    kind: str
    origin: str
    original_rate: int
    licence: str
    unknown: tuple[str, ...] = ()

    @property
    def accompanied(self) -> bool:
        """Whether instruments beyond the labels may sound."""
        return self.kind.startswith("music")

    @property
    def stem(self) -> bool:
        """Whether it is a solo of one instrument, which can be mixed with others."""
        return len(self.labels) == 1 and not self.accompanied and self.kind != RELEASE

    @property
    def audio_path(self) -> Path:
        """Where the sound lies."""
        return self.root / self.file


def _clip(root: Path, row: dict[str, str], where: str) -> Clip:
    labels = _names(row["labels"])
    if not labels:
        raise DataError(f"{where} has no label; name at least one instrument in column 'labels'")
    if not row["source"]:
        raise DataError(f"{where} has no source; sources are what can be held out, so every clip needs one")
    file = PurePosixPath(row["file"])
    if file.is_absolute() or ".." in file.parts or not row["file"]:
        raise DataError(
            f"{where} names file '{printable(row['file'])}'; expected a path below the manifest's own folder"
        )
    if _CONTROL.search(row["file"]):
        raise DataError(f"{where} names file '{printable(row['file'])}', which has a control character in it")
    rate = row.get("original_rate") or "0"
    kind, origin = row.get("kind") or "phrases", row.get("path") or row["file"]
    if kind == "notes" and not UNPITCHED.intersection(labels):
        if _HANDLING.search(origin):
            labels, kind = ("noise",), HANDLING
        elif _RELEASE.search(origin):
            kind = RELEASE
    return Clip(
        root=root,
        file=str(file),
        labels=labels,
        source=row["source"],
        split=row["split"],
        instrument=row.get("instrument") or labels[0],
        kind=kind,
        origin=origin,
        original_rate=int(rate) if rate.isdecimal() and len(rate) < 10 else 0,
        licence=row.get("licence") or "",
        unknown=_names(row.get("unknown") or ""),
    )


def _names(cell: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in cell.split(";") if name.strip())


def read_manifest(folder: Path | str) -> tuple[Clip, ...]:
    """Read ``manifest.csv`` of one folder.

    Parameters
    ----------
    folder : path
        Folder that holds ``manifest.csv`` and the audio it names.

    Raises
    ------
    DataError
        The folder or manifest is missing, has an unknown or lacks a needed column, names a file twice or one that
        is not there, or has no rows.
    """
    root = Path(folder)
    check_data_folder(root)
    path = root / MANIFEST
    try:
        _check_plain(path)
        _tell_link(root, MANIFEST, path.resolve())
        with path.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.DictReader(stream)
            _check_columns(path, reader.fieldnames or ())
            clips = tuple(
                _clip(root, {k: (v or "").strip() for k, v in row.items() if k}, f"{path}, line {number}")
                for number, row in enumerate(reader, start=2)
            )
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path} cannot be read as a UTF-8 table: {error}") from error
    if not clips:
        raise DataError(f"{path} lists no clips")
    _check_files(path, clips)
    return clips


def _check_plain(path: Path) -> None:
    """Refuse devices, pipes and huge files before they are opened."""
    entry = path.stat()
    if not stat.S_ISREG(entry.st_mode):
        raise DataError(f"{path} is {'a folder' if stat.S_ISDIR(entry.st_mode) else 'not a plain file'}")
    if entry.st_size > MOST_BYTES:
        raise DataError(f"{path} has {entry.st_size / 1e6:.0f} MB; up to {MOST_BYTES / 1e6:.0f} MB are read")


def _check_columns(path: Path, names: Sequence[str]) -> None:
    missing = [name for name in NEEDED if name not in names]
    if missing and len(names) == 1 and (marks := set(names[0]) & set(";\t")):
        mark = "semicolons" if ";" in marks else "tabs"
        raise DataError(f"{path} has {mark} between its columns; save it with commas (in a spreadsheet: as CSV, UTF-8)")
    if missing:
        raise DataError(f"{path} lacks column {', '.join(missing)}; it has {_some(names) or 'none'}")
    unknown = [name for name in names if name not in NEEDED + OPTIONAL]
    if unknown:
        raise DataError(f"{path} has unknown column {_some(unknown)}; known are {', '.join(NEEDED + OPTIONAL)}")


def _some(names: Sequence[str]) -> str:
    """Names of columns in a line, however many and long somebody made them."""
    return ", ".join(map(printable, names[:_MOST_TOLD])) + (", ..." if len(names) > _MOST_TOLD else "")


def _check_files(path: Path, clips: Sequence[Clip]) -> None:
    root = path.parent.resolve()
    seen: set[str] = set()
    inside: dict[str, Path] = {}  # real folders, by their names in the manifest
    for clip in clips:
        if clip.file in seen:
            raise DataError(f"{path} names {clip.file} twice")
        seen.add(clip.file)
        folder = clip.file.rpartition("/")[0]
        if folder not in inside:
            inside[folder] = (path.parent / folder).resolve()
        try:
            entry = clip.audio_path.lstat()
            if stat.S_ISLNK(entry.st_mode):
                real = clip.audio_path.resolve()
                if not real.is_relative_to(root):
                    raise DataError(
                        f"{path} names {clip.file}, which is a link to {real}, outside the data folder; put the file "
                        "itself there, or remove the row"
                    )
                entry = real.stat()
        except OSError as error:
            raise DataError(f"{path} names {clip.file}, which is not there; fetch it or remove the row") from error
        if not stat.S_ISREG(entry.st_mode):
            raise DataError(f"{path} names {clip.file}, which is not a plain file; remove the row")
    # A folder that is linked is how collections are put together, but it must not go unsaid.
    for folder, real in sorted(inside.items()):
        _tell_link(path.parent, folder, real)


def _tell_link(root: Path, name: str, real: Path) -> None:
    """Say once if what has a name in a data folder is elsewhere."""
    if not real.is_relative_to(root.resolve()) and real not in _named:
        _named.add(real)
        _log.warning("irec-train: %s holds a link: %s is %s", root, name, real)


class DataFolders(tuple[Path, ...]):
    """Data folders whose manifests are read once, when first needed.

    Parameters
    ----------
    folders : path or iterable of path
        Each with a ``manifest.csv``. What is `DataFolders` already stays the same object, if no other cache is named.
    cache : Path, optional
        Where decoded sound is kept; in the user's cache folder by default.
    """

    cache: Path | None

    def __new__(cls, folders: Path | str | Iterable[Path | str], cache: Path | None = None) -> Self:
        if isinstance(folders, cls) and cache in (None, folders.cache):
            return folders
        listed = (folders,) if isinstance(folders, str | Path) else folders
        new = super().__new__(cls, map(Path, listed))
        new.cache = cache
        return new

    @cached_property
    def manifests(self) -> tuple[tuple[Clip, ...], ...]:
        """Clips of each folder.

        Raises
        ------
        DataError
            A folder or manifest is wrong.
        """
        return tuple(read_manifest(folder) for folder in self)

    @property
    def clips(self) -> tuple[Clip, ...]:
        """Clips of all folders, one after the other.

        Raises
        ------
        DataError
            A folder or manifest is wrong, or no folder was given.
        """
        if not self:
            raise DataError("no data folder was given")
        return tuple(clip for clips in self.manifests for clip in clips)


def read_manifests(folders: Path | str | Iterable[Path | str]) -> tuple[Clip, ...]:
    """Clips of one folder, or of several one after the other."""
    return DataFolders(folders).clips


def write_manifest(root: Path, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write ``manifest.csv`` of a folder, whole or not at all.

    Raises
    ------
    OutputError
        It cannot be written.
    """
    table = io.StringIO(newline="")
    writer = csv.writer(table)
    writer.writerow(columns)
    writer.writerows(rows)
    write_atomically(root / MANIFEST, table.getvalue())
