"""Audio sources: one protocol, with a class each for microphone, computer sound (loopback), file and array.

`open_input` chooses among the live ones. Capture threads only copy and count; the engine's worker does the rest.
"""

from __future__ import annotations

from irec_live.devices import find_device, find_microphone
from irec_live.input_kind import InputKind
from irec_live.source.array import ArraySource
from irec_live.source.file import FileSource
from irec_live.source.loopback import LoopbackSource
from irec_live.source.microphone import MicrophoneSource
from irec_live.streaming.audio_source import AudioSource

__all__ = ["ArraySource", "AudioSource", "FileSource", "LoopbackSource", "MicrophoneSource", "open_input"]


def open_input(
    kind: InputKind, device: str | None = None, hostapi: str | None = None
) -> MicrophoneSource | LoopbackSource:
    """Open a live input.

    Parameters
    ----------
    kind : InputKind
        One of `InputKind.live`.
    device, hostapi : str, optional
        Which one; the default one if not given (see `irec_live.devices.candidates`). Loopback then follows the default
        output, also when the user chooses another output later.

    Raises
    ------
    DeviceError
        There is no such device, or it cannot be opened.
    ValueError
        `kind` is not a live input.
    """
    if kind == InputKind.MIC:
        served = None if device is None else find_microphone(device, hostapi)
        return MicrophoneSource(device, hostapi) if served is None else LoopbackSource(served)
    if kind != InputKind.LOOPBACK:
        known = " or ".join(repr(live.value) for live in InputKind.live())
        raise ValueError(f"a live input is {known}, not {str(kind)!r}")
    found = find_device("loopback", device, hostapi)
    # A driver's loopback input (Stereo Mix, BlackHole) is an ordinary PortAudio input.
    if not found.address:
        return MicrophoneSource(found.name, found.hostapi)
    return LoopbackSource(found, follow=device is None)
