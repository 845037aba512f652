"""A PipeWire of the tests' own, with WirePlumber and its PulseAudio server: what most desktops of today have.

Like `virtual_sound`, it lives in a folder of its own and touches no server, setting or device of the machine.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from waiting import PATIENCE_S

PROGRAMS = ("pipewire", "wireplumber", "pipewire-pulse", "dbus-run-session", "pactl", "paplay", "parec")
SINK = "irec_test"


# WirePlumber wants a session bus; all end with the shell that holds them.
_SESSION = "pipewire & wireplumber & pipewire-pulse & wait"


def missing_pipewire() -> str:
    """What has to be installed first, in words; empty if nothing."""
    return ", ".join(program for program in PROGRAMS if shutil.which(program) is None)


class PipeWireSound:
    """A private PipeWire with a null sink as default output."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="irec-pw-"))  # a socket's path may have 107 characters at most
        places = ("HOME", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "PIPEWIRE_RUNTIME_DIR")
        self.variables = {
            **{name: str(self.folder) for name in places},
            "PULSE_RUNTIME_PATH": str(self.folder / "pulse"),
            "PULSE_SERVER": f"unix:{self.folder}/pulse/native",
        }
        (self.folder / "pulse").mkdir()
        with (self.folder / "log").open("wb") as log:
            self._session = subprocess.Popen(
                ["dbus-run-session", "--", "sh", "-c", _SESSION],
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._players: list[subprocess.Popen[bytes]] = []
        try:
            self._ask_until("info", lambda said: "Default Sink" in said)
            self.add_sink(SINK)
        except BaseException:
            self.close()
            raise

    @property
    def environment(self) -> dict[str, str]:
        """For programs that shall hear and play here."""
        return {**os.environ, **self.variables}

    def pactl(self, *arguments: str) -> str:
        """Ask or change something: `pactl`."""
        done = subprocess.run(
            ["pactl", *arguments], env=self.environment, stdout=subprocess.PIPE, text=True, check=True, timeout=60
        )
        return done.stdout.strip()

    def add_sink(self, name: str) -> None:
        """Add an output, and make it the default one."""
        self.pactl("load-module", "module-null-sink", f"sink_name={name}", "rate=44100", "channels=2")
        self._ask_until("list short sources", lambda said: f"{name}.monitor" in said)
        self.pactl("set-default-sink", name)
        self._ask_until("get-default-sink", lambda said: said.strip() == name)

    def play(self, path: Path) -> subprocess.Popen[bytes]:
        """Start to play a file to the default output."""
        self._players.append(subprocess.Popen(["paplay", str(path)], env=self.environment, stderr=subprocess.DEVNULL))
        return self._players[-1]

    def close(self) -> None:
        """Stop everything and remove the folder."""
        for player in self._players:
            player.kill()
            player.wait(10)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._session.pid, 9)  # a session of our own: nobody else's processes
        self._session.wait(10)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _ask_until(self, question: str, answered: Callable[[str], bool]) -> None:
        deadline = time.monotonic() + PATIENCE_S
        said = ""
        while time.monotonic() < deadline:
            with contextlib.suppress(subprocess.SubprocessError):
                said = self.pactl(*question.split())
                if answered(said):
                    return
            time.sleep(0.1)
        log = (self.folder / "log").read_text(errors="replace")
        raise RuntimeError(f"PipeWire did not answer '{question}' as it should: {said}\n{log}")
