"""The scripts in examples/ run as written."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import soundfile

EXAMPLES = Path(__file__).parents[1] / "examples"


def run(script: str, folder: Path) -> str:
    time = np.arange(3 * 44_100) / 44_100
    tone = sum(np.sin(2 * np.pi * 440 * h * time) / h for h in range(1, 6)) * 0.2
    soundfile.write(folder / "song.flac", tone, 44_100)
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / script), "song.flac"],
        cwd=folder, capture_output=True, text=True, timeout=300, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_example_is_tried_here() -> None:
    assert {path.name for path in EXAMPLES.glob("*.py")} == {"live_callback.py", "batch_to_pandas.py", "own_model.py"}


def test_live_callback_prints_a_line_for_each_hop(tmp_path: Path) -> None:
    assert "2.6 s" in run("live_callback.py", tmp_path)


def test_batch_to_pandas_prints_a_table(tmp_path: Path) -> None:
    assert run("batch_to_pandas.py", tmp_path).strip()


def test_own_model_listens_in_the_app(tmp_path: Path) -> None:
    assert run("own_model.py", tmp_path).startswith("('whistle', 'kazoo') (")


def test_without_what_they_need_they_say_so_and_write_nothing(tmp_path: Path) -> None:
    for script, argument, said in (
        ("own_model.py", (), "usage: python examples/own_model.py song.flac"),
        ("live_callback.py", ("gone.wav",), "there is no file gone.wav"),
    ):
        done = subprocess.run(
            [sys.executable, str(EXAMPLES / script), *argument],
            cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
        assert done.stderr.startswith(said)
        assert not list(tmp_path.iterdir())
