"""Overfitting one batch: what every network can that trains at all."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from irec_models.losses import masked_cross_entropy
from irec_models.nets import Network


def overfit(network: Network, features: Tensor, wanted: Tensor, *, steps: int, rate: float) -> None:
    """Train on one batch alone, without dropout."""
    for module in network.modules():
        if isinstance(module, nn.Dropout | nn.Dropout2d):
            module.p = 0.0
    optimizer = torch.optim.Adam(network.parameters(), rate)
    for _ in range(steps):
        loss = masked_cross_entropy(network.classify(features), wanted, torch.ones(wanted.shape[:2]))
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()


def assert_each_is_known(said: Tensor) -> None:
    """That activations (K, K) of K windows, each of another label, say so."""
    assert float(said.diagonal().min()) > 0.7
    assert float((said - torch.diag(said.diagonal())).max()) < 0.3
