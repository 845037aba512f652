"""Error messages for recipes: what is wrong, and whether the file or a --set option is to blame."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from pydantic import BaseModel, ValidationError

from irec_live.models.onnx_file import printable
from irec_models.nets import HyperparameterError
from irec_models.recipes.settings import key_of, shown

_LONGEST_REASON = 400


@dataclass(frozen=True, slots=True)
class Mistake:
    """One mistake in a recipe.

    Attributes
    ----------
    where : str
        Key with its tables, parted by dots; empty if it is of no single key.
    clause : str
        To follow the name of what is to blame.
    missing : bool
        Whether the key is missing.
    """

    where: str
    clause: str
    missing: bool = False


def of_validation(error: ValidationError, recipe: type[BaseModel]) -> Mistake:
    """The first mistake, unknown keys before all else: they are what typing mistakes look like."""
    problems = error.errors()
    unknown = [problem for problem in problems if problem["type"] == "extra_forbidden"]
    first = (unknown or problems)[0]
    where = printable(".".join(str(part) for part in first["loc"]))
    if unknown:
        near = difflib.get_close_matches(str(first["loc"][-1]), _keys_beside(first["loc"], recipe), n=1, cutoff=0.5)
        return Mistake(where, f"has an unknown key '{where}'" + (f"; did you mean '{near[0]}'?" if near else ""))
    if first["type"] == "missing":
        return Mistake(where, f"lacks the key '{where}'", missing=True)
    if first["type"] == "model_type":
        return Mistake(where, f"has a value for '{where}', which is a table: set one of its keys, {where}.KEY")
    message = _bounded(first["msg"].removeprefix("Value error, "))
    if where:
        return Mistake(where, f"has an impossible value for '{where}': {message}")
    named = re.search(r"'([a-z_.]+)'", message)  # a rule between tables names its key itself
    return Mistake(named[1] if named else "", message)


def of_hyperparameter(error: HyperparameterError) -> Mistake:
    """The mistake in a key of ``[model.hyperparameters]``."""
    where = printable(f"model.hyperparameters.{error.key}")
    if not error.unknown:
        return Mistake(where, f"has an impossible value for '{where}': it {_bounded(error.reason)}")
    hint = f"did you mean '{error.near}'?" if error.near else error.reason.partition(": ")[2]
    return Mistake(where, f"has an unknown key '{where}'; {hint}")


def blame(
    path: Path, mistake: Mistake, settings: Sequence[str], check: Callable[[Sequence[str]], Mistake | None]
) -> str:
    """One sentence: what is to blame, and what is wrong with it.

    Parameters
    ----------
    path : Path
        Of the recipe.
    mistake : Mistake
        Of the recipe with all settings.
    settings : sequence of str
    check : callable
        The first mistake that some of the settings leave.
    """
    for setting in reversed(settings):
        key = key_of(setting)
        if check([other for other in settings if key_of(other) != key]) == mistake:
            continue  # it is there without this setting as well
        if mistake.missing and mistake.where == key:
            return f"the setting '{shown(setting)}' takes out the key '{key}', which every recipe needs"
        if f"{mistake.where}.".startswith(f"{key}.") or f"{key}.".startswith(f"{mistake.where}."):
            return f"the setting '{shown(setting)}' {mistake.clause}"
        return f"the recipe {path} with the setting '{shown(setting)}' {mistake.clause}"
    return f"the recipe {path} {mistake.clause}"


def _bounded(reason: str) -> str:
    """Shorten a reason, which may quote a value of any length."""
    return (
        reason
        if len(reason) <= _LONGEST_REASON
        else f"{reason[: _LONGEST_REASON // 2]} ... {reason[-_LONGEST_REASON // 2 :]}"
    )


def _keys_beside(location: tuple[int | str, ...], recipe: type[BaseModel]) -> list[str]:
    """Valid keys of the section that an unknown key was found in."""
    section = recipe
    for part in location[:-1]:
        annotation = section.model_fields[str(part)].annotation if str(part) in section.model_fields else None
        candidates = (annotation, *get_args(annotation))
        inner = [c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel)]
        if not inner:
            return []
        section = inner[0]
    return list(section.model_fields)
