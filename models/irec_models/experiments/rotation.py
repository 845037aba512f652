"""Leave-sources-out cross-validation (``irec-train rotate``): each source is scored by a network not trained on it.

Two notes of one sample library are the same recording session, so clips left out at random prove nothing.

Shapes: C clips, K labels.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from torch import Tensor

from irec_live.errors import DataError, OutputError, RecipeError
from irec_live.files import write_atomically
from irec_models.checkpoint import load_checkpoint
from irec_models.data.manifests.labels import truth_of
from irec_models.data.manifests.manifest import KIN, Clip, DataFolders
from irec_models.data.mixing.pools import check_examples
from irec_models.measuring.clip_scores import predict_clips, top1
from irec_models.measuring.predictors import CheckpointPredictor
from irec_models.metrics import Scores, score
from irec_models.progress import Progress, silent, tracked
from irec_models.publishing.predict import Material
from irec_models.recipes.recipe import Recipe, load_recipe
from irec_models.training.fit import fit
from irec_models.training.run import Run

PREDICTED = "predictions.json"

Turn = tuple[str, ...]
"""Sources that are left out together."""


@dataclass(frozen=True, slots=True)
class TurnScores:
    """Predictions for clips of sources that the network was not trained on, and their targets.

    Attributes
    ----------
    turn : tuple of str
    activations : (C, K) float32
        Mean over each clip's windows (S1 of Han et al., III.D).
    targets : (C, K) int64
        1, 0 or `irec_models.metrics.UNKNOWN`.
    solo : (C,) bool
        Whether exactly one label sounds.
    """

    turn: Turn
    activations: Tensor
    targets: Tensor
    solo: Tensor

    @property
    def top1(self) -> float:
        """Share of the solos whose strongest label is right."""
        return top1(self.activations, self.targets, self.solo)

    def score(self, labels: Sequence[str]) -> Scores:
        """Against the truth."""
        return score(self.activations, self.targets, labels)


@dataclass(frozen=True, slots=True)
class Rotation:
    """Results of a cross-validation: those of each turn.

    Attributes
    ----------
    labels : tuple of K str
    turns : tuple of TurnScores
    """

    labels: tuple[str, ...]
    turns: tuple[TurnScores, ...]

    @property
    def together(self) -> TurnScores:
        """All clips of all turns, each predicted by the network that was not trained on its source."""
        return TurnScores(
            tuple(source for result in self.turns for source in result.turn),
            torch.cat([result.activations for result in self.turns]),
            torch.cat([result.targets for result in self.turns]),
            torch.cat([result.solo for result in self.turns]),
        )

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "schema": "irec.rotation/1",
            "turns": [self._row(result) for result in self.turns],
            "together": self._row(self.together),
        }

    def _row(self, result: TurnScores) -> dict[str, Any]:
        scores = result.score(self.labels)
        return {
            "sources": list(result.turn),
            "clips": scores.items,
            "solos": int(result.solo.sum()),
            "top1": result.top1,
            "macro_map": scores.macro_map,
            "average_precision": {
                label: {"clips": row.support, "value": row.average_precision}
                for label, row in scores.labels.items()
                if row.support
            },
        }


def turns_of(clips: Sequence[Clip], labels: Sequence[str], *, number: int | None = None) -> tuple[Turn, ...]:
    """Which sources are left out together.

    Parameters
    ----------
    clips : sequence of Clip
        Those of sources that have no solo of any label have no turn.
    labels : sequence of str
    number : int or None
        Into how many turns the sources are dealt, of about as many clips each; None gives each source its own, but
        for those that are `KIN`.

    Raises
    ------
    DataError
        There are fewer than two turns.

    Examples
    --------
    >>> turns_of([], ["flute"])
    Traceback (most recent call last):
        ...
    irec_live.errors.DataError: 0 sources have clips of one instrument; a rotation needs two
    """
    counts = Counter(clip.source for clip in clips if clip.stem and _known(clip, labels))
    families: dict[frozenset[str], list[str]] = defaultdict(list)
    for source, _ in counts.most_common():
        families[next((kin for kin in KIN if source in kin), frozenset((source,)))].append(source)
    if len(families) < 2:
        raise DataError(f"{len(families)} sources have clips of one instrument; a rotation needs two")
    turns: list[list[str]] = [[] for _ in range(min(number or len(families), len(families)))]

    def size(sources: Iterable[str]) -> int:
        return sum(counts[source] for source in sources)

    for family in sorted(families.values(), key=size, reverse=True):
        min(turns, key=size).extend(family)
    return tuple(tuple(turn) for turn in turns)


def _known(clip: Clip, labels: Sequence[str]) -> bool:
    return bool(truth_of(clip.labels, clip.origin, labels, clip.unknown).present)


def rotate(
    recipe_path: Path,
    data: Sequence[Path],
    out: Path,
    *,
    sources: Sequence[str] = (),
    number: int | None = None,
    settings: Sequence[str] = (),
    device: str = "auto",
    workers: int = 1,
    threads: int | None = None,
    teacher: Path | None = None,
    progress: Progress = silent,
    tell: Callable[[TurnScores, Sequence[str]], None] | None = None,
    console: Console | None = None,
) -> Rotation:
    """Train by a recipe once for each turn, without that turn's sources, and score each network on those sources.

    A network's last weights are scored, not the best ones: choosing weights on the scored clips would flatter them.
    Turns that an earlier call has finished are not repeated.

    Parameters
    ----------
    recipe_path : Path
    data : sequence of Path
        Folders with a ``manifest.csv`` each.
    out : Path
        Gets a folder for each turn, with its run and its predictions.
    sources : sequence of str
        Only these have a turn; all, if none is named.
    number : int or None
        See `turns_of`.
    settings, device, workers, threads, teacher
        As of `irec_models.training.fit.fit`.
    progress : Progress
        Of trainings and of predictions.
    tell : callable, optional
        Called after every turn with its scores and the labels.
    console : Console, optional
        For the messages of training.

    Raises
    ------
    RecipeError, DataError, CheckpointError, OutputError
        Before any training.
    """
    # "last": the best weights would be chosen on the very sources that are scored.
    settings = (*settings, "data.validation_split=train", "train.monitor=last")
    recipe = load_recipe(recipe_path, settings)
    if recipe.model.start_from:
        raise RecipeError(
            f"recipe '{recipe.model.name}' starts from {recipe.model.start_from}, which was trained on sources that "
            "are to be left out; add --set model.start_from="
        )
    labels = recipe.data.labels
    data = DataFolders(data)
    clips = [clip for clip in data.clips if clip.split == "train"]
    unknown = sorted(set(sources) - {clip.source for clip in clips})
    if unknown:
        raise DataError(f"there is no source {', '.join(unknown)} in the data; see column source of its manifests")
    turns = turns_of([clip for clip in clips if not sources or clip.source in sources], labels, number=number)
    wanted = [load_recipe(recipe_path, (*settings, _left_out(turn))) for turn in turns]
    folders = [out / f"{place:02d}" for place in range(1, len(turns) + 1)]
    # All turns are checked before the first is trained: hours must not end with a mistake that was there at the start.
    for turn, asked, folder in zip(turns, wanted, folders, strict=True):
        _check(turn, asked, folder, clips)
    done = []
    for turn, asked, folder in zip(turns, wanted, folders, strict=True):
        if not (folder / PREDICTED).exists():
            fit(
                recipe_path,
                data,
                folder,
                settings=(*settings, _left_out(turn)),
                resume=True,
                device=device,
                workers=workers,
                threads=threads,
                teacher=teacher,
                console=console,
                progress=progress,
                go_on="the same command continues",
            )
            _evaluate_turn(asked, folder, data, progress)
        done.append(_read(turn, folder))
        if tell:
            tell(done[-1], labels)
    return Rotation(labels, tuple(done))


def _left_out(turn: Turn) -> str:
    return f"data.hold_out={json.dumps(turn)}"


def _check(turn: Turn, wanted: Recipe, folder: Path, clips: Sequence[Clip]) -> None:
    """Check that every label can be learnt without a turn's sources, and that its folder holds no other run."""
    try:
        check_examples([clip for clip in clips if clip.source not in turn], wanted.data.labels)
    except DataError as error:
        raise DataError(f"without {', '.join(turn)}: {error}") from error
    kept = folder / "recipe.toml"
    if kept.exists() and load_recipe(kept).model_dump() != wanted.model_dump():
        raise RecipeError(f"{folder} holds a run by another recipe, or of other sources; give another --out")


def _evaluate_turn(recipe: Recipe, folder: Path, data: Sequence[Path], progress: Progress) -> None:
    best = load_checkpoint(Run(folder).best)
    predictor = CheckpointPredictor(best.network().folded(), best.spec)
    clips = Material(recipe, DataFolders(data)).solos(best.spec.sample_rate)
    predictions = predict_clips(predictor, tracked(clips, progress, f"clips of {', '.join(recipe.data.hold_out)}"))
    content = {
        "labels": predictions.labels,
        "files": predictions.files,
        "activations": [[round(value, 5) for value in row] for row in predictions.activations["s1"].tolist()],
        "targets": predictions.targets.tolist(),
        "solo": predictions.solo.tolist(),
    }
    write_atomically(folder / PREDICTED, json.dumps(content) + "\n")


def _read(turn: Turn, folder: Path) -> TurnScores:
    path = folder / PREDICTED
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return TurnScores(
            turn,
            torch.tensor(content["activations"], dtype=torch.float32),
            torch.tensor(content["targets"], dtype=torch.int64),
            torch.tensor(content["solo"], dtype=torch.bool),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise OutputError(f"{path} cannot be read; delete it and run the same command again") from error
