"""What the computer itself is playing, from PulseAudio's or PipeWire's monitor of a sink.

The monitor is read through ``parec``, the sound server's own recorder: a process of its own cannot take the app down
with it, ends by itself when the server does, needs no ALSA plug-in, and works the same on both servers.

Shapes: n frames, C channels.
"""

from __future__ import annotations

import shutil
import subprocess
import threading
from typing import IO

import numpy as np

from irec_live.devices import DEFAULT_MONITOR, Device
from irec_live.errors import DeviceError
from irec_live.source.waiting import READ_S, RING_S, wait_for_frames
from irec_live.streaming.ring import Block, RingBuffer

_LATENCY_MS = 25
_STOP_S = 1.0


class LoopbackSource:
    """Sound from a monitor.

    Parameters
    ----------
    device : Device
        Of kind ``loopback``, with the sound server's address; the default one follows the computer's default sink.

    Raises
    ------
    DeviceError
        ``parec`` is not installed.
    """

    def __init__(self, device: Device) -> None:
        command = shutil.which("parec")
        if command is None:
            raise DeviceError(
                "the computer's own sound is read with parec, which is not installed; "
                "on Debian or Ubuntu: sudo apt install pulseaudio-utils"
            )
        self.device = device
        self.sample_rate = device.sample_rate
        self.channels = min(device.channels, 8)
        self._command = [
            command,
            "--raw",
            f"--device={DEFAULT_MONITOR if device.is_default else device.address}",
            "--format=float32le",
            f"--rate={self.sample_rate}",
            f"--channels={self.channels}",
            f"--latency-msec={_LATENCY_MS}",
            "--client-name=irec-live",
        ]
        self._ring = RingBuffer(int(RING_S * self.sample_rate), self.channels)
        self._process: subprocess.Popen[bytes] | None = None
        self._reader: threading.Thread | None = None
        self._finished = False
        self._closed = False

    @property
    def name(self) -> str:
        """The monitor's name."""
        return self.device.name

    @property
    def latency_s(self) -> float:
        """What the sound server was asked for, and one read."""
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
        try:
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0
            )
        except OSError as error:
            raise DeviceError(f"parec does not start: {error.strerror or error}") from error
        pipe = self._process.stdout
        if pipe is None:  # only if Popen was not asked for one
            raise DeviceError("parec gives no output")
        self._reader = threading.Thread(target=self._pump, args=(pipe,), name="irec-loopback", daemon=True)
        self._reader.start()

    def stop(self) -> None:
        """Stop recording."""
        self._closed = True
        process, self._process = self._process, None
        if process is not None:
            process.kill()  # it has nothing to save, and a kill cannot hang
            process.wait(_STOP_S)
        if self._reader is not None:
            self._reader.join(_STOP_S)
            self._reader = None

    def read(self, timeout_s: float) -> tuple[Block, int]:
        """Wait for 20 ms of sound, at most `timeout_s`; see `AudioSource.read`."""
        wait_for_frames(self._ring, round(READ_S * self.sample_rate), timeout_s, lambda: self._finished or self._closed)
        return self._ring.read()

    def _pump(self, pipe: IO[bytes]) -> None:
        """Copy the pipe into the ring buffer until it ends. Own thread, the ring's one writer."""
        frame_bytes = 4 * self.channels
        store = bytearray(256 * frame_bytes)
        kept = 0  # bytes of a frame that is not whole yet
        with pipe:
            while True:
                count = pipe.readinto(memoryview(store)[kept:])  # type: ignore[attr-defined]
                if not count:
                    break
                filled = kept + count
                whole = filled - filled % frame_bytes
                samples = np.frombuffer(store, np.float32, whole // 4)
                self._ring.write(samples.reshape(-1, self.channels))
                kept = filled - whole
                store[:kept] = store[whole:filled]
        # NB: one flag, set once, after the last write.
        self._finished = True
