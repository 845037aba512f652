"""Comparison: a second model on the sound of a session that runs, live or of a file."""

from __future__ import annotations

from pathlib import Path

from irec_live.errors import DeviceError
from irec_live.models.detector import Detector
from irec_live.models.spec import ModelSpec
from irec_live.results import Snapshot
from irec_live.session.contract import PlayableSession, Session
from irec_live.session.file import FileSession
from irec_live.session.live import LiveSession
from irec_live.source.tapped import TappedSource


class Comparison:
    """Runs a second model beside a session, on threads of its own, with the session's thresholds and input.

    Every method may be called from any one thread and returns at once.

    Parameters
    ----------
    session : Session
        `LiveSession`, or one that plays a file.
    detector : Detector
        Of either kind.

    Raises
    ------
    DeviceError
        The session cannot be tapped.
    MediaError
        The file can no longer be decoded.
    """

    def __init__(self, session: Session, detector: Detector) -> None:
        self._main = session
        self._tap: TappedSource | None = None
        self._second: LiveSession | FileSession
        if isinstance(session, LiveSession):
            self._tap = TappedSource(session.title, session.sample_rate, session.channels)
            self._second = LiveSession(self._tap, [detector])
            session.add_tap(self._tap)
        elif session.kind == "file":
            self._second = FileSession(_audio_of(session), [detector], play=False, audible=False)
        else:
            raise DeviceError(f"'{session.title}' cannot be heard by a second model")

    @property
    def spec(self) -> ModelSpec:
        """The second model."""
        return self._second.specs[0]

    @property
    def load(self) -> float:
        """Share of one processor core that it takes, 0..1; of a file, seconds of work for a second of sound."""
        return self._second.snapshot(0.1).stats.load

    @property
    def message(self) -> str:
        """One sentence when something is wrong, else empty."""
        snapshot = self._second.snapshot(0.1)
        return snapshot.message if snapshot.state in ("failed", "lost") else ""

    def snapshot(self, span_s: float, end_s: float) -> Snapshot:
        """What it says of the `span_s` seconds up to `end_s`, in the time of the session."""
        if self._second.decisions != self._main.decisions:
            self._second.decisions = self._main.decisions
        if isinstance(self._main, LiveSession) and isinstance(self._second, LiveSession):
            self._second.input_shape = self._main.input_shape
        origin_s = self.origin_s
        return self._second.snapshot(span_s, end_s - origin_s)

    @property
    def origin_s(self) -> float:
        """Where the time of its snapshots begins, in the time of the session."""
        return 0.0 if self._tap is None else self._tap.origin_s or 0.0

    def close(self) -> None:
        """Stop; may be called twice."""
        if self._tap is not None and isinstance(self._main, LiveSession):
            self._main.remove_tap(self._tap)
        self._second.close()


def _audio_of(session: Session) -> Path:
    """The sound that a session plays."""
    audio: Path | None = getattr(session, "audio_path", None)  # of a recording, whose path is a folder
    if audio is not None:
        return audio
    if not isinstance(session, PlayableSession):
        raise DeviceError(f"'{session.title}' is no file")
    return session.path
