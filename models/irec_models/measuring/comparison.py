"""Another system's scores on the very same clips.

The file is JSON: ``{"clips": {file: {"mean": {label: value}, "max": {label: value}}}}``; labels that the other system
does not know are left out of the comparison on both sides.

Shapes: C clips, K labels.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch

from irec_live.errors import DataError
from irec_models.measuring.aggregation import Aggregation
from irec_models.measuring.clip_scores import ClipPredictions, top1
from irec_models.measuring.thresholds import best_single
from irec_models.metrics import Scores, score


@dataclass(frozen=True, slots=True)
class Side:
    """One system in a comparison, each at the single threshold that suits it best on these clips."""

    macro_map: float
    micro_f1: float
    macro_f1: float
    top1: float
    threshold: float
    scores: Scores

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        names = ("macro_map", "micro_f1", "macro_f1", "top1", "threshold")
        per_label = {label: s.average_precision for label, s in self.scores.labels.items() if s.support}
        return {**{name: getattr(self, name) for name in names}, "average_precision": per_label}


@dataclass(frozen=True, slots=True)
class Comparison:
    """Ours and theirs on `clips` identical clips."""

    clips: int
    ours: Side
    theirs: Side

    @property
    def map_ratio(self) -> float:
        """Our macro mAP over theirs."""
        return self.ours.macro_map / max(self.theirs.macro_map, 1e-9)

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "clips": self.clips,
            "map_ratio": self.map_ratio,
            "ours": self.ours.to_dict(),
            "theirs": self.theirs.to_dict(),
        }


def compare(predictions: ClipPredictions, path: Path, how: Literal["s1", "max"] = "s1") -> Comparison:
    """Score both systems on the clips and labels that both know.

    Parameters
    ----------
    predictions : ClipPredictions
    path : Path
        The other system's scores.
    how : {"s1", "max"}
        Mean or maximum over windows, for both.

    Raises
    ------
    DataError
        The file is not of this form, or has no clip in common.
    """
    theirs = read_scores(path)
    key = "mean" if how == "s1" else "max"
    rows = [row for row, file in enumerate(predictions.files) if file in theirs]
    if not rows:
        raise DataError(f"{path} has scores of none of the {len(predictions.files)} clips")
    try:
        known = set.intersection(*(set(theirs[predictions.files[row]][key]) for row in rows))
        columns = [k for k, label in enumerate(predictions.labels) if label in known]
        labels = [predictions.labels[k] for k in columns]
        other = torch.tensor([[float(theirs[predictions.files[row]][key][label]) for label in labels] for row in rows])
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"{path} lacks a '{key}' score for one of its clips") from error
    aggregation: Aggregation = how
    ours = predictions.activations[aggregation][rows][:, columns]
    targets, solo = predictions.targets[rows][:, columns], predictions.solo[rows]
    return Comparison(len(rows), _side(ours, targets, solo, labels), _side(other, targets, solo, labels))


def _side(activations: torch.Tensor, targets: torch.Tensor, solo: torch.Tensor, labels: list[str]) -> Side:
    best = best_single(activations, targets, labels)
    scores = score(activations, targets, labels, best.threshold)
    return Side(
        macro_map=scores.macro_map,
        micro_f1=scores.micro_f1,
        macro_f1=scores.macro_f1,
        top1=top1(activations, targets, solo & (targets == 1).any(dim=1)),
        threshold=best.threshold,
        scores=scores,
    )


def read_scores(path: Path) -> dict[str, dict[str, Any]]:
    """The table of such a file: scores by clip.

    Raises
    ------
    DataError
        It cannot be read, or is of another form.
    """
    try:
        clips = json.loads(path.read_text(encoding="utf-8"))["clips"]
    except OSError as error:
        raise DataError(f"the scores to compare with cannot be read: {path}: {error.strerror or error}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f'{path} is not a scores file: expected JSON with a "clips" table') from error
    if not isinstance(clips, dict):
        raise DataError(f'{path} is not a scores file: "clips" is not a table')
    return clips
