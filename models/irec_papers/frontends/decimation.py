"""Decimation by two (half-band filter) as a module that exports.

Shapes: B batch, T samples.

References
----------
C. Schörkhuber, A. Klapuri, "Constant-Q transform toolbox for music processing", 7th Sound and Music Computing
Conference, 2010, section 3.2 (one set of kernels for all octaves, the signal decimated from octave to octave).
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

PASSBAND = 0.4
"""Share of the lower sample rate up to which a halving leaves everything as it was."""

HALF_LENGTH = 31
"""Filter taps on either side of its middle."""

_BETA = 9.0  # Kaiser window: 90 dB below in the stop band, a transition from 0.4 to 0.6 of the lower rate


class HalfBandDecimator(nn.Module):
    """Half-band low-pass, then every second sample; output sample m is centred on input sample 2 m.

    What lies above 0.6 of the new sample rate is 90 dB down, so nothing is folded on what lies below `PASSBAND`; in
    between it may be, and is not to be used.

    Examples
    --------
    >>> HalfBandDecimator()(torch.ones(1, 200))[0, 20:80].round(decimals=4).unique().tolist()
    [1.0]
    """

    taps: Tensor

    def __init__(self) -> None:
        super().__init__()
        n = np.arange(-HALF_LENGTH, HALF_LENGTH + 1)
        taps = np.sinc(n / 2) * np.kaiser(2 * HALF_LENGTH + 1, _BETA)
        self.register_buffer("taps", torch.from_numpy(taps / taps.sum())[None, None].float(), persistent=False)

    def forward(self, audio: Tensor) -> Tensor:
        """Audio (B, T) to (B, ceil(T / 2)) at half the sample rate, silence taken for granted beyond the ends."""
        return functional.conv1d(audio.unsqueeze(1), self.taps, stride=2, padding=HALF_LENGTH).squeeze(1)
