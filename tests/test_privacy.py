"""Everything stays on the machine: what programs leave behind, whom they ask for, the one door to ONNX Runtime."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
import small_nets
import soundfile
import tiny_bank
from network_fixtures import write_network
from waiting import PATIENCE_S
from watched import Watched, cannot_trace, python

import tiny_models
from irec_live.onnx_runtime import SWITCH, load_onnx_runtime

ROOT = Path(__file__).parents[1]
SUPPORT = ROOT / "tests" / "support"
FOLDERS = ("irec_live", "models", "export", "assets", "tests", ".ci")
DOOR = ROOT / "irec_live" / "onnx_runtime.py"

COMMANDS = ("analyze", "listen", "gui", "serve", "export", "evaluate")

# Window and server end as they do by hand, by Ctrl-C; the first a moment after it takes it, the other when told to.
# While Qt is loaded, the system's own handler is in place, which would end the process there and then.
ENDED_BY_CTRL_C = """
import os, pathlib, signal, sys, threading, time

def end(before):
    early = before, signal.SIG_DFL
    while not (pathlib.Path("stop").exists() if "serve" in sys.argv else signal.getsignal(signal.SIGINT) not in early):
        time.sleep(0.05)
    time.sleep(1.5)
    os.kill(os.getpid(), signal.SIGINT)

