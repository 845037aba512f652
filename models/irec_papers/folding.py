"""Batch normalisation folding: used in training, merged into the convolutions afterwards.

The papers behind these networks do without it, and their tables leave no place for it. But a normalisation right
after a convolution is, once trained, a scale and an offset per channel, which the convolution's own weights and bias
can take over exactly. Training gets the stability, the exported network is the table's, weight for weight.

References
----------
S. Ioffe, C. Szegedy, "Batch normalization: accelerating deep network training by reducing internal covariate shift",
ICML 2015, section 3.2 and algorithm 2.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


def normalized(channels: int, wanted: bool) -> list[nn.Module]:
    """A batch normalisation to follow a convolution, or nothing."""
    return [nn.BatchNorm2d(channels)] if wanted else []


@torch.no_grad()
def fold_pairs(module: nn.Module, sequence: str) -> dict[str, Tensor]:
    """State dict of `module` as if a sequence of layers in it had no batch normalisation.

    Parameters
    ----------
    module : nn.Module
    sequence : str
        Name of an ``nn.Sequential`` within it, where each ``BatchNorm2d`` follows a ``Conv2d``.

    Returns
    -------
    dict of str to Tensor
        With the layers behind each removed one numbered down, as in a module that was built without.
    """
    layers = module.get_submodule(sequence)
    result = {name: value for name, value in module.state_dict().items() if not name.startswith(f"{sequence}.")}
    number = 0
    previous = -1
    for layer in layers.children():
        if isinstance(layer, nn.BatchNorm2d):
            if layer.running_mean is None or layer.running_var is None:
                raise ValueError("batch normalisation without running statistics cannot be folded")
            scale = layer.weight / torch.sqrt(layer.running_var + layer.eps)
            weight, bias = f"{sequence}.{previous}.weight", f"{sequence}.{previous}.bias"
            result[weight] = result[weight] * scale[:, None, None, None]
            result[bias] = (result[bias] - layer.running_mean) * scale + layer.bias
            continue
        result.update({f"{sequence}.{number}.{name}": value for name, value in layer.state_dict().items()})
        previous = number
        number += 1
    return result
