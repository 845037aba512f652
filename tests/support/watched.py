"""A program run where it can be seen what it leaves behind and whom it asks for: a home of its own, and two guards.

One guard stands inside Python, as an audit hook in the program and in every Python that it starts. The other, strace,
sees what native libraries do too; where the machine lets nobody trace a process there is only the first.
"""

from __future__ import annotations

import ipaddress
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

OWN = (".config/irec-live", ".local/share/irec-live", ".local/state/irec-live", ".cache/irec-live")
"""Folders of ours, in a home."""

SYSTEMS = (".cache/fontconfig", ".cache/mesa_shader_cache", ".cache/mesa_shader_cache_db", ".config/pulse")
"""Folders in a home that the desktop's libraries keep for every program that paints or plays."""

_GUARD = """
import os, sys

def watch(event, arguments):
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg", "socket.bind"):
        address = arguments[1]
    elif event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"):
        address = (arguments[0],)
    else:
        return
    if not isinstance(address, tuple):  # a local socket has a path
        return
    host = address[0].decode() if isinstance(address[0], bytes) else address[0]
    if host not in (None, "", "localhost", "::1") and not str(host).startswith("127."):
        file = os.open(os.environ["IREC_WATCHED"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(file, f"{event} {host}\\n".encode())
        os.close(file)

sys.addaudithook(watch)
"""

_MADE = "openat,open,creat,mkdir,mkdirat,rename,renameat,renameat2,link,linkat,symlink,symlinkat,mknod,mknodat"
_SENT = "connect,sendto,sendmsg,sendmmsg"

_CALL = re.compile(r"^\d+ +(\w+)\((.*)$")
_INTERNET = re.compile(r'sin6?_port=htons\((\d+)\).*?(?:inet_addr\(|inet_pton\(AF_INET6, )"([^"]+)"')
_NAMES = ("/etc/resolv.conf", "/run/systemd/resolve/")
"""What is opened or asked to look up a name."""


@cache
def cannot_trace() -> str:
    """Why strace cannot be used here; empty if it can."""
    if shutil.which("strace") is None:
        return "strace is not installed"
    probe = ["strace", "-f", "-qq", "--seccomp-bpf", "-o", os.devnull, "true"]
    tried = subprocess.run(probe, capture_output=True, text=True, check=False)
    return "" if tried.returncode == 0 else f"this machine lets nobody trace: {tried.stderr.strip()[:100]}"


@dataclass
class Watched:
    """A program at work in a fresh home, without ``CI`` in its environment.

    Attributes
    ----------
    folder : Path
        Holds ``home``, ``temporary``, ``runtime`` and ``out``, the program's current folder.
    process : Popen
    """

    folder: Path
    process: subprocess.Popen[str]

    @classmethod
    def start(cls, folder: Path, *command: str, search: tuple[Path, ...] = ()) -> Watched:
        """Start a program whose modules are found in the folders of `search`, too."""
        for name in ("home", "temporary", "runtime", "out", "guard"):
            (folder / name).mkdir(parents=True)
        (folder / "runtime").chmod(0o700)
        (folder / "guard" / "sitecustomize.py").write_text(_GUARD, encoding="utf-8")
        hidden = ("CI", "ORT_DISABLE_TELEMETRY", "MPLCONFIGDIR", "TORCHINDUCTOR_CACHE_DIR", "PULSE_SERVER")
        kept = {name: value for name, value in os.environ.items() if name not in hidden and name[:4] != "XDG_"}
        given = os.environ.get("PYTHONPATH", "")
        paths = [str(folder / "guard"), *map(str, search), *([given] if given else [])]
        environment = kept | {
            "HOME": str(folder / "home"),
            "TMPDIR": str(folder / "temporary"),
            "XDG_RUNTIME_DIR": str(folder / "runtime"),
            "IREC_WATCHED": str(folder / "asked"),
            "PYTHONPATH": os.pathsep.join(paths),
            "PYTHONDONTWRITEBYTECODE": "1",
            "QT_QPA_PLATFORM": "offscreen",
        }
        tracer = []
        if not cannot_trace():
            tracer = ["strace", "-f", "-qq", "--seccomp-bpf", "-s", "300", "-y", "-o", str(folder / "trace")]
            tracer += ["-e", f"trace={_MADE},{_SENT}", "--"]
        with (folder / "said").open("w") as said:
            process = subprocess.Popen(
                [*tracer, *command], cwd=folder / "out", env=environment, stdout=said, stderr=said,
                stdin=subprocess.DEVNULL, text=True,
            )  # fmt: skip
        return cls(folder, process)

    @property
    def said(self) -> str:
        """Its output so far."""
        return (self.folder / "said").read_text(errors="replace")

    def end(self, seconds: float = 300.0) -> None:
        """Wait until it has ended well."""
        assert self.process.wait(seconds) == 0, self.said

    def left(self) -> list[str]:
        """Files and folders that are neither ours, nor the results asked for, nor the sound system's."""
        own = [self.folder / "home" / name for name in (*OWN, *SYSTEMS)] + [self.folder / "runtime" / "pulse"]
        found = [path for place in ("home", "temporary", "runtime") for path in (self.folder / place).rglob("*")]
        return [str(path.relative_to(self.folder)) for path in found if not _within(path, own)]

    def asked(self) -> list[str]:
        """What Python looked up or connected to that is not this machine."""
        path = self.folder / "asked"
        return path.read_text().splitlines() if path.exists() else []

    def natively_asked(self) -> list[str]:
        """The same of every library, as the system saw it."""
        found = []
        for name, arguments in self._calls():
            internet = _INTERNET.search(arguments) if name in _SENT.split(",") else None
            if internet and (internet[1] == "53" or not ipaddress.ip_address(internet[2]).is_loopback):
                found.append(f"{name} {internet[2]} port {internet[1]}")
            elif any(place in arguments for place in _NAMES):
                found.append(f"{name} {arguments}")
        return found

    def natively_made(self) -> list[str]:
        """What was made anywhere outside our folders and this one, even if it was taken away again."""
        home = self.folder / "home"
        places = [home / place for place in (*OWN, *SYSTEMS)]
        places += [self.folder / "temporary", self.folder / "runtime", self.folder / "out", self.folder / "asked"]
        # Devices and shared memory; the list of fonts that root keeps for all.
        places += [Path("/dev"), Path("/proc"), Path("/var/cache/fontconfig")]
        found = []
        for name, arguments in self._calls():
            made = name not in ("open", "openat") or "O_CREAT" in arguments
            if name in _SENT.split(",") or not made or re.search(r"\) += -1 ", arguments):
                continue
            paths = [self.folder / "out" / text for text in re.findall(r'"([^"]+)"', arguments)]
            if not all(_within(path, places) for path in paths):
                found.append(f"{name} {arguments}")
        return found

    def _calls(self) -> list[tuple[str, str]]:
        lines = (self.folder / "trace").read_text(errors="replace").splitlines()
        return [(call[1], call[2]) for call in map(_CALL.match, lines) if call]


def _within(path: Path, places: Sequence[Path]) -> bool:
    """Whether a path lies in one of the places, or on the way to one."""
    return any(path.is_relative_to(place) or place.is_relative_to(path) for place in places)


def python(*arguments: str) -> tuple[str, ...]:
    """A command of this interpreter."""
    return (sys.executable, *arguments)
