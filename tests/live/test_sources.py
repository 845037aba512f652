from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from fake_portaudio import FakeSoundDevice, device
from waiting import wait_until

from irec_live.devices import Device, refresh
from irec_live.errors import DeviceError, MediaError
from irec_live.source import (
    ArraySource,
    AudioSource,
    FileSource,
    LoopbackSource,
    MicrophoneSource,
    microphone,
    open_input,
)
from irec_live.source.level_probe import LevelProbe

Install = Callable[..., FakeSoundDevice]


def ramp(frames: int, channels: int = 1) -> np.ndarray:
    return (np.arange(frames * channels, dtype=np.float32) / 1e4).reshape(frames, channels)


def test_every_source_keeps_the_protocol(fake_portaudio: Install, tmp_path: Path) -> None:
    fake_portaudio(device("Mic", inputs=1))
    soundfile.write(tmp_path / "a.wav", ramp(10), 8000, subtype="FLOAT")
    sources = [MicrophoneSource(), ArraySource(ramp(10), 8000), FileSource(tmp_path / "a.wav")]
    assert all(isinstance(source, AudioSource) for source in sources)
    for source in sources:
        source.stop()


def test_array_comes_in_blocks_with_absolute_indices() -> None:
    source = ArraySource(ramp(10, 2), 8000, block=4)
    blocks = [source.read(0.0) for _ in range(3)]
    assert [index for _, index in blocks] == [0, 4, 8]
    assert np.array_equal(np.concatenate([block for block, _ in blocks]), ramp(10, 2))
    assert source.ended


