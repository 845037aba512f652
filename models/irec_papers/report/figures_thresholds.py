"""From activations to decisions: aggregation over windows, one threshold for all, one for each instrument.

Shapes: C clips, K labels, G thresholds.

References
----------
Y. Han, J. Kim, K. Lee, 2017: Table III (thresholds that were tried), Fig. 4 (F1 by threshold), Tables IV and V, Fig. 5.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from irec_models.measuring.aggregation import AGGREGATIONS, Aggregation
from irec_models.metrics import UNKNOWN, Scores, score
from irec_papers.published_scores import HAN_WINDOW_S, TABLE_III, TABLE_IV, TABLE_V, Strategy
from irec_papers.report.drawing import Drawing, colour, grid_drawing, grouped_bars, style
from irec_papers.report.section import Block, Section, Table, highest, number
from irec_papers.report.study import Study, Subject

_NAMES = {"s1": "S1, mean", "s2": "S2, sum / strongest", "max": "highest window"}
_WIDE = tuple(round(0.02 * step, 2) for step in range(1, 50))


def sections(study: Study) -> list[Section]:
    """Aggregation and thresholds, for activation models; envelopes are amplitudes and have no common scale."""
    subjects = study.of_kind("activation")
    if not subjects:
        return []
    text = (
        "One threshold for all labels, swept on these very clips (so the best of each row is an upper bound), and each "
        "label's own. Shaded: the range of Table III of Han et al., whose dots are the thresholds it tries."
    )
    blocks: list[Block] = [
        _sweeps(subjects),
        *(_table_iii(subjects, how) for how in TABLE_III),
        _table_v(subjects),
        *_table_iv(subjects),
        _figure_5(subjects),
        _grid(subjects),
    ]
    return [Section("thresholds", "Thresholds and aggregation", text, tuple(blocks))]


def at(subject: Subject, how: Aggregation, threshold: float) -> Scores:
    """Scores at one threshold for all labels."""
    clips = subject.clips
    return score(clips.activations[how], clips.targets, clips.labels, threshold)


def f1_curves(activations: Tensor, targets: Tensor, grid: Tensor, *, strictly: bool = False) -> Tensor:
    """F1 of each label at each threshold, ``activation >= threshold``, unknowns left out.

    Parameters
    ----------
    activations, targets : (C, K)
    grid : (G,)
    strictly : bool
        ``activation > threshold`` instead.

    Returns
    -------
    (G, K) float64
    """
    known = targets != UNKNOWN
    true = (targets == 1) & known
    above = torch.gt if strictly else torch.ge
    predicted = above(activations.double()[None], grid.double()[:, None, None]) & known[None]  # (G, C, K)
    hits = (predicted & true[None]).sum(dim=1)
    both = predicted.sum(dim=1) + true.sum(dim=0)
    return torch.where(both > 0, 2 * hits / both.clamp(min=1), 0.0).double()


def micro_macro(subject: Subject, how: Aggregation, grid: tuple[float, ...]) -> tuple[Tensor, Tensor]:
    """Micro and macro F1 (G,) at each threshold; macro over labels that occur."""
    clips = subject.clips
    thresholds = torch.tensor(grid, dtype=torch.float64)
    occurring = (clips.targets == 1).any(dim=0)
    macro = f1_curves(clips.activations[how], clips.targets, thresholds)[:, occurring].mean(dim=1)
    # All predictions as if of one label give the micro average.
    micro = f1_curves(clips.activations[how].reshape(-1, 1), clips.targets.reshape(-1, 1), thresholds)[:, 0]
    return micro, macro


def _sweeps(subjects: tuple[Subject, ...]) -> Block:
    drawing = Drawing(10, 5.4, 2, 2, sharey=True)
    for row, average in enumerate(("micro F1", "macro F1")):
        for column, how in enumerate(TABLE_III):
            axes = drawing.axes[2 * row + column]
            axes.axvspan(TABLE_III[how][0], TABLE_III[how][-1], color="#f1efe6", zorder=0)
            for index, subject in enumerate(subjects):
                wide = micro_macro(subject, how, _WIDE)[row].numpy()
                tried = micro_macro(subject, how, TABLE_III[how])[row].numpy()
                name = f"{subject.name}, {subject.window_ms / 1000:g} s"
                axes.plot(_WIDE, wide, style(index), color=colour(index), label=name)
                axes.plot(TABLE_III[how], tried, "o", color=colour(index), markersize=3)
            axes.set_title(f"{average}, {_NAMES[how]}")
            axes.set_xlabel("threshold θ" if row else "")
            axes.set_ylim(0, 1)
            axes.grid()
    drawing.figure.legend(*drawing.axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return drawing.picture(
        "Micro and macro F1 by threshold and window size, as in Fig. 4 of Han et al.",
        "Curves of F1 over the threshold, one a model, for both aggregations.",
    )


def _table_iii(subjects: tuple[Subject, ...], how: Strategy) -> Table:
    rows = []
    for subject in subjects:
        micro, macro = (values.tolist() for values in micro_macro(subject, how, TABLE_III[how]))
        rows.append((f"{subject.name}, micro", *(number(value) for value in micro)))
        rows.append((f"{subject.name}, macro", *(number(value) for value in macro)))
    strong = frozenset((row, 1 + int(np.argmax([float(cell) for cell in cells[1:]]))) for row, cells in enumerate(rows))
    columns = ("F1 at θ =", *(f"{value:.2f}" for value in TABLE_III[how]))
    return Table(f"{_NAMES[how]}: the thresholds of Table III of Han et al.", columns, tuple(rows), strong)


_PRF = ("micro P", "micro R", "micro F1", "macro P", "macro R", "macro F1")


def _table_v(subjects: tuple[Subject, ...]) -> Table:
    rows, values = [], []
    for subject in subjects:
        for how in AGGREGATIONS:
            best = subject.scores.searched[how]
            scores = at(subject, how, best.threshold).averages
            values.append(scores)
            rows.append((f"{subject.name}, {_NAMES[how]} (θ = {best.threshold:.2f})", *(number(v) for v in scores)))
    caption = (
        "Aggregation strategies, each at the threshold with the highest micro F1, as in Table V of Han et al.; below, "
        "the paper's own, on IRMAS."
    )
    for (strategy, threshold), paper in TABLE_V.items():
        rows.append((f"Han et al., {_NAMES[strategy]} (θ = {threshold:.2f})", *(number(value) for value in paper)))
    return Table(caption, ("model and strategy", *_PRF), tuple(rows), highest(values))


def _table_iv(subjects: tuple[Subject, ...]) -> list[Block]:
    variants = [subject for subject in subjects if subject.spec.architecture == "han"]
    if not variants:
        return []
    values = [at(subject, "s2", 0.5).averages for subject in variants]
    rows = [
        (f"{subject.name} ({_activation(subject)}, {subject.window_ms / 1000:g} s)", *(number(v) for v in cells))
        for subject, cells in zip(variants, values, strict=True)
    ]
    caption = (
        "Activation functions and windows of the network of Han et al. at its defaults (S2, θ = 0.50), as in its "
        "Table IV; below, the paper's own, on IRMAS."
    )
    for activation, paper in TABLE_IV.items():
        name = f"Han et al. ({_ACTIVATIONS[activation]}, {HAN_WINDOW_S:g} s)"
        rows.append((name, *(number(value) for value in paper)))
    return [Table(caption, ("model (activation, window)", *_PRF), tuple(rows), highest(values))]


_ACTIVATIONS = {"tanh": "tanh", "relu": "ReLU", "prelu": "PReLU", "lrelu001": "LReLU 0.01", "lrelu033": "LReLU 0.33"}


def _activation(subject: Subject) -> str:
    network = subject.network
    return _ACTIVATIONS.get(network.hyperparameters.get("activation", ""), "?") if network else "?"


def _figure_5(subjects: tuple[Subject, ...]) -> Block:
    drawing = Drawing(10, 2.9 * len(subjects), len(subjects), 1)
    for subject, axes in zip(subjects, drawing.axes, strict=True):
        settings = {
            "S2, θ = 0.50 (default)": at(subject, "s2", 0.5),
            f"S1, θ = {subject.scores.searched['s1'].threshold:.2f}": at(
                subject, "s1", subject.scores.searched["s1"].threshold
            ),
            "S2, θ = 0.20": at(subject, "s2", 0.2),
            "S1, own thresholds": subject.scores.aggregations["s1"],
        }
        labels = [label for label, row in subject.scores.aggregations["s1"].labels.items() if row.support]
        grouped_bars(
            axes,
            labels,
            {name: [scores.labels[label].f1 for label in labels] for name, scores in settings.items()},
            values=False,
        )
        axes.set_ylabel(f"F1, {subject.name}")
    return drawing.picture(
        "F1 of each instrument at the default setting of Han et al., with the other aggregation, with a low threshold, "
        "and with the model's own thresholds, as in Fig. 5; models with other windows stand below one another.",
        "Bars of F1 for every instrument under four settings, one row a model.",
    )


def _grid(subjects: tuple[Subject, ...]) -> Block:
    labels = tuple(dict.fromkeys(label for subject in subjects for label in subject.spec.labels))
    occurring = [label for label in labels if any(_support(subject, label) for subject in subjects)]
    drawing = grid_drawing(len(occurring), 5, (2.0, 1.75), sharex=True, sharey=True)
    grid = torch.arange(1, 100, dtype=torch.float64) / 100
    for index, subject in enumerate(subjects):
        curves = f1_curves(subject.clips.activations["s1"], subject.clips.targets, grid).numpy()
        for label, axes in zip(occurring, drawing.axes, strict=True):
            axes.set_title(label)
            axes.grid(visible=True)
            if not _support(subject, label):
                continue
            k = subject.spec.labels.index(label)
            own = subject.spec.threshold(label).on
            axes.plot(grid.numpy(), curves[:, k], style(index), color=colour(index), label=subject.name)
            axes.plot([own], [np.interp(own, grid.numpy(), curves[:, k])], "o", color=colour(index), markersize=4)
    drawing.axes[0].set_ylim(0, 1.02)
    handles = {
        text: handle for axes in drawing.axes for handle, text in zip(*axes.get_legend_handles_labels(), strict=True)
    }
    drawing.figure.legend(list(handles.values()), list(handles), loc="outside lower center", ncols=4)
    return drawing.picture(
        "F1 of each instrument over thresholds 0.01 to 0.99 for the mean over windows; dots: the threshold that the "
        "model carries.",
        "Curves of F1 over the threshold, one axis an instrument.",
    )


def _support(subject: Subject, label: str) -> int:
    rows = subject.scores.aggregations["s1"].labels
    return rows[label].support if label in rows else 0
