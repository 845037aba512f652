"""Definition of a public data set: its archives, its parts, and how its own files become manifest rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from irec_live.errors import DataError

Naming = Literal["product", "own"]
"""Labels as this project calls them, or as the data set does (for the protocol of a paper)."""


@dataclass(frozen=True, slots=True)
class Archive:
    """A file to download.

    Attributes
    ----------
    file, url : str
    md5 : str or None
        None where the publisher tells none; then the archive's own check sums and the number of clips must do.
    folder : str
        Where it is unpacked, below the data set's folder.
    """

    file: str
    url: str
    md5: str | None = None
    folder: str = ""

    @property
    def packed(self) -> bool:
        """Whether there is something to unpack."""
        return self.file.endswith((".zip", ".tar.gz", ".tgz"))


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a data set that makes sense alone, such as its test set.

    Attributes
    ----------
    name : str
    archives : tuple of Archive
    clips : int
        As many as were published.
    """

    name: str
    archives: tuple[Archive, ...]
    clips: int


@dataclass(frozen=True, slots=True)
class Row:
    """One clip, with its labels in our names and in the data set's own.

    Attributes
    ----------
    part : str
    file : Path
        Below the data set's folder.
    own : tuple of str
        What sounds, in the data set's words.
    product : tuple of str
        The same in this project's words; ``fam:...`` for a family that is no label.
    own_unknown, product_unknown : tuple of str
        Labels that are not annotated in this clip: neither present nor absent.
    source : str
        Recording, song or instrument; clips that share one must not be on both sides of a split.
    split : {"train", "dev", "test"}
    kind : str
        ``notes``, ``phrases``, or ``music`` where other instruments accompany.
    instrument, licence : str
    sort : str
        One of the data set's `DataSet.sorts`, if it has any.
    """

    part: str
    file: Path
    own: tuple[str, ...]
    product: tuple[str, ...]
    source: str
    split: str
    kind: str
    own_unknown: tuple[str, ...] = ()
    product_unknown: tuple[str, ...] = ()
    instrument: str = ""
    licence: str = ""
    sort: str = ""

    def labels(self, naming: Naming) -> tuple[str, ...]:
        """Labels that sound."""
        return self.product if naming == "product" else self.own

    def unknown(self, naming: Naming) -> tuple[str, ...]:
        """Labels that are not annotated."""
        return self.product_unknown if naming == "product" else self.own_unknown


@dataclass(frozen=True, slots=True)
class DataSet:
    """A public data set.

    Attributes
    ----------
    name : str
        On the command line.
    title, licence, page, citation : str
    labels : tuple of str
        Its own names.
    parts : tuple of Part
    find : callable
        Folder to the names of the parts that are there.
    read : callable
        Folder and names of parts to rows; raises `DataError` where files and annotations do not fit.
    note : str
        What one should know before using it.
    sorts : tuple of str
        Sorts of clips that can be taken alone.
    """

    name: str
    title: str
    licence: str
    page: str
    citation: str
    labels: tuple[str, ...]
    parts: tuple[Part, ...]
    find: Callable[[Path], tuple[str, ...]]
    read: Callable[[Path, tuple[str, ...]], Iterator[Row]]
    note: str = ""
    sorts: tuple[str, ...] = ()

    def part(self, name: str) -> Part:
        """One of its parts.

        Raises
        ------
        DataError
            There is none of that name.
        """
        for part in self.parts:
            if part.name == name:
                return part
        raise DataError(f"{self.name} has no part '{name}'; there are {', '.join(part.name for part in self.parts)}")

    def check_sorts(self, wanted: Iterable[str]) -> None:
        """Refuse sorts of clips that this data set does not have.

        Raises
        ------
        DataError
            There is none of that name, or the data set does not tell sorts apart.
        """
        for sort in wanted:
            if not self.sorts:
                raise DataError(f"{self.name} does not tell sorts of clips apart, so none can be taken alone: '{sort}'")
            if sort not in self.sorts:
                raise DataError(f"{self.name} has no sort of clips '{sort}'; there are {', '.join(self.sorts)}")
