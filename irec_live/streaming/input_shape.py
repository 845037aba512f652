"""Input shape: which channels of a live input are heard, and a digital gain.

Shapes: n samples of each channel, C channels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Block = npt.NDArray[np.float32]

LOWEST_GAIN_DB, HIGHEST_GAIN_DB = -20.0, 40.0
"""Range of the gain in dB."""


@dataclass(frozen=True, slots=True)
class InputShape:
    """Channels to hear, and by how much to amplify them before anything predicts on them.

    Attributes
    ----------
    channels : tuple of int
        From 1 on; all of them if there are none. Those that a block does not have are left out.
    gain_db : float
        -20..40. Nothing is clipped: samples are floating point.

    Raises
    ------
    ValueError
        A channel below 1, or a gain out of range.

    Examples
    --------
    >>> block = np.array([[0.1, 0.2], [0.3, 0.4]], np.float32)
    >>> InputShape((2,), 20.0).shaped(block).round(3).tolist()
    [[2.0], [4.0]]
    >>> InputShape().shaped(block) is block
    True
    """

    channels: tuple[int, ...] = ()
    gain_db: float = 0.0

    def __post_init__(self) -> None:
        if any(channel < 1 for channel in self.channels):
            raise ValueError(f"channels are counted from 1 on, not {self.channels}")
        if not LOWEST_GAIN_DB <= self.gain_db <= HIGHEST_GAIN_DB:
            raise ValueError(f"a gain is {LOWEST_GAIN_DB:g} to {HIGHEST_GAIN_DB:g} dB, not {self.gain_db}")

    def shaped(self, block: Block) -> Block:
        """The channels of a block, (n, C) float32, with the gain applied; the block itself if nothing changes."""
        if self.channels:
            places = [channel - 1 for channel in self.channels if channel <= block.shape[1]]
            block = block[:, places] if places else np.zeros((len(block), 1), np.float32)
        return block * np.float32(10.0 ** (self.gain_db / 20.0)) if self.gain_db else block
