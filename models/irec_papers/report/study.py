"""Data of the figures: every model's predictions for the same clips and mixtures.

Shapes: C clips, K labels, T samples.
"""

from __future__ import annotations

import hashlib
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import torch

from irec_live.errors import CheckpointError, DataError, ModelError
from irec_live.models.spec import ModelSpec
from irec_models.data import ClipSelection, EvalClip, EvalMix, MixPlan, common_players, eval_clips, held_out_mixes
from irec_models.data.mixing.overlaid import CHEN_PLAN
from irec_models.measuring.clip_scores import ClipPredictions, Evaluation, evaluate, predict_clips
from irec_models.measuring.mixture_scores import MixEvaluation, MixturePredictions, predict_mixtures, score_mixes
from irec_models.measuring.predictors import Predictor, load_predictor, model_file
from irec_models.measuring.restore import network_of
from irec_models.nets import Network
from irec_models.progress import Progress, silent, tracked
from irec_papers.report.prediction_cache import CachingPredictor, PredictionCache

_TIMED_WINDOWS = 50


@dataclass(frozen=True, slots=True)
class Material:
    """Clips and mixtures that are predicted.

    Attributes
    ----------
    selection : ClipSelection
    hop_s : float or None
        Seconds between windows of a clip; None for half a window.
    per_size : int
        Mixtures of each size.
    """

    selection: ClipSelection
    hop_s: float | None = None
    per_size: int = CHEN_PLAN.per_size

    def clips(self, spec: ModelSpec) -> Iterator[EvalClip]:
        """Real clips at a model's rate."""
        return eval_clips(self.selection.of(spec.labels), spec.sample_rate)

    def mixes(self, spec: ModelSpec) -> Iterator[EvalMix]:
        """Mixtures of 0 to 10 sources after Table V of Chen et al."""
        plan = replace(self.plan, frame_hop=spec.frame_hop)
        return held_out_mixes(
            self.selection.of(spec.labels), spec.sample_rate, plan, players=common_players(spec.labels)
        )

    @property
    def plan(self) -> MixPlan:
        """The requested number of mixtures of each size, else as in Table V of Chen et al."""
        return replace(CHEN_PLAN, per_size=self.per_size)


@dataclass(frozen=True, eq=False)
class Subject:
    """One model with all its predictions.

    Attributes
    ----------
    name : str
        Unique in the study.
    predictor : Predictor
        Remembers what it said.
    sha256 : str
        Of the file.
    parameters : int
        0 if unknown.
    ms : float
        Milliseconds a window, one at a time on one thread.
    mixes, mix_scores : MixturePredictions, MixEvaluation or None
        None where the material has no stems.
    """

    name: str
    path: Path
    predictor: Predictor
    spec: ModelSpec
    sha256: str
    parameters: int
    ms: float
    clips: ClipPredictions
    scores: Evaluation
    mixes: MixturePredictions | None
    mix_scores: MixEvaluation | None

    @cached_property
    def network(self) -> Network | None:
        """The torch network, for figures of hidden layers; None if the file cannot be restored."""
        try:
            return network_of(self.path)
        except (CheckpointError, ModelError):
            return None

    @property
    def window_ms(self) -> int:
        """Window length."""
        return round(1000 * self.spec.window_s)


@dataclass(frozen=True, slots=True)
class Study:
    """All models on the same material.

    Attributes
    ----------
    cache : Path
        Folder of what models said, also for those that a figure asks besides.
    stems : bool
        Whether the material has clips of one instrument by itself; without, nothing is mixed.
    """

    material: Material
    subjects: tuple[Subject, ...]
    cache: Path
    stems: bool = True

    def of_kind(self, kind: str) -> tuple[Subject, ...]:
        """Models that predict activations, or envelopes."""
        return tuple(subject for subject in self.subjects if subject.spec.kind == kind)

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels of all models, in the order of first occurrence."""
        return tuple(dict.fromkeys(label for subject in self.subjects for label in subject.spec.labels))


def conduct(
    paths: Sequence[Path],
    material: Material,
    cache: Path,
    memories: ExitStack,
    *,
    progress: Progress = silent,
) -> Study:
    """Run every model on all material; predictions in the cache are not repeated.

    Material without stems is predicted clip by clip alone.

    Parameters
    ----------
    paths : sequence of Path
        ``.onnx`` files or checkpoints.
    material : Material
    cache : Path
        Folder for `irec_papers.report.prediction_cache`.
    memories : ExitStack
        Closes the predictors of the study and saves their predictions, when it is closed.
    progress : Progress

    Raises
    ------
    ModelError, CheckpointError
        A model is broken.
    DataError
        There is nothing to predict, or a model is named twice; raised before the first clip is predicted.
    OutputError
        The cache cannot be written.
    """
    # All are opened before the first is run: a broken one should not come to light after an hour.
    paths = [model_file(path) for path in paths]
    opened = [(path, load_predictor(path)[0], _sha256(path)) for path in paths]
    digests = [digest for _, _, digest in opened]
    if len(set(digests)) != len(digests):
        raise DataError("a model is named twice; name each once")
    stems = material.selection.has_stems()
    for _, predictor, _ in opened:
        material.selection.of(predictor.spec.labels).check_labels(predictor.spec.name)
    names = _names([predictor.spec.name for _, predictor, _ in opened], paths)
    subjects = []
    for name, (path, predictor, digest) in zip(names, opened, strict=True):
        ms = ms_per_window(predictor)
        memory = memories.enter_context(PredictionCache(cache / f"{digest}.sqlite3"))
        remembering = CachingPredictor(predictor, memory)
        real = tracked(material.clips(predictor.spec), progress, f"{name}: clips of {material.selection.split}")
        clips = predict_clips(remembering, real, hop_s=material.hop_s)
        mixes = None
        if stems:
            mixes = predict_mixtures(
                remembering, tracked(material.mixes(predictor.spec), progress, f"{name}: mixtures", material.plan.total)
            )
        subjects.append(
            Subject(
                name=name,
                path=path,
                predictor=remembering,
                spec=predictor.spec,
                sha256=digest,
                parameters=predictor.spec.parameters,
                ms=ms,
                clips=clips,
                scores=evaluate(clips, predictor.spec),
                mixes=mixes,
                mix_scores=score_mixes(mixes, predictor.spec) if mixes else None,
            )
        )
    return Study(material, tuple(subjects), cache, stems)


def ms_per_window(predictor: Predictor) -> float:
    """Inference time of a single window on one thread, in milliseconds.

    Of the fastest tenth: whatever else the machine does only ever makes a window slower.
    """
    window = np.random.default_rng(0).uniform(-0.5, 0.5, (1, predictor.spec.window_length)).astype(np.float32)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        times = []
        for _ in range(_TIMED_WINDOWS + 2):
            start = time.perf_counter()
            predictor(window)
            times.append(1e3 * (time.perf_counter() - start))
    finally:
        torch.set_num_threads(threads)
    return statistics.quantiles(times[2:], n=10)[0]


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _names(names: Sequence[str], paths: Sequence[Path]) -> list[str]:
    """Names as they are, with the file where two are the same."""
    return [f"{name} ({path.name})" if names.count(name) > 1 else name for name, path in zip(names, paths, strict=True)]
