"""Data set download (``irec-train data get sources``): recordings from a list of public git repositories.

A clip that is there is not fetched again, so that the same command goes on where an earlier one stopped. Beside the
data, ``sources.lock.csv`` keeps which commit every original was taken from and its SHA-256; what is fetched later, here
or with this lock file elsewhere, has to be the same. An original that its commit lacks is looked for in the newest one.
"""

from __future__ import annotations

import csv
import hashlib
import io
import shutil
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

from irec_live.errors import DataError, MediaError, OutputError
from irec_live.files import make_folder, write_atomically
from irec_live.media import open_audio
from irec_models.data.manifests.manifest import write_manifest
from irec_models.data.sources.git import Repository
from irec_models.data.sources.listing import COLUMNS, OPTIONAL, Listed
from irec_models.progress import Advance, Progress, silent

LOCK = "sources.lock.csv"
MANIFEST_COLUMNS = (*(name for name in COLUMNS if name not in ("commit", "sha256")), *OPTIONAL)
_LOCK_COLUMNS = ("repository", "commit", "path", "sha256")
_PEAK = 0.9
_LFS = b"version https://git-lfs"
_BLOCK = 65_536

Lock = dict[tuple[str, str], tuple[str, str]]
"""Repository and path to commit and SHA-256."""


@dataclass(slots=True)
class Fetched:
    """Result of a download: clips fetched, and reasons for those missing.

    Attributes
    ----------
    clips : int
        In the manifest now.
    missing : Counter of str
        Clips that are not there, by the reason.
    """

    clips: int = 0
    missing: Counter[str] = field(default_factory=Counter)


def fetch_sources(listed: Sequence[Listed], root: Path, *, progress: Progress = silent) -> Fetched:
    """Make a data folder of listed clips; clips that cannot be fetched are left out and reported.

    Clips are mono FLAC at their original's rate, as long as the list says, at most `_PEAK` loud. Of several clips of
    one original, each begins where the one before it ended: what places the listed ones were cut from is not known.

    Parameters
    ----------
    listed : sequence of Listed
    root : Path
        Is made if it is not there.
    progress : Progress

    Raises
    ------
    DataError
        The lock file is damaged, or not one clip could be fetched.
    OutputError
        The folder cannot be written.
    """
    make_folder(root)
    lock = read_lock(root / LOCK)
    found = Fetched()
    by_repository: dict[str, list[Listed]] = defaultdict(list)
    for row in listed:
        by_repository[row.repository].append(row)
    starts = _starts(listed)
    with progress("clips", len(listed)) as advance:
        for repository, rows in by_repository.items():
            wanted = [row for row in rows if not (root / row.file).is_file()]
            advance(len(rows) - len(wanted))
            if not wanted:
                continue
            if not rows[0].address:
                package = repository.removeprefix("debian:")
                found.missing[f"{package} is a package of Debian, not a git repository"] += len(wanted)
                continue
            folder = root / ".sources" / hashlib.sha256(repository.encode()).hexdigest()[:16]
            try:
                _fetch_repository(wanted, starts, root, folder, lock, found, advance)
            except DataError as error:
                found.missing[str(error)] += sum(not (root / row.file).is_file() for row in wanted)
            finally:
                _write_lock(root / LOCK, lock)
                found.clips = _write_manifest(root, listed)
    shutil.rmtree(root / ".sources", ignore_errors=True)
    found.clips = _write_manifest(root, listed)
    if not found.clips:
        reason = next(iter(found.missing), "the list is empty")
        raise DataError(f"no clip could be fetched: {reason}")
    return found


def read_lock(path: Path) -> Lock:
    """The lock file of a data folder; empty if there is none.

    Raises
    ------
    DataError
        It is damaged.
    """
    if not path.exists():
        return {}
    try:
        with path.open(newline="", encoding="utf-8") as stream:
            return {(row["repository"], row["path"]): (row["commit"], row["sha256"]) for row in csv.DictReader(stream)}
    except (OSError, UnicodeDecodeError, csv.Error, KeyError) as error:
        raise DataError(f"{path} is damaged ({error}); delete it to take the newest of every repository") from error


