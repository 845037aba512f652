"""Overrides of single recipe keys: ``--set train.learning_rate=3e-4``, ``--label flute``.

What comes out is a recipe again, comments and all, so that a run's own ``recipe.toml`` says what it was trained by.
"""

from __future__ import annotations

import re
from collections.abc import MutableMapping, Sequence
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import Item

from irec_live.errors import RecipeError

MOST_PARTS = 16
"""Most parts of a key, with the tables it leads through."""

_LONGEST_SHOWN = 120

LABEL_ALONE_OTHER = 0.6
"""Share of other instruments in the mixtures of a classifier of one label, so that most of its windows say no."""


def with_settings(text: str, settings: Sequence[str]) -> str:
    """A recipe with other values.

    Parameters
    ----------
    text : str
        TOML.
    settings : sequence of str
        ``key=value`` each: the key with its tables, parted by dots; the value as in TOML, or a bare word for a text.
        An empty value takes the key out, so its default holds.

    Raises
    ------
    RecipeError
        A setting has no ``=`` or no key, leads through something that is no table, or `text` is not TOML. Whether
        keys and values are a recipe's is for `irec_models.recipes.recipe.load_recipe` to say.

    Examples
    --------
    >>> print(with_settings('[train]\\nsteps = 9 # few', ["train.steps=20", "train.loss=categorical"]).rstrip())
    [train]
    steps = 20 # few
    loss = "categorical"
    """
    try:
        document = tomlkit.parse(text)
    except TOMLKitError as error:
        raise RecipeError(f"the recipe is not TOML: {error}") from error
    for setting in settings:
        path = key_of(setting).split(".")
        if "=" not in setting or not all(path):
            raise RecipeError(f"the setting '{shown(setting)}' is not of the form table.key=value")
        if len(path) > MOST_PARTS:
            raise RecipeError(f"the setting '{shown(setting)}' has a key of more than {MOST_PARTS} parts")
        _put(document, path, setting.partition("=")[2].strip(), setting)
    return tomlkit.dumps(document)


def key_of(setting: str) -> str:
    """Key that a setting sets.

    Examples
    --------
    >>> key_of("train . steps = 20")
    'train.steps'
    """
    return ".".join(part.strip() for part in setting.partition("=")[0].split("."))


def shown(setting: str) -> str:
    """A setting as it can stand in a message: one line, not endless."""
    text = " ".join(setting.split())
    return text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 3] + "..."


def label_settings(name: str, label: str) -> list[str]:
    """Settings that make a recipe train a classifier of one label alone.

    Parameters
    ----------
    name : str
        Of the recipe's model.
    label : str

    Examples
    --------
    >>> label_settings("chen-1s", "acoustic guitar")
    ['data.labels=["acoustic guitar"]', 'model.name=chen-1s-acoustic-guitar', 'stream.other=0.6']
    """
    return [
        f"data.labels={tomlkit.item([label]).as_string()}",
        f"model.name={label_name(name, label)}",
        f"stream.other={LABEL_ALONE_OTHER}",
    ]


def label_name(name: str, label: str) -> str:
    """Name of the model `name` for one label alone, fit for a file."""
    return f"{name}-{re.sub(r'[^A-Za-z0-9]+', '-', label).strip('-')}"


def _put(document: MutableMapping[str, Any], path: Sequence[str], value: str, setting: str) -> None:
    table = document
    for part in path[:-1]:
        if part not in table:
            table[part] = tomlkit.table()
        inner = table[part]
        if not isinstance(inner, MutableMapping):
            raise RecipeError(f"the setting '{shown(setting)}' leads through '{part}', which is not a table")
        table = inner
    if not value:
        table.pop(path[-1], None)
        return
    new = _value(value)
    old = table.get(path[-1])
    if isinstance(old, Item) and isinstance(new, Item):
        new.trivia.comment, new.trivia.comment_ws = old.trivia.comment, old.trivia.comment_ws
    table[path[-1]] = new


def _value(text: str) -> Any:
    try:
        return tomlkit.value(text)
    except (TOMLKitError, ValueError):
        return tomlkit.item(text)
