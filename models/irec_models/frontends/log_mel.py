"""Log-mel spectrogram as a module that exports.

Shapes: B batch, T samples in a window, N frames, F bands.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from irec_models.frontends.dft import FoldedDft
from irec_models.frontends.framing import Framer
from irec_models.frontends.mel import mel_filters


class LogMel(nn.Module):
    """Natural logarithm of a mel-weighted magnitude spectrogram.

    Parameters
    ----------
    sample_rate : int
        Hz.
    window_length : int
        T.
    n_fft, hop_length : int
        Frame length, a multiple of 4, and distance of frames; `n_fft` a multiple of `hop_length`.
    frames : int
        N; padding is mirrored from inside the window.
    bands : int
        F.
    low_hz, high_hz : float
        Range of the bands.
    floor : float
        Added before the logarithm. It bounds the dynamic range from below: recordings differ in their noise floors,
        and a network that gets them learns the recording session in place of the instrument.

    Examples
    --------
    >>> LogMel(22050, 22050, 1024, 512, frames=43, bands=128)(torch.zeros(2, 22050)).shape
    torch.Size([2, 43, 128])
    """

    filters: Tensor

    def __init__(
        self,
        sample_rate: int,
        window_length: int,
        n_fft: int,
        hop_length: int,
        frames: int,
        bands: int,
        *,
        low_hz: float = 0.0,
        high_hz: float | None = None,
        floor: float = 1e-3,
    ) -> None:
        super().__init__()
        self.framer = Framer(window_length, n_fft, hop_length, frames)
        self.dft = FoldedDft(n_fft)
        self.bins = bands
        self.floor = floor
        filters = mel_filters(sample_rate, n_fft, bands, low_hz, high_hz)
        # Columns in the transform's own order of bins, so nothing needs reordering at run time.
        reordered = torch.from_numpy(filters[:, self.dft.bins.numpy()].T.copy())
        self.register_buffer("filters", reordered.to(torch.float32), persistent=False)

    def forward(self, audio: Tensor) -> Tensor:
        """Audio (B, T) to log-mel (B, N, F)."""
        return torch.log(self.dft.magnitude(self.framer(audio)) @ self.filters + self.floor)
