"""Multi-label classification metrics, by torchmetrics.

Shapes: C items (clips or windows), K labels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor
from torchmetrics.functional.classification import (
    multilabel_average_precision,
    multilabel_exact_match,
    multilabel_f1_score,
    multilabel_precision,
    multilabel_recall,
)

UNKNOWN = -1
"""Target value of a label that is unknown in an item and counts nowhere."""


@dataclass(frozen=True, slots=True)
class LabelScores:
    """Scores of one label; `support` is the number of items that have it."""

    precision: float
    recall: float
    f1: float
    average_precision: float
    support: int


@dataclass(frozen=True, slots=True)
class Scores:
    """Scores of all labels together.

    Attributes
    ----------
    micro_precision, micro_recall, micro_f1 : float
        Every decision about a label in an item counts the same (micro average).
    macro_precision, macro_recall, macro_f1, macro_map : float
        Mean over the labels that occur at all.
    multilabel_accuracy : float
        Mean over items of size of the intersection over size of the union of predicted and true labels; 1 where both
        are empty (equation 3 of Chen et al.).
    exact_match : float
        Share of items whose labels are all right (equation 4 of Chen et al.).
    labels : dict of str to LabelScores
    """

    micro_precision: float
    micro_recall: float
    micro_f1: float
    macro_precision: float
    macro_recall: float
    macro_f1: float
    macro_map: float
    multilabel_accuracy: float
    exact_match: float
    items: int
    labels: dict[str, LabelScores]

    @property
    def averages(self) -> tuple[float, float, float, float, float, float]:
        """Precision, recall and F1: micro averages, then macro."""
        micro = (self.micro_precision, self.micro_recall, self.micro_f1)
        return (*micro, self.macro_precision, self.macro_recall, self.macro_f1)

    def to_dict(self) -> dict[str, object]:
        """JSON values."""
        return asdict(self)


def score(
    activations: Tensor,
    targets: Tensor,
    labels: Sequence[str],
    thresholds: Tensor | float = 0.5,
    *,
    levels: Tensor | None = None,
) -> Scores:
    """Compare activations with the truth.

    Parameters
    ----------
    activations : (C, K) float
        0..1.
    targets : (C, K)
        1 present, 0 absent, `UNKNOWN` not known.
    labels : sequence of K str
    thresholds : (K,) or float
        A label is predicted present from its threshold on.
    levels : (C, K) float, optional
        What thresholds are compared with, where that is not the same as what items are ranked by.

    Raises
    ------
    ValueError
        If the shapes do not fit, or there is nothing to score.

    Examples
    --------
    >>> scores = score(torch.tensor([[0.9, 0.2], [0.6, 0.8]]), torch.tensor([[1, 0], [0, 1]]), ["flute", "piano"])
    >>> scores.labels["flute"].precision, scores.labels["flute"].recall, scores.exact_match
    (0.5, 1.0, 0.5)
    """
    if activations.shape != targets.shape or activations.ndim != 2 or activations.shape[1] != len(labels):
        raise ValueError(
            f"activations {tuple(activations.shape)} and targets {tuple(targets.shape)} do not fit {len(labels)} labels"
        )
    if not len(activations):
        raise ValueError("there is nothing to score")
    count = len(labels)
    targets = targets.to(torch.int64)
    thresholds = torch.as_tensor(thresholds, dtype=activations.dtype)
    predicted = ((activations if levels is None else levels) >= thresholds).to(torch.int64)
    # validate_args would read all values once more in each of these calls; shapes were checked above.
    options: dict[str, Any] = {"num_labels": count, "ignore_index": UNKNOWN, "validate_args": False}
    precision = _per_label(multilabel_precision(predicted, targets, average="none", **options), count)
    recall = _per_label(multilabel_recall(predicted, targets, average="none", **options), count)
    f1 = _per_label(multilabel_f1_score(predicted, targets, average="none", **options), count)
    average_precision = average_precisions(activations, targets)
    support = (targets == 1).sum(dim=0)
    # A label without a positive item has no recall and no average precision; 0 would punish what was not asked.
    present = support > 0

    def macro(values: Tensor) -> float:
        return float(values[present].mean()) if bool(present.any()) else 0.0

    return Scores(
        micro_precision=float(multilabel_precision(predicted, targets, average="micro", **options)),
        micro_recall=float(multilabel_recall(predicted, targets, average="micro", **options)),
        micro_f1=float(multilabel_f1_score(predicted, targets, average="micro", **options)),
        macro_precision=macro(precision),
        macro_recall=macro(recall),
        macro_f1=macro(f1),
        macro_map=macro(average_precision),
        multilabel_accuracy=multilabel_accuracy(predicted, targets),
        exact_match=_exact_match(predicted, targets),
        items=len(activations),
        labels={
            label: LabelScores(
                float(precision[k]), float(recall[k]), float(f1[k]), float(average_precision[k]), int(support[k])
            )
            for k, label in enumerate(labels)
        },
    )


def average_precisions(activations: Tensor, targets: Tensor) -> Tensor:
    """Area under each label's precision-recall steps, (K,); 0 for a label that never occurs."""
    count = activations.shape[1]
    targets = targets.to(torch.int64)
    result = torch.zeros(count)
    # Labels that never occur have no precision-recall curve; torchmetrics would warn about each.
    present = torch.nonzero((targets == 1).any(dim=0)).flatten().tolist()
    if present:
        values = multilabel_average_precision(
            activations[:, present],
            targets[:, present],
            num_labels=len(present),
            average="none",
            ignore_index=UNKNOWN,
            validate_args=False,
        )
        result[present] = _per_label(values, len(present))
    return result


def multilabel_accuracy(predicted: Tensor, targets: Tensor) -> float:
    """Mean intersection over union of predicted and true label sets, (C, K) each; unknown entries count nowhere."""
    known = targets != UNKNOWN
    both = ((predicted == 1) & (targets == 1) & known).sum(dim=1)
    either = (((predicted == 1) | (targets == 1)) & known).sum(dim=1)
    return float(torch.where(either > 0, both / either.clamp(min=1), torch.ones(len(predicted))).mean())


def decision_accuracy(predicted: Tensor, targets: Tensor) -> float:
    """Mean over items of the share of labels predicted rightly, absent ones too, (C, K) each; 1 where none is known.

    With K labels, always saying no is right about K - n of them where n play.

    Examples
    --------
    >>> decision_accuracy(torch.tensor([[1, 0, 0, 1]]), torch.tensor([[1, 1, 0, 1]]))
    0.75
    """
    known = targets != UNKNOWN
    right = ((predicted == 1) == (targets == 1)) & known
    count = known.sum(dim=1)
    return float(torch.where(count > 0, right.sum(dim=1) / count.clamp(min=1), torch.ones(len(predicted))).mean())


def _exact_match(predicted: Tensor, targets: Tensor) -> float:
    filled = torch.where(targets == UNKNOWN, predicted, targets)
    return float(multilabel_exact_match(predicted, filled, num_labels=predicted.shape[1], validate_args=False))


def _per_label(values: Tensor, count: int) -> Tensor:
    return torch.nan_to_num(values.reshape(count).to(torch.float32))
