"""Tutti, the activation network of this project: which instruments sound in the last second?

Shapes: B batch, T = 22 050 samples, N = 43 frames, F = 128 bands, E = 1024 features, K labels.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from irec_models.frontends import LogMel
from irec_models.frontends.normalize import LevelNormalizer, Standardizer
from irec_models.nets.network import Network
from irec_models.nets.tutti_trunk import (
    BANDS,
    HOP_LENGTH,
    LEVEL_FLOOR,
    N_FFT,
    SAMPLE_RATE,
    ConvNorm,
    TuttiTrunk,
    fold,
)

_WIDTH = 512
_PLACES = BANDS // 16  # bands left behind four stages


class TuttiNet(Network):
    """`TuttiTrunk`, a weight for each place in the spectrum, mean and maximum over time, one layer of labels.

    The level of the window is taken out first, so a quiet recording gives the same activations as a loud one.

    Parameters
    ----------
    labels : int
        K.
    dropout : float
        Of features, before the labels.
    width : float
        Channels of the trunk relative to those of the bundled network.
    folded : bool
        Built without batch normalisation; what `folded` returns.

    Raises
    ------
    ValueError
        For no labels, or an impossible width (`irec_models.nets.tutti_trunk.channels_of`).
    """

    architecture = "tutti"
    kind = "activation"
    sample_rate = SAMPLE_RATE
    window_length = SAMPLE_RATE
    front_end = f"log-mel {BANDS} bands, {N_FFT}/{HOP_LENGTH}, window brought to equal RMS"

    def __init__(self, labels: int, dropout: float = 0.2, width: float = 1.0, folded: bool = False) -> None:
        super().__init__(labels, dropout=dropout, width=width, folded=folded)
        self.level = LevelNormalizer(LEVEL_FLOOR)
        self.mel = LogMel(
            SAMPLE_RATE,
            SAMPLE_RATE,
            N_FFT,
            HOP_LENGTH,
            frames=SAMPLE_RATE // HOP_LENGTH,
            bands=BANDS,
            low_hz=30.0,
            floor=1e-2,
        )
        self.standardizer = Standardizer(BANDS)
        self.trunk = TuttiTrunk(width, folded)
        self.widen = ConvNorm(self.trunk.channels[-1], _WIDTH, 1, folded=folded)
        self.places = nn.Conv2d(_WIDTH, _WIDTH, (1, _PLACES), groups=_WIDTH)
        nn.init.constant_(self.places.weight, 1.0 / _PLACES)
        self.embedding_size = 2 * _WIDTH
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(2 * _WIDTH, labels)

    def raw_features(self, audio: Tensor) -> Tensor:
        """Audio (B, T) to log-mel (B, N, F)."""
        mel: Tensor = self.mel(self.level(audio))
        return mel

    def embed(self, features: Tensor) -> Tensor:
        """Features (B, N, F) to (B, E), which one linear layer classifies."""
        maps = self.trunk(features)[-1]
        found = self.places(torch.relu(self.widen(maps))).squeeze(3)
        return torch.cat((found.mean(dim=2), found.amax(dim=2)), dim=1)

    def decide(self, embedding: Tensor) -> Tensor:
        """Embedding (B, E) to logits (B, K)."""
        logits: Tensor = self.output(self.dropout(embedding))
        return logits

    def classify(self, features: Tensor) -> Tensor:
        """Features (B, N, F) to logits (B, K)."""
        return self.decide(self.embed(features))

    def folded(self) -> TuttiNet:
        """The network with batch normalisation folded into its convolutions; same outputs."""
        return self.with_weights(fold(self), folded=True)
