"""Causal normalisation: by the window itself, or by constants from the training data.

Shapes: B batch, T samples in a window, N frames, F bins.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn


class LevelNormalizer(nn.Module):
    """Bring a window to RMS 1, without its mean, unless it is next to silent.

    Published systems divide a recording by its maximum, which needs the whole recording. A live window has only
    itself; RMS in place of the maximum, because one click decides a maximum. Below `floor` the gain stays constant,
    so silence is not blown up to music.

    Parameters
    ----------
    floor : float
        Smallest RMS that is brought to 1; the default is -60 dBFS.
    """

    def __init__(self, floor: float = 1e-3) -> None:
        super().__init__()
        self.floor = floor

    def forward(self, audio: Tensor) -> Tensor:
        """Audio (B, T) to audio (B, T) of mean 0 and RMS 1, or less where the window is nearly silent."""
        audio = audio - audio.mean(dim=1, keepdim=True)
        rms = torch.sqrt(audio.square().mean(dim=1, keepdim=True))
        return audio / torch.clamp(rms, min=self.floor)


class Standardizer(nn.Module):
    """Subtract a mean and divide by a deviation per band, both constants stored in the checkpoint.

    Parameters
    ----------
    bins : int
        F.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, bins: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(bins))
        self.register_buffer("deviation", torch.ones(bins))

    def forward(self, features: Tensor) -> Tensor:
        """Features (B, N, F), standardised per band."""
        return (features - self.mean) / self.deviation

    @torch.no_grad()
    def fit(self, batches: Iterable[Tensor]) -> None:
        """Set the constants from features (B, N, F) of training batches.

        The mean is per band. The deviation is one number for all bands: dividing each band by its own would amplify
        bands that are mostly empty.
        """
        total, squares, count = torch.zeros_like(self.mean, dtype=torch.float64), 0.0, 0
        for features in batches:
            flat = features.reshape(-1, features.shape[-1]).to(torch.float64)
            total += flat.sum(dim=0)
            squares += float(flat.square().sum())
            count += flat.shape[0]
        if not count:
            raise ValueError("no features to take the normalisation from")
        mean = total / count
        variance = squares / (count * mean.numel()) - float(mean.square().mean())
        self.mean.copy_(mean)
        self.deviation.fill_(max(variance, 1e-6) ** 0.5)
