"""Recipe lookup: the installed recipes, this package's own and those of plugins, by name."""

from __future__ import annotations

from pathlib import Path

from irec_live.errors import RecipeError
from irec_models.plugins import plugins

OWN = Path(__file__).parent
"""Folder of this project's own recipes."""


def recipe_files() -> dict[str, Path]:
    """Every recipe by the name of its file, this project's own first."""
    folders = [OWN, *(folder for plugin in plugins() for folder in plugin.recipes)]
    return {path.stem: path for folder in folders for path in sorted(folder.glob("*.toml"))}


def find_recipe(given: Path) -> Path:
    """The file of a recipe: itself, or the installed one that a bare word names.

    Raises
    ------
    RecipeError
        No installed recipe has this name.

    Examples
    --------
    >>> find_recipe(Path("han-1s")).name, find_recipe(Path("mine.toml"))
    ('han-1s.toml', PosixPath('mine.toml'))
    """
    if given.name != str(given) or given.suffix or given.exists():
        return given
    files = recipe_files()
    if given.name not in files:
        raise RecipeError(f"no recipe is called '{given}'; known: {', '.join(files)}; or give the path of a .toml file")
    return files[given.name]
