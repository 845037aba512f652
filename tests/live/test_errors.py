"""One tree of errors, drawn where it is defined."""

from __future__ import annotations

import inspect
import pickle

import pytest

from irec_live import errors
from irec_live.errors import IrecError, MissingExtraError

ALL = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, IrecError)]


def test_the_tree_in_the_docstring_names_every_error() -> None:
    assert errors.__doc__ is not None
    drawn = {line.strip("│├└─ ").split(" ")[0] for line in errors.__doc__.splitlines() if "Error" in line}
    assert {kind.__name__ for kind in ALL} <= drawn


@pytest.mark.parametrize("kind", ALL)
def test_every_error_is_caught_as_one(kind: type[IrecError]) -> None:
    assert issubclass(kind, IrecError)
    assert not issubclass(kind, ValueError)
    assert kind.__doc__


def test_a_missing_extra_says_how_to_get_it() -> None:
    error = MissingExtraError("torch", "train")
    assert str(error) == "torch is not installed; run: pip install 'irec-live[train]'"
    assert (error.package, error.extra) == ("torch", "train")


@pytest.mark.parametrize("kind", [kind for kind in ALL if kind is not MissingExtraError])
def test_an_error_survives_the_way_to_another_process(kind: type[IrecError]) -> None:
    assert str(pickle.loads(pickle.dumps(kind("why")))) == "why"  # noqa: S301
