"""A stand-in for the `sounddevice` module: devices by table, streams whose callbacks the test drives itself."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt


class PortAudioError(Exception):
    """What sounddevice raises."""


def device(name: str, *, inputs: int = 0, outputs: int = 0, rate: float = 48_000.0) -> dict[str, Any]:
    """An entry of sounddevice's device table."""
    return {
        "name": name,
        "hostapi": 0,
        "max_input_channels": inputs,
        "max_output_channels": outputs,
        "default_samplerate": rate,
    }


class FakeStream:
    """A raw stream. `feed` and `pull` stand for the device's clock."""

    def __init__(self, sd: FakeSoundDevice, options: dict[str, Any]) -> None:
        self._sd = sd
        self.options = options
        self.samplerate = float(options["samplerate"])
        self.channels = options["channels"]
        self.latency = 0.01
        self.running = False
        self.closed = False
        self.time = 100.0

    def start(self) -> None:
        if self._sd.refuse_start:
            raise PortAudioError("Unanticipated host error")
        self.running = True

    def stop(self, ignore_errors: bool = True) -> None:
        self.running = False
        self.options["finished_callback"]()

    def close(self, ignore_errors: bool = True) -> None:
        self.running = False
        self.closed = True
        self.options["finished_callback"]()

    def vanish(self) -> None:
        """The device is unplugged."""
        self.running = False
        self.options["finished_callback"]()

    def feed(self, block: npt.NDArray[np.float32], *, overflow: bool = False) -> None:
        """Deliver input."""
        flags = SimpleNamespace(input_overflow=overflow)
        self.options["callback"](np.ascontiguousarray(block).tobytes(), len(block), SimpleNamespace(), flags)

    def pull(self, frames: int) -> npt.NDArray[np.float32]:
        """Take output, as heard one buffer (10 ms) from now; the clock moves on by its length."""
        buffer = bytearray(4 * frames * self.channels)
        times = SimpleNamespace(outputBufferDacTime=self.time + 0.01, currentTime=self.time)
        self.options["callback"](buffer, frames, times, SimpleNamespace())
        self.time += frames / self.samplerate
        return np.frombuffer(buffer, np.float32).reshape(frames, self.channels)


class FakeSoundDevice:
    """The module. Put it into ``sys.modules["sounddevice"]``."""

    PortAudioError = PortAudioError

    def __init__(self, *devices: dict[str, Any], default_input: int = 0, default_output: int = 0) -> None:
        self.devices = list(devices)
        self.defaults = {"input": default_input, "output": default_output}
        self.refused: set[str] = set()
        self.refuse_start = False
        self.streams: list[FakeStream] = []
        self.restarts = 0
        self.on_restart: Callable[[], None] = lambda: None

    def query_hostapis(self) -> tuple[dict[str, Any], ...]:
        return ({"name": "Fake API"},)

    def query_devices(self, kind: str | None = None) -> Any:
        if kind is None:
            return self.devices
        index = self.defaults[kind]
        if not 0 <= index < len(self.devices):
            raise PortAudioError("Error querying device -1")
        return {**self.devices[index], "index": index}

    def _open(self, **options: Any) -> FakeStream:
        name = self.devices[options["device"]]["name"]
        if name in self.refused:
            raise PortAudioError("Device unavailable")
        self.streams.append(FakeStream(self, options))
        return self.streams[-1]

    RawInputStream = _open
    RawOutputStream = _open

    def _terminate(self) -> None:
        self.restarts += 1
        self.on_restart()

    def _initialize(self) -> None:
        pass
