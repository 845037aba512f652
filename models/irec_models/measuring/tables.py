"""Scores as tables for a terminal."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table

from irec_models.measuring.clip_scores import Evaluation
from irec_models.measuring.comparison import Comparison
from irec_models.measuring.mixture_scores import MixEvaluation
from irec_models.metrics import Scores

_NAMES = {"s1": "S1, mean", "s2": "S2, sum / strongest", "max": "maximum"}


def evaluation_tables(evaluation: Evaluation, split: str) -> RenderableType:
    """Summary by aggregation, then one row an instrument."""
    title = f"{evaluation.model} on {evaluation.clips} clips of '{split}' ({evaluation.solos} solos)"
    columns = ("aggregation", "mAP", "top-1", "mic P", "mic R", "mic F1", "mac P", "mac R", "mac F1")
    summary = Table(*columns, title=title)
    for how, scores in evaluation.aggregations.items():
        values = (scores.macro_map, evaluation.top1[how], *scores.averages)
        summary.add_row(_NAMES[how], *(f"{value:.3f}" for value in values))
    searched = Table("one threshold for all, searched here", "threshold", "micro F1", "macro F1")
    for how, best in evaluation.searched.items():
        searched.add_row(_NAMES[how], f"{best.threshold:.2f}", f"{best.micro_f1:.3f}", f"{best.macro_f1:.3f}")
    return Group(summary, searched, instruments_table(evaluation.aggregations["s1"], "S1, the model's own thresholds"))


def instruments_table(scores: Scores, title: str) -> RenderableType:
    """One row an instrument."""
    table = Table("instrument", "clips", "AP", "precision", "recall", "F1", title=title)
    for label, row in scores.labels.items():
        numbers = (row.average_precision, row.precision, row.recall, row.f1)
        cells = [f"{value:.3f}" for value in numbers] if row.support else ["-"] * 4
        table.add_row(label, str(row.support), *cells)
    return table


def mix_table(mixes: MixEvaluation) -> RenderableType:
    """Scores by the number of sources, and the envelope's error."""
    title = f"held-out mixtures: mAP {mixes.macro_map:.3f}, micro F1 {mixes.micro_f1:.3f}"
    if mixes.envelope:
        error = mixes.envelope
        title += (
            f"\nenvelope error over 60 dB: {error.active_db:.2f} dB where it sounds "
            f"(always silence: {error.silence_db:.2f}), {error.silent_db:.2f} dB where it does not"
        )
    table = Table("sources", "mixtures", "multilabel accuracy", "exact match", "single decisions", title=title)
    for size, scores in mixes.sizes.items():
        values = (scores.multilabel_accuracy, scores.exact_match, scores.decision_accuracy)
        table.add_row(str(size), str(scores.mixes), *(f"{value:.3f}" for value in values))
    return table


def published_tables(clips: Evaluation, mixtures: MixEvaluation | None) -> RenderableType:
    """Scores of a model that was published."""
    if mixtures is None:
        return evaluation_tables(clips, "validation")
    return Group(evaluation_tables(clips, "dev"), mix_table(mixtures))


def comparison_table(comparison: Comparison, ours: str, theirs: str, aggregation: str) -> RenderableType:
    """Both systems side by side, each at its own best single threshold."""
    title = f"{comparison.clips} identical clips, {aggregation} of windows; macro mAP ratio {comparison.map_ratio:.2f}"
    table = Table("", ours, theirs, title=title)
    for name, text in (
        ("macro_map", "macro mAP"),
        ("top1", "top-1 on solos"),
        ("micro_f1", "micro F1, best threshold"),
        ("macro_f1", "macro F1, same"),
        ("threshold", "threshold"),
    ):
        table.add_row(text, f"{getattr(comparison.ours, name):.3f}", f"{getattr(comparison.theirs, name):.3f}")
    table.add_section()
    for label, row in comparison.ours.scores.labels.items():
        if row.support:
            other = comparison.theirs.scores.labels[label]
            table.add_row(f"AP {label}", f"{row.average_precision:.3f}", f"{other.average_precision:.3f}")
    return table
