"""All predictions that publishing needs, each sound decoded and predicted once.

Shapes: C windows or items, K labels.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import torch
from torch import Tensor

from irec_live.models.spec import ModelSpec
from irec_models.data import (
    Batch,
    Clip,
    ClipSelection,
    DataFolders,
    EvalClip,
    EvalMix,
    MixPlan,
    MixStream,
    eval_clips,
    held_out_mixes,
)
from irec_models.data.mixing.config import AugmentConfig
from irec_models.data.mixing.evaluation_sets import load_clip
from irec_models.measuring.clip_scores import ClipPredictions, predict_clips
from irec_models.measuring.mixture_scores import MixturePredictions, predict_mixtures
from irec_models.measuring.predictors import CheckpointPredictor
from irec_models.nets import Network
from irec_models.progress import Progress, silent, tracked
from irec_models.publishing.precision import RecordingPredictions
from irec_models.publishing.recordings import PredictionCollector
from irec_models.recipes.recipe import Recipe
from irec_models.training.validation import validate

THRESHOLD_BATCHES = 32
MIXES_PER_SIZE = 25
MOST_CLIPS = 30
NOISE_WINDOWS = 6144  # the threshold of drums moved from 0.40 to 0.63 between four draws of 1536

_MIX_SEED = 2
_THRESHOLD_SEED = 2_000_003
_NOISE_SEED = 3_000_017

Part = Literal["windows", "noise", "mixtures", "recordings"]
"""Predicted beside clips: windows that thresholds are chosen on, windows of noise, mixtures to be scored, and
the clips again in windows as far apart as in the app."""

PARTS: tuple[Part, ...] = ("windows", "noise", "mixtures")
CHOOSING: tuple[Part, ...] = ("windows",)
SCORING: tuple[Part, ...] = ("mixtures",)


@dataclass(frozen=True)
class Material:
    """Data that thresholds are chosen on and scores are measured on, by a recipe.

    A recipe of mode ``clips`` has its validation clips alone, and nothing is mixed: whoever trained on clips as they
    are, as the Lumen project did (section 3.4 of its documentation), chooses thresholds on such clips too.

    Attributes
    ----------
    recipe : Recipe
    folders : DataFolders
    """

    recipe: Recipe
    folders: DataFolders

    @property
    def mixed(self) -> bool:
        """Whether there are mixtures beside clips."""
        return self.recipe.stream.mode != "clips"

    @property
    def held_out(self) -> ClipSelection:
        """Clips that the recipe holds out for validation."""
        return self.recipe.data.validation(self.folders)

    @property
    def name(self) -> str:
        """Name of the clips, for progress bars and the card.

        Examples
        --------
        >>> from types import SimpleNamespace
        >>> data = SimpleNamespace(validation_split="dev", hold_out=())
        >>> Material(SimpleNamespace(data=data, stream=SimpleNamespace(mode="clips")), DataFolders(())).name
        'clips of the split dev'
        """
        if self.mixed:
            return "dev clips"
        kept = self.recipe.data
        return f"clips of the split {kept.validation_split}" + (
            f" from {', '.join(kept.hold_out)}" if kept.hold_out else ""
        )

    def of(self, labels: tuple[str, ...]) -> Material:
        """The same material for other labels."""
        data = self.recipe.data.model_copy(update={"labels": labels})
        return replace(self, recipe=self.recipe.model_copy(update={"data": data}))

    def clips(self, sample_rate: int) -> Iterator[EvalClip]:
        """Real clips, whole, at a rate in Hz.

        Raises
        ------
        DataError
            There are none, or one cannot be decoded.
        """
        dev = ClipSelection(self.folders, "dev", labels=self.recipe.data.labels)
        return eval_clips(dev if self.mixed else self.held_out, sample_rate)

    def solos(self, sample_rate: int) -> Iterator[EvalClip]:
        """Held-out clips with one instrument each: at most `MOST_CLIPS` of one, spread over what there is."""
        by_name: dict[str, list[Clip]] = defaultdict(list)
        for clip in self.held_out.clips:
            if len(clip.labels) == 1:
                by_name[clip.labels[0]].append(clip)
        for found in by_name.values():
            for clip in found[:: -(-len(found) // MOST_CLIPS)]:
                yield load_clip(clip, sample_rate=sample_rate, labels=self.recipe.data.labels)

    @cached_property
    def windows(self) -> list[Batch]:
        """Mixtures of held-out sources, of another seed than validation had, for thresholds."""
        seed = self.recipe.train.seed + _THRESHOLD_SEED
        stream = MixStream(self.recipe.stream, self.held_out, seed=seed, allow_missing_labels=True)
        return [stream.batch(step) for step in range(THRESHOLD_BATCHES)]

    def noise(self) -> Iterator[Batch]:
        """Windows of hiss, hum and recorded noise, with nobody playing; of a recipe without noise too.

        A recipe that mixes as the Neuroment thesis does always has somebody playing, so its way of mixing is not used.
        """
        augment = self.recipe.stream.augment
        noisy = augment if augment.hiss or augment.hum or augment.bed else AugmentConfig()
        stream = MixStream(
            self.recipe.stream.model_copy(update={"sizes": (1.0,), "mode": "ensemble", "augment": noisy}),
            ClipSelection(self.folders, labels=self.recipe.data.labels),
            seed=self.recipe.train.seed + _NOISE_SEED,
            allow_missing_labels=True,
        )
        return (stream.batch(step) for step in range(self.noise_batches))

    @property
    def noise_batches(self) -> int:
        """How many `noise` has."""
        return NOISE_WINDOWS // self.recipe.stream.batch_size

    def mixtures(self, spec: ModelSpec, *, per_size: int | None = None, seed: int = _MIX_SEED) -> Iterator[EvalMix]:
        """Mixtures that a card's scores are measured on: 0 to 6 held-out sources, without augmentation."""
        count = MIXES_PER_SIZE if per_size is None else per_size
        plan = MixPlan(per_size=count, seed=seed, frame_hop=spec.frame_hop)
        return held_out_mixes(self.held_out, spec.sample_rate, plan)

    def dev_mixtures(self, spec: ModelSpec, *, per_size: int, seed: int) -> Iterator[EvalMix]:
        """The same of the dev split's solos; nothing where it has none."""
        dev = ClipSelection(self.folders, "dev", labels=self.recipe.data.labels)
        if not dev.has_stems():
            return iter(())
        return held_out_mixes(dev, spec.sample_rate, MixPlan(per_size=per_size, seed=seed, frame_hop=spec.frame_hop))


