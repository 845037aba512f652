"""The bridge from a session to the views: a timer pulls the newest picture and hands it on.

Nothing is pushed at the window and nothing queues: when the window is late, pictures in between are never made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from irec_live.errors import IrecError
from irec_live.gui.requests import as_playable
from irec_live.results import Overview, Snapshot

if TYPE_CHECKING:
    from irec_live.session import PlayableSession, Session

FRAME_MS = 33
"""Thirty pictures a second."""

_RESTING_MS = 500

_STILL_EVERY = 6
"""A picture that does not move is drawn only so often."""

_OVERVIEW_EVERY = 6

_SETTLING = 8
"""Overviews pulled after the file is analysed, or a threshold has moved, until nothing changes any more."""


class Bridge(QObject):
    """Pulls snapshots while a session is set. GUI thread only."""

    snapshot_ready = Signal(object)
    """Carries a `Snapshot`."""
    overview_ready = Signal(object)
    """Carries an `Overview`, while a file is open."""
    moved = Signal(float, object)
    """Playhead in seconds and the loop or None, while a file is open."""
    failed = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session: Session | None = None
        self._last = Snapshot()
        self._ticks = 0
        self._progress = -1.0
        self._settling = _SETTLING
        self.span_s = 15.0
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(FRAME_MS)
        self._timer.timeout.connect(self.tick)

    @property
    def session(self) -> Session | None:
        """What is being watched."""
        return self._session

    def watch(self, session: Session | None) -> None:
        """Watch another session, or none."""
        self._session = session
        self._last, self._ticks, self._progress, self._settling = Snapshot(), 0, -1.0, _SETTLING
        if session is None:
            self._timer.stop()
        else:
            self._timer.start()

    def rest(self, resting: bool) -> None:
        """Pull twice a second only, while nobody can see the window."""
        self._timer.setInterval(_RESTING_MS if resting else FRAME_MS)

    def refresh_overview(self) -> None:
        """A threshold moved, so the events of the whole file will change: look at them for a while."""
        self._settling = _SETTLING

    def tick(self) -> None:
        """Pull one picture."""
        session = self._session
        if session is None:
            return
        self._ticks += 1
        try:
            snapshot = session.snapshot(self.span_s)
            playable = as_playable(session)
            overview = self._pull_overview(playable) if playable is not None else None
        except IrecError as error:
            self.watch(None)
            self.failed.emit(str(error))
            return
        if playable is not None:
            self.moved.emit(playable.position_s, playable.loop)
        still = snapshot.state != "running" and snapshot.time_s == self._last.time_s
        if not still or snapshot.state != self._last.state or self._ticks % _STILL_EVERY == 0:
            self.snapshot_ready.emit(snapshot)
        self._last = snapshot
        if overview is not None:
            self.overview_ready.emit(overview)

    def _pull_overview(self, session: PlayableSession) -> Overview | None:
        """The overview a few times a second until it is complete and settled."""
        if self._ticks % _OVERVIEW_EVERY != 1:
            return None
        if self._progress >= 1.0:
            self._settling -= 1
            if self._settling < 0:
                return None
        overview = session.overview()
        self._progress = overview.progress
        return overview
