"""Glorot (Xavier) uniform weight initialisation.

References
----------
X. Glorot, Y. Bengio, "Understanding the difficulty of training deep feedforward neural networks", AISTATS 2010,
equation 16.
"""

from __future__ import annotations

from torch import nn


def glorot_uniform(network: nn.Module) -> None:
    """Set all convolutions and dense layers to Glorot's uniform distribution, their biases to zero.

    It is the default of Keras, in which most of the published networks were written.
    """
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.xavier_uniform_(module.weight)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
