"""The Lumen project's three approaches: mel alone, with modified group delay, with both and chroma.

Drawn when its networks are among the models: a fusion, whose members are evaluated one by one, or members by
themselves.

Shapes: C clips, K labels, M member networks.

References
----------
Lumen Data Science 2023 project documentation, Zagreb, 2023. Section 3.4 with Fig. 6 and Table 7 (thresholds, fusion),
section 4 with Figs 9 and 10 and Tables 8 to 10 (accuracy over all decisions, F1, by instrument).
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from irec_models.measuring.clip_scores import predict_clips
from irec_models.measuring.predictors import CheckpointPredictor
from irec_models.metrics import UNKNOWN, Scores, score
from irec_papers.lumen.fusion import grid_thresholds
from irec_papers.lumen.fusion_net import LumenFusion
from irec_papers.report.drawing import Drawing, colour, grid_drawing, grouped_bars
from irec_papers.report.figures_thresholds import f1_curves
from irec_papers.report.prediction_cache import CachingPredictor, PredictionCache
from irec_papers.report.section import Block, Remark, Section, Table, highest, number
from irec_papers.report.study import Study, Subject

PAPER: dict[str, tuple[float, ...]] = {
    "mel": (0.900, 0.625, 0.537),
    "mel + modgd": (0.904, 0.641, 0.550),
    "mel + modgd + chroma": (0.908, 0.648, 0.561),
}
"""Accuracy, micro F1 and macro F1 on IRMAS: sections 4.1 to 4.3. (Table 8 has the two F1 the wrong way round.)"""


@dataclass(frozen=True, slots=True)
class Member:
    """Predictions of one network for the clips.

    Attributes
    ----------
    name : {"mel", "modgd", "chroma"}
    activations : (C, K) float32
        Means over windows.
    thresholds : (C, K) float
        Threshold that each activation is compared with.
    """

    name: str
    activations: Tensor
    thresholds: Tensor


@dataclass(frozen=True, slots=True)
class Approach:
    """Members that must all agree, and their scores."""

    name: str
    accuracy: float
    by_label: tuple[float, ...]
    scores: Scores


def sections(study: Study) -> list[Section]:
    """For each fusion, and for the members that stand alone."""
    blocks: list[Block] = []
    for subject in study.subjects:
        if subject.spec.architecture == LumenFusion.architecture:
            if isinstance(subject.network, LumenFusion):
                how = f"{subject.name}: the thresholds that the file carries."
                blocks += _blocks(subject, _members_of(subject, subject.network, study), how)
            else:
                blocks.append(Remark(f"{subject.name}: give the checkpoint (.pt) to see its members one by one."))
    alone = {name: subject for subject in study.subjects if (name := _front_end(subject))}
    if "mel" in alone and len(alone) > 1:
        how = "Members given one by one: thresholds searched on one half of the clips and used on the other."
        blocks += _blocks(alone["mel"], _searched(alone), how)
    if not blocks:
        return []
    text = (
        "A label is predicted where every network is above its own threshold for it (Table 7 of the Lumen project). "
        "Accuracy counts every decision alike, labels times clips (11 N in the paper), so silence about most labels "
        "already earns most of it."
    )
    return [Section("lumen", "Fusion of mel, group delay and chroma", text, tuple(blocks))]


def _front_end(subject: Subject) -> str | None:
    if subject.spec.architecture == "lumen-chroma":
        return "chroma"
    if subject.spec.architecture == "lumen":
        return "modgd" if "group delay" in subject.spec.front_end else "mel"
    return None


def _members_of(subject: Subject, network: LumenFusion, study: Study) -> list[Member]:
    members = []
    for row, (name, part) in enumerate(network.networks.items()):
        with PredictionCache(study.cache / f"{subject.sha256}-{name}.sqlite3") as memory:
            predictor = CachingPredictor(CheckpointPredictor(part, subject.spec), memory)  # type: ignore[arg-type]
            clips = predict_clips(predictor, study.material.clips(subject.spec), hop_s=study.material.hop_s)
        activations = clips.activations["s1"]
        members.append(Member(name, activations, network.thresholds[row].expand_as(activations)))
    return members


def _searched(alone: dict[str, Subject]) -> list[Member]:
    members = []
    for name in ("mel", "modgd", "chroma"):
        if name in alone:
            clips = alone[name].clips
            half = torch.tensor([zlib.crc32(file.encode()) % 2 for file in clips.files])
            activations = clips.activations["s1"]
            thresholds = torch.empty_like(activations)
            for part in (0, 1):
                found = grid_thresholds(activations[half != part], clips.targets[half != part])
                thresholds[half == part] = found
            members.append(Member(name, activations, thresholds))
    return members


def approach(members: list[Member], targets: Tensor, labels: tuple[str, ...]) -> Approach:
    """Yes where all members are above their thresholds; (C, K) targets, unknowns left out."""
    said = torch.stack([member.activations > member.thresholds for member in members]).all(dim=0)
    known = targets != UNKNOWN
    right = (said == (targets == 1)) & known
    by_label = right.sum(dim=0).double() / known.sum(dim=0).clamp(min=1)
    return Approach(
        name=" + ".join(member.name for member in members),
        accuracy=float(right.sum() / known.sum().clamp(min=1)),
        by_label=tuple(by_label.tolist()),
        scores=score(said.float(), targets, labels, 0.5),
    )


def _blocks(subject: Subject, members: list[Member], how: str) -> list[Block]:
    targets, labels = subject.clips.targets, subject.spec.labels
    found = [approach(members[: count + 1], targets, labels) for count in range(len(members))]
    return [
        Remark(how),
        _figures_9_and_10(found),
        _overall(found),
        _by_label(found, labels, accuracy=True),
        _by_label(found, labels, accuracy=False),
        _figure_6(subject, members),
    ]


def _figures_9_and_10(found: list[Approach]) -> Block:
    drawing = Drawing(10, 3.2, 1, 2, width_ratios=(1, 1.6))
    left, right = drawing.axes
    names = [each.name for each in found]
    bars = left.bar(names, [each.accuracy for each in found], color=[colour(i) for i in range(len(found))], width=0.6)
    left.bar_label(bars, fmt="%.3f", fontsize=7.5)
    left.set_title("accuracy over all decisions (Fig. 9)")
    left.set_ylim(0, 1.05)
    left.tick_params(axis="x", labelsize=7)
    series = {each.name: (each.scores.micro_f1, each.scores.macro_f1) for each in found}
    grouped_bars(right, ("micro F1", "macro F1"), series, values=True)
    right.set_xlabel("F1 (Fig. 10)")
    return drawing.picture("As Figs 9 and 10 of the Lumen project.", "Bars of accuracy and of micro and macro F1.")


def _overall(found: list[Approach]) -> Table:
    values = [(each.accuracy, *each.scores.averages[:3], each.scores.macro_f1) for each in found]
    rows = [(each.name, *(number(value) for value in cells)) for each, cells in zip(found, values, strict=True)]
    for each in found:
        if each.name in PAPER:
            accuracy, micro, macro = PAPER[each.name]
            precision, recall = (0.830, 0.420) if each.name == "mel + modgd + chroma" else (None, None)
            cells = (accuracy, precision, recall, micro, macro)
            rows.append((f"the paper's {each.name}, on IRMAS", *(number(value) for value in cells)))
    columns = ("networks", "accuracy", "precision", "recall", "micro F1", "macro F1")
    return Table("As Table 8, for each approach; below, the paper's own.", columns, tuple(rows), highest(values))


def _by_label(found: list[Approach], labels: tuple[str, ...], *, accuracy: bool) -> Table:
    rows = []
    for k, label in enumerate(labels):
        if not accuracy and not found[0].scores.labels[label].support:
            continue
        values = [each.by_label[k] if accuracy else each.scores.labels[label].f1 for each in found]
        gain = number(100 * (values[-1] / values[-2] - 1), 2) if len(values) > 1 and values[-2] else "–"
        rows.append((label, *(number(value) for value in values), gain))
    columns = ("instrument", *(each.name for each in found), "last step, %")
    return Table(f"{'Accuracy' if accuracy else 'F1'}, as Table {9 if accuracy else 10}.", columns, tuple(rows))


def fusion_curves(members: list[Member], targets: Tensor, moving: int, grid: Tensor) -> Tensor:
    """F1 of the fusion as the threshold of one member moves while the others keep theirs.

    Parameters
    ----------
    members : list of M Member
    targets : (C, K)
        Unknowns are left out.
    moving : int
        Which member's.
    grid : (G,)
        Thresholds to put in the place of its own.

    Returns
    -------
    (G, K) float64

    References
    ----------
    Lumen Data Science 2023 project documentation, section 3.4 and Fig. 6.
    """
    activations = members[moving].activations
    others = torch.ones_like(activations, dtype=torch.bool)
    for index, member in enumerate(members):
        if index != moving:
            others &= member.activations > member.thresholds
    # Where another member says no, no threshold makes the fusion say yes.
    return f1_curves(activations.masked_fill(~others, -torch.inf), targets, grid, strictly=True)


def _figure_6(subject: Subject, members: list[Member]) -> Block:
    targets = subject.clips.targets
    occurring = [k for k in range(targets.shape[1]) if bool((targets[:, k] == 1).any())]
    drawing = grid_drawing(len(occurring), 5, (2.0, 1.7), sharex=True, sharey=True)
    grid = torch.arange(1, 100, dtype=torch.float64) / 100
    for index, member in enumerate(members):
        curves = fusion_curves(members, targets, index, grid).numpy()
        for k, axes in zip(occurring, drawing.axes, strict=True):
            axes.plot(grid.numpy(), curves[:, k], color=colour(index), label=member.name)
            own = float(np.median(member.thresholds[:, k].numpy()))
            axes.axvline(own, color=colour(index), linewidth=0.8, linestyle=":")
            axes.set_title(subject.spec.labels[k])
            axes.grid(visible=True)
    drawing.axes[0].set_ylim(0, 1.02)
    handles, names = drawing.axes[0].get_legend_handles_labels()
    drawing.figure.legend(handles, names, loc="outside lower center", ncols=3)
    return drawing.picture(
        "F1 of the fusion as the threshold of one network moves and those of the others stay, as Fig. 6 (there for the "
        "flute); dotted: the thresholds in use.",
        "Curves of the fusion's F1 over one network's threshold, one axis an instrument, one curve a network.",
    )
