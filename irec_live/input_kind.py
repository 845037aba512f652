"""Where sound comes from: the one list of it that terminal, window and sessions share."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal


class InputKind(StrEnum):
    """A microphone or line input, what the computer itself plays, or a file.

    Each member is its own name in settings and on the command line, and says what else differs.

    Attributes
    ----------
    role : str
        What a status bar calls it.
    offer : str
        What a list of sources calls the one that is taken when none is named.
    described : str
        The same within a sentence.
    icon : str
        Name of its symbol.
    devices : {"input", "loopback"} or None
        Kind of the sound devices it can be heard from; None for what needs no device.

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
        # Defaults for the type checker alone: ``InputKind("mic")`` looks a member up and makes none.
        role: str = "",
        offer: str = "",
        described: str = "",
        icon: str = "",
        devices: Literal["input", "loopback"] | None = None,
    ) -> InputKind:
        """Make a member with all that differs."""
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
        """Those that are heard as they sound."""
        return tuple(kind for kind in cls if kind.is_live)


def is_unasked(file: object, kind: InputKind, device: str | None) -> bool:
    """Whether a user named no source, neither file nor device: then the demo clip may take the microphone's place."""
    return file is None and device is None and kind == InputKind.MIC
