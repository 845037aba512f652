"""Plugins: packages that bring further architectures, recipes and commands to ``irec-train``.

A package becomes one by an entry point of the group `GROUP` that names a `Plugin`; the published systems of
`irec_papers` are the first. Everything in it is told as text and imported when it is asked for, so that ``--help``
loads no PyTorch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

GROUP = "irec_models.plugins"
"""Group name of the entry points."""


@dataclass(frozen=True, slots=True)
class Plugin:
    """The contributions of one package.

    Attributes
    ----------
    architectures : mapping of str to str
        Name of an architecture to the ``module:Class`` of its `irec_models.nets.Network`.
    commands : mapping of str to str
        Words of an ``irec-train`` command, as ``"fuse"`` or ``"data get"``, to the ``module:object`` of its
        click command.
    trainers : mapping of str to str
        Name of what trains an architecture (`irec_models.nets.Network.trained_by`), if not by gradient, to the
        ``module:function`` that takes recipe, data and folder as `irec_models.training.fit.fit` does, and the keywords
        ``settings``, ``resume``, ``console`` and ``progress``.
    recipes : tuple of Path
        Folders with recipes, each a ``NAME.toml``.
    report : str
        ``module:function`` that draws the page of ``irec-train evaluate --report``; empty if it brings none.
    """

    architectures: Mapping[str, str] = field(default_factory=dict)
    commands: Mapping[str, str] = field(default_factory=dict)
    trainers: Mapping[str, str] = field(default_factory=dict)
    recipes: tuple[Path, ...] = ()
    report: str = ""


@cache
def plugins() -> tuple[Plugin, ...]:
    """Every plugin that is installed, by the names of their entry points."""
    return tuple(point.load() for point in sorted(entry_points(group=GROUP), key=lambda point: point.name))


def command_place(words: str) -> str:
    """Where the command of these words is; empty if no plugin brings it."""
    return next((plugin.commands[words] for plugin in plugins() if words in plugin.commands), "")


def trainer_place(name: str) -> str:
    """Where the trainer of this name is; empty if no plugin brings it."""
    return next((plugin.trainers[name] for plugin in plugins() if name in plugin.trainers), "")


def report_place() -> str:
    """Where what draws the page of ``irec-train evaluate --report`` is; empty if no plugin brings it."""
    return next((plugin.report for plugin in plugins() if plugin.report), "")


def load(place: str) -> Any:
    """The object at a ``module:object``.

    Examples
    --------
    >>> load("json:dumps")([1])
    '[1]'
    """
    module, _, name = place.partition(":")
    return getattr(import_module(module), name)
