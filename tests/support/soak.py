"""Listening for very long: hours of sound through the real engine, and minutes in real time on a machine that is busy.

    python tests/support/soak.py sound --hours 24
    python tests/support/soak.py busy --minutes 60

`sound` runs faster than real time: random block sizes, silences, level jumps, lost samples, and a device that is lost
and comes back at another rate, while results are kept as those of the window are, older ones on the disk, and looked
at. Every row is counted, rows drawn at random are compared with the networks run on that window alone, and the growth
of memory is stated: of what the process has of the system, and of what it asked its allocator for, which tells a leak
from memory in pieces. Ctrl-C ends it early, with all that. `busy` listens to a virtual microphone while others keep
every core busy. Either ends with status 1 when something was wrong.

Shapes: n samples in a block, K labels.
"""

from __future__ import annotations

import ctypes
import math
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import click
import numpy as np
import soundfile
import soxr
from virtual_sound import VirtualSound, missing_programs

import tiny_models
from irec_live.models.detector import Detector
from irec_live.streaming import engine as engine_module
from irec_live.streaming.engine import Engine
from irec_live.streaming.history_file import HistoryFile
from irec_live.streaming.model_stream import WindowPredictor
from irec_live.streaming.overlap_add import hann_taper
from irec_live.streaming.pipeline import SILENCE_DB, Pipeline, PipelineStep
from irec_live.streaming.resample import QUALITY

RATE = tiny_models.SAMPLE_RATE
SCENE_S = 4
"""Seconds after which the sound becomes another."""
LONGEST_BRIDGE_S = 1.0
"""Lost samples up to this are silence; see `irec_live.streaming.pipeline`."""
TOLERANCE = 2e-4
"""Of a row, streamed against alone: a resampled window was resampled on its own, which rounds otherwise."""
MOST_LATE_S = 5.0
"""In real time: what waits for a core, and the windows of the last half second after it."""
MOST_GROWTH = 1.0
"""MB of memory an hour of sound."""

Array = np.ndarray[Any, np.dtype[np.float32]]


def memory_mb(what: str = "VmRSS") -> float:
    """Resident memory of this process now (``VmRSS``) or at most (``VmHWM``), in MB; 0 where that is not told."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith(what)), 0.0)


class _Allocated(ctypes.Structure):
    """What glibc's ``mallinfo2`` tells."""

    _fields_ = (
        *((name, ctypes.c_size_t) for name in ("arena", "ordblks", "smblks", "hblks", "hblkhd")),
        *((name, ctypes.c_size_t) for name in ("usmblks", "fsmblks", "uordblks", "fordblks", "keepcost")),
    )


def allocated_mb() -> float:
    """What was asked of the C library's allocator and not given back, in MB; 0 where that is not told."""
    try:
        tell = ctypes.CDLL(None).mallinfo2
    except (AttributeError, OSError, TypeError):
        return 0.0
    tell.restype = _Allocated
    told = tell()
    return float(told.uordblks + told.hblkhd) / 2**20


@lru_cache(maxsize=12)  # as many as the longest block spans, and no more: they are not what is to be measured
def scene(seed: int, device: int, number: int, rate: int) -> Array:
    """Four seconds of a device's sound, (n,) float32: silence, a tone, noise, or either with a jump of its level."""
    random = np.random.default_rng([seed, device, number])
    count = SCENE_S * rate
    kind = random.choice(["silence", "tone", "noise", "jump", "tones"], p=[0.2, 0.3, 0.15, 0.25, 0.1])
    if kind == "silence":
        return np.zeros(count, np.float32)
    labels = random.choice(tiny_models.LABELS, 3, replace=False)[: 3 if kind == "tones" else 1]
    if kind == "noise":
        sound = 0.2 * random.standard_normal(count).astype(np.float32)
    else:
        sound = np.sum([tiny_models.tone(label, SCENE_S, sample_rate=rate) for label in labels], axis=0)
    sound *= np.float32(10.0 ** (random.uniform(-50.0, 0.0) / 20))
    if kind == "jump":
        sound[random.integers(count) :] *= np.float32(10.0 ** (random.uniform(-60.0, 20.0) / 20))
    return np.clip(sound, -1.0, 1.0).astype(np.float32)


