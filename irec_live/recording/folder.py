"""The session folder: its files, and ``session.json``, which says what they are. See docs/session-format.md."""

from __future__ import annotations

import contextlib
import itertools
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from irec_live.errors import DataError, OutputError
from irec_live.files import lock_file, look, make_folder, write_atomically
from irec_live.models.spec import ModelSpec, Threshold
from irec_live.streaming.decisions import Decisions, TrackerSettings
from irec_live.suffixes import SESSION_FILE

SCHEMA: Literal["irec.session/1"] = "irec.session/1"

AUDIO, SILENCE = "audio.flac", "silence.flac"
"""The sound, and what stands in for it where it is not kept: nothing takes that for a recording."""

_MOST_BYTES = 64 * 2**20
"""Of a session.json: it is read as a whole."""

Seconds = Annotated[float, Field(ge=0.0, allow_inf_nan=False)]
Why = Literal["samples lost", "device away", "nothing detected"]


class _Part(BaseModel):
    # Later versions may add keys.
    model_config = ConfigDict(frozen=True, extra="ignore")


class Gap(_Part):
    """A stretch of the audio that is silence although something else may have been heard.

    Attributes
    ----------
    from_s, to_s : float
    why : {"samples lost", "device away", "nothing detected"}
    """

    from_s: Seconds
    to_s: Seconds
    why: Why


class Audio(_Part):
    """The sound.

    Attributes
    ----------
    files : tuple of str
        Names in the folder; the first one holds channels 1 to 8, the next 9 to 16.
    sample_rate, channels : int
        Hz; C.
    samples : int or None
        Of each channel; None while it is recorded.
    """

    files: tuple[str, ...] = Field(min_length=1)
    sample_rate: int = Field(ge=1)
    channels: int = Field(ge=1)
    samples: int | None = Field(default=None, ge=0)


class Network(_Part):
    """A model that took part.

    Attributes
    ----------
    sha256 : str
        Of its file; empty if unknown.
    hop_s : float
        Seconds between its windows.
    spec : ModelSpec
    """

    sha256: str = ""
    hop_s: Annotated[float, Field(gt=0.0)]
    spec: ModelSpec


class SessionInfo(_Part):
    """What session.json holds.

    Attributes
    ----------
    state : {"recording", "finished"}
        A folder that says ``recording`` although nobody records to it is of a process that was killed.
    title : str
        Of the source.
    began : datetime
        When sample 0 was heard.
    program : str
    audio : Audio
    sound_kept : bool
        False where only the results were kept: the audio is silence as long as the session.
    only_detected : bool
        Whether stretches in which nothing was detected were left out.
    gaps : tuple of Gap
    models : tuple of Network
    labels : tuple of str
        The K labels, in the order of the columns of the rows.
    thresholds : dict of str to Threshold
        In force at the end, with the offsets.
    threshold_offset : float
    own_offsets : dict of str to float
        Offsets of single labels, which were added to that.
    tracker : TrackerSettings
    decisions_moved : bool
        Whether any of these were others before, while it was recorded.
    warnings : tuple of str
    """

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    schema_id: Literal["irec.session/1"] = Field(alias="schema")
    state: Literal["recording", "finished"]
    title: str = ""
    began: datetime
    program: str = ""
    audio: Audio
    sound_kept: bool = True
    only_detected: bool = False
    gaps: tuple[Gap, ...] = ()
    models: tuple[Network, ...] = Field(min_length=1, max_length=2)
    labels: tuple[str, ...] = Field(min_length=1)
    thresholds: dict[str, Threshold] = Field(default_factory=dict)
    threshold_offset: float = 0.0
    own_offsets: dict[str, float] = Field(default_factory=dict)
    tracker: TrackerSettings = TrackerSettings()
    decisions_moved: bool = False
    warnings: tuple[str, ...] = ()

    @property
    def decisions(self) -> Decisions:
        """What the user had set about thresholds, smoothing and durations."""
        return Decisions(self.threshold_offset, tuple(sorted(self.own_offsets.items())), self.tracker)


