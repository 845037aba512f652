"""Test sequences with known envelopes: instruments one after the other, and three of them in pairs.

Shapes: T samples, K labels, M frames, S stems.

References
----------
L. Häusler, L. I. Maier, "Neuroment", 2022, section 5.3: eight instruments for 5 s each, and a piece for piano, clarinet
and flute of which only two play at any time, each also as a track of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from irec_live.models.spec import ModelSpec
from irec_models.data.mixing.targets import frame_energy
from irec_models.measuring.predictors import Array, Predictor, predict_recording, stitch
from irec_papers.report.sounds import loudest_part
from irec_papers.report.study import Material

SEGMENT_S = 5.0
_RMS = 0.08
_PEAK = 0.9
_TRIO = ("piano", "clarinet", "flute")
_FLOOR_DB = -60.0


@dataclass(frozen=True, slots=True)
class Scene:
    """A sound, its stems, and a model's predictions for it.

    Attributes
    ----------
    audio : (T,) float32
    stems : dict of label to (T,) float32
    times_s : (M,) float64
    predicted, true : (K, M) float32
        Envelopes in dB, -60..0; or activations and presence, 0..1.
    """

    audio: Array
    stems: dict[str, Array]
    times_s: npt.NDArray[np.float64]
    predicted: Array
    true: Array


def solos(material: Material, spec: ModelSpec) -> dict[str, Array]:
    """The loudest 5 s (T,) of the longest solo of each label that has one, at one level, in the labels' order."""
    found: dict[str, Array] = {}
    length = round(SEGMENT_S * spec.sample_rate)
    for clip in material.clips(spec):
        if clip.solo and len(clip.audio) > len(found.get(clip.labels[0], ())) < length:
            found[clip.labels[0]] = loudest_part(clip.audio, spec.sample_rate, SEGMENT_S)[0]
    return {label: _levelled(found[label]) for label in spec.labels if label in found}


def one_after_the_other(predictor: Predictor, parts: dict[str, Array]) -> Scene:
    """Instruments in turn, parts (T,) one after the other (Sequence1 of the thesis)."""
    total = sum(len(part) for part in parts.values())
    stems, start = {}, 0
    for label, part in parts.items():
        stem = np.zeros(total, np.float32)
        stem[start : start + len(part)] = part
        stems[label] = stem
        start += len(part)
    return predict_scene(predictor, stems)


def two_at_a_time(parts: dict[str, Array]) -> dict[str, Array] | None:
    """Stems (T,) of three instruments of which two play at any moment; None where there are no three.

    The first plays from the start, the second to the end, the third while the first or the second would be alone.
    """
    chosen = [label for label in _TRIO if label in parts]
    chosen += [label for label in parts if label not in chosen][: 3 - len(chosen)]
    if len(chosen) < 3:
        return None
    half = min(len(parts[label]) for label in chosen) // 2
    first, second, third = (parts[label] for label in chosen)
    nothing = np.zeros(half, np.float32)
    stems = (
        np.concatenate([first[: 2 * half], nothing]),
        np.concatenate([nothing, second[: 2 * half]]),
        np.concatenate([third[:half], nothing, third[half : 2 * half]]),
    )
    gain = min(1.0, _PEAK / max(float(np.abs(np.sum(stems, axis=0)).max()), 1e-9))
    return {label: (gain * stem).astype(np.float32) for label, stem in zip(chosen, stems, strict=True)}


def predict_scene(predictor: Predictor, stems: dict[str, Array]) -> Scene:
    """Predict the sum of stems (T,), and compute each stem's true envelope or presence."""
    spec = predictor.spec
    audio: Array = np.stack(list(stems.values())).sum(axis=0, dtype=np.float32)
    rows = predict_recording(predictor, audio, spec.hop_length)
    if spec.kind == "envelope":
        hop = spec.frame_hop
        levels = _decibels(stitch(rows, spec.hop_length // hop))
        true = np.full((len(spec.labels), len(audio) // hop + 1), _FLOOR_DB, np.float32)
        for label, stem in stems.items():
            energy = frame_energy(stem[np.newaxis], 2 * hop, hop)[0]
            true[spec.labels.index(label)] = _decibels(np.sqrt(energy))
        frames = min(levels.shape[1], true.shape[1])
        times = np.arange(frames) * hop / spec.sample_rate
        return Scene(audio, stems, times, levels[:, :frames], true[:, :frames])
    starts = np.arange(len(rows)) * spec.hop_length
    present = np.zeros((len(spec.labels), len(rows)), np.float32)
    for label, stem in stems.items():
        energy = np.concatenate(([0.0], np.cumsum(np.square(stem, dtype=np.float64))))
        ends = np.minimum(starts + spec.window_length, len(stem))
        mean = (energy[ends] - energy[np.minimum(starts, len(stem))]) / spec.window_length
        present[spec.labels.index(label)] = mean > 10 ** (_FLOOR_DB / 10)
    times = (starts + spec.window_length / 2) / spec.sample_rate
    return Scene(audio, stems, times, rows.T, present)


def alone(scene: Scene, labels: Sequence[str]) -> list[dict[str, Array]]:
    """The tracks of a scene, one at a time."""
    return [{label: scene.stems[label]} for label in labels]


def _levelled(audio: Array) -> Array:
    rms = float(np.sqrt(np.mean(np.square(audio, dtype=np.float64))))
    gain = min(_RMS / max(rms, 1e-9), _PEAK / max(float(np.abs(audio).max()), 1e-9))
    return (gain * audio).astype(np.float32)


def _decibels(envelope: Array) -> Array:
    return np.asarray(np.clip(20 * np.log10(np.maximum(envelope, 1e-9)), _FLOOR_DB, 0.0), np.float32)
