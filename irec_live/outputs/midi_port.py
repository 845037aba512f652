"""MIDI: notes and controllers on a port of the system.

References
----------
MIDI 1.0 Detailed Specification, MIDI Manufacturers Association 1995: controllers 20 to 31 and 102 to 119 are free.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from irec_live import native_lines
from irec_live.errors import DeviceError, MissingExtraError
from irec_live.formats.midi import velocity
from irec_live.outputs.live_output import Switch

FIRST_NOTE = 36
CONTROLLERS = (*range(20, 32), *range(102, 120))
"""One a label, in turn."""

VIRTUAL = "virtual"
"""Name that makes a port of our own, ``irec-live``, which other programs connect to; not on Windows."""


class MidiReceiver:
    """Plays a note while a label is lit, and moves a controller with its activation.

    Parameters
    ----------
    port : mido output port
    labels : sequence of str
        Label k has note ``36 + k`` and the k-th of `CONTROLLERS`, on channel 1.
    """

    def __init__(self, port: Any, labels: Sequence[str]) -> None:
        self.name = f"MIDI to {port.name}"
        self._port = port
        self._places = {label: place for place, label in enumerate(labels)}
        self._values: dict[int, int] = {}

    def send(self, switches: Sequence[Switch], activations: dict[str, float], levels_db: dict[str, float]) -> None:
        """Send notes and controllers; see `Receiver.send`. Levels have no message."""
        import mido

        for switch in switches:
            note = FIRST_NOTE + self._places[switch.label]
            if note < 128:
                kind = "note_on" if switch.on else "note_off"
                loud = velocity(switch.activation) if switch.on else 0
                self._port.send(mido.Message(kind, note=note, velocity=loud))
        for label, activation in activations.items():
            place = self._places[label]
            value = min(127, max(0, round(127 * activation)))
            if place < len(CONTROLLERS) and self._values.get(place) != value:
                self._values[place] = value
                self._port.send(mido.Message("control_change", control=CONTROLLERS[place], value=value))

    def close(self) -> None:
        """Close the port."""
        self._port.close()


def midi_ports() -> list[str]:
    """Names of the system's MIDI outputs.

    Raises
    ------
    MissingExtraError
        python-rtmidi is not installed.
    DeviceError
        The system has no MIDI.
    """
    mido = _mido()
    try:
        names: list[str] = mido.get_output_names()
    except (OSError, RuntimeError, SystemError) as error:
        raise DeviceError(f"MIDI is not available on this machine: {error}") from error
    return names


def open_midi(name: str, labels: Sequence[str]) -> MidiReceiver:
    """Open a MIDI output by its name or part of it; `VIRTUAL` makes one.

    Raises
    ------
    DeviceError
        There is no such port, or it cannot be opened.
    MissingExtraError
        python-rtmidi is not installed.
    """
    mido = _mido()
    try:
        if name == VIRTUAL:
            return MidiReceiver(mido.open_output("irec-live", virtual=True), labels)
        known = midi_ports()
        found = [port for port in known if port == name] or [port for port in known if name.lower() in port.lower()]
        if not found:
            there = f"there are {', '.join(known)}" if known else "there is none on this machine"
            advice = f"{there}; '{VIRTUAL}' makes one for others to connect to"
            raise DeviceError(f"there is no MIDI output '{name}'; {advice}")
        return MidiReceiver(mido.open_output(found[0]), labels)
    except (OSError, RuntimeError, SystemError, NotImplementedError) as error:
        raise DeviceError(f"the MIDI output '{name}' cannot be opened: {error}") from error


def _mido() -> Any:
    try:
        import rtmidi  # noqa: F401
    except ImportError as error:
        raise MissingExtraError("python-rtmidi", "midi") from error
    import mido

    native_lines.silence()  # where there is no sequencer, ALSA tells the terminal so, in words of its own
    return mido
