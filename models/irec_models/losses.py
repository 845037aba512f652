"""What training minimises.

Shapes: B batch, K labels, N frames, R windows of a sequence.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional


def masked_cross_entropy(logits: Tensor, targets: Tensor, mask: Tensor) -> Tensor:
    """Binary cross-entropy averaged over the labels that count.

    One sigmoid a label for any number of instruments at once, where Han et al. (III.C) could use categorical
    cross-entropy because their training excerpts have one label each. Häusler and Maier (4.4) found the same loss, on
    envelopes, not to collapse to silence as the squared error does.

    Parameters
    ----------
    logits, targets : (B, K) or (B, K, N) float32
        Targets in 0..1.
    mask : (B, K) float32
        1 where the label's presence is certain, 0 or less where it is not (barely audible, ambiguous).

    Returns
    -------
    () float32
        0 if nothing counts.
    """
    mask = mask.clamp(min=0.0)
    while mask.ndim < logits.ndim:
        mask = mask.unsqueeze(-1)
    weight = mask.expand_as(logits)
    each = functional.binary_cross_entropy_with_logits(logits, targets, reduction="none")
    return (each * weight).sum() / weight.sum().clamp(min=1.0)


_FOCUS = 3.0  # a label that is predicted with certainty and does not sound counts this much more, beside 1


def focused_cross_entropy(logits: Tensor, targets: Tensor, mask: Tensor) -> Tensor:
    """`bag_cross_entropy` that dwells on what is predicted and does not sound: noise and strangers light fewer labels.

    Labels that do not sound are many and mostly easy; one that is predicted with probability p counts 1 + 3 p times, so
    that those a network is sure of do not drown among them.

    Parameters
    ----------
    logits, targets : (B, K) float32
    mask : (B, K) float32
        As of `bag_cross_entropy`.

    Returns
    -------
    () float32

    Examples
    --------
    >>> logits, sounds = torch.tensor([[2.0]]), torch.tensor([[1.0]])
    >>> mask = torch.ones(1, 1)
    >>> round(float(focused_cross_entropy(logits, 0 * sounds, mask) / bag_cross_entropy(logits, 0 * sounds, mask)), 2)
    3.64
    >>> bool(focused_cross_entropy(logits, sounds, mask) == bag_cross_entropy(logits, sounds, mask))
    True

    References
    ----------
    T.-Y. Lin et al., "Focal loss for dense object detection", ICCV 2017: the same thought, for both sides.
    """
    wrong = torch.sigmoid(logits.detach()) * (1.0 - targets) * mask.clamp(min=0.0)
    extra = functional.binary_cross_entropy_with_logits(logits, targets, reduction="none") * _FOCUS * wrong
    return bag_cross_entropy(logits, targets, mask) + extra.sum() / mask.clamp(min=0.0).sum().clamp(min=1.0)


def categorical_cross_entropy(logits: Tensor, targets: Tensor, mask: Tensor) -> Tensor:
    """Cross-entropy of one label a window, on sigmoids made to sum to one.

    What Han et al. (III.C) optimised, though their outputs are sigmoids (III.B): these are divided by their sum, so
    that only ratios between labels are learnt and all activations may be small, as their thresholds for S1 are
    (Table III).

    Parameters
    ----------
    logits, targets : (B, K) float32
        Targets in 0..1; a window of several labels counts for each alike, one of none not at all.
    mask : (B, K) float32
        0 takes a label out of its window's sum.

    Returns
    -------
    () float32
        Mean over the windows that count; 0 if none does.

    Examples
    --------
    >>> sure = torch.tensor([[8.0, -8.0]])
    >>> loss = categorical_cross_entropy(torch.cat((sure, -sure)), torch.tensor([[1.0, 0.0]] * 2), torch.ones(2, 2))
    >>> round(float(loss), 2)
    4.0
    """
    logs = functional.logsigmoid(logits).masked_fill(mask <= 0, -torch.inf)
    shares = logs - torch.logsumexp(logs, dim=1, keepdim=True)
    wanted = targets * mask
    count = wanted.sum(dim=1)
    # Masked labels are minus infinity times zero, which would be NaN.
    each = -(wanted * shares.masked_fill(wanted <= 0, 0.0)).sum(dim=1) / count.clamp(min=1e-6)
    return (each * (count > 0)).sum() / (count > 0).sum().clamp(min=1)


def bag_cross_entropy(logits: Tensor, targets: Tensor, mask: Tensor) -> Tensor:
    """`masked_cross_entropy`, and of labels that sound somewhere in a bag of windows the likeliest window.

    Of an ensemble it is known who plays, but not when. That nobody else plays is known of every window, and the mask
    says so as always. Of those who do it is below 0 in all windows of the bag, the only one of its batch: the window in
    which the network finds the label most likely should be right, and the others may be what they are.

    Parameters
    ----------
    logits, targets : (B, K) float32
    mask : (B, K) float32
        1, 0, or less than 0 (`irec_models.data.mixing.excerpt_stream.SOMEWHERE`).

    Returns
    -------
    () float32

    Examples
    --------
    >>> found = torch.tensor([[9.0], [-9.0]])
    >>> round(float(bag_cross_entropy(found, torch.zeros(2, 1), -torch.ones(2, 1))), 2)
    0.0
    """
    known = masked_cross_entropy(logits, targets, mask)
    somewhere = mask < 0
    here = somewhere.any(dim=0)
    if not bool(here.any()):
        return known
    likeliest = logits.masked_fill(~somewhere, -torch.inf).amax(dim=0)[here]
    missed = functional.softplus(-likeliest).sum()
    return known + missed * somewhere.sum(dim=0).max() / mask.numel()


_SOMEWHERE = 0.25
"""Share of an ensemble's windows in which each of its instruments is taken to sound: those where it likeliest does."""


def sequence_loss(logits: Tensor, presence: Tensor, mask: Tensor, ensembles: float) -> Tensor:
    """Cross-entropy of every window that is known, and of ensembles' likeliest windows.

    Parameters
    ----------
    logits, presence, mask : (B, R, K) Tensor
        See `irec_models.data.mixing.sequences.Labelled`.
    ensembles : float
        Weight of what is known of ensembles.

    Returns
    -------
    () Tensor
    """
    known, somewhere = mask.clamp(min=0.0), mask < 0
    total = known.sum().clamp(min=1.0)
    each = functional.binary_cross_entropy_with_logits(logits, presence, reduction="none")
    weight = known * (1.0 + _FOCUS * torch.sigmoid(logits.detach()) * (1.0 - presence))
    loss = (each * weight).sum() / total
    if not bool(somewhere.any()):
        return loss
    count = somewhere.sum(dim=1)  # (B, K)
    taken = (count * _SOMEWHERE).ceil()
    likeliest = logits.masked_fill(~somewhere, -1e4).topk(int(taken.max()), dim=1).values
    places = torch.arange(likeliest.shape[1])[None, :, None] < taken[:, None, :]
    missed = (functional.softplus(-likeliest) * places).sum(dim=1) / taken.clamp(min=1.0)
    return loss + ensembles * (missed * count).sum() / total


Loss = Callable[[Tensor, Tensor, Tensor], Tensor]
"""Logits, targets and mask to a number."""

LossName = Literal["binary", "categorical", "bags", "focused"]

LOSSES: dict[LossName, Loss] = {
    "binary": masked_cross_entropy,
    "categorical": categorical_cross_entropy,
    "bags": bag_cross_entropy,
    "focused": focused_cross_entropy,
}
"""By the name that recipes use."""
