"""The two commands of a checkout: nothing that fails hides the rest, and nothing that takes long is silent."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

pytestmark = [
    pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed"),
    pytest.mark.skipif(not (ROOT / ".ci" / "tell").is_file(), reason="only a checkout has .ci"),
]

TOOL = """#!/bin/sh
echo "${0##*/} $*" >> "$LOG"
case "${0##*/} $*" in *$FAILS*) exit $STATUS ;; esac
"""
EVERYTHING = ["ruff check", "ruff format", "mypy", "lint-imports", "pytest -m realtime", "pytest -m not"]


def make_test(
    folder: Path, fails: str, status: int = 1, *arguments: str
) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    """``make test`` with tools of our own, of which some fail; what became of it, and what ran."""
    for name in ("ruff", "mypy", "lint-imports", "pytest"):
        (folder / name).write_text(TOOL)
        (folder / name).chmod(0o755)
    variables = {"LOG": str(folder / "log"), "FAILS": fails, "STATUS": str(status)}
    hidden = ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")
    done = subprocess.run(
        ["make", "-C", str(ROOT), "test", f"BIN={folder}", "SETUP=true", *arguments],
        env={name: value for name, value in os.environ.items() if name not in hidden} | variables,
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    return done, (folder / "log").read_text().splitlines()


@pytest.mark.parametrize("fails", ["", "ruff check", "mypy", "pytest -m realtime", "pytest -m not"])
def test_everything_runs_whatever_fails_and_the_end_says_so(tmp_path: Path, fails: str) -> None:
    done, ran = make_test(tmp_path, fails or "nothing")
    assert all(any(line.startswith(name) for line in ran) for name in EVERYTHING), ran
    assert len(ran) == len(EVERYTHING)
    assert (done.returncode != 0) == bool(fails)
    assert ("make test: failed: " in done.stderr) == bool(fails)


def test_all_that_failed_is_named(tmp_path: Path) -> None:
    done, _ = make_test(tmp_path, "")
    assert "make test: failed: lint, the tests in real time, the other tests" in done.stderr


def test_a_choice_that_leaves_one_kind_without_tests_is_no_failure(tmp_path: Path) -> None:
    assert make_test(tmp_path, "pytest", 5, "PYTEST_ARGS=-k ring")[0].returncode == 0
    assert make_test(tmp_path, "pytest", 5)[0].returncode != 0


@pytest.mark.parametrize("fails", ["", "ruff check", "pytest -m realtime", "pytest -m not", "wheel ", "app "])
def test_what_a_change_must_pass_runs_to_its_end_and_the_end_says_what_failed(tmp_path: Path, fails: str) -> None:
    tools = tmp_path / ".venv" / "bin"
    for folder in (tools, tmp_path / ".ci"):
        folder.mkdir(parents=True)
    for name in ("Makefile", ".ci/run"):
        shutil.copy(ROOT / name, tmp_path / name)
    for path in (tmp_path / ".ci" / "setup", tmp_path / ".ci" / "wheel", tmp_path / ".ci" / "app"):
        path.write_text(TOOL)
        path.chmod(0o755)
    for name in ("ruff", "mypy", "lint-imports", "pytest"):
        (tools / name).write_text(TOOL + "echo '== 1 passed in 0.01s =='\n")
        (tools / name).chmod(0o755)
    hidden = ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")
    variables = {"LOG": str(tmp_path / "log"), "FAILS": fails or "nothing", "STATUS": "1"}
    done = subprocess.run(
        ["bash", str(tmp_path / ".ci" / "run")],
        env={name: value for name, value in os.environ.items() if name not in hidden} | variables,
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    ran = (tmp_path / "log").read_text().splitlines()
    assert all(any(line.startswith(name) for line in ran) for name in (*EVERYTHING, "wheel", "app")), ran
    assert (done.returncode != 0) == bool(fails), done.stderr
    assert (".ci/run: failed: " in done.stderr) == bool(fails)
    assert done.stdout.count("== 1 passed in 0.01s ==\n") >= 1


def tell(script: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [ROOT / ".ci" / "tell", "sh", "-c", script],
        env=os.environ | {"TELL_EVERY_S": "0.05"}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def test_a_long_step_says_what_it_does(tmp_path: Path) -> None:
    go_on = tmp_path / "go on"
    os.mkfifo(go_on)
    with tell(f"echo one; echo Downloading torch; read _ < '{go_on}'") as process:
        assert process.stdout is not None
        assert any(line.endswith(" s: Downloading torch\n") for line in process.stdout)
        go_on.write_text("\n")
        _, complaint = process.communicate(timeout=300)
    assert (process.returncode, complaint) == (0, "")


def test_a_step_that_fails_shows_all_it_said_and_keeps_its_status() -> None:
    with tell("echo first; echo why >&2; exit 7") as process:
        _, complaint = process.communicate(timeout=300)
    assert process.returncode == 7
    assert {"first", "why"} <= set(complaint.split())
