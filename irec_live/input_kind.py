"""Input kinds: microphone, loopback or file; the one list that terminal, window and sessions share."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal


class InputKind(StrEnum):
    """A microphone or line input, what the computer itself plays, or a file.

    A member's value is its name in settings and on the command line; its attributes are what else differs.

    Attributes
    ----------
    role : str
        Name in the status bar.
    offer : str
        Name, in a list of sources, of the default device of this kind.
    described : str
        The same within a sentence.
    icon : str
        Name of its icon.
    devices : {"input", "loopback"} or None
        Kind of the devices that it is captured from; None if it needs no device.

    Examples
    --------
    >>> InputKind("mic") is InputKind.MIC, InputKind.MIC == "mic", InputKind.FILE.is_live
    (True, True, False)
    """

    role: str
    offer: str
    described: str
    icon: str
    devices: Literal["input", "loopback"] | None

    MIC = "mic", "Microphone", "Default microphone", "the default microphone", "microphone", "input"
    LOOPBACK = "loopback", "Computer sound", "This computer's sound", "the computer's own sound", "computer", "loopback"
    FILE = "file", "File", "Open a file…", "a file", "note", None

    def __new__(
        cls,
        value: str,
        # Defaults for mypy only, which takes ``InputKind("mic")``, a look-up by value, for a call of this method.
        role: str = "",
        offer: str = "",
        described: str = "",
        icon: str = "",
        devices: Literal["input", "loopback"] | None = None,
    ) -> InputKind:
        """Make a member with its attributes."""
        kind = str.__new__(cls, value)
        kind._value_ = value
        kind.role, kind.offer, kind.described = role, offer, described
        kind.icon, kind.devices = icon, devices
        return kind

    @property
    def is_live(self) -> bool:
        """Whether sound arrives by itself."""
        return self.devices is not None

    @classmethod
    def live(cls) -> tuple[InputKind, ...]:
        """The kinds whose sound arrives by itself."""
        return tuple(kind for kind in cls if kind.is_live)


def is_unasked(file: object, kind: InputKind, device: str | None) -> bool:
    """Whether the user named neither a file nor a device: then the demo clip may replace a missing microphone."""
    return file is None and device is None and kind == InputKind.MIC
