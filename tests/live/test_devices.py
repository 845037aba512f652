from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Callable, Iterator

import pytest
from fake_portaudio import FakeSoundDevice, device
from waiting import PATIENCE_S, wait_until

from irec_live import devices
from irec_live.devices import (
    ask,
    candidates,
    find_device,
    find_microphone,
    list_devices,
    monitors,
    portaudio,
    refresh,
    without_routes,
)
from irec_live.errors import DeviceError
from irec_live.input_kind import InputKind
from irec_live.source import MicrophoneSource, open_input

Install = Callable[..., FakeSoundDevice]


@pytest.fixture(autouse=True)
def _no_sound_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(monitors.shutil, "which", lambda name: None)


def studio(install: Install, **defaults: int) -> FakeSoundDevice:
    return install(
        device("Built-in Audio", inputs=2, outputs=2, rate=44_100.0),
        device("USB Interface", inputs=8),
        device("USB Interface Pro", inputs=18),
        **defaults,
    )


def test_inputs_and_outputs_of_one_card_are_two_devices(fake_portaudio: Install) -> None:
    studio(fake_portaudio)
    found = [(entry.kind, entry.name, entry.channels, entry.sample_rate) for entry in list_devices()]
    assert found == [
        ("input", "Built-in Audio", 2, 44_100),
        ("input", "USB Interface", 8, 48_000),
        ("input", "USB Interface Pro", 18, 48_000),
        ("output", "Built-in Audio", 2, 44_100),
    ]


def test_default_device_comes_first_and_the_others_follow(fake_portaudio: Install) -> None:
    studio(fake_portaudio, default_input=1)
    assert [entry.name for entry in candidates("input")] == ["USB Interface", "Built-in Audio", "USB Interface Pro"]


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        ("usb interface", ["USB Interface"]),
        ("pro", ["USB Interface Pro"]),
        ("usb", ["USB Interface", "USB Interface Pro"]),
        ("2", ["USB Interface Pro"]),
    ],
)
def test_name_is_matched_whole_first_then_as_index_then_in_part(
    fake_portaudio: Install, wanted: str, names: list[str]
) -> None:
    studio(fake_portaudio)
    assert [entry.name for entry in candidates("input", wanted)] == names


def test_unknown_name_is_answered_with_the_known_ones(fake_portaudio: Install) -> None:
    studio(fake_portaudio)
    with pytest.raises(DeviceError, match=r"no input device 'Tascam' now; there is: Built-in Audio, USB Interface"):
        find_device("input", "Tascam")


def test_when_all_devices_refuse_the_best_one_is_blamed(fake_portaudio: Install) -> None:
    def refuse(entry: devices.Device) -> None:
        raise DeviceError(f"{entry.name} is busy")

    studio(fake_portaudio, default_input=1)
    with pytest.raises(DeviceError, match="USB Interface is busy"):
        devices.open_first(candidates("input"), refuse)


def test_no_input_says_what_to_do(fake_portaudio: Install) -> None:
    fake_portaudio(default_input=-1, default_output=-1)
    with pytest.raises(DeviceError, match="plug in a microphone"):
        candidates("input")


@pytest.mark.usefixtures("no_portaudio")
def test_missing_portaudio_names_the_package_to_install() -> None:
    with pytest.raises(DeviceError, match="sudo apt install libportaudio2"):
        list_devices()


def test_portaudio_is_not_restarted_under_an_open_stream(fake_portaudio: Install) -> None:
    fake = studio(fake_portaudio)
    with devices.hold_stream() as sd:
        stream = sd.RawInputStream(device=0, samplerate=8000, channels=1, finished_callback=lambda: None)
    assert not refresh()
    devices.close_stream(stream)
    assert refresh()
    assert fake.restarts == 1


def test_stream_that_could_not_be_opened_is_not_counted(fake_portaudio: Install) -> None:
    studio(fake_portaudio)
    with pytest.raises(RuntimeError), devices.hold_stream():
        raise RuntimeError
    assert refresh()


