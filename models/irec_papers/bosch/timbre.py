"""Timbre descriptors of a spectrum: MFCC, centroid, spread, spectral peaks and valleys.

Shapes: B batch, N frames, H bins, L samples in a frame, D descriptors.

References
----------
F. Fuhrmann, P. Herrera, "Polyphonic instrument recognition for exploring semantic similarities in music", DAFx-10, 2010
(frame-wise timbre descriptors, summed up by mean and variance, for support vector machines).
D.-N. Jiang, L. Lu, H.-J. Zhang, J.-H. Tao, L.-H. Cai, "Music type classification by spectral contrast feature", ICME
2002.
"""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from torch import Tensor, nn

from irec_models.frontends.mel import mel_filters

COEFFICIENTS = 20
BANDS = 40
CONTRAST_BANDS = 7
DESCRIPTORS = COEFFICIENTS + 4 + CONTRAST_BANDS

_ROLLOFF = 0.85
_QUANTILE = 0.02
_LOWEST_HZ = 200.0
_STILL = 1e-3


class TimbreDescriptors(nn.Module):
    """Per frame: 20 MFCCs, spectral centroid, bandwidth, roll-off, flatness, and contrast in 7 octaves.

    Parameters
    ----------
    sample_rate, n_fft : int
        Of the spectrum.

    Notes
    -----
    Each is librosa's descriptor of that name, except for units: frequencies are in kHz, flatness in dB.
    """

    frequencies: Tensor
    filters: Tensor
    cosines: Tensor

    def __init__(self, sample_rate: int, n_fft: int) -> None:
        super().__init__()
        frequencies = torch.arange(n_fft // 2 + 1, dtype=torch.float64) * sample_rate / n_fft
        if sample_rate / 2 <= _LOWEST_HZ * 2 ** (CONTRAST_BANDS - 2):
            raise ValueError(f"{CONTRAST_BANDS} octaves from {_LOWEST_HZ:.0f} Hz do not fit {sample_rate} Hz")
        filters = torch.from_numpy(mel_filters(sample_rate, n_fft, BANDS).T.copy())
        self.register_buffer("frequencies", (frequencies / 1000.0).float(), persistent=False)
        self.register_buffer("filters", filters.float(), persistent=False)
        self.register_buffer("cosines", _cosine_transform(BANDS, COEFFICIENTS).float(), persistent=False)
        self.octaves = _octaves(frequencies)

    def forward(self, magnitude: Tensor) -> Tensor:
        """Magnitudes above zero (B, N, H) to descriptors (B, N, D)."""
        power = magnitude.square()
        cepstrum = 10.0 * torch.log10((power @ self.filters).clamp(min=1e-20)) @ self.cosines
        total = magnitude.sum(dim=-1, keepdim=True)
        share = magnitude / total
        centroid = share @ self.frequencies.unsqueeze(1)
        bandwidth = torch.sqrt((share * (self.frequencies - centroid).square()).sum(dim=-1, keepdim=True))
        return torch.cat(
            (
                cepstrum,
                centroid,
                bandwidth,
                self._rolloff(magnitude, total),
                _flatness(power),
                self._contrast(magnitude),
            ),
            dim=-1,
        )

    def _rolloff(self, magnitude: Tensor, total: Tensor) -> Tensor:
        """The frequency below which 85 % of the magnitude lies, (B, N, 1), kHz."""
        reached = torch.cumsum(magnitude, dim=-1) >= _ROLLOFF * total
        highest = self.frequencies[-1]
        return torch.where(reached, self.frequencies, highest).amin(dim=-1, keepdim=True)

    def _contrast(self, magnitude: Tensor) -> Tensor:
        """Peak over valley in each octave, (B, N, 7), dB: the mean of the outermost values on either side."""
        parts = []
        for start, stop, count in self.octaves:
            band = magnitude[..., start:stop]
            if count == 1:
                peak, valley = band.amax(dim=-1), band.amin(dim=-1)
            else:
                peak = band.topk(count, dim=-1).values.mean(dim=-1)
                valley = band.topk(count, dim=-1, largest=False).values.mean(dim=-1)
            parts.append(10.0 * torch.log10(peak / valley))
        return torch.stack(parts, dim=-1)


def _flatness(power: Tensor) -> Tensor:
    """Geometric over arithmetic mean of the power, (B, N, 1), dB."""
    return 10.0 * (torch.log10(power).mean(dim=-1, keepdim=True) - torch.log10(power.mean(dim=-1, keepdim=True)))


def crossing_rate(frames: Tensor) -> Tensor:
    """Zero-crossing rate: sign changes per sample of frames (B, N, L) of RMS about 1: (B, N, 1).

    The zero is put a little lower, so that rounding in a silent frame changes no sign.
    """
    above = (frames > -_STILL).to(frames.dtype)
    return (above[..., 1:] - above[..., :-1]).abs().sum(dim=-1, keepdim=True) / frames.shape[-1]


def _cosine_transform(bands: int, coefficients: int) -> Tensor:
    """The orthonormal cosine transform as a matrix, (bands, coefficients) float64."""
    n = torch.arange(bands, dtype=torch.float64)[:, None]
    k = torch.arange(coefficients, dtype=torch.float64)[None]
    matrix = torch.cos(math.pi / bands * (n + 0.5) * k) * math.sqrt(2.0 / bands)
    matrix[:, 0] /= math.sqrt(2.0)
    return matrix


def _octaves(frequencies: Tensor) -> list[tuple[int, int, int]]:
    """First bin, bin behind the last, and how many bins count as peak or valley, of each octave.

    As librosa cuts them: an octave begins one bin early and leaves its last one to the next, and the highest takes all
    that is left; the share of bins counts that last bin in.
    """
    edges = [0.0, *(_LOWEST_HZ * 2.0**octave for octave in range(CONTRAST_BANDS))]
    found = []
    for number, (low, high) in enumerate(pairwise(edges)):
        inside = torch.nonzero((frequencies >= low) & (frequencies <= high)).ravel()
        start = int(inside[0]) - (number > 0)
        last = number == CONTRAST_BANDS - 1
        stop = len(frequencies) if last else int(inside[-1]) + 1
        count = max(round(_QUANTILE * (stop - start)), 1)
        found.append((start, stop if last else stop - 1, count))
    return found
