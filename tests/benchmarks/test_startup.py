"""How long it takes from the start of the process to the first painted window, saved as a picture.

The baseline, in the same run, is the least that a window costs in this toolkit: a process that imports PySide6, shows
an empty window, saves its picture and leaves. Medians of a few starts, after one that warms the disk's cache.

    pytest tests/benchmarks/test_startup.py --benchmark-enable -s
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

ROUNDS = 5

BARE_WINDOW = """
import sys
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QWidget
app = QApplication([])
window = QWidget()
window.resize(1280, 720)
window.show()
QTimer.singleShot(0, lambda: (window.grab().save(sys.argv[1]), app.quit()))
app.exec()
"""

COMMANDS = {
    "bare window": [sys.executable, "-c", BARE_WINDOW],
    "irec-live gui": [sys.executable, "-m", "irec_live", "gui", "--after", "0", "--screenshot"],
    "irec-live --version": [sys.executable, "-m", "irec_live", "--version"],
}

MEDIANS: dict[str, float] = {}


@pytest.fixture(scope="module", autouse=True)
def only_when_measuring(request: pytest.FixtureRequest) -> None:
    """Starts a dozen processes: nothing for the ordinary test run."""
    if not request.config.getoption("benchmark_enable"):
        pytest.skip("starts a dozen processes; needs --benchmark-enable")


@pytest.mark.parametrize("name", COMMANDS)
def test_startup(benchmark: Any, tmp_path: Path, name: str) -> None:
    benchmark.group = "start to exit"
    picture = tmp_path / "first.png"
    has_window = "--version" not in COMMANDS[name]
    command = [*COMMANDS[name], *([str(picture)] if has_window else [])]
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "HOME": str(tmp_path)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # nobody who uses it compiles it at every start
    waits: list[float] = []

    def start() -> None:
        began = time.time()
        subprocess.run(command, env=environment, check=True, capture_output=True)
        # Leaving takes longer than arriving: models that are being loaded by then are waited for.
        waits.append((picture.stat().st_mtime if has_window else time.time()) - began)

    benchmark.pedantic(start, rounds=ROUNDS, warmup_rounds=1)
    MEDIANS[name] = benchmark.extra_info["median_s"] = statistics.median(waits[1:] or waits)
    print(f"\n{name}: {1000 * MEDIANS[name]:.0f} ms to the {'first picture' if has_window else 'end'}")
    if name != "bare window" and "bare window" in MEDIANS:
        print(f"{name} / bare window: {MEDIANS[name] / MEDIANS['bare window']:.2f}")
