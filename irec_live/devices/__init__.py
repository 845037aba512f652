"""Audio devices: list them, choose one, and find it again later.

A device is remembered by its name and host API, never by its index: indices change whenever something is plugged in.
The computer's own sound is listed as kind ``loopback``.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from irec_live.devices.device import Device, DeviceKind
from irec_live.devices.monitors import find_microphone, list_microphones, list_monitors, without_routes
from irec_live.devices.portaudio import ask, close_stream, hold_stream, portaudio_running, refresh
from irec_live.errors import DeviceError

__all__ = [
    "Device",
    "DeviceKind",
    "ask",
    "candidates",
    "close_stream",
    "find_device",
    "find_microphone",
    "hold_stream",
    "list_devices",
    "list_microphones",
    "list_monitors",
    "open_first",
    "portaudio_running",
    "refresh",
    "without_routes",
]

Stream = TypeVar("Stream")

_LOOPBACK_WORDS = ("loopback", "stereo mix", "blackhole", "soundflower", "vb-audio", "what u hear", "monitor of")


def list_devices(*, refresh_list: bool = False, tell: Callable[[str], object] = str) -> list[Device]:
    """All devices: inputs, those of the sound server last, then the computer's own sound, then outputs.

    Parameters
    ----------
    refresh_list : bool
        Look for newly plugged ones too, unless a stream is open (see `refresh`).
    tell : callable
        Gets one sentence if the computer's own sound cannot be listed though a sound server runs.

    Raises
    ------
    DeviceError
        PortAudio is not installed, or a sound server does not answer it.
    """
    if refresh_list:
        refresh()
    found = _portaudio_devices()
    inputs = [device for device in found if device.kind == "input"]
    outputs = [device for device in found if device.kind == "output"]
    try:
        served = list_monitors()
        served = list_microphones() + served
    except DeviceError as error:
        tell(str(error))
        served = []
    return inputs + served + outputs


def _portaudio_devices() -> list[Device]:
    with portaudio_running() as sd:
        try:
            apis = sd.query_hostapis()
            entries = list(sd.query_devices())
        except sd.PortAudioError as error:
            raise DeviceError(f"the sound devices cannot be listed: {error}") from error
        default_in, default_out = _default_indices(sd)
    devices = []
    kinds: tuple[tuple[DeviceKind, str, int], ...] = (
        ("input", "max_input_channels", default_in),
        ("output", "max_output_channels", default_out),
    )
    for kind, key, default in kinds:
        for index, entry in enumerate(entries):
            if entry[key] > 0:
                api = str(apis[entry["hostapi"]]["name"])
                rate = round(entry["default_samplerate"])
                devices.append(Device(str(entry["name"]), api, index, int(entry[key]), rate, index == default, kind))
    return devices


def _default_indices(sd: Any) -> tuple[int, int]:
    """PortAudio's default input and output, -1 where there is none."""
    indices = []
    for kind in ("input", "output"):
        try:
            indices.append(int(sd.query_devices(kind=kind)["index"]))
        except (sd.PortAudioError, ValueError):
            indices.append(-1)
    return indices[0], indices[1]


def candidates(kind: DeviceKind, name: str | None = None, hostapi: str | None = None) -> list[Device]:
    """Devices to try, the best first: the default and then the rest, or only those that a name means.

    Parameters
    ----------
    kind : {"input", "output", "loopback"}
    name : str, optional
        A device's name, part of it, its sound server name, or its index; case does not matter.
    hostapi : str, optional
        Prefer the device of that name on this host API.

    Raises
    ------
    DeviceError
        There is none, with what to do about it.
    """
    devices = list_monitors() + _loopback_inputs() if kind == "loopback" else _of_kind(kind)
    if name is None:
        if not devices:
            raise DeviceError(_none_of(kind))
        return sorted(devices, key=lambda device: not device.is_default)
    wanted = name.strip().lower()
    matches = _matching(devices, wanted)
    if not matches:
        known = ", ".join(sorted({device.name for device in devices})) or "none at all"
        raise DeviceError(f"there is no {kind} device '{name}' now; there is: {known}")
    return sorted(matches, key=lambda device: device.hostapi != hostapi)


def find_device(kind: DeviceKind, name: str | None = None, hostapi: str | None = None) -> Device:
    """The one device that a name and host API mean now, or the default one.

    Raises
    ------
    DeviceError
        There is none (see `candidates`).
    """
    return candidates(kind, name, hostapi)[0]


def open_first(devices: Sequence[Device], opener: Callable[[Device], Stream]) -> tuple[Device, Stream]:
    """Open the first of some devices that does not refuse.

    Parameters
    ----------
    devices : sequence of Device
        At least one; see `candidates`.
    opener : callable
        Opens a device, or raises `DeviceError`.

    Returns
    -------
    device : Device
    stream
        What `opener` returned.

    Raises
    ------
    DeviceError
        All refused; what the first one said.
    """
    problems: list[DeviceError] = []
    for device in devices:
        try:
            return device, opener(device)
        except DeviceError as error:
            problems.append(error)
    raise problems[0]


def _of_kind(kind: DeviceKind) -> list[Device]:
    return [device for device in _portaudio_devices() if device.kind == kind]


def _loopback_inputs() -> list[Device]:
    """Inputs that carry the computer's own sound where a driver or the host API offers one."""
    try:
        inputs = _of_kind("input")
    except DeviceError:  # a monitor needs no PortAudio
        return []
    return [device for device in inputs if any(word in device.name.lower() for word in _LOOPBACK_WORDS)]


def _matching(devices: Sequence[Device], wanted: str) -> list[Device]:
    """Exact names, else an index, else names that contain the given text."""
    exact = [device for device in devices if wanted in (device.name.lower(), device.address.lower())]
    if exact or not wanted:
        return exact
    if wanted.isdigit():
        return [device for device in devices if device.index == int(wanted)]
    return [device for device in devices if wanted in device.name.lower()]


def _none_of(kind: DeviceKind) -> str:
    if kind == "output":
        return "there is no sound output device"
    if kind == "input":
        return "there is no sound input device; plug in a microphone, or open a file"
    if sys.platform == "win32":
        return "Windows offers no loopback input; enable 'Stereo Mix' in the sound settings, or install VB-Audio Cable"
    if sys.platform == "darwin":
        return "macOS offers no loopback input; install BlackHole and choose it as the sound output"
    return (
        "the computer's own sound needs PulseAudio or PipeWire running, and pactl and parec; "
        "on Debian or Ubuntu: sudo apt install pulseaudio-utils"
    )
