"""Decode any audio file, a block at a time, whatever its length.

`open_audio` tries libsndfile, then FFmpeg; FFmpeg first where libsndfile could miss the end. What comes out is finite
float32 with full scale at 1. Nothing here holds more than a block in memory. An `AudioFile` belongs to the thread that
reads it.

Shapes: n samples, C channels.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

from irec_live.decoders import Decoder, NoSuchTrackError, NotDecodableError, candidates_of
from irec_live.errors import MediaError
from irec_live.spool import STDIN, printable, remove_spool, spooled, stream_of

Block = npt.NDArray[np.float32]

LOWEST_RATE, HIGHEST_RATE = 1_000, 768_000
"""Hz. Rates outside are taken for a damaged header."""

_PROBE_FRAMES = 4096
_MOST_VALUES = 1 << 22
"""Samples of all channels in a block, whatever its length in seconds: 16 MB."""

_SHORTFALL_S = 0.1
"""Missing audio that is not worth a warning: encoders round announced lengths up to their own frames."""


class AudioFile:
    """An open audio file. Use it as a context manager, or `close` it.

    Attributes
    ----------
    path : Path
    name : str
        The file's name, in characters that can be printed.
    sample_rate : int
        Hz.
    channels : int
        C.
    samples : int or None
        As the file announces; None where it does not. Once the end was reached from the start: what there really was.
    position : int
        Index of the sample that `read` gives next.
    """

    def __init__(
        self,
        path: Path,
        decoder: Decoder,
        *,
        name: str = "",
        notes: Sequence[str] = (),
        cut: str = "",
        spool: Path | None = None,
    ) -> None:
        self.path = path
        self.name = name or printable_name(path)
        self._spool = spool
        self.sample_rate = decoder.sample_rate
        self.channels = decoder.channels
        self.samples = decoder.samples
        self.position = 0
        self._decoder = decoder
        self._notes = tuple(notes)
        self._cut = cut
        self._size = _size(path)
        self._growth = ""
        self._announced = decoder.samples if decoder.announces else None
        self._end: int | None = None
        self._read_through = True  # every sample so far was decoded: only then does the end tell the length

    @property
    def duration_s(self) -> float | None:
        """Seconds, from `samples`."""
        return None if self.samples is None else self.samples / self.sample_rate

    @property
    def announced_s(self) -> float | None:
        """Seconds that the file itself says it has; None where `duration_s` is an estimate or unknown."""
        return None if self._announced is None else self._announced / self.sample_rate

    @property
    def warning(self) -> str:
        """On what is missing or damaged in the sound so far, a sentence or two; empty where nothing is."""
        sentences = []
        if self._end is not None and self._announced is not None:
            missing_s = (self._announced - self._end) / self.sample_rate
            if missing_s > _SHORTFALL_S:
                whole_s = self._announced / self.sample_rate
                predicted_s = self._end / self.sample_rate
                sentences.append(f"{self.name} ends early: {predicted_s:.1f} s of {whole_s:.1f} s could be decoded")
        if self._decoder.complaint and not sentences:
            sentences.append(f"{self.name} is damaged: {self._decoder.complaint}")
        if self._cut and not sentences:
            sentences.append(f"{self.name} {self._cut}")
        if self._growth:
            sentences.append(self._growth)
        return "; ".join(sentences)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Everything odd about the file so far, a sentence each; `warning` first, where there is one."""
        notes = dict.fromkeys((*self._notes, *self._decoder.notes))
        return (*((self.warning,) if self.warning else ()), *(f"{self.name} {note}" for note in notes))

    def block_of(self, seconds: float) -> int:
        """Samples to read at once: so many seconds, or fewer where many channels would make that a huge block."""
        return max(1, min(round(seconds * self.sample_rate), _MOST_VALUES // self.channels))

    def read(self, samples: int) -> Block:
        """The next samples.

        Parameters
        ----------
        samples : int
            At most so many.

        Returns
        -------
        (n, C) float32
            Finite: what the file holds as NaN or infinity is 0. n is 0 at the end of the file, and only there.

        Raises
        ------
        ValueError
            `samples` is not positive.
        """
        if samples < 1:
            raise ValueError(f"samples must be positive, not {samples}")
        block = self._decoder.read(samples)
        self.position += len(block)
        if not len(block) and self._read_through:
            self.samples = self._end = self.position
            self._note_growth()
        return finite(block)

    def _note_growth(self) -> None:
        size = _size(self.path)
        if self._size is not None and size is not None and size > self._size:
            self._growth = (
                f"{self.name} is still being written: it was analysed as far as it went when it was opened, "
                f"{self.position / self.sample_rate:.1f} s; analyse it again when it is finished"
            )

    def blocks(self, samples: int) -> Iterator[Block]:
        """From here to the end in blocks of `samples`, the last one shorter.

        Yields
        ------
        (n, C) float32
        """
        while len(block := self.read(samples)):
            yield block

    def seek(self, sample: int) -> None:
        """Continue reading at `sample`; beyond the end means at the end.

        Raises
        ------
        ValueError
            `sample` is negative.
        MediaError
            The file cannot be read any more.
        """
        if sample < 0:
            raise ValueError(f"cannot seek to sample {sample}")
        # NB: not `samples`, which can be an estimate: the file may well go on behind it.
        end = self._announced if self._end is None else self._end
        if end is not None:
            sample = min(sample, end)
        try:
            self._decoder.seek(sample)
        except (NotDecodableError, OSError) as error:
            raise MediaError(f"{self.name} cannot be read any more: {_reason(error)}") from error
        self.position = sample
        self._read_through = sample == 0

    def close(self) -> None:
        """Release the file. May be called twice."""
        self._decoder.close()
        if self._spool is not None:
            remove_spool(self._spool)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_audio(path: str | os.PathLike[str], *, track: int | None = None) -> AudioFile:
    """Open an audio file, or the sound of a video.

    Parameters
    ----------
    path : path-like
        A pipe, and ``-`` for standard input, is read to its end first, into a temporary file.
    track : int, optional
        Which sound track of a video, from 1 on; the one that the file names as its default if not given.

    Returns
    -------
    AudioFile
        At least one sample of it has been decoded already.

    Raises
    ------
    MediaError
        There is no such file, it cannot be read, it is not audio, it has no such track, or nothing is in it.
    ValueError
        `track` is less than 1.
    """
    if track is not None and track < 1:
        raise ValueError(f"tracks are counted from 1 on, not {track}")
    path = Path(path)
    name = printable_name(path)
    stream = stream_of(path)
    if stream is None:
        _check_readable(path, name)
        return _open_file(path, name, track)
    name = "standard input" if path == STDIN else name
    spool = spooled(stream, name)
    try:
        return _open_file(spool, name, track, spool=spool)
    except BaseException:
        remove_spool(spool)
        raise


def check_seekable(path: str | os.PathLike[str]) -> None:
    """See that a file is one that can be opened again and again.

    Raises
    ------
    MediaError
        It is a pipe or a device.
    """
    path = Path(path)
    if stream_of(path) is not None:
        raise MediaError(
            f"{printable_name(path)} is a pipe, in which one cannot go back; save it to a file, or analyze it"
        )


def _open_file(path: Path, name: str, track: int | None, *, spool: Path | None = None) -> AudioFile:
    """Open it with the first library that decodes some sound."""
    try:
        ways = candidates_of(path, track)
    except OSError as error:
        raise MediaError(f"{name} cannot be read: {_reason(error)}") from error
    problem: NotDecodableError | None = None
    audio: AudioFile | None = None
    for opening in ways:
        try:
            decoder = opening.decoder()
        except NoSuchTrackError as error:
            raise MediaError(_no_track(name, error.tracks, track)) from error
        except NotDecodableError as error:
            problem = error
            continue
        except OSError as error:
            raise MediaError(f"{name} cannot be read: {_reason(error)}") from error
        found = AudioFile(path, decoder, name=name, notes=opening.notes, cut=opening.cut, spool=spool)
        try:
            if _has_sound(found, track):
                return found
        except BaseException:
            decoder.close()
            raise
        decoder.close()
        audio = audio or found  # the first library's reason is the better one
        if opening.final:
            break
    if audio is not None:
        reason = f" ({audio._decoder.complaint})" if audio._decoder.complaint else ""
        raise MediaError(f"{name} is an audio file without a single sample{reason}; there is nothing to analyse")
    raise MediaError(f"{name} cannot be decoded as audio: {problem}; give a sound or video file") from problem


def _has_sound(audio: AudioFile, track: int | None) -> bool:
    """Whether there is at least one sample; the file stands at its start again.

    Raises
    ------
    MediaError
        What there is cannot be analysed.
    """
    if not LOWEST_RATE <= audio.sample_rate <= HIGHEST_RATE:
        raise MediaError(
            f"{audio.name} gives its sample rate as {audio.sample_rate} Hz; "
            f"rates from {LOWEST_RATE} to {HIGHEST_RATE} Hz can be analysed"
        )
    tracks = audio._decoder.tracks
    if track is not None and track > tracks:
        raise MediaError(_no_track(audio.name, tracks, track))
    if not len(audio.read(min(_PROBE_FRAMES, audio.block_of(1.0)))):
        return False
    audio.seek(0)
    return True


def _no_track(name: str, tracks: int, track: int | None) -> str:
    return f"{name} has {tracks} sound track{'s' * (tracks != 1)}: there is no track {track}"


def finite(block: Block) -> Block:
    """The block with NaN and infinities replaced by 0; the same array where there are none.

    Examples
    --------
    >>> finite(np.array([0.5, np.nan, -np.inf], np.float32)).tolist()
    [0.5, 0.0, 0.0]
    """
    if np.isfinite(block).all():
        return block
    return np.where(np.isfinite(block), block, np.float32(0.0))


def printable_name(path: Path) -> str:
    """The last part of a path; see `printable`."""
    return printable(path.name or path)


def _check_readable(path: Path, name: str) -> None:
    """Give the operating system's objections first: they are the clearest."""
    try:
        if path.is_dir():
            raise MediaError(f"{name} is a folder; give an audio file")
        with path.open("rb") as file:
            if not file.read(1):
                raise MediaError(f"{name} is empty (0 bytes)")
    except FileNotFoundError as error:
        raise MediaError(f"there is no file {name}; check the path") from error
    except (OSError, ValueError) as error:  # ValueError: a null byte in the path
        raise MediaError(f"{name} cannot be opened: {_reason(error)}") from error


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None


def _reason(error: Exception) -> str:
    """What the operating system or a decoder says, without numbers."""
    return getattr(error, "strerror", None) or str(error)
