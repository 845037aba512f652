"""Decoded-audio cache: a data folder as mono int16 samples at one rate in one memory-mapped file.

A store is built beside nothing else: samples and index grow in ``*.part`` files, so that a build that was
interrupted goes on where it stopped, and take their final names when they are whole. A lock keeps two processes
from building the same store.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt
import platformdirs
import soundfile
import soxr

from irec_live.errors import DataError, OutputError
from irec_live.files import write_atomically
from irec_models.data.manifests.labels import UNPITCHED
from irec_models.data.manifests.manifest import Clip
from irec_models.data.manifests.pitch import pitch_from_name, pitch_from_sound
from irec_models.progress import Progress, silent

FORMAT = 1
"""Changes whenever the same files would be decoded or trimmed differently."""

_FLOOR_DB = -50.0  # of a note, below its peak
_FULL_SCALE = 32000.0
_FLUSH_EVERY = 100


@dataclass(frozen=True, slots=True)
class Entry:
    """Position of a clip in a store, and its level and pitch.

    Attributes
    ----------
    offset, length : int
        Samples in the store.
    peak : float
        Largest absolute sample of the clip; the stored one is always full scale.
    rms : float
        RMS of the moments that sound, for a clip scaled to peak 1.
    pitch : float or None
        MIDI pitch of a single note, where it is known.
    """

    offset: int
    length: int
    peak: float
    rms: float
    pitch: float | None


def default_cache() -> Path:
    """Default folder of the stores."""
    return Path(platformdirs.user_cache_dir("irec-live")) / "bank"


def store_path(clips: Sequence[Clip], sample_rate: int, cache: Path | None = None) -> Path:
    """Folder of the store of these clips; its name is a hash of files, sizes, names and rate."""
    digest = hashlib.sha256(f"{FORMAT} {sample_rate}".encode())
    for clip in clips:
        facts = (clip.file, clip.audio_path.stat().st_size, clip.kind, clip.labels, clip.origin)
        digest.update(f"\n{facts}".encode())
    return (cache or default_cache()) / f"{digest.hexdigest()[:16]}-{sample_rate}"


def decode(path: Path, sample_rate: int) -> npt.NDArray[np.float32]:
    """A whole file as mono at a rate.

    Parameters
    ----------
    path : Path
    sample_rate : int
        Hz.

    Returns
    -------
    (T,) float32
        Non-finite samples are 0.

    Raises
    ------
    DataError
        It is no audio file or has no samples.
    """
    try:
        audio, rate = soundfile.read(path, dtype="float32", always_2d=True)
    except (soundfile.SoundFileError, OSError) as error:
        raise DataError(f"{path} cannot be decoded: {error}") from error
    if not len(audio):
        raise DataError(f"{path} has no samples; remove it from the manifest")
    # Some float recordings hold NaN or infinity; resampling would spread one over its whole neighbourhood.
    mono = np.nan_to_num(audio.mean(axis=1), nan=0.0, posinf=0.0, neginf=0.0)
    return np.asarray(soxr.resample(mono, rate, sample_rate), np.float32)


def block_rms(audio: npt.NDArray[np.float32], size: int) -> npt.NDArray[np.float32]:
    """RMS (M,) of the M consecutive blocks of a sound (T,); the last one may be short.

    Examples
    --------
    >>> block_rms(np.ones(5, np.float32), 2).tolist()
    [1.0, 1.0, 1.0]
    """
    starts = np.arange(0, len(audio), size)
    sums = np.add.reduceat(np.square(audio, dtype=np.float64), starts)
    return np.sqrt(sums / np.diff(np.append(starts, len(audio)))).astype(np.float32)


def trim(audio: npt.NDArray[np.float32], sample_rate: int) -> slice:
    """The part of a note (T,) that sounds, with 5 ms before its onset, as a slice of samples."""
    size = max(1, sample_rate // 200)
    loud = np.flatnonzero(block_rms(audio, size) > np.abs(audio).max() * 10 ** (_FLOOR_DB / 20))
    if not len(loud):
        return slice(0, len(audio))
    return slice(max(0, (int(loud[0]) - 1) * size), min(len(audio), (int(loud[-1]) + 2) * size))


def _measure(clip: Clip, audio: npt.NDArray[np.float32], sample_rate: int) -> tuple[npt.NDArray[np.int16], Entry]:
    if clip.kind == "notes":
        audio = audio[trim(audio, sample_rate)]
    peak = float(np.abs(audio).max())
    scaled = audio / peak if peak > 0 else audio
    levels = block_rms(scaled, max(1, sample_rate // 50))
    active = levels[levels > levels.max() * 0.1] if peak > 0 else levels
    pitch = float("nan")
    if clip.kind == "notes" and not UNPITCHED.intersection(clip.labels):
        pitch = pitch_from_name(clip.origin)
        if np.isnan(pitch):
            pitch = pitch_from_sound(scaled, sample_rate)
    entry = Entry(0, len(scaled), peak, float(np.sqrt(np.mean(active**2))), None if np.isnan(pitch) else pitch)
    return np.round(scaled * _FULL_SCALE).astype(np.int16), entry


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as stream:
        try:
            import fcntl
        except ImportError:  # Windows: two simultaneous first builds are the user's to avoid
            yield
            return
        fcntl.flock(stream, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(stream, fcntl.LOCK_UN)


def _resume(samples: Path, index: Path) -> list[Entry]:
    """Entries of an interrupted build whose samples are safely on disk; cuts both files to them."""
    if not (samples.exists() and index.exists()):
        return []
    entries: list[Entry] = []
    stored = samples.stat().st_size // 2
    for line in index.read_text("utf-8").splitlines():
        try:
            entry = Entry(**json.loads(line))
        except (ValueError, TypeError):
            break
        if entry.offset + entry.length > stored:
            break
        entries.append(entry)
    index.write_text("".join(json.dumps(asdict(entry)) + "\n" for entry in entries), "utf-8")
    os.truncate(samples, 2 * (entries[-1].offset + entries[-1].length if entries else 0))
    return entries


def build_store(clips: Sequence[Clip], sample_rate: int, folder: Path, *, progress: Progress = silent) -> None:
    """Decode clips into a store unless it is there already; goes on with an interrupted build.

    Parameters
    ----------
    clips : sequence of Clip
    sample_rate : int
        Hz.
    folder : Path
        Of this store.
    progress : Progress

    Raises
    ------
    DataError
        A clip cannot be decoded.
    OutputError
        The cache cannot be written.
    """
    if (folder / "index.json").exists():
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _locked(folder / "lock"):
            if not (folder / "index.json").exists():
                _build(clips, sample_rate, folder, progress)
    except OSError as error:
        raise OutputError(
            f"decoded sound cannot be stored in {folder}: {error}; choose another cache folder"
        ) from error


def _build(clips: Sequence[Clip], sample_rate: int, folder: Path, progress: Progress) -> None:
    samples, index = folder / "samples.i16.part", folder / "index.jsonl.part"
    entries = _resume(samples, index)
    offset = entries[-1].offset + entries[-1].length if entries else 0
    task = progress(f"decoding at {sample_rate} Hz", len(clips))
    with samples.open("ab") as sound, index.open("a", encoding="utf-8") as table, task as advance:
        advance(len(entries))
        for number in range(len(entries), len(clips)):
            data, entry = _measure(clips[number], decode(clips[number].audio_path, sample_rate), sample_rate)
            entry = Entry(offset, entry.length, entry.peak, entry.rms, entry.pitch)
            offset += entry.length
            entries.append(entry)
            sound.write(data.tobytes())
            table.write(json.dumps(asdict(entry)) + "\n")
            if number % _FLUSH_EVERY == 0:
                _flush(sound, table)
            advance()
        _flush(sound, table)
        os.fsync(sound.fileno())
    samples.replace(folder / "samples.i16")
    write_atomically(folder / "index.json", json.dumps([asdict(entry) for entry in entries]))
    index.unlink()


def _flush(sound: IO[bytes], table: IO[str]) -> None:
    # Samples first: an index line must never promise samples that a crash could lose.
    sound.flush()
    table.flush()


def open_store(folder: Path) -> tuple[npt.NDArray[np.int16], list[Entry]]:
    """Memory-mapped samples (T,) int16 of all clips, one after the other, and the index of a finished store.

    Raises
    ------
    DataError
        It is damaged.
    """
    try:
        entries = [Entry(**row) for row in json.loads((folder / "index.json").read_text("utf-8"))]
        samples: npt.NDArray[np.int16] = np.memmap(folder / "samples.i16", np.int16, "r")
    except (OSError, ValueError, TypeError) as error:
        raise DataError(
            f"decoded sound in {folder} is damaged ({error}); delete that folder to decode again"
        ) from error
    if entries and entries[-1].offset + entries[-1].length != len(samples):
        raise DataError(f"decoded sound in {folder} is incomplete; delete that folder to decode again")
    return samples, entries
