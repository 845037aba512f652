from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from fake_portaudio import FakeSoundDevice, device
from waiting import PATIENCE_S, wait_until

from irec_live.devices import refresh
from irec_live.player import Player, SilentClock, clock, speaker
from irec_live.player.reader import PlaybackReader

Install = Callable[..., FakeSoundDevice]
RATE = 8000
SECONDS = 3


@pytest.fixture(scope="module")
def ramp_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A mono file whose sample values tell their own time: t seconds is t / 10."""
    path = tmp_path_factory.mktemp("player") / "ramp.wav"
    soundfile.write(path, (np.arange(RATE * SECONDS) / RATE / 10).astype(np.float32), RATE, subtype="FLOAT")
    return path


def seconds(block: np.ndarray) -> np.ndarray:
    return block[:, 0] * 10


class Now:
    """A clock that the test sets."""

    def __init__(self) -> None:
        self.seconds = 50.0

    def monotonic(self) -> float:
        return self.seconds


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> Now:
    fake = Now()
    monkeypatch.setattr(clock, "time", fake)
    return fake


def test_silent_clock_moves_only_while_it_plays(now: Now) -> None:
    playhead = SilentClock(10.0)
    now.seconds += 1
    assert playhead.position_s == 0.0
    playhead.play()
    now.seconds += 2
    assert playhead.position_s == pytest.approx(2.0)
    playhead.pause()
    now.seconds += 5
    assert playhead.position_s == pytest.approx(2.0)


def test_silent_clock_stops_at_the_end_and_begins_again(now: Now) -> None:
    playhead = SilentClock(10.0)
    playhead.play()
    now.seconds += 11
    assert (playhead.position_s, playhead.playing, playhead.ended) == (10.0, False, True)
    playhead.play()
    now.seconds += 1
    assert playhead.position_s == pytest.approx(1.0)


def test_silent_clock_repeats_its_loop(now: Now) -> None:
    playhead = SilentClock(10.0)
    playhead.loop = (2.0, 3.0)
    playhead.play()
    now.seconds += 2.5
    assert playhead.position_s == pytest.approx(2.5)
    now.seconds += 2.0
    assert playhead.position_s == pytest.approx(2.5)
    playhead.seek(5.0)  # behind the loop it just goes on
    now.seconds += 1.0
    assert playhead.position_s == pytest.approx(6.0)


def test_silent_clock_repeats_a_loop_up_to_the_end_wherever_that_is(now: Now) -> None:
    playhead = SilentClock(None)
    playhead.loop = (1.0, math.inf)
    playhead.play()
    now.seconds += 3.0
    assert playhead.position_s == pytest.approx(3.0)
    playhead.set_duration(4.0)
    now.seconds += 1.5
    assert playhead.position_s == pytest.approx(1.5)
    assert playhead.playing


def test_length_that_becomes_known_ends_the_silent_clock(now: Now) -> None:
    playhead = SilentClock(None)
    playhead.play()
    now.seconds += 100
    assert playhead.playing
    playhead.set_duration(20.0)
    assert (playhead.position_s, playhead.playing) == (20.0, False)


@pytest.mark.parametrize("rate", [RATE, 11_025, 48_000])
def test_reader_gives_the_whole_file_in_its_own_time(ramp_path: Path, rate: int) -> None:
    reader = PlaybackReader(ramp_path, rate, 2)
    parts, starts, last = [], [], False
    while not last:
        block, start_s, last = reader.read(None)
        parts.append(block)
        starts.append(start_s)
    reader.close()
    whole = np.concatenate(parts)
    assert whole.shape == (pytest.approx(rate * SECONDS, abs=2), 2)
    assert np.array_equal(whole[:, 0], whole[:, 1])
    middle = slice(rate // 10, -rate // 10)
    assert seconds(whole)[middle] == pytest.approx(np.arange(len(whole))[middle] / rate, abs=1e-3)
    assert starts == pytest.approx(np.cumsum([0] + [len(part) for part in parts[:-1]]) / rate)


def test_reader_repeats_a_loop_to_the_sample(ramp_path: Path) -> None:
    reader = PlaybackReader(ramp_path, RATE, 1)
    loop = (1.0, 1.5)
    reader.seek(0.9)
    parts = []
    while sum(map(len, parts)) < RATE * 1.2:
        parts.append(reader.read(loop)[0])
    reader.close()
    expected = np.concatenate([np.arange(7200, 12_000), *[np.arange(8000, 12_000)] * 3]) / RATE
    heard = seconds(np.concatenate(parts))
    assert heard == pytest.approx(expected[: len(heard)], abs=1e-5)


def test_reader_repeats_up_to_the_end_and_ends_in_a_loop_of_nothing(ramp_path: Path) -> None:
    reader = PlaybackReader(ramp_path, RATE, 1)
    reader.seek(1.5)
    heard, lasts = [], []
    while sum(map(len, heard)) < RATE * SECONDS:
        block, _, last = reader.read((1.0, math.inf))
        heard.append(block)
        lasts.append(last)
    assert not any(lasts)
    first = RATE * SECONDS - RATE * 3 // 2
    assert seconds(np.concatenate(heard))[first - 1 : first + 1] == pytest.approx([SECONDS, 1.0], abs=1e-3)
    reader.seek(SECONDS + 5.0)
    assert [reader.read((SECONDS + 5.0, SECONDS + 6.0))[2] for _ in range(2)] == [True, True]
    reader.close()


def test_reader_folds_many_channels_onto_both_sides(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "six.wav", np.eye(6, dtype=np.float32)[[5]].repeat(100, 0), RATE, subtype="FLOAT")
    reader = PlaybackReader(tmp_path / "six.wav", RATE, 2)
    assert reader.read(None)[0] == pytest.approx(np.full((100, 2), 1.0), abs=1e-6)
    reader.close()


@pytest.fixture
def output(fake_portaudio: Install) -> Iterator[FakeSoundDevice]:
    yield fake_portaudio(device("Speakers", outputs=2, rate=float(RATE)))
    assert refresh(), "the output was not given back"


@pytest.fixture
def player(output: FakeSoundDevice, ramp_path: Path) -> Iterator[Player]:
    player = Player(ramp_path, float(SECONDS))
    yield player
    player.close()


def pull(output: FakeSoundDevice, frames: int) -> np.ndarray:
    """Take so many frames from the player, in small buffers, as the feeder delivers them."""
    stream = output.streams[-1]
    heard: list[np.ndarray] = []
    deadline = time.monotonic() + PATIENCE_S
    while sum(map(len, heard)) < frames:
        assert time.monotonic() < deadline
        block = stream.pull(80)
        if np.any(block):
            heard.append(block)
        else:
            stream.time -= 80 / RATE  # the feeder was not there yet: this buffer does not count
            threading.Event().wait(0.002)
    return np.concatenate(heard)


def test_player_is_audible_and_the_stream_clock_moves_the_playhead(output: FakeSoundDevice, player: Player) -> None:
    player.seek(1.0)
    player.play()
    wait_until(lambda: output.streams[0].running)
    assert player.position_s == 1.0
    heard = pull(output, 800)
    assert seconds(heard) == pytest.approx(1.0 + np.arange(800) / RATE, abs=1e-5)
    # A tenth of a second was handed over; the last buffer of it is heard one buffer later.
    assert player.position_s == pytest.approx(1.1 - 0.01, abs=1e-6)
    output.streams[0].time += 0.005
    assert player.position_s == pytest.approx(1.1 - 0.005, abs=1e-6)
    output.streams[0].time += 5.0
    assert player.position_s == pytest.approx(1.1, abs=1e-6), "the playhead ran ahead of the sound"


def test_playhead_waits_where_the_server_corrects_its_latency(output: FakeSoundDevice, player: Player) -> None:
    player.seek(1.0)
    player.play()
    wait_until(lambda: output.streams[0].running)
    pull(output, 800)
    before = player.position_s
    output.streams[0].time -= 0.05
    assert player.position_s == before
    output.streams[0].time += 0.055
    assert player.position_s == pytest.approx(before + 0.005, abs=1e-6)


def test_pause_holds_the_playhead_and_the_sound(output: FakeSoundDevice, player: Player) -> None:
    player.seek(0.5)
    player.play()
    wait_until(lambda: output.streams[0].running)
    pull(output, 800)
    player.pause()
    held = player.position_s
    assert not np.any(output.streams[0].pull(80))
    assert (player.position_s, player.playing) == (held, False)
    player.play()
    assert seconds(pull(output, 80))[0] == pytest.approx(0.6, abs=1e-5)


def test_seek_passes_over_what_waited_to_be_played(output: FakeSoundDevice, player: Player) -> None:
    player.seek(0.5)
    player.play()
    wait_until(lambda: output.streams[0].running)
    pull(output, 800)
    player.seek(2.0)
    assert player.position_s == 2.0
    assert seconds(pull(output, 80)) == pytest.approx(2.0 + np.arange(80) / RATE, abs=1e-5)


def test_loop_is_played_again_and_again(output: FakeSoundDevice, player: Player) -> None:
    player.loop = (1.0, 1.25)
    player.seek(1.2)
    player.play()
    wait_until(lambda: output.streams[0].running)
    heard = seconds(pull(output, 4800))
    expected = np.concatenate([np.arange(9600, 10_000), *[np.arange(8000, 10_000)] * 3])[: len(heard)] / RATE
    assert heard == pytest.approx(expected, abs=1e-5)
    assert 1.0 <= player.position_s <= 1.25


def test_end_of_the_file_ends_playing_and_play_begins_again(output: FakeSoundDevice, player: Player) -> None:
    player.seek(2.9)
    player.play()
    wait_until(lambda: output.streams[0].running)
    pull(output, 800)
    output.streams[0].pull(80)
    assert (player.playing, player.ended) == (False, True)
    output.streams[0].time += 1.0
    assert player.position_s == pytest.approx(SECONDS, abs=1e-3)
    player.play()
    assert seconds(pull(output, 160))[-1] == pytest.approx(159 / RATE, abs=1e-4)


def test_device_sleeps_after_a_long_pause_and_wakes_up(
    output: FakeSoundDevice, player: Player, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(speaker, "_REST_S", 0.05)
    player.seek(0.5)
    player.play()
    wait_until(lambda: output.streams[0].running)
    player.pause()
    wait_until(lambda: not output.streams[0].running)
    assert not player.silent
    player.play()
    wait_until(lambda: output.streams[0].running)
    assert seconds(pull(output, 80))[0] >= 0.5
    assert not player.silent


def test_unplugged_output_leaves_the_playhead_moving_in_silence(
    output: FakeSoundDevice, player: Player, now: Now
) -> None:
    player.loop = (0.5, 2.5)
    player.seek(1.0)
    player.play()
    wait_until(lambda: output.streams[0].running)
    pull(output, 800)
    output.streams[0].vanish()
    wait_until(lambda: player.silent)
    assert player.message == "playing without sound: the sound output 'Speakers' went away"
    assert player.playing
    assert player.loop == (0.5, 2.5)
    left_s = player.position_s
    assert left_s == pytest.approx(1.1, abs=0.02)
    now.seconds += 0.5
    assert player.position_s == pytest.approx(left_s + 0.5)
    wait_until(lambda: output.streams[0].closed)


def test_output_that_comes_back_is_taken_up_by_play(
    output: FakeSoundDevice, player: Player, now: Now, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("irec_live.player._RETRY_S", 0.0)
    player.play()
    wait_until(lambda: output.streams[0].running)
    output.streams[0].vanish()
    wait_until(lambda: player.silent)
    player.pause()
    player.seek(2.0)
    player.play()
    wait_until(lambda: not player.silent)
    assert player.message == ""
    wait_until(lambda: output.streams[-1].running)
    assert seconds(pull(output, 80))[0] == pytest.approx(2.0, abs=1e-4)


def test_without_an_output_the_player_is_silent_and_says_so(fake_portaudio: Install, ramp_path: Path) -> None:
    fake_portaudio(device("Mic", inputs=1), default_output=-1)
    player = Player(ramp_path, float(SECONDS))
    assert player.silent
    assert player.message == "playing without sound: there is no sound output device"
    player.seek(99.0)
    assert player.position_s == SECONDS
    player.close()


def test_player_that_is_not_audible_opens_no_device(fake_portaudio: Install, ramp_path: Path) -> None:
    fake = fake_portaudio(device("Speakers", outputs=2))
    player = Player(ramp_path, float(SECONDS), audible=False)
    player.play()
    player.close()
    player.close()
    assert fake.streams == []


def test_close_ends_all_threads(output: FakeSoundDevice, ramp_path: Path) -> None:
    before = set(threading.enumerate())
    player = Player(ramp_path, float(SECONDS))
    player.play()
    player.close()
    assert set(threading.enumerate()) <= before
    assert output.streams[0].closed


@pytest.mark.parametrize("loop", [(2.0, 1.0), (-1.0, 1.0), (1.0, 1.0)])
def test_loop_must_run_forward(fake_portaudio: Install, ramp_path: Path, loop: tuple[float, float]) -> None:
    player = Player(ramp_path, float(SECONDS), audible=False)
    with pytest.raises(ValueError, match="a loop runs from its start"):
        player.loop = loop
