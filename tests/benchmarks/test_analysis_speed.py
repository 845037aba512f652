"""How fast a ten-minute file is analysed, and what the engine adds to its networks.

The baseline, in the same run, is the same networks called on the same windows by a bare loop on one thread: what no
engine around them can beat on one thread. Reported are the real-time factor (seconds of sound per second), and the
overhead: processor time of the pipeline on one thread, over that of the bare loop; not wall time, so that whatever
else the machine does hits neither.

    pytest tests/benchmarks/test_analysis_speed.py --benchmark-enable -s
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from irec_live.analysis import analyze, decode_into
from irec_live.media import open_audio
from irec_live.models.choice import load_models
from irec_live.models.detector import Detector
from irec_live.streaming.pipeline import Pipeline
from irec_live.streaming.windows import Windower

MINUTES = 10
RATE = 44_100
SAMPLED = 300
"""Windows of each network that the bare loop predicts on; its time is scaled up to all of them."""

FACTS: dict[str, float] = {}


@pytest.fixture(scope="module", autouse=True)
def only_when_measuring(request: pytest.FixtureRequest) -> None:
    """Minutes long: nothing for the ordinary test run."""
    if not request.config.getoption("benchmark_enable"):
        pytest.skip("takes minutes; needs --benchmark-enable")


@pytest.fixture(scope="module")
def song(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Stereo FLAC of chords that change every second, never silent."""
    path = tmp_path_factory.mktemp("bench") / "song.flac"
    random = np.random.default_rng(0)
    t = np.arange(RATE) / RATE
    with soundfile.SoundFile(path, "w", RATE, 2) as file:
        for _ in range(60 * MINUTES):
            chord = sum(
                np.sin(2 * np.pi * pitch * t) / n for n in range(1, 6) for pitch in n * random.uniform(80, 900, 3)
            )
            file.write(np.stack([0.05 * chord + 0.003 * random.standard_normal(RATE)] * 2, axis=1))
    return path


@pytest.fixture(scope="module")
def models(tiny_activation_path: Path, tiny_envelope_path: Path) -> tuple[Detector, ...]:
    """The bundled networks; toys where none are bundled, which shows the engine's own cost at its plainest."""
    from irec_live.models.catalog import bundled_models

    return load_models(None if bundled_models() else (tiny_activation_path, tiny_envelope_path))


def test_bare_networks_on_one_thread(benchmark: Any, models: tuple[Detector, ...]) -> None:
    benchmark.group = f"{MINUTES} min"
    noise = (0.1 * np.random.default_rng(0).standard_normal(60 * max(m.spec.sample_rate for m in models))).astype(
        np.float32
    )
    seconds = 0.0

    def bare() -> None:
        nonlocal seconds
        seconds = 0.0
        for model in models:
            spec = model.spec
            windows = [window for window, _ in Windower(spec.window_length, spec.hop_length).push(noise)][:SAMPLED]
            began = time.process_time()
            for window in windows:
                model(window[None])
            took = time.process_time() - began
            seconds += took / len(windows) * 60 * MINUTES / spec.hop_s

    benchmark.pedantic(bare, rounds=1, warmup_rounds=1)
    FACTS["bare"] = seconds


def test_the_pipeline_on_one_thread(benchmark: Any, song: Path, models: tuple[Detector, ...]) -> None:
    benchmark.group = f"{MINUTES} min"

    def single() -> None:
        began = time.process_time()
        with open_audio(song) as audio:
            decode_into(audio, Pipeline(audio.sample_rate, models, spectrogram=False))
        FACTS["single"] = time.process_time() - began

    benchmark.pedantic(single, rounds=1)


def test_analyze_on_all_processors(benchmark: Any, song: Path, models: tuple[Detector, ...]) -> None:
    benchmark.group = f"{MINUTES} min"
    benchmark.pedantic(lambda: analyze(song, models=models), rounds=1)
    if not benchmark.stats:
        return
    took = benchmark.stats.stats.mean
    benchmark.extra_info["real_time_factor"] = 60 * MINUTES / took
    print(f"\nanalyze: {60 * MINUTES / took:.1f} x real time ({took:.1f} s for {MINUTES} min)")
    if FACTS.get("bare"):
        overhead = FACTS["single"] / FACTS["bare"]
        benchmark.extra_info["overhead"] = overhead
        print(f"pipeline / bare networks, one thread: {overhead:.2f} ({FACTS['single']:.1f} s / {FACTS['bare']:.1f} s)")
