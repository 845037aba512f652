"""File playback. The output stream's clock moves the playhead; without an output device, the computer's clock does."""

from __future__ import annotations

import os
import threading
import time

from irec_live.devices import refresh
from irec_live.errors import IrecError
from irec_live.player.clock import SilentClock
from irec_live.player.speaker import Speaker
from irec_live.player.transport import Loop, Transport

__all__ = ["Loop", "Player", "SilentClock", "Speaker", "Transport"]

_RETRY_S = 2.0
"""Shortest time between two attempts to find an output device: opening one may take a second."""


class Player:
    """Playback of one file: audible if an output device can be opened, otherwise silent, which it reports.

    Every method returns at once and may be called from any thread. Times are seconds in the file.

    Parameters
    ----------
    path : str or path-like
        The file.
    duration_s : float or None
        Its length, if known.
    audible : bool
        Whether to look for an output device at all.
    track : int, optional
        Which sound track of a video, from 1 on; its default one if not given.

    Attributes
    ----------
    message : str
        One sentence on why it is silent, else empty.

    Raises
    ------
    MediaError
        The file cannot be decoded.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        duration_s: float | None,
        *,
        audible: bool = True,
        track: int | None = None,
    ) -> None:
        self._path = path
        self._track = track
        self._duration_s = duration_s
        self._audible = audible
        self._lock = threading.RLock()
        self._closed = False
        self._tried_at = time.monotonic()  # last attempt to open an output device
        self.message = "" if audible else "playing without sound"
        # NB: replaced under the lock, read without it: one reference, so a reader gets the old or the new transport.
        self._transport: Transport = SilentClock(duration_s)
        if audible:
            try:
                self._transport = Speaker(path, self._switch_to_clock, track=track)
            except IrecError as error:
                self.message = f"playing without sound: {error}"

    @property
    def silent(self) -> bool:
        """Whether there is no output device in use."""
        return not isinstance(self._transport, Speaker)

    @property
    def playing(self) -> bool:
        """Whether the playhead moves."""
        return self._transport.playing

    @property
    def ended(self) -> bool:
        """Whether the playhead has reached the end."""
        return self._transport.ended

    @property
    def position_s(self) -> float:
        """The playhead."""
        position = self._transport.position_s
        return position if self._duration_s is None else min(position, self._duration_s)

    @property
    def loop(self) -> Loop | None:
        """The part that repeats."""
        return self._transport.loop

    @loop.setter
    def loop(self, value: Loop | None) -> None:
        if value is not None and not 0 <= value[0] < value[1]:
            raise ValueError(f"a loop runs from its start to a later end, not from {value[0]} to {value[1]} s")
        with self._lock:
            self._transport.loop = value

    def set_duration(self, duration_s: float) -> None:
        """Set the length of the file, in seconds, once it is known."""
        with self._lock:
            self._duration_s = duration_s
            loop = self._transport.loop
            if loop is not None and loop[0] >= duration_s:  # nothing is left of it
                self._transport.loop = None
            self._transport.set_duration(duration_s)

    def play(self) -> None:
        """Start or resume, from the beginning if at the end. Looks for a lost output device again."""
        with self._lock:
            if self._closed:
                return
            self._transport.play()
            if self._audible and self.silent and time.monotonic() - self._tried_at > _RETRY_S:
                self._tried_at = time.monotonic()
                threading.Thread(target=self._retry_output, name="irec-find-output", daemon=True).start()

    def pause(self) -> None:
        """Hold the playhead."""
        with self._lock:
            self._transport.pause()

    def seek(self, time_s: float) -> None:
        """Move the playhead; clipped to the file."""
        with self._lock:
            time_s = max(0.0, time_s)
            self._transport.seek(time_s if self._duration_s is None else min(time_s, self._duration_s))

    def close(self) -> None:
        """Stop and release the device; may be called twice."""
        with self._lock:
            self._closed = True
            transport = self._transport
        # Not under the lock: the speaker's thread may be about to report a loss, which takes it.
        transport.close()

    def _switch_to_clock(self, reason: str) -> None:
        """Continue silently from where the speaker stopped. Called on the speaker's thread."""
        with self._lock:
            speaker = self._transport
            clock = SilentClock(self._duration_s, speaker.position_s)
            self._take_over(speaker, clock)
            self._tried_at = time.monotonic()
            self.message = f"playing without sound: {reason}"

    def _retry_output(self) -> None:
        """Try to open an output device again. On a thread of its own, since opening takes a while."""
        try:
            refresh()
            speaker = Speaker(self._path, self._switch_to_clock, track=self._track)
        except IrecError as error:
            self.message = f"playing without sound: {error}"
            return
        with self._lock:
            # Meanwhile the player may have been closed, or another attempt may have succeeded.
            if self._closed or not self.silent:
                unwanted: Transport = speaker
            else:
                unwanted = self._transport
                speaker.seek(unwanted.position_s)
                self._take_over(unwanted, speaker)
                self.message = ""
        unwanted.close()  # not under the lock, as in `close`

    def _take_over(self, old: Transport, new: Transport) -> None:
        """Continue with another transport in the state of the old one. With the lock held."""
        if old.loop is not None:
            new.loop = old.loop
        if old.playing:
            new.play()
        self._transport = new
