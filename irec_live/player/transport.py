"""The transport protocol: play, pause, seek and loop, whether or not there is an output device."""

from __future__ import annotations

from typing import Protocol

Loop = tuple[float, float]
"""Start and end of the part that repeats, seconds; the start lies before the end. Infinity is the end of the file."""


class Transport(Protocol):
    """Controls of a playhead. Every method returns at once and may be called from any thread; times are seconds."""

    @property
    def position_s(self) -> float: ...

    @property
    def playing(self) -> bool: ...

    @property
    def ended(self) -> bool: ...

    @property
    def loop(self) -> Loop | None: ...

    @loop.setter
    def loop(self, value: Loop | None) -> None: ...

    def set_duration(self, duration_s: float) -> None: ...

    def play(self) -> None: ...

    def pause(self) -> None: ...

    def seek(self, time_s: float) -> None: ...

    def close(self) -> None: ...
