"""A sound server of the tests' own, with one null sink: what is played into it comes out of the default microphone.

It lives in a folder of its own and touches no server, setting or device of the machine. PortAudio reaches it through
ALSA's pulse plug-in.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from waiting import PATIENCE_S

PROGRAMS = ("pulseaudio", "pactl", "paplay", "parec")
SINK = "irec_test"

_ALSA_CONFIG = """\
</usr/share/alsa/alsa.conf>
pcm.!default { type pulse }
ctl.!default { type pulse }
pcm.pulse { type pulse }
"""


def missing_programs() -> str:
    """What has to be installed first, in words; empty if nothing."""
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if not any(Path("/usr/lib").rglob("libasound_module_pcm_pulse.so")):
        missing.append("ALSA's pulse plug-in")
    return ", ".join(missing)


class VirtualSound:
    """A private PulseAudio with a null sink as default output and its monitor as default input.

    Parameters
    ----------
    sample_rate : int
        Of the sink.
    """

    def __init__(self, sample_rate: int = 44_100) -> None:
        # Not pytest's folder: a socket's path may have 107 characters at most.
        self.folder = Path(tempfile.mkdtemp(prefix="irec-snd-"))
        self.sample_rate = sample_rate
        config = self.folder / "asound.conf"
        config.write_text(_ALSA_CONFIG)
        home = {name: str(self.folder) for name in ("HOME", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "PULSE_RUNTIME_PATH")}
        self.variables = {
            **home,
            "PULSE_STATE_PATH": str(self.folder),
            "PULSE_SERVER": f"unix:{self.folder}/native",
            "ALSA_CONFIG_PATH": str(config),
        }
        self._server: subprocess.Popen[bytes] | None = None
        self._players: list[subprocess.Popen[bytes]] = []

    @property
    def environment(self) -> dict[str, str]:
        """For programs that shall hear and play here."""
        return {**os.environ, **self.variables}

    def start(self) -> None:
        """Start the server, and return when it answers."""
        command = [
            "pulseaudio",
            "--daemonize=no",
            "--exit-idle-time=-1",
            "-n",
            "--use-pid-file=no",
            "--disable-shm=yes",
        ]
        modules = (
            f"module-native-protocol-unix socket={self.folder}/native auth-anonymous=1",
            f"module-null-sink sink_name={SINK} rate={self.sample_rate} channels=2",
        )
        with (self.folder / "log").open("ab") as log:
            self._server = subprocess.Popen(
                [*command, *(f"--load={module}" for module in modules)], env=self.environment, stdout=log, stderr=log
            )
        deadline = time.monotonic() + PATIENCE_S
        while subprocess.run(["pactl", "info"], env=self.environment, capture_output=True, check=False).returncode:
            if self._server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("PulseAudio did not start: " + (self.folder / "log").read_text(errors="replace"))

    def kill(self) -> None:
        """Take the server away, as if every device were unplugged."""
        if self._server is not None:
            self._server.kill()
            self._server.wait(PATIENCE_S)
            self._server = None
        (self.folder / "native").unlink(missing_ok=True)

    def pactl(self, *arguments: str) -> str:
        """Change something of the server: `pactl`; what it prints, such as the number of a module."""
        done = subprocess.run(
            ["pactl", *arguments], env=self.environment, stdout=subprocess.PIPE, text=True, check=True, timeout=30
        )
        return done.stdout.strip()

    def play(self, path: Path) -> subprocess.Popen[bytes]:
        """Start to play a file into the microphone."""
        player = subprocess.Popen(["paplay", str(path)], env=self.environment, stderr=subprocess.DEVNULL)
        self._players.append(player)
        return player

    def close(self) -> None:
        """Stop everything and remove the folder."""
        for player in self._players:
            player.kill()
            player.wait(PATIENCE_S)
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)
