"""What training minimises.

Shapes: B batch, K labels, N frames.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional


def masked_cross_entropy(logits: Tensor, targets: Tensor, mask: Tensor) -> Tensor:
    """Binary cross-entropy averaged over the judgements that count.

    One sigmoid a label for any number of instruments at once, where Han et al. (III.C) could use categorical
    cross-entropy because their training excerpts have one label each. Häusler and Maier (4.4) found the same loss, on
    envelopes, not to collapse to silence as the squared error does.

    Parameters
    ----------
    logits, targets : (B, K) or (B, K, N) float32
        Targets in 0..1.
    mask : (B, K) float32
        1 where the label's presence is certain, 0 where it is not (barely audible, ambiguous).

    Returns
    -------
    () float32
        0 if nothing counts.
    """
    while mask.ndim < logits.ndim:
        mask = mask.unsqueeze(-1)
    weight = mask.expand_as(logits)
    each = functional.binary_cross_entropy_with_logits(logits, targets, reduction="none")
    return (each * weight).sum() / weight.sum().clamp(min=1.0)
