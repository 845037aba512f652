"""Source requests: which input or file the user chose, as values that can be stored and compared."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

from irec_live.gui.language import tr
from irec_live.input_kind import InputKind
from irec_live.suffixes import is_session_folder

if TYPE_CHECKING:
    from irec_live.session import PlayableSession, Session

MODEL_SUFFIX = ".onnx"


@dataclass(frozen=True, slots=True)
class SourceRequest:
    """A request for one audio source.

    Attributes
    ----------
    kind : InputKind
    device, hostapi : str or None
        Name of the device and of its host API; None is the system's default.
    path : Path or None
        Of a file.
    track : int or None
        Its sound track, from 1 on; None is its default one.
    """

    kind: InputKind
    device: str | None = None
    hostapi: str | None = None
    path: Path | None = None
    track: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "kind", InputKind(self.kind))  # also accepts its name; the class is frozen

    def anew(self) -> SourceRequest:
        """The same to be analysed by a model: of a recorded session, its audio."""
        if self.path is None or not is_session_folder(self.path):
            return self
        return replace(self, path=self.path / "audio.flac")

    def describe(self) -> str:
        """The source in a few words.

        Examples
        --------
        >>> SourceRequest(InputKind.MIC).describe(), SourceRequest(InputKind.FILE, path=Path("a/b.wav")).describe()
        ('the default microphone', 'b.wav')
        """
        if self.path is not None:
            return self.path.name
        if self.device is not None:
            return self.device
        return tr(self.kind.described)


def is_model_file(path: Path) -> bool:
    """Whether a file is a model, by its suffix, rather than sound."""
    return path.suffix.lower() == MODEL_SUFFIX


def as_playable(session: Session | None) -> PlayableSession | None:
    """The same session if it plays a file, else None.

    By its kind: `isinstance` with a protocol takes tens of microseconds, and this is called for every snapshot.
    """
    return cast("PlayableSession", session) if session is not None and session.kind == "file" else None
