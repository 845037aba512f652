"""The figures of the README's table: one run, every figure beside the baseline that it is compared with.

    make bench                                   the table, and the JSON
    make bench BENCH_ARGS="--minutes 1 --json speed.json --yamnet yamnet.tflite"

Ratios are of processor time, measured in turns in this one process, since other programs on the machine hardly change
that; wall-clock time is shown beside it and is worth something on a quiet machine only. YAMNet (TensorFlow Lite, for a
second of sound) is a row if its file is given and ``ai_edge_litert`` or ``tflite_runtime`` can be imported.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import soundfile
from threadpoolctl import threadpool_limits

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

from first_picture import EmptyScreen
from usual_ways import usual_ways
from x_server import missing_x_programs

from irec_live.analysis import FILE_BATCH, analyze
from irec_live.models.choice import load_models
from irec_live.models.detector import Detector
from irec_live.session import open_stream
from irec_live.source import FileSource

RATE = 44_100
ROUNDS = 15
STARTS = 5
PICTURES_A_SECOND = 30
SPAN_S = 10.0

COMMANDS = {
    "irec-live --help": ["--help"],
    "irec-live analyze, 1 s of sound": ["analyze", "{second}"],
}


@dataclass
class Row:
    """One line of the table.

    Attributes
    ----------
    what : str
    cpu_ms : float
        Processor time: per second of sound, or of the whole start.
    wall_ms : float
        By the clock, of the same.
    baseline : str
        `what` of the row that this is compared with; empty for none.
    ratio : float
        Processor time of the baseline over that of this row.
    """

    what: str
    cpu_ms: float
    wall_ms: float
    baseline: str = ""
    ratio: float = 0.0
    note: str = ""


def main() -> None:
    """Measure, print the table and the JSON."""
    options = _options()
    models = load_models(options.model or None)
    with tempfile.TemporaryDirectory() as folder:
        with threadpool_limits(1):  # threads of a BLAS that spin while they wait would be counted
            rows = [*ways_of_a_second(models, options.yamnet)]
        by_name = {row.what: row for row in rows}
        rows.append(of_a_file(models, Path(folder), options.minutes))
        rows.append(of_live_sound(models, Path(folder), options.live_s))
        for row in rows[-2:]:
            baseline = by_name.get("librosa + torch, window by window") or by_name["ONNX Runtime, window by window"]
            row.baseline, row.ratio = baseline.what, baseline.cpu_ms / row.cpu_ms
        rows += starts(Path(folder))
    document = {
        "schema": "irec.speed/1",
        "machine": {
            "processors": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
            "architecture": platform.machine(),
            "python": platform.python_version(),
            "load_before": round(options.load, 2),
        },
        "models": [model.spec.name for model in models],
        "rows": [asdict(row) for row in rows],
    }
    print_table(rows)
    text = json.dumps(document, indent=1)
    if options.json is None:
        print(text)
    else:
        options.json.write_text(text + "\n", encoding="utf-8")


def ways_of_a_second(models: Sequence[Detector], yamnet: Path | None) -> Iterator[Row]:
    """What a second of sound costs the networks alone, at their own hops: ours and the usual ways, in turns."""
    single = [(model, _noise(1, model), 1.0 / model.spec.hop_s) for model in models]
    many = [(model, _noise(FILE_BATCH, model), 1.0 / model.spec.hop_s / FILE_BATCH) for model in models]
    parts: dict[str, list[tuple[Callable[[], Any], float]]] = {
        "ONNX Runtime, window by window": [(_bound(model, x), often) for model, x, often in single],
        f"ONNX Runtime, batches of {FILE_BATCH}": [(_bound(model, x), often) for model, x, often in many],
    }
    with contextlib.suppress(ImportError, LookupError):
        import torch

        torch.set_num_threads(1)
        usual = {model.spec.name: usual_ways(model.spec) for model in models}
        parts["librosa + torch, window by window"] = [
            (_bound(usual[model.spec.name]["librosa + torch"], x), often) for model, x, often in single
        ]
        for name, given in (("torch, window by window", single), (f"torch, batches of {FILE_BATCH}", many)):
            parts[name] = [(_bound(usual[model.spec.name]["torch"], x), often) for model, x, often in given]
    if yamnet is not None:
        parts["YAMNet, TensorFlow Lite, two windows a second"] = [(_yamnet(yamnet), 2.0)]
    costs: dict[str, list[tuple[list[float], list[float]]]] = {
        name: [([], []) for _ in part] for name, part in parts.items()
    }
    for part in parts.values():
        for call, _ in part:
            call()
    for _ in range(ROUNDS):
        for name, part in parts.items():
            for (call, _), (cpu, wall) in zip(part, costs[name], strict=True):
                began, clock = time.process_time(), time.perf_counter()
                call()
                cpu.append(time.process_time() - began)
                wall.append(time.perf_counter() - clock)
    for name, part in parts.items():
        cpu_s, wall_s = (
            sum(often * float(np.median(kinds[which])) for (_, often), kinds in zip(part, costs[name], strict=True))
            for which in (0, 1)
        )
        yield Row(name, 1e3 * cpu_s, 1e3 * wall_s, note="a second of sound, networks alone, one thread")


def of_a_file(models: Sequence[Detector], folder: Path, minutes: float) -> Row:
    """`analyze` from the file to the result."""
    song = folder / "song.flac"
    _write_song(song, minutes)
    seconds = 60.0 * minutes
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began, clock = time.process_time(), time.perf_counter()
    analyze(song, models=models)
    cpu, wall = time.process_time() - began, time.perf_counter() - clock
    grown_mb = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    return Row(
        f"analyze, {minutes:g} min stereo FLAC",
        1e3 * cpu / seconds,
        1e3 * wall / seconds,
        note=f"a second of sound; {seconds / wall:.0f} x real time; peak memory {grown_mb:.0f} MB above the start's",
    )


def of_live_sound(models: Sequence[Detector], folder: Path, seconds: float) -> Row:
    """Sound at the pace of time, with a view that pulls thirty pictures a second."""
    noise = folder / "noise.wav"
    sound = 0.1 * np.random.default_rng(0).standard_normal((round(48_000 * seconds), 2))
    soundfile.write(noise, sound, 48_000, subtype="FLOAT")
    began = time.process_time()
    session = open_stream(FileSource(noise), models)
    pictures = 0.0
    while not session.wait(1 / PICTURES_A_SECOND):
        before = time.thread_time()
        session.snapshot(SPAN_S)
        pictures += time.thread_time() - before
    cpu = time.process_time() - began
    stats = session.stats()
    session.close()
    note = (
        f"a second of sound; {cpu / seconds:.1%} of a core, snapshots {pictures / seconds:.1%}; "
        f"{stats.skipped_windows} windows skipped, {stats.overflows} overflows"
    )
    return Row(f"live, {seconds:g} s", 1e3 * cpu / seconds, 1e3, note=note)


def starts(folder: Path) -> Iterator[Row]:
    """From the start of the process to its end, or to its first picture; the baseline is Python importing numpy."""
    second = folder / "second.wav"
    soundfile.write(second, 0.1 * np.random.default_rng(0).standard_normal((RATE, 2)), RATE)
    environment = {**os.environ, "HOME": str(folder)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # nobody who uses it compiles it at every start
    program = [sys.executable, "-m", "irec_live"]
    baseline = _start("python -c 'import numpy'", partial(_ended, [sys.executable, "-c", "import numpy"], environment))
    yield baseline
    for name, arguments in COMMANDS.items():
        command = [*program, *(part.format(second=second) for part in arguments)]
        yield _start(name, partial(_ended, command, environment), baseline)
    if missing := missing_x_programs():
        print(f"the first picture is not measured: {missing} is missing", file=sys.stderr)
        return
    screen = EmptyScreen()
    try:
        painted = partial(screen.first_picture, [*program, "gui"], environment)
        yield _start("irec-live gui, first picture", painted, baseline)
    finally:
        screen.close()


def _start(name: str, start: Callable[[], tuple[float, float]], baseline: Row | None = None) -> Row:
    start()  # warms the disk's cache
    wall_s, cpu_s = np.median([start() for _ in range(STARTS)], axis=0)
    row = Row(name, 1e3 * float(cpu_s), 1e3 * float(wall_s), note="a start")
    if baseline is not None:
        row.baseline, row.ratio = baseline.what, baseline.cpu_ms / row.cpu_ms
    return row


def _ended(command: Sequence[str], environment: dict[str, str]) -> tuple[float, float]:
    """Seconds by the clock and of processor time until a command ends."""
    used, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run(command, env=environment, check=True, capture_output=True)
    now = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.monotonic() - began, now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime


def print_table(rows: Sequence[Row]) -> None:
    """Markdown, as the README has it."""
    print("| what | CPU ms | wall ms | times cheaper than | |")
    print("|---|---|---|---|---|")
    for row in rows:
        than = f"{row.ratio:.2f} x {row.baseline}" if row.baseline else ""
        print(f"| {row.what} | {row.cpu_ms:.1f} | {row.wall_ms:.1f} | {than} | {row.note} |")


def _bound(call: Callable[[Any], Any], argument: Any) -> Callable[[], Any]:
    return lambda: call(argument)


def _noise(batch: int, model: Detector) -> npt.NDArray[np.float32]:
    shape = (batch, model.spec.window_length)
    return (0.1 * np.random.default_rng(0).standard_normal(shape)).astype(np.float32)


def _yamnet(path: Path) -> Callable[[], Any]:
    """One call of YAMNet, which hears 0.975 s."""
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError:
        from tflite_runtime.interpreter import Interpreter
    interpreter = Interpreter(model_path=str(path), num_threads=1)
    place = interpreter.get_input_details()[0]
    shape = [size if size > 0 else 15_600 for size in place["shape"]]
    if int(np.prod(shape)) < 15_600:
        shape = [15_600]
        interpreter.resize_tensor_input(place["index"], shape)
    interpreter.allocate_tensors()
    sound = (0.1 * np.random.default_rng(0).standard_normal(shape)).astype(np.float32)

    def call() -> None:
        interpreter.set_tensor(place["index"], sound)
        interpreter.invoke()

    return call


def _write_song(path: Path, minutes: float) -> None:
    """Stereo FLAC of chords that change every second, never silent."""
    random = np.random.default_rng(0)
    t = np.arange(RATE) / RATE
    with soundfile.SoundFile(path, "w", RATE, 2) as file:
        for _ in range(round(60 * minutes)):
            chord = sum(
                np.sin(2 * np.pi * pitch * t) / n for n in range(1, 6) for pitch in n * random.uniform(80, 900, 3)
            )
            file.write(np.stack([0.05 * chord + 0.003 * random.standard_normal(RATE)] * 2, axis=1))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0, help="length of the file that is analysed")
    parser.add_argument("--live-s", type=float, default=30.0, help="seconds of live sound")
    parser.add_argument("--model", action="append", help="instead of the bundled ones; once for each kind")
    parser.add_argument("--yamnet", type=Path, help="yamnet.tflite")
    parser.add_argument("--json", type=Path, help="write the JSON there instead of printing it")
    options = parser.parse_args()
    options.load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    return options


if __name__ == "__main__":
    main()
