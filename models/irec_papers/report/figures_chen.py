"""Scores against the number of instruments that play at once, for every model.

Shapes: C mixtures, K labels, S sizes.

References
----------
R. Chen, A. Ghobakhlou, A. Narayanan, "Musical instrument recognition in polyphonic audio through convolutional neural
network and spectrograms": Table V (samples), equations 3 and 4, Figs 6 (accuracy and exact match ratio by size), 7 and
8 (accuracy and true positive rate of each instrument), 9 to 14 (confusion matrices, solo to sextet).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
import torch

from irec_live.models.spec import ModelSpec
from irec_models.measuring.mixture_scores import MixEvaluation, MixturePredictions
from irec_models.metrics import UNKNOWN
from irec_papers.report.drawing import Array, Drawing, colour, grouped_bars, style
from irec_papers.report.figures_instruments import two_by_two
from irec_papers.report.section import Block, Remark, Section, Table, number
from irec_papers.report.study import Study

SIZE_NAMES = ("none", "solo", "duo", "trio", "quartet", "quintet", "sextet", "septet", "octet", "nonet", "decet")

PAPER_ACCURACY = (1.00, 0.97, 0.77, 0.71, 0.62, 0.58, 0.53, 0.48, 0.45, 0.43, 0.37)
"""Section V.C of Chen et al., none to decet. The paper calls it equation 3, which it cannot be: see `highest_accuracy`.

It agrees with the share of single decisions that are right, as does the paper's example (Fig. 4: 3 of 10 labels wrong
are 70 %). Its mean is 0.63; the paper says 64 %.
"""

PAPER_EXACT = (1.00, 0.79, 0.04, 0.02, 0.00)
"""Equation 4, in the same place; beyond quartets it says "low or non-existent", and its 17 % in all take those as 0."""

Measure = Literal["multilabel_accuracy", "decision_accuracy", "exact_match"]

_CAPTIONS: dict[Measure, str] = {
    "multilabel_accuracy": "Multilabel accuracy (equation 3: intersection over union of true and predicted labels)",
    "decision_accuracy": "Share of single decisions that are right, absent labels included,",
    "exact_match": "Exact match ratio (equation 4)",
}
_PAPER: dict[Measure, tuple[float, ...]] = {"decision_accuracy": PAPER_ACCURACY, "exact_match": PAPER_EXACT}


def sections(study: Study) -> list[Section]:
    """Figures 6 to 14 for every model; nothing where nothing could be mixed."""
    scores = {subject.name: subject.mix_scores for subject in study.subjects if subject.mix_scores}
    if not scores:
        return []
    blocks: list[Block] = [table_of(scores, "multilabel_accuracy"), remark()]
    blocks += [table_of(scores, "decision_accuracy"), table_of(scores, "exact_match"), _figure_6(scores)]
    for subject in study.subjects:
        if subject.mixes:
            blocks.append(_trends(subject.name, subject.mixes, subject.spec))
            blocks += _confusions(subject.name, subject.mixes, subject.spec)
    text = (
        f"{study.material.per_size} mixtures of each number of sources, after Table V of Chen et al.; those of no "
        "source are noise. A label is true where it is audible in the mixture; the model's highest window is compared "
        "with the model's own threshold. Where fewer labels than sources have clips, some sources share a label."
    )
    return [Section("polyphony", "By number of instruments", text, tuple(blocks))]


def table_of(evaluations: Mapping[str, MixEvaluation], measure: Measure) -> Table:
    """One measure by number of sources, with the paper's own numbers where it has them."""
    sizes = sorted({size for evaluation in evaluations.values() for size in evaluation.sizes})
    rows = []
    for name, evaluation in evaluations.items():
        scores = evaluation.sizes
        values = [float(getattr(scores[size], measure)) if size in scores else None for size in sizes]
        known = [value for value in values if value is not None]
        rows.append((name, *(number(value, 2) for value in values), number(float(np.mean(known)), 3)))
    caption = f"{_CAPTIONS[measure]} by number of sources"
    if paper := _PAPER.get(measure):
        cells = [number(paper[size] if size < len(paper) else None, 2) for size in sizes]
        rows.append(("Chen et al., on NSynth", *cells, number(sum(paper) / len(SIZE_NAMES), 2)))
        caption += "; the last row is the paper's own, on its own data and its ten labels"
    return Table(f"{caption}.", ("model", *(SIZE_NAMES[size] for size in sizes), "mean"), tuple(rows))


def highest_accuracy(size: int, exact: float) -> float:
    """Highest mean of equation 3 over mixtures of `size` sources of which the share `exact` is predicted wholly right.

    The best wrong answer has all `size` labels and one too many: `size` of `size` + 1.

    Examples
    --------
    >>> round(highest_accuracy(1, 0.79), 3), round(highest_accuracy(2, 0.04), 3)
    (0.895, 0.68)
    """
    return exact + (1.0 - exact) * size / (size + 1)


