"""Does a GPU win? Batches of 1 to 512 windows and the live hop, on CUDA beside the CPU, in one run.

    python tests/benchmarks/cuda.py                   needs a GPU; without one it says so and leaves with status 1
    python tests/benchmarks/cuda.py --provider cpu    the same script on the CPU alone, to see that it works

Each network is measured three ways: as the app calls it (arrays in and out), bound (input and output stay where the
network runs, one shape for all calls, as ONNX Runtime's guides advise), and on the CPU. A live hop is one window of
each network, one after the other: what a listening session waits for ten times a second. Outputs on CUDA are compared
with those on the CPU. Nothing falls back to the CPU unseen: a session that does not run on CUDA ends the script.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from irec_live.models.catalog import find_model
from irec_live.models.choice import default_models
from irec_live.models.detector import Detector
from irec_live.models.onnx_file import read_model_bytes
from irec_live.models.runtime import build_session
from irec_live.models.spec import INPUT_NAME
from irec_live.onnx_runtime import load_onnx_runtime

BATCHES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
CPU_BATCHES = (1, 2, 4, 8, 16, 32)
"""Beyond, a window on the CPU costs what it costs in a batch of 32."""

WARM_UP = 3
LEAST_CALLS, MOST_CALLS = 5, 100
ENOUGH_S = 1.0
"""Of one setting; at least `LEAST_CALLS` whatever they take."""

HOPS = 300

Array = npt.NDArray[np.float32]


def main() -> int:
    """Measure and print JSON; the exit status."""
    options = _options()
    cuda = options.provider == "cuda"
    names = options.model or list(default_models())
    results: list[dict[str, Any]] = []
    detectors: dict[str, list[Detector]] = {"cpu": [], "cuda": []}
    for name in names:
        path = find_model(name)
        for provider in ("cpu", "cuda")[: 1 + cuda]:
            detector = Detector(path, provider=provider)
            if provider == "cuda" and (detector.notice or detector.providers[0] != "CUDA"):
                print(f"{name} does not run on CUDA: {detector.notice or detector.providers}", file=sys.stderr)
                return 1
            detectors[provider].append(detector)
            results += _of_batches(detector, path, provider, options.batch or BATCHES)
        if cuda:
            results.append(_difference(detectors["cpu"][-1], detectors["cuda"][-1]))
    for provider, models in detectors.items():
        if models:
            results.append({"what": "live hop", "provider": provider, **_spread(_hop(models), HOPS)})
    for row in results:
        print(json.dumps(row))
    if options.json is not None:
        options.json.write_text(json.dumps({"schema": "irec.cuda/1", "rows": results}, indent=1) + "\n")
    return 0


def _of_batches(detector: Detector, path: Path, provider: str, batches: Sequence[int]) -> list[dict[str, Any]]:
    rows = []
    data = read_model_bytes(path)
    for batch in batches if provider == "cuda" else [batch for batch in batches if batch in CPU_BATCHES]:
        windows = _noise(detector, batch)
        called = _spread(lambda windows=windows: detector(windows))  # type: ignore[misc]
        # A session of its own for each batch: its plans and memory are for one shape.
        session, notice = build_session(data, path.name, cuda=provider == "cuda", threads=1)
        if provider == "cuda" and session.get_providers()[0] != "CUDAExecutionProvider":
            raise SystemExit(f"{path.name} fell back to the CPU: {notice}")
        bound = _spread(_bound(session, detector.spec.kind, windows, provider))
        for how, figures in (("called", called), ("bound", bound)):
            per_window = figures["ms_p50"] / batch
            hop = 1e3 * detector.spec.hop_s
            rows.append(
                {
                    "what": detector.spec.name,
                    "provider": provider,
                    "how": how,
                    "batch": batch,
                    **figures,
                    "ms_per_window": round(per_window, 4),
                    "x_real_time": round(hop / per_window, 1),
                }
            )
    return rows


def _bound(session: Any, output: str, windows: Array, provider: str) -> Callable[[], Any]:
    """A call whose input lies on the device already and whose output stays there."""
    onnxruntime = load_onnx_runtime()

    binding = session.io_binding()
    binding.bind_ortvalue_input(INPUT_NAME, onnxruntime.OrtValue.ortvalue_from_numpy(windows, provider, 0))
    shape = [size if isinstance(size, int) else len(windows) for size in session.get_outputs()[0].shape]
    binding.bind_ortvalue_output(
        output, onnxruntime.OrtValue.ortvalue_from_shape_and_type(shape, np.float32, provider, 0)
    )

    def call() -> None:
        session.run_with_iobinding(binding)
        binding.synchronize_outputs()

    return call


def _hop(models: Sequence[Detector]) -> Callable[[], Any]:
    windows = [_noise(model, 1) for model in models]
    return lambda: [model(window) for model, window in zip(models, windows, strict=True)]


def _difference(cpu: Detector, cuda: Detector) -> dict[str, Any]:
    windows = _noise(cpu, 16)
    largest = float(np.abs(cpu(windows) - cuda(windows)).max())
    return {"what": cpu.spec.name, "largest_difference_of_cuda_from_cpu": largest}


def _spread(call: Callable[[], Any], calls: int | None = None) -> dict[str, float]:
    """Milliseconds of a call by the clock, median and 99th percentile, after a few that warm up."""
    for _ in range(WARM_UP):
        call()
    took: list[float] = []
    began = time.perf_counter()
    while len(took) < (calls or MOST_CALLS):
        if calls is None and len(took) >= LEAST_CALLS and time.perf_counter() - began > ENOUGH_S:
            break
        start = time.perf_counter()
        call()
        took.append(1e3 * (time.perf_counter() - start))
    return {
        "ms_p50": round(statistics.median(took), 4),
        "ms_p99": round(float(np.percentile(took, 99)), 4),
        "calls": len(took),
    }


def _noise(model: Detector, batch: int) -> Array:
    shape = (batch, model.spec.window_length)
    return (0.1 * np.random.default_rng(batch).standard_normal(shape)).astype(np.float32)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--provider", choices=["cuda", "cpu"], default="cuda")
    parser.add_argument("--model", action="append", help="name or file; repeat. The bundled pair by default")
    parser.add_argument("--batch", type=int, action="append", help="instead of 1, 2, 4 ... 512; repeat")
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
