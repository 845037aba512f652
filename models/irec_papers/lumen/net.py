"""The Lumen project's network for mel spectrograms and modified group delay.

Shapes: B batch, T samples in a window, N = 100 frames, F = 128 bins, K labels.

References
----------
Lumen Data Science 2023 project documentation, Zagreb, 2023. Table 5 (structure), sections 3.1.1 and 3.1.2 (front
ends), 3.3 (training).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal, get_args

import torch
from torch import Tensor, nn

from irec_models.frontends import LogMel
from irec_models.frontends.normalize import LevelNormalizer, Standardizer
from irec_models.nets.network import Network
from irec_papers.folding import fold_pairs, normalized
from irec_papers.frontends.group_delay import ModifiedGroupDelay
from irec_papers.glorot import glorot_uniform

FrontEnd = Literal["mel", "modgd"]
Output = Literal["sigmoid", "softmax"]

SAMPLE_RATE = 22_050
WINDOW_LENGTH = 22_050
HOP_LENGTH = 220  # 10 ms
FRAME_LENGTH = 1100  # 50 ms
FRAMES = 100
BINS = 128

_SLOPE = 0.33
_HIDDEN = 1024


class LumenTrunk(nn.Module):
    """Pairs of 3 x 3 convolutions, each pair followed by 3 x 3 pooling; global pooling; one hidden layer.

    The tables' last rows give one fully connected layer of 1024 with dropout, then the output; the text speaks of two,
    both with dropout. The tables are followed. Their captions name the leaky ReLU after convolutions alone; it follows
    the hidden layer too here, as in the network of Han et al. that this one descends from, because without it the
    hidden layer and the output would be one linear map.

    Parameters
    ----------
    channels : sequence of int
        Of each convolution; an even number of them.
    labels : int
        K.
    batch_norm : bool
        Normalise after every convolution while training; see `irec_papers.folding`.
    """

    def __init__(self, channels: Sequence[int], labels: int, batch_norm: bool) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for index, (inputs, outputs) in enumerate(pairwise((1, *channels))):
            layers += [nn.Conv2d(inputs, outputs, 3, padding=1), *normalized(outputs, batch_norm)]
            layers += [nn.LeakyReLU(_SLOPE, inplace=True)]
            if index % 2:
                layers += [nn.MaxPool2d(3), nn.Dropout(0.25)]
        self.convolutions = nn.Sequential(*layers, nn.AdaptiveMaxPool2d(1))
        self.classifier = nn.Sequential(
            nn.Flatten(), nn.Linear(channels[-1], _HIDDEN), nn.LeakyReLU(_SLOPE, inplace=True), nn.Dropout(0.5)
        )
        self.output = nn.Linear(_HIDDEN, labels)
        glorot_uniform(self)

    def forward(self, features: Tensor) -> Tensor:
        """Features (B, 1, F, N) to scores (B, K)."""
        scores: Tensor = self.output(self.classifier(self.convolutions(features)))
        return scores


def log_odds(scores: Tensor, output: Output) -> Tensor:
    """Scores (B, K) as logits (B, K): what a sigmoid makes the network's probabilities of.

    For a softmax that is each score less the logarithm of the sum of the others' exponentials.

    Examples
    --------
    >>> scores = torch.tensor([[1.0, 2.0, 3.0]])
    >>> torch.allclose(torch.sigmoid(log_odds(scores, "softmax")), torch.softmax(scores, dim=1))
    True
    """
    if output == "sigmoid":
        return scores
    labels = scores.shape[1]
    # Large and finite: an infinity would turn gradients into NaN.
    itself = torch.eye(labels, dtype=scores.dtype, device=scores.device) * 1e4
    return scores - torch.logsumexp(scores.unsqueeze(1) - itself, dim=2)


def check_output(labels: int, output: str) -> None:
    """Raise ``ValueError`` for an output that the project does not know, or a softmax of one label."""
    if output not in get_args(Output):
        raise ValueError(f"unknown output '{output}'; there are: {', '.join(get_args(Output))}")
    if output == "softmax" and labels < 2:
        raise ValueError("a softmax needs more than 1 label")


class LumenNet(Network):
    """Table 5: eight convolutions of 8 to 512 channels on 128 x 100 values.

    Section 3.1.1 cuts frames of 1024 samples every 512, which gives 43 a second, but the tables have 100 a second. The
    tables are followed: frames every 10 ms, and of 50 ms for both front ends, as Table 4 says of group delay, so the
    two see the same moments. (10 ms are 220.5 samples; with 220, the frames lie 65 microseconds closer.)

    The network's number of values is 2 115 939 at K = 11, by the table; the text gives none to compare.

    Parameters
    ----------
    labels : int
        K; 11 in the paper.
    front_end : {"mel", "modgd"}
        Natural logarithm of 128 mel bands, or modified group delay of the first 128 bins, 0 to 2.5 kHz.
    output : {"sigmoid", "softmax"}
        The paper ends in a softmax, whose values add up to one however many instruments play; its training excerpts
        have one label each. The default suits mixtures.
    alpha, gamma : float
        Of the group delay, 0.9 and 0.5 in the paper; Table 4 has them tuned to the material.
    lifter : int
        Cepstral coefficients of the group delay's smoothing.
    batch_norm : bool
        Not in the paper's table: normalise while training, and fold it into the convolutions afterwards.
    """

    architecture = "lumen"
    kind = "activation"
    sample_rate = SAMPLE_RATE
    window_length = WINDOW_LENGTH

    def __init__(
        self,
        labels: int,
        front_end: FrontEnd = "mel",
        output: Output = "sigmoid",
        alpha: float = 0.9,
        gamma: float = 0.5,
        lifter: int = 8,
        batch_norm: bool = False,
    ) -> None:
        super().__init__(labels, front_end=front_end, output=output, batch_norm=batch_norm)
        check_output(labels, output)
        if front_end not in get_args(FrontEnd):
            raise ValueError(f"unknown front_end '{front_end}'; there are: {', '.join(get_args(FrontEnd))}")
        self.output: Output = output
        self.level = LevelNormalizer()
        self.spectrum: LogMel | ModifiedGroupDelay
        if front_end == "mel":
            self.spectrum = LogMel(SAMPLE_RATE, WINDOW_LENGTH, FRAME_LENGTH, HOP_LENGTH, FRAMES, BINS, floor=1e-2)
            self.front_end = f"log-mel {BINS} bands, {FRAME_LENGTH}/{HOP_LENGTH}, window brought to equal RMS"
        else:
            self.hyperparameters |= {"alpha": alpha, "gamma": gamma, "lifter": lifter}
            self.spectrum = ModifiedGroupDelay(
                WINDOW_LENGTH, FRAME_LENGTH, HOP_LENGTH, FRAMES, BINS, alpha=alpha, gamma=gamma, lifter=lifter
            )
            self.front_end = f"modified group delay {BINS} bins, {FRAME_LENGTH}/{HOP_LENGTH}, window of equal RMS"
        self.standardizer = Standardizer(BINS)
        self.trunk = LumenTrunk((8, 16, 24, 32, 64, 128, 256, 512), labels, batch_norm)

    def raw_features(self, audio: Tensor) -> Tensor:
        """Audio (B, T) to (B, N, F)."""
        spectrum: Tensor = self.spectrum(self.level(audio))
        return spectrum

    def classify(self, features: Tensor) -> Tensor:
        """Features (B, N, F) to logits (B, K)."""
        return log_odds(self.trunk(features.transpose(1, 2).unsqueeze(1)), self.output)

    def folded(self) -> LumenNet:
        """The network with batch normalisation folded into its convolutions; same outputs."""
        return self.with_weights(fold_pairs(self, "trunk.convolutions"), batch_norm=False)