threading.Thread(target=end, args=(signal.getsignal(signal.SIGINT),), daemon=True).start()
from irec_live.__main__ import start
start()
"""

# The command lines of training and export, with a network that converts in a moment.
WITH_SMALL_NETS = """
import sys
from irec_{package}.cli import main
import small_nets
from irec_models.nets import ARCHITECTURES
ARCHITECTURES["small"] = small_nets.SmallNet
main()
"""


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Watched]]:
    """Every command, ended; they ran side by side."""
    folder = tmp_path_factory.mktemp("given")
    soundfile.write(folder / "clip.wav", tiny_models.tone("bass", 3.0, sample_rate=16_000), 16_000)
    clip, model = str(folder / "clip.wav"), str(tiny_models.write_activation_model(folder))
    bank = str(tiny_bank.write_bank(folder / "bank"))
    checkpoint = str(write_network(folder / "small.pt", small_nets.SmallNet(3), "# Small", labels=tiny_bank.LABELS))
    app, ended = python("-m", "irec_live"), python("-c", ENDED_BY_CTRL_C)
    arguments = {
        # By its path, so that it is tried in a process of its own first.
        "analyze": (*app, "analyze", clip, "--model", model, "--out", "."),
        "listen": (*app, "listen", "--input", clip, "--json", "--model", model),
        "gui": (*ended, "gui", clip, "--model", model),
        "serve": (*ended, "serve", "--port", "0", "--model", model),
        "export": (*python("-c", WITH_SMALL_NETS.format(package="export")), checkpoint, "-o", "small.onnx"),
        "evaluate": (
            *python("-c", WITH_SMALL_NETS.format(package="models")),
            *("evaluate", model, checkpoint, "--data", bank, "--json", "scores.json"),
        ),
    }
    started: dict[str, Watched] = {}
    try:
        for name, command in arguments.items():
            started[name] = Watched.start(tmp_path_factory.mktemp(name) / name, *command, search=(SUPPORT,))
        send(started["serve"], clip)
        for program in started.values():
            program.end()
        yield started
    finally:
        for program in started.values():
            program.process.kill()
            program.process.wait(PATIENCE_S)


def send(server: Watched, clip: str) -> None:
    """Have a file analysed over HTTP, then end the server."""
    deadline = time.monotonic() + 300
    while "http://" not in server.said:
        assert time.monotonic() < deadline, server.said
        assert server.process.poll() is None, server.said
        time.sleep(0.05)
    address = server.said.partition("irec-live: ")[2].split("/ ")[0]
    head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="clip.wav"\r\n\r\n'
    request = urllib.request.Request(
        f"{address}/api/analyze",
        head + Path(clip).read_bytes() + b"\r\n--x--\r\n",
        {"Content-Type": "multipart/form-data; boundary=x"},
    )
    with urllib.request.urlopen(request, timeout=300) as answer:
        assert b"irec.analysis/1" in answer.read()
    (server.folder / "out" / "stop").touch()


@pytest.mark.parametrize("name", COMMANDS)
def test_nothing_is_left_outside_our_own_folders(watched: dict[str, Watched], name: str) -> None:
    assert watched[name].left() == []


@pytest.mark.parametrize("name", COMMANDS)
def test_nobody_but_this_machine_is_looked_up_or_connected_to(watched: dict[str, Watched], name: str) -> None:
    assert watched[name].asked() == []


@pytest.mark.skipif(bool(cannot_trace()), reason=cannot_trace())
@pytest.mark.parametrize("name", COMMANDS)
def test_native_libraries_do_neither_as_the_system_sees_it(watched: dict[str, Watched], name: str) -> None:
    assert watched[name].natively_made() == []
    assert watched[name].natively_asked() == []


def test_the_guards_see_what_they_are_there_for(tmp_path: Path) -> None:
    # To connect a datagram socket sends nothing; the address is one of those kept for documentation.
    script = (
        "import os, pathlib, socket; (pathlib.Path.home() / '.cache' / 'id').mkdir(parents=True);"
        "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(('192.0.2.1', 9));"
        "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(('127.0.0.1', 9))"
    )
    program = Watched.start(tmp_path / "watched", *python("-c", script))
    program.end()
    assert program.left() == ["home/.cache/id"]
    assert program.asked() == ["socket.connect 192.0.2.1"]
    if not cannot_trace():
        assert program.natively_asked() == ["connect 192.0.2.1 port 9"]
        assert [made.split('"')[1] for made in program.natively_made()] == [str(tmp_path / "watched/home/.cache/id")]


@pytest.mark.parametrize("package", ["irec_live", "irec_models", "irec_papers", "irec_export"])
def test_whoever_imports_a_package_of_ours_first_has_telemetry_off(package: str) -> None:
    environment = {name: value for name, value in os.environ.items() if name != SWITCH}
    script = f"import sys, os, {package}; print(os.environ.get({SWITCH!r}), 'onnxruntime' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True, timeout=300
    )
    assert done.stdout.split() == ["1", "False"]


def test_the_switch_is_set_again_if_somebody_cleared_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SWITCH, "0")
    load_onnx_runtime()
    assert os.environ[SWITCH] == "1"


def test_events_are_switched_off_where_the_release_knows_them(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    new, old = ModuleType("onnxruntime"), ModuleType("onnxruntime")
    new.disable_telemetry_events = lambda: calls.append("off")  # type: ignore[attr-defined]
    for release in (new, old):
        monkeypatch.setitem(sys.modules, "onnxruntime", release)
        assert load_onnx_runtime() is release
    assert calls == ["off"]


def runtime_imports(path: Path) -> list[int]:
    """Lines on which a file imports ONNX Runtime, for its types alone not counted; by ``import`` or by name."""
    text = path.read_text(encoding="utf-8")
    if "onnxruntime" not in text:
        return []
    tree = ast.parse(text)
    typed = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for inner in ast.walk(node)
    }
    lines = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        elif isinstance(node, ast.Call) and "import" in ast.unparse(node.func):
            names = [arg.value for arg in node.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
        else:
            continue
        if node not in typed and any(name.split(".")[0] == "onnxruntime" for name in names):
            lines.append(node.lineno)
    return lines


def test_onnx_runtime_comes_in_by_one_door() -> None:
    files = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")]
    found = {str(path.relative_to(ROOT)) for path in files if runtime_imports(path)}
    assert found == {str(DOOR.relative_to(ROOT))}
