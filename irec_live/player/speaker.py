"""Audio output with PortAudio (sounddevice); the stream's clock moves the playhead.

::

    feeder thread: decode, loop, resample --> slots --> PortAudio callback: copy
                        ^                                        |
    seek, loop, rest ---+              position_s <-- stamp: what plays at which stream time

The callback takes no lock and decodes nothing. A seek starts a new generation of slots; older ones are skipped.

Shapes: n samples of each channel, C channels.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from irec_live.devices import Device, ask, candidates, close_stream, hold_stream, open_first
from irec_live.errors import DeviceError, IrecError
from irec_live.player.reader import PlaybackReader
from irec_live.player.transport import Loop
from irec_live.streaming.ring import Block

_LATENCY_S = 0.2
"""Requested of the device: a Python callback may have to wait for the interpreter's lock (GIL)."""

_SLOT_SAMPLES = 1024
_SLOTS = 48  # one second ahead at 48 kHz
_FEED_S = 0.02  # between two looks for free slots while playing: one slot lasts 21 ms at 48 kHz
_IDLE_S = 0.5  # the same while paused; commands wake the feeder at once
_REST_S = 5.0
"""Seconds of pause after which the stream is stopped, so that the device may sleep."""
_STALL_S = 3.0
"""Seconds without a callback after which a device counts as lost."""
_JOIN_S = 1.0


@dataclass(slots=True)
class _Slot:
    """A block that waits to be played: `length` samples of each channel, from `start_s` in the file."""

    samples: Block
    length: int = 0
    start_s: float = 0.0
    generation: int = -1
    last: bool = False


@dataclass(frozen=True, slots=True)
class _Stamp:
    """At stream time `dac_time` the device plays the file from `start_s` on, for `length_s`; all in seconds."""

    generation: int
    start_s: float
    dac_time: float
    length_s: float


