"""Recipe lookup: the installed recipes, this package's own and those of plugins, by name."""

from __future__ import annotations

from pathlib import Path

from irec_live.errors import RecipeError
from irec_live.files import look
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
        No installed recipe has this name, or there is no such plain file.

    Examples
    --------
    >>> find_recipe(Path("han-1s")).name
    'han-1s.toml'
    """
    what = look(given, RecipeError)
    if what == "file":
        return given
    if what:
        raise RecipeError(f"the recipe {given} is {'a folder' if what == 'folder' else 'not a plain file'}")
    if given.name != str(given) or given.suffix:
        raise RecipeError(f"there is no recipe {given}")
    files = recipe_files()
    if given.name not in files:
        raise RecipeError(f"no recipe is called '{given}'; known: {', '.join(files)}; or give the path of a .toml file")
    return files[given.name]
