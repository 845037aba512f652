"""Training targets of a window, envelopes and presence, computed from its stems.

Letters: S stems, T samples, M frames of a mixture, W windows, N frames of a window.
"""

from __future__ import annotations

from math import gcd

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]

AUDIBLE_DB = -20.0
"""A frame of a stem is audible if it is at most this far below everything else at that moment."""

INAUDIBLE_DB = -32.0
"""... and inaudible if it is further below than this; in between the label is unknown (mask 0)."""

AUDIBLE_FLOOR = 10 ** (-62 / 20)
INAUDIBLE_FLOOR = 10 ** (-74 / 20)
_AUDIBLE_S = 0.08


def frame_energy(sound: Array, frame_length: int, frame_hop: int) -> npt.NDArray[np.float64]:
    """Mean square of frames centred on 0, hop, 2 hop ...; beyond the ends is silence.

    Parameters
    ----------
    sound : (S, T) float32
    frame_length, frame_hop : int
        Samples; `frame_length` even.

    Returns
    -------
    (S, M) float64
        M = T // hop + 1.

    Examples
    --------
    >>> frame_energy(np.ones((1, 8), np.float32), 4, 4).tolist()
    [[0.5, 1.0, 0.5]]
    """
    if frame_length % 2:
        raise ValueError(f"frame_length must be even, not {frame_length}")
    half = frame_length // 2
    block = gcd(half, frame_hop)
    stems, length = sound.shape
    frames = length // frame_hop + 1
    blocks = -(-length // block)
    padded = np.zeros((stems, blocks * block), np.float32)
    padded[:, :length] = sound
    cut = padded.reshape(stems, blocks, block)
    energy = np.einsum("sbi,sbi->sb", cut, cut, dtype=np.float32).astype(np.float64)
    total = np.concatenate((np.zeros((stems, 1)), np.cumsum(energy, axis=1)), axis=1)
    centres = np.arange(frames) * (frame_hop // block)
    last = np.clip(centres + half // block, 0, blocks)
    first = np.clip(centres - half // block, 0, blocks)
    summed: npt.NDArray[np.float64] = (total[:, last] - total[:, first]) / frame_length
    return np.maximum(summed, 0.0)


def presence(
    stems: npt.NDArray[np.float64], rest: npt.NDArray[np.float64], frame_s: float, window_s: float
) -> tuple[Array, Array]:
    """Which stems are audible in a window, and for which that is unknown.

    Parameters
    ----------
    stems : (..., N) float64
        Frame energies of the stems.
    rest : (..., N) float64
        Of everything else at the same time, noise included.
    frame_s : float
        Seconds between frames.
    window_s : float
        Seconds of the window.

    Returns
    -------
    present : (...,) float32
        1 where the stem is audible for at least 80 ms (a quarter of a shorter window), else 0.
    clear : (...,) float32
        0 where it is neither plainly audible nor plainly inaudible, else 1.
    """
    needed = max(1, round(min(_AUDIBLE_S, window_s / 4) / frame_s))
    audible = (stems >= AUDIBLE_FLOOR**2) & (stems >= rest * 10 ** (AUDIBLE_DB / 10))
    faint = (stems >= INAUDIBLE_FLOOR**2) & (stems >= rest * 10 ** (INAUDIBLE_DB / 10))
    present = audible.sum(-1) >= needed
    absent = ~faint.any(-1)
    return present.astype(np.float32), (present | absent).astype(np.float32)
