"""IRMAS: predominant instruments in excerpts of published music.

On disk::

    IRMAS-TrainingData/cel/[cel][cla]0001__1.wav          one predominant instrument, 3 s
    IRMAS-TrainingData/cla/017__[cla][nod][cla]0150__1.wav     instrument, drums or not, genre, recording, excerpt
    IRMAS-TestingData-Part1/Part1/01 - Honky Cat-19.wav   5 to 20 s
    IRMAS-TestingData-Part1/Part1/01 - Honky Cat-19.txt   one instrument a line

References
----------
J. J. Bosch, J. Janer, F. Fuhrmann, P. Herrera, "A comparison of sound segregation techniques for predominant
instrument recognition in musical audio signals", ISMIR 2012.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from irec_live.errors import DataError
from irec_papers.datasets.dataset import Archive, DataSet, Part, Row
from irec_papers.datasets.splits import held_back

CODES = {
    "cel": "cello",
    "cla": "clarinet",
    "flu": "flute",
    "gac": "acoustic guitar",
    "gel": "electric guitar",
    "org": "organ",
    "pia": "piano",
    "sax": "saxophone",
    "tru": "trumpet",
    "vio": "violin",
    "voi": "voice",
}
"""Three letters on disk to the name of the label."""

VALIDATION_SHARE = 0.15
"""Han, Kim, Lee (III.C) keep 15 % of the training clips at random; here whole recordings, which is stricter."""

_TRAINING = "IRMAS-TrainingData"
_TESTING = "IRMAS-TestingData-Part{}"
_NAME = re.compile(r"(?:\d+__)?(?P<tags>(?:\[[a-z_]+\])+)(?P<recording>\d+)__\d+$")
_LICENCE = "CC BY-NC-SA 3.0"


def find(root: Path) -> tuple[str, ...]:
    """Parts that are there."""
    folders = {"training": _TRAINING, **{f"testing-{n}": _TESTING.format(n) for n in (1, 2, 3)}}
    return tuple(name for name, folder in folders.items() if (root / folder).is_dir())


def read(root: Path, parts: tuple[str, ...]) -> Iterator[Row]:
    """Rows of the parts, in the order of their files' names."""
    for name in parts:
        if name == "training":
            yield from _training(root)
        else:
            yield from _testing(root, name)


def _training(root: Path) -> Iterator[Row]:
    folder = root / _TRAINING
    unexpected = sorted(path.name for path in folder.iterdir() if path.is_dir() and path.name not in CODES)
    if unexpected:
        raise DataError(f"{folder} has a folder '{unexpected[0]}' that is no instrument; there are {', '.join(CODES)}")
    files = [(code, path) for code in CODES for path in sorted((folder / code).glob("*.wav"))]
    empty = [code for code in CODES if code not in {code for code, _ in files}]
    if empty:
        raise DataError(f"{folder} has no clip of {CODES[empty[0]]} ('{empty[0]}'); unpack {_TRAINING}.zip again")
    recordings = [_recording(path) for _, path in files]
    kept = held_back(((source, (code,)) for source, (code, _) in zip(recordings, files, strict=True)), VALIDATION_SHARE)
    for source, (code, path) in zip(recordings, files, strict=True):
        drums = _drums(path)
        yield Row(
            part="training",
            file=path.relative_to(root),
            own=(CODES[code],),
            product=(CODES[code], "drums") if drums else (CODES[code],),
            product_unknown=("bass", "drums") if drums is None else ("bass",),
            source=source,
            split="dev" if source in kept else "train",
            kind="music",
            instrument=code,
            licence=_LICENCE,
        )


def _recording(path: Path) -> str:
    found = _NAME.match(path.stem)
    return f"irmas:{found['recording'] if found else path.stem.rpartition('__')[0] or path.stem}"


def _drums(path: Path) -> bool | None:
    """Whether drums play along; None where the name does not say."""
    found = _NAME.match(path.stem)
    tags = found["tags"] if found else ""
    return True if "[dru]" in tags else False if "[nod]" in tags else None


def _testing(root: Path, part: str) -> Iterator[Row]:
    folder = root / _TESTING.format(part[-1])
    files = sorted(folder.rglob("*.wav"))
    if not files:
        raise DataError(f"{folder} has no .wav files; unpack {folder.name}.zip again")
    for path in files:
        names = tuple(CODES[code] for code in _codes(path.with_suffix(".txt")))
        yield Row(
            part=part,
            file=path.relative_to(root),
            own=names,
            product=names,
            product_unknown=("bass", "drums"),
            source=f"irmas-test:{path.stem.rpartition('-')[0] or path.stem}",
            split="test",
            kind="music",
            licence=_LICENCE,
        )


def _codes(path: Path) -> list[str]:
    try:
        lines = path.read_text("utf-8").splitlines()
    except FileNotFoundError as error:
        raise DataError(f"{path.with_suffix('.wav')} has no {path.name} beside it; unpack the archive again") from error
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read: {error}") from error
    codes = [line.split()[0] for line in lines if line.strip()]
    unknown = [code for code in codes if code not in CODES]
    if unknown or not codes:
        named = f"'{unknown[0]}'" if unknown else "nothing"
        raise DataError(f"{path} names {named}; expected one of {', '.join(CODES)} a line")
    return list(dict.fromkeys(codes))


def _archive(name: str, md5: str) -> Archive:
    return Archive(f"{name}.zip", f"https://zenodo.org/record/1290750/files/{name}.zip?download=1", md5)


IRMAS = DataSet(
    name="irmas",
    title="IRMAS, predominant instruments in published music",
    licence=_LICENCE,
    page="https://www.upf.edu/web/mtg/irmas",
    citation="Bosch, Janer, Fuhrmann, Herrera, ISMIR 2012",
    labels=tuple(CODES.values()),
    parts=(
        Part("training", (_archive(_TRAINING, "4fd9f5ed5a18d8e2687e6360b5f60afe"),), 6705),
        Part("testing-1", (_archive(_TESTING.format(1), "5a2e65520dcedada565dff2050bb2a56"),), 807),
        Part("testing-2", (_archive(_TESTING.format(2), "afb0c8ea92f34ee653693106be95c895"),), 1000),
        Part("testing-3", (_archive(_TESTING.format(3), "9b3fb2d0c89cdc98037121c25bd5b556"),), 1067),
    ),
    find=find,
    read=read,
    note='Accompaniment plays along and is not annotated: train on it with [stream] mode = "clips".',
)
