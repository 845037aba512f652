"""Silent playback: a playhead that moves by the computer's monotonic clock, used without an output device."""

from __future__ import annotations

import math
import threading
import time

from irec_live.player.transport import Loop


class SilentClock:
    """A transport without sound.

    Parameters
    ----------
    duration_s : float or None
        Where it stops; None while the length is not known.
    position_s : float
        Where it starts, paused.

    Examples
    --------
    >>> clock = SilentClock(10.0)
    >>> clock.seek(12.0)
    >>> clock.position_s, clock.playing
    (10.0, False)
    """

    def __init__(self, duration_s: float | None, position_s: float = 0.0) -> None:
        self._lock = threading.Lock()
        self._duration_s = math.inf if duration_s is None else duration_s
        self._base_s = position_s
        self._since: float | None = None  # monotonic seconds at `_base_s`; None while paused
        self._loop: Loop | None = None

    @property
    def position_s(self) -> float:
        """Where the playhead is."""
        with self._lock:
            self._settle()
            return self._base_s

    @property
    def playing(self) -> bool:
        """Whether it moves."""
        with self._lock:
            self._settle()
            return self._since is not None

    @property
    def ended(self) -> bool:
        """Whether it has reached the end."""
        with self._lock:
            self._settle()
            return self._since is None and self._base_s >= self._duration_s

    @property
    def loop(self) -> Loop | None:
        """The part that repeats."""
        return self._loop

    @loop.setter
    def loop(self, value: Loop | None) -> None:
        with self._lock:
            self._settle()
            self._loop = value

    def set_duration(self, duration_s: float) -> None:
        """Set the length of the file, once it is known."""
        with self._lock:
            self._settle()
            self._duration_s = duration_s
            self._base_s = min(self._base_s, duration_s)

    def play(self) -> None:
        """Start or resume, from the beginning if at the end."""
        with self._lock:
            self._settle()
            if self._since is None:
                if self._base_s >= self._duration_s:
                    self._base_s = 0.0
                self._since = time.monotonic()

    def pause(self) -> None:
        """Hold the playhead."""
        with self._lock:
            self._settle()
            self._since = None

    def seek(self, time_s: float) -> None:
        """Move the playhead."""
        with self._lock:
            self._settle()
            self._base_s = min(max(0.0, time_s), self._duration_s)

    def close(self) -> None:
        """Stop for good."""
        self.pause()

    def _settle(self) -> None:
        """Move `_base_s` to the present. With the lock held."""
        if self._since is None:
            return
        now = time.monotonic()
        before, self._base_s = self._base_s, self._base_s + now - self._since
        self._since = now
        if self._loop is not None:
            start, end = self._loop[0], min(self._loop[1], self._duration_s)
            if start < end and before < end <= self._base_s:
                # Modulo, because nobody may have asked for longer than one round.
                self._base_s = start + (self._base_s - start) % (end - start)
        if self._base_s >= self._duration_s:
            self._base_s = self._duration_s
            self._since = None
