"""A folder on a Ray cluster of this machine, one worker on one processor and two on two; then by local processes.

    python tests/benchmarks/cluster_scaling.py FOLDER --files 240

The processors are taken from this process, and so from all that it starts, as `taskset` does: a worker's threads would
otherwise fill both of them from the beginning. The first quarter of the files is a warm-up, in which all workers start,
and is not counted. The cases take turns, and the median of their ratios is told: on a machine that does other
things too, only that tells something.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from irec_live.batch.items import Settings
from irec_live.batch.local import LocalEngine
from irec_live.batch.paths import Found, find_files
from irec_live.batch.ray import RayEngine
from irec_live.batch.run import Batch, Engine
from irec_live.models.choice import load_models


def rate(files: Sequence[Found], settings: Settings, engine: Engine) -> float:
    """Seconds of sound a second, once it runs."""
    with tempfile.TemporaryDirectory() as folder, Batch(files, Path(folder), settings) as batch:
        began_s, before_s = 0.0, 0.0
        for count, _ in enumerate(batch.run(engine), 1):
            if count == len(files) // 4:
                began_s, before_s = time.perf_counter(), batch.summary.sound_s
        return (batch.summary.sound_s - before_s) / (time.perf_counter() - began_s)


def by_ray(files: Sequence[Found], settings: Settings, workers: int) -> float:
    """On a cluster of so many processors."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    import ray  # here: local workers, which import this file, have no use for it

    ray.init("local", num_cpus=workers, include_dashboard=False, log_to_driver=False)
    try:
        return rate(files, settings, RayEngine(settings, jobs=workers))
    finally:
        ray.shutdown()


def by_processes(files: Sequence[Found], settings: Settings, workers: int) -> float:
    """By so many processes."""
    return rate(files, settings, LocalEngine(settings, jobs=workers))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--files", type=int, default=240)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    files = find_files([asked.folder], recursive=True)
    files = random.Random(0).sample(files, min(asked.files, len(files)))
    settings = Settings.of(load_models())
    processors = sorted(os.sched_getaffinity(0))[:2]
    for name, measure in (("ray", by_ray), ("local", by_processes)):
        found: dict[int, list[float]] = {1: [], 2: []}
        for _ in range(asked.rounds):
            for workers, rates in found.items():
                os.sched_setaffinity(0, processors[:workers])
                rates.append(measure(files, settings, workers))
        ratio = statistics.median(two / one for one, two in zip(found[1], found[2], strict=True))
        told = ", ".join(f"{workers}: {statistics.median(rates):.1f}" for workers, rates in found.items())
        print(f"{name}: times real time by workers {told}; ratio {ratio:.2f}", flush=True)


if __name__ == "__main__":
    main()
