"""Multilayer perceptron on the magnitude spectrum of the whole window, after Vaznonis et al.

Shapes: B batch, T samples in a window, L samples in the transform, F = L / 2 bins, K labels.

References
----------
M. Vaznonis, L. de Jeu, F. Mozes, M. F. Toutonghi, Y.-R. Woo, "Recognizing predominant musical instruments in music
using deep learning techniques", 2022. Section 4.2.2 (structure), 3.2.1 (silence), 3.2.3 (transform).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from irec_models.frontends.normalize import LevelNormalizer, Standardizer
from irec_models.nets.network import Network
from irec_papers.frontends.long_dft import LongSpectrum
from irec_papers.glorot import glorot_uniform

PAPER_HIDDEN = (64, 100_000, 32, 50_000)

_SLOPE = 0.01  # "usually around 0.01", section 3.3.4
_FLOOR = 1e-2


class VaznonisFftNet(Network):
    """Section 4.2.2: 442 000 bins, hidden layers of 64, 100 000, 32 and 50 000 units, K outputs.

    The paper pads its 3 s excerpts with silence at both ends, at random, to just over 20 s, the length of its longest
    test excerpt (442 000 bins are 884 000 samples, 20.05 s at 44.1 kHz). In a magnitude spectrum the place makes no
    difference, and the silence only interpolates between the bins of the 3 s: it is added inside the graph, at the end,
    so the app streams windows of T and the network still sees its 442 000 bins.

    What the size means: 40 188 107 weights at K = 11, by the list of layers (28.3 million of them read the bins), a
    file of 172 MB and 1.4 billion multiplications a window, nearly all of them the transform's. That is
    ``sample_rate=44100, window_length=132300, length=884000, hidden=[64, 100000, 32, 50000]``. The default is a second
    at 22.05 kHz without padding and a tenth of the two wide layers: 11 025 bins, 1 905 709 weights at K = 13.

    The paper does not say how magnitudes are scaled; they are taken in logarithm, of a window brought to equal RMS, as
    the other front ends' are.

    Parameters
    ----------
    labels : int
        K; 11 in the paper.
    sample_rate : int
        Hz.
    window_length : int
        T.
    length : int
        L, even, at least T.
    hidden : sequence of int
        Units of the hidden layers.
    """

    architecture = "vaznonis-fft"
    kind = "activation"

    def __init__(
        self,
        labels: int,
        sample_rate: int = 22_050,
        window_length: int = 22_050,
        length: int = 22_050,
        hidden: Sequence[int] = (64, 10_000, 32, 5_000),
    ) -> None:
        super().__init__(
            labels, sample_rate=sample_rate, window_length=window_length, length=length, hidden=list(hidden)
        )
        if not hidden or min(hidden) < 1:
            raise ValueError(f"hidden layers must be at least 1, not {list(hidden)}")
        self.sample_rate = sample_rate
        self.window_length = window_length
        self.level = LevelNormalizer()
        self.spectrum = LongSpectrum(window_length, length)
        self._gain = window_length**-0.5  # white noise of RMS 1 has magnitude 1 in every bin
        self.front_end = f"log magnitude of {self.spectrum.bins} bins, one transform, window brought to equal RMS"
        self.standardizer = Standardizer(self.spectrum.bins)
        layers: list[nn.Module] = []
        for inputs, outputs in pairwise((self.spectrum.bins, *hidden)):
            layers += [nn.Linear(inputs, outputs), nn.LeakyReLU(_SLOPE)]
        self.layers = nn.Sequential(*layers, nn.Linear(hidden[-1], labels))
        glorot_uniform(self.layers)

    def raw_features(self, audio: Tensor) -> Tensor:
        """Audio (B, T) to log magnitudes (B, 1, F)."""
        magnitude: Tensor = self.spectrum(self.level(audio)).unsqueeze(1)
        return torch.log(magnitude * self._gain + _FLOOR)

    def classify(self, features: Tensor) -> Tensor:
        """Features (B, 1, F) to logits (B, K)."""
        logits: Tensor = self.layers(features.flatten(1))
        return logits
