"""The sound device type: name, host API, kind, channels and rate."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

DeviceKind = Literal["input", "output", "loopback"]


@dataclass(frozen=True, slots=True)
class Device:
    """One way for sound to come in or go out.

    Attributes
    ----------
    name, hostapi : str
        What to remember it by.
    index : int
        PortAudio's index now; -1 for a source of PulseAudio or PipeWire.
    channels : int
        The most channels it offers.
    sample_rate : int
        Its own rate, Hz.
    is_default : bool
        Whether it is the computer's default of its kind.
    kind : {"input", "output", "loopback"}
    address : str
        The sound server's name of a source; empty for PortAudio devices.
    """

    name: str
    hostapi: str
    index: int
    channels: int
    sample_rate: int
    is_default: bool
    kind: DeviceKind
    address: str = ""

    def to_dict(self) -> dict[str, object]:
        """The device as plain values, for JSON."""
        return asdict(self)