@dataclass(frozen=True, slots=True, eq=False)
class Predictions:
    """Predictions of a network for its material.

    Attributes
    ----------
    clips : ClipPredictions
    held_out : pair of (C, K) Tensor, or None
        Levels and targets of windows of mixtures.
    noise : (C, K) float32 Tensor, or None
        Levels of windows in which nobody plays.
    mixtures : MixturePredictions or None
    recordings : RecordingPredictions or None
        Of the clips, in windows as far apart as in the app.
    """

    clips: ClipPredictions
    held_out: tuple[Tensor, Tensor] | None = None
    noise: Tensor | None = None
    mixtures: MixturePredictions | None = None
    recordings: RecordingPredictions | None = None

    @property
    def windows(self) -> tuple[Tensor, Tensor]:
        """Levels and targets (C, K) of all windows that thresholds are chosen on: of mixtures, then of clips."""
        real = self.clips.sounding_windows()
        if self.held_out is None:
            return real
        return torch.cat((self.held_out[0], real[0])), torch.cat((self.held_out[1], real[1]))


def predict(
    network: Network,
    spec: ModelSpec,
    material: Material,
    *,
    parts: Collection[Part] = PARTS,
    prefix: str = "",
    progress: Progress = silent,
) -> Predictions:
    """Run a network over its material.

    Parameters
    ----------
    network : Network
        Folded.
    spec : ModelSpec
    material : Material
    parts : collection of Part
        What is predicted beside clips, of material that is mixed.
    prefix : str
        Before the names of tasks.
    progress : Progress

    Raises
    ------
    DataError
        There are no clips, or one cannot be decoded.
    """
    predictor = CheckpointPredictor(network, spec)
    rate = spec.sample_rate
    collector = PredictionCollector(predictor) if "recordings" in parts else None
    real: Iterable[EvalClip] = tracked(material.clips(rate), progress, prefix + material.name)
    clips = predict_clips(predictor, collector.passing(real) if collector else real)
    held_out = noise = mixtures = None
    if material.mixed and "windows" in parts:
        found = validate(network, tracked(material.windows, progress, f"{prefix}windows for thresholds"))
        held_out = (found.activations, found.targets)
    if material.mixed and "noise" in parts:
        batches = tracked(material.noise(), progress, f"{prefix}noise", material.noise_batches)
        noise = validate(network, batches).activations
    if material.mixed and "mixtures" in parts:
        mixtures = predict_mixtures(predictor, tracked(material.mixtures(spec), progress, f"{prefix}mixtures"))
    return Predictions(clips, held_out, noise, mixtures, collector.collected() if collector else None)
