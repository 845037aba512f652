"""The computer's own sound on Linux: PulseAudio and PipeWire offer it as the *monitor* of each sink."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from typing import Any

from irec_live.devices.device import Device
from irec_live.devices.portaudio import ANSWER_S, NO_ANSWER
from irec_live.errors import DeviceError

_PULSE_HOSTAPI = "PulseAudio"


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
    sources = _pactl("--format=json", "list", "sources", until=until)
    sink = (_pactl("get-default-sink", until=until) or "").strip()
    try:
        entries = json.loads(sources or "[]")
    except ValueError:
        return []
    return [
        _monitor(entry, sink)
        for entry in entries
        if isinstance(entry, dict) and str(entry.get("name", "")).endswith(".monitor")
    ]


def _monitor(entry: dict[str, Any], sink: str) -> Device:
    address = str(entry["name"])
    channels, rate = 2, 48_000
    for word in str(entry.get("sample_specification", "")).split():  # "s16le 2ch 44100Hz"
        if word.endswith("ch") and word[:-2].isdigit():
            channels = int(word[:-2])
        elif word.endswith("Hz") and word[:-2].isdigit():
            rate = int(word[:-2])
    name = str(entry.get("description") or address)
    is_default = address == f"{sink}.monitor"
    return Device(name, _PULSE_HOSTAPI, -1, channels, rate, is_default, "loopback", address)


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
