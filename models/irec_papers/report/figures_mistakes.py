"""Worst mistakes: the wrong predictions of highest confidence, with spectrogram and sound."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from irec_models.data import EvalClip
from irec_models.measuring.predictors import Array, predict_recording, stitch
from irec_papers.report.drawing import Drawing, colour
from irec_papers.report.section import Block, Mistake, Picture, Remark, Section
from irec_papers.report.sounds import draw_spectrogram, loudest_part, player_uri
from irec_papers.report.study import Study, Subject

_SECONDS = 6.0


@dataclass(frozen=True, slots=True)
class WrongPrediction:
    """One wrong prediction.

    Attributes
    ----------
    clip, label : int
        Indices.
    confidence : float
        0..1: how far beyond the threshold, of the way there is on that side.
    lit : bool
        Whether the label was lit wrongly, or missed.
    """

    clip: int
    label: int
    confidence: float
    lit: bool


def sections(study: Study, most: int) -> list[Section]:
    """The worst mistakes of every model; none at all if `most` is 0."""
    if not most:
        return []
    blocks: list[Block] = []
    for subject in study.subjects:
        wrong = worst(subject, most)
        if not wrong:
            blocks.append(Remark(f"{subject.name} is right about every clip."))
            continue
        blocks.append(Remark(f"{subject.name}: the {len(wrong)} worst, each clip once."))
        blocks += _mistakes(study, subject, wrong)
    text = (
        "First labels lit wrongly, then labels missed, each by confidence: how far the level is beyond the label's "
        "threshold, of the way there is on that side. "
        f"Shown and played are the loudest {_SECONDS:g} s; curves are of the label in question and of the true ones."
    )
    return [Section("mistakes", "Worst mistakes", text, tuple(blocks))]


def worst(subject: Subject, most: int) -> list[WrongPrediction]:
    """Wrong predictions, half of them labels lit wrongly and half labels missed, the surest of each first.

    A clip comes once. Where there are too few of one sort, there are more of the other.
    """
    own = torch.tensor([subject.spec.threshold(label).on for label in subject.spec.labels], dtype=torch.float64)
    levels, targets = subject.clips.levels["s1"].double(), subject.clips.targets
    lit = levels >= own
    above = torch.where(lit & (targets == 0), (levels - own) / (1.0 - own).clamp(min=1e-9), -1.0)
    below = torch.where(~lit & (targets == 1), (own - levels) / own.clamp(min=1e-9), -1.0)
    false, missed = _surest(above, lit=True), _surest(below, lit=False)
    chosen: dict[int, WrongPrediction] = {}
    for wrong in (*false[: most - most // 2], *missed, *false):
        if len(chosen) < most:
            chosen.setdefault(wrong.clip, wrong)
    return sorted(chosen.values(), key=lambda wrong: not wrong.lit)


def _surest(confidence: torch.Tensor, *, lit: bool) -> list[WrongPrediction]:
    """The surest mistake of each clip that has one; (C, K), negative where there is none."""
    best, label = confidence.max(dim=1)
    order = torch.argsort(best, descending=True, stable=True).tolist()
    return [
        WrongPrediction(clip, int(label[clip]), min(float(best[clip]), 1.0), lit) for clip in order if best[clip] >= 0
    ]


def _mistakes(study: Study, subject: Subject, wrong: list[WrongPrediction]) -> list[Block]:
    wanted = {subject.clips.files[each.clip]: each for each in wrong}
    found: dict[str, EvalClip] = {}
    for clip in study.material.clips(subject.spec):
        if clip.file in wanted:
            found.setdefault(clip.file, clip)
        if len(found) == len(wanted):
            break
    return [_mistake(subject, found[file], each) for file, each in wanted.items()]


def _mistake(subject: Subject, clip: EvalClip, wrong: WrongPrediction) -> Mistake:
    spec = subject.spec
    label = spec.labels[wrong.label]
    audio, start_s = loudest_part(clip.audio, spec.sample_rate, _SECONDS)
    level = float(subject.clips.levels["s1"][wrong.clip, wrong.label])
    truth = ", ".join((*clip.labels, *clip.others)) or "nothing it knows"
    verb = "hears" if wrong.lit else "misses"
    strongest = [
        spec.labels[k] for k in subject.clips.activations["s1"][wrong.clip].topk(min(3, len(spec.labels))).indices
    ]
    return Mistake(
        title=f"{verb} {label} (what plays: {truth})",
        text=f"{clip.file}: level {level:.3f}, threshold {spec.threshold(label).on:.3f}, confidence "
        f"{wrong.confidence:.2f}; strongest: {', '.join(strongest)}; {clip.instrument}, {clip.kind}, {clip.source}",
        picture=_picture(subject, audio, start_s, (label, *(each for each in clip.labels if each != label))),
        sound=player_uri(audio, spec.sample_rate),
    )


def _picture(subject: Subject, audio: Array, start_s: float, labels: tuple[str, ...]) -> Picture:
    spec = subject.spec
    drawing = Drawing(6.7, 2.5, 2, 1, sharex=True, height_ratios=(1.5, 1))
    upper, lower = drawing.axes
    draw_spectrogram(upper, audio, spec.sample_rate, start_s)
    rows = predict_recording(subject.predictor, audio, spec.hop_length)
    if spec.kind == "envelope":
        values = stitch(rows, spec.hop_length // spec.frame_hop)
        times = start_s + np.arange(values.shape[1]) * spec.frame_hop / spec.sample_rate
    else:
        values = rows.T
        times = start_s + (np.arange(len(rows)) * spec.hop_length + spec.window_length / 2) / spec.sample_rate
    for index, label in enumerate(labels[:4]):
        lower.plot(times, values[spec.labels.index(label)], color=colour(index), label=label)
        lower.axhline(spec.threshold(label).on, color=colour(index), linewidth=0.7, linestyle=":")
    lower.set_xlim(start_s, start_s + len(audio) / spec.sample_rate)
    lower.set_ylim(0, 1 if spec.kind == "activation" else max(float(values.max()) * 1.1, 0.05))
    lower.set_xlabel("seconds")
    lower.legend(loc="upper left", bbox_to_anchor=(1.0, 1.1), fontsize=7)
    alt = f"Spectrogram of the clip, and {' and '.join(labels[:4])} over time."
    return drawing.picture("", alt, "webp")
