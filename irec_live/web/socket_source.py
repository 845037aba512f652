"""Audio source over a socket: PCM that somebody sends, block by block.

Shapes: n samples of each channel, C channels.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Literal

import numpy as np

from irec_live.streaming.ring import Block

SampleFormat = Literal["f32", "s16"]

BUFFER_S = 2.0
"""Seconds of sound that may wait; then nothing more is taken from the socket."""

_BLOCK_S = 0.1  # read at once: so few windows never wait together, and none is skipped
_AHEAD_S, _FASTEST = 30.0, 4.0
"""What is sent faster than it sounds, a file, is read at most so many times as fast, after the first seconds."""

_TYPES: dict[SampleFormat, np.dtype[np.generic]] = {"f32": np.dtype("<f4"), "s16": np.dtype("<i2")}
_S16_SCALE = np.float32(1 / 32768)


class SocketSource:
    """PCM from a socket as a source for the engine.

    `feed` and `end` belong to the thread that reads the socket, `read` to the engine's.

    Parameters
    ----------
    sample_rate : int
        Hz.
    channels : int
        C.
    form : {"f32", "s16"}
        Samples: little-endian floats, nominally -1 to 1, or 16-bit integers; channels interleaved.
    on_room : callable
        Called, on the engine's thread, when there is room again after `is_full`.
    name : str
        Shown to users.
    """

    def __init__(
        self, sample_rate: int, channels: int, form: SampleFormat, on_room: Callable[[], None], name: str = "stream"
    ) -> None:
        self.name = name
        self.sample_rate, self.channels = sample_rate, channels
        self.latency_s = _BLOCK_S
        self.overflows = 0
        self.lost = False
        self._type, self._on_room = _TYPES[form], on_room
        self._stride = self._type.itemsize * channels  # bytes from one sample of a channel to the next
        self._parts: deque[bytes] = deque()
        self._waiting = 0  # bytes in them
        self._position = 0
        self._ended = False
        self._changed = threading.Condition()
        self._began = time.monotonic()

    @property
    def ended(self) -> bool:
        """Whether no more will come and everything has been read."""
        return self._ended and self._waiting < self._stride

    @property
    def is_full(self) -> bool:
        """Whether as much waits as may."""
        return self._waiting >= BUFFER_S * self.sample_rate * self._stride

    def feed(self, data: bytes) -> None:
        """Take what was sent.

        Raises
        ------
        ValueError
            It is not a whole number of samples of each channel.
        """
        if len(data) % self._stride:
            raise ValueError(
                f"a message of {len(data)} bytes does not hold as many samples of each channel; "
                f"{self._stride} bytes hold one"
            )
        with self._changed:
            if data:
                self._parts.append(data)
                self._waiting += len(data)
            self._changed.notify_all()

    def end(self) -> None:
        """No more will come."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def start(self) -> None:
        """Nothing to do."""

    def stop(self) -> None:
        """Forget what waits."""
        with self._changed:
            self._ended = True
            self._parts.clear()
            self._waiting = 0
            self._changed.notify_all()

    def read(self, timeout_s: float) -> tuple[Block, int]:
        """Wait for the next block; see `AudioSource.read`."""
        index = self._position
        with self._changed:
            allowed_s = _AHEAD_S + _FASTEST * (time.monotonic() - self._began)
            if index > allowed_s * self.sample_rate:
                self._changed.wait(timeout_s)
                return np.zeros((0, self.channels), np.float32), index
            if not self._waiting and not self._ended:
                self._changed.wait(timeout_s)
            was_full = self.is_full
            data = self._take(round(_BLOCK_S * self.sample_rate) * self._stride)
            has_room = was_full and not self.is_full
        if has_room:
            self._on_room()
        samples = np.frombuffer(data, self._type).reshape(-1, self.channels)
        block: Block = samples.astype(np.float32) * (_S16_SCALE if self._type.kind == "i" else np.float32(1.0))
        self._position = index + len(block)
        return block, index

    def _take(self, most: int) -> bytes:
        """Up to so many bytes of what waits."""
        taken: list[bytes] = []
        left = most
        while left and self._parts:
            part = self._parts.popleft()
            if len(part) > left:
                self._parts.appendleft(part[left:])
                part = part[:left]
            taken.append(part)
            left -= len(part)
        self._waiting -= most - left
        return b"".join(taken)
