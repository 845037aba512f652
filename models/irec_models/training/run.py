"""Training runs on disk: checkpoints, recipe and log.

::

    OUT/
      recipe.toml    the recipe as it was given, settings of the command line included
      log.jsonl      one JSON object a line: {"step", "hours", "loss", "learning_rate", "windows_per_s"} and, for
                     validations, {"step", "validation_loss", "validation_map", "per_label", "best"}
      last.pt        to resume from
      best.pt        the weights that validated best, averaged if the recipe says so
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from irec_live.errors import OutputError, RecipeError
from irec_live.files import make_folder, write_atomically
from irec_models.inputs import BEST, LAST
from irec_models.recipes.lookup import find_recipe
from irec_models.recipes.recipe import Recipe, load_recipe
from irec_models.recipes.settings import with_settings


def recipe_beside(checkpoint: Path) -> Recipe | None:
    """The ``recipe.toml`` beside a run's checkpoints; None if there is none.

    Raises
    ------
    RecipeError
        It is broken.
    """
    path = checkpoint.parent / "recipe.toml"
    return load_recipe(path) if path.is_file() else None


def check_held_out_alike(checkpoints: Sequence[Path], *others: Recipe) -> None:
    """Check that no network was trained on what another one holds out, by the recipes beside them.

    Raises
    ------
    RecipeError
        They were not trained with the same sources held out: no score on one of those would be of an unseen source.
    """
    known = [(str(path), recipe) for path in checkpoints if (recipe := recipe_beside(path)) is not None]
    known += [(f"the recipe '{recipe.model.name}'", recipe) for recipe in others]
    for name, recipe in known[1:]:
        if set(recipe.data.hold_out) != set(known[0][1].data.hold_out):
            raise RecipeError(f"{known[0][0]} and {name} hold out different sources; train them alike")


class Run:
    """The files of one training run.

    Parameters
    ----------
    folder : Path
        Is made if it is not there.

    Raises
    ------
    OutputError
        If it cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = make_folder(folder)

    @property
    def last(self) -> Path:
        """Checkpoint to resume from."""
        return self.folder / LAST

    @property
    def best(self) -> Path:
        """Checkpoint that validated best."""
        return self.folder / BEST

    @property
    def log_path(self) -> Path:
        """The log."""
        return self.folder / "log.jsonl"

    def keep(self, recipe: Path, settings: Sequence[str] = ()) -> None:
        """Copy the recipe, with its settings, into the run's folder.

        Parameters
        ----------
        recipe : Path
        settings : sequence of str
            ``key=value`` overrides, which the copy includes.
        """
        copy = self.folder / "recipe.toml"
        recipe = find_recipe(recipe)
        text = recipe.read_text(encoding="utf-8")
        write_atomically(copy, with_settings(text, settings) if settings else text)

    def changes(self, recipe: Recipe) -> list[str]:
        """What a recipe says otherwise than that of the run so far, as ``train.steps 200, was 100``."""
        try:
            former = recipe_beside(self.last)
        except RecipeError:  # of another version
            return []
        return [] if former is None else list(_changes("", former.model_dump(), recipe.model_dump()))

    def recipe_text(self) -> str:
        """Recipe that it was trained by, TOML; empty if none was stored."""
        path = self.folder / "recipe.toml"
        return path.read_text(encoding="utf-8") if path.is_file() else ""

    def log(self, entry: Mapping[str, Any]) -> None:
        """Append one entry to the log.

        Raises
        ------
        OutputError
            The disk is full.
        """
        try:
            with self.log_path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(dict(entry)) + "\n")
        except OSError as error:
            raise OutputError(f"cannot write {self.log_path}: {error.strerror or error}") from error

    def entries(self) -> Iterator[dict[str, Any]]:
        """All whole entries of the log so far."""
        if not self.log_path.exists():
            return
        for line in self.log_path.read_text(encoding="utf-8").splitlines():
            try:
                yield json.loads(line)
            except ValueError:
                continue  # a line that a crash cut short


def _changes(key: str, former: Any, present: Any) -> Iterator[str]:
    if isinstance(former, dict) and isinstance(present, dict):
        for name in {**former, **present}:
            yield from _changes(f"{key}.{name}" if key else name, former.get(name), present.get(name))
    elif former != present:
        yield f"{key} {present}, was {former}"