def remark() -> Remark:
    """Why the paper's accuracies stand beside another measure than the equation that they are said to follow."""
    bounds = [
        f"{SIZE_NAMES[size]} {PAPER_ACCURACY[size]:.2f}, where {highest_accuracy(size, PAPER_EXACT[size]):.3g} is the "
        f"most that an exact match ratio of {PAPER_EXACT[size]:.2f} allows"
        for size in range(1, len(PAPER_EXACT))
        if PAPER_ACCURACY[size] > highest_accuracy(size, PAPER_EXACT[size])
    ]
    return Remark(
        "Chen et al. say that their accuracies follow equation 3, but these are higher than their exact match ratios "
        f"allow: {'; '.join(bounds)}. They agree with the share of single decisions that are right, as does the "
        "example of their Fig. 4 (3 of 10 labels wrong are 70 %), so they stand in the table of that share. The mean "
        f"of their eleven sizes is {sum(PAPER_ACCURACY) / len(PAPER_ACCURACY):.3f}; the paper says 64 %."
    )


def _figure_6(evaluations: Mapping[str, MixEvaluation]) -> Block:
    drawing = Drawing(10, 5.0, 2, 1, sharex=True)
    sizes = sorted({size for evaluation in evaluations.values() for size in evaluation.sizes})
    names = [SIZE_NAMES[size] for size in sizes]
    for axes, title in zip(drawing.axes, ("multilabel accuracy", "exact match ratio"), strict=True):
        series = {
            name: [
                (scores.multilabel_accuracy if axes is drawing.axes[0] else scores.exact_match)
                for scores in (evaluation.sizes[size] for size in sizes)
            ]
            for name, evaluation in evaluations.items()
        }
        grouped_bars(axes, names, series, values=len(series) <= 2)
        axes.set_ylabel(title)
    legend = drawing.axes[1].get_legend()
    if legend is not None:
        legend.remove()
    return drawing.picture("As Fig. 6 of Chen et al.", "Bars of accuracy and exact match ratio by number of sources.")


def decisions_of(mixes: MixturePredictions, spec: ModelSpec) -> torch.Tensor:
    """Which labels light in each mixture, (C, K) bool."""
    own = torch.tensor([spec.threshold(label).on for label in spec.labels])
    return mixes.levels >= own


def trends(mixes: MixturePredictions, spec: ModelSpec) -> tuple[list[int], Array, Array]:
    """By size and label: share of right predictions, and true positive rate; NaN where nothing is known.

    Returns
    -------
    sizes : list of S int
    accuracy, true_positive_rate : (S, K) float64
    """
    said, targets = decisions_of(mixes, spec), mixes.targets
    sizes = sorted(set(mixes.sizes.tolist()))
    accuracy = np.full((len(sizes), targets.shape[1]), np.nan)
    rate = np.full_like(accuracy, np.nan)
    for row, size in enumerate(sizes):
        here = mixes.sizes == size
        truth, lit = targets[here], said[here]
        known, present = truth != UNKNOWN, truth == 1
        right = ((lit == present) & known).sum(dim=0).double() / known.sum(dim=0)
        hits = (lit & present).sum(dim=0).double() / present.sum(dim=0)
        accuracy[row], rate[row] = right.numpy(), hits.numpy()
    return sizes, accuracy, rate


def _trends(name: str, mixes: MixturePredictions, spec: ModelSpec) -> Block:
    sizes, accuracy, rate = trends(mixes, spec)
    drawing = Drawing(10, 3.4, 1, 2, sharey=True)
    for axes, values, title in zip(
        drawing.axes, (accuracy, rate), ("accuracy (Fig. 7)", "true positive rate (Fig. 8)"), strict=True
    ):
        for k, label in enumerate(spec.labels):
            if np.isfinite(rate[:, k]).any():
                axes.plot(sizes, values[:, k], style(k), color=colour(k), label=label, marker="o", markersize=2.5)
        axes.set_title(title)
        axes.set_xticks(sizes, [SIZE_NAMES[size] for size in sizes], rotation=35, ha="right")
        axes.set_ylim(-0.03, 1.03)
        axes.grid()
    drawing.figure.legend(*drawing.axes[0].get_legend_handles_labels(), loc="outside right center")
    return drawing.picture(
        f"{name}: each instrument by number of sources, as Figs 7 and 8 of Chen et al.",
        f"Curves of accuracy and true positive rate of {name} by number of sources.",
    )


def _confusions(name: str, mixes: MixturePredictions, spec: ModelSpec) -> list[Block]:
    said = decisions_of(mixes, spec)
    blocks = []
    for size in sorted(set(mixes.sizes.tolist()) & set(range(1, 7))):
        here = mixes.sizes == size
        blocks.append(
            two_by_two(
                said[here],
                mixes.targets[here],
                spec.labels,
                f"{name}, {SIZE_NAMES[size]}: as Fig. {8 + size} of Chen et al.",
                f"Two-by-two confusion matrices of {name} for mixtures of {size}.",
            )
        )
    return blocks
