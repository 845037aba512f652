"""Public data sets of musical instruments, each turned into a data folder as training and evaluation want it.

::

    archives ─ download ─> *.zip, *.tar.gz ─ unpack ─> the data set's own layout ─ read ─> Row ─ prepare ─> manifest.csv

A data set stays as it was published: ``manifest.csv`` in its folder points to its files, with this project's names
for the labels (or its own, for the protocol of a paper), the source that a clip was cut from, and the labels that are
not annotated.

The loaders follow mirdata's: a description, archives with checksums, tracks with annotations. They are not mirdata's,
because its indexes are downloaded into the installed package before anything on disk can be read, it has none for
NSynth, and its installation brings the clients of four clouds along. Reading here needs nothing but the files.

References
----------
R. M. Bittner et al., "mirdata: software for reproducible usage of datasets", ISMIR 2019.
"""

from __future__ import annotations

from pathlib import Path

from irec_live.errors import DataError
from irec_papers.datasets.dataset import Archive, DataSet, Naming, Part, Row
from irec_papers.datasets.irmas import IRMAS
from irec_papers.datasets.medley_solos import MEDLEY_SOLOS_DB
from irec_papers.datasets.nsynth import NSYNTH
from irec_papers.datasets.openmic import OPENMIC_2018

DATA_SETS = {data_set.name: data_set for data_set in (IRMAS, NSYNTH, MEDLEY_SOLOS_DB, OPENMIC_2018)}
"""All data sets by name."""

__all__ = ["DATA_SETS", "Archive", "DataSet", "Naming", "Part", "Row", "find_data_set", "recognise"]


def find_data_set(name: str) -> DataSet:
    """A data set by its name.

    Raises
    ------
    DataError
        There is none; names those there are.
    """
    plain = name.lower().replace("_", "-")
    aliases = {"openmic": "openmic-2018", "medley-solos": "medley-solos-db"}
    found = DATA_SETS.get(aliases.get(plain, plain))
    if found is None:
        raise DataError(f"there is no data set '{name}'; there are {', '.join(DATA_SETS)}")
    return found


def recognise(root: Path) -> DataSet | None:
    """The data set that a folder holds, or None."""
    return next((data_set for data_set in DATA_SETS.values() if data_set.find(root)), None)
