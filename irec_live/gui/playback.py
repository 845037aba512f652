"""Playback controller: turns actions into calls of a file session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from irec_live.gui.actions import Actions

if TYPE_CHECKING:
    from irec_live.session import PlayableSession

_SHORTEST_LOOP_S = 0.25
"""Shorter loops are refused."""


class Playback(QObject):
    """Play, pause, seek and loop by actions and clicks. Does nothing while no file is open."""

    def __init__(self, actions: Actions, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._actions = actions
        self._session: PlayableSession | None = None
        self.selected: tuple[float, float] | None = None
        """What is repeated rather than the whole file."""
        actions.play.triggered.connect(self.play_or_pause)
        actions.to_start.triggered.connect(lambda: self.seek(0.0))
        actions.loop.triggered.connect(self.repeat)
        actions.loop_start.triggered.connect(self._loop_from_here)
        actions.loop_end.triggered.connect(self._loop_to_here)
        actions.skip_wanted.connect(self.skip)

    def attach(self, session: PlayableSession | None) -> None:
        """Control another session, or none."""
        self._session = session
        self._actions.enable_transport(session is not None)
        self._actions.loop.setChecked(session is not None and session.loop is not None)

    def play_or_pause(self) -> None:
        """Pause if it plays, else play."""
        if self._session is not None:
            if self._session.playing:
                self._session.pause()
            else:
                self._session.play()

    def seek(self, time_s: float) -> None:
        """Move the playhead."""
        if self._session is not None:
            self._session.seek(time_s)

    def skip(self, by_s: float) -> None:
        """Move the playhead by so many seconds."""
        if self._session is not None:
            self._session.seek(self._session.position_s + by_s)

    def set_loop(self, loop: tuple[float, float] | None) -> None:
        """Repeat a part, or nothing; a playhead outside moves to its start."""
        if self._session is None:
            return
        self._session.loop = loop
        self._actions.loop.setChecked(loop is not None)
        # A playhead behind the loop would never reach it.
        if loop is not None and not loop[0] <= self._session.position_s <= loop[1]:
            self._session.seek(loop[0])

    def repeat(self, on: bool) -> None:
        """Repeat what is selected, or the whole file; or stop repeating."""
        if self._session is not None:
            what = self.selected or (0.0, self._session.duration_s)
            self.set_loop(what if on and what[1] > 0 else None)

    def _loop_from_here(self) -> None:
        if self._session is not None:
            end_s = self._session.loop[1] if self._session.loop else self._session.duration_s
            self._set_valid(self._session.position_s, end_s)

    def _loop_to_here(self) -> None:
        if self._session is not None:
            start_s = self._session.loop[0] if self._session.loop else 0.0
            self._set_valid(start_s, self._session.position_s)

    def _set_valid(self, start_s: float, end_s: float) -> None:
        if end_s - start_s >= _SHORTEST_LOOP_S:
            self.set_loop((start_s, end_s))
