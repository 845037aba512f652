"""The computer's own sound on Linux: PulseAudio and PipeWire offer it as the *monitor* of each sink."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import Any

from irec_live.devices.device import Device

DEFAULT_MONITOR = "@DEFAULT_MONITOR@"
"""What both sound servers call the monitor of whichever sink is the default one."""

_PULSE_HOSTAPI = "PulseAudio"
_QUERY_TIMEOUT_S = 3.0


def list_monitors() -> list[Device]:
    """What PulseAudio or PipeWire offers of the computer's own sound; empty where neither runs."""
    if shutil.which("pactl") is None:
        return []
    sources = _pactl("--format=json", "list", "sources")
    default_sink = (_pactl("get-default-sink") or "").strip()
    try:
        entries = json.loads(sources or "[]")
    except ValueError:
        return []
    return [
        _monitor(entry, default_sink)
        for entry in entries
        if isinstance(entry, dict) and str(entry.get("name", "")).endswith(".monitor")
    ]


def _monitor(entry: dict[str, Any], default_sink: str) -> Device:
    address = str(entry["name"])
    channels, rate = 2, 48_000
    for word in str(entry.get("sample_specification", "")).split():  # "s16le 2ch 44100Hz"
        if word.endswith("ch") and word[:-2].isdigit():
            channels = int(word[:-2])
        elif word.endswith("Hz") and word[:-2].isdigit():
            rate = int(word[:-2])
    name = str(entry.get("description") or address)
    is_default = address == f"{default_sink}.monitor"
    return Device(name, _PULSE_HOSTAPI, -1, channels, rate, is_default, "loopback", address)


def _pactl(*arguments: str) -> str | None:
    """Output of one question to the sound server; None when it does not answer."""
    try:
        done = subprocess.run(
            ["pactl", *arguments],
            capture_output=True,
            text=True,
            timeout=_QUERY_TIMEOUT_S,
            check=True,
            errors="replace",
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout
