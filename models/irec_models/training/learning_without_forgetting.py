"""Learning without forgetting: what a network began with is a second target, so that training on little keeps it.

Shapes: B batch, N frames, F bands, A labels that the start was trained on.

References
----------
Z. Li, D. Hoiem, "Learning without forgetting", ECCV 2016, section 3.
"""

from __future__ import annotations

import copy

import torch
from torch import Tensor
from torch.nn import functional

from irec_models.nets import Network, TrunkNetwork

TAGS_SCALE = 20.0
"""Weight of AudioSet's classes beside ours: of some 500 hardly any sounds, so their mean error is that much smaller."""


class ForgettingPenalty:
    """The start, frozen, and how far a network that was trained on has moved from its answers.

    Parameters
    ----------
    start : Network
        With the trunk's own labels; copied.
    weight : float
        Of the loss.
    every : int
        One window of so many is asked about.
    """

    def __init__(self, start: Network, weight: float, every: int = 1) -> None:
        self.network = copy.deepcopy(start).eval().requires_grad_(False)
        self.weight = weight
        self.every = every

    def loss(self, network: TrunkNetwork, features: Tensor, embedding: Tensor) -> Tensor:
        """Cross-entropy of the labels that the start knows; features (B, N, F), and the network's embedding of them."""
        start = self.network
        if not isinstance(start, TrunkNetwork):
            raise ValueError(f"architecture '{start.architecture}' has no labels of its own to keep")
        with torch.no_grad():
            wanted = torch.sigmoid(start.tag(start.embed(features[:: self.every])))
        said = network.tag(embedding[:: self.every])
        return self.weight * TAGS_SCALE * functional.binary_cross_entropy_with_logits(said, wanted)
