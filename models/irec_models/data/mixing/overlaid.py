"""Overlaid clips: mixtures of single clips, which Chen et al. score by number of instruments.

Letters: S stems, T samples, K labels, M frames.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from irec_live.errors import DataError
from irec_models.data.manifests.labels import truth_of
from irec_models.data.manifests.manifest import Clip
from irec_models.data.manifests.selection import ClipSelection
from irec_models.data.manifests.store import decode
from irec_models.data.mixing.evaluation_sets import EvalMix, MixPlan
from irec_models.data.mixing.targets import frame_energy

Array = npt.NDArray[np.float32]

CHEN_PLAN = MixPlan(sizes=tuple(range(11)), per_size=100, seconds=4.0)
"""Table V of Chen et al.: 100 samples each of nothing, solo, duo ... decet. A note of NSynth has 4 seconds."""


def overlaid_clips(selection: ClipSelection, sample_rate: int, plan: MixPlan = CHEN_PLAN) -> Iterator[EvalMix]:
    """Mixtures of clips of different labels, one of each, from the clips' beginnings; deterministic.

    No phrases are made of notes, as `irec_models.data.held_out_mixes` does, and a label is true because its clip is
    there, audible or not. Every clip is brought to the same peak, and the sum is divided by their number, which the
    paper leaves open. Mixtures of no clip are digital silence. There are none of more sources than labels have clips.

    Parameters
    ----------
    selection : ClipSelection
    sample_rate : int
        Hz.
    plan : MixPlan
        Clips are cut at its length, or followed by silence.

    Raises
    ------
    DataError
        No label has a clip by itself, or a file cannot be decoded.

    References
    ----------
    Chen et al., Table V: 100 samples each of 0 to 10 distinct instruments of NSynth.
    """
    chosen, labels = _by_label(selection), selection.labels
    names = [label for label in labels if label in chosen]
    length = round(plan.seconds * sample_rate)
    for size in plan.sizes:
        for number in range(plan.per_size if size <= len(names) else 0):
            rng = np.random.default_rng([plan.seed, size, number])
            stems = np.zeros((len(labels), length), np.float32)
            drawn = [names[place] for place in rng.permutation(len(names))[:size]]
            for label in drawn:
                clip = chosen[label][rng.integers(len(chosen[label]))]
                stems[labels.index(label)] = _at_full_level(decode(clip.audio_path, sample_rate), length) / size
            yield _mix(stems, tuple(label for label in labels if label in drawn), sample_rate)


def _by_label(selection: ClipSelection) -> dict[str, list[Clip]]:
    found: dict[str, list[Clip]] = {}
    for clip in selection.clips:
        truth = truth_of(clip.labels, clip.origin, selection.labels, clip.unknown)
        if not clip.accompanied and len(clip.labels) == 1 and len(truth.present) == 1 and not truth.unclear:
            found.setdefault(next(iter(truth.present)), []).append(clip)
    if not found:
        raise DataError(
            f"split '{selection.split}' has no clip of one of these labels by itself, so none can be laid over others"
        )
    return found


def _at_full_level(audio: Array, length: int) -> Array:
    """Cut or padded to a length, its peak at 1 unless it is silent."""
    part = np.zeros(length, np.float32)
    part[: min(length, len(audio))] = audio[:length]
    peak = float(np.abs(part).max(initial=0.0))
    return part / np.float32(peak) if peak > 0 else part


def _mix(stems: Array, labels: tuple[str, ...], sample_rate: int) -> EvalMix:
    """Stems (K, T) of all labels, silent where a label does not play."""
    hop = max(1, round(sample_rate * 1024 / 44100))
    return EvalMix(
        audio=stems.sum(axis=0),
        size=len(labels),
        labels=labels,
        unclear=(),
        envelope=np.sqrt(frame_energy(stems, 2 * hop, hop)).astype(np.float32),
        frame_hop=hop,
        sample_rate=sample_rate,
    )
