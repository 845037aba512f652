"""Validation during training, on the same windows of held-out sources every time.

Shapes: B batch, C windows in all, K labels, N frames.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from irec_models.data import Batch
from irec_models.losses import Loss, masked_cross_entropy
from irec_models.metrics import UNKNOWN, average_precisions
from irec_models.nets import Network


@dataclass(frozen=True, slots=True)
class ValidationScores:
    """Activations, targets and loss on validation windows.

    Attributes
    ----------
    activations : (C, K) float32
        Activation, or the highest RMS of the window for an envelope network.
    targets : (C, K) int64
        1, 0, or `UNKNOWN` where the mask says so.
    loss : float
        Mean over batches.
    """

    activations: Tensor
    targets: Tensor
    loss: float

    def mean_average_precision(self) -> float:
        """Macro mAP over the labels that occur, 0..1."""
        values = average_precisions(self.activations, self.targets)
        present = (self.targets == 1).any(dim=0)
        return float(values[present].mean()) if bool(present.any()) else 0.0


@torch.no_grad()
def validate(network: Network, batches: Iterable[Batch], loss: Loss = masked_cross_entropy) -> ValidationScores:
    """Run a network over batches, in evaluation mode and float32.

    Raises
    ------
    ValueError
        If there are no batches.
    """
    was_training = network.training  # restored below: dropout and batch statistics must not change for the caller
    device = next(network.parameters()).device
    network.eval()
    activations, targets, losses = [], [], []
    try:
        for batch in batches:
            audio = batch.audio.to(device)
            logits = network(audio).float()
            given = network.outputs(logits, audio).cpu()
            logits = logits.cpu()
            wanted = batch.presence if network.kind == "activation" else network.targets(batch.envelope, batch.audio)
            losses.append(float(loss(logits, wanted, batch.mask)))
            activations.append(given if given.ndim == 2 else given.amax(dim=2))
            presence = batch.presence.to(torch.int64)
            targets.append(torch.where(batch.mask > 0, presence, torch.full_like(presence, UNKNOWN)))
    finally:
        network.train(was_training)
    if not losses:
        raise ValueError("there are no batches to validate on")
    return ValidationScores(torch.cat(activations), torch.cat(targets), sum(losses) / len(losses))
