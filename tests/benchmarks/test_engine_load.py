"""What live listening costs: sound at the pace of time, both networks, a view that pulls thirty pictures a second.

The baseline, in the same run, is the same networks called on the same windows by a bare loop on one thread. Reported
is the ratio of processor time (which other programs on the machine hardly change), the share of one processor that
live listening takes, and the engine's own counters.

    pytest tests/benchmarks/test_engine_load.py --benchmark-enable -s
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from irec_live.models.catalog import bundled_models
from irec_live.models.choice import load_models
from irec_live.models.detector import Detector
from irec_live.session import open_stream
from irec_live.source import FileSource

SECONDS = 30
RATE = 48_000
FRAMES_A_SECOND = 30
SPAN_S = 10.0

FACTS: dict[str, float] = {}


@pytest.fixture(scope="module", autouse=True)
def only_when_measuring(request: pytest.FixtureRequest) -> None:
    """Half a minute of real time: nothing for the ordinary test run."""
    if not request.config.getoption("benchmark_enable"):
        pytest.skip("runs in real time; needs --benchmark-enable")


@pytest.fixture(scope="module")
def models(tiny_activation_path: Path, tiny_envelope_path: Path) -> tuple[Detector, ...]:
    """The bundled networks; toys where none are bundled, which shows the engine's own cost at its plainest."""
    return load_models(None if bundled_models() else (tiny_activation_path, tiny_envelope_path))


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Stereo noise at a device's rate, never silent, so that every window is predicted on."""
    path = tmp_path_factory.mktemp("load") / "noise.wav"
    random = np.random.default_rng(0)
    soundfile.write(path, 0.1 * random.standard_normal((SECONDS * RATE, 2)), RATE, subtype="FLOAT")
    return path


def test_bare_networks(benchmark: Any, models: tuple[Detector, ...]) -> None:
    benchmark.group = f"{SECONDS} s of live sound"
    random = np.random.default_rng(0)
    windows = {
        model.spec.name: (0.1 * random.standard_normal((1, model.spec.window_length))).astype(np.float32)
        for model in models
    }

    def bare() -> None:
        began = time.process_time()
        for model in models:
            for _ in range(round(SECONDS / model.spec.hop_s)):
                model(windows[model.spec.name])
        FACTS["bare"] = time.process_time() - began

    benchmark.pedantic(bare, rounds=1)


def test_live_engine(benchmark: Any, models: tuple[Detector, ...], sound: Path) -> None:
    benchmark.group = f"{SECONDS} s of live sound"

    def live() -> None:
        began = time.process_time()
        session = open_stream(FileSource(sound), models)
        pictures = 0.0
        while not session.wait(1 / FRAMES_A_SECOND):
            before = time.thread_time()
            session.snapshot(SPAN_S)
            pictures += time.thread_time() - before
        FACTS["live"] = time.process_time() - began
        FACTS["pictures"] = pictures
        stats = session.stats()
        session.close()
        assert stats.overflows == 0
        benchmark.extra_info["skipped_windows"] = stats.skipped_windows
        print(
            f"\nlive: {stats.windows} windows, {stats.skipped_windows} skipped, inference p50 "
            f"{stats.inference_ms_p50:.2f} ms, p99 {stats.inference_ms_p99:.2f} ms, latency {stats.latency_ms:.0f} ms"
        )

    benchmark.pedantic(live, rounds=1)
    share = FACTS["live"] / SECONDS
    ratio = FACTS["live"] / FACTS["bare"]
    benchmark.extra_info |= {"share_of_one_processor": share, "ratio_to_bare_networks": ratio}
    print(f"live: {share:.1%} of one processor, of which snapshots {FACTS['pictures'] / SECONDS:.1%}")
    print(f"live / bare networks, processor time: {ratio:.2f} ({FACTS['live']:.2f} s / {FACTS['bare']:.2f} s)")
