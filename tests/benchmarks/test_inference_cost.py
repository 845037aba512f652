"""What one window costs on one thread: the bundled file, torch, and the usual way of features first.

The usual way computes a log-mel spectrogram with librosa, then runs the network in torch, eagerly. All ways are
measured in turns in one process. The ratio is of processor time, which other programs on the machine hardly change;
the table shows wall-clock time. Weights do not change the cost, so torch runs random ones.

    pytest tests/benchmarks/test_inference_cost.py --benchmark-enable -s
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from threadpoolctl import threadpool_limits
from usual_ways import usual_ways

from irec_live.models.catalog import bundled_models
from irec_live.models.detector import Detector
from irec_live.models.names import DEFAULT_ACTIVATION, DEFAULT_ENVELOPE

pytest.importorskip("librosa")
torch = pytest.importorskip("torch")
pytest.importorskip("irec_models.nets")

REPEATS = 60

Way = Callable[[], Any]


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    with threadpool_limits(1):
        yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module", params=[DEFAULT_ACTIVATION, DEFAULT_ENVELOPE])
def detector(request: pytest.FixtureRequest) -> Detector:
    paths = {model.name: model.path for model in bundled_models()}
    if request.param not in paths:
        pytest.skip(f"{request.param} is not bundled here")
    return Detector(paths[request.param])


@pytest.fixture(scope="module")
def ways(detector: Detector) -> dict[str, Way]:
    """The same window, predicted on in three ways."""
    spec = detector.spec
    usual = usual_ways(spec)  # of the networks that the app comes with: one that has none is a mistake
    window = (0.1 * np.random.default_rng(0).standard_normal((1, spec.window_length))).astype(np.float32)

    def bound(way: Callable[[Any], Any]) -> Way:
        return lambda: way(window)

    return {"ONNX Runtime": bound(detector), **{name: bound(way) for name, way in usual.items()}}


@pytest.mark.parametrize("way", ["ONNX Runtime", "torch", "librosa + torch"])
def test_cost_of_a_window(benchmark: Any, detector: Detector, ways: dict[str, Way], way: str) -> None:
    benchmark.group = detector.spec.name
    benchmark.name = way
    answer = benchmark(ways[way])
    assert answer.shape == ways["ONNX Runtime"]().shape


def test_ratio_to_the_usual_way(
    detector: Detector, ways: dict[str, Way], pytestconfig: pytest.Config, capsys: pytest.CaptureFixture[str]
) -> None:
    measuring = not pytestconfig.getoption("benchmark_disable") or pytestconfig.getoption("benchmark_enable")
    times_ms: dict[str, list[float]] = {name: [] for name in ways}
    for way in ways.values():
        way()
    for _ in range(REPEATS if measuring else 1):
        for name, way in ways.items():
            start = time.process_time()
            way()
            times_ms[name].append(1e3 * (time.process_time() - start))
    median_ms = {name: float(np.median(times)) for name, times in times_ms.items()}
    assert min(median_ms.values()) > 0.0
    if measuring:
        costs = ", ".join(f"{name} {ms:.1f} ms of CPU" for name, ms in median_ms.items())
        ratio = median_ms["librosa + torch"] / median_ms["ONNX Runtime"]
        share = median_ms["ONNX Runtime"] / (1e3 * detector.spec.hop_s)
        with capsys.disabled():
            print(f"\n{detector.spec.name}: {costs}; {ratio:.1f} times cheaper; {share:.1%} of one hop")