def test_refresh_finds_what_was_plugged_in(fake_portaudio: Install) -> None:
    fake = studio(fake_portaudio)
    fake.on_restart = lambda: fake.devices.append(device("New Microphone", inputs=1))
    assert "New Microphone" not in {entry.name for entry in list_devices()}
    assert "New Microphone" in {entry.name for entry in list_devices(refresh_list=True)}


def test_monitors_are_read_from_the_sound_server(monkeypatch: pytest.MonkeyPatch) -> None:
    sources = [
        {"name": "alsa_input.usb", "description": "Mic", "sample_specification": "s16le 1ch 48000Hz"},
        {"name": "hdmi.monitor", "description": "Monitor of HDMI", "sample_specification": "s32le 8ch 96000Hz"},
        {"name": "speakers.monitor", "description": "Monitor of Speakers", "sample_specification": "odd"},
    ]

    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        text = "speakers\n" if "get-default-sink" in command else json.dumps(sources)
        return subprocess.CompletedProcess(command, 0, text, "")

    monkeypatch.setattr(monitors.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(monitors.subprocess, "run", run)
    found = monitors.list_monitors()
    assert [(entry.address, entry.channels, entry.sample_rate, entry.is_default) for entry in found] == [
        ("hdmi.monitor", 8, 96_000, False),
        ("speakers.monitor", 2, 48_000, True),
    ]
    assert find_device("loopback").address == "speakers.monitor"
    assert find_device("loopback", "hdmi").address == "hdmi.monitor"


def test_microphones_have_the_names_that_the_desktop_shows(
    fake_portaudio: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources = [
        {"name": "alsa_input.usb", "description": "USB Mic", "sample_specification": "s16le 1ch 44100Hz"},
        {"name": "alsa_input.pci", "description": "Built-in Mic", "sample_specification": "s16le 2ch 48000Hz"},
        {"name": "speakers.monitor", "description": "Monitor of Speakers", "sample_specification": "s16le 2ch 48000Hz"},
    ]

    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        texts = {"get-default-sink": "speakers\n", "get-default-source": "alsa_input.usb\n"}
        return subprocess.CompletedProcess(command, 0, texts.get(command[1], json.dumps(sources)), "")

    fake_portaudio(device("pulse", inputs=32), device("default", inputs=32), device("USB: Audio (hw:1,0)", inputs=1))
    monkeypatch.setattr(monitors.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(monitors.subprocess, "run", run)
    found = list_devices()
    assert [entry.name for entry in found if entry.kind == "input"] == [
        "pulse", "default", "USB: Audio (hw:1,0)", "USB Mic", "Built-in Mic",
    ]  # fmt: skip
    assert [entry.name for entry in without_routes(found) if entry.kind == "input"] == [
        "USB: Audio (hw:1,0)", "USB Mic", "Built-in Mic",
    ]  # fmt: skip
    usb = find_microphone("usb mic")
    assert usb is not None
    assert (usb.address, usb.channels, usb.sample_rate, usb.is_default) == ("alsa_input.usb", 1, 44_100, True)
    assert find_microphone("USB Mic", "ALSA") is None
    assert find_microphone("pulse") is None
    source = open_input(InputKind.MIC, "USB Mic", "PulseAudio")
    assert (source.name, source.channels, source.sample_rate) == ("USB Mic", 1, 44_100)
    assert isinstance(open_input(InputKind.MIC, "pulse"), MicrophoneSource)
    with pytest.raises(DeviceError, match="there is no input device 'Gone' now"):
        open_input(InputKind.MIC, "Gone", "PulseAudio")


def test_without_named_microphones_the_route_to_the_server_stays(fake_portaudio: Install) -> None:
    fake_portaudio(device("pulse", inputs=32))
    assert [entry.name for entry in without_routes(list_devices())] == ["pulse"]


@pytest.mark.parametrize("answer", ["", "not json", "{}", '[1, {"name": 5}]'])
def test_strange_answer_of_the_sound_server_means_no_monitors(monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    monkeypatch.setattr(monitors.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(monitors, "_pactl", lambda *arguments, until: answer)
    assert monitors.list_monitors() == []


def test_sound_server_that_does_not_answer_is_told_and_asked_but_once(
    fake_portaudio: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[float] = []

    def run(command: list[str], *, timeout: float, **_: object) -> None:
        asked.append(timeout)
        raise subprocess.TimeoutExpired(command, timeout)

    studio(fake_portaudio)
    monkeypatch.setattr(monitors.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(monitors.subprocess, "run", run)
    with pytest.raises(DeviceError, match="the sound server has not answered for 3 s"):
        find_device("loopback")
    (allowed_s,) = asked
    assert 0.0 < allowed_s <= 3.0
    told: list[str] = []
    assert len(list_devices(tell=told.append)) == 4
    assert [sentence[:43] for sentence in told] == ["the sound server has not answered for 3 s; "]


def test_both_questions_to_the_sound_server_share_one_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    allowed: list[float] = []

    def run(command: list[str], *, timeout: float, **_: object) -> subprocess.CompletedProcess[str]:
        nonlocal now
        allowed.append(timeout)
        now += 2.0
        return subprocess.CompletedProcess(command, 0, "[]", "")

    monkeypatch.setattr(monitors.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(monitors.subprocess, "run", run)
    monkeypatch.setattr(monitors.time, "monotonic", lambda: now)
    monitors.list_monitors()
    assert allowed == [3.0, 1.0]


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """A server is waited for but a moment, and answers when this event is set."""
    answer = threading.Event()
    monkeypatch.setattr(portaudio, "ANSWER_S", 0.05)
    monkeypatch.setattr(portaudio.sys, "platform", "linux")
    yield answer
    answer.set()
    wait_until(lambda: portaudio._left is None or portaudio._left.done.is_set())


def test_call_that_is_not_answered_is_left_and_its_late_answer_undone(
    impatient: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    undone: list[str] = []

    def work() -> str:
        impatient.wait(PATIENCE_S)
        return "stream"

    with pytest.raises(DeviceError, match="the sound server has not answered"):
        ask(work, undone.append)
    with monkeypatch.context() as patch:
        patch.setattr(portaudio._Question, "wait", lambda _: pytest.fail("waits again"))
        for _ in range(100):  # PortAudio must not be called again meanwhile, and nobody waits again
            with pytest.raises(DeviceError, match="the sound server has not answered"):
                ask(lambda: "never")
    impatient.set()
    wait_until(lambda: undone == ["stream"])
    wait_until(lambda: portaudio._left is not None and portaudio._left.done.is_set())
    monkeypatch.setattr(portaudio, "ANSWER_S", PATIENCE_S)
    assert ask(lambda: "again") == "again"


def test_error_of_a_call_reaches_whoever_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(portaudio, "ANSWER_S", PATIENCE_S)
    monkeypatch.setattr(portaudio.sys, "platform", "linux")
    with pytest.raises(ZeroDivisionError):
        ask(lambda: 1 / 0)


def test_interrupted_call_is_left_too(impatient: threading.Event, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: object) -> bool:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(portaudio._Question, "wait", interrupted)
        with pytest.raises(KeyboardInterrupt):
            ask(lambda: impatient.wait(PATIENCE_S))
    with pytest.raises(DeviceError, match="the sound server has not answered"):
        ask(lambda: None)


def test_loopback_input_of_a_driver_is_found_by_its_name(fake_portaudio: Install) -> None:
    fake_portaudio(device("Microphone", inputs=1), device("BlackHole 2ch", inputs=2))
    assert find_device("loopback").name == "BlackHole 2ch"


@pytest.mark.parametrize(
    ("platform", "advice"), [("linux", "pulseaudio-utils"), ("darwin", "BlackHole"), ("win32", "Stereo Mix")]
)
def test_without_loopback_the_advice_fits_the_system(
    fake_portaudio: Install, monkeypatch: pytest.MonkeyPatch, platform: str, advice: str
) -> None:
    fake_portaudio(device("Microphone", inputs=1))
    monkeypatch.setattr(devices.sys, "platform", platform)
    with pytest.raises(DeviceError, match=advice):
        find_device("loopback")
