"""The decoder protocol.

Shapes: n samples, C channels.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

Block = npt.NDArray[np.float32]


class NotDecodableError(Exception):
    """This library cannot make sense of the file; the text says why."""


class NoSuchTrackError(Exception):
    """The requested sound track does not exist in the file.

    Parameters
    ----------
    tracks : int
        How many it has.
    """

    def __init__(self, tracks: int) -> None:
        super().__init__(f"it has {tracks} sound tracks")
        self.tracks = tracks


class Decoder(Protocol):
    """A file that is open for decoding."""

    sample_rate: int
    channels: int
    samples: int | None  # as the file announces, None where it does not
    announces: bool  # whether `samples` is a count from the file, rather than an estimate from its size
    tracks: int  # of sound, of which one is decoded

    @property
    def complaint(self) -> str:
        """What was wrong with the file so far, so that some of it is missing; empty if nothing was."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What is odd about the file and was got over: ends of sentences that begin with its name."""

    def read(self, samples: int) -> Block:
        """The next samples, (n, C) with ``0 < n <= samples``, or n = 0 at the end."""

    def seek(self, sample: int) -> None:
        """Continue at this sample; beyond the end means at the end.

        Raises
        ------
        NotDecodableError, OSError
            It takes opening the file once more, and that is not possible any more.
        """

    def close(self) -> None:
        """Release the file. May be called twice."""
