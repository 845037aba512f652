"""What a query asks for, as plain values: clauses that all hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Measure = Literal["seconds", "share", "stretch_s", "stretch_share", "level_db", "first_s"]
Comparison = Literal[">=", "<=", ">", "<"]


@dataclass(frozen=True, slots=True)
class Bound:
    """A limit on what a clause finds in a recording.

    Attributes
    ----------
    measure : str
        ``seconds`` and ``share`` (0..1 of the recording) of all spans, ``stretch_s`` and ``stretch_share`` of the
        longest one, ``level_db`` of all, ``first_s``: where the first one begins.
    comparison : str
    value : float
    """

    measure: Measure
    comparison: Comparison
    value: float


@dataclass(frozen=True, slots=True)
class Has:
    """Instruments that play.

    Attributes
    ----------
    group : tuple of tuple of str
        Of each inner tuple one plays at least.
    together : bool
        Whether at the same time.
    without : tuple of str
        Labels of which none may play at that time.
    bounds : tuple of Bound
        On the time they are together, else on each of the group.
    """

    group: tuple[tuple[str, ...], ...]
    together: bool = False
    without: tuple[str, ...] = ()
    bounds: tuple[Bound, ...] = ()


@dataclass(frozen=True, slots=True)
class Lacks:
    """Instruments that were looked for and play nowhere."""

    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Length:
    """A limit on the length of recordings, seconds."""

    comparison: Comparison
    value: float


@dataclass(frozen=True, slots=True)
class Named:
    """Text that the path of a file contains, in upper or lower case."""

    text: str


@dataclass(frozen=True, slots=True)
class Order:
    """What comes first.

    Attributes
    ----------
    by : {"loudest", "most", "earliest", "longest", "shortest", "name"}
    labels : tuple of str
        For the first three.
    """

    by: str
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Query:
    """What to look for: all clauses hold.

    Attributes
    ----------
    has : tuple of Has
    lacks : tuple of Lacks
    lengths : tuple of Length
    names : tuple of Named
    order : Order or None
        By default, what plays longest of the first clause comes first.
    top : int or None
        So many at most.
    """

    has: tuple[Has, ...] = ()
    lacks: tuple[Lacks, ...] = ()
    lengths: tuple[Length, ...] = ()
    names: tuple[Named, ...] = ()
    order: Order | None = None
    top: int | None = None

    @property
    def shown(self) -> frozenset[str]:
        """What spans of a match can be called; instruments together have one name."""
        names = {label for has in self.has if not has.together for labels in has.group for label in labels}
        names |= {" + ".join(" or ".join(labels) for labels in has.group) for has in self.has if has.together}
        return frozenset(names.union(self.order.labels if self.order is not None else ()))
