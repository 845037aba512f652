"""The Neuroment network: envelope estimation, the RMS of each instrument frame by frame.

Shapes: B batch, T samples in a window, N = 16 frames, F bins, K labels.

References
----------
L. Häusler, L. I. Maier, "Neuroment - Instrument detection using convolutional neural networks", audio engineering
project, IEM Graz, 2022. Section 4.2.3 (front ends), 4.3 and Fig. 9 (structure, numbers of weights), 4.4 (training).
B. Smith, "Instantaneous companding of quantized signals", Bell System Technical Journal 36(3), 1957 (mu-law).
"""

from __future__ import annotations

import math
from typing import Literal, get_args

import torch
from torch import Tensor, nn

from irec_models.frontends import LogMel
from irec_models.frontends.normalize import Standardizer
from irec_models.nets.network import Network
from irec_papers.folding import fold_pairs, normalized
from irec_papers.frontends import ConstantQ, StftMagnitude

SAMPLE_RATE = 44_100
N_FFT = 2048
HOP_LENGTH = 1024
FRAMES = 16
WINDOW_LENGTH = (FRAMES - 1) * HOP_LENGTH  # 348 ms: frames centred on multiples of the hop, first and last on the edges

FrontEnd = Literal["mel", "stft", "cqt"]

_CHANNELS = (16, 32, 64)
_KERNELS = (3, 5, 7)
_POOLS = (2, 2, 4)
_RANGE = 1000.0  # 60 dB, the range in which the paper shows and compares envelopes


