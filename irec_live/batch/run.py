"""One run over many files: names first, then the engine, then what it says into the journal and the tables."""

from __future__ import annotations

import errno
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from irec_live.batch.items import PARQUET, Item, Outcome, Settings
from irec_live.batch.journal import Journal, remove_left_over
from irec_live.batch.naming import check_name, result_names
from irec_live.batch.paths import Found
from irec_live.errors import OutputError
from irec_live.files import look, make_folder
from irec_live.formats import FORMATS
from irec_live.spool import printable
from irec_live.tables import TABLES, write_tables

Engine = Callable[[Iterable[Item]], Iterator[Outcome]]
"""Analyses items; tells the outcomes as they come."""

_FULL = tuple(os.strerror(code) for code in (errno.ENOSPC, errno.EDQUOT))
"""What the system says of a disk that is full, and of a user's share of one."""

CURVES = "curves"
"""Folder of the curves beside the tables."""


@dataclass(slots=True)
class Summary:
    """What became of a batch so far.

    Attributes
    ----------
    done, same : int
        Files analysed in this run; files that were done before and are unchanged.
    sound_s : float
        Seconds of sound analysed in this run.
    failures : list of (str, str)
        Path and reason, a sentence.
    incomplete : list of str
        Paths of files of which a part could not be analysed.
    """

    done: int = 0
    same: int = 0
    sound_s: float = 0.0
    failures: list[tuple[str, str]] = field(default_factory=list)
    incomplete: list[str] = field(default_factory=list)

    @property
    def status(self) -> int:
        """Exit status: 0, or 1 if a file failed or part of one could not be analysed."""
        return int(bool(self.failures or self.incomplete))


class Batch:
    """Files to results in a folder. Use it as a context manager: the folder is ours until it is closed.

    Parameters
    ----------
    files : sequence of Found
    folder : Path
        Made if it is missing.
    settings : Settings
    resume : bool
        Skip what the folder's journal says is done, and is unchanged.
    overwrite : bool
        Replace result files that say something else.

    Attributes
    ----------
    items : list of Item
        In the order of `files`.
    summary : Summary

    Raises
    ------
    OutputError
        The folder cannot be written or is in use, a name is too long, or results are there already.
    """

    def __init__(
        self,
        files: Sequence[Found],
        folder: Path,
        settings: Settings,
        *,
        resume: bool = False,
        overwrite: bool = False,
    ) -> None:
        self.folder, self.settings = make_folder(folder), settings
        self.summary = Summary()
        self._done: set[str] = set()  # seen to be, in this run: the journal may know files that are not asked for now
        self._journal = Journal(folder)
        try:
            self.items = self._items(files, resume=resume)
            self._check(resume=resume, overwrite=overwrite)
            for parent in {Path(item.target).parent for item in self.items if item.target is not None}:
                make_folder(parent)
            remove_left_over({Path(item.target).parent for item in self.items if item.target is not None})
        except BaseException:
            self.close()
            raise

    def run(self, engine: Engine) -> Iterator[tuple[Item, Outcome]]:
        """Analyse what is not done; outcomes as they come. Whatever happens, what is done is kept.

        Raises
        ------
        OutputError
            The disk is full: all others would be analysed for nothing.
        """
        items = {item.key: item for item in self.items}
        fingerprint = self.settings.fingerprint
        for outcome in engine(self.items):
            item = items[outcome.key]
            if outcome.status == "done":
                self._journal.add(outcome, fingerprint, keep_recording=self.settings.form == PARQUET)
            if outcome.status != "failed":
                self._done.add(outcome.key)
            count_outcome(self.summary, item, outcome)
            yield item, outcome
            if outcome.status == "failed" and any(words in outcome.reason for words in _FULL):
                raise OutputError(f"{outcome.reason}; the run was stopped here, and what is done is kept")

    def write_tables(self) -> list[Path]:
        """Write the tables of `PARQUET` of all that this run did or found done, in the order of the items.

        Raises
        ------
        OutputError
            They cannot be written.
        """
        done = (item.key for item in self.items if item.key in self._done)
        return write_tables(self._journal.recordings(done), self.folder)

    def close(self) -> None:
        """Let others write to the folder."""
        self._journal.close()

    def __enter__(self) -> Batch:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _items(self, files: Sequence[Found], *, resume: bool) -> list[Item]:
        names = shown_names(files)
        targets: Sequence[PurePath | None] = [None] * len(files)
        if self.settings.form != PARQUET:
            targets = result_names([file.below for file in files], FORMATS[self.settings.form].suffix)
        elif self.settings.curves:
            targets = [PurePath(CURVES, name) for name in result_names([file.below for file in files], ".parquet")]
        items = []
        for file, name, target in zip(files, names, targets, strict=True):
            key = printable(file.place) if target is None else printable(target.as_posix())
            known = self._journal.known.get(key)
            place = None if target is None else str(self.folder.absolute() / target)
            items.append(Item(file.place, name, key, place, _size(file), known if resume else None))
        return items

    def _check(self, *, resume: bool, overwrite: bool) -> None:
        """Find before any work what would go wrong after it."""
        there, ours = [], 0
        for item in self.items:
            if item.target is not None:
                check_name(Path(item.path), Path(item.target))
                if look(item.target, OutputError):
                    there.append(item.target)
                    ours += item.key in self._journal.known
        if self.settings.form == PARQUET:
            tables = [self.folder / f"{name}.parquet" for name in TABLES]
            there += [str(path) for path in tables if look(path, OutputError)]
            ours = len(there) if self._journal.known else ours
        if not there or resume or overwrite:
            return
        if ours:
            raise OutputError(
                f"{self.folder} has results of an analysis already; --resume goes on with it, --overwrite begins anew"
            )
        more = f" and {len(there) - 1} more" if len(there) > 1 else ""
        verb = "are" if more else "is"
        raise OutputError(f"{there[0]}{more} {verb} there already; give another --out, or --overwrite")


def shown_names(files: Sequence[Found]) -> list[str]:
    """What results call their files: the place below the folder, or the path where several have that."""
    names = [printable(file.below.as_posix()) for file in files]
    alike = Counter(names)
    return [
        name if alike[name] == 1 else printable(file.url or file.path) for name, file in zip(names, files, strict=True)
    ]


def count_outcome(summary: Summary, item: Item, outcome: Outcome) -> None:
    """Take an outcome into a summary."""
    path = printable(item.path)
    if outcome.status == "failed":
        summary.failures.append((path, outcome.reason))
    elif outcome.status == "same":
        summary.same += 1
    else:
        summary.done += 1
        summary.sound_s += outcome.recording.duration_s if outcome.recording is not None else 0.0
    if outcome.incomplete:
        summary.incomplete.append(path)


def _size(file: Found) -> int:
    """Bytes, for the progress; 0 where it is not known."""
    try:
        return 0 if file.url else file.path.stat().st_size
    except (OSError, ValueError):
        return 0
