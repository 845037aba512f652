"""Scores of a published model, from its predictions."""

from __future__ import annotations

from dataclasses import dataclass

from irec_live.models.spec import ModelSpec
from irec_models.measuring.clip_scores import Evaluation, evaluate
from irec_models.measuring.mixture_scores import MixEvaluation, score_mixes
from irec_models.publishing.predict import Predictions


@dataclass(frozen=True, slots=True)
class PublishedScores:
    """Scores of one published model.

    Attributes
    ----------
    clips : Evaluation
        On dev, or on the validation clips.
    mixtures : MixEvaluation or None
        None where nothing was mixed.
    """

    clips: Evaluation
    mixtures: MixEvaluation | None

    @property
    def headline(self) -> dict[str, float]:
        """The few numbers that go into the model's metadata."""
        s1, mixtures = self.clips.aggregations["s1"], self.mixtures
        numbers = {
            "dev_macro_map": s1.macro_map,
            "dev_top1": self.clips.top1["s1"],
            "dev_micro_f1": s1.micro_f1,
            "dev_macro_f1": s1.macro_f1,
        }
        if mixtures:
            numbers["mixes_macro_map"] = mixtures.macro_map
            if mixtures.envelope:
                numbers["mixes_envelope_error_db"] = mixtures.envelope.active_db
        return {name: round(value, 4) for name, value in numbers.items()}


def score(predictions: Predictions, spec: ModelSpec) -> PublishedScores:
    """Score predictions by the thresholds of a spec."""
    mixtures = predictions.mixtures
    return PublishedScores(evaluate(predictions.clips, spec), score_mixes(mixtures, spec) if mixtures else None)
