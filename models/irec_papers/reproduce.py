"""``irec-train reproduce``: a published training on its own data set, measured by its own paper's protocol.

Shapes: C clips, K labels.

References
----------
Y. Han, J. Kim, K. Lee, 2017: Table III (thresholds tried), Table IV (activation functions), Table V (S1
and S2 at their best), Fig. 5 (instruments).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from irec_live.errors import DataError
from irec_live.models.spec import ModelSpec
from irec_models.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from irec_models.data import ClipSelection, DataFolders, eval_clips, read_manifest
from irec_models.measuring.clip_scores import ClipPredictions, predict_clips
from irec_models.measuring.predictors import CheckpointPredictor
from irec_models.measuring.thresholds import BOUNDS, choose_thresholds
from irec_models.metrics import Scores, score
from irec_models.progress import Progress, silent, tracked
from irec_models.publishing.card import about_lines
from irec_models.recipes.recipe import Recipe, load_recipe
from irec_models.training.fit import fit
from irec_models.training.run import Run
from irec_papers.datasets import DATA_SETS, recognise
from irec_papers.datasets.prepare import check
from irec_papers.published_scores import HAN_DEFAULT, TABLE_III, Six, han_rows

CHOSEN = HAN_DEFAULT
"""The paper's own choice."""

STUCK = 0.98
"""A categorical loss above this share of the loss of equal probabilities means that nothing was learnt."""

SPLITS = ("train", "dev", "test")


@dataclass(frozen=True, slots=True)
class Reproduction:
    """Scores on the test clips.

    Attributes
    ----------
    clips : int
    sweep : dict of (aggregation, threshold) to Scores
        Everything that Table III lists.
    published : dict of (aggregation, threshold) to six float
        What the paper reports of this network; empty where labels, activation function or window are not the paper's.
    checkpoint : Path
        Weights, thresholds chosen on dev, card: fit to be exported.
    learnt : bool
        False if training never got below the loss of equal probabilities; the scores mean nothing then.
    """

    clips: int
    sweep: dict[tuple[str, float], Scores]
    published: dict[tuple[str, float], Six]
    checkpoint: Path
    learnt: bool

    def best(self, how: str) -> tuple[str, float]:
        """Where an aggregation has its highest micro F1, as in Table V."""
        return max((key for key in self.sweep if key[0] == how), key=lambda key: self.sweep[key].micro_f1)

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "clips": self.clips,
            "checkpoint": str(self.checkpoint),
            "learnt": self.learnt,
            "sweep": [{"aggregation": how, "threshold": at, **s.to_dict()} for (how, at), s in self.sweep.items()],
            "published": [
                {"aggregation": how, "threshold": at, "micro": list(row[:3]), "macro": list(row[3:])}
                for (how, at), row in self.published.items()
            ],
        }


def make_ready(folder: Path) -> None:
    """Write the manifest of a public data set that lies in a folder without one, and check that it can be used.

    Raises
    ------
    DataError
        There is no manifest and no known layout, the data set is damaged, or a split is missing.
    """
    if not (folder / "manifest.csv").is_file():
        data_set = recognise(folder)
        if data_set is None:
            raise DataError(f"{folder} has no manifest.csv, nor the layout of {', '.join(DATA_SETS)}")
        check(data_set, folder, archives=False)
    there = {clip.split for clip in read_manifest(folder)}
    missing = [split for split in SPLITS if split not in there]
    if missing:
        raise DataError(
            f"{folder} has no clips of split '{missing[0]}'; training, choosing and measuring need one each"
        )


