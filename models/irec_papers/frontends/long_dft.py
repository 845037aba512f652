"""The Fourier transform of a whole window as matrix products.

Shapes: B batch, T samples in a window, L = P x Q samples in the transform.

References
----------
J. W. Cooley, J. W. Tukey, "An algorithm for the machine calculation of complex Fourier series", Mathematics of
Computation 19(90), 1965.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


class LongSpectrum(nn.Module):
    """Magnitudes of the bins 0 ... L / 2 - 1 of one transform over the whole window, silence added up to L.

    One step of Cooley and Tukey: with L = P Q, Q transforms of P points, a rotation, P transforms of Q points. Half of
    the P are enough, for the input is real, and rows of silence are left out. For a second at 22.05 kHz that takes
    0.4 MB of constants and 9 million multiplications; for 3 s in L = 884 000, 8 MB and 1.4 billion, where a single
    matrix would take 470 GB.

    Where in the L samples the window stands changes the phases alone: magnitudes are the same wherever the silence is
    added. It is added at the end.

    Parameters
    ----------
    window_length : int
        T.
    length : int
        L, even, at least T.

    Raises
    ------
    ValueError
        If `length` is odd, less than `window_length`, or has no factors of similar size.

    Examples
    --------
    >>> spectrum = LongSpectrum(60, 60)(torch.cos(2 * math.pi * 7 * torch.arange(60) / 60)[None])
    >>> int(spectrum.argmax()), round(float(spectrum.max()), 2)
    (7, 30.0)
    """

    first_cos: Tensor
    first_sin: Tensor
    turn_cos: Tensor
    turn_sin: Tensor
    second_cos: Tensor
    second_sin: Tensor

    def __init__(self, window_length: int, length: int) -> None:
        super().__init__()
        if length % 2 or not 0 < window_length <= length:
            raise ValueError(f"length must be even and at least {window_length}, the window, not {length}")
        self.rows, self.columns = _factors(length)
        self.bins = length // 2
        filled = -(-window_length // self.columns)  # rows that are not all silence
        self._padding = filled * self.columns - window_length
        self.kept = self.rows // 2 + 1
        k = torch.arange(self.kept, dtype=torch.float64)[:, None]
        n = torch.arange(filled, dtype=torch.float64)[None]
        q = torch.arange(self.columns, dtype=torch.float64)[None]
        angles = {
            "first": 2 * math.pi * torch.remainder(k * n, self.rows) / self.rows,
            "turn": 2 * math.pi * k * q / length,
            "second": 2 * math.pi * torch.remainder(q.T * q, self.columns) / self.columns,
        }
        for name, angle in angles.items():
            self.register_buffer(f"{name}_cos", torch.cos(angle).to(torch.float32), persistent=False)
            self.register_buffer(f"{name}_sin", torch.sin(angle).to(torch.float32), persistent=False)

    def forward(self, audio: Tensor) -> Tensor:
        """Audio (B, T) to magnitudes (B, L / 2)."""
        grid = nn.functional.pad(audio, (0, self._padding)).reshape(-1, self.first_cos.shape[1], self.columns)
        real, imaginary = self.first_cos @ grid, -(self.first_sin @ grid)  # (B, P / 2 + 1, Q)
        real, imaginary = (
            real * self.turn_cos + imaginary * self.turn_sin,
            imaginary * self.turn_cos - real * self.turn_sin,
        )
        real, imaginary = (
            real @ self.second_cos + imaginary @ self.second_sin,
            imaginary @ self.second_cos - real @ self.second_sin,
        )
        magnitude = torch.sqrt(real.square() + imaginary.square())
        # Bin p + P q; the rows that were left out mirror those that were not.
        mirrored = magnitude[:, 1 : self.rows - self.kept + 1].flip(1, 2)
        return torch.cat((magnitude, mirrored), dim=1).transpose(1, 2).flatten(1)[:, : self.bins]


def _factors(length: int) -> tuple[int, int]:
    """P and Q of the cheapest split: the two steps cost P and 2 Q multiplications a sample.

    Examples
    --------
    >>> _factors(22050)
    (210, 105)
    """
    pairs = [(p, length // p) for p in range(2, length // 2 + 1) if length % p == 0]
    if not pairs:
        raise ValueError(f"length {length} has no factors")
    p, q = min(pairs, key=lambda pair: pair[0] + 2 * pair[1])
    if p + 2 * q > 20 * math.sqrt(length):
        raise ValueError(f"length {length} has no factors of similar size; take one with small prime factors")
    return p, q
