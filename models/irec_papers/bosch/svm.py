"""Support vector machines with a radial kernel as a torch module: one for each label, all on the same vectors.

Shapes: B batch, D features, S support vectors, K labels.

References
----------
B. Schölkopf, A. J. Smola, "Learning with Kernels", MIT Press, 2002 (chapter 7: the decision function).
J. Platt, "Probabilistic outputs for support vector machines", Advances in Large Margin Classifiers, 2000.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class SupportVectorMachines(nn.Module):
    """RBF-kernel SVMs: ``sum_s weight[s, k] * exp(-gamma * |x - vector[s]|^2) + intercept[k]``, with Platt scaling.

    The machines are trained by scikit-learn (`irec_papers.bosch.training`) and their numbers put in here. As a module
    they are part of the one graph that goes from audio to activations and is proven equal by irec-export; converted by
    themselves they would be a second file format, an operator outside the ONNX standard's core, and a copy of the
    vectors for each label.

    Parameters
    ----------
    features, labels, vectors : int
        D, K, S.
    """

    gamma: Tensor

    def __init__(self, features: int, labels: int, vectors: int) -> None:
        super().__init__()
        self.vectors = nn.Parameter(torch.zeros(vectors, features), requires_grad=False)
        self.weights = nn.Parameter(torch.zeros(vectors, labels), requires_grad=False)
        self.intercept = nn.Parameter(torch.zeros(labels), requires_grad=False)
        self.slope = nn.Parameter(torch.ones(labels), requires_grad=False)
        self.offset = nn.Parameter(torch.zeros(labels), requires_grad=False)
        self.register_buffer("gamma", torch.tensor(1.0 / features))

    def decide(self, features: Tensor) -> Tensor:
        """Features (B, D) to decision values (B, K): above 0 on the label's side of the boundary."""
        lengths = features.square().sum(dim=1, keepdim=True) + self.vectors.square().sum(dim=1)
        distances = (lengths - 2.0 * features @ self.vectors.T).clamp(min=0.0)
        return torch.exp(-self.gamma * distances) @ self.weights + self.intercept

    def forward(self, features: Tensor) -> Tensor:
        """Features (B, D) to logits (B, K)."""
        return self.decide(features) * self.slope + self.offset
