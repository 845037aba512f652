"""The discrete Fourier transform of real frames as four small matrix products.

Shapes: B batch, N frames, L samples in a frame, Q = L / 4.

A DFT by one matrix costs 2 L (L / 2 + 1) constants: 16.8 MB at L = 2048, more than the network behind it. With a
window that is symmetric about L / 2, two foldings bring that to an eighth:

* cosines are even and sines odd about n = L / 2, so the real part needs only ``y[n] + y[L - n]`` and the imaginary
  part only ``y[n] - y[L - n]``, each half as long;
* about n = L / 4, the cosine of an even bin is even and that of an odd bin odd (the sines the other way round), so
  each half folds once more.

What remains is four products of about Q x Q. It is the first two steps of a split by symmetry as in a fast cosine
transform; going further would save little, since small products no longer fill the processor's vector units.
Everything is float32: the power spectrum of a full-scale tone does not fit float16.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


class FoldedDft(nn.Module):
    """Hann-windowed DFT of real frames: real and imaginary parts of the bins 0 ... L / 2, even bins first.

    Parameters
    ----------
    frame_length : int
        L, a multiple of 4.
    taper : (L,) float64, optional
        In place of the periodic Hann window of L samples.

    Raises
    ------
    ValueError
        If `frame_length` is not a positive multiple of 4, or the taper is not as long.

    Notes
    -----
    The order of bins is `bins`: even ones, then odd ones. A filter bank takes its rows in that order at no cost; who
    needs the natural order applies `natural_order`.

    Examples
    --------
    >>> dft = FoldedDft(8)
    >>> dft.bins.tolist()
    [0, 2, 4, 1, 3]
    >>> frames = torch.cos(2 * math.pi * torch.arange(8) / 8)[None, None]
    >>> dft.magnitude(frames)[0, 0, dft.natural_order].round(decimals=3).tolist()  # a tone in bin 1, spread by Hann
    [2.0, 2.0, 1.0, 0.0, 0.0]
    """

    window: Tensor
    even_cos: Tensor
    odd_cos: Tensor
    even_sin: Tensor
    odd_sin: Tensor

    def __init__(self, frame_length: int, taper: Tensor | None = None) -> None:
        super().__init__()
        if frame_length < 8 or frame_length % 4:
            raise ValueError(f"frame_length must be a multiple of 4 and at least 8, not {frame_length}")
        if taper is not None and taper.shape != (frame_length,):
            raise ValueError(f"taper must have {frame_length} samples, not {tuple(taper.shape)}")
        self.frame_length = frame_length
        half, quarter = frame_length // 2, frame_length // 4
        n = torch.arange(quarter + 1, dtype=torch.float64)[:, None]
        even = torch.arange(0, half + 1, 2, dtype=torch.float64)[None]
        odd = torch.arange(1, half, 2, dtype=torch.float64)[None]
        turn = 2 * math.pi / frame_length
        whole = torch.arange(frame_length, dtype=torch.float64)
        constants = {
            # periodic Hann unless another is given; the foldings are of the transform, and need no symmetry of it
            "window": torch.sin(math.pi * whole / frame_length) ** 2 if taper is None else taper,
            "even_cos": torch.cos(turn * n * even),
            "odd_cos": torch.cos(turn * n[:-1] * odd),
            "even_sin": torch.sin(turn * n[1:-1] * even),
            "odd_sin": torch.sin(turn * n[1:] * odd),
        }
        for name, value in constants.items():
            # Not persistent: fixed by frame_length, so no reason to be in a checkpoint.
            self.register_buffer(name, value.to(torch.float32), persistent=False)
        self.bins = torch.cat((even[0], odd[0])).to(torch.int64)
        self.natural_order = torch.argsort(self.bins)

    def forward(self, frames: Tensor) -> tuple[Tensor, Tensor]:
        """Frames (B, N, L) to real and imaginary parts, each (B, N, L / 2 + 1), bins in the order of `bins`.

        The imaginary part has the sign of a positive exponent; magnitudes do not care.
        """
        half, quarter = self.frame_length // 2, self.frame_length // 4
        y = frames * self.window
        front, back = y[..., 1:half], y[..., half + 1 :].flip(-1)
        even = torch.cat((y[..., :1], front + back, y[..., half : half + 1]), dim=-1)  # n = 0 ... L/2
        odd = front - back  # n = 1 ... L/2 - 1
        front, back, middle = even[..., :quarter], even[..., quarter + 1 :].flip(-1), even[..., quarter : quarter + 1]
        real = torch.cat(
            (torch.cat((front + back, middle), dim=-1) @ self.even_cos, (front - back) @ self.odd_cos), dim=-1
        )
        front, back, middle = odd[..., : quarter - 1], odd[..., quarter:].flip(-1), odd[..., quarter - 1 : quarter]
        imaginary = torch.cat(
            ((front - back) @ self.even_sin, torch.cat((front + back, middle), dim=-1) @ self.odd_sin), dim=-1
        )
        return real, imaginary

    def magnitude(self, frames: Tensor) -> Tensor:
        """Frames (B, N, L) to magnitudes (B, N, L / 2 + 1), bins in the order of `bins`."""
        real, imaginary = self(frames)
        return torch.sqrt(real.square() + imaginary.square())
