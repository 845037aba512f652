"""Folding of batch normalisation into the convolutions before it: the same answers, and fewer operators to run.

`irec_papers.folding` does the same for the published systems, whose layers stand in plain sequences.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn


@torch.no_grad()
def fold_norm(module: nn.Module, layers: type[Any]) -> dict[str, Tensor]:
    """State dict of a module whose layers are built with ``folded=True``, computing the same.

    Parameters
    ----------
    module : nn.Module
    layers : type
        Class of its layers, each with a convolution ``conv`` and behind it ``norm``.
    """
    result = dict(module.state_dict())
    for name, layer in module.named_modules():
        if isinstance(layer, layers) and isinstance(layer.norm, nn.BatchNorm2d):
            joined = nn.utils.fusion.fuse_conv_bn_eval(layer.conv.eval(), layer.norm.eval())
            for key in [key for key in result if key.startswith(f"{name}.norm.")]:
                del result[key]
            result[f"{name}.conv.weight"] = joined.weight.detach()
            if joined.bias is None:  # batch normalisation always leaves one
                raise ValueError(f"{name} has no bias after folding")
            result[f"{name}.conv.bias"] = joined.bias.detach()
    return result
