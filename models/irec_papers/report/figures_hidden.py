"""Hidden representations: t-SNE of the activations after each block of a network.

Shapes: B windows, T samples, U units.

References
----------
Y. Han, J. Kim, K. Lee, 2017, section V.G and Fig. 6. L. van der Maaten, G. Hinton, "Visualizing data using t-SNE",
Journal of Machine Learning Research 9, 2008.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from sklearn.manifold import TSNE
from threadpoolctl import threadpool_limits

from irec_live.models.spec import ModelSpec
from irec_models.data.manifests.labels import truth_of
from irec_models.data.manifests.manifest import Clip
from irec_models.data.mixing.evaluation_sets import load_clip
from irec_models.nets import Network
from irec_papers.report.drawing import Array, Drawing, colour
from irec_papers.report.layers import look_inside, stages
from irec_papers.report.section import Block, Remark, Section
from irec_papers.report.sounds import loudest_part
from irec_papers.report.study import Material, Study, Subject

_PER_LABEL = 24
_BATCH = 16
_MARKERS = "osD^v<>P*X"


@dataclass(frozen=True, slots=True)
class Windows:
    """Windows of clips with one label alone: audio (B, T) float32, and the index of each one's label."""

    audio: Array
    labels: tuple[int, ...]


def sections(study: Study) -> list[Section]:
    """Fig. 6 for every model whose network can be restored."""
    blocks: list[Block] = [
        _figure(study, subject)
        if subject.network is not None
        else Remark(
            f"{subject.name}: the exported file does not say how to rebuild its network; give the checkpoint (.pt) to "
            "look inside."
        )
        for subject in study.subjects
    ]
    text = (
        "Each dot is a window of a clip with one label alone, each panel what a stage of the network makes of it: "
        "the highest value of every unit, brought to two dimensions by t-SNE. Well-parted groups mean that the stage "
        "tells the instruments apart. Distances between groups mean nothing."
    )
    return [Section("hidden", "What the layers tell apart", text, tuple(blocks))]


def pick_windows(material: Material, spec: ModelSpec, split: str) -> Windows:
    """Up to 24 solo clips of each label, evenly over the manifest, each one's loudest window."""
    groups: dict[str, list[Clip]] = defaultdict(list)
    for clip in replace(material.selection, split=split).clips:
        truth = truth_of(clip.labels, clip.origin, spec.labels)
        if len(truth.present) == 1 and not truth.others:
            groups[next(iter(truth.present))].append(clip)
    audio, labels = [], []
    for label in spec.labels:
        clips = groups[label]
        for index in np.unique(np.linspace(0, len(clips) - 1, min(len(clips), _PER_LABEL)).astype(int)):
            sound = load_clip(clips[index], sample_rate=spec.sample_rate, labels=spec.labels).audio
            window = loudest_part(sound, spec.sample_rate, spec.window_s)[0][: spec.window_length]
            audio.append(np.pad(window, (0, spec.window_length - len(window))))
            labels.append(spec.labels.index(label))
    stacked = np.stack(audio) if audio else np.zeros((0, spec.window_length), np.float32)
    return Windows(stacked, tuple(labels))


def embed(values: Array) -> Array:
    """t-SNE: vectors (B, U) to positions (B, 2); all zero for fewer than four."""
    if len(values) < 4:
        return np.zeros((len(values), 2), np.float32)
    deviation = values.std(axis=0)
    scaled = (values - values.mean(axis=0)) / np.where(deviation > 1e-6, deviation, 1.0)
    # Equal vectors, as of units that never fire, would leave the gradient without a direction.
    scaled = scaled + np.random.default_rng(0).normal(0.0, 1e-4, scaled.shape)
    method = TSNE(perplexity=min(30.0, (len(values) - 1) / 3), init="random", random_state=0, n_jobs=1)
    # Its OpenMP threads wait for each other by spinning; where cores are busy that takes many times as long as one.
    with threadpool_limits(1):
        places: Array = method.fit_transform(scaled.astype(np.float32))
    return places


def _stages(network: Network, windows: Windows) -> dict[str, Array]:
    with torch.no_grad():
        features = torch.cat(
            [
                network.features(torch.from_numpy(windows.audio[start : start + _BATCH]))
                for start in range(0, len(windows.audio), _BATCH)
            ]
        )
    inside = look_inside(network, features[:1])
    parts = [stages(network, features[start : start + _BATCH], inside) for start in range(0, len(features), _BATCH)]
    return {title: torch.cat([part[title] for part in parts]).numpy() for title in parts[0]}


def _figure(study: Study, subject: Subject) -> Block:
    network = subject.network
    if network is None:
        raise ValueError(f"{subject.name} has no network to look into")
    splits = [split for split in ("train", study.material.selection.split) if split]
    chosen = {split: pick_windows(study.material, subject.spec, split) for split in dict.fromkeys(splits)}
    chosen = {split: windows for split, windows in chosen.items() if len(windows.labels) > 3}
    if not chosen:
        return Remark(f"{subject.name}: too few clips have one label alone.")
    found = {split: _stages(network, windows) for split, windows in chosen.items()}
    titles = list(next(iter(found.values())))
    drawing = Drawing(10, 0.5 + 1.85 * len(found), len(found), len(titles))
    for row, (split, values) in enumerate(found.items()):
        for column, title in enumerate(titles):
            axes = drawing.axes[row * len(titles) + column]
            places, labels = embed(values[title]), np.array(chosen[split].labels)
            for k in sorted(set(chosen[split].labels)):
                dots = places[labels == k]
                axes.scatter(
                    dots[:, 0],
                    dots[:, 1],
                    s=7,
                    color=colour(k),
                    marker=_MARKERS[k // 10 % len(_MARKERS)],
                    linewidths=0,
                    label=subject.spec.labels[k],
                )
            axes.set_xticks([])
            axes.set_yticks([])
            axes.set_title(title if row == 0 else "")
            axes.set_ylabel(f"split '{split}'" if column == 0 else "")
    handles: dict[str, Any] = {}
    for axes in drawing.axes:
        marks, names = axes.get_legend_handles_labels()
        handles |= dict(zip(names, marks, strict=True))
    drawing.figure.legend(list(handles.values()), list(handles), loc="outside lower center", ncols=7, markerscale=1.8)
    return drawing.picture(
        f"{subject.name}: t-SNE of each block, of the hidden layer and of the output, as Fig. 6 of Han et al.",
        f"Scatter plots of windows by instrument at each stage of {subject.name}.",
        "webp",
    )
