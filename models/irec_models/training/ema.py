"""Exponential moving average of weights: smoother than the last step's, at no cost to the app.

References
----------
B. Polyak, A. Juditsky, "Acceleration of stochastic approximation by averaging", SIAM J. Control Optim. 30(4), 1992.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn


class WeightAverage:
    """Average of a module's parameters; buffers are taken as they are.

    Parameters
    ----------
    module : nn.Module
    decay : float
        Of the average per step, 0..1. Early on it is lower, ``(1 + step) / (10 + step)``, so that the random start is
        forgotten soon.
    """

    def __init__(self, module: nn.Module, decay: float) -> None:
        self.decay = decay
        self.step = 0
        self.values = {name: p.detach().clone() for name, p in module.named_parameters()}

    @torch.no_grad()
    def update(self, module: nn.Module) -> None:
        """Take in the weights after one optimiser step."""
        self.step += 1
        decay = min(self.decay, (1 + self.step) / (10 + self.step))
        for name, parameter in module.named_parameters():
            self.values[name].lerp_(parameter.detach(), 1.0 - decay)

    def state_dict(self, module: nn.Module) -> dict[str, Tensor]:
        """A full state dict of `module` with the averaged parameters in it."""
        return {**module.state_dict(), **self.values}

    def restore(self, values: Mapping[str, Tensor], step: int) -> None:
        """Continue from saved averages."""
        self.step = step
        for name, value in values.items():
            self.values[name].copy_(value)
