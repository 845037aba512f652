"""Class balancing: clips of frequent instruments are subsampled, those of rare ones repeated.

References
----------
Neuroment (thesis), section 4.1.2: oversampling by at most 2; 420 clips for each of 8 instruments in the training set.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import TypeVar

import numpy as np

_Class = TypeVar("_Class", bound=Hashable)


def balance(classes: Sequence[_Class | None], factor: float, rng: np.random.Generator) -> list[int]:
    """Indices into a sequence so that every class comes equally often.

    Each class comes as often as the rarest does when all of it is used `factor` times. Of a class with more, some are
    left out, by chance; of one with fewer, some are there again, and none more often than `factor`, rounded up.

    Parameters
    ----------
    classes : sequence
        Of each item; None for items that belong to no class, which stay as they are.
    factor : float
        At least 1.
    rng : Generator

    Returns
    -------
    list of int
        In ascending order, with repetitions.

    Raises
    ------
    ValueError
        If `factor` is below 1.

    Examples
    --------
    >>> places = balance(["piano"] * 9 + ["flute"] * 2, 2.0, np.random.default_rng(0))
    >>> sum(place < 9 for place in places), places[-4:]
    (4, [9, 9, 10, 10])
    """
    if factor < 1:
        raise ValueError(f"a factor of {factor} would leave clips of every class out; give at least 1")
    members: dict[_Class, list[int]] = {}
    kept = []
    for place, name in enumerate(classes):
        if name is None:
            kept.append(place)
        else:
            members.setdefault(name, []).append(place)
    if members:
        wanted = round(factor * min(map(len, members.values())))
        for places in members.values():
            kept += _of_one_class(places, wanted, rng)
    return sorted(kept)


def _of_one_class(places: Sequence[int], wanted: int, rng: np.random.Generator) -> Iterable[int]:
    again, rest = divmod(wanted, len(places))
    return [*list(places) * again, *(int(place) for place in rng.choice(places, rest, replace=False))]
