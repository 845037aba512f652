"""Corrections on the disk: one JSON file beside the sound, written whole or not at all.

Schema ``irec.corrections/1``: `file` and `duration_s` of the sound, and `corrections`, a list of objects with `was` and
`now`, each null or an object of `label`, `onset_s` and `offset_s`. Keys may be added, never changed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from irec_live.corrections.model import Correction, Corrections
from irec_live.errors import DataError, OutputError
from irec_live.files import look, write_atomically
from irec_live.suffixes import is_session_folder

SCHEMA: Literal["irec.corrections/1"] = "irec.corrections/1"

SIDECAR_SUFFIX = ".irec-corrections.json"

_MOST_BYTES = 64 * 2**20
_LONGEST_LABEL = 64


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    schema_id: Literal["irec.corrections/1"] = Field(alias="schema")
    file: str = ""
    duration_s: float = Field(default=0.0, ge=0.0, allow_inf_nan=False)
    corrections: tuple[Correction, ...] = ()

    @field_validator("corrections")
    @classmethod
    def _labels_are_short(cls, entries: tuple[Correction, ...]) -> tuple[Correction, ...]:
        if any(span and len(span.label) > _LONGEST_LABEL for entry in entries for span in (entry.was, entry.now)):
            raise ValueError(f"a label has more than {_LONGEST_LABEL} characters")
        return entries


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
        return Corrections(_File.model_validate_json(path.read_bytes()).corrections)
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


class CorrectionsFile:
    """The corrections of one sound on the disk, as one editor of several may have them. One thread at a time.

    Parameters
    ----------
    sound : Path
        File or session folder.
    duration_s : float
        Of the sound.

    Attributes
    ----------
    corrections : Corrections
        What the disk had, or was given, last.

    Raises
    ------
    DataError
        It is damaged, or of a version that this program does not know.
    """

    def __init__(self, sound: Path, duration_s: float) -> None:
        self._path, self._name, self._duration_s = corrections_path(sound), sound.name, duration_s
        self.corrections = load_corrections(self._path)

    def save(self, corrections: Corrections) -> None:
        """Write these in place of `corrections`.

        Raises
        ------
        OutputError
            It cannot be written, or somebody else has written meanwhile, whose corrections would be lost.
        DataError
            Somebody else has damaged it.
        """
        if look(self._path, OutputError) and load_corrections(self._path) != self.corrections:
            raise OutputError(
                f"{self._path.name} was changed elsewhere meanwhile, and is left as it is: "
                "open the sound again, and correct it in one window"
            )
        save_corrections(self._path, corrections, file=self._name, duration_s=self._duration_s)
        self.corrections = corrections


def save_corrections(path: Path, corrections: Corrections, *, file: str, duration_s: float) -> None:
    """Write corrections, atomically; a first file is only made for some.

    Raises
    ------
    OutputError
        It cannot be written.
    """
    if not corrections and not look(path, OutputError):
        return
    held = _File(schema=SCHEMA, file=file, duration_s=duration_s, corrections=corrections.entries)
    write_atomically(path, held.model_dump_json(by_alias=True, indent=1) + "\n")
