"""Microphone capture with PortAudio (sounddevice): any input device.

Shapes: n samples of each channel, C channels.
"""

from __future__ import annotations

import time
from functools import partial
from typing import Any

import numpy as np

from irec_live.devices import Device, ask, candidates, close_stream, hold_stream, open_first
from irec_live.errors import DeviceError
from irec_live.source.polling import RING_S, wait_for_samples
from irec_live.streaming.ring import Block, RingBuffer

_MOST_CHANNELS = 24
"""Sound servers claim 32 to 128 channels that do not exist; real interfaces seldom have more than 24 inputs."""

_STALL_S = 2.5
"""Without a callback for so long a device counts as lost; PulseAudio takes up to a second to deliver the first one."""


_ENOUGH_S = 0.015
"""One read waits for so much sound: PulseAudio delivers 17 ms at once, and whoever waits for 20 is given 35."""


class MicrophoneSource:
    """An audio source that captures an input device at its own sample rate and channel count.

    Parameters
    ----------
    device : str, optional
        Its name, part of it or its index; by default the computer's default input, and if that refuses, the others.
    hostapi : str, optional
        Prefer the device of that name on this host API.

    Attributes
    ----------
    device : Device
        The one in use.

    Raises
    ------
    DeviceError
        PortAudio is missing, there is no such device, or none can be opened.
    """

    def __init__(self, device: str | None = None, hostapi: str | None = None) -> None:
        self.device, self._stream = open_first(candidates("input", device, hostapi), self._open)
        self.sample_rate = round(self._stream.samplerate)
        self.channels = int(self._stream.channels)
        self._ring = RingBuffer(int(RING_S * self.sample_rate), self.channels)
        self._flagged = 0  # overflows that PortAudio reported
        self._finished = False
        self._closed = False
        self._last_written = 0
        self._last_change = time.monotonic()

    @property
    def name(self) -> str:
        """The device's name."""
        return self.device.name

    @property
    def latency_s(self) -> float:
        """The latency that PortAudio reports, plus one read."""
        return self._latency + _ENOUGH_S

    @property
    def overflows(self) -> int:
        """Times that PortAudio reported lost input, plus times that the ring buffer overflowed."""
        return self._flagged + self._ring.overflows

    @property
    def lost(self) -> bool:
        """Whether the stream ended by itself, or its callback is no longer called."""
        if self._closed:
            return False
        return self._finished or time.monotonic() - self._last_change > _STALL_S

    @property
    def ended(self) -> bool:
        """Never: a microphone has no end."""
        return False

    def start(self) -> None:
        """Begin to capture.

        Raises
        ------
        DeviceError
            The device refuses, or was stopped before.
        """
        if self._closed:
            raise DeviceError(f"the input '{self.name}' is closed; open it again")
        self._last_change = time.monotonic()
        try:
            ask(self._stream.start)
        except DeviceError:
            self.stop()
            raise
        except Exception as error:
            self.stop()
            raise DeviceError(f"the input '{self.name}' does not start: {error}") from error

    def stop(self) -> None:
        """Stop capturing and release the device."""
        if self._closed:
            return
        self._closed = True
        close_stream(self._stream)

    def read(self, timeout_s: float) -> tuple[Block, int]:
        """Wait for 15 ms of sound, at most `timeout_s`; see `AudioSource.read`."""
        wait_for_samples(self._ring, self.sample_rate, _ENOUGH_S, timeout_s, lambda: self._finished or self._closed)
        # NB: written by the callback, read here: one int, whole at any moment.
        written = self._ring.write_index
        if written != self._last_written:
            self._last_written = written
            self._last_change = time.monotonic()
        return self._ring.read()

    def _open(self, device: Device) -> Any:
        """Try the device's own channels and rate, then one channel, then 48 kHz."""
        channels = device.channels if device.channels <= _MOST_CHANNELS else 2
        reason = "unknown error"
        shapes = dict.fromkeys([(channels, device.sample_rate), (1, device.sample_rate), (channels, 48_000)])
        with hold_stream() as sd:
            for count, rate in shapes:
                opener = partial(
                    sd.RawInputStream,
                    device=device.index,
                    samplerate=rate,
                    channels=count,
                    dtype="float32",
                    # A large buffer in the driver: a Python callback may have to wait for the interpreter's lock (GIL).
                    latency="high",
                    callback=self._on_block,
                    finished_callback=self._on_finished,
                )
                try:
                    # On Linux a sound server may not answer; a stream that opens after the time-out is closed again.
                    stream = ask(opener, lambda late: late.close(ignore_errors=True))
                except (sd.PortAudioError, ValueError) as error:
                    reason = str(error)
                else:
                    self._latency = float(stream.latency)
                    return stream
            raise DeviceError(f"the input '{device.name}' cannot be opened: {reason}")

    def _on_block(self, indata: Any, frames: int, _time: Any, status: Any) -> None:
        # NB: PortAudio's thread. No allocation of samples, no lock, no log: two views and one copy into the ring.
        # Only this thread writes _flagged and the ring. PortAudio's "frames" are samples of each channel.
        if status.input_overflow:
            self._flagged += 1
        self._ring.write(np.frombuffer(indata, np.float32).reshape(frames, self.channels))

    def _on_finished(self) -> None:
        # NB: PortAudio's thread, also after an error such as an unplugged device. One flag, set once.
        self._finished = True
