"""A model on mixtures whose stems are known: right labels by number of instruments, and the envelope's error.

Shapes: K labels, M envelope frames.

References
----------
Chen et al., Table V: scores by the number of overlapped instruments.
L. Häusler, L. I. Maier, 2022, section 5.3: envelopes are compared over 60 dB.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch

from irec_live.errors import DataError
from irec_models.aggregate import aggregate
from irec_models.data import EvalMix
from irec_models.evaluate import level_of, presence_of, target_row
from irec_models.judges import Array, Judge, judge_recording, stitch
from irec_models.metrics import score

RANGE_DB = 60.0


@dataclass(frozen=True, slots=True)
class SizeScores:
    """Mixtures of one size: intersection over union, exact matches, and mean average precision over labels."""

    mixes: int
    multilabel_accuracy: float
    exact_match: float


@dataclass(frozen=True, slots=True)
class EnvelopeError:
    """Mean absolute difference in dB, both sides limited to 60 dB below full scale.

    Attributes
    ----------
    active_db : float
        Where the instrument sounds (above -60 dBFS).
    silent_db : float
        Where it does not: how far a false envelope rises above the floor.
    silence_db : float
        What a model that always says silence would have for `active_db`.
    """

    active_db: float
    silent_db: float
    silence_db: float


@dataclass(frozen=True, slots=True)
class MixEvaluation:
    """Scores on mixtures.

    Attributes
    ----------
    sizes : dict of int to SizeScores
    macro_map : float
        Over all mixtures, labels that occur.
    envelope : EnvelopeError or None
        None for activation models.
    """

    sizes: dict[int, SizeScores]
    macro_map: float
    micro_f1: float
    envelope: EnvelopeError | None

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "sizes": {str(size): asdict(scores) for size, scores in self.sizes.items()},
            "macro_map": self.macro_map,
            "micro_f1": self.micro_f1,
            "envelope": asdict(self.envelope) if self.envelope else None,
        }


def evaluate_mixes(judge: Judge, mixes: Iterable[EvalMix], *, each: Callable[[], None] | None = None) -> MixEvaluation:
    """Run a model over mixtures.

    A mixture's labels are those audible anywhere in it, so its highest window decides, by the model's own thresholds.

    Raises
    ------
    DataError
        There are no mixtures.
    """
    spec = judge.spec
    rows: list[Array] = []
    levels: list[Array] = []
    targets: list[list[int]] = []
    members: dict[int, list[int]] = defaultdict(list)
    errors: list[tuple[Array, Array]] = []
    for mix in mixes:
        hop = spec.hop_length if spec.kind == "envelope" else spec.window_length // 2
        judged = judge_recording(judge, mix.audio, hop)
        members[mix.size].append(len(rows))
        rows.append(aggregate(presence_of(judged, mix.audio), "max"))
        levels.append(aggregate(level_of(judged), "max"))
        targets.append(target_row(spec.labels, mix.labels, mix.unclear))
        if spec.kind == "envelope" and mix.frame_hop == spec.frame_hop:
            errors.append((stitch(judged, hop // spec.frame_hop), mix.envelope))
        if each:
            each()
    if not rows:
        raise DataError("there are no mixtures to evaluate on")
    activations, level, truth = (
        torch.from_numpy(np.stack(rows)),
        torch.from_numpy(np.stack(levels)),
        torch.tensor(targets),
    )
    own = torch.tensor([spec.threshold(label).on for label in spec.labels])
    sizes = {}
    for size, chosen in sorted(members.items()):
        scores = score(activations[chosen], truth[chosen], spec.labels, own, levels=level[chosen])
        sizes[size] = SizeScores(len(chosen), scores.multilabel_accuracy, scores.exact_match)
    everything = score(activations, truth, spec.labels, own, levels=level)
    envelope = envelope_error(errors) if errors else None
    return MixEvaluation(sizes, everything.macro_map, everything.micro_f1, envelope)


def envelope_error(pairs: Iterable[tuple[Array, Array]]) -> EnvelopeError:
    """Errors of (judged, true) pairs of RMS envelopes (K, M), the longer of each pair cut to the shorter.

    Examples
    --------
    >>> error = envelope_error([(np.full((1, 4), 0.1, np.float32), np.full((1, 4), 1.0, np.float32))])
    >>> round(error.active_db, 3)
    20.0
    """
    active, silent, nothing = [], [], []
    for judged, true in pairs:
        frames = min(judged.shape[1], true.shape[1])
        ours, theirs = _decibels(judged[:, :frames]), _decibels(true[:, :frames])
        sounding = theirs > -RANGE_DB
        difference = np.abs(ours - theirs)
        active.append(difference[sounding])
        silent.append(difference[~sounding])
        nothing.append(theirs[sounding] + RANGE_DB)
    return EnvelopeError(_mean(active), _mean(silent), _mean(nothing))


def _decibels(envelope: Array) -> Array:
    return np.clip(20.0 * np.log10(np.maximum(envelope, 1e-9)), -RANGE_DB, 0.0).astype(np.float32)


def _mean(parts: list[Array]) -> float:
    values = np.concatenate(parts)
    return float(values.mean()) if values.size else 0.0
