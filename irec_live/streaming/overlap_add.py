"""Weighted overlap-add: the envelopes of overlapping windows become one envelope per label.

Each window's frames are weighted with a Hann taper and added; the sum is divided by the sum of weights at that frame,
which is 1 in the middle of a stream (at 50 % overlap) and less at its ends and beside a window that was skipped. Only
the worker's thread uses it.

Shapes: K labels, N frames in a window, m frames that became final.

References
----------
D. W. Griffin and J. S. Lim, "Signal estimation from modified short-time Fourier transform", IEEE Trans. ASSP 32(2),
1984, eq. 6: overlapping estimates are averaged with the weights of their windows.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.float32]


def hann_taper(frames: int) -> npt.NDArray[np.float64]:
    """Hann window sampled at the middle of each frame, sin²(π(n + ½)/N).

    Unlike the periodic and the symmetric form it is nowhere zero, so every frame of a single window counts; two of them
    half a window apart still sum to one.

    Parameters
    ----------
    frames : int
        N, at least 1.

    Returns
    -------
    (N,) float64

    Examples
    --------
    >>> taper = hann_taper(16)
    >>> bool(np.allclose(taper[:8] + taper[8:], 1.0))
    True
    """
    taper: npt.NDArray[np.float64] = np.sin(np.pi * (np.arange(frames) + 0.5) / frames) ** 2
    return taper


class OverlapAdd:
    """Running overlap-add of windows of frames, normalised by the weights.

    Parameters
    ----------
    n_labels : int
        K.
    frames : int
        N, frames in a window.
    hop_frames : int
        Frames from one window to the next.

    Raises
    ------
    ValueError
        A size below 1, or a hop longer than a window.

    Examples
    --------
    >>> add = OverlapAdd(1, 4, 2)
    >>> rows, first = add.push(np.ones((1, 4), np.float32), 0)
    >>> rows.ravel().tolist(), first
    ([1.0, 1.0], 0)
    """

    def __init__(self, n_labels: int, frames: int, hop_frames: int) -> None:
        if n_labels < 1 or not 1 <= hop_frames <= frames:
            raise ValueError(
                f"need n_labels >= 1 and 1 <= hop_frames <= frames, not {n_labels}, {hop_frames} and {frames}"
            )
        self.n_labels = n_labels
        self.frames = frames
        self.hop_frames = hop_frames
        self._taper = hann_taper(frames)
        self._sum = np.zeros((frames, n_labels))
        self._weight = np.zeros((frames, 1))
        self.reset()

    @property
    def lag(self) -> int:
        """Frames from one that has just become final to the newest one added, at most: N - 1."""
        return self.frames - 1

    def reset(self) -> None:
        """Forget all windows."""
        self._sum[:] = 0.0
        self._weight[:] = 0.0
        self._first: int | None = None  # absolute frame of the sums' first row; None before the first window

    def push(self, envelope: npt.NDArray[np.floating], first_frame: int) -> tuple[Rows, int]:
        """Add one window.

        Parameters
        ----------
        envelope : (K, N) float
            RMS, 0..1.
        first_frame : int
            Absolute index of the window's first frame. Windows come in order; some may be missing: frames that no
            window covers come out as 0.

        Returns
        -------
        rows : (m, K) float32
            Frames that no later window can change, oldest first; RMS, 0..1.
        first : int
            Absolute index of the first of them.

        Raises
        ------
        ValueError
            Wrong shape, or a window older than the one before.
        """
        if envelope.shape != (self.n_labels, self.frames):
            raise ValueError(f"expected an envelope of shape {(self.n_labels, self.frames)}, not {envelope.shape}")
        if self._first is None:
            self._first = first_frame
        if first_frame < self._first:
            raise ValueError(f"window at frame {first_frame} comes after frames up to {self._first} were returned")
        # After a skip, frames before this window can get no more from any: they go out now, and time stays in order.
        earlier, first = self._take(first_frame - self._first)
        self._sum += self._taper[:, None] * envelope.T
        self._weight += self._taper[:, None]
        rows, _ = self._take(self.hop_frames)
        return (np.concatenate([earlier, rows]) if earlier.size else rows), first

    def flush(self) -> tuple[Rows, int]:
        """End the stream: return the frames that still waited for a window. Call `reset` before the next `push`.

        Returns
        -------
        rows : (m, K) float32
        first : int
        """
        return self._take(self.frames - self.hop_frames if self._first is not None else 0)

    def _take(self, count: int) -> tuple[Rows, int]:
        """Normalise, return and forget the first `count` frames; frames beyond the sums are 0."""
        first = self._first or 0
        rows = np.zeros((count, self.n_labels), np.float32)
        held = min(count, self.frames)
        if held:
            weight = self._weight[:held]
            np.divide(self._sum[:held], weight, out=rows[:held], where=weight > 0.0, casting="same_kind")
            kept = self.frames - held
            for store in (self._sum, self._weight):
                store[:kept] = store[held:].copy()  # source and target overlap
                store[kept:] = 0.0
            self._first = first + count
        return rows, first
