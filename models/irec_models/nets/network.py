"""What all networks have in common: the shape of their input and output, and how they are called.

Shapes: B batch, T samples in a window, K labels, N frames, F bins.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar, Protocol, Self, runtime_checkable

import torch
from torch import Tensor, nn

from irec_live.models.spec import Kind
from irec_models.frontends.normalize import Standardizer


class Network(nn.Module, ABC):
    """Raw audio to logits, in two steps.

    Parameters
    ----------
    labels : int
        K.
    **hyperparameters : JSON values
        What else the class was called with.

    Attributes
    ----------
    architecture : str
        Name in the registry.
    hyperparameters : dict
        What `irec_models.nets.build` needs to make the same network; JSON values.
    trained_by : str
        Command of ``irec-train`` that trains it.
    member_a_label : bool
        Whether it is made of ``members``, a classifier for each label, rather than of one network with K outputs.
    kind : {"activation", "envelope"}
    sample_rate, window_length : int
        Hz; T.
    frames, frame_hop : int
        N and the samples between frames of an envelope network; 0 for an activation network.
    front_end : str
        One line for people.

    Raises
    ------
    ValueError
        For no labels.
    """

    architecture: ClassVar[str]
    trained_by: ClassVar[str] = "fit"
    member_a_label: ClassVar[bool] = False
    kind: ClassVar[Kind]
    hyperparameters: dict[str, Any]
    labels: int
    sample_rate: int
    window_length: int
    frames: int = 0
    frame_hop: int = 0
    front_end: str
    standardizer: Standardizer

    def __init__(self, labels: int, **hyperparameters: Any) -> None:
        super().__init__()
        if labels < 1:
            raise ValueError(f"labels must be at least 1, not {labels}")
        self.labels = labels
        self.hyperparameters = {"labels": labels, **hyperparameters}

    @abstractmethod
    def raw_features(self, audio: Tensor) -> Tensor:
        """Audio (B, T) to the spectrum (B, N, F) before standardisation. Always float32."""

    @abstractmethod
    def classify(self, features: Tensor) -> Tensor:
        """Standardised features (B, N, F) to logits (B, K) or (B, K, N)."""

    def features(self, audio: Tensor) -> Tensor:
        """Audio (B, T) to standardised features (B, N, F). Always float32."""
        standardized: Tensor = self.standardizer(self.raw_features(audio))
        return standardized

    def forward(self, audio: Tensor) -> Tensor:
        """Audio (B, T) to logits (B, K) or (B, K, N)."""
        return self.classify(self.features(audio))

    def probabilities(self, logits: Tensor) -> Tensor:
        """Logits to what the app shows, in 0..1, same shape."""
        return torch.sigmoid(logits)

    def outputs(self, logits: Tensor, audio: Tensor) -> Tensor:
        """What the app shows, in 0..1, for logits and the windows (B, T) that they are of; shape of the logits."""
        return self.probabilities(logits)

    def targets(self, wanted: Tensor, audio: Tensor) -> Tensor:
        """The inverse of `outputs`: what the sigmoid should give where the app should show `wanted`, same shape."""
        return wanted

    def predict(self, audio: Tensor) -> Tensor:
        """Audio (B, T) to activations (B, K) or envelopes (B, K, N) in 0..1: what an exported file computes."""
        return self.outputs(self(audio), audio)

    @torch.no_grad()
    def fit_normalization(self, batches: Iterable[Tensor]) -> None:
        """Set the standardisation constants from training audio (B, T)."""
        self.standardizer.fit(self.raw_features(audio) for audio in batches)

    def folded(self) -> Network:
        """The same function with everything that only helps training folded into the weights."""
        return self

    def with_weights(self, weights: Mapping[str, Tensor], **hyperparameters: Any) -> Self:
        """A network of the same class with these weights, and some hyperparameters that are not its own."""
        network = type(self)(**{**self.hyperparameters, **hyperparameters})
        network.load_state_dict(weights)
        return network.train(self.training)

    @property
    def parameter_count(self) -> int:
        """Trainable values."""
        return sum(parameter.numel() for parameter in self.parameters())


@runtime_checkable
class HeadedNetwork(Protocol):
    """A network whose greater part was trained before."""

    def head(self) -> Iterator[nn.Parameter]:
        """Parameters of the layers that tell the labels; all others came with the trunk."""
        ...


@runtime_checkable
class TrunkNetwork(HeadedNetwork, Protocol):
    """A `HeadedNetwork` whose trunk can still say the labels that it was trained on."""

    def begin_with(self, published: Mapping[str, Tensor]) -> None:
        """Take over the published weights."""
        ...

    def fit_readings(self, batches: Iterable[Tensor]) -> None:
        """Set the constants between trunk and head from training audio (B, T)."""
        ...

    def embed(self, features: Tensor) -> Tensor:
        """Features (B, N, F) to the embedding (B, E)."""
        ...

    def decide(self, embedding: Tensor) -> Tensor:
        """Embedding (B, E) to logits (B, K)."""
        ...

    def tag(self, embedding: Tensor) -> Tensor:
        """Embedding (B, E) to the logits of the labels that the trunk was trained on."""
        ...
