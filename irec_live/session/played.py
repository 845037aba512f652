"""What any session that is played has in common: playhead, corrections, thresholds."""

from __future__ import annotations

from dataclasses import replace

from irec_live.corrections import Corrections
from irec_live.player import Player
from irec_live.results import State
from irec_live.session.contract import SessionKind
from irec_live.streaming.decisions import Decisions


class PlayedSession:
    """Playback controls of a session over a file; derived classes set `_player` and have `decisions`."""

    _player: Player
    _corrections: Corrections = Corrections()

    @property
    def kind(self) -> SessionKind:
        """Always ``file``: it can be paused and seeked in."""
        return "file"

    @property
    def position_s(self) -> float:
        """The playhead."""
        return self._player.position_s

    @property
    def playing(self) -> bool:
        """Whether the playhead moves."""
        return self._player.playing

    @property
    def silent(self) -> bool:
        """Whether there is no output device in use."""
        return self._player.silent

    @property
    def decisions(self) -> Decisions:
        """What the user set about thresholds and durations."""
        raise NotImplementedError

    @decisions.setter
    def decisions(self, decisions: Decisions) -> None:
        raise NotImplementedError

    @property
    def threshold_offset(self) -> float:
        """What is added to every threshold."""
        return self.decisions.offset

    def set_threshold_offset(self, offset: float) -> None:
        """Move every threshold; the events of the whole file are found anew shortly after."""
        self.decisions = replace(self.decisions, offset=float(offset))

    @property
    def corrections(self) -> Corrections:
        """What a person set right; replaced whole, by one thread."""
        return self._corrections

    @corrections.setter
    def corrections(self, value: Corrections) -> None:
        self._corrections = value

    def play(self) -> None:
        """Start or resume, from the beginning if at the end."""
        self._player.play()

    def pause(self) -> None:
        """Hold the playhead."""
        self._player.pause()

    def seek(self, time_s: float) -> None:
        """Move the playhead; clipped to the file."""
        self._player.seek(time_s)

    def _played_state(self) -> State:
        return "running" if self._player.playing else "ended" if self._player.ended else "paused"
