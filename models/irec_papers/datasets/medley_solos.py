"""Medley-solos-DB: solos of eight instruments.

On disk::

    annotation/Medley-solos-DB_metadata.csv      subset,instrument,instrument_id,song_id,uuid4
    audio/Medley-solos-DB_test-0_0a282672-c22c-59ff-faaa-ff9eb73fc8e6.wav     subset, instrument's number, uuid4; 3 s

The two may also lie in one folder, or in others below the data set's.

References
----------
V. Lostanlen, C.-E. Cella, "Deep convolutional networks on the pitch spiral for musical instrument recognition",
ISMIR 2016.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from irec_live.errors import DataError
from irec_papers.datasets.dataset import Archive, DataSet, Part, Row
from irec_papers.datasets.tables import rows_of

NAMES = {
    "clarinet": "clarinet",
    "distorted electric guitar": "electric guitar",
    "female singer": "voice",
    "flute": "flute",
    "piano": "piano",
    "tenor saxophone": "saxophone",
    "trumpet": "trumpet",
    "violin": "violin",
}

_TABLE = "Medley-solos-DB_metadata.csv"
_SPLITS = {"training": "train", "validation": "dev", "test": "test"}
_LICENCE = "CC BY 4.0"
_PLACE = "https://zenodo.org/record/3464194/files"


def find(root: Path) -> tuple[str, ...]:
    """The only part of the data set, if its table is there."""
    return ("all",) if _table(root) else ()


def _table(root: Path) -> Path | None:
    return next(iter(sorted(root.rglob(_TABLE))), None) if root.is_dir() else None


def read(root: Path, parts: tuple[str, ...]) -> Iterator[Row]:
    """Rows in the table's order."""
    table = _table(root)
    if not parts or table is None:
        return
    audio = {path.name: path for path in root.rglob("Medley-solos-DB_*.wav")}
    for number, row in enumerate(rows_of(table, ("subset", "instrument", "instrument_id", "song_id", "uuid4")), 2):
        subset, instrument = row["subset"], row["instrument"]
        if subset not in _SPLITS or instrument not in NAMES:
            raise DataError(f"{table}, line {number}: subset '{subset}', instrument '{instrument}' are not of this set")
        name = f"Medley-solos-DB_{subset}-{row['instrument_id']}_{row['uuid4']}.wav"
        if name not in audio:
            raise DataError(f"{name} is nowhere below {root}, though {table.name} lists it; unpack the archive again")
        yield Row(
            part="all",
            file=audio[name].relative_to(root),
            own=(instrument,),
            product=(NAMES[instrument],),
            source=f"medley-solos-db:{row['song_id']}",
            split=_SPLITS[subset],
            kind="phrases",
            instrument=instrument,
            licence=_LICENCE,
        )


MEDLEY_SOLOS_DB = DataSet(
    name="medley-solos-db",
    title="Medley-solos-DB, solos of eight instruments",
    licence=_LICENCE,
    page="https://zenodo.org/record/3464194",
    citation="Lostanlen and Cella, ISMIR 2016",
    labels=tuple(NAMES),
    parts=(
        Part(
            "all",
            (
                Archive(_TABLE, f"{_PLACE}/{_TABLE}?download=1", "fda6a589c56785f2195c9227809c521a", "annotation"),
                Archive(
                    "Medley-solos-DB.tar.gz",
                    f"{_PLACE}/Medley-solos-DB.tar.gz?download=1",
                    "f5facf398793ef5c1f80c013afdf3e5f",
                    "audio",
                ),
            ),
            21_571,
        ),
    ),
    find=find,
    read=read,
)
