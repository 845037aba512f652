"""Predictions over time: for a sequence of instruments, and for a small piece and its tracks.

References
----------
L. Häusler, L. I. Maier, "Neuroment", 2022: Figs 12 to 14 (predictions over sequences), 19 to 22 (envelopes of a mixture
and of its tracks).
"""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from irec_papers.report import sequence
from irec_papers.report.drawing import Drawing, colour
from irec_papers.report.section import Block, Remark, Section
from irec_papers.report.sequence import Scene
from irec_papers.report.study import Study, Subject


def sections(study: Study) -> list[Section]:
    """Sequences for every model, envelopes for those that give them; nothing without stems."""
    if not study.stems:
        return []
    over_time: list[Block] = []
    envelopes: list[Block] = []
    for subject in study.subjects:
        parts = sequence.solos(study.material, subject.spec)
        if not parts:
            over_time.append(Remark(f"{subject.name}: no clip has one of its labels alone."))
            continue
        scene = sequence.one_after_the_other(subject.predictor, parts)
        over_time.append(_image(subject, scene, "instruments one after the other, as Figs 12 and 13"))
        stems = sequence.two_at_a_time(parts)
        if stems is None:
            continue
        mix = sequence.predict_scene(subject.predictor, stems)
        over_time.append(_image(subject, mix, f"{', '.join(stems)}, two at a time, as Fig. 14"))
        if subject.spec.kind == "envelope":
            envelopes.append(_envelopes(subject, mix))
    text = (
        f"Up to {sequence.SEGMENT_S:g} s of a solo of each instrument in turn, then three instruments of which two "
        "play at any time. Above what the model says, below what is true. Figures of Häusler and Maier."
    )
    found = [Section("sequences", "Predictions over a sequence", text, tuple(over_time))]
    if envelopes:
        text = (
            "The same piece and each of its tracks by itself: solid what the model says, dashed the true RMS, over "
            "60 dB; grey all instruments that do not play in it."
        )
        found.append(Section("envelopes", "Envelopes, predicted and true", text, tuple(envelopes)))
    return found


def _image(subject: Subject, scene: Scene, what: str) -> Block:
    envelope = subject.spec.kind == "envelope"
    limits = (-60.0, 0.0) if envelope else (0.0, 1.0)
    labels = subject.spec.labels
    drawing = Drawing(10, 0.9 + 0.3 * len(labels), 2, 1, sharex=True)
    step = float(np.mean(np.diff(scene.times_s))) if len(scene.times_s) > 1 else 1.0
    extent = (scene.times_s[0] - step / 2, scene.times_s[-1] + step / 2, len(labels) - 0.5, -0.5)
    for axes, values, title in zip(drawing.axes, (scene.predicted, scene.true), ("predicted", "true"), strict=True):
        image = axes.imshow(
            values,
            aspect="auto",
            extent=extent,
            vmin=limits[0],
            vmax=limits[1],
            cmap="magma",
            interpolation="nearest",
        )
        axes.set_yticks(range(len(labels)), labels, fontsize=7)
        axes.set_title(title, loc="left")
        for border in _borders(scene, subject.spec.sample_rate):
            axes.axvline(border, color="#bbbbbb", linewidth=0.6)
        axes.set_xlim(extent[0], extent[1])
    drawing.axes[-1].set_xlabel("seconds")
    drawing.figure.colorbar(image, ax=drawing.axes, label="dB" if envelope else "activation", fraction=0.03)
    return drawing.picture(
        f"{subject.name}: {what}.", f"Predictions of {subject.name} over time, above the truth.", "webp"
    )


def _borders(scene: Scene, sample_rate: int) -> list[float]:
    """Moments at which somebody enters or leaves for good, in seconds."""
    found = set()
    for stem in scene.stems.values():
        sounding = np.flatnonzero(stem)
        if sounding.size:
            found |= {int(sounding[0]), int(sounding[-1]) + 1}
    return [sample / sample_rate for sample in sorted(found)]


def _envelopes(subject: Subject, mix: Scene) -> Block:
    drawing = Drawing(10, 7.6, 1 + len(mix.stems), 1, sharex=True, sharey=True)
    _curves(drawing.axes[0], subject, mix, list(mix.stems))
    drawing.axes[0].set_title("mixture (Fig. 19)", loc="left")
    tracks = sequence.alone(mix, list(mix.stems))
    for number, (axes, stems) in enumerate(zip(drawing.axes[1:], tracks, strict=True)):
        (label,) = stems
        _curves(axes, subject, sequence.predict_scene(subject.predictor, stems), [label], number)
        axes.set_title(f"{label} alone (Fig. {20 + number})", loc="left")
    drawing.axes[-1].set_xlabel("seconds")
    drawing.axes[0].legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return drawing.picture(
        f"{subject.name}: envelopes of the mixture and of its tracks, as Figs 19 to 22 of Häusler and Maier.",
        f"Curves of predicted and true envelopes of {subject.name}.",
    )


def _curves(axes: Axes, subject: Subject, scene: Scene, playing: list[str], first: int = 0) -> None:
    for k, label in enumerate(subject.spec.labels):
        if label not in playing:
            axes.plot(scene.times_s, scene.predicted[k], color="#bbbbbb", linewidth=0.7)
    for index, label in enumerate(playing, start=first):
        k = subject.spec.labels.index(label)
        axes.plot(scene.times_s, scene.predicted[k], color=colour(index), label=label)
        axes.plot(scene.times_s, scene.true[k], "--", color=colour(index), linewidth=1.0)
    axes.set_ylim(-61, 0)
    axes.set_ylabel("dB")
    axes.grid(visible=True)
