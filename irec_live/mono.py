"""Mix-down: whatever a source or a file gives, as one finite channel.

Shapes: n frames, C channels.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_LOUDEST = 1000.0
"""60 dB above full scale. Samples beyond are taken for damage and clipped, so that no square of them overflows."""

_CANCELLED = 0.03
"""The mean of two channels is 30 dB below the first one: no recording of music in stereo is, but by that mistake."""


def to_mono(block: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
    """The mean of the channels, finite; the first channel where they cancel each other out.

    That happens when a balanced microphone is plugged into a stereo input: right is left upside down.

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

    Examples
    --------
    >>> to_mono(np.array([[0.5, 0.25], [np.nan, 1.0]], np.float32)).tolist()
    [0.375, 0.5]
    """
    if block.ndim not in (1, 2) or (block.ndim == 2 and not block.shape[1]) or block.dtype.kind != "f":
        raise ValueError(f"expected floating-point samples (n,) or (n, C), not {block.dtype} {block.shape}")
    # NaN compares false: one pass finds everything that must not go further.
    if block.size and not np.abs(block).max() <= _LOUDEST:
        block = np.nan_to_num(np.clip(block, -_LOUDEST, _LOUDEST) * np.isfinite(block), nan=0.0)
    mono: npt.NDArray[np.float32]
    if block.ndim == 1:
        mono = block.astype(np.float32)
        return mono
    mono = block.mean(axis=1, dtype=np.float32)
    if block.shape[1] > 1 and np.abs(mono).max(initial=0.0) < _CANCELLED * np.abs(block[:, 0]).max(initial=0.0):
        mono = block[:, 0].astype(np.float32)
    return mono
