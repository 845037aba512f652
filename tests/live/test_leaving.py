"""The process ends with its status, whatever its threads are stuck in."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

STUCK = """
import sys, threading
import irec_live.cli
from irec_live.__main__ import start

@irec_live.cli.main.command("stuck")
def stuck():
    threading.Thread(target=threading.Event().wait, name="irec-{name}", daemon=True).start()
    print("done")
    raise {error}

sys.argv = ["irec-live", "stuck"]
start()
"""


def leave(error: str) -> subprocess.CompletedProcess[str]:
    code = STUCK.format(name="stuck", error=error)
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=False)


def test_a_stuck_thread_keeps_neither_the_process_nor_its_output() -> None:
    left = leave("SystemExit(3)")
    assert (left.returncode, left.stdout) == (3, "done\n")


def test_a_stuck_thread_does_not_hide_an_error() -> None:
    left = leave("irec_live.cli.IrecError('the disk is full')")
    assert (left.returncode, left.stderr) == (2, "irec-live: the disk is full\n")


def test_what_was_registered_is_run_but_memory_is_not_taken_apart() -> None:
    code = """
import atexit, sys, threading
import irec_live.cli
from irec_live.__main__ import start

class Part:
    def __del__(self):
        print("taken apart")

@irec_live.cli.main.command("leave")
def leave():
    atexit.register(print, "goodbye")
    threading.Timer(0.1, print, ["waited for"]).start()
    raise SystemExit(3)

part = Part()
sys.argv = ["irec-live", "leave"]
start()
"""
    left = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=False)
    assert (left.returncode, left.stdout) == (3, "waited for\ngoodbye\n")


def test_an_error_of_ours_is_told_as_python_tells_it() -> None:
    code = """
import sys
import irec_live.cli
from irec_live.__main__ import start

@irec_live.cli.main.command("fail")
def fail():
    raise LookupError("a mistake in the code")

sys.argv = ["irec-live", "fail"]
start()
"""
    left = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=False)
    assert left.returncode == 1
    assert left.stderr.splitlines()[-1] == "LookupError: a mistake in the code"


@pytest.mark.skipif(sys.platform == "win32", reason="a process cannot send itself Ctrl-C there")
@pytest.mark.parametrize(
    ("package", "module"),
    [
        ("irec_live", "irec_live.cli"),
        ("irec_live", "irec_live.gui.app"),
        ("irec_models", "irec_models.cli"),
        ("irec_export", "irec_export.cli"),
    ],
)
def test_ctrl_c_while_modules_are_loaded_ends_the_process_without_a_word(package: str, module: str) -> None:
    code = f"""
import signal, sys
from importlib.abc import MetaPathFinder
from {package}.__main__ import start

class Loading(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name == "{module}":
            signal.raise_signal(signal.SIGINT)

sys.meta_path.insert(0, Loading())
sys.argv = ["irec-live", "gui"]
start()
"""
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    command = [sys.executable, "-c", code]
    left = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, env=environment)
    assert (left.returncode, left.stdout, left.stderr) == (-signal.SIGINT, "", "")


@pytest.mark.skipif(sys.platform == "win32", reason="a process cannot send itself Ctrl-C there")
@pytest.mark.parametrize(
    ("package", "arguments", "slow"),
    [
        ("irec_models", ["recipes"], "irec_models.caches.keep_caches_together"),
        ("irec_export", ["a.pt", "-o", "a.onnx"], "irec_export.cli.check_extra"),
    ],
)
def test_ctrl_c_in_a_command_of_training_or_export_is_told_and_is_status_130(
    package: str, arguments: list[str], slow: str
) -> None:
    place, _, name = slow.rpartition(".")
    code = f"""
import signal, sys
import {place} as place
setattr(place, "{name}", lambda *_: signal.raise_signal(signal.SIGINT))
from {package}.__main__ import start

sys.argv = ["program", *{arguments}]
start()
"""
    left = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=False)
    program = {"irec_models": "irec-train", "irec_export": "irec-export"}[package]
    assert (left.returncode, left.stdout, left.stderr) == (130, "", f"{program}: stopped\n")
