"""Decode any audio file, a block at a time, whatever its length.

`open_audio` tries libsndfile, then FFmpeg; FFmpeg first where libsndfile could miss the end. What comes out is finite
float32 with full scale at 1. Nothing here holds more than a block in memory. An `AudioFile` belongs to the thread that
reads it.

Shapes: n frames, C channels.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import numpy.typing as npt

from irec_live.decoders import Decoder, FFmpegDecoder, NotDecodableError, SoundFileDecoder, goes_on_unannounced
from irec_live.errors import MediaError

Block = npt.NDArray[np.float32]

SUFFIXES = (
    *(".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aiff", ".aif", ".aifc", ".au", ".caf", ".w64"),
    *(".m4a", ".m4b", ".aac", ".mp4", ".mov", ".mkv", ".mka", ".webm", ".wma", ".avi", ".3gp", ".amr", ".ac3"),
    *(".ape", ".wv", ".mpg", ".mpeg", ".ts"),
)
"""Names of files that are worth offering in a file dialog; `open_audio` itself looks at the content only."""

LOWEST_RATE, HIGHEST_RATE = 1_000, 768_000
"""Hz. Rates outside are taken for a damaged header."""

_PROBE_FRAMES = 4096

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
    frames : int or None
        As the file announces; None where it does not. Once the end was reached from the start: what there really was.
    position : int
        Index of the frame that `read` gives next.
    """

    def __init__(self, path: Path, decoder: Decoder) -> None:
        self.path = path
        self.name = printable_name(path)
        self.sample_rate = decoder.sample_rate
        self.channels = decoder.channels
        self.frames = decoder.frames
        self.position = 0
        self._decoder = decoder
        self._announced = decoder.frames if decoder.announces else None
        self._end: int | None = None
        self._read_through = True  # every frame so far was decoded: only then does the end tell the length

    @property
    def duration_s(self) -> float | None:
        """Seconds, from `frames`."""
        return None if self.frames is None else self.frames / self.sample_rate

    @property
    def announced_s(self) -> float | None:
        """Seconds that the file itself says it has; None where `duration_s` is an estimate or unknown."""
        return None if self._announced is None else self._announced / self.sample_rate

    @property
    def warning(self) -> str:
        """One sentence on damage met so far; empty where there was none."""
        if self._end is not None and self._announced is not None:
            missing_s = (self._announced - self._end) / self.sample_rate
            if missing_s > _SHORTFALL_S:
                whole_s = self._announced / self.sample_rate
                predicted_s = self._end / self.sample_rate
                return f"{self.name} ends early: {predicted_s:.1f} s of {whole_s:.1f} s could be decoded"
        if self._decoder.complaint:
            return f"{self.name} is damaged: {self._decoder.complaint}"
        return ""

    def read(self, frames: int) -> Block:
        """The next frames.

        Parameters
        ----------
        frames : int
            At most so many.

        Returns
        -------
        (n, C) float32
            Finite: what the file holds as NaN or infinity is 0. n is 0 at the end of the file, and only there.

        Raises
        ------
        ValueError
            `frames` is not positive.
        """
        if frames < 1:
            raise ValueError(f"frames must be positive, not {frames}")
        block = self._decoder.read(frames)
        self.position += len(block)
        if not len(block) and self._read_through:
            self.frames = self._end = self.position
        return finite(block)

    def blocks(self, frames: int) -> Iterator[Block]:
        """From here to the end in blocks of `frames`, the last one shorter.

        Yields
        ------
        (n, C) float32
        """
        while len(block := self.read(frames)):
            yield block

    def seek(self, frame: int) -> None:
        """Continue reading at `frame`; beyond the end means at the end.

        Raises
        ------
        ValueError
            `frame` is negative.
        MediaError
            The file cannot be read any more.
        """
        if frame < 0:
            raise ValueError(f"cannot seek to frame {frame}")
        # NB: not `frames`, which can be an estimate: the file may well go on behind it.
        end = self._announced if self._end is None else self._end
        if end is not None:
            frame = min(frame, end)
        try:
            self._decoder.seek(frame)
        except (NotDecodableError, OSError) as error:
            raise MediaError(f"{self.name} cannot be read any more: {_reason(error)}") from error
        self.position = frame
        self._read_through = frame == 0

    def close(self) -> None:
        """Release the file. May be called twice."""
        self._decoder.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()


def open_audio(path: str | os.PathLike[str]) -> AudioFile:
    """Open an audio file, or the sound of a video.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    AudioFile
        At least one frame of it has been decoded already.

    Raises
    ------
    MediaError
        There is no such file, it cannot be read, it is not audio, or nothing is in it.
    """
    path = Path(path)
    name = printable_name(path)
    _check_readable(path, name)
    audio = AudioFile(path, _decoder_for(path, name))
    try:
        if not LOWEST_RATE <= audio.sample_rate <= HIGHEST_RATE:
            raise MediaError(
                f"{name} gives its sample rate as {audio.sample_rate} Hz; "
                f"rates from {LOWEST_RATE} to {HIGHEST_RATE} Hz can be analysed"
            )
        if not len(audio.read(_PROBE_FRAMES)):
            reason = f" ({audio._decoder.complaint})" if audio._decoder.complaint else ""
            raise MediaError(f"{name} is an audio file without a single sample{reason}; there is nothing to analyse")
        audio.seek(0)
    except MediaError:
        audio.close()
        raise
    return audio


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


def printable(path: Path | str) -> str:
    """A path with bytes that are no text shown as ``\\xNN``."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


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


def _decoder_for(path: Path, name: str) -> Decoder:
    """The first library that makes sense of the file: libsndfile, unless it could leave it in the middle."""
    libraries: list[Callable[[Path], Decoder]] = [SoundFileDecoder, FFmpegDecoder]
    refusal: NotDecodableError | None = None
    try:
        if goes_on_unannounced(path):
            libraries = [FFmpegDecoder, partial(SoundFileDecoder, whole=False)]
        for library in libraries:
            try:
                return library(path)
            except NotDecodableError as error:
                refusal = error
    except OSError as error:
        raise MediaError(f"{name} cannot be read: {_reason(error)}") from error
    raise MediaError(f"{name} cannot be decoded as audio: {refusal}; give a sound or video file") from refusal


def _reason(error: Exception) -> str:
    """What the operating system or a decoder says, without numbers."""
    return getattr(error, "strerror", None) or str(error)
