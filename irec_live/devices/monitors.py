"""Sources of PulseAudio and PipeWire on Linux, by the names that the desktop shows.

Microphones and line inputs, which PortAudio knows only as ``pulse`` or ``default``, and the computer's own sound, which
is the *monitor* of each sink.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Sequence
from typing import Any, Literal

from irec_live.devices.device import Device, DeviceKind
from irec_live.devices.portaudio import ANSWER_S, NO_ANSWER
from irec_live.errors import DeviceError

PULSE_HOSTAPI = "PulseAudio"

_ROUTES = ("default", "sysdefault", "pulse", "pipewire")
"""Names of ALSA's devices that lead to the sound server's default input."""


def list_monitors() -> list[Device]:
    """What PulseAudio or PipeWire offers of the computer's own sound; empty where neither runs.

    Raises
    ------
    DeviceError
        One runs, but does not answer in time.
    """
    if shutil.which("pactl") is None:
        return []
    until = time.monotonic() + ANSWER_S
    entries = _sources(until)
    default = f"{_default('sink', until)}.monitor"
    return [_device(entry, "loopback", default) for entry in entries if _is_monitor(entry)]


def list_microphones() -> list[Device]:
    """Inputs of PulseAudio or PipeWire by their own names; empty where neither runs.

    Raises
    ------
    DeviceError
        One runs, but does not answer in time.
    """
    if shutil.which("pactl") is None or shutil.which("parec") is None:
        return []
    until = time.monotonic() + ANSWER_S
    inputs = [entry for entry in _sources(until) if not _is_monitor(entry)]
    default = _default("source", until) if inputs else ""
    return [_device(entry, "input", default) for entry in inputs]


def find_microphone(name: str, hostapi: str | None = None) -> Device | None:
    """The sound server's input of that name or address; None if it is none of the server's.

    Raises
    ------
    DeviceError
        It was remembered as one of the server's, which does not answer.
    """
    if hostapi not in (None, PULSE_HOSTAPI):
        return None
    try:
        found = list_microphones()
    except DeviceError:
        if hostapi is None:  # it may be a device that needs no server
            return None
        raise
    wanted = name.strip().lower()
    return next((device for device in found if wanted in (device.name.lower(), device.address.lower())), None)


def without_routes(devices: Sequence[Device]) -> list[Device]:
    """Devices without those that only lead to the sound server, where the inputs of the server itself are listed."""
    if not any(device.kind == "input" and device.hostapi == PULSE_HOSTAPI for device in devices):
        return list(devices)
    return [device for device in devices if device.kind != "input" or device.name.lower() not in _ROUTES]


def _sources(until: float) -> list[dict[str, Any]]:
    try:
        entries = json.loads(_pactl("--format=json", "list", "sources", until=until) or "[]")
    except ValueError:
        return []
    return [entry for entry in entries if isinstance(entry, dict) and isinstance(entry.get("name"), str)]


def _is_monitor(entry: dict[str, Any]) -> bool:
    return str(entry["name"]).endswith(".monitor")


def _default(what: Literal["sink", "source"], until: float) -> str:
    return (_pactl(f"get-default-{what}", until=until) or "").strip()


def _device(entry: dict[str, Any], kind: DeviceKind, default: str) -> Device:
    address = str(entry["name"])
    channels, rate = 2, 48_000
    for word in str(entry.get("sample_specification", "")).split():  # "s16le 2ch 44100Hz"
        if word.endswith("ch") and word[:-2].isdigit():
            channels = int(word[:-2])
        elif word.endswith("Hz") and word[:-2].isdigit():
            rate = int(word[:-2])
    name = str(entry.get("description") or address)
    return Device(name, PULSE_HOSTAPI, -1, channels, rate, address == default, kind, address)


def _pactl(*arguments: str, until: float) -> str | None:
    """Output of one question to the sound server; None where there is none, or it knows no answer."""
    try:
        done = subprocess.run(
            ["pactl", *arguments],
            capture_output=True,
            text=True,
            timeout=max(0.01, until - time.monotonic()),
            check=True,
            errors="replace",
        )
    except subprocess.TimeoutExpired as error:
        raise DeviceError(NO_ANSWER) from error
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout
