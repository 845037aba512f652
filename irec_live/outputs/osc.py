"""OSC: messages over UDP, to this machine unless another one is named.

References
----------
M. Wright, "The Open Sound Control 1.0 Specification", 2002.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from irec_live.errors import DeviceError
from irec_live.outputs.live_output import Switch

LOOPBACK = "127.0.0.1"

_MOST_BYTES = 1400
"""Of a bundle: what passes a network in one piece."""


def address(label: str, what: str) -> str:
    """OSC address of a label.

    Examples
    --------
    >>> address("acoustic guitar", "on")
    '/irec/acoustic_guitar/on'
    """
    return f"/irec/{re.sub(r'[^A-Za-z0-9_.-]', '_', label)}/{what}"


def parse_target(text: str) -> tuple[str, int]:
    """Host and port of ``HOST:PORT``, or of a port on this machine.

    Raises
    ------
    DeviceError
        It is neither.

    Examples
    --------
    >>> parse_target("9000"), parse_target("lights.local:8000"), parse_target("[::1]:9000")
    (('127.0.0.1', 9000), ('lights.local', 8000), ('::1', 9000))
    """
    host, _, port = text.strip().rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not port.isdecimal() or not 0 < int(port) < 65536 or (":" in text and not host):
        raise DeviceError(f"'{text}' is no address for OSC; give HOST:PORT, or a PORT of this machine, such as 9000")
    return host or LOOPBACK, int(port)


class OscReceiver:
    """Sends OSC bundles.

    Raises
    ------
    DeviceError
        There is no such host.
    """

    def __init__(self, host: str, port: int) -> None:
        from pythonosc.udp_client import UDPClient

        self.name = f"OSC to {host}:{port}"
        try:
            self._client = UDPClient(host, port)
        except OSError as error:
            raise DeviceError(f"there is no host '{host}' to send OSC to: {error.strerror or error}") from error

    def send(self, switches: Sequence[Switch], activations: dict[str, float], levels_db: dict[str, float]) -> None:
        """Send one bundle, or several if one is too long; see `Receiver.send`."""
        messages: list[tuple[str, list[float]]] = [
            (address(switch.label, "on"), [switch.time_s, switch.activation])
            if switch.on
            else (address(switch.label, "off"), [switch.time_s])
            for switch in switches
        ]
        messages += [(address(label, "activation"), [value]) for label, value in activations.items()]
        messages += [(address(label, "level"), [value]) for label, value in levels_db.items()]
        self._send(messages)

    def close(self) -> None:
        """Close the socket."""
        self._client._sock.close()

    def _send(self, messages: Sequence[tuple[str, list[float]]]) -> None:
        from pythonosc.osc_bundle_builder import IMMEDIATELY, OscBundleBuilder
        from pythonosc.osc_message_builder import OscMessageBuilder

        bundle, size = OscBundleBuilder(IMMEDIATELY), 16
        for name, values in messages:
            message = OscMessageBuilder(name)
            for value in values:
                message.add_arg(float(value), OscMessageBuilder.ARG_TYPE_FLOAT)
            built = message.build()
            if size > 16 and size + built.size + 4 > _MOST_BYTES:
                self._client.send(bundle.build())
                bundle, size = OscBundleBuilder(IMMEDIATELY), 16
            bundle.add_content(built)
            size += built.size + 4
        if size > 16:
            self._client.send(bundle.build())


def open_osc(target: str) -> OscReceiver:
    """Send to ``HOST:PORT``, or to a port of this machine.

    Raises
    ------
    DeviceError
        It is no address, or there is no such host.
    """
    return OscReceiver(*parse_target(target))
