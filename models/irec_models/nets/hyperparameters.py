"""Hyperparameters of a network class, checked before the network is built.

A class's own signature is the list: its names, and its annotations as types.
"""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Iterable, Mapping
from typing import Any, get_type_hints

from pydantic import ConfigDict, TypeAdapter, ValidationError


class HyperparameterError(ValueError):
    """A name or a value that a network does not take.

    Parameters
    ----------
    key : str
        The hyperparameter, as given.
    reason : str
        What is wrong with it, to follow its name.
    unknown : bool
        True if the name is wrong rather than the value.
    near : str
        The valid name nearest to an unknown one; empty if none is near.
    """

    def __init__(self, key: str, reason: str, *, unknown: bool = False, near: str = "") -> None:
        super().__init__(f"hyperparameter '{key}' {reason}" + (f"; did you mean '{near}'?" if near else ""))
        self.key = key
        self.reason = reason
        self.unknown = unknown
        self.near = near


def check_names(network: type, given: Iterable[str]) -> None:
    """Check that a network's class has hyperparameters of these names.

    Parameters
    ----------
    network : type
        A class of `irec_models.nets.Network`.
    given : iterable of str

    Raises
    ------
    HyperparameterError
        At the first that it does not have.
    """
    names = list(inspect.signature(network).parameters)
    for key in given:
        if key not in names:
            near = difflib.get_close_matches(key, names, n=1, cutoff=0.5)
            own = ", ".join(name for name in names if name != "labels")
            reason = f"does not exist: architecture '{_architecture(network)}' has {own or 'none'}"
            raise HyperparameterError(key, reason, unknown=True, near=near[0] if near else "")


def check_types(network: type, given: Mapping[str, Any]) -> None:
    """Check that values have the types that a network's class is annotated with.

    What types cannot tell, as a range, is left to the class.

    Parameters
    ----------
    network : type
        A class of `irec_models.nets.Network`.
    given : mapping of str to value
        As from TOML: lists for sequences, integers for numbers of any kind. Each name is one of the class's.

    Raises
    ------
    HyperparameterError
        At the first that is not.
    """
    types = get_type_hints(network.__init__)  # type: ignore[misc]
    for key, value in given.items():
        try:
            TypeAdapter(types[key], config=ConfigDict(strict=True)).validate_python(value)
        except ValidationError as error:
            told = error.errors()[0]["msg"]
            raise HyperparameterError(key, f"cannot be {value!r}; {told[:1].lower()}{told[1:]}") from error


def _architecture(network: type) -> str:
    return str(getattr(network, "architecture", network.__name__))
