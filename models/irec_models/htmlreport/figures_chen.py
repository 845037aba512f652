"""How judgements decay as more instruments play at once, for every model.

Shapes: C mixtures, K labels, S sizes.

References
----------
R. Chen, A. Ghobakhlou, A. Narayanan, "Musical instrument recognition in polyphonic audio through convolutional neural
network and spectrograms": Table V (samples), equations 3 and 4, Figs 6 (accuracy and exact match ratio by size), 7 and
8 (accuracy and true positive rate of each instrument), 9 to 14 (confusion matrices, solo to sextet).
"""

from __future__ import annotations

import numpy as np
import torch

from irec_models.htmlreport.drawing import Array, Drawing, colour, grouped_bars, style
from irec_models.htmlreport.figures_instruments import two_by_two
from irec_models.htmlreport.section import Block, Section, Table, number
from irec_models.htmlreport.study import Study, Subject
from irec_models.metrics import UNKNOWN

SIZE_NAMES = ("none", "solo", "duo", "trio", "quartet", "quintet", "sextet", "septet", "octet", "nonet", "decet")

PAPER_ACCURACY = (1.00, 0.97, 0.77, 0.71, 0.62, 0.58, 0.53, 0.48, 0.45, 0.43, 0.37)
PAPER_EXACT = (1.00, 0.79, 0.04, 0.02, 0.00)
"""Section V.C of Chen et al., none to decet; beyond quartets it says "low or non-existent"."""


def sections(study: Study) -> list[Section]:
    """Figures 6 to 14 for every model."""
    blocks: list[Block] = [_table(study, accuracy=True), _table(study, accuracy=False), _figure_6(study)]
    for subject in study.subjects:
        blocks += [_trends(subject), *_confusions(subject)]
    text = (
        f"{study.material.per_size} mixtures of each number of sources, after Table V of Chen et al.; those of no "
        "source are noise. A label is true where it is audible in the mixture; the model's highest window is compared "
        "with the model's own threshold. Where fewer labels than sources have clips, some sources share a label."
    )
    return [Section("polyphony", "By number of instruments", text, tuple(blocks))]


def _table(study: Study, *, accuracy: bool) -> Table:
    sizes = sorted({size for subject in study.subjects for size in subject.mix_scores.sizes})
    rows = []
    for subject in study.subjects:
        scores = subject.mix_scores.sizes
        values = [
            (scores[size].multilabel_accuracy if accuracy else scores[size].exact_match) if size in scores else None
            for size in sizes
        ]
        known = [value for value in values if value is not None]
        rows.append((subject.name, *(number(value, 2) for value in values), number(float(np.mean(known)), 3)))
    paper = PAPER_ACCURACY if accuracy else PAPER_EXACT
    mean = 0.64 if accuracy else 0.17
    cells = [number(paper[size] if size < len(paper) else None, 2) for size in sizes]
    rows.append(("Chen et al., on NSynth", *cells, number(mean, 2)))
    what = "Multilabel accuracy (equation 3)" if accuracy else "Exact match ratio (equation 4)"
    columns = ("model", *(SIZE_NAMES[size] for size in sizes), "mean")
    return Table(
        f"{what} by number of sources; the last row is the paper's own, on its own data.", columns, tuple(rows)
    )


def _figure_6(study: Study) -> Block:
    drawing = Drawing(10, 5.0, 2, 1, sharex=True)
    sizes = sorted({size for subject in study.subjects for size in subject.mix_scores.sizes})
    names = [SIZE_NAMES[size] for size in sizes]
    for axes, title in zip(drawing.axes, ("multilabel accuracy", "exact match ratio"), strict=True):
        series = {
            subject.name: [
                (scores.multilabel_accuracy if axes is drawing.axes[0] else scores.exact_match)
                for scores in (subject.mix_scores.sizes[size] for size in sizes)
            ]
            for subject in study.subjects
        }
        grouped_bars(axes, names, series, values=len(series) <= 2)
        axes.set_ylabel(title)
    legend = drawing.axes[1].get_legend()
    if legend is not None:
        legend.remove()
    return drawing.picture("As Fig. 6 of Chen et al.", "Bars of accuracy and exact match ratio by number of sources.")


def judged_of(subject: Subject) -> torch.Tensor:
    """Which labels light in each mixture, (C, K) bool."""
    own = torch.tensor([subject.spec.threshold(label).on for label in subject.spec.labels])
    return subject.mixes.levels >= own


def trends(subject: Subject) -> tuple[list[int], Array, Array]:
    """By size and label: share of right judgements, and true positive rate; NaN where nothing is known.

    Returns
    -------
    sizes : list of S int
    accuracy, true_positive_rate : (S, K) float64
    """
    said, targets = judged_of(subject), subject.mixes.targets
    sizes = sorted(set(subject.mixes.sizes.tolist()))
    accuracy = np.full((len(sizes), targets.shape[1]), np.nan)
    rate = np.full_like(accuracy, np.nan)
    for row, size in enumerate(sizes):
        here = subject.mixes.sizes == size
        truth, lit = targets[here], said[here]
        known, present = truth != UNKNOWN, truth == 1
        right = ((lit == present) & known).sum(dim=0).double() / known.sum(dim=0)
        hits = (lit & present).sum(dim=0).double() / present.sum(dim=0)
        accuracy[row], rate[row] = right.numpy(), hits.numpy()
    return sizes, accuracy, rate


def _trends(subject: Subject) -> Block:
    sizes, accuracy, rate = trends(subject)
    drawing = Drawing(10, 3.4, 1, 2, sharey=True)
    for axes, values, title in zip(
        drawing.axes, (accuracy, rate), ("accuracy (Fig. 7)", "true positive rate (Fig. 8)"), strict=True
    ):
        for k, label in enumerate(subject.spec.labels):
            if np.isfinite(rate[:, k]).any():
                axes.plot(sizes, values[:, k], style(k), color=colour(k), label=label, marker="o", markersize=2.5)
        axes.set_title(title)
        axes.set_xticks(sizes, [SIZE_NAMES[size] for size in sizes], rotation=35, ha="right")
        axes.set_ylim(-0.03, 1.03)
        axes.grid()
    drawing.figure.legend(*drawing.axes[0].get_legend_handles_labels(), loc="outside right center")
    return drawing.picture(
        f"{subject.name}: each instrument by number of sources, as Figs 7 and 8 of Chen et al.",
        f"Curves of accuracy and true positive rate of {subject.name} by number of sources.",
    )


def _confusions(subject: Subject) -> list[Block]:
    said = judged_of(subject)
    blocks = []
    for size in sorted(set(subject.mixes.sizes.tolist()) & set(range(1, 7))):
        here = subject.mixes.sizes == size
        blocks.append(
            two_by_two(
                said[here],
                subject.mixes.targets[here],
                subject.spec.labels,
                f"{subject.name}, {SIZE_NAMES[size]}: as Fig. {8 + size} of Chen et al.",
                f"Two-by-two confusion matrices of {subject.name} for mixtures of {size}.",
            )
        )
    return blocks
