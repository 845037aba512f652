"""Deconvolution figures: input patterns of the strongest units of each block, for two windows.

References
----------
Y. Han, J. Kim, K. Lee, 2017, Fig. 7.
"""

from __future__ import annotations

import numpy as np
import torch
from matplotlib.axes import Axes
from torch import Tensor

from irec_models.data import EvalClip
from irec_models.nets import Network
from irec_papers.report.deconvolution import Unit, strongest_units
from irec_papers.report.drawing import Drawing
from irec_papers.report.layers import look_inside
from irec_papers.report.section import Block, Remark, Section
from irec_papers.report.sounds import loudest_part
from irec_papers.report.study import Study, Subject

_SHARE = 0.12  # of the largest value: what is smaller is not drawn


def sections(study: Study) -> list[Section]:
    """Fig. 7 for every network with maps in time and frequency."""
    blocks: list[Block] = []
    for subject in study.subjects:
        if subject.network is None:
            continue
        blocks.append(_figure(study, subject, subject.network))
    if not blocks:
        return []
    text = (
        "The value of a unit's map that is furthest from zero is sent back through the network to the input: "
        "transposed convolutions, maxima back in their places, the activation function on what returns. Grey: what the "
        "network is given; red what speaks for the unit, green what speaks against it."
    )
    return [Section("deconvolution", "What the strongest units look at", text, tuple(blocks))]


def two_clips(study: Study, subject: Subject) -> list[EvalClip]:
    """(A) and (B): the first clips with different labels, with several instruments where there are such."""
    ensembles: list[EvalClip] = []
    solos: list[EvalClip] = []
    for clip in study.material.clips(subject.spec):
        kind = ensembles if len(clip.labels) > 1 else solos
        if clip.labels and len(kind) < 2 and all(clip.labels != other.labels for other in kind):
            kind.append(clip)
        if len(ensembles) == 2:
            break
    return (ensembles + solos)[:2]


def _figure(study: Study, subject: Subject, network: Network) -> Block:
    clips = two_clips(study, subject)
    if not clips:
        return Remark(f"{subject.name}: no clip has one of its labels.")
    found: list[tuple[Tensor, list[Unit]]] = []
    for clip in clips:
        window = loudest_part(clip.audio, subject.spec.sample_rate, subject.spec.window_s)[0]
        window = np.pad(window, (0, max(0, subject.spec.window_length - len(window))))[: subject.spec.window_length]
        with torch.no_grad():
            features = network.features(torch.from_numpy(np.ascontiguousarray(window))[None])
        blocks = look_inside(network, features).blocks
        if not blocks:
            return Remark(f"{subject.name}: it has no maps in time and frequency to send back.")
        found.append((features[0], strongest_units(network, features, blocks)))
    rows = 1 + max(unit.block for _, units in found for unit in units)
    drawing = Drawing(10, 0.4 + 1.75 * rows, rows, 2 * len(clips))
    for side, (clip, (features, units)) in enumerate(zip(clips, found, strict=True)):
        for place, unit in enumerate(units):
            axes = drawing.axes[unit.block * 2 * len(clips) + 2 * side + place % 2]
            _overlay(axes, features, unit)
            if side == 0 and place % 2 == 0:
                axes.set_ylabel(f"block {unit.block + 1}")
            if unit.block == 0 and place % 2 == 0:
                axes.set_title(f"({'AB'[side]}) {', '.join(clip.labels)}", loc="left")
    return drawing.picture(
        f"{subject.name}: the two strongest units of each block for two windows, as Fig. 7 of Han et al. "
        "Below each image the unit's number and activation; time to the right, frequency upwards.",
        f"Spectrograms with what the strongest units of {subject.name} react to.",
        "webp",
    )


def _overlay(axes: Axes, features: Tensor, unit: Unit) -> None:
    grey, image = features.T.numpy(), unit.image.T.numpy()
    low, high = np.percentile(grey, (2, 99.5))
    axes.imshow(grey, origin="lower", aspect="auto", cmap="gray", vmin=low, vmax=max(high, low + 1e-6))
    strength = np.abs(image) / max(float(np.abs(image).max()), 1e-12)
    colours = np.zeros((*image.shape, 4))
    colours[..., 0] = image > 0
    colours[..., 1] = np.where(image > 0, 0.15, 0.8)
    colours[..., 2] = 0.1
    colours[..., 3] = np.where(strength > _SHARE, np.clip(0.35 + strength, 0, 1), 0.0)
    axes.imshow(colours, origin="lower", aspect="auto", interpolation="nearest")
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_xlabel(f"unit {unit.index}: {unit.activation:.2f}", fontsize=7, labelpad=2)
