"""Loopback capture: the computer's own sound, from PulseAudio's or PipeWire's monitor of a sink.

The monitor is read through ``parec``, the sound server's own recorder: a process of its own cannot take the app down
with it, ends by itself when the server does, needs no ALSA plug-in, and works the same on both servers.

The servers leave a recorder on the monitor it was started on, in silence, when the user chooses another output. So a
source of the default monitor watches the server, and starts another recorder there. And they move a recorder to another
microphone, without a word, when its own is unplugged. So a source of one that was named watches, too, and counts as
lost then.

Shapes: n samples, C channels.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
import time
from typing import IO

import numpy as np

from irec_live.devices import Device, list_microphones, list_monitors
from irec_live.errors import DeviceError
from irec_live.source.polling import READ_S, RING_S, wait_for_samples
from irec_live.streaming.ring import Block, RingBuffer

_LATENCY_MS = 25
_STOP_S = 1.0
_REMOVED = "'remove' on source #"
"""What ``pactl subscribe`` says of a device that was unplugged, with its number behind."""

_STALL_S = 3.0
"""Without a sample for so long a recorder that runs counts as stalled: PipeWire sends none while nothing plays, and a
server that hangs none at all."""


class LoopbackSource:
    """Sound from a source of the sound server: a monitor, or a microphone that was chosen by its own name.

    Parameters
    ----------
    device : Device
        With the sound server's address.
    follow : bool
        Whether to go along when the computer's default output becomes another one. Rate and channels stay: the server
        converts.

    Attributes
    ----------
    device : Device
        The one that is recorded now.

    Raises
    ------
    DeviceError
        ``parec`` is not installed.
    """

    def __init__(self, device: Device, *, follow: bool = False) -> None:
        command = shutil.which("parec")
        if command is None:
            raise DeviceError(
                "the computer's own sound is read with parec, which is not installed; "
                "on Debian or Ubuntu: sudo apt install pulseaudio-utils"
            )
        self.device = device
        self.sample_rate = device.sample_rate
        self.channels = min(device.channels, 8)
        self._follow = follow
        self._command = [
            command,
            "--raw",
            "--format=float32le",
            f"--rate={self.sample_rate}",
            f"--channels={self.channels}",
            f"--latency-msec={_LATENCY_MS}",
            "--client-name=irec-live",
        ]
        self._ring = RingBuffer(int(RING_S * self.sample_rate), self.channels)
        # Guards the processes: the reader, the watcher and whoever stops us take them from each other.
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._next: IO[bytes] | None = None
        self._events: subprocess.Popen[str] | None = None
        self._watcher: threading.Thread | None = None
        self._reader: threading.Thread | None = None
        self._finished = False
        self._closed = False
        self._last_change = time.monotonic()

    @property
    def name(self) -> str:
        """The monitor's name."""
        return self.device.name

    @property
    def latency_s(self) -> float:
        """Requested latency of the sound server plus one read, in seconds."""
        return _LATENCY_MS / 1000 + READ_S

    @property
    def overflows(self) -> int:
        """Times that the ring buffer lost samples."""
        return self._ring.overflows

    @property
    def lost(self) -> bool:
        """Whether the sound server went away."""
        return self._finished and not self._closed

    @property
    def stalled(self) -> bool:
        """Whether nothing arrives although all is well: then time is to go on in silence."""
        return not (self._finished or self._closed) and time.monotonic() - self._last_change > _STALL_S

    @property
    def ended(self) -> bool:
        """Never: the computer may play again."""
        return False

    def start(self) -> None:
        """Begin to record.

        Raises
        ------
        DeviceError
            ``parec`` does not start, or the source was stopped before.
        """
        if self._closed:
            raise DeviceError(f"the input '{self.name}' is closed; open it again")
        self._last_change = time.monotonic()
        self._process, pipe = self._record(self.device)
        self._reader = threading.Thread(target=self._pump, args=(pipe,), name="irec-loopback", daemon=True)
        self._reader.start()
        self._watcher = threading.Thread(target=self._watch, name="irec-sound-server", daemon=True)
        self._watcher.start()

    def stop(self) -> None:
        """Stop recording."""
        with self._lock:
            self._closed = True
            process, self._process = self._process, None
            events, self._events = self._events, None
        if process is not None:
            process.kill()  # it has nothing to save, and a kill cannot hang
            process.wait(_STOP_S)
        if events is not None:
            events.kill()
            events.wait(_STOP_S)
        for thread in (self._reader, self._watcher):
            if thread is not None:
                thread.join(_STOP_S)
        self._reader = self._watcher = None

    def read(self, timeout_s: float) -> tuple[Block, int]:
        """Wait for 20 ms of sound, at most `timeout_s`; see `AudioSource.read`."""
        wait_for_samples(self._ring, self.sample_rate, READ_S, timeout_s, lambda: self._finished or self._closed)
        block, index = self._ring.read()
        if len(block):
            self._last_change = time.monotonic()
        return block, index

    def _record(self, device: Device) -> tuple[subprocess.Popen[bytes], IO[bytes]]:
        """Start a recorder of a monitor; the process, and what it writes."""
        try:
            process = subprocess.Popen(
                [*self._command, f"--device={device.address}"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                bufsize=0,
            )
        except OSError as error:
            raise DeviceError(f"parec does not start: {error.strerror or error}") from error
        if process.stdout is None:  # only without stdout=PIPE
            raise DeviceError("parec gives no output")
        return process, process.stdout

    def _watch(self) -> None:
        """Follow the default output, or see that the device goes. Own thread, until the server goes away or `stop`."""
        try:
            events = subprocess.Popen(
                ["pactl", "subscribe"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                errors="replace",
                env=os.environ | {"LC_ALL": "C"},  # it speaks the user's language otherwise
            )
        except OSError:  # without pactl there would be no monitor to begin with
            return
        with self._lock:
            closed = self._closed
            self._events = None if closed else events
        if closed:
            events.kill()
        if events.stdout is None:
            return
        told, react = ("'change' on server", self._go_along) if self._follow else (_REMOVED, self._let_go)
        with events.stdout as lines:
            react()  # it may have happened since the device was chosen
            for line in lines:
                if told in line:
                    react()
        events.wait(_STOP_S)

    def _let_go(self) -> None:
        """Stop the recorder if its device is gone: from now on the server would record another one."""
        try:
            there = {device.address for device in (*list_microphones(), *list_monitors())}
        except DeviceError:  # the server is gone, or going; the reader will notice
            return
        if not there or self.device.address in there:
            return
        with self._lock:
            process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait(_STOP_S)

    def _go_along(self) -> None:
        """Record the default output's monitor from now on, if that is another one."""
        try:
            found = next((device for device in list_monitors() if device.is_default), None)
            if found is None or found.address == self.device.address:
                return
            process, pipe = self._record(found)
        except DeviceError:  # the server is gone, or going; the reader will notice
            return
        with self._lock:
            former = self._process
            if self._closed or self._finished or former is None:
                former = process
            else:
                self._process, self._next, self.device = process, pipe, found
        former.kill()
        former.wait(_STOP_S)

    def _pump(self, pipe: IO[bytes]) -> None:
        """Copy one recorder's pipe after the other into the ring buffer. Own thread, the ring's one writer."""
        following: IO[bytes] | None = pipe
        while following is not None:
            self._copy(following)
            with self._lock:
                following, self._next = self._next, None
                # NB: one flag, set once, after the last write.
                self._finished = following is None

    def _copy(self, pipe: IO[bytes]) -> None:
        stride = 4 * self.channels  # bytes from one sample of a channel to the next
        store = bytearray(256 * stride)
        kept = 0  # bytes of which some channels are still missing
        with pipe:
            while True:
                count = pipe.readinto(memoryview(store)[kept:])  # type: ignore[attr-defined]
                if not count:
                    break
                filled = kept + count
                whole = filled - filled % stride
                samples = np.frombuffer(store, np.float32, whole // 4)
                self._ring.write(samples.reshape(-1, self.channels))
                kept = filled - whole
                store[:kept] = store[whole:filled]