def excerpt(seed: int, device: int, rate: int, first: int, last: int) -> Array:
    """Samples `first` to `last` of a device's sound; silence before its beginning."""
    size = SCENE_S * rate
    sound = np.zeros(last - first, np.float32)
    for number in range(max(first, 0) // size, max(last - 1, -1) // size + 1):
        begin, end = max(first, number * size), min(last, (number + 1) * size)
        sound[begin - first : end - first] = scene(seed, device, number, rate)[begin - number * size :][: end - begin]
    return sound


@dataclass
class Stay:
    """A stretch that one device filled without a gap.

    Attributes
    ----------
    at : int
        Where it begins in the pipeline, in samples.
    device : int
    rate : int
        Hz, of the device.
    first : int
        The device's sample there.
    length : int
        Samples at the device's rate.
    cut : int, optional
        Where it ended in the pipeline, once the device is away: what its resampler held back then is never heard.
    """

    at: int
    device: int
    rate: int
    first: int
    length: int = 0
    cut: int | None = None

    @property
    def end(self) -> int:
        """Where it ends in the pipeline."""
        return self.at + self.length * RATE // self.rate if self.cut is None else self.cut


class Device:
    """A source that makes up its sound as it is read, loses some of it, and goes away in the end."""

    channels = 1
    latency_s = 0.0
    overflows = 0

    def __init__(self, soak: Soak, number: int, pipeline: Pipeline) -> None:
        self.name = f"device {number}"
        self.sample_rate = 2 * RATE if number % 3 == 2 else RATE
        self.stopped = 0
        self._soak = soak
        self._number = number
        self._random = np.random.default_rng([soak.seed, number])
        self._left = round(self._random.uniform(0.25, 1.75) * soak.restart_s * self.sample_rate)
        self._index = 0
        self._pipeline = pipeline
        self._stay = soak.begin(Stay(pipeline.position, number, self.sample_rate, 0))

    @property
    def ended(self) -> bool:
        return self._soak.over

    @property
    def lost(self) -> bool:
        return self._left <= 0 and not self.ended

    def start(self) -> None:
        self._soak.starts += 1

    def stop(self) -> None:
        self.stopped += 1
        self._stay.cut = self._pipeline.position

    def read(self, timeout_s: float) -> tuple[Array, int]:
        if self.lost or self.ended:
            return np.zeros((0, 1), np.float32), self._index
        # Only where the pipeline hears the device's own samples is it known exactly what a gap makes of them.
        if self.sample_rate == RATE and self._random.random() < self._soak.gap_share:
            self._lose(round(self._random.choice([0.05, 0.4, 0.99, 1.01, 3.0, 20.0]) * RATE))
        count = min(self._left, round(10 ** self._random.uniform(0.0, 4.0)))
        if self._random.random() < 0.002:
            count = min(self._left, 30 * self.sample_rate)
        block = excerpt(self._soak.seed, self._number, self.sample_rate, self._index, self._index + count)
        first = self._index
        self._index += count
        self._left -= count
        self._stay.length += count
        self._soak.heard(count / self.sample_rate)
        return block[:, None], first

    def _lose(self, gap: int) -> None:
        self._index += gap
        self._soak.gaps += 1
        self._soak.heard(gap / RATE)
        self._stay = self._soak.begin(Stay(self._stay.end + gap, self._number, RATE, self._index))


@dataclass
class Soak:
    """Hours of sound through an engine, and what is to be said of it.

    Attributes
    ----------
    hours : float
        Of sound.
    seed : int
    restart_s : float
        Seconds of sound after which a device is lost, on average.
    gap_share : float
        Blocks before which samples are lost.
    samples_wanted : int
        Rows of either kind to be compared, about.
    progress : callable, optional
        Is told hours of sound, seconds and MB, now and then.
    """

    hours: float
    seed: int = 0
    restart_s: float = 600.0
    gap_share: float = 2e-3
    samples_wanted: int = 2000
    progress: Callable[[float, float, float], None] | None = None
    starts: int = 0
    gaps: int = 0
    over: bool = False
    ended_early: bool = False
    stays: list[Stay] = field(default_factory=list)
    memory: list[tuple[float, float, float]] = field(default_factory=list)
    mistakes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._heard_s = 0.0
        self._next_look_s = 0.0
        self._look: Callable[[], object] = lambda: None
        self._began = time.monotonic()
        self._random = np.random.default_rng([self.seed, 1 << 20])
        self._rows = {"activation": 0, "envelope": 0}
        self._drawn: dict[str, list[tuple[float, Array]]] = {"activation": [], "envelope": []}
        # Filled beforehand, so that it does not count as memory that grows.
        self._times = np.full(round(self.hours * 36_000 * 1.2) + 2000, np.nan)

    def begin(self, stay: Stay) -> Stay:
        """A device delivers from here on."""
        self.stays.append(stay)
        return stay

    def heard(self, seconds: float) -> None:
        """So much more sound was delivered."""
        self._heard_s += seconds
        self.over = self.ended_early or self._heard_s >= 3600 * self.hours
        if self._heard_s >= self._next_look_s:
            self._next_look_s = self._heard_s + max(10.0, 3600 * self.hours / 500)
            self._look()
            self.memory.append((self._heard_s / 3600, memory_mb(), allocated_mb()))
            if self.progress is not None:
                self.progress(self._heard_s / 3600, time.monotonic() - self._began, self.memory[-1][1])

    def listen(self, step: PipelineStep) -> None:
        """Count the rows, and keep some of them."""
        shares = {"activation": 36_000 * self.hours, "envelope": 225_000 * self.hours}
        for kind, rows in (("activation", step.activations), ("envelope", step.envelopes)):
            for time_s, row in rows:
                if kind == "activation" and self._rows[kind] < self._times.size:
                    self._times[self._rows[kind]] = time_s
                self._rows[kind] += 1
                if self._random.random() < self.samples_wanted / shares[kind]:
                    self._drawn[kind].append((time_s, row.copy()))

    def run(self, folder: Path) -> dict[str, Any]:
        """Listen, compare, and say what was found; `mistakes` is empty if nothing was wrong."""
        paths = (tiny_models.write_activation_model(folder), tiny_models.write_envelope_model(folder))
        detectors = [Detector(path) for path in paths]
        history = HistoryFile(folder)
        pipeline = Pipeline(RATE, detectors, history=history)
        devices = [Device(self, 0, pipeline)]

        def reopen() -> Device:
            devices.append(Device(self, len(devices), pipeline))
            return devices[-1]

        with _quick_reopening():
            engine = Engine(devices[0], pipeline, listener=self.listen, reopen=reopen)
            self._look = lambda: (engine.snapshot(15.0), pipeline.timeline.peak_level(np.linspace(0.0, 1.0, 100)))
            engine.start()
            engine.wait()
            engine.stop()
            self._look = lambda: None
        seconds = time.monotonic() - self._began
        if engine.state != "ended":
            self.mistakes.append(f"the engine ended as {engine.state}: {engine.message}")
        if any(device.stopped < 1 for device in devices) or self.starts != len(devices):
            self.mistakes.append("a device was not started once and released")
        differing = self._compare(pipeline, detectors)
        stats = engine.stats()
        if stats.skipped_windows or stats.overflows:
            self.mistakes.append(f"{stats.skipped_windows} windows skipped, {stats.overflows} overflows")
        if pipeline.timeline.problem:
            self.mistakes.append(pipeline.timeline.problem)
        on_disk_mb = history.size / 2**20
        pipeline.timeline.close()
        slope, asked = self._slope(1), self._slope(2)
        long_enough = self._heard_s >= 7200
        if slope > MOST_GROWTH and long_enough:  # the first hour fills the stores
            self.mistakes.append(f"memory grows by {slope:.2f} MB an hour of sound")
        return {
            "hours_of_sound": round(pipeline.time_s / 3600, 3),
            "seconds": round(seconds, 1),
            "times_real_time": round(pipeline.time_s / seconds, 1),
            "devices": len(devices),
            "gaps": self.gaps,
            "activation_rows": self._rows["activation"],
            "envelope_rows": self._rows["envelope"],
            "windows_predicted": stats.windows,
            "compared": {kind: len(drawn) for kind, drawn in self._drawn.items()},
            "largest_difference": {kind: float(f"{value:.2g}") for kind, value in differing.items()},
            "memory_mb": round(memory_mb(), 1),
            "memory_peak_mb": round(memory_mb("VmHWM"), 1),
            "memory_slope_mb_per_hour": round(slope, 3) if long_enough else None,  # too short to tell
            "allocated_slope_mb_per_hour": round(asked, 3) if long_enough else None,
            "on_disk_mb": round(on_disk_mb, 1),
            "mistakes": self.mistakes,
        }

    def _slope(self, column: int) -> float:
        """MB an hour of sound, by least squares over the second half: resident (1), or asked for (2)."""
        half = np.array(self.memory[len(self.memory) // 2 :])
        return float(np.polyfit(half[:, 0], half[:, column], 1)[0]) if len(half) > 2 else 0.0

    def _compare(self, pipeline: Pipeline, detectors: list[Detector]) -> dict[str, float]:
        """Count the rows, and compare those that were drawn with the networks run on their windows alone."""
        runs = list(_runs(self.stays, pipeline.position))
        wanted = np.concatenate([_centres(first, last) for first, last in runs])
        if self._rows["activation"] != wanted.size:
            self.mistakes.append(f"{self._rows['activation']} windows where {wanted.size} were expected")
        elif not np.allclose(self._times[: wanted.size], wanted, atol=1e-6, rtol=0.0):
            self.mistakes.append("a window lies elsewhere on the time axis than expected")
        hop = detectors[1].spec.frame_hop
        frames = sum((last - first) // hop + 1 for first, last in runs)
        if self._rows["envelope"] != frames:
            self.mistakes.append(f"{self._rows['envelope']} frames where {frames} were expected")
        different = {"activation": 0.0, "envelope": 0.0}
        for kind, alone in (("activation", self._activation), ("envelope", self._envelope)):
            model = detectors[kind == "envelope"]
            for time_s, row in self._drawn[kind]:
                answer = alone(model, runs, time_s)
                if answer is not None:
                    different[kind] = max(different[kind], float(np.abs(answer - row).max()))
            if different[kind] > TOLERANCE:
                self.mistakes.append(f"a row of the {kind} model differs by {different[kind]:.2g}")
        return different

    def _activation(self, model: WindowPredictor, runs: list[tuple[int, int]], time_s: float) -> Array | None:
        length = model.spec.window_length
        first = round(time_s * RATE) - length // 2
        origin, end = next(run for run in reversed(runs) if run[0] <= first)
        if (first - origin) % model.spec.hop_length or first + length > end:
            return None  # the last window before a gap, padded and moved to where the sound ends
        return self._predict(model, first, end)

    def _envelope(self, model: WindowPredictor, runs: list[tuple[int, int]], time_s: float) -> Array | None:
        spec = model.spec
        place = round(time_s * RATE)
        origin, end = next(run for run in reversed(runs) if run[0] <= place)
        frame, late = divmod(place - origin, spec.frame_hop)
        if late:
            return None
        hop = spec.hop_length // spec.frame_hop
        taper, total, weight = hann_taper(spec.frames), np.zeros(len(spec.labels)), 0.0
        for number in range(max(0, (frame - spec.frames) // hop), frame // hop + 1):
            first, inside = origin + number * spec.hop_length, frame - number * hop
            heard = number == 0 or first - spec.hop_length + spec.window_length < end
            if 0 <= inside < spec.frames and heard:
                total += taper[inside] * self._predict(model, first, end)[:, inside]
                weight += taper[inside]
        return (total / weight).astype(np.float32)

    def _predict(self, model: WindowPredictor, first: int, end: int) -> Array:
        window = np.zeros((1, model.spec.window_length), np.float32)
        known = min(end - first, window.size)
        window[0, :known] = self._sound(first, first + known)
        spec = model.spec
        if np.mean(np.square(window[0])) < 10.0 ** (SILENCE_DB / 10):
            shape = (len(spec.labels), spec.frames) if spec.kind == "envelope" else (len(spec.labels),)
            return np.zeros(shape, np.float32)
        return model(window)[0]

    def _sound(self, first: int, last: int) -> Array:
        """What the pipeline was given from sample `first` to `last`: silence where no device was."""
        sound = np.zeros(last - first, np.float32)
        for number, stay in enumerate(self.stays):
            limit = self.stays[number + 1].at if number + 1 < len(self.stays) else last
            begin, end = max(first, stay.at), min(last, stay.end, limit)
            if begin < end:
                sound[begin - first : end - first] = self._stay_sound(stay, begin - stay.at, end - stay.at)
        return sound

    def _stay_sound(self, stay: Stay, begin: int, end: int) -> Array:
        if stay.rate == RATE:
            return excerpt(self.seed, stay.device, RATE, stay.first + begin, stay.first + end)
        margin, factor = RATE // 4, stay.rate // RATE  # of the filter's length
        raw = excerpt(self.seed, stay.device, stay.rate, factor * (begin - margin), factor * (end + margin))
        return soxr.resample(raw, stay.rate, RATE, quality=QUALITY)[margin : margin + end - begin]


@contextmanager
def _quick_reopening() -> Iterator[None]:
    """The engine looks for a lost device sooner: what is not waited for is sound that is not heard."""
    before = engine_module.RETRY_S, engine_module.READ_TIMEOUT_S
    engine_module.RETRY_S, engine_module.READ_TIMEOUT_S = 0.02, 0.01
    try:
        yield
    finally:
        engine_module.RETRY_S, engine_module.READ_TIMEOUT_S = before


def _runs(stays: list[Stay], end: int) -> Iterator[tuple[int, int]]:
    """First and last sample of each stretch in which windows follow each other: a long gap begins another."""
    first = 0
    for before, stay in pairwise(stays):
        gap = stay.at - before.end
        if stay.device == before.device and gap > LONGEST_BRIDGE_S * RATE and stay.length:
            if before.end > first:
                yield first, before.end
            first = stay.at
    yield first, end


def _centres(first: int, last: int) -> Array:
    """Times of the windows of a stretch, in seconds, the last one padded."""
    spec = tiny_models.activation_spec()
    whole = max(0, (last - first - spec.window_length) // spec.hop_length + 1)
    covered = (whole - 1) * spec.hop_length + spec.window_length if whole else 0
    count = whole + (last - first > covered)
    centres = (first + np.arange(count) * spec.hop_length + spec.window_length / 2) / RATE
    return np.minimum(centres, last / RATE)


def busy(minutes: float, *, loads: int = 0) -> dict[str, Any]:
    """Listen in real time through a virtual microphone, with the default networks, while others keep every core busy.

    Parameters
    ----------
    minutes : float
    loads : int
        Processes that compute without end; one for each core if 0.
    """
    from irec_live.devices import portaudio
    from irec_live.session import open_live

    loads = loads or os.cpu_count() or 1
    random = np.random.default_rng(0)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        sound = VirtualSound()
        stack.callback(sound.close)
        sound.start()
        os.environ.update(sound.variables)
        portaudio.refresh()
        tones = [tiny_models.tone(label, 5.0, sample_rate=44_100) for label in tiny_models.LABELS]
        noise = random.normal(0.0, 0.01, 44_100 * 5 * len(tones))
        soundfile.write(folder / "played.wav", np.tile(np.concatenate(tones) + noise, math.ceil(4 * minutes)), 44_100)
        steps = [0]
        session = open_live(listener=lambda step: steps.__setitem__(0, steps[0] + len(step.activations)))
        stack.callback(session.close)
        sound.play(folder / "played.wav")
        for _ in range(loads):
            other = subprocess.Popen([sys.executable, "-c", "while True: pass"])
            stack.callback(other.wait)
            stack.callback(other.send_signal, signal.SIGKILL)
        began, heard = time.monotonic(), session.time_s
        threading.Event().wait(60.0 * minutes)
        passed = time.monotonic() - began
        heard = session.time_s - heard
        stats, state = session.snapshot(1.0).stats, session.state
    mistakes = []
    if stats.overflows:
        mistakes.append(f"{stats.overflows} overflows")
    if abs(heard - passed) > MOST_LATE_S or state != "running":
        mistakes.append(f"{heard:.1f} s were heard in {passed:.1f} s; the session is {state}")
    return {
        "seconds": round(passed, 1),
        "seconds_heard": round(heard, 1),
        "busy_processes": loads,
        "load_average": [round(value, 1) for value in os.getloadavg()],
        "overflows": stats.overflows,
        "windows": stats.windows,
        "activation_rows": steps[0],
        "skipped_windows": stats.skipped_windows,
        "inference_ms_p50": round(stats.inference_ms_p50, 2),
        "inference_ms_p99": round(stats.inference_ms_p99, 2),
        "memory_peak_mb": round(memory_mb("VmHWM"), 1),
        "mistakes": mistakes,
    }


@click.group(help="Listen for very long, and say what was found.")
def main() -> None:
    """See the module."""


@main.command("sound", help="Hours of sound, faster than real time.")
@click.option("--hours", type=click.FloatRange(min=0.01), default=24.0, show_default=True)
@click.option("--restart-minutes", type=click.FloatRange(min=0.1), default=10.0, show_default=True)
@click.option("--seed", type=int, default=0, show_default=True)
def sound_command(hours: float, restart_minutes: float, seed: int) -> None:
    """Print what `Soak` found."""

    def tell(done: float, seconds: float, megabytes: float) -> None:
        click.echo(f"{done:8.2f} h of sound  {seconds:8.1f} s  {megabytes:7.1f} MB", err=True)

    soak = Soak(hours, seed, restart_s=60 * restart_minutes, progress=tell)
    signal.signal(signal.SIGINT, lambda *_: setattr(soak, "ended_early", True))
    with tempfile.TemporaryDirectory() as folder:
        _report(soak.run(Path(folder)))


@main.command("busy", help="Minutes in real time, while others keep every core busy.")
@click.option("--minutes", type=click.FloatRange(min=0.05), default=60.0, show_default=True)
def busy_command(minutes: float) -> None:
    """Print what `busy` found."""
    if missing := missing_programs():
        raise click.ClickException(f"the virtual microphone needs {missing}")
    _report(busy(minutes))


def _report(found: dict[str, Any]) -> None:
    for name, value in found.items():
        click.echo(f"{name:28} {value}")
    if found["mistakes"]:
        sys.exit(1)


if __name__ == "__main__":
    main()
