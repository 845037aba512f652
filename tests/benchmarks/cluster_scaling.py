"""A folder on a Ray cluster of this machine, with one worker and with two, and by local processes.

    python tests/benchmarks/cluster_scaling.py FOLDER --files 60

Each has a warm-up of a few files first, so that starting Ray, or the processes, is not counted. On a machine of two
processors that is busy otherwise, only the ratio tells something, and little.
"""

from __future__ import annotations

import argparse
import os
import random
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

os.environ["RAY_USAGE_STATS_ENABLED"] = "0"

import ray

from irec_live.batch.items import Settings
from irec_live.batch.local import LocalEngine
from irec_live.batch.paths import Found, find_files
from irec_live.batch.ray import RayEngine
from irec_live.batch.run import Batch, Engine
from irec_live.models.choice import load_models


def rate(files: Sequence[Found], settings: Settings, engine: Engine, warm: int) -> tuple[float, float]:
    """Seconds of sound a second, and files a second, once it runs."""
    with tempfile.TemporaryDirectory() as folder, Batch(files, Path(folder), settings) as batch:
        began_s, before_s, count = 0.0, 0.0, 0
        for count, _ in enumerate(batch.run(engine), 1):
            if count == warm:
                began_s, before_s = time.perf_counter(), batch.summary.sound_s
        wall_s = time.perf_counter() - began_s
        return (batch.summary.sound_s - before_s) / wall_s, (count - warm) / wall_s


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--files", type=int, default=60)
    asked = parser.parse_args()
    files = find_files([asked.folder], recursive=True)
    files = random.Random(0).sample(files, min(asked.files, len(files)))
    settings = Settings.of(load_models())
    ray.init("local", num_cpus=2, include_dashboard=False, log_to_driver=False)
    for workers in (1, 2):
        sound, several = rate(files, settings, RayEngine(settings, jobs=workers), warm=8)
        print(f"ray, {workers} workers: {sound:.2f} x real time, {several:.2f} files a second", flush=True)
    ray.shutdown()
    for workers in (1, 2):
        sound, several = rate(files, settings, LocalEngine(settings, jobs=workers), warm=8)
        print(f"local, {workers} processes: {sound:.2f} x real time, {several:.2f} files a second", flush=True)


if __name__ == "__main__":
    main()
