"""Networks that train in a moment on the tiny bank: activations and envelopes, each with and without a teacher."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from irec_models.frontends import LogMel
from irec_models.frontends.normalize import Standardizer
from irec_models.nets import Network

RECIPE = """
[model]
name = "small"
architecture = "{architecture}"
hop_length = 1024

[data]
labels = ["flute", "piano", "drums"]
hold_out = ["south"]

[stream]
sample_rate = 8000
window_length = 4096
frame_length = 1024
frame_hop = 512
batch_size = 8
mix_s = 1.0
windows_per_mix = 2

[train]
seed = 3
steps = 12
learning_rate = 3e-3
precision = "fp32"
ema = 0.9
monitor = "{monitor}"
validate_every = 4
validation_steps = 2
checkpoint_every = 4
normalization_steps = 2
"""


class SmallNet(Network):
    """One convolution, one maximum over time, one dense layer; 512 ms at 8 kHz."""

    architecture = "small"
    kind = "activation"
    sample_rate = 8000
    window_length = 4096
    front_end = "log-mel 16 bands"

    def __init__(self, labels: int) -> None:
        super().__init__(labels)
        self.mel = LogMel(8000, 4096, 256, 128, frames=31, bands=16)
        self.standardizer = Standardizer(16)
        self.convolution = nn.Conv2d(1, 8, 3, padding=1)
        self.dropout = nn.Dropout(0.2)
        self.output = nn.Linear(8 * 16, labels)

    def raw_features(self, audio: Tensor) -> Tensor:
        mel: Tensor = self.mel(audio)
        return mel

    def classify(self, features: Tensor) -> Tensor:
        maps = torch.relu(self.convolution(features.unsqueeze(1))).amax(dim=2)
        logits: Tensor = self.output(self.dropout(maps.flatten(1)))
        return logits


class SmallEnvelopeNet(SmallNet):
    """The same, with nine frames."""

    architecture = "small-envelope"
    kind = "envelope"
    frames = 9
    frame_hop = 512

    def __init__(self, labels: int) -> None:
        super().__init__(labels)
        self.output = nn.Linear(8 * 16, labels * self.frames)

    def classify(self, features: Tensor) -> Tensor:
        return super().classify(features).reshape(-1, self.labels, self.frames)


class SmallEnvelopeStudent(SmallEnvelopeNet):
    """`SmallEnvelopeNet`, able to learn from a teacher."""

    architecture = "small-envelope-student"
    embedding_size = 8 * 16

    def __init__(self, labels: int) -> None:
        super().__init__(labels)
        self.output = nn.Linear(self.embedding_size, labels)

    def embed(self, features: Tensor) -> Tensor:
        maps = torch.relu(self.convolution(features.unsqueeze(1)))
        return functional.adaptive_max_pool2d(maps, (self.frames, 16)).transpose(2, 3).flatten(1, 2)

    def decide(self, embedding: Tensor) -> Tensor:
        logits: Tensor = self.output(embedding.transpose(1, 2)).transpose(1, 2)
        return logits

    def classify(self, features: Tensor) -> Tensor:
        return self.decide(self.embed(features))


class SmallStudent(SmallNet):
    """`SmallNet`, able to learn from a teacher."""

    architecture = "small-student"
    embedding_size = 8 * 16

    def embed(self, features: Tensor) -> Tensor:
        return torch.relu(self.convolution(features.unsqueeze(1))).amax(dim=2).flatten(1)

    def decide(self, embedding: Tensor) -> Tensor:
        logits: Tensor = self.output(self.dropout(embedding))
        return logits

    def classify(self, features: Tensor) -> Tensor:
        return self.decide(self.embed(features))


ALL: tuple[type[Network], ...] = (SmallNet, SmallEnvelopeNet, SmallStudent, SmallEnvelopeStudent)
