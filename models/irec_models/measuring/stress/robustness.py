"""Robustness: scores on clips that are band-limited, coded, soft, clipped, noisy or reverberant.

Every clip is spoilt at 44.1 kHz and only then brought to the model's rate, so that models of all rates get the same
sound.

Shapes: T samples.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import scipy.signal
import soxr

from irec_models.data import ClipSelection, EvalClip, eval_clips
from irec_models.measuring.clip_scores import ClipPredictions, predict_clips
from irec_models.measuring.predictors import Predictor
from irec_models.measuring.stress.codecs import codec_name, lossy
from irec_models.measuring.stress.noises import SAMPLE_RATE, Audio, coloured
from irec_models.measuring.stress.rooms import impulse_response, reverberate
from irec_models.metrics import average_precisions
from irec_models.progress import Progress, silent, tracked

CLEAN = "clean"

Spoil = Callable[[Audio, np.random.Generator], Audio]
"""A sound (T,) at 44.1 kHz to one of the same length."""


@dataclass(frozen=True, slots=True)
class ConditionScores:
    """Scores under one condition.

    Attributes
    ----------
    macro_map, top1 : float
        Clips ranked by the mean over their windows.
    map_drop, top1_drop : float
        Share of the clean score that is lost; negative where it gained.
    unheard : int
        Clips in which nothing is found at all: every window is below the app's silence level, and no network is run.
    """

    macro_map: float
    top1: float
    map_drop: float
    top1_drop: float
    unheard: int


@dataclass(frozen=True, slots=True)
class Robustness:
    """Scores by condition, ``clean`` first."""

    clips: int
    solos: int
    conditions: dict[str, ConditionScores]

    @property
    def worst(self) -> str:
        """The condition with the largest loss of macro mAP."""
        return max(self.conditions, key=lambda name: self.conditions[name].map_drop)

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        rows = {name: asdict(scores) for name, scores in self.conditions.items()}
        return {"clips": self.clips, "solos": self.solos, "worst": self.worst, "conditions": rows}


def conditions() -> dict[str, Spoil]:
    """All degradations by name, in the order of the table."""
    return {
        CLEAN: lambda audio, rng: audio,
        "recorded at 8 kHz": _recorded_at_8_khz,
        "low-pass 8 kHz": _low_pass_8_khz,
        codec_name(): lambda audio, rng: lossy(audio, SAMPLE_RATE),
        "-30 dB": lambda audio, rng: audio * np.float32(10 ** (-30 / 20)),
        "+12 dB, clipped": _overloaded,
        "noise, 10 dB SNR": lambda audio, rng: _noisy(audio, 10.0, rng),
        "noise, 0 dB SNR": lambda audio, rng: _noisy(audio, 0.0, rng),
        "room, RT60 0.4 s": lambda audio, rng: _in_room(audio, 0.4, 0.0, 0.003, rng),
        "hall, RT60 2 s": lambda audio, rng: _in_room(audio, 2.0, -6.0, 0.02, rng),
    }


def robustness(
    predictor: Predictor,
    selection: ClipSelection,
    *,
    only: Sequence[str] | None = None,
    progress: Progress = silent,
) -> Robustness:
    """Score clips in each condition.

    Parameters
    ----------
    predictor : Predictor
    selection : ClipSelection
    only : sequence of str, optional
        Names of `conditions`; ``clean`` is always among them.
    progress : Progress
        A task for each condition.

    Raises
    ------
    DataError
        There are no clips.
    ValueError
        `only` names no condition.
    """
    chosen = {name: spoil for name, spoil in conditions().items() if only is None or name in (CLEAN, *only)}
    unknown = set(only or ()) - set(chosen)
    if unknown:
        raise ValueError(f"no condition is called {', '.join(sorted(unknown))}; there are {', '.join(conditions())}")
    clips = solos = 0
    rows: dict[str, ConditionScores] = {}
    for name, spoil in chosen.items():
        spoilt = _spoilt_clips(predictor, selection, spoil)
        predictions = predict_clips(predictor, tracked(spoilt, progress, f"{predictor.spec.name}: {name}"))
        clips, solos = len(predictions.files), int(predictions.solo.sum())
        scores = (_macro_map(predictions), predictions.top1())
        clean = rows.get(CLEAN)
        drops = (0.0, 0.0) if clean is None else (_drop(scores[0], clean.macro_map), _drop(scores[1], clean.top1))
        unheard = sum(not levels.any() for levels in predictions.windows)
        rows[name] = ConditionScores(*scores, *drops, unheard)
    return Robustness(clips, solos, rows)


def _macro_map(predictions: ClipPredictions) -> float:
    """Mean average precision over the labels that occur, clips ranked by the mean over their windows."""
    occurring = (predictions.targets == 1).any(dim=0)
    values = average_precisions(predictions.activations["s1"], predictions.targets)[occurring]
    return float(values.mean()) if len(values) else 0.0


def _drop(score: float, clean: float) -> float:
    return 1.0 - score / clean if clean > 0 else 0.0


def _spoilt_clips(predictor: Predictor, selection: ClipSelection, spoil: Spoil) -> Iterator[EvalClip]:
    rate = predictor.spec.sample_rate
    for clip in eval_clips(selection.of(predictor.spec.labels), SAMPLE_RATE):
        # A generator for each file: how one sounds does not depend on which others are scored.
        rng = np.random.default_rng([zlib.crc32(clip.file.encode()), 31])
        audio = np.asarray(spoil(clip.audio, rng), np.float32)
        yield replace(clip, audio=np.asarray(soxr.resample(audio, SAMPLE_RATE, rate), np.float32))


def _recorded_at_8_khz(audio: Audio, rng: np.random.Generator) -> Audio:
    """Telephone: nothing above 4 kHz."""
    narrow = soxr.resample(soxr.resample(audio, SAMPLE_RATE, 8000), 8000, SAMPLE_RATE)
    return np.asarray(np.pad(narrow, (0, max(0, len(audio) - len(narrow))))[: len(audio)], np.float32)


def _low_pass_8_khz(audio: Audio, rng: np.random.Generator) -> Audio:
    sections = scipy.signal.butter(8, 8000.0, fs=SAMPLE_RATE, output="sos")
    return np.asarray(scipy.signal.sosfilt(sections, audio), np.float32)


def _overloaded(audio: Audio, rng: np.random.Generator) -> Audio:
    """Peaks 12 dB past full scale, cut off there."""
    peak = max(float(np.abs(audio).max(initial=0.0)), 1e-9)
    return np.asarray(np.clip(audio * (10 ** (12 / 20) / peak), -1.0, 1.0), np.float32)


def _noisy(audio: Audio, snr_db: float, rng: np.random.Generator) -> Audio:
    """White and pink noise of equal power, so far below the clip's RMS."""
    noise = (coloured("white", len(audio), rng) + coloured("pink", len(audio), rng)) / np.float32(2**0.5)
    level = float(np.sqrt(np.mean(np.square(audio, dtype=np.float64))))
    return audio + noise * np.float32(level * 10 ** (-snr_db / 20))


def _in_room(audio: Audio, rt60_s: float, direct_db: float, gap_s: float, rng: np.random.Generator) -> Audio:
    response = impulse_response(SAMPLE_RATE, rt60_s, direct_db=direct_db, gap_s=gap_s, rng=rng)
    return reverberate(audio, response)
