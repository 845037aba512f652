"""STFT magnitude as a module that exports.

Shapes: B batch, T samples in a window, N frames, H = n_fft / 2 + 1 bins.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from irec_models.frontends.dft import FoldedDft
from irec_models.frontends.framing import Framer


class StftMagnitude(nn.Module):
    """Natural logarithm of the Hann-windowed magnitude spectrum.

    Parameters
    ----------
    window_length : int
        T.
    n_fft, hop_length : int
        Frame length, a multiple of 4, and distance of frames; `n_fft` a multiple of `hop_length`.
    frames : int
        N.
    floor : float
        Added to the magnitude before the logarithm; 0 gives the plain magnitude without logarithm.
    """

    order: Tensor

    def __init__(self, window_length: int, n_fft: int, hop_length: int, frames: int, floor: float = 0.0) -> None:
        super().__init__()
        self.framer = Framer(window_length, n_fft, hop_length, frames)
        self.dft = FoldedDft(n_fft)
        self.bins = n_fft // 2 + 1
        self.floor = floor
        self.register_buffer("order", self.dft.natural_order, persistent=False)

    def forward(self, audio: Tensor) -> Tensor:
        """Audio (B, T) to (B, N, H)."""
        magnitude = self.dft.magnitude(self.framer(audio)).index_select(2, self.order)
        return torch.log(magnitude + self.floor) if self.floor else magnitude