def reproduce(
    recipe_path: Path,
    folder: Path,
    out: Path,
    *,
    settings: Sequence[str] = (),
    device: str = "auto",
    workers: int = 1,
    threads: int | None = None,
    console: Console | None = None,
    progress: Progress = silent,
) -> Reproduction:
    """Train by a recipe, going on where an earlier call was stopped, and measure on the test split.

    Parameters
    ----------
    recipe_path : Path
    folder : Path
        The data set, with or without a manifest.
    out : Path
        Folder of the run.
    settings : sequence of str
        Keys of the recipe with other values, for the variants that a paper compares.
    device, workers, threads
        As of `irec_models.training.fit.fit`.
    console : Console, optional
        For what training says.
    progress : Progress

    Raises
    ------
    RecipeError, DataError, CheckpointError, OutputError
        Before any training.
    """
    recipe = load_recipe(recipe_path, settings)
    make_ready(folder)
    run, folders = Run(out), DataFolders(folder)
    trainer = fit(
        recipe_path,
        folders,
        out,
        settings=settings,
        resume=run.last.exists(),
        device=device,
        workers=workers,
        threads=threads,
        console=console,
        progress=progress,
        go_on="the same command continues",
    )
    # The loss of taking every label for equally likely: a training that stays near it has learnt nothing.
    chance = math.log(len(recipe.data.labels)) if recipe.train.loss == "categorical" else math.inf
    learnt = recipe.train.monitor != "loss" or -trainer.best < STUCK * chance
    best = load_checkpoint(run.best)
    network = best.network().folded()
    predictor = CheckpointPredictor(network, best.spec)
    dev, test = (_predictions(predictor, folders, split, progress) for split in ("dev", "test"))
    sweep = sweep_of(test)
    path = out / f"{recipe.model.name}.pt"
    spec = finished_spec(best.spec, dev, sweep)
    card = card_of(recipe, spec, best.training, sweep)
    save_checkpoint(path, Checkpoint.of(network, spec, card, best.training))
    return Reproduction(len(test.files), sweep, published_of(recipe), path, learnt)


def published_of(recipe: Recipe) -> dict[tuple[str, float], Six]:
    """Scores that the paper reports for a recipe's network; none for other networks, labels or windows."""
    if recipe.model.architecture != "han" or recipe.data.labels != DATA_SETS["irmas"].labels:
        return {}
    activation = str(recipe.network().hyperparameters["activation"])
    return han_rows(activation, recipe.stream.window_length / recipe.stream.sample_rate)


def _predictions(
    predictor: CheckpointPredictor, folders: DataFolders, split: str, progress: Progress
) -> ClipPredictions:
    spec = predictor.spec
    clips = eval_clips(ClipSelection(folders, split, labels=spec.labels), spec.sample_rate)
    return predict_clips(predictor, tracked(clips, progress, f"clips of {split}"))


def sweep_of(predictions: ClipPredictions) -> dict[tuple[str, float], Scores]:
    """Scores at every threshold of Table III."""
    return {
        (how, threshold): score(predictions.activations[how], predictions.targets, predictions.labels, threshold)
        for how, grid in TABLE_III.items()
        for threshold in grid
    }


def finished_spec(spec: ModelSpec, dev: ClipPredictions, sweep: dict[tuple[str, float], Scores]) -> ModelSpec:
    """Thresholds for the app, chosen on the windows of the dev clips, and the scores in short."""
    levels, targets = dev.sounding_windows()
    thresholds = choose_thresholds(levels, targets, spec.labels, precision_floor=0.5, bounds=BOUNDS[spec.kind])
    chosen = sweep[CHOSEN]
    numbers = {"test_micro_f1": chosen.micro_f1, "test_macro_f1": chosen.macro_f1, "test_macro_map": chosen.macro_map}
    scores = {name: round(value, 4) for name, value in numbers.items()}
    return spec.model_copy(update={"thresholds": thresholds, "scores": scores})


def card_of(recipe: Recipe, spec: ModelSpec, training: Any, sweep: dict[tuple[str, float], Scores]) -> str:
    """The model's card, in Markdown."""
    chosen = sweep[CHOSEN]
    lines = [
        f"# {spec.title or spec.name}",
        "",
        *about_lines(spec),
        "",
        f"Trained on {recipe.model.training_data or 'clips as they are'}; seed {recipe.train.seed}, best at step "
        f"{training.get('step', '?')}. Thresholds: chosen on the split dev.",
        *([recipe.model.notes] if recipe.model.notes else []),
        "",
        f"Test split, {chosen.items:,} clips, sum over windows relative to the strongest label, threshold "
        f"{CHOSEN[1]:.2f}: micro F1 {chosen.micro_f1:.3f}, macro F1 {chosen.macro_f1:.3f}.",
        "",
        "| instrument | clips | precision | recall | F1 |",
        "|---|---|---|---|---|",
    ]
    for label, row in chosen.labels.items():
        lines.append(f"| {label} | {row.support} | {row.precision:.3f} | {row.recall:.3f} | {row.f1:.3f} |")
    return "\n".join(lines) + "\n"
