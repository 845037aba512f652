from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from functools import partial
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from pythonosc.dispatcher import Dispatcher
from pythonosc.osc_server import ThreadingOSCUDPServer
from waiting import PATIENCE_S, wait_until

from irec_live.cli import main
from irec_live.errors import DeviceError, MissingExtraError
from irec_live.outputs import LiveOutput, MidiReceiver, OscReceiver, midi_port, open_midi, open_osc
from irec_live.outputs.osc import address, parse_target
from irec_live.source import FileSource
from irec_live.streaming.pipeline import PipelineStep

LABELS = ("flute", "acoustic guitar")
Message = tuple[str, tuple[float, ...]]


@pytest.fixture
def osc_server() -> Iterator[tuple[int, list[Message]]]:
    """A real OSC server on this machine: its port, and what it got."""
    got: list[Message] = []
    dispatcher = Dispatcher()
    dispatcher.set_default_handler(lambda name, *values: got.append((name, values)))
    server = ThreadingOSCUDPServer(("127.0.0.1", 0), dispatcher)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield server.server_address[1], got
    server.shutdown()
    thread.join()
    server.server_close()


def step(
    time_s: float, activation: list[float], lit: tuple[str, ...], level: list[float] | None = None
) -> PipelineStep:
    rows = () if level is None else ((time_s, np.float32(level)),)
    return PipelineStep(((time_s, np.float32(activation)),), rows, (), lit)


def test_a_real_osc_server_gets_labels_activations_and_levels(osc_server: tuple[int, list[Message]]) -> None:
    port, got = osc_server
    output = LiveOutput(LABELS, open_osc(str(port)))
    output.take_step(step(1.0, [0.9, 0.1], ("flute",), [0.1, 0.0]))
    wait_until(lambda: any(name == "/irec/flute/on" for name, _ in got))
    output.take_step(step(2.0, [0.2, 0.8], ("acoustic guitar",), [0.0, 0.5]))
    wait_until(lambda: any(name == "/irec/acoustic_guitar/on" for name, _ in got))
    output.close()
    wait_until(lambda: any(name == "/irec/acoustic_guitar/off" for name, _ in got))
    values = dict(got)
    assert values["/irec/flute/on"] == pytest.approx((1.0, 0.9))
    assert values["/irec/flute/off"] == pytest.approx((2.0,))
    levels = [of[0] for name, of in got if name == "/irec/flute/level"]
    assert levels[0] == pytest.approx(-20.0, abs=0.01)
    assert levels[-1] == pytest.approx(-120.0)
    assert {name for name, _ in got} <= {address(label, what) for label in LABELS for what in _WHAT}
    assert output.lost == 0


_WHAT = ("on", "off", "activation", "level")


class Slow:
    """Counts what it gets; may be stuck, or refuse."""

    name = "a slow desk"

    def __init__(self) -> None:
        self.calls: list[tuple[list, dict, dict]] = []  # type: ignore[type-arg]
        self.gate = threading.Event()
        self.gate.set()
        self.refuses = False
        self.closed = False

    def send(self, switches: list, activations: dict, levels_db: dict) -> None:  # type: ignore[type-arg]
        self.gate.wait(PATIENCE_S)
        if self.refuses:
            raise OSError("unplugged")
        self.calls.append((list(switches), activations, levels_db))

    def close(self) -> None:
        self.closed = True


def test_values_are_sent_at_a_limited_rate_and_only_when_they_change() -> None:
    desk = Slow()
    output = LiveOutput(LABELS, desk)
    began = time.monotonic()
    for number in range(3000):
        output.take_step(step(number / 1000, [number / 3000, 0.5], ()))
    wait_until(lambda: desk.calls and desk.calls[-1][1].get("flute", 0.0) > 0.99)
    calls = list(desk.calls)
    passed_s = time.monotonic() - began
    assert len(calls) <= 31 * (passed_s + 0.1)
    steady = sum("acoustic guitar" in activations for _, activations, _ in calls)
    assert steady <= 1 + passed_s / 0.9
    output.close()
    assert desk.closed


def test_what_came_last_before_the_end_is_sent() -> None:
    desk = Slow()
    output = LiveOutput(LABELS, desk)
    output.take_step(step(1.0, [0.9, 0.0], ("flute",)))
    output.take_step(step(2.0, [0.1, 0.9], ("acoustic guitar",)))
    output.close()  # in most runs before the sender's first turn
    said = [(switch.label, switch.on) for switches, _, _ in desk.calls for switch in switches]
    assert sorted(said) == [*(("acoustic guitar", False), ("acoustic guitar", True), ("flute", False), ("flute", True))]


