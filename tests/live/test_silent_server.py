"""A sound server that takes every call and answers none: nothing waits for it for long, and Ctrl-C is heard."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from virtual_sound import VirtualSound, missing_programs
from waiting import wait_until

pytestmark = [
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="sound servers are Linux's"),
    pytest.mark.skipif(bool(missing_programs()), reason=f"this needs {missing_programs()}"),
]

SENTENCE = "the sound server has not answered for 3 s; start it anew"


class SilentServer:
    """Where PulseAudio would listen."""

    def __init__(self) -> None:
        self._sound = VirtualSound()  # for its folder and settings; no server is started
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(str(self._sound.folder / "native"))
        self._socket.listen(64)
        self.calls: list[socket.socket] = []
        self.environment = self._sound.environment
        threading.Thread(target=self._take, daemon=True).start()

    def _take(self) -> None:
        while True:
            try:
                self.calls.append(self._socket.accept()[0])
            except OSError:
                return

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for call in self.calls:
            call.close()
        self._sound.close()


@pytest.fixture
def silent_server() -> Iterator[SilentServer]:
    server = SilentServer()
    yield server
    server.close()


def start(server: SilentServer, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *arguments], env=server.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def test_devices_and_listen_say_so_in_one_sentence(silent_server: SilentServer, tiny_activation_path: Path) -> None:
    options = ("--model", str(tiny_activation_path))
    commands = (("devices",), ("listen", *options), ("listen", "--input", "loopback", *options))
    started = [start(silent_server, "-m", "irec_live", *command) for command in commands]
    for process in started:
        said, complaint = process.communicate(timeout=300)
        assert (process.returncode, said) == (2, "")
        assert complaint.startswith(f"irec-live: {SENTENCE}")
        assert complaint.count("\n") == 1


def test_the_window_says_so_and_plays_the_demo_clip(silent_server: SilentServer, tiny_activation_path: Path) -> None:
    script = (
        "import os, sys; from irec_live.gui.backend import AppBackend;"
        "from irec_live.gui.session_opener import SessionOpener, SessionPlan;"
        "from irec_live.gui.requests import SourceRequest; mic = SourceRequest('mic');"
        "plan = SessionPlan(mic, mic, models=(sys.argv[1],), demo=True);"
        "outcome = SessionOpener(AppBackend(), lambda: None).make(plan);"
        "print(outcome.note, outcome.setup.session.silent); sys.stdout.flush(); os._exit(0)"
    )
    said, complaint = start(silent_server, "-c", script, str(tiny_activation_path)).communicate(timeout=300)
    assert said.startswith(SENTENCE), complaint
    assert said.endswith("playing the demo clip instead True\n")


def test_ctrl_c_is_heard_while_the_server_is_waited_for(silent_server: SilentServer) -> None:
    script = (
        "import sys; from irec_live.devices import portaudio; portaudio.ANSWER_S = 300.0;"  # the signal must be first
        "from irec_live.__main__ import start; sys.argv[1:] = ['devices']; start()"
    )
    process = start(silent_server, "-c", script)
    wait_until(lambda: silent_server.calls)
    process.send_signal(signal.SIGINT)
    _, complaint = process.communicate(timeout=300)
    assert (process.returncode, complaint.strip()) == (130, "irec-live: stopped")