class Speaker:
    """A transport that plays on an output device.

    Parameters
    ----------
    path : str or path-like
        The file.
    on_lost : callable
        Called once with one sentence, on the feeder's thread, when the device is lost or the file cannot be read on.
    position_s : float
        Where to start, paused.

    Raises
    ------
    DeviceError
        There is no output device that can be opened.
    MediaError
        The file cannot be decoded.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        on_lost: Callable[[str], None],
        position_s: float = 0.0,
        *,
        track: int | None = None,
    ) -> None:
        self._on_lost = on_lost
        self._device, self._stream = open_first(candidates("output"), self._open)
        self._rate = round(self._stream.samplerate)
        self._channels = int(self._stream.channels)
        try:
            self._reader = PlaybackReader(path, self._rate, self._channels, track)
        except IrecError:
            close_stream(self._stream)
            raise
        self._slots = [_Slot(np.zeros((_SLOT_SAMPLES, self._channels), np.float32)) for _ in range(_SLOTS)]
        # NB: each of these has one writing thread and is replaced whole. Feeder: _filled. Callback: _taken, _offset,
        # _stamp, _ended_generation, _callbacks, _stream_finished. Callers, under _wake: the rest.
        self._filled = self._taken = self._offset = self._callbacks = 0
        self._ended_generation = -1
        self._stamp: _Stamp | None = None
        self._stream_finished = False
        self._wake = threading.Condition()
        self._generation = 0
        self._target_s = self._held_s = position_s
        self._sounding = False
        self._loop: Loop | None = None
        self._closed = False
        self._running = False  # with the next three: the feeder's own
        self._last_callbacks = 0
        self._called_at = self._needed_at = 0.0
        self._thread = threading.Thread(target=self._feed, name="irec-speaker", daemon=True)
        self._thread.start()

    @property
    def name(self) -> str:
        """The device's name."""
        return self._device.name

    @property
    def position_s(self) -> float:
        """What the device plays now, by the stream's clock."""
        with self._wake:
            return self._position() if self._sounding else self._held_s

    @property
    def playing(self) -> bool:
        """Whether sound comes out."""
        return self._sounding and not self.ended

    @property
    def ended(self) -> bool:
        """Whether the callback has taken the end of the file."""
        return self._ended_generation == self._generation

    @property
    def loop(self) -> Loop | None:
        """The part that repeats."""
        return self._loop

    @loop.setter
    def loop(self, value: Loop | None) -> None:
        with self._wake:
            position = self._position() if self._sounding else self._held_s
            self._loop = value
            self._jump(position)  # what waits in the slots follows the old loop

    def set_duration(self, duration_s: float) -> None:
        """Nothing to do: the reader finds the end by itself."""

    def play(self) -> None:
        """Start or resume, from the beginning if at the end."""
        with self._wake:
            if self.ended:
                self._jump(0.0)
            self._sounding = True
            self._wake.notify_all()

    def pause(self) -> None:
        """Hold the playhead and play silence."""
        with self._wake:
            if self._sounding:
                self._held_s = self._position()
                self._sounding = False

    def seek(self, time_s: float) -> None:
        """Move the playhead."""
        with self._wake:
            self._jump(max(0.0, time_s))

    def close(self) -> None:
        """Stop and release the device."""
        with self._wake:
            self._closed = True
            self._wake.notify_all()
        if self._thread is not threading.current_thread():  # `on_lost` may close us; a thread cannot join itself
            self._thread.join(_JOIN_S)

    def _jump(self, time_s: float) -> None:
        """Begin a new generation at `time_s`; playback that had ended stays paused. With the lock held."""
        self._sounding = self._sounding and not self.ended
        self._target_s = self._held_s = time_s
        self._generation += 1
        self._wake.notify_all()

    def _position(self) -> float:
        # NB: one reference, so the stamp is whole; an old generation means that the seek is not audible yet.
        stamp = self._stamp
        if stamp is None or stamp.generation != self._generation:
            return self._target_s
        played_s = stamp.length_s  # not beyond what was handed over
        if not self._stream_finished:
            played_s = min(played_s, float(self._stream.time) - stamp.dac_time)
        position = stamp.start_s + played_s
        if self._loop is None:
            # Sound servers correct their estimate of the latency now and then; the playhead waits, never goes back.
            position = max(position, self._target_s)
            self._target_s = position
        return max(0.0, position)

    def _open(self, device: Device) -> Any:
        with hold_stream() as sd:
            opener = partial(
                sd.RawOutputStream,
                device=device.index,
                samplerate=device.sample_rate,
                channels=min(2, device.channels),
                dtype="float32",
                latency=_LATENCY_S,
                callback=self._on_block,
                finished_callback=self._on_finished,
            )
            try:
                return ask(opener, lambda late: late.close(ignore_errors=True))
            except (sd.PortAudioError, ValueError) as error:
                raise DeviceError(f"the output '{device.name}' cannot be opened: {error}") from error

    def _on_block(self, outdata: Any, frames: int, times: Any, _status: Any) -> None:
        # NB: PortAudio's thread: copies from memory allocated before, takes no lock. Its "frames" are samples of each
        # channel.
        self._callbacks += 1
        out = np.frombuffer(outdata, np.float32).reshape(frames, self._channels)
        generation = self._generation  # NB: read once; a seek during this callback counts from the next one on
        done = 0
        start_s = 0.0
        while self._sounding and done < frames and self._taken < self._filled:
            slot = self._slots[self._taken % _SLOTS]
            if slot.generation == generation:
                if not done:
                    start_s = slot.start_s + self._offset / self._rate
                count = min(frames - done, slot.length - self._offset)
                out[done : done + count] = slot.samples[self._offset : self._offset + count]
                done += count
                self._offset += count
                if self._offset < slot.length:
                    break
                if slot.last:
                    self._ended_generation = generation
            self._offset = 0
            self._taken += 1  # NB: after all else: from here on the slot belongs to the feeder
        out[done:] = 0.0
        if done:
            # Some host APIs leave outputBufferDacTime at 0.
            dac_time = times.outputBufferDacTime or times.currentTime + self._stream.latency
            self._stamp = _Stamp(generation, start_s, dac_time, done / self._rate)

    def _on_finished(self) -> None:
        # NB: PortAudio's thread, also after an error such as an unplugged device. One flag, set once.
        self._stream_finished = True

    def _feed(self) -> None:
        """Keep the slots full until closed or lost. Own thread, and the only one that starts and stops the stream."""
        lost = ""
        try:
            self._feed_until_closed()
        except IrecError as error:
            lost = str(error)
        except Exception as error:  # noqa: BLE001 - from PortAudio or a decoder; the user must learn of it
            lost = f"playing stopped: {error}"
        finally:
            with self._wake:
                self._held_s = self._position() if self._sounding else self._held_s
                self._stream_finished = True  # from here on `_position` does not ask the closed stream for its time
            close_stream(self._stream)
            self._reader.close()
        if lost and not self._closed:
            self._on_lost(lost)

    def _feed_until_closed(self) -> None:
        generation = -1
        pending = np.zeros((0, self._channels), np.float32)
        start_s, last = 0.0, False
        while True:
            with self._wake:
                full = self._filled - self._taken >= _SLOTS
                idle = full or (last and not len(pending))
                if idle and generation == self._generation and not self._closed:
                    self._wake.wait(_FEED_S if self._sounding else _IDLE_S)
                if self._closed:
                    return
                wanted, target_s, loop, sounding = self._generation, self._target_s, self._loop, self._sounding
            # Outside the lock: starting and stopping a stream may block, and callers must return at once.
            self._manage_stream(sounding)
            if wanted != generation:
                self._reader.seek(target_s)
                generation, pending, last = wanted, pending[:0], False
            if self._filled - self._taken >= _SLOTS:
                continue
            if not len(pending) and not last:
                pending, start_s, last = self._reader.read(loop)
            if len(pending) or last:
                taken = self._fill(pending, start_s, generation, last)
                pending = pending[taken:]
                start_s += taken / self._rate

    def _manage_stream(self, sounding: bool) -> None:
        """Start the stream when it is needed, stop it after a long pause, and detect its loss."""
        now = time.monotonic()
        if sounding:
            self._needed_at = now
        if self._running:
            if self._callbacks != self._last_callbacks:
                self._last_callbacks, self._called_at = self._callbacks, now
            if self._stream_finished or now - self._called_at > _STALL_S:
                raise DeviceError(f"the sound output '{self.name}' went away")
            if now - self._needed_at > _REST_S:
                self._running = False
                ask(lambda: self._stream.stop(ignore_errors=True))
        elif sounding:
            self._stream_finished = False
            ask(self._stream.start)
            self._running, self._called_at = True, now

    def _fill(self, block: Block, start_s: float, generation: int, last: bool) -> int:
        """Copy the beginning of a block to the next slot; return how many samples of each channel fitted."""
        slot = self._slots[self._filled % _SLOTS]
        slot.length = min(len(block), _SLOT_SAMPLES)
        slot.samples[: slot.length] = block[: slot.length]
        slot.start_s = start_s
        slot.generation = generation
        slot.last = last and slot.length == len(block)
        self._filled += 1  # NB: after all else: from here on the slot belongs to the callback
        return slot.length
