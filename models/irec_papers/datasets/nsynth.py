"""NSynth: single notes of a thousand instruments.

On disk::

    nsynth-train/examples.json                            {"bass_synthetic_033-022-050": {...}, ...}
    nsynth-train/audio/bass_synthetic_033-022-050.wav     instrument, MIDI pitch, velocity; 4 s at 16 kHz
    nsynth-valid/ nsynth-test/                            other instruments, laid out the same

References
----------
J. Engel et al., "Neural audio synthesis of musical notes with WaveNet autoencoders", ICML 2017.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from irec_live.errors import DataError
from irec_papers.datasets.dataset import Archive, DataSet, Part, Row
from irec_papers.datasets.tables import first_missing, object_of

FAMILIES = (
    "bass",
    "brass",
    "flute",
    "guitar",
    "keyboard",
    "mallet",
    "organ",
    "reed",
    "string",
    "synth_lead",
    "vocal",
)
SOURCES = ("acoustic", "electronic", "synthetic")

_NAMES = {
    "bass": "bass",
    "flute": "flute",
    "guitar acoustic": "acoustic guitar",
    "guitar electronic": "electric guitar",
    "keyboard acoustic": "piano",
    "mallet": "mallets",
    "organ": "organ",
    "synth_lead": "synth",
    "vocal acoustic": "voice",
}
"""By family, or by family and source where that decides."""

_MEMBERS = {
    "brass": ("trumpet", "trombone", "french horn", "tuba"),
    "flute": ("flute",),
    "guitar": ("acoustic guitar", "electric guitar"),
    "keyboard": ("piano",),
    "mallet": ("mallets",),
    "organ": ("organ",),
    "reed": ("clarinet", "saxophone", "oboe", "bassoon"),
    "string": ("violin", "viola", "cello", "bass"),
    "vocal": ("voice",),
}
"""Labels that a note of the family may or may not be, where the name does not decide."""

_SPLITS = {"train": "train", "valid": "dev", "test": "test"}
_LICENCE = "CC BY 4.0"
_PLACE = "http://download.magenta.tensorflow.org/datasets/nsynth"


def find(root: Path) -> tuple[str, ...]:
    """Parts that are there."""
    return tuple(part for part in _SPLITS if (root / f"nsynth-{part}").is_dir())


def read(root: Path, parts: tuple[str, ...]) -> Iterator[Row]:
    """Rows of the parts, in the order of their ``examples.json``."""
    for part in parts:
        table = root / f"nsynth-{part}" / "examples.json"
        notes = object_of(table)
        if not notes:
            raise DataError(f"{table} lists no notes; unpack the archive again")
        files = [table.parent / "audio" / f"{name}.wav" for name in notes]
        first_missing(files, table)
        for (name, note), file in zip(notes.items(), files, strict=True):
            try:
                family, source = note["instrument_family_str"], note["instrument_source_str"]
                instrument = note["instrument_str"]
            except (KeyError, TypeError) as error:
                raise DataError(f"{table}: note {name} lacks {error}; is it the published file?") from error
            if family not in FAMILIES or source not in SOURCES:
                raise DataError(f"{table}: note {name} is of family '{family}', source '{source}', which do not exist")
            product, unknown = name_of(family, source)
            yield Row(
                part=part,
                file=file.relative_to(root),
                own=(family,),
                product=(product,),
                product_unknown=unknown,
                source=f"nsynth:{instrument}",
                split=_SPLITS[part],
                kind="notes",
                instrument=f"{family}_{source}",
                licence=_LICENCE,
                sort=source,
            )


def name_of(family: str, source: str) -> tuple[str, tuple[str, ...]]:
    """This project's name for a note, and the labels that it may or may not be.

    A synthesizer's flute is for listeners to argue about: it trains and tests neither ``flute`` nor its absence.

    Examples
    --------
    >>> name_of("guitar", "electronic"), name_of("reed", "acoustic")
    (('electric guitar', ()), ('fam:reed', ('clarinet', 'saxophone', 'oboe', 'bassoon')))
    >>> name_of("flute", "synthetic")
    ('fam:flute', ('flute', 'synth'))
    """
    name = _NAMES.get(family) or _NAMES.get(f"{family} {source}")
    if name and (source != "synthetic" or name in ("bass", "synth")):
        return name, ()
    members = _MEMBERS.get(family, ())
    return f"fam:{family}", (*members, "synth") if source == "synthetic" else members


def _archive(part: str) -> tuple[Archive, ...]:
    # The publisher gives no checksums; gzip's own catches a damaged download, the number of notes an incomplete one.
    file = f"nsynth-{part}.jsonwav.tar.gz"
    return (Archive(file, f"{_PLACE}/{file}"),)


NSYNTH = DataSet(
    name="nsynth",
    title="NSynth, single notes of 1,006 instruments",
    licence=_LICENCE,
    page="https://magenta.tensorflow.org/datasets/nsynth",
    citation="Engel et al., ICML 2017",
    labels=FAMILIES,
    parts=(
        Part("train", _archive("train"), 289_205),
        Part("valid", _archive("valid"), 12_678),
        Part("test", _archive("test"), 4_096),
    ),
    find=find,
    read=read,
    note=(
        "Decoded, all of it takes 54 GB of cache at 22,050 Hz: --most 40 keeps 40 notes of each instrument, --only "
        "acoustic (or electronic, synthetic) notes of one source."
    ),
    sorts=SOURCES,
)
