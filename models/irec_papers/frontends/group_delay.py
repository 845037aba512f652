"""Modified group delay as a module that exports.

Shapes: B batch, T samples in a window, N frames, L samples in a frame, F bins.

References
----------
H. A. Murthy, V. Gadde, "The modified group delay function and its application to phoneme recognition", ICASSP 2003.
Lumen Data Science 2023 project documentation, Zagreb, 2023, section 3.1.2, equations 1 to 3 and Table 4 (50 ms frames
every 10 ms, alpha 0.9, gamma 0.5, the first 128 bins).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from irec_models.frontends.dft import FoldedDft
from irec_models.frontends.framing import Framer


class ModifiedGroupDelay(nn.Module):
    """How late each frequency arrives in a frame, with the spectrum's zeros smoothed away.

    With X the spectrum of a frame x(n) and Y that of n x(n), the group delay is
    ``(Re X Re Y + Im X Im Y) / |X|**2``. Near a zero of X it explodes; dividing by the cepstrally smoothed ``|S|``
    to the power ``2 gamma`` instead, and taking the power ``alpha`` of what results (with its sign), gives the modified
    group delay of Table 4.

    What the table leaves open is settled so: frames are Hann windowed as in the other front ends, since the jumps at
    a bare frame's ends would ring through all bins; the transform is as long as the frame, without zero-padding; S
    keeps the first `lifter` cepstral coefficients, 8 as in Murthy and Gadde; n counts samples from the frame's start.

    Parameters
    ----------
    window_length : int
        T.
    frame_length, hop_length : int
        L, a multiple of 4 and of `hop_length`; distance of frames.
    frames : int
        N.
    bins : int
        F, an even number of bins counted from 0 Hz.
    alpha, gamma : float
        Compression, and how much of the smoothed spectrum is divided out.
    lifter : int
        Cepstral coefficients that S keeps.
    floor : float
        Added to the power ``|X|**2``, squared: where it rules, the smoothed spectrum is flat and delays are small.

    Raises
    ------
    ValueError
        If `bins` is odd or more than L / 2, or `lifter` is not within 1 ... L / 2.

    Examples
    --------
    >>> ModifiedGroupDelay(22050, 1100, 220, frames=100)(torch.zeros(2, 22050)).shape
    torch.Size([2, 100, 128])
    """

    ramp: Tensor
    analysis: Tensor
    synthesis: Tensor

    def __init__(
        self,
        window_length: int,
        frame_length: int,
        hop_length: int,
        frames: int,
        bins: int = 128,
        *,
        alpha: float = 0.9,
        gamma: float = 0.5,
        lifter: int = 8,
        floor: float = 1e-2,
    ) -> None:
        super().__init__()
        half = frame_length // 2
        if bins % 2 or not 0 < bins <= half:
            raise ValueError(f"bins must be even and at most {half}, half a frame, not {bins}")
        if not 1 <= lifter <= half:
            raise ValueError(f"lifter must be from 1 to {half}, half a frame, not {lifter}")
        self.framer = Framer(window_length, frame_length, hop_length, frames)
        self.dft = FoldedDft(frame_length)
        self.bins = bins
        self.alpha = alpha
        self.gamma = gamma
        self.floor = floor
        # Real cepstrum of an even spectrum: bins strictly between 0 and L / 2 occur twice. All in the order of the DFT.
        order = self.dft.bins.to(torch.float64)
        quefrencies = torch.arange(lifter, dtype=torch.float64)
        cosines = torch.cos(2 * math.pi * order[:, None] * quefrencies / frame_length)
        twice = torch.where((order > 0) & (order < half), 2.0, 1.0)
        mirrored = torch.where(quefrencies > 0, 2.0, 1.0)
        kept = self._keep(cosines)
        constants = {
            "ramp": torch.arange(frame_length, dtype=torch.float64),
            "analysis": cosines * twice[:, None] / frame_length,
            "synthesis": (kept * mirrored).T.contiguous(),
        }
        for name, value in constants.items():
            self.register_buffer(name, value.to(torch.float32), persistent=False)

    def _keep(self, rows: Tensor) -> Tensor:
        """Even, then odd ones of the first F bins, from (L / 2 + 1, ...) in the order of the DFT."""
        evens = self.dft.frame_length // 4 + 1
        return torch.cat((rows[: self.bins // 2], rows[evens : evens + self.bins // 2]))

    def _first(self, spectrum: Tensor) -> Tensor:
        """Even, then odd ones of the first F bins of the last axis."""
        evens = self.dft.frame_length // 4 + 1
        return torch.cat((spectrum[..., : self.bins // 2], spectrum[..., evens : evens + self.bins // 2]), dim=-1)

    def forward(self, audio: Tensor) -> Tensor:
        """Audio (B, T) to modified group delay (B, N, F), in samples to some power, with its sign."""
        frames = self.framer(audio)
        x_real, x_imaginary = self.dft(frames)
        y_real, y_imaginary = self.dft(frames * self.ramp)
        power = x_real.square() + x_imaginary.square()
        log_magnitude = 0.5 * torch.log(power + self.floor**2)
        log_smooth = log_magnitude @ self.analysis @ self.synthesis
        product = self._first(x_real * y_real + x_imaginary * y_imaginary)
        delay = product * torch.exp(-2.0 * self.gamma * log_smooth)
        delay = torch.sign(delay) * torch.abs(delay) ** self.alpha
        even, odd = delay.chunk(2, dim=-1)
        return torch.stack((even, odd), dim=-1).flatten(-2)  # 0, 1, 2 ... again
