"""Probability calibration (Platt scaling per label) in the last layer, and removal of labels that were not learnt.

Shapes: C items, K labels.

References
----------
J. Platt, "Probabilistic outputs for support vector machines", Advances in Large Margin Classifiers, 1999 (a scale and
an offset on the logit).
C. Guo, G. Pleiss, Y. Sun, K. Weinberger, "On calibration of modern neural networks", ICML 2017, section 4.2, and
section 2 for the expected calibration error.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from irec_models.metrics import UNKNOWN
from irec_models.nets import Network

_SUPPORT = 20
_PRIOR = 0.02  # pull towards leaving the logit as it is: a few examples must not move it far
_BINS = 15


def fit_calibration(logits: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """Scale and offset of each label's logit that make its sigmoid the likeliest probability.

    A label with fewer than 20 positive or negative items is left as it is.

    Parameters
    ----------
    logits : (C, K) float32
    targets : (C, K) int64
        1, 0, or `irec_models.metrics.UNKNOWN`.

    Returns
    -------
    scale, offset : (K,) float32
    """
    known = (targets != UNKNOWN).float()
    hits, misses = ((targets == 1).sum(dim=0), (targets == 0).sum(dim=0))
    fitted = (hits >= _SUPPORT) & (misses >= _SUPPORT)
    # The scale is optimised as its logarithm, so that it stays positive and the order of activations is kept.
    # In double, so that rounding does not end the line search early.
    stretch = torch.zeros(logits.shape[1], dtype=torch.float64, requires_grad=True)
    offset = torch.zeros(logits.shape[1], dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([stretch, offset], max_iter=100, line_search_fn="strong_wolfe")
    given, wanted = logits.double(), (targets == 1).double()
    count = known.sum(dim=0).clamp(min=1.0)

    def closure() -> Tensor:
        optimizer.zero_grad()
        each = functional.binary_cross_entropy_with_logits(given * stretch.exp() + offset, wanted, reduction="none")
        likely = (each * known).sum(dim=0) / count
        # A weak pull towards scale 1 and offset 0: with few positives the likeliest scale is without bound.
        loss = likely[fitted].sum() + _PRIOR * (stretch.square().sum() + 0.1 * offset.square().sum())
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    optimizer.step(closure)  # type: ignore[no-untyped-call]
    keep = fitted.double()
    return (stretch.detach() * keep).exp().float(), (offset.detach() * keep).float()


def expected_calibration_error(activations: Tensor, targets: Tensor) -> float:
    """Mean distance of activation and share of hits over 15 equal bins, all labels pooled; (C, K) each.

    Examples
    --------
    >>> activations = torch.tensor([[0.75], [0.75], [0.75], [0.75]])
    >>> expected_calibration_error(activations, torch.tensor([[1], [1], [1], [0]]))
    0.0
    """
    known = targets != UNKNOWN
    values, hits = activations[known].double(), (targets[known] == 1).double()
    bins = (values * _BINS).long().clamp(0, _BINS - 1)
    said = torch.zeros(_BINS, dtype=torch.float64).index_add_(0, bins, values)
    was = torch.zeros(_BINS, dtype=torch.float64).index_add_(0, bins, hits)
    return float((said - was).abs().sum() / max(len(values), 1))


@torch.no_grad()
def calibrate(network: Network, scale: Tensor, offset: Tensor) -> None:
    """Write scales and offsets (K,) into the last layer, so that the exported file needs nothing more."""
    layer = _last_layer(network)
    layer.weight.mul_(scale.reshape(-1, *[1] * (layer.weight.ndim - 1)))
    if layer.bias is None:
        raise ValueError("the last layer has no bias")
    layer.bias.mul_(scale).add_(offset)


@torch.no_grad()
def keep_labels(network: Network, chosen: Sequence[int]) -> Network:
    """A copy of a network with some of its labels only, in the given order."""
    weights = dict(network.state_dict())
    for name in ("output.weight", "output.bias"):
        weights[name] = weights[name][list(chosen)]
    return network.with_weights(weights, labels=len(chosen))


def has_plain_output(network: Network) -> bool:
    """Whether the last layer has one row a label, which `calibrate` and `keep_labels` need."""
    layer = getattr(network, "output", None)
    return isinstance(layer, nn.Linear | nn.Conv1d) and layer.weight.shape[0] == network.labels


def _last_layer(network: Network) -> nn.Linear | nn.Conv1d:
    layer = getattr(network, "output", None)
    if not isinstance(layer, nn.Linear | nn.Conv1d):
        raise ValueError(f"architecture '{network.architecture}' has no last layer with a row for each label")
    return layer
