"""Instrument by instrument: tables, bars and confusion matrices, for every model.

Shapes: C clips, K labels.

References
----------
Y. Han, J. Kim, K. Lee, 2017, Fig. 5: class-wise performance.
"""

from __future__ import annotations

import numpy as np
import torch

from irec_papers.report.drawing import Array, Drawing, grid_drawing, grouped_bars, matrix
from irec_papers.report.section import Block, Remark, Section, Table, highest, number
from irec_papers.report.study import Study, Subject


def sections(study: Study) -> list[Section]:
    """Tables and bars, then confusion matrices."""
    return [_instruments(study), _confusions(study)]


def _instruments(study: Study) -> Section:
    occurring = [
        label
        for label in study.labels
        if any(label in s.spec.labels and s.scores.aggregations["s1"].labels[label].support for s in study.subjects)
    ]
    drawing = Drawing(10, 3.3)
    series = {
        subject.name: [row.f1 if (row := rows.get(label)) else 0.0 for label in occurring]
        for subject in study.subjects
        if (rows := subject.scores.aggregations["s1"].labels)
    }
    grouped_bars(drawing.axes[0], occurring, series, values=False)
    drawing.axes[0].set_ylabel("F1")
    bars = drawing.picture(
        "F1 of each instrument: mean over windows, the models' own thresholds.", "Bars of F1, instruments by models."
    )
    tables = [_table(subject) for subject in study.subjects]
    text = "AP is the area under the precision-recall steps; it needs no threshold."
    return Section("instruments", "Instruments", text, (bars, _ap_table(study, occurring), *tables))


def _ap_table(study: Study, labels: list[str]) -> Table:
    values: list[list[float | None]] = []
    for subject in study.subjects:
        rows = subject.scores.aggregations["s1"].labels
        values.append([rows[label].average_precision if label in rows else None for label in labels])
    return Table(
        "Average precision.",
        ("model", *labels),
        tuple(
            (subject.name, *(number(value, 2) for value in row))
            for subject, row in zip(study.subjects, values, strict=True)
        ),
        highest(values),
    )


def _table(subject: Subject) -> Table:
    rows = []
    for label, scores in subject.scores.aggregations["s1"].labels.items():
        values = (scores.precision, scores.recall, scores.f1, scores.average_precision)
        threshold = subject.spec.threshold(label).on
        cells = [number(value if scores.support else None) for value in values]
        rows.append((label, str(scores.support), *cells, number(threshold)))
    return Table(
        f"{subject.name}: every instrument.",
        ("instrument", "clips", "precision", "recall", "F1", "AP", "threshold"),
        tuple(rows),
    )


def _confusions(study: Study) -> Section:
    blocks: list[Block] = []
    for subject in study.subjects:
        if not bool(subject.clips.solo.any()):
            blocks.append(Remark(f"{subject.name}: no clip has one label alone, so nothing can be confused with it."))
            continue
        blocks += [_strongest(subject), _binary(subject)]
    text = (
        "First, clips with one label alone: which label is strongest (rows: the truth). Then each label as a yes-or-no "
        "question over all clips, by the model's own threshold."
    )
    return Section("confusion", "Confusion matrices", text, tuple(blocks))


def confusion(subject: Subject) -> tuple[list[str], Array]:
    """Counts of solo clips by true label, of those that occur, and strongest label: names of rows, (R, K) int64."""
    clips = subject.clips
    strongest = clips.activations["s1"][clips.solo].argmax(dim=1).numpy()
    true = (clips.targets[clips.solo] == 1).to(torch.int64).argmax(dim=1).numpy()
    counts = np.zeros((len(clips.labels),) * 2, np.int64)
    np.add.at(counts, (true, strongest), 1)
    rows = [k for k in range(len(clips.labels)) if counts[k].any()]
    return [clips.labels[k] for k in rows], counts[rows]


def _strongest(subject: Subject) -> Block:
    names, counts = confusion(subject)
    shares = counts / counts.sum(axis=1, keepdims=True)
    labels = subject.spec.labels
    drawing = Drawing(2.2 + 0.42 * len(labels), 1.9 + 0.36 * len(names))
    axes = drawing.axes[0]
    texts = [[str(n) if n else "" for n in row] for row in counts.tolist()]
    matrix(axes, shares, names, labels, limits=(0, 1), texts=texts)
    axes.set_xlabel("strongest label")
    axes.set_ylabel("what plays")
    return drawing.picture(
        f"{subject.name}: solo clips, counts; shaded by share of the row.",
        f"Confusion matrix of {subject.name} on solo clips.",
        "webp",
    )


def _binary(subject: Subject) -> Block:
    own = torch.tensor([subject.spec.threshold(label).on for label in subject.spec.labels])
    clips = subject.clips
    return two_by_two(
        clips.levels["s1"] >= own,
        clips.targets,
        clips.labels,
        f"{subject.name}: each label as a question of its own, all clips.",
        f"Two-by-two confusion matrices of {subject.name}, one an instrument.",
    )


def two_by_two(
    predicted: torch.Tensor, targets: torch.Tensor, labels: tuple[str, ...], caption: str, alt: str
) -> Block:
    """One binary confusion matrix a label; `predicted` (C, K) bool, `targets` (C, K) with unknowns left out."""
    drawing = grid_drawing(len(labels), 7, (1.4, 1.45))
    for k, (label, axes) in enumerate(zip(labels, drawing.axes, strict=True)):
        said, truth = predicted[:, k], targets[:, k]
        counts = np.array(
            [[int(((truth == present) & (said == bool(lit))).sum()) for lit in (0, 1)] for present in (0, 1)]
        )
        shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
        texts = [[str(n) for n in row] for row in counts.tolist()]
        first = k % 7 == 0
        rows = ("absent", "present") if first else ("", "")
        matrix(axes, shares, rows, ("off", "lit"), limits=(0, 1), texts=texts)
        axes.tick_params(axis="x", labelrotation=0, pad=1)
        for tick in axes.get_xticklabels():
            tick.set_horizontalalignment("center")
        axes.set_title(label, fontsize=7.5)
    return drawing.picture(caption, alt, "webp")
