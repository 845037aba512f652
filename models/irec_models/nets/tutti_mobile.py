"""Tutti on a trunk that was trained on AudioSet: which instruments sound in the last second?

Shapes: B batch, T = 32 000 samples, N = 98 frames, F = 128 bands, E = 1472 features, K labels.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor, nn

from irec_models.nets.mobile_network import READ, ActivationMobileNetwork
from irec_models.nets.mobile_trunk import (
    BANDS,
    HIDDEN,
    HOP_LENGTH,
    N_FFT,
    WINDOW_LENGTH,
    MobileTrunk,
    published_weights,
)


class TuttiMobileNet(ActivationMobileNetwork):
    """`MobileTrunk` read out at several depths, two layers of labels.

    Of each depth the mean and the maximum over time and bands, and the layer that AudioSet's classes were told from.
    Batch normalisation of the trunk keeps the statistics it came with: mixtures of training have others than music.

    Parameters
    ----------
    labels : int
        K.
    dropout : float
        Between the two layers; half of it before them.
    folded : bool
        Built without batch normalisation and AudioSet's classes; what `folded` returns.

    Raises
    ------
    ValueError
        For no labels.
    """

    architecture = "tutti-mobile"
    window_length = WINDOW_LENGTH
    front_end = f"log-mel {BANDS} bands, {N_FFT}/{HOP_LENGTH}, pre-emphasis, window brought to equal RMS"

    def __init__(self, labels: int, dropout: float = 0.4, folded: bool = False) -> None:
        super().__init__(MobileTrunk(folded), labels, dropout, folded)
        self.output = nn.Linear(READ, labels)

    def train(self, mode: bool = True) -> TuttiMobileNet:
        """As of any module, but batch normalisation stays as it is."""
        super().train(mode)
        for module in self.trunk.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eval()
        return self

    def begin_with(self, published: Mapping[str, Tensor]) -> None:
        """Take over EfficientAT's state dict of ``mn04_as``.

        Raises
        ------
        CheckpointError
            It is of another network.
        """
        parts = published_weights(self.trunk, published)
        self.trunk.load_state_dict(parts["trunk"], strict=False)
        self.hidden.load_state_dict(parts["hidden"])
        self.tags.load_state_dict(parts["tags"])

    @torch.no_grad()
    def fit_readings(self, batches: Iterable[Tensor]) -> None:
        """Set what the layers of labels take as 0 and 1 of each reading, from training audio (B, T)."""
        training = self.training
        self.eval()
        read = torch.cat([self._readings(self.features(audio)) for audio in batches]).double()
        self.readings.mean.copy_(read.mean(dim=0))
        self.readings.deviation.copy_(read.std(dim=0).clamp(min=1e-2))
        self.train(training)

    def _readings(self, features: Tensor) -> Tensor:
        return self.window_readings(self.trunk(features))

    def embed(self, features: Tensor) -> Tensor:
        """Features (B, N, F) to what the labels are told from, (B, E)."""
        read: Tensor = self.readings(self._readings(features))
        return read

    def decide(self, embedding: Tensor) -> Tensor:
        """Embedding (B, E) to logits (B, K)."""
        logits: Tensor = self.output(self.between(torch.relu(self.read(self.before(embedding)))))
        return logits

    def classify(self, features: Tensor) -> Tensor:
        """Features (B, N, F) to logits (B, K)."""
        return self.decide(self.embed(features))

    def tag(self, embedding: Tensor) -> Tensor:
        """Embedding (B, E) to the logits of AudioSet's classes (B, 527)."""
        hidden = embedding[:, -HIDDEN:] * self.readings.deviation[-HIDDEN:] + self.readings.mean[-HIDDEN:]
        logits: Tensor = self.tags(hidden)
        return logits