def test_file_read_at_full_speed_is_whole(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", ramp(1000, 2), 8000, subtype="FLOAT")
    source = FileSource(tmp_path / "a.wav", realtime=False)
    source.start()
    blocks = []
    while not source.ended:
        blocks.append(source.read(0.1)[0])
    source.stop()
    assert np.array_equal(np.concatenate(blocks), ramp(1000, 2))


def test_file_arrives_at_the_pace_of_time(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", ramp(2400), 8000, subtype="FLOAT")
    source = FileSource(tmp_path / "a.wav")
    began = time.monotonic()
    source.start()
    frames = 0
    while not source.ended:
        block, index = source.read(0.1)
        assert index == frames
        frames += len(block)
        assert frames <= (time.monotonic() - began) * 8000 + 1
    source.stop()
    assert frames == 2400


def test_read_of_a_file_does_not_wait_longer_than_asked(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", ramp(80_000), 8000)
    source = FileSource(tmp_path / "a.wav")
    source.start()
    begun_s = time.monotonic()
    block, _ = source.read(0.0)
    waited_s = time.monotonic() - begun_s
    source.stop()
    # However slow this machine: what comes is what had been due, and it was not the ten seconds that came.
    assert waited_s < 5.0
    assert len(block) < 40_000


def test_bad_file_is_refused_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_text("no sound in here")
    with pytest.raises(MediaError):
        FileSource(tmp_path / "a.wav")


def test_microphone_runs_at_the_devices_own_rate_and_channels(fake_portaudio: Install) -> None:
    fake = fake_portaudio(device("Eight", inputs=8, rate=96_000.0))
    source = MicrophoneSource()
    assert (source.sample_rate, source.channels) == (96_000, 8)
    source.start()
    fake.streams[0].feed(ramp(2000, 8))
    block, index = source.read(0.1)
    source.stop()
    assert index == 0
    assert np.array_equal(block, ramp(2000, 8))


def test_channels_that_a_sound_server_makes_up_are_not_asked_for(fake_portaudio: Install) -> None:
    fake_portaudio(device("pulse", inputs=32))
    source = MicrophoneSource()
    source.stop()
    assert source.channels == 2


def test_overflows_of_the_device_and_of_the_ring_are_both_counted(fake_portaudio: Install) -> None:
    fake = fake_portaudio(device("Mic", inputs=1, rate=8000.0))
    source = MicrophoneSource()
    source.start()
    fake.streams[0].feed(ramp(100), overflow=True)
    assert source.overflows == 1
    for _ in range(5):
        fake.streams[0].feed(ramp(8000))  # one second each, into a ring of four
    assert source.overflows == 3
    _, index = source.read(0.1)
    source.stop()
    assert index == 5 * 8000 + 100 - 4 * 8000


def test_default_that_refuses_is_passed_over(fake_portaudio: Install) -> None:
    fake = fake_portaudio(device("Busy", inputs=2), device("Free", inputs=1))
    fake.refused.add("Busy")
    source = MicrophoneSource()
    source.stop()
    assert source.name == "Free"


def test_named_device_that_refuses_is_an_error(fake_portaudio: Install) -> None:
    fake = fake_portaudio(device("Busy", inputs=2), device("Free", inputs=1))
    fake.refused.add("Busy")
    with pytest.raises(DeviceError, match="the input 'Busy' cannot be opened: Device unavailable"):
        MicrophoneSource("Busy")
    assert refresh(), "a stream stayed counted"


def test_device_that_opens_but_does_not_start_is_given_back(fake_portaudio: Install) -> None:
    fake = fake_portaudio(device("Mic", inputs=2))
    fake.refuse_start = True
    source = MicrophoneSource()
    with pytest.raises(DeviceError, match="'Mic' does not start"):
        source.start()
    assert fake.streams[0].closed
    assert refresh()


def test_unplugged_device_is_lost_and_keeps_what_it_had_captured(fake_portaudio: Install) -> None:
    fake = fake_portaudio(device("Mic", inputs=1))
    source = MicrophoneSource()
    source.start()
    fake.streams[0].feed(ramp(100))
    fake.streams[0].vanish()
    assert source.lost
    block, _ = source.read(5.0)  # returns at once, though this is less than it usually waits for
    source.stop()
    assert len(block) == 100


def test_device_that_falls_silent_without_a_word_is_lost(
    fake_portaudio: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr(microphone, "_STALL_S", 2.5)
    monkeypatch.setattr(microphone.time, "monotonic", lambda: now)
    fake = fake_portaudio(device("Mic", inputs=1))
    source = MicrophoneSource()
    source.start()
    now += 2.0
    assert not source.lost
    fake.streams[0].feed(ramp(1000))
    source.read(0.0)
    now += 2.0
    assert not source.lost
    now += 1.0
    assert source.lost
    source.stop()


def test_stopping_is_not_a_loss_and_may_be_repeated(fake_portaudio: Install) -> None:
    fake_portaudio(device("Mic", inputs=1))
    source = MicrophoneSource()
    source.start()
    source.stop()
    source.stop()
    assert not source.lost
    with pytest.raises(DeviceError, match="closed"):
        source.start()


def test_input_is_a_microphone_or_a_loopback() -> None:
    with pytest.raises(ValueError, match="'mic' or 'loopback', not 'radio'"):
        open_input("radio")  # type: ignore[arg-type]


@pytest.mark.skipif(os.name != "posix", reason="the stand-in for parec is a shell script")
def test_a_monitor_that_sends_nothing_is_stalled_and_not_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = tmp_path / "parec"
    recorder.write_text("#!/bin/sh\nhead -c 8000 /dev/zero\nexec sleep 60\n")
    recorder.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    source = LoopbackSource(Device("Speakers", "PulseAudio", -1, 1, 8000, False, "loopback", "speakers.monitor"))
    source.start()
    heard = 0
    while heard < 2000:
        heard += len(source.read(1.0)[0])
    assert (source.stalled, source.lost) == (False, False)
    monkeypatch.setattr("irec_live.source.loopback._STALL_S", 0.05)
    block, _ = source.read(0.1)
    assert (len(block), source.stalled, source.lost) == (0, True, False)
    source.stop()
    assert not source.stalled


class Probed(ArraySource):
    """Two channels, one louder; at its end it goes away, or fails."""

    def __init__(self, error: Exception | None = None) -> None:
        super().__init__(np.tile(np.float32([0.1, 0.5]), (8000, 1)), 8000, block=800, name="USB")
        self._error, self.stopped = error, 0
        self.ended_by_itself = ArraySource.ended.fget  # type: ignore[attr-defined]

    @property
    def ended(self) -> bool:
        return False

    def read(self, timeout_s: float) -> tuple[np.ndarray, int]:
        self.lost = self.ended_by_itself(self)
        if self.lost and self._error is not None:
            raise self._error
        return super().read(timeout_s)

    def stop(self) -> None:
        self.stopped += 1


@pytest.mark.parametrize(
    ("error", "problem"), [(None, "'USB' went away"), (DeviceError("the driver is gone"), "the driver is gone")]
)
def test_a_probe_measures_the_loudest_channel_and_says_why_it_ends(error: Exception | None, problem: str) -> None:
    source = Probed(error)
    probe = LevelProbe(source)
    wait_until(lambda: source.stopped)
    assert probe.levels_db == pytest.approx((-6.02, -6.02), abs=0.01)
    assert probe.problem == problem
    probe.close()


def test_a_probe_gives_a_device_back_that_does_not_start() -> None:
    source = Probed()

    def refuse() -> None:
        raise DeviceError("busy")

    source.start = refuse  # type: ignore[method-assign]
    with pytest.raises(DeviceError, match="busy"):
        LevelProbe(source)
    assert source.stopped == 1
