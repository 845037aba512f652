"""Reproduce a bundled network: train, publish and export it from a folder of recordings.

One chain: what its recipe starts from is trained first, then the network itself; it is published, exported, and its
scores are compared with those of the file that was shipped. Every step leaves a file and is left out if that is there.
Where a recipe learns from the network before it, that is published and exported first as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from irec_export.shipped import shipped_spec
from irec_export.to_onnx import export
from irec_live.errors import RecipeError
from irec_live.files import make_folder
from irec_live.models.onnx_file import inspect_model, read_model_bytes
from irec_live.models.spec import ModelSpec
from irec_models.context.fit import fit_context
from irec_models.plugins import load, trainer_place
from irec_models.progress import Bars, Progress
from irec_models.publishing.decide_file import PRECISION, decide
from irec_models.publishing.publish import publish
from irec_models.recipes.lookup import find_recipe
from irec_models.recipes.recipe import Recipe, load_recipe
from irec_models.training.fit import fit
from irec_models.training.run import Run

TOLERANCE = 0.05
"""Largest distance of a score in 0..1 from the shipped one: what another seed alone moves it by is about 0.02."""

TOLERANCE_DB = 2.0
"""Allowed difference of an error in dB."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One score.

    Attributes
    ----------
    name : str
        As in `ModelSpec.scores`.
    shipped, rebuilt : float
    tolerance : float
    """

    name: str
    shipped: float
    rebuilt: float
    tolerance: float

    @property
    def within(self) -> bool:
        """Whether they are that near to each other."""
        return abs(self.rebuilt - self.shipped) <= self.tolerance


def rebuild(
    name: str,
    data: Sequence[Path],
    out: Path,
    *,
    teacher: Path | None = None,
    start_from: Path | None = None,
    settings: Sequence[str] = (),
    device: str = "auto",
    workers: int = 1,
    threads: int | None = None,
    tolerance: float = TOLERANCE,
    console: Console | None = None,
) -> tuple[Path, list[Compared]]:
    """Train, publish and export a shipped network, going on where an earlier call was stopped.

    Parameters
    ----------
    name : str
        Of a bundled model that was trained by a recipe of the same name.
    data : sequence of Path
        Folders with a ``manifest.csv`` each.
    out : Path
        Gets a run for each network of the chain, and ``NAME.onnx``.
    teacher, device, workers, threads
        As of `irec_models.training.fit.fit`; the teacher is for those recipes that learn from one that others publish.
    start_from : Path, optional
        File that the first recipe of the chain begins with, if it begins with one that others publish.
    settings : sequence of str
        Keys of all recipes of the chain with other values.
    tolerance : float
        Largest distance of a score in 0..1.
    console : Console, optional
        For what is said.

    Returns
    -------
    Path
        The exported file.
    list of Compared

    Raises
    ------
    ModelError
        No bundled model has this name.
    RecipeError, DataError, CheckpointError, OutputError, ExportError
    """
    bars = Bars()
    console = console or bars.console
    shipped = shipped_spec(name)
    chain = recipe_chain(name, settings)
    if start_from and not chain[0].start:
        raise RecipeError(f"recipe '{chain[0].model.name}' begins with no published file, so --start-from has no use")
    _check_kept(chain, start_from)
    make_folder(out)
    start = start_from
    for place, recipe in enumerate(chain):
        run = Run(out / recipe.model.name)
        path = find_recipe(Path(recipe.model.name))
        common: dict[str, Any] = {"settings": settings, "resume": True, "console": console, "progress": bars}
        how = recipe.network().trained_by
        if how == "fit":
            fit(
                path,
                data,
                run.folder,
                **common,
                device=device,
                workers=workers,
                threads=threads,
                teacher=_teacher_of(recipe, chain[:place], data, out, bars) or (teacher if recipe.distill else None),
                start_from=start,
                keep_to=start_from if recipe.sequences and recipe.sequences.keep else None,
                go_on="the same command continues",
            )
        elif not run.best.exists():
            load(trainer_place(how))(path, data, run.folder, **common)
        start = run.best
    exported = _finished(chain[-1], data, out, bars)
    made = ModelSpec.from_metadata(inspect_model(read_model_bytes(exported), exported.name).metadata, exported.name)
    return exported, compare_scores(shipped, made, tolerance)


def _check_kept(chain: Sequence[Recipe], published: Path | None) -> None:
    # Here the published file is given once, for all recipes of the chain, and under another name than `fit` has for it.
    for recipe in chain:
        if recipe.sequences and recipe.sequences.keep and published is None:
            wanted = chain[0].start.file if chain[0].start else "FILE"
            raise RecipeError(
                f"recipe '{recipe.model.name}' holds its network to what others publish: give that with "
                f"--start-from {wanted}"
            )


def _teacher_of(
    recipe: Recipe, before: Sequence[Recipe], data: Sequence[Path], out: Path, progress: Progress
) -> Path | None:
    """The exported file of the network in the chain that a recipe learns from; None if it has no such teacher."""
    if not recipe.sequences or not recipe.sequences.teach:
        return None
    for earlier in before:
        if earlier.model.name == recipe.sequences.teacher:
            return _finished(earlier, data, out, progress)
    raise RecipeError(
        f"recipe '{recipe.model.name}' learns from '{recipe.sequences.teacher}', which is none of those that it starts "
        "from; add --set sequences.teach=0"
    )


def _finished(recipe: Recipe, data: Sequence[Path], out: Path, progress: Progress) -> Path:
    """The exported file of a recipe that has been trained by."""
    name = recipe.model.name
    run = Run(out / name)
    checkpoint, exported = run.folder / f"{name}.pt", out / f"{name}.onnx"
    if not _newer(checkpoint, run.best):
        publish(run.folder, data, checkpoint, progress=progress)
    if not _newer(exported, checkpoint):
        _export(checkpoint, exported, recipe, data, progress)
    return exported


def _export(checkpoint: Path, exported: Path, recipe: Recipe, data: Sequence[Path], progress: Progress) -> None:
    """Export, and give the file the context head that its recipe asks for, with thresholds for what that says."""
    if recipe.context is None:
        export(checkpoint, exported)
        return
    # Under another name until it is whole, so that an interrupted rebuild does not take it for finished.
    alone = exported.with_name(f"{exported.stem}-alone.onnx")
    if not _newer(alone, checkpoint):
        export(checkpoint, alone)
    both = exported.with_name(f"{exported.stem}-context.onnx")
    if not _newer(both, alone):
        fit_context(alone, recipe, data, both, progress=progress)
    decide(both, data, exported, precision=recipe.decisions.precision or PRECISION, progress=progress)


def recipe_chain(name: str, settings: Sequence[str] = ()) -> list[Recipe]:
    """Recipes to train by, one after the other: each starts from the one before it.

    Raises
    ------
    RecipeError
        A recipe is missing or broken, nothing that is installed trains it, or they start from each other.
    """
    chain: list[Recipe] = []
    wanted = name
    while wanted:
        if any(recipe.model.name == wanted for recipe in chain):
            raise RecipeError(f"recipe '{wanted}' starts from itself, so no chain of recipes makes it")
        recipe = load_recipe(Path(wanted), settings)
        how = recipe.network().trained_by
        if how != "fit" and not trainer_place(how):
            raise RecipeError(f"'{wanted}' is trained by irec-train {how}, which no installed package brings")
        chain.append(recipe)
        wanted = "" if recipe.start else recipe.model.start_from
    return chain[::-1]


def compare_scores(shipped: ModelSpec, made: ModelSpec, tolerance: float = TOLERANCE) -> list[Compared]:
    """Scores that both have, beside each other."""
    return [
        Compared(key, value, made.scores[key], TOLERANCE_DB if key.endswith("_db") else tolerance)
        for key, value in shipped.scores.items()
        if key in made.scores
    ]


def _newer(path: Path, than: Path) -> bool:
    return path.exists() and path.stat().st_mtime_ns >= than.stat().st_mtime_ns
