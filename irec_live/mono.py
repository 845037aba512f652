"""Mix-down: whatever a source or a file gives, as one finite channel.

Shapes: n frames, C channels.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float32]

_LOUDEST = 1000.0
"""60 dB above full scale. Samples beyond are taken for damage and clipped, so that no square of them overflows."""

_CANCELLED = 0.03
"""The mean of two channels is 30 dB below the first one: no recording of music in stereo is, but by that mistake."""
_SOUND = 0.1
"""From 20 dB below on, the mean is a recording again."""

_STRETCH_S = 0.1
_FADE = 0.1  # of a stretch


class MonoMix:
    """The mean of the channels, finite; the first channel while they cancel each other out.

    They do where a balanced microphone is plugged into a stereo input: right is left upside down. Whether they do is
    decided for stretches of 100 ms by the one before, so that the same sound gives the same result in any blocks.

    Parameters
    ----------
    sample_rate : int
        Hz.

    Examples
    --------
    >>> MonoMix(48_000).push(np.array([[0.5, 0.25], [np.nan, 1.0]], np.float32)).tolist()
    [0.375, 0.5]
    """

    def __init__(self, sample_rate: int) -> None:
        self._stretch = max(1, round(_STRETCH_S * sample_rate))
        self._fade = max(1, round(_FADE * self._stretch))
        self.reset()

    def reset(self) -> None:
        """Forget all samples."""
        self._count = 0  # samples of the running stretch
        self._mean_energy = self._first_energy = 0.0
        self._before = self._now = 0.0  # share of the first channel in the last stretch and in this one

    def push(self, block: npt.NDArray[np.floating]) -> Samples:
        """The next samples.

        Parameters
        ----------
        block : (n,) or (n, C) float

        Returns
        -------
        (n,) float32
            A contiguous copy of its own.

        Raises
        ------
        ValueError
            Not floating point, or another number of axes, or no channels.
        """
        if block.ndim not in (1, 2) or (block.ndim == 2 and not block.shape[1]) or block.dtype.kind != "f":
            raise ValueError(f"expected floating-point samples (n,) or (n, C), not {block.dtype} {block.shape}")
        # NaN compares false: one pass finds everything that must not go further.
        if block.size and not np.abs(block).max() <= _LOUDEST:
            block = np.nan_to_num(np.clip(block, -_LOUDEST, _LOUDEST) * np.isfinite(block), nan=0.0)
        if block.ndim == 1 or block.shape[1] == 1:
            return np.array(block.reshape(-1), np.float32)
        mono: Samples = block.mean(axis=1, dtype=np.float32)
        first = block[:, 0].astype(np.float32)
        start = 0
        while start < len(mono):
            part = slice(start, min(len(mono), start + self._stretch - self._count))
            self._take(mono[part], first[part])
            start = part.stop
        return mono

    def _take(self, mean: Samples, first: Samples) -> None:
        """Listen to samples within a stretch, and mix them in place."""
        self._mean_energy += float(np.square(mean, dtype=np.float64).sum())
        self._first_energy += float(np.square(first, dtype=np.float64).sum())
        if self._before or self._now:
            risen = np.minimum(1.0, np.arange(self._count + 1, self._count + len(mean) + 1) / self._fade)
            share = (self._before + (self._now - self._before) * risen).astype(np.float32)
            mean += share * (first - mean)
        self._count += len(mean)
        if self._count == self._stretch:
            bound = (_SOUND if self._now else _CANCELLED) ** 2 * self._first_energy
            self._before = self._now
            if self._first_energy > 0.0:
                self._now = float(self._mean_energy < bound)
            self._count, self._mean_energy, self._first_energy = 0, 0.0, 0.0
