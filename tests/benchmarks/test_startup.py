"""How long it takes from the start of the process to the first painted window, as seen on the screen.

The baseline, in the same run, is the least that a window costs in this toolkit: a process that imports PySide6 and
shows an empty one. Medians of a few starts, after one that warms the disk's cache; of commands without a window, to
their end. Needs xvfb and libx11-6.

    pytest tests/benchmarks/test_startup.py --benchmark-enable -s
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from first_picture import EmptyScreen
from x_server import missing_x_programs

ROUNDS = 5
RATE = 44_100

BARE_WINDOW = """
from PySide6.QtWidgets import QApplication, QWidget
app = QApplication([])
window = QWidget()
window.resize(1280, 720)
window.show()
app.exec()
"""

WINDOWS = {
    "bare window": [sys.executable, "-c", BARE_WINDOW],
    "irec-live gui": [sys.executable, "-m", "irec_live", "gui"],
}
COMMANDS = {
    "irec-live --help": ["--help"],
    "irec-live --version": ["--version"],
    "irec-live analyze, 1 s of sound": ["analyze", "second.wav"],
}

MEDIANS: dict[str, float] = {}


@pytest.fixture(scope="module", autouse=True)
def only_when_measuring(request: pytest.FixtureRequest) -> None:
    """Starts a dozen processes: nothing for the ordinary test run."""
    if not request.config.getoption("benchmark_enable"):
        pytest.skip("starts a dozen processes; needs --benchmark-enable")


@pytest.fixture(scope="module")
def screen() -> Iterator[EmptyScreen]:
    if missing := missing_x_programs():
        pytest.skip(f"needs {missing}")
    shown = EmptyScreen()
    yield shown
    shown.close()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home, for programs that find their modules compiled."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)  # nobody who uses it compiles it at every start
    return tmp_path


@pytest.mark.parametrize("name", WINDOWS)
def test_a_window_is_painted(benchmark: Any, home: Path, screen: EmptyScreen, name: str) -> None:
    waits = []

    def start() -> None:
        waits.append(screen.first_picture(WINDOWS[name], os.environ))

    benchmark.group = "start to first picture, and the end of the process"
    benchmark.pedantic(start, rounds=ROUNDS, warmup_rounds=1)
    taken = [wait.wall_s for wait in waits[1:] or waits]
    MEDIANS[name] = benchmark.extra_info["median_s"] = statistics.median(taken)
    used = statistics.median(wait.cpu_s for wait in waits[1:] or waits)
    print(
        f"\n{name}: {1000 * MEDIANS[name]:.0f} ms to the first picture ({1000 * min(taken):.0f} to "
        f"{1000 * max(taken):.0f}), {1000 * used:.0f} ms of them on a processor"
    )
    if name != "bare window" and "bare window" in MEDIANS:
        print(f"{name} / bare window: {MEDIANS[name] / MEDIANS['bare window']:.2f}")


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_ends(benchmark: Any, home: Path, name: str) -> None:
    soundfile.write(home / "second.wav", 0.1 * np.random.default_rng(0).standard_normal((RATE, 2)), RATE)
    command = [sys.executable, "-m", "irec_live", *COMMANDS[name]]
    waits = []

    def start() -> None:
        began = time.monotonic()
        subprocess.run(command, cwd=home, check=True, capture_output=True)
        waits.append(time.monotonic() - began)

    benchmark.group = "start to end"
    benchmark.pedantic(start, rounds=ROUNDS, warmup_rounds=1)
    median = benchmark.extra_info["median_s"] = statistics.median(waits[1:] or waits)
    print(f"\n{name}: {1000 * median:.0f} ms to the end")
