"""Audio source over an array in memory.

Shapes: n samples of each channel, C channels.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from irec_live.streaming.ring import Block


class ArraySource:
    """An audio source that returns an array block by block, as fast as it is read.

    Parameters
    ----------
    samples : (n,) or (n, C) float
        Nominally in [-1, 1].
    sample_rate : int
        Hz.
    block : int
        Samples of each channel that one `read` returns.
    name : str
        Shown to users.

    Raises
    ------
    ValueError
        The array has another shape, or `block` is below 1.

    Examples
    --------
    >>> source = ArraySource(np.zeros(5, np.float32), 44100, block=4)
    >>> [source.read(0)[0].shape for _ in range(3)], source.ended
    ([(4, 1), (1, 1), (0, 1)], True)
    """

    def __init__(self, samples: npt.ArrayLike, sample_rate: int, block: int = 1024, name: str = "array") -> None:
        audio = np.asarray(samples, np.float32)
        if audio.ndim == 1:
            audio = audio[:, None]
        if audio.ndim != 2 or block < 1:
            raise ValueError(f"expected samples (n,) or (n, C) and block >= 1, not {audio.shape} and {block}")
        self.name = name
        self.sample_rate = sample_rate
        self.channels = int(audio.shape[1])
        self.latency_s = block / sample_rate
        self.overflows = 0
        self.lost = False
        self._audio = audio
        self._block = block
        self._position = 0

    @property
    def ended(self) -> bool:
        """Whether the whole array was read."""
        return self._position >= len(self._audio)

    def start(self) -> None:
        """Nothing to do."""

    def stop(self) -> None:
        """Nothing to do."""

    def read(self, timeout_s: float) -> tuple[Block, int]:
        """The next block, at once; see `AudioSource.read`."""
        index = self._position
        block = self._audio[index : index + self._block]
        self._position += len(block)
        return block, index
