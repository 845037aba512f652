"""Deconvolution (Zeiler and Fergus): the input pattern that activates a unit, projected back to the spectrogram.

A deconvolutional network undoes each stage: convolutions are transposed, pooled values return to where the maxima were,
and the activation function is applied to what comes back. All but the last are what automatic differentiation does
anyway, so here activation functions are exchanged for ones whose gradient is the function itself.

Shapes: N frames, F bins, U units.

References
----------
M. Zeiler, R. Fergus, "Visualizing and understanding convolutional networks", ECCV 2014, section 2.1.
J. Springenberg et al., "Striving for simplicity", 2015, section 3.4: the same as a backward pass with another rule.
Y. Han, J. Kim, K. Lee, 2017, section V.G and Fig. 7.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from irec_models.nets import Network
from irec_papers.report.layers import block_outputs

_RECTIFIERS = (nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.PReLU, nn.Tanh, nn.ELU, nn.GELU, nn.SiLU, nn.Hardswish)


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit and the input pattern that activates it.

    Attributes
    ----------
    block : int
        Counted from 0.
    index : int
        Channel.
    activation : float
        Value furthest from zero in its map.
    image : (N, F) float32 Tensor
        What of the input leads there; positive and negative.
    """

    block: int
    index: int
    activation: float
    image: Tensor


class _Backwards(torch.autograd.Function):
    """Rectifier of a deconvolution network: applies the activation function to the signal in both directions."""

    @staticmethod
    def forward(ctx: Any, value: Tensor, module: nn.Module) -> Tensor:
        ctx.module = module
        result: Tensor = module(value)
        return result

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        with torch.no_grad():
            return ctx.module(gradients[0]), None


class _Rectifier(nn.Module):
    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module
        if hasattr(module, "inplace"):
            setattr(module, "inplace", False)  # noqa: B010  # not every activation function has it

    def forward(self, value: Tensor) -> Tensor:
        result: Tensor = _Backwards.apply(value, self.module)  # type: ignore[no-untyped-call]
        return result


def strongest_units(network: Network, features: Tensor, blocks: Sequence[str], count: int = 2) -> list[Unit]:
    """The units of each block with the largest absolute activation for one window, and their images.

    Parameters
    ----------
    network : Network
    features : (1, N, F)
        Standardised.
    blocks : sequence of str
        Modules that blocks end with; `irec_papers.report.layers.look_inside` finds them.
    count : int
        Units of each block.
    """
    prepared = _prepared(network)
    found: list[Unit] = []
    with torch.enable_grad():
        given = features.clone().requires_grad_(True)
        maps = block_outputs(prepared, given, blocks)
        for number, name in enumerate(blocks):
            out = maps[name][0]  # (U, H, W)
            values = out.flatten(1)
            furthest = values.gather(1, values.abs().argmax(dim=1, keepdim=True))[:, 0]
            order = torch.argsort(furthest.abs(), descending=True)[:count]
            for index in order.tolist():
                (image,) = torch.autograd.grad(furthest[index], given, retain_graph=True)
                scaled = image[0] * float(furthest[index].detach())
                found.append(Unit(number, index, float(furthest[index].detach()), scaled.detach()))
    return found


def _prepared(network: Network) -> Network:
    """A copy whose activation functions, by their old names, send back what a deconvolutional network does."""
    network = copy.deepcopy(network).eval()
    for parent in list(network.modules()):
        if isinstance(parent, _Rectifier):
            continue
        for name, child in list(parent.named_children()):
            if isinstance(child, _RECTIFIERS):
                setattr(parent, name, _Rectifier(child))
    for parameter in network.parameters():
        parameter.requires_grad_(False)
    return network