@dataclass(frozen=True, slots=True)
class SessionFolder:
    """Paths of the files of a session.

    Attributes
    ----------
    path : Path
    """

    path: Path

    @property
    def info(self) -> Path:
        """What the session is."""
        return self.path / SESSION_FILE

    @property
    def audio(self) -> Path:
        """The sound, its first eight channels."""
        return self.path / AUDIO

    @property
    def activations(self) -> Path:
        """Rows of activations."""
        return self.path / "activations.rows"

    @property
    def envelopes(self) -> Path:
        """Rows of envelopes."""
        return self.path / "envelopes.rows"

    @property
    def events(self) -> Path:
        """Events, one a line."""
        return self.path / "events.jsonl"

    @property
    def results(self) -> Path:
        """The analysis of the whole as ``irec.analysis/1``."""
        return self.path / "results.json"

    @property
    def corrections(self) -> Path:
        """What the user corrected."""
        return self.path / "corrections.json"

    def read(self) -> SessionInfo:
        """Read session.json.

        Raises
        ------
        DataError
            It is missing, damaged, or of a version that this program does not know.
        """
        try:
            if self.info.stat().st_size > _MOST_BYTES:
                raise DataError(f"{self.info} is too large for what it should hold")
            info = SessionInfo.model_validate_json(self.info.read_bytes())
        except OSError as error:
            raise DataError(f"cannot read the session {self.path.name}: {error.strerror or error}") from error
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"]) or "it"
            raise DataError(
                f"{self.info} is not a session that this version can open ({where}: {first['msg'][:200]})"
            ) from error
        for name in info.audio.files:
            if Path(name).name != name or name.startswith("."):
                raise DataError(f"{self.info} names an audio file outside of its folder: '{name[:80]}'")
        return info

    def write(self, info: SessionInfo) -> None:
        """Write session.json, whole or not at all.

        Raises
        ------
        OutputError
            The disk takes no more, or the folder is gone.
        """
        write_atomically(self.info, info.model_dump_json(by_alias=True, indent=1) + "\n")

    @contextmanager
    def lock(self) -> Iterator[bool]:
        """Whether nobody else records to this folder. A lock that a killed process held is free again."""
        path = self.path / ".lock"
        with contextlib.ExitStack() as stack:
            try:
                file = stack.enter_context(path.open("ab"))
            except OSError:  # a folder that cannot be written to: nobody records to it either
                yield False
                return
            if not lock_file(file):
                yield False
                return
            try:
                yield True
            finally:
                with contextlib.suppress(OSError):
                    path.unlink()


def new_folder(path: Path) -> SessionFolder:
    """A folder for a new session, made if it is missing.

    Raises
    ------
    OutputError
        It holds something already, or cannot be made or written to.
    """
    try:
        filled = look(path, OutputError) == "folder" and any(path.iterdir())
    except OSError as error:
        raise OutputError(f"cannot look into the folder '{path}': {error.strerror or error}") from error
    if filled:
        raise OutputError(f"{path} holds something already; give a folder that is new or empty")
    return SessionFolder(make_folder(path))


def numbered_folder(path: Path) -> SessionFolder:
    """A folder for a new session by this name, or with the first number after it that nobody has taken.

    Two programs that ask for the same name at the same moment get two folders.

    Raises
    ------
    OutputError
        It cannot be made or written to.
    """
    make_folder(path.parent)
    for number in itertools.count(1):
        named = path if number == 1 else path.with_name(f"{path.name} ({number})")
        try:
            named.mkdir()
        except FileExistsError:
            continue
        except OSError as error:
            raise OutputError(f"cannot make the folder '{named}': {error.strerror or error}") from error
        break
    return SessionFolder(named)


def folder_name(began: datetime, title: str) -> str:
    """Name for a folder: when it began and what was heard.

    Examples
    --------
    >>> folder_name(datetime(2026, 5, 1, 20, 15, 3), "Microphone: USB/Audio")
    '2026-05-01 20-15-03 Microphone USB Audio'
    """
    words = " ".join(re.sub(r"[^\w\s(),+-]", " ", title).split())[:60].rstrip()
    return f"{began:%Y-%m-%d %H-%M-%S} {words}".rstrip()
