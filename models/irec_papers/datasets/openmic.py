"""OpenMIC-2018: excerpts of free music with crowd annotations of some of twenty instruments.

On disk::

    openmic-2018/openmic-2018-aggregated-labels.csv      sample_key,instrument,relevance,num_responses
    openmic-2018/openmic-2018-metadata.csv               artist, licence ... and sample_key of every excerpt
    openmic-2018/partitions/split01_train.csv            one sample_key a line; split01_test.csv likewise
    openmic-2018/audio/000/000046_3840.ogg               10 s

Only some instruments are annotated in each excerpt. The others are neither present nor absent: unknown.

References
----------
E. J. Humphrey, S. Durand, B. McFee, "OpenMIC-2018: an open dataset for multiple instrument recognition", ISMIR 2018.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

from irec_live.errors import DataError
from irec_papers.datasets.dataset import Archive, DataSet, Part, Row
from irec_papers.datasets.splits import held_back
from irec_papers.datasets.tables import first_missing, lines_of, rows_of

NAMES: Mapping[str, tuple[str, ...]] = {
    "accordion": ("accordion",),
    "banjo": ("banjo",),
    "bass": ("bass",),
    "cello": ("cello",),
    "clarinet": ("clarinet",),
    "cymbals": (),
    "drums": ("drums",),
    "flute": ("flute",),
    "guitar": ("acoustic guitar", "electric guitar"),
    "mallet_percussion": ("mallets",),
    "mandolin": ("mandolin",),
    "organ": ("organ",),
    "piano": ("piano",),
    "saxophone": ("saxophone",),
    "synthesizer": ("synth",),
    "trombone": ("trombone",),
    "trumpet": ("trumpet",),
    "ukulele": ("ukulele",),
    "violin": ("violin",),
    "voice": ("voice",),
}
"""The twenty, and which of this project's labels each may stand for."""

PRESENT = 0.5
"""Relevance, 0..1, from which an instrument counts as present, as in the paper's own baseline."""

VALIDATION_SHARE = 0.15

_NOTHING = "other"
_FOLDER = "openmic-2018"
_LICENCE = "CC BY 4.0"


def find(root: Path) -> tuple[str, ...]:
    """The only part of the data set, if its labels are there."""
    return ("all",) if (_home(root) / "openmic-2018-aggregated-labels.csv").is_file() else ()


def _home(root: Path) -> Path:
    return root / _FOLDER if (root / _FOLDER).is_dir() else root


def read(root: Path, parts: tuple[str, ...]) -> Iterator[Row]:
    """Rows in the order of the partitions, training first."""
    if not parts:
        return
    home = _home(root)
    answers = _answers(home)
    training, testing = (lines_of(home / "partitions" / f"split01_{name}.csv") for name in ("train", "test"))
    unknown = [key for key in (*training, *testing) if key not in answers]
    if unknown:
        raise DataError(f"{home}: excerpt {unknown[0]} of a partition has no annotations; unpack the archive again")
    about = {row["sample_key"]: row for row in rows_of(home / "openmic-2018-metadata.csv", ("sample_key",))}
    sources = {key: f"openmic:{about.get(key, {}).get('artist_id') or key}" for key in (*training, *testing)}
    kept = held_back(((sources[key], _present(answers[key])) for key in training), VALIDATION_SHARE)
    # An artist of the test set who also plays in the training set must at least not be in both train and dev.
    splits = {key: "dev" if sources[key] in kept else "train" for key in training}
    splits.update(dict.fromkeys(testing, "test"))
    files = {key: home / "audio" / key[:3] / f"{key}.ogg" for key in splits}
    first_missing(list(files.values()), home / "partitions")
    for key, split in splits.items():
        present, absent = _present(answers[key]), {name for name, value in answers[key].items() if value < PRESENT}
        product, product_unknown = in_our_words(present, absent)
        yield Row(
            part="all",
            file=files[key].relative_to(root),
            own=tuple(present) or (_NOTHING,),
            own_unknown=tuple(name for name in NAMES if name not in answers[key]),
            product=product,
            product_unknown=product_unknown,
            source=sources[key],
            split=split,
            kind="music",
            licence=about.get(key, {}).get("license_title") or _LICENCE,
        )


def _answers(home: Path) -> dict[str, dict[str, float]]:
    """Relevance (0..1) of every annotated instrument, by excerpt."""
    path = home / "openmic-2018-aggregated-labels.csv"
    answers: dict[str, dict[str, float]] = defaultdict(dict)
    for number, row in enumerate(rows_of(path, ("sample_key", "instrument", "relevance")), start=2):
        if row["instrument"] not in NAMES:
            raise DataError(f"{path}, line {number}: '{row['instrument']}' is none of the {len(NAMES)} instruments")
        try:
            answers[row["sample_key"]][row["instrument"]] = float(row["relevance"])
        except ValueError as error:
            raise DataError(f"{path}, line {number}: relevance '{row['relevance']}' is no number") from error
    return dict(answers)


def _present(answers: Mapping[str, float]) -> list[str]:
    return [name for name in NAMES if answers.get(name, 0.0) >= PRESENT]


def in_our_words(present: list[str], absent: set[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """This project's names for what sounds, and the labels that stay unknown.

    A guitar is acoustic or electric, nobody said which: both stay unknown, but no guitar means neither. Cymbals
    belong to a drum kit or to an orchestra: they leave the drums unknown where those are not annotated.

    Examples
    --------
    >>> names, unknown = in_our_words(["guitar", "voice"], set(NAMES) - {"guitar", "voice", "drums"})
    >>> names, unknown
    (('fam:guitar', 'voice'), ('drums', 'acoustic guitar', 'electric guitar'))
    """
    sure = [NAMES[name][0] if len(NAMES[name]) == 1 else f"fam:{name}" for name in present]
    unknown = [label for name in NAMES if name not in present and name not in absent for label in NAMES[name]]
    unknown += [label for name in present if len(NAMES[name]) > 1 for label in NAMES[name]]
    return tuple(sure) or (_NOTHING,), tuple(dict.fromkeys(unknown))


OPENMIC_2018 = DataSet(
    name="openmic-2018",
    title="OpenMIC-2018, twenty instruments in free music, partly annotated",
    licence="CC BY 4.0; each excerpt under its artist's Creative Commons licence",
    page="https://zenodo.org/record/1432913",
    citation="Humphrey, Durand, McFee, ISMIR 2018",
    labels=tuple(NAMES),
    parts=(
        Part(
            "all",
            (
                Archive(
                    "openmic-2018-v1.0.0.tgz",
                    "https://zenodo.org/record/1432913/files/openmic-2018-v1.0.0.tgz?download=1",
                    "e4ccf187e2bb5ab2e115416e8aafe7f4",
                ),
            ),
            20_000,
        ),
    ),
    find=find,
    read=read,
    note="Unannotated labels are in the column 'unknown' and count nowhere. Train on it with mode = \"clips\".",
)
