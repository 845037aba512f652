"""Sound of any number of channels as FLAC files, which hold eight channels each.

A FLAC file whose writer was killed can be decoded up to its last whole block of 4096 samples; libsndfile hands every
block to the operating system as soon as it is full.

Shapes: n samples of each channel, C channels.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import numpy as np

from irec_live.errors import OutputError
from irec_live.streaming.ring import Block

MOST_CHANNELS = 8
"""In one FLAC file."""

_SILENCE = 65_536
"""Samples of silence written at once."""


def file_names(channels: int) -> tuple[str, ...]:
    """Names of the files for so many channels.

    Examples
    --------
    >>> file_names(2), file_names(18)
    (('audio.flac',), ('audio.flac', 'audio-9-16.flac', 'audio-17-18.flac'))
    """
    firsts = range(MOST_CHANNELS, channels, MOST_CHANNELS)
    return ("audio.flac", *(f"audio-{first + 1}-{min(first + MOST_CHANNELS, channels)}.flac" for first in firsts))


class FlacFiles:
    """FLAC files of 24 bits that grow. One thread.

    Parameters
    ----------
    folder : Path
        Where `file_names` are made; they must not exist.
    sample_rate : int
        Hz.
    channels : int
        C.
    first : str
        Name of the first file.

    Raises
    ------
    OutputError
        They cannot be made, or there is a file already.
    """

    def __init__(self, folder: Path, sample_rate: int, channels: int, first: str = "audio.flac") -> None:
        self.channels = channels
        self.paths = tuple(folder / name for name in (first, *file_names(channels)[1:]))
        self.samples = 0
        """Written so far, of each channel."""
        self._files: list[Any] = []
        try:
            for place, path in enumerate(self.paths):
                width = min(MOST_CHANNELS, channels - place * MOST_CHANNELS)
                self._files.append(_new_flac(path, sample_rate, width))
        except (OSError, RuntimeError) as error:
            self.close()
            raise OutputError(f"cannot record to {folder}: {error}; choose another place") from error

    def write(self, block: Block) -> None:
        """Append samples, (n, C) float32.

        Raises
        ------
        OutputError
            The disk takes no more.
        """
        clean = np.nan_to_num(block, nan=0.0, posinf=1.0, neginf=-1.0)
        try:
            for place, file in enumerate(self._files):
                file.write(clean[:, place * MOST_CHANNELS : (place + 1) * MOST_CHANNELS])
        # soundfile asserts that everything was taken; libsndfile's own errors are RuntimeErrors.
        except (OSError, RuntimeError, AssertionError) as error:
            raise OutputError(f"the disk takes no more ({error or 'is it full?'})") from error
        self.samples += len(block)

    def write_silence(self, samples: int) -> None:
        """Append silence, which takes next to no room: 200 bytes a second.

        Raises
        ------
        OutputError
            The disk takes no more.
        """
        while samples > 0:
            count = min(samples, _SILENCE)
            self.write(np.zeros((count, self.channels), np.float32))
            samples -= count

    def sync(self) -> None:
        """Have the system write to the disk what it was given so far."""
        for file in self._files:
            with contextlib.suppress(OSError, RuntimeError):
                file.flush()

    def close(self) -> None:
        """Complete the headers and close; may be called twice, and after a failed write."""
        files, self._files = self._files, []
        for file in files:
            with contextlib.suppress(OSError, RuntimeError, AssertionError):
                file.close()


def _new_flac(path: Path, sample_rate: int, channels: int) -> Any:
    import soundfile  # here: it takes a moment to load

    path.touch(exist_ok=False)  # libsndfile would replace one that is there
    return soundfile.SoundFile(path, "w", sample_rate, channels, subtype="PCM_24", format="FLAC")
