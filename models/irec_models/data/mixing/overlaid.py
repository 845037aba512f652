"""Single clips laid over each other: the samples that Chen et al. judge by number of instruments.

Letters: S stems, T samples, K labels, M frames.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from irec_live.errors import DataError
from irec_models.data.manifests.labels import truth_of
from irec_models.data.manifests.manifest import Clip, read_manifests
from irec_models.data.manifests.store import decode
from irec_models.data.mixing.evaluation_sets import EvalMix
from irec_models.data.mixing.targets import frame_energy

Array = npt.NDArray[np.float32]


def overlaid_clips(
    data_dir: Path | str | Sequence[Path | str],
    *,
    sample_rate: int,
    labels: Sequence[str],
    split: str = "test",
    sources: Sequence[str] | None = None,
    sizes: Iterable[int] = range(11),
    per_size: int = 100,
    seconds: float = 4.0,
    seed: int = 0,
) -> Iterator[EvalMix]:
    """So many different labels at once, one clip of each from its beginning; the same for the same arguments.

    No phrases are made of notes, as `irec_models.data.held_out_mixes` does, and a label is true because its clip is
    there, audible or not. Every clip is brought to the same peak, and the sum is divided by their number, which the
    paper leaves open. Mixtures of no clip are digital silence. There are none of more sources than labels have clips.

    Parameters
    ----------
    data_dir : path or sequence of path
    sample_rate : int
        Hz.
    labels : sequence of str
        K labels.
    split : str
    sources : sequence of str, optional
        Only these.
    sizes : iterable of int
        How many clips at once.
    per_size : int
        Mixtures of each size.
    seconds : float
        Of each; clips are cut there, or followed by silence. A note of NSynth has 4.
    seed : int

    Raises
    ------
    DataError
        No label has a clip by itself, or a file cannot be decoded.

    References
    ----------
    Chen et al., Table V: 100 samples each of 0 to 10 distinct instruments of NSynth.
    """
    chosen = _by_label(data_dir, labels, split, None if sources is None else set(sources))
    names = [label for label in labels if label in chosen]
    length = round(seconds * sample_rate)
    for size in sizes:
        for number in range(per_size if size <= len(names) else 0):
            rng = np.random.default_rng([seed, size, number])
            stems = np.zeros((len(labels), length), np.float32)
            drawn = [names[place] for place in rng.permutation(len(names))[:size]]
            for label in drawn:
                clip = chosen[label][rng.integers(len(chosen[label]))]
                stems[labels.index(label)] = _at_full_level(decode(clip.audio_path, sample_rate), length) / size
            yield _mix(stems, tuple(label for label in labels if label in drawn), sample_rate)


def _by_label(
    data_dir: Path | str | Sequence[Path | str], labels: Sequence[str], split: str, sources: set[str] | None
) -> dict[str, list[Clip]]:
    found: dict[str, list[Clip]] = {}
    for clip in read_manifests(data_dir):
        if clip.split != split or clip.accompanied or (sources is not None and clip.source not in sources):
            continue
        truth = truth_of(clip.labels, clip.origin, labels, clip.unknown)
        if len(clip.labels) == 1 and len(truth.present) == 1 and not truth.unclear:
            found.setdefault(next(iter(truth.present)), []).append(clip)
    if not found:
        raise DataError(
            f"split '{split}' has no clip of one of these labels by itself, so none can be laid over others"
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
