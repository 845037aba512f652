"""Polling bridge from a session to the views: a timer pulls the newest snapshot and emits it.

It asks for what is shown: the last seconds, or any span of the session. Nothing is pushed to the window and nothing
queues: when the window is late, snapshots in between are never made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QElapsedTimer, QObject, Qt, QTimer, Signal

from irec_live.errors import IrecError
from irec_live.gui.requests import as_playable
from irec_live.results import Overview, Snapshot

if TYPE_CHECKING:
    from irec_live.session import Session

FRAME_MS = 33
"""Interval between snapshots: thirty a second."""

_LOOK_MS = 5
"""How often a live session is asked whether there is new sound: a picture is made at once when there is."""

_LATE_MS = 16
"""Looks that come later tell of a machine with no time for more pictures."""

_SOONEST_MS = 12
"""Interval between two such pictures, at least: half a column of the spectrogram."""

_RESTING_MS = 500
"""The same while the window is minimised."""

_STILL_EVERY = 6
"""Ticks between two repaints of a picture that does not change."""

_OVERVIEW_EVERY = 6
"""Ticks between two overviews: five a second, since each walks through the whole file."""

_LIVE_OVERVIEW_EVERY = 30
"""The same of a live session: one a second, which is how often a session of minutes is longer by a pixel."""

_STEPS_A_SPAN = 1500
_MOST_TICKS = 6
"""A long span is drawn when it has moved by about a pixel, but five times a second at least: it has the level, too."""

_MOST_LONGER = 5
"""A session of hours is longer by a pixel only after several seconds; its events are to be seen sooner than that."""

_SETTLING = 8
"""Number of overviews pulled after the file is analysed or a threshold has moved; then nothing changes any more."""


class Bridge(QObject):
    """Polls a session while one is set. GUI thread only.

    Attributes
    ----------
    span_s : float
        Length of the span that is shown.
    end_s : float, or None
        Its end; None follows now (live) or the playhead (file).
    """

    snapshot_ready = Signal(object)
    """Carries a `Snapshot`."""
    overview_ready = Signal(object)
    """Carries an `Overview`."""
    moved = Signal(float, object)
    """Playhead in seconds and the loop or None, while a file is open."""
    failed = Signal(str)
    """One sentence."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session: Session | None = None
        self._last = Snapshot()
        self._ticks = 0
        self._progress = -1.0
        self._settling = _SETTLING
        self.span_s = 15.0
        self.end_s: float | None = None
        self._shown: tuple[float, float | None] | None = None  # span and end of the last picture
        self._timer = QTimer(self)
        # Qt's default, the coarse timer, may be 5 % off, which is visible as jerky scrolling.
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(FRAME_MS)
        self._timer.timeout.connect(self._look)
        self._resting = False
        self._heard_s = -1.0
        self._next_s = 0.0  # seconds of sound that the next column of the spectrogram needs
        self._since = QElapsedTimer()  # since the last picture
        self._since.start()
        self._looked = QElapsedTimer()  # since the last look
        self._looked.start()

    @property
    def session(self) -> Session | None:
        """The session that is polled."""
        return self._session

    def watch(self, session: Session | None) -> None:
        """Poll another session, or none, and follow it."""
        self._session = session
        self.end_s, self._shown = None, None
        self._last, self._ticks, self._progress, self._settling = Snapshot(), 0, -1.0, _SETTLING
        if session is None:
            self._timer.stop()
        else:
            self._pace()
            self._timer.start()

    def rest(self, resting: bool) -> None:
        """Poll only twice a second while the window is not visible."""
        self._resting = resting
        self._pace()

    def _pace(self) -> None:
        live = self._session is not None and self._session.kind == "live"
        interval = _RESTING_MS if self._resting else _LOOK_MS if live else FRAME_MS
        if interval != self._timer.interval():
            self._timer.setInterval(interval)

    def _look(self) -> None:
        """Tick if it is time to, or sooner if there is new sound."""
        passed_ms, heard_s = self._since.elapsed(), getattr(self._session, "time_s", self._heard_s)
        in_time = self._looked.restart() <= _LATE_MS
        wait_ms = FRAME_MS
        if in_time and heard_s != self._heard_s and self.end_s is None:
            # Sound that completes no column shows next to nothing, and the block that does is near.
            wait_ms = _SOONEST_MS if heard_s >= self._next_s else 2 * FRAME_MS
        if self._timer.interval() == _LOOK_MS and passed_ms < wait_ms:
            return
        self._heard_s = heard_s
        self._since.restart()
        self.tick()

    def refresh_overview(self) -> None:
        """Pull overviews for a while, because a threshold moved and the events of the whole file will change."""
        self._settling = _SETTLING

    def tick(self) -> None:
        """Pull one snapshot and emit it."""
        session = self._session
        if session is None:
            return
        self._ticks += 1
        try:
            snapshot = session.snapshot(self.span_s, self.end_s) if self._is_due() else None
            overview = self._pull_overview(session)
        except IrecError as error:
            self.watch(None)
            self.failed.emit(str(error))
            return
        playable = as_playable(session)
        if playable is not None:
            self.moved.emit(playable.position_s, playable.loop)
        if snapshot is not None:
            self._show(snapshot)
        if overview is not None:
            self.overview_ready.emit(overview)

    def _is_due(self) -> bool:
        """Whether to pull a snapshot: always of a short span, and at once where another one is to be shown."""
        every = min(_MOST_TICKS, max(1, int(1000 * self.span_s / _STEPS_A_SPAN / FRAME_MS)))
        return self._shown != (self.span_s, self.end_s) or self._ticks % every == 0

    def _show(self, snapshot: Snapshot) -> None:
        shown = (self.span_s, self.end_s)
        still = snapshot.state != "running" and snapshot.time_s == self._last.time_s and shown == self._shown
        if not still or snapshot.state != self._last.state or self._ticks % _STILL_EVERY == 0:
            self.snapshot_ready.emit(snapshot)
        self._last, self._shown = snapshot, shown
        centres_s = snapshot.spectrogram_times
        # A column ends half its length, which is one step, after its middle.
        self._next_s = float(3 * centres_s[-1] - 2 * centres_s[-2]) if len(centres_s) > 1 else 0.0

    def _pull_overview(self, session: Session) -> Overview | None:
        """An overview of a live session once a second; of a file on every sixth tick until it no longer changes."""
        live = session.kind == "live"
        longer = min(_MOST_LONGER, max(1, int(self._last.now_s / _STEPS_A_SPAN)))  # a pixel of it, in seconds
        # 1, so that the first tick of a session pulls an overview
        if self._ticks % (longer * _LIVE_OVERVIEW_EVERY if live else _OVERVIEW_EVERY) != 1:
            return None
        if not live and self._progress >= 1.0:
            self._settling -= 1
            if self._settling < 0:
                return None
        overview = session.overview()
        self._progress = overview.progress
        return overview