def test_a_stuck_receiver_never_holds_up_the_stream_nor_fills_memory() -> None:
    desk = Slow()
    desk.gate.clear()
    output = LiveOutput(LABELS, desk)
    for number in range(5000):  # lights and goes out five thousand times while nobody takes anything
        output.take_step(step(number / 10, [0.9, 0.0], ("flute",) if number % 2 else ()))
    assert len(output._switches) <= 1000
    desk.gate.set()
    output.close()


def test_a_receiver_that_is_gone_is_said_and_counted_and_tried_again() -> None:
    desk = Slow()
    desk.refuses = True
    output = LiveOutput(LABELS, desk)
    output.take_step(step(0.0, [0.9, 0.0], ("flute",)))
    wait_until(lambda: output.problem)
    assert "a slow desk takes no messages now (unplugged)" in output.problem
    assert output.lost >= 1
    desk.refuses = False
    output.take_step(step(0.1, [0.1, 0.9], ("acoustic guitar",)))
    wait_until(lambda: not output.problem)
    output.close()


def test_a_dead_osc_port_costs_nothing() -> None:
    output = LiveOutput(LABELS, OscReceiver("127.0.0.1", 9))
    for number in range(20):
        output.take_step(step(number, [number / 20, 0.0], ("flute",)))
    output.close()


class Port:
    name = "Desk"

    def __init__(self) -> None:
        self.messages: list = []  # type: ignore[type-arg]
        self.closed = False

    def send(self, message: object) -> None:
        self.messages.append(message)

    def close(self) -> None:
        self.closed = True


def test_midi_plays_a_note_while_a_label_is_lit_and_moves_its_controller() -> None:
    port = Port()
    output = LiveOutput(LABELS, MidiReceiver(port, LABELS))
    output.take_step(step(0.0, [0.1, 0.9], ("acoustic guitar",)))
    wait_until(lambda: any(message.type == "note_on" for message in port.messages))
    output.close()
    notes = [(m.type, m.note, m.velocity) for m in port.messages if m.type.startswith("note")]
    assert notes == [("note_on", 37, 114), ("note_off", 37, 0)]
    assert [(m.control, m.value) for m in port.messages if m.type == "control_change"] == [(20, 13), (21, 114)]
    assert port.closed


def test_midi_ports_are_found_by_part_of_their_name(monkeypatch: pytest.MonkeyPatch) -> None:
    class Mido:
        @staticmethod
        def get_output_names() -> list[str]:
            return ["Midi Through 14:0", "Light Desk 20:0"]

        @staticmethod
        def open_output(name: str, virtual: bool = False) -> Port:
            port = Port()
            port.name = name
            return port

    monkeypatch.setattr(midi_port, "_mido", Mido)
    assert open_midi("desk", LABELS).name == "MIDI to Light Desk 20:0"
    assert open_midi("virtual", LABELS).name == "MIDI to irec-live"
    with pytest.raises(DeviceError, match="there is no MIDI output 'organ'; there are Midi Through 14:0, Light Desk"):
        open_midi("organ", LABELS)


def test_a_port_that_is_not_there_is_one_sentence_in_the_terminal() -> None:
    """Where the system has no sequencer, ALSA would add words of its own."""
    pytest.importorskip("rtmidi")
    demo = str(files("irec_assets") / "audio" / "demo.ogg")
    command = [sys.executable, "-m", "irec_live", "listen", "--input", demo, "--midi", "no such port"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("irec-live: ")
    assert done.stderr.count("\n") == 1


def test_without_rtmidi_the_sentence_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "rtmidi", None)
    with pytest.raises(MissingExtraError, match=r"irec-live\[midi\]"):
        open_midi("x", LABELS)


@pytest.mark.parametrize("target", ["", "host", "host:", "host:99999", ":9000", "host:x", "9000.5"])
def test_what_is_no_address_is_refused(target: str) -> None:
    with pytest.raises(DeviceError, match="no address for OSC"):
        parse_target(target)


def test_osc_goes_to_this_machine_unless_another_one_is_named() -> None:
    assert parse_target("9000") == ("127.0.0.1", 9000)


def test_listen_sends_osc(
    osc_server: tuple[int, list[Message]], clip: Path, tiny_activation_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # At its own pace, so that however late the machine is, no window is skipped.
    monkeypatch.setattr("irec_live.cli.listening.FileSource", partial(FileSource, realtime=False))
    port, got = osc_server
    arguments = ["listen", "--input", str(clip), "--model", str(tiny_activation_path)]
    done = CliRunner().invoke(main, [*arguments, "--osc", str(port)])
    assert done.exit_code == 0, done.output
    assert f"sending OSC to 127.0.0.1:{port}" in done.stderr
    wait_until(lambda: any(name == "/irec/bass/off" for name, _ in got))
    assert any(name == "/irec/bass/on" for name, _ in got)
