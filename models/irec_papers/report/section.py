"""Sections of a report page: tables, pictures, remarks, and mistakes with their sound."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Picture:
    """An image inside the page.

    Attributes
    ----------
    source : str
        Data URI.
    caption : str
        What it shows, and which figure of which paper it repeats.
    alt : str
        For those who cannot see it.
    width : int
        CSS pixels; narrower windows shrink it.
    """

    shape: ClassVar[str] = "picture"
    source: str
    caption: str
    alt: str
    width: int


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of text; the first column is left-aligned, the others are numbers.

    Attributes
    ----------
    strong : frozenset of (int, int)
        Row and column of the cells to stress.
    """

    shape: ClassVar[str] = "table"
    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    strong: frozenset[tuple[int, int]] = frozenset()


@dataclass(frozen=True, slots=True)
class Remark:
    """A paragraph."""

    shape: ClassVar[str] = "remark"
    text: str


@dataclass(frozen=True, slots=True)
class Mistake:
    """A wrong prediction, with spectrogram and sound."""

    shape: ClassVar[str] = "mistake"
    title: str
    text: str
    picture: Picture
    sound: str


Block = Picture | Table | Remark | Mistake


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what stands below it.

    Attributes
    ----------
    key : str
        Anchor in the page.
    """

    key: str
    title: str
    text: str
    blocks: tuple[Block, ...]


def number(value: float | None, digits: int = 3) -> str:
    """A table cell; a dash where there is nothing to say.

    Examples
    --------
    >>> number(0.12345), number(None)
    ('0.123', '–')
    """
    return "–" if value is None else f"{value:.{digits}f}"


def highest(rows: Sequence[Sequence[float | None]], first_column: int = 1) -> frozenset[tuple[int, int]]:
    """Cells with the highest value of their column, where at least two rows have one.

    Parameters
    ----------
    rows : sequence of rows of numbers
    first_column : int
        Where in the table the first number stands.

    Examples
    --------
    >>> sorted(highest([[0.5, 0.1], [0.4, None]]))
    [(0, 1)]
    """
    return frozenset(_highest(rows, first_column))


def _highest(rows: Sequence[Sequence[float | None]], first_column: int) -> Iterable[tuple[int, int]]:
    for column in range(len(rows[0]) if len(rows) > 1 else 0):
        values = {row: value for row, cells in enumerate(rows) if (value := cells[column]) is not None}
        if len(values) > 1 and (best := max(values.values())) > 0:
            yield from ((row, column + first_column) for row, value in values.items() if value == best)
