"""All models in one table and one picture, and what they were evaluated on.

References
----------
Y. Han, J. Kim, K. Lee, 2017, Fig. 3: precision, recall and F1, micro and macro, system beside system.
Lumen Data Science 2023 project documentation, Fig. 8: files by number of instruments.
"""

from __future__ import annotations

from collections import Counter

import numpy as np

from irec_papers.published_scores import FIGURE_3
from irec_papers.report.drawing import Drawing, grouped_bars
from irec_papers.report.section import Block, Remark, Section, Table, highest, number
from irec_papers.report.study import Study, Subject

_MODEL = ("model", "tells", "labels", "window, ms")
_CLIPS = ("macro F1", "micro F1", "mAP", "top-1", "multilabel accuracy", "EMR")
_MIXTURES = ("mixtures’ accuracy", "mixtures’ EMR")
_COST = ("parameters", "ms a window")
_NO_STEMS = (
    "No clip here is of one instrument by itself (music with accompaniment never is), so nothing was mixed. What needs "
    "mixtures or solos without accompaniment is left out: the scores by number of instruments, sequences, envelopes, "
    "noise and leakage."
)


def sections(study: Study) -> list[Section]:
    """Summary across models, then the material."""
    return [_summary(study), _material(study)]


def _summary(study: Study) -> Section:
    scores = [_scores(subject) for subject in study.subjects]
    rows = [
        (
            subject.name,
            subject.spec.kind,
            str(len(subject.spec.labels)),
            str(subject.window_ms),
            *(number(value) for value in values),
            f"{subject.parameters:,}" if subject.parameters else "–",
            f"{subject.ms:.2f}",
        )
        for subject, values in zip(study.subjects, scores, strict=True)
    ]
    table = Table(
        "Clips: mean over windows (S1) against the model's own thresholds. "
        + ("Mixtures: highest window, mean over sizes 0 to 10. " if study.stems else "")
        + "Multilabel accuracy is intersection over union, EMR the share of items with every label right "
        "(Chen et al., equations 3 and 4). Milliseconds: windows predicted one by one on one thread, the fastest "
        "tenth of 50, measured in this run on this machine.",
        (*_MODEL, *_CLIPS, *(_MIXTURES if study.stems else ()), *_COST),
        tuple(rows),
        highest(scores, first_column=4),
    )
    text = "Each model is asked about its own labels; macro figures are means over the labels that occur."
    missing = () if study.stems else (Remark(_NO_STEMS),)
    return Section("summary", "Summary", text, (*missing, table, *_mix_errors(study), _bars(study)))


def _scores(subject: Subject) -> tuple[float | None, ...]:
    clips = subject.scores.aggregations["s1"]
    mixtures: tuple[float, ...] = ()
    if subject.mix_scores:
        sizes = subject.mix_scores.sizes.values()
        mixtures = (
            float(np.mean([scores.multilabel_accuracy for scores in sizes])),
            float(np.mean([scores.exact_match for scores in sizes])),
        )
    return (
        clips.macro_f1,
        clips.micro_f1,
        clips.macro_map,
        subject.scores.top1["s1"] if subject.scores.solos else None,
        clips.multilabel_accuracy,
        clips.exact_match,
        *mixtures,
    )


def _mix_errors(study: Study) -> list[Block]:
    rows = [
        (subject.name, *(f"{value:.2f}" for value in (error.active_db, error.silence_db, error.silent_db)))
        for subject in study.subjects
        if subject.mix_scores and (error := subject.mix_scores.envelope)
    ]
    if not rows:
        return []
    return [
        Table(
            "Mean absolute error of envelopes on the mixtures in dB, both sides limited to 60 dB below full scale.",
            ("model", "where the instrument sounds", "the same for a model that always says silence", "elsewhere"),
            tuple(rows),
        )
    ]


def _bars(study: Study) -> Block:
    drawing = Drawing(10, 3.1)
    series: dict[str, tuple[float, ...]] = {}
    for subject in study.subjects:
        series[subject.name] = subject.scores.aggregations["s1"].averages
    series.update(FIGURE_3)
    groups = ("micro precision", "micro recall", "micro F1", "macro precision", "macro recall", "macro F1")
    grouped_bars(drawing.axes[0], groups, series, values=len(study.subjects) <= 5)
    return drawing.picture(
        "Performance side by side, as in Fig. 3 of Han et al.: means over windows (S1) against each model's own "
        "thresholds, on these clips. Beside them what that figure compares, on IRMAS: bars whose number no text gives "
        "are left out (the figure prints none; F1 of Fuhrmann and Herrera and of Bosch et al. as Vaznonis et al. cite "
        "them, recall of the former “around 0.25”).",
        "Bars of precision, recall and F1 of every model and of three published systems.",
    )


def _material(study: Study) -> Section:
    first = study.subjects[0]
    targets = first.clips.targets == 1
    drawing = Drawing(10, 2.8, 1, 2, width_ratios=(2.4, 1))
    support = targets.sum(dim=0).tolist()
    left, right = drawing.axes
    bars = left.bar(first.spec.labels, support, color="#0072b2", width=0.7)
    left.bar_label(bars, fontsize=7)
    left.tick_params(axis="x", rotation=40)
    left.set_title("clips with the label")
    counts = Counter(targets.sum(dim=1).tolist())
    bars = right.bar([str(size) for size in sorted(counts)], [counts[size] for size in sorted(counts)], color="#009e73")
    right.bar_label(bars, fontsize=7)
    right.set_title("clips by number of labels")
    selection = study.material.selection
    where = ", ".join(str(folder) for folder in selection.folders)
    chosen = f", sources {', '.join(selection.sources)}" if selection.sources else ""
    hop = "half a window" if study.material.hop_s is None else f"{study.material.hop_s:g} s"
    mixed = (
        f" {len(first.mixes.sizes)} mixtures of {study.material.plan.seconds:g} s from the same clips, "
        f"{study.material.per_size} of each number of sources from 0 to 10."
        if first.mixes
        else ""
    )
    text = (
        f"{len(first.clips.files)} clips of split '{selection.split}' in {where}{chosen}, {first.scores.solos} of "
        f"them with one label alone; windows {hop} apart.{mixed}"
    )
    picture = drawing.picture(
        f"The clips, by the labels of {first.name}; the right side as Fig. 8 of the Lumen project.",
        "Bars: how many clips have each label, and how many labels a clip has.",
    )
    return Section("material", "What was evaluated", text, (picture,))
