"""Cut a window of audio into overlapping frames, with padding taken from inside the window alone.

Shapes: B batch, T samples in a window, N frames, L samples in a frame.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Framer(nn.Module):
    """Frames centred on the window, mirrored at its edges.

    The frames cover ``frame_length + (frames - 1) * hop_length`` samples; what the window lacks is filled by
    reflecting it, the same on both sides. Nothing outside the window is needed, so a frame's content never depends
    on what comes later, and silence is not invented at the edges (a jump to zeros would spread over all bins).

    Parameters
    ----------
    window_length : int
        T.
    frame_length : int
        L, a multiple of `hop_length`.
    hop_length : int
    frames : int
        N.

    Raises
    ------
    ValueError
        If `frame_length` is no multiple of `hop_length`, or the frames need more padding than the window can give,
        or do not reach over the whole window.

    Examples
    --------
    >>> framer = Framer(window_length=8, frame_length=4, hop_length=2, frames=5)
    >>> framer(torch.arange(8.0)[None])[0, 0].tolist()
    [2.0, 1.0, 0.0, 1.0]
    """

    def __init__(self, window_length: int, frame_length: int, hop_length: int, frames: int) -> None:
        super().__init__()
        if hop_length < 1 or frame_length % hop_length:
            raise ValueError(f"frame_length {frame_length} is not a multiple of hop_length {hop_length}")
        padding = frame_length + (frames - 1) * hop_length - window_length
        self.left = max(padding, 0) // 2
        self.right = max(padding, 0) - self.left
        if max(self.left, self.right) >= window_length or padding <= -hop_length:
            raise ValueError(
                f"{frames} frames of {frame_length} samples, {hop_length} apart, do not fit a window of {window_length}"
            )
        self.hop_length = hop_length
        self.overlap = frame_length // hop_length
        self.frames = frames

    def forward(self, audio: Tensor) -> Tensor:
        """Audio (B, T) to frames (B, N, L)."""
        if self.left or self.right:
            head = audio[:, 1 : self.left + 1].flip(-1)
            tail = audio[:, audio.shape[1] - self.right - 1 : -1].flip(-1)
            audio = torch.cat((head, audio, tail), dim=1)
        pieces = self.frames + self.overlap - 1
        # Pieces of one hop; a frame is `overlap` neighbours. Slices and one concatenation, where unfold would export
        # as a gather over every sample.
        hops = audio[:, : pieces * self.hop_length].reshape(-1, pieces, self.hop_length)
        return torch.cat([hops[:, i : i + self.frames] for i in range(self.overlap)], dim=2)
