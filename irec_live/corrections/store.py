"""Corrections on the disk: one JSON file beside the sound, written whole or not at all.

Schema ``irec.corrections/1``: `file` and `duration_s` of the sound, and `corrections`, a list of objects with `was` and
`now`, each null or an object of `label`, `onset_s` and `offset_s`. Keys may be added, never changed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from irec_live.corrections.model import Correction, Corrections, Span
from irec_live.errors import DataError, OutputError
from irec_live.files import look, write_atomically
from irec_live.suffixes import is_session_folder

SCHEMA: Literal["irec.corrections/1"] = "irec.corrections/1"

SIDECAR_SUFFIX = ".irec-corrections.json"

_MOST_BYTES = 64 * 2**20

_Seconds = Annotated[float, Field(ge=0.0, allow_inf_nan=False)]


class _Span(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    label: str = Field(min_length=1, max_length=64)
    onset_s: _Seconds
    offset_s: _Seconds


class _Correction(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    was: _Span | None = None
    now: _Span | None = None


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    schema_id: Literal["irec.corrections/1"] = Field(alias="schema")
    file: str = ""
    duration_s: _Seconds = 0.0
    corrections: tuple[_Correction, ...] = ()


def corrections_path(sound: Path) -> Path:
    """Where the corrections of a sound file or of a session folder are; the folder's audio shares those of the folder.

    Examples
    --------
    >>> corrections_path(Path("songs/duo.flac")).name
    'duo.flac.irec-corrections.json'
    """
    for folder in (sound, sound.parent) if sound.name == "audio.flac" else (sound,):
        if is_session_folder(folder):
            return folder / "corrections.json"
    return sound.with_name(sound.name + SIDECAR_SUFFIX)


def load_corrections(path: Path) -> Corrections:
    """Read corrections; none if there is no such file.

    Raises
    ------
    DataError
        It is damaged, or of a version that this program does not know.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise DataError(f"{path} is too large for corrections")
        read = _File.model_validate_json(path.read_bytes())
        return Corrections(tuple(Correction(_span(entry.was), _span(entry.now)) for entry in read.corrections))
    except FileNotFoundError:
        return Corrections()
    except OSError as error:
        raise DataError(f"cannot read the corrections {path}: {error.strerror or error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        raise DataError(
            f"{path} does not hold corrections that this version can read ({first['msg'][:200]}); "
            "move it away to begin anew"
        ) from error
    except ValueError as error:
        raise DataError(f"{path} holds a correction that cannot be: {error}") from error


def save_corrections(path: Path, corrections: Corrections, *, file: str, duration_s: float) -> None:
    """Write corrections, atomically; a first file is only made for some.

    Raises
    ------
    OutputError
        It cannot be written.
    """
    if not corrections and not look(path, OutputError):
        return
    held = _File(
        schema=SCHEMA,
        file=file,
        duration_s=duration_s,
        corrections=tuple(_Correction(was=_plain(entry.was), now=_plain(entry.now)) for entry in corrections.entries),
    )
    write_atomically(path, held.model_dump_json(by_alias=True, indent=1) + "\n")


def _span(held: _Span | None) -> Span | None:
    return None if held is None else Span(held.label, held.onset_s, held.offset_s)


def _plain(span: Span | None) -> _Span | None:
    return None if span is None else _Span(label=span.label, onset_s=span.onset_s, offset_s=span.offset_s)