def _fetch_repository(
    rows: Sequence[Listed],
    starts: dict[str, float],
    root: Path,
    folder: Path,
    lock: Lock,
    found: Fetched,
    advance: Advance,
) -> None:
    try:
        repository = Repository(rows[0].address, folder)
    except OSError as error:
        raise OutputError(f"{folder} cannot be written: {error.strerror or error}") from error
    by_commit: dict[str, list[Listed]] = defaultdict(list)
    for row in rows:
        by_commit[_commit_of(row, lock)].append(row)
    newest = by_commit.pop("", [])
    for commit, some in by_commit.items():
        newest += _fetch_commit(repository, commit, some, starts, root, lock, found, advance)
    if newest:
        lost = _fetch_commit(repository, "", newest, starts, root, lock, found, advance)
        if lost:
            found.missing[f"{rows[0].repository} has no longer files that are listed"] += len(lost)
            advance(len(lost))
    shutil.rmtree(folder, ignore_errors=True)


def _commit_of(row: Listed, lock: Lock) -> str:
    """The commit to look for an original in: where it was found before, else the list's, else the repository's."""
    locked = lock.get((row.repository, row.path))
    if locked or row.commit:
        return locked[0] if locked else row.commit
    return next((commit for (name, _), (commit, _) in lock.items() if name == row.repository), "")


def _fetch_commit(
    repository: Repository,
    commit: str,
    rows: Sequence[Listed],
    starts: dict[str, float],
    root: Path,
    lock: Lock,
    found: Fetched,
    advance: Advance,
) -> list[Listed]:
    """Make the clips whose originals are in one commit; those that are not there come back."""
    try:
        commit = repository.fetch(commit)
    except DataError:
        if commit:  # its history was written anew
            return list(rows)
        raise
    present = repository.present(list({row.path: None for row in rows}))
    repository.check_out(sorted(set(present.values())))
    for row in rows:
        if row.path not in present:
            continue
        advance()
        original = repository.folder / present[row.path]
        content = original.read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        expected = row.sha256 or lock.get((row.repository, row.path), ("", ""))[1]
        if content.startswith(_LFS):
            found.missing[f"{row.repository} keeps its sound in Git LFS"] += 1
        elif expected and digest != expected:
            found.missing[f"{row.repository} has other sound than before (SHA-256 of {row.path})"] += 1
        elif _write_clip(original, root / row.file, starts[row.file], row.seconds):
            lock[row.repository, row.path] = (commit, digest)
        else:
            found.missing[f"{row.repository} has files that cannot be decoded"] += 1
    return [row for row in rows if row.path not in present]


def _starts(listed: Sequence[Listed]) -> dict[str, float]:
    """Where in its original each clip begins, s, by its file."""
    used: dict[tuple[str, str], float] = defaultdict(float)
    starts = {}
    for row in listed:
        starts[row.file] = used[row.repository, row.path]
        used[row.repository, row.path] += row.seconds
    return starts


def _write_clip(original: Path, path: Path, start_s: float, seconds: float) -> bool:
    """Decode, cut and write one clip; False if it is no sound."""
    try:
        audio, rate = _decode(original, start_s, seconds)
    except MediaError:
        return False
    if not len(audio):
        return False
    loudest = float(np.abs(audio).max())
    if loudest > _PEAK:
        audio *= np.float32(_PEAK / loudest)
    content = io.BytesIO()
    soundfile.write(content, audio, rate, format="FLAC", subtype="PCM_16")
    make_folder(path.parent)
    write_atomically(path, content.getbuffer())
    return True


def _decode(original: Path, start_s: float, seconds: float) -> tuple[npt.NDArray[np.float32], int]:
    """Mono (T,) from a place in a file, and its rate; from the beginning where the file is not that long."""
    with open_audio(original) as file:
        rate = file.sample_rate
        start = round(start_s * rate)
        stop = start + round(seconds * rate) if seconds else None
        parts: list[npt.NDArray[np.float32]] = []
        count = 0
        for block in file.blocks(_BLOCK):
            parts.append(block.mean(axis=1, dtype=np.float32))
            count += len(block)
            if stop is not None and count >= stop:
                break
    audio = np.concatenate(parts) if parts else np.zeros(0, np.float32)
    if start >= len(audio):
        start, stop = 0, round(seconds * rate) if seconds else None
    return audio[start:stop].copy(), rate


def _write_lock(path: Path, lock: Lock) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_LOCK_COLUMNS)
    for (repository, name), (commit, digest) in sorted(lock.items()):
        writer.writerow((repository, commit, name, digest))
    write_atomically(path, text.getvalue())


def _write_manifest(root: Path, listed: Sequence[Listed]) -> int:
    """Write the manifest of what is there; the number of its clips."""
    rows = [row for row in listed if (root / row.file).is_file()]
    if rows:
        write_manifest(root, MANIFEST_COLUMNS, ([str(getattr(row, name)) for name in MANIFEST_COLUMNS] for row in rows))
    return len(rows)
