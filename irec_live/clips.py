"""Clips: parts of a sound file, cut out to files of their own.

Shapes: n samples of each channel, C channels.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np

from irec_live.errors import MediaError, OutputError
from irec_live.files import whole_file
from irec_live.media import AudioFile, open_audio
from irec_live.streaming.ring import Block

SOUND_SUFFIXES = (".wav", ".flac")
"""Formats that a clip can be written as."""

_LONGEST_S = 3600.0
"""A longer clip is refused: it is held in memory."""


def read_span(audio: AudioFile, from_s: float, to_s: float) -> Block:
    """The sound of a span, (n, C) float32; shorter where the file ends before.

    Raises
    ------
    MediaError
        It cannot be decoded there, or is longer than an hour.
    """
    if to_s - from_s > _LONGEST_S:
        raise MediaError(f"a clip of {to_s - from_s:.0f} s is too long; {_LONGEST_S / 60:.0f} minutes can be cut out")
    audio.seek(max(0, round(from_s * audio.sample_rate)))
    missing = max(0, round(to_s * audio.sample_rate) - audio.position)
    blocks = []
    while missing > 0:
        block = audio.read(min(missing, audio.block_of(1.0)))
        if not len(block):
            break
        blocks.append(block)
        missing -= len(block)
    return np.concatenate(blocks) if blocks else np.zeros((0, audio.channels), np.float32)


@contextmanager
def encoder(path: Path, sample_rate: int, channels: int, form: str) -> Iterator[Any]:
    """A `soundfile.SoundFile` of 24 bits to write to, at a path where nothing is yet.

    Parameters
    ----------
    path : Path
    sample_rate : int
        Hz.
    channels : int
    form : {"WAV", "FLAC"}

    Raises
    ------
    OSError
        It cannot be written, or not to its end.
    """
    import soundfile

    with path.open("xb") as raw:
        kept = _KeptErrors(raw)
        try:
            with soundfile.SoundFile(kept, "w", sample_rate, channels, subtype="PCM_24", format=form) as file:
                yield file
        # soundfile asserts that everything was taken; libsndfile's own errors are RuntimeErrors.
        except (RuntimeError, AssertionError) as error:
            raise kept.error or OSError(str(error)) from error
        if kept.error is not None:
            raise kept.error
        raw.flush()
        os.fsync(raw.fileno())


class _KeptErrors:
    """A file for libsndfile, which calls it from C, where an exception would be printed and forgotten."""

    def __init__(self, raw: IO[bytes]) -> None:
        self._raw = raw
        self.error: OSError | None = None

    def write(self, content: bytes) -> int:
        """How many bytes were taken: none after an error."""
        if self.error is None:
            try:
                return self._raw.write(content)
            except OSError as error:
                self.error = error
        return 0

    def seek(self, offset: int, whence: int = 0) -> int:
        """The new place; 0 after an error."""
        if self.error is None:
            try:
                return self._raw.seek(offset, whence)
            except OSError as error:
                self.error = error
        return 0

    def tell(self) -> int:
        """The place."""
        try:
            return 0 if self.error is not None else self._raw.tell()
        except OSError as error:
            self.error = error
            return 0

    def read(self, _count: int) -> bytes:
        """Nothing: it is written only."""
        return b""


@contextmanager
def sound_file(path: Path, sample_rate: int, channels: int) -> Iterator[Any]:
    """A `soundfile.SoundFile` of 24 bits to write to, WAV or FLAC by the name's ending, whole or not at all.

    Raises
    ------
    OutputError
        It cannot be written, or has another ending.
    """
    if path.suffix.lower() not in SOUND_SUFFIXES:
        raise OutputError(f"a clip is a {' or '.join(SOUND_SUFFIXES)} file, not '{path.name}'")
    with whole_file(path) as part, encoder(part, sample_rate, channels, path.suffix[1:].upper()) as file:
        yield file


def save_clip(sound: Path, from_s: float, to_s: float, target: Path) -> None:
    """Cut a span out of a sound file.

    Raises
    ------
    MediaError
        It cannot be decoded, or there is no sound in the span.
    OutputError
        The clip cannot be written.
    """
    with open_audio(sound) as audio:
        audio.seek(max(0, round(from_s * audio.sample_rate)))
        first, left = audio.position, round(to_s * audio.sample_rate) - audio.position
        with sound_file(target, audio.sample_rate, audio.channels) as file:
            while left > 0 and len(block := audio.read(min(left, audio.block_of(1.0)))):
                file.write(block)
                left -= len(block)
            if audio.position == first:
                raise MediaError(f"{audio.name} has no sound from {from_s:.1f} s to {to_s:.1f} s")