class NeuromentTrunk(nn.Module):
    """Fig. 9: pairs of 3 x 3, 5 x 5 and 7 x 7 convolutions, pooling in frequency only, one dense layer.

    The paper gives neither channels nor the dense layer's shape, but three numbers of weights for 8 instruments: 8.73 M
    with 1025 bins, 1.92 M with 192, 1.39 M with 128. Pooling by 2, 2 and 4 leaves 64, 12 and 8 bins, so a remaining
    bin costs (8.73 - 1.39) M / 56 = 131 k weights. With 64 channels, 16 frames and 8 x 16 outputs, a single dense
    layer costs 64 * 16 * 128 = 131 072 a bin. What is left for the convolutions is 0.342 to 0.346 M; 16, 32 and 64
    channels need 342 128 (biases included). Sums: 8 730 864, 1 915 120 and 1 390 832, the paper's three numbers.

    Parameters
    ----------
    bins : int
        F, at least 16.
    labels : int
        K.
    frames : int
        N.
    dropout : float
        Probability that a whole channel is dropped after the first and the second pooling.
    batch_norm : bool
        Train with batch normalisation (`irec_papers.folding`).
    """

    def __init__(
        self, bins: int, labels: int, frames: int = FRAMES, dropout: float = 0.1, batch_norm: bool = False
    ) -> None:
        super().__init__()
        self.labels = labels
        self.frames = frames
        layers: list[nn.Module] = []
        previous = 1
        for channels, kernel, pool in zip(_CHANNELS, _KERNELS, _POOLS, strict=True):
            for inputs in (previous, channels):
                layers += [nn.Conv2d(inputs, channels, kernel, padding=kernel // 2)]
                layers += [*normalized(channels, batch_norm), nn.ReLU(inplace=True)]
            layers.append(nn.MaxPool2d((pool, 1)))
            if channels != _CHANNELS[-1]:
                layers.append(nn.Dropout2d(dropout))
            bins //= pool
            previous = channels
        self.convolutions = nn.Sequential(*layers)
        self.output = nn.Linear(previous * bins * frames, labels * frames)
        for module in self.convolutions:
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_uniform_(module.weight, nonlinearity="relu")
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    def forward(self, features: Tensor) -> Tensor:
        """Features (B, 1, F, N) to logits (B, K, N)."""
        maps = self.convolutions(features)
        logits: Tensor = self.output(maps.flatten(1))
        return logits.reshape(-1, self.labels, self.frames)


class NeuromentNet(Network):
    """Front end, constants and `NeuromentTrunk`.

    The paper standardises whole files, which cannot be done live; the constants here come from the training data and
    live in the checkpoint (`irec_papers.standardization` measures what that costs: with the network bundled first,
    statistics of the recording so far scored better on mixtures than those of the whole file, 0.47 against 0.41 mAP,
    and constants best, 0.60). Absolute level matters to an envelope, so the window is not brought to equal level.

    Parameters
    ----------
    labels : int
        K; 8 in the paper.
    front_end : {"mel", "stft", "cqt"}
        128 mel bands from 27.5 Hz to 20 kHz, 1025 bins, or 192 constant-Q bins from 27.5 Hz. The paper transforms whole
        files; within a window, constant-Q kernels below 98 Hz are cut to its 348 ms.
    companding : bool
        What the sigmoid stands for: an RMS amplitude as in the paper (False), or its mu-law over 60 dB (True). In
        cross-entropy on amplitudes an instrument at -40 dB weighs next to nothing, and so is never learnt; on the
        companded scale it stands at a third. `probabilities` gives amplitudes either way.
    dropout : float
        0.1 in the paper.
    batch_norm : bool
        Train with batch normalisation; `folded` gives the paper's network.
    """

    architecture = "neuroment"
    kind = "envelope"
    sample_rate = SAMPLE_RATE
    window_length = WINDOW_LENGTH
    frames = FRAMES
    frame_hop = HOP_LENGTH

    def __init__(
        self,
        labels: int,
        front_end: FrontEnd = "mel",
        companding: bool = True,
        dropout: float = 0.1,
        batch_norm: bool = False,
    ) -> None:
        super().__init__(labels, front_end=front_end, companding=companding, dropout=dropout, batch_norm=batch_norm)
        if front_end not in get_args(FrontEnd):
            raise ValueError(f"unknown front_end '{front_end}'; there are: {', '.join(get_args(FrontEnd))}")
        self.companding = companding
        self.spectrum: LogMel | StftMagnitude | ConstantQ
        if front_end == "mel":
            self.spectrum = LogMel(
                SAMPLE_RATE, WINDOW_LENGTH, N_FFT, HOP_LENGTH, FRAMES, bands=128, low_hz=27.5, high_hz=20_000.0
            )
            self.front_end = f"log-mel 128 bands 27.5 Hz - 20 kHz, {N_FFT}/{HOP_LENGTH}"
        elif front_end == "cqt":
            self.spectrum = ConstantQ(
                SAMPLE_RATE,
                WINDOW_LENGTH,
                HOP_LENGTH,
                FRAMES,
                low_hz=27.5,
                bins=192,
                bins_per_octave=24,
                floor=1e-3,
            )
            self.front_end = f"log constant-Q 192 bins from 27.5 Hz, 24 an octave, hop {HOP_LENGTH}"
        else:
            self.spectrum = StftMagnitude(WINDOW_LENGTH, N_FFT, HOP_LENGTH, FRAMES, floor=1e-3)
            self.front_end = f"log magnitude spectrum, {N_FFT}/{HOP_LENGTH}"
        self.standardizer = Standardizer(self.spectrum.bins)
        self.trunk = NeuromentTrunk(self.spectrum.bins, labels, dropout=dropout, batch_norm=batch_norm)

    def raw_features(self, audio: Tensor) -> Tensor:
        """Audio (B, T) to (B, N, F)."""
        spectrum: Tensor = self.spectrum(audio)
        return spectrum

    def classify(self, features: Tensor) -> Tensor:
        """Features (B, N, F) to logits (B, K, N)."""
        logits: Tensor = self.trunk(features.transpose(1, 2).unsqueeze(1))
        return logits

    def probabilities(self, logits: Tensor) -> Tensor:
        """Logits to RMS amplitudes in 0..1, (B, K, N)."""
        scale = torch.sigmoid(logits)
        if not self.companding:
            return scale
        return (torch.exp(scale * math.log(_RANGE)) - 1.0) / (_RANGE - 1.0)

    def targets(self, wanted: Tensor, audio: Tensor) -> Tensor:
        """RMS amplitudes to the scale of the sigmoid, (B, K, N)."""
        wanted = wanted.clamp(0.0, 1.0)
        if not self.companding:
            return wanted
        return torch.log1p((_RANGE - 1.0) * wanted) / math.log(_RANGE)

    def folded(self) -> NeuromentNet:
        """The network with batch normalisation folded into its convolutions; same outputs."""
        return self.with_weights(fold_pairs(self, "trunk.convolutions"), batch_norm=False)
