"""Real sound through a real sound server, PortAudio and ALSA; see `virtual_sound`."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
import soundfile
from virtual_sound import SINK, VirtualSound
from waiting import PATIENCE_S, wait_until

import tiny_models
from irec_live.analysis import analyze
from irec_live.devices import find_device, portaudio
from irec_live.errors import IrecError
from irec_live.gui.backend import AppBackend
from irec_live.gui.requests import SourceRequest
from irec_live.input_kind import InputKind
from irec_live.models.catalog import bundled_models
from irec_live.models.choice import default_models, load_models
from irec_live.recording import Recorder, open_session
from irec_live.results import Event
from irec_live.session import LiveSession, demo_clip, open_file, open_live
from irec_live.session.live import MAX_PENDING
from irec_live.source import LoopbackSource, MicrophoneSource, open_input
from irec_live.streaming.engine import Engine
from irec_live.streaming.pipeline import Pipeline
from irec_live.streaming.ring import Block

pytestmark = pytest.mark.realtime

RATE = 44_100

HEADPHONES = ("module-null-sink", "sink_name=headphones", "sink_properties=device.description=Headphones")

TOLERANCE = 0.005
"""Of an activation or envelope, live against file. The samples are the same; the file's copy of them has 16 bits."""


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """1.4 s of each label, with noise so that it can be aligned to the sample."""
    path = tmp_path_factory.mktemp("virtual") / "clip.wav"
    tones = np.concatenate([tiny_models.tone(label, 1.4, sample_rate=RATE) for label in tiny_models.LABELS])
    noise = np.random.default_rng(5).normal(0.0, 0.003, tones.shape)
    soundfile.write(path, tones + noise, RATE, subtype="PCM_16")
    return path


@pytest.fixture(scope="module")
def tiny_paths(tiny_activation_path: Path, tiny_envelope_path: Path) -> list[Path]:
    return [tiny_activation_path, tiny_envelope_path]


@pytest.fixture(scope="module")
def drums(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The drums of the bundled demo clip, five seconds, in part with others, which its table vouches for."""
    samples, rate = soundfile.read(demo_clip())
    assert rate == RATE
    path = tmp_path_factory.mktemp("drums") / "drums.wav"
    soundfile.write(path, samples[18 * RATE : 23 * RATE], RATE, subtype="PCM_16")
    return path


def windows_left_out(times: Sequence[float] | np.ndarray, hop_s: float) -> int:
    """How many of the windows that lie `hop_s` apart are missing between the first and the last of these times."""
    hops = np.diff(times) / hop_s
    assert hops == pytest.approx(np.round(hops), abs=1e-3)
    assert (np.round(hops) >= 1).all()
    return int((np.round(hops) - 1).sum())


def test_listen_hears_what_another_program_plays(
    virtual_sound: VirtualSound, clip: Path, drums: Path, tiny_paths: list[Path], tmp_path: Path
) -> None:
    bundled = bool(bundled_models())
    hop_s = load_models(default_models() if bundled else tiny_paths)[0].spec.hop_s
    options = [] if bundled else [option for path in tiny_paths for option in ("--model", str(path))]
    command = [sys.executable, "-m", "irec_live", "listen", "--json", "--seconds", "7", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=virtual_sound.environment) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        virtual_sound.play(drums if bundled else clip)
        found = [json.loads(line) for line in (first + process.stdout.read()).splitlines()]
        assert process.wait(PATIENCE_S) == 0
    stats = found[-1]
    assert stats["type"] == "stats"
    assert stats["overflows"] == 0
    heard = {line["label"] for line in found if line["type"] == "event"}
    played, pause = soundfile.read(drums if bundled else clip)[0], np.zeros(2 * RATE)
    soundfile.write(tmp_path / "played.wav", np.concatenate([pause, played, pause]), RATE, subtype="PCM_16")
    known = {event.label for event in analyze(tmp_path / "played.wav", models=None if bundled else tiny_paths).events}
    assert ({"drums"} if bundled else set(tiny_models.LABELS)) <= heard <= known
    times = [line["time_s"] for line in found if line["type"] == "activations"]
    # A machine that others keep busy may make us late: what is left out then is counted, and nothing else is wrong.
    left_out = windows_left_out(times, hop_s)
    assert left_out <= stats["skipped_windows"]
    assert len(times) + left_out > 5.5 / hop_s


class Tape:
    """A microphone that remembers what it delivered."""

    def __init__(self, source: MicrophoneSource) -> None:
        self._source = source
        self.blocks: list[Block] = []
        self.over = False

    def __getattr__(self, name: str) -> object:
        return getattr(self._source, name)

    @property
    def ended(self) -> bool:
        return self.over

    def read(self, timeout_s: float) -> tuple[Block, int]:
        block, index = self._source.read(timeout_s)
        if len(block):
            self.blocks.append(block.copy())
        return block, index


def offset_of(clip: np.ndarray, recording: np.ndarray) -> int:
    """Where a clip begins in a recording, by the peak of their cross-correlation."""
    size = 2 ** int(np.ceil(np.log2(len(clip) + len(recording))))
    product = np.fft.rfft(recording, size) * np.conj(np.fft.rfft(clip, size))
    return int(np.argmax(np.fft.irfft(product, size)[: len(recording)]))


def test_live_equals_file(
    virtual_sound: VirtualSound, clip: Path, drums: Path, tiny_paths: list[Path], tmp_path: Path
) -> None:
    bundled = bool(bundled_models())
    detectors = load_models(default_models() if bundled else tiny_paths)
    clip = drums if bundled else clip
    tape = Tape(MicrophoneSource())
    engine = Engine(tape, Pipeline(tape.sample_rate, detectors, max_pending=MAX_PENDING))  # type: ignore[arg-type]
    engine.start()
    wait_until(lambda: engine.pipeline.position > 0)
    player = virtual_sound.play(clip)
    assert player.wait(PATIENCE_S) == 0
    heard_until = engine.pipeline.position + RATE
    wait_until(lambda: engine.pipeline.position > heard_until)
    tape.over = True
    assert engine.wait(PATIENCE_S)
    engine.stop()
    stats = engine.stats()
    assert stats.overflows == 0

    samples = soundfile.read(clip, dtype="float32")[0]
    recording = np.concatenate(tape.blocks).mean(axis=1)
    start = offset_of(samples, recording)
    end = start + len(samples)
    # The server may swallow the first milliseconds of what a program plays; then it swallowed them for the file too.
    begin = start + int(np.argmax(recording[start:end] != 0))
    assert begin - start < RATE // 5
    assert np.abs(recording[begin:end] - samples[begin - start :]).max() <= 2**-14

    # The same samples at the same place, as a file: every window then holds the same sound.
    padded = np.concatenate([np.zeros(begin, np.float32), samples[begin - start :]])
    soundfile.write(tmp_path / "padded.wav", padded, RATE)
    found = analyze(tmp_path / "padded.wav", models=detectors)
    times, live, _ = engine.pipeline.timeline.activations()
    hop_s = detectors[0].spec.hop_s
    left_out = windows_left_out(times, hop_s)  # on a busy machine; those before are as they should be
    assert left_out <= stats.skipped_windows
    whole = times + 0.5 <= end / RATE
    assert whole.sum() + left_out > 2.0 / hop_s
    if left_out:  # a network that keeps a state has another one from there on
        whole[np.flatnonzero(np.diff(times) > 1.5 * hop_s)[0] + 1 :] = False
    rows = np.searchsorted(found.activation_times, times[whole] - 1e-3)
    assert found.activation_times[rows] == pytest.approx(times[whole])
    assert live[whole] == pytest.approx(found.activation[rows], abs=TOLERANCE)
    if left_out < stats.skipped_windows:  # then frames of the envelope hold fewer windows than the file's
        return
    frame_times, envelope = engine.pipeline.timeline.envelopes()
    count = min(len(envelope), len(found.envelope))
    whole = frame_times[:count] + 0.4 <= end / RATE
    assert envelope[:count][whole] == pytest.approx(found.envelope[:count][whole], abs=TOLERANCE)


def test_computers_own_sound_is_heard(virtual_sound: VirtualSound, clip: Path, tiny_paths: list[Path]) -> None:
    assert find_device("loopback").is_default
    seen: set[str] = set()
    with closing(open_live(tiny_paths, input="loopback")) as session:
        wait_until(lambda: session.time_s > 0)
        virtual_sound.play(clip)
        wait_until(lambda: seen.update(session.snapshot(1.0).detected) or seen == set(tiny_models.LABELS))
        assert session.stats().overflows == 0


def test_file_plays_to_the_output_in_step_with_the_stream_clock(
    virtual_sound: VirtualSound, clip: Path, tiny_paths: list[Path]
) -> None:
    ear = open_input("loopback")
    with closing(open_file(clip, tiny_paths, play=False)) as session:
        ear.start()
        assert not session.silent
        wait_until(session.analysis)
        session.seek(1.0)
        session.play()
        wait_until(lambda: session.position_s > 1.4)  # a server's output takes up to a second to start
        # Each place is read between two looks at the clock, however long this machine takes from one to the other.
        began = time.monotonic(), session.position_s, time.monotonic()
        wait_until(lambda: session.position_s > 2.4)
        ended = time.monotonic(), session.position_s, time.monotonic()
        assert ended[0] - began[2] - 0.25 <= ended[1] - began[1] <= ended[2] - began[0] + 0.25
        session.pause()
        heard = ear.read(0.1)[0].mean(axis=1)
        ear.stop()
    samples = soundfile.read(clip, dtype="float32")[0]
    loud = np.flatnonzero(np.abs(heard) > 0.1)
    part = heard[loud[0] : loud[0] + RATE // 2]
    assert 1.0 <= offset_of(part, samples) / RATE < 1.3  # the server may swallow the beginning


@pytest.fixture
def mortal_sound(monkeypatch: pytest.MonkeyPatch, virtual_sound: VirtualSound) -> Iterator[VirtualSound]:
    """A sound server of one test's own, which may die."""
    sound = VirtualSound()
    try:
        sound.start()
        for name, value in sound.variables.items():
            monkeypatch.setenv(name, value)
        assert portaudio.refresh()
        yield sound
    finally:
        sound.close()


@pytest.mark.parametrize("place", ["mic", "loopback"])
def test_lost_device_is_told_and_taken_up_again(
    mortal_sound: VirtualSound, clip: Path, tiny_paths: list[Path], place: str
) -> None:
    with closing(open_live(tiny_paths, input=place)) as session:  # type: ignore[arg-type]
        wait_until(lambda: session.time_s > 0)
        mortal_sound.kill()
        wait_until(lambda: session.snapshot(1.0).state == "lost")
        assert "went away; looking for it every second" in session.snapshot(1.0).message
        lost_at = session.time_s
        wait_until(lambda: session.time_s > lost_at + 0.5)  # the picture moves on
        mortal_sound.start()
        wait_until(lambda: session.snapshot(1.0).state == "running")
        player = mortal_sound.play(clip)

        def heard() -> bool:
            nonlocal player
            if player.poll() is not None:  # over, or turned away by a server that has only just begun
                player = mortal_sound.play(clip)
            return session.snapshot(1.0).detected == ("bass",)

        wait_until(heard)
    assert session.error is None


def test_computers_own_sound_is_followed_to_another_output(
    mortal_sound: VirtualSound, clip: Path, tiny_paths: list[Path]
) -> None:
    # With a microphone for a default source the server itself would leave us where we are.
    mortal_sound.pactl("load-module", "module-null-source", "source_name=desk_mic")
    mortal_sound.pactl("set-default-source", "desk_mic")
    mortal_sound.pactl("load-module", *HEADPHONES, "rate=48000", "channels=1")
    mortal_sound.pactl("set-default-sink", SINK)
    with closing(open_live(tiny_paths, input="loopback")) as session:
        wait_until(lambda: session.time_s > 0)
        mortal_sound.pactl("set-default-sink", "headphones")
        wait_until(lambda: session.device is not None and session.device.address == "headphones.monitor")
        assert session.title == "Computer sound: Monitor of Headphones"
        moved_at = session.time_s
        wait_until(lambda: session.time_s > moved_at + 0.5)
        mortal_sound.play(clip)
        seen: set[str] = set()
        wait_until(lambda: seen.update(session.snapshot(1.0).detected) or seen == set(tiny_models.LABELS))
        assert (session.state, session.error, session.stats().overflows) == ("running", None, 0)


def test_a_monitor_that_was_named_is_stayed_with(mortal_sound: VirtualSound, tiny_paths: list[Path]) -> None:
    mortal_sound.pactl("load-module", *HEADPHONES)
    mortal_sound.pactl("set-default-sink", SINK)
    named = LoopbackSource(find_device("loopback", f"{SINK}.monitor"))
    following = open_input("loopback")
    for source in (named, following):
        source.start()
    mortal_sound.pactl("set-default-sink", "headphones")
    wait_until(lambda: following.device.address == "headphones.monitor")
    assert named.device.address == f"{SINK}.monitor"
    for source in (named, following):
        source.stop()
        assert not source.lost


def test_a_microphone_is_listed_and_heard_by_its_own_name(
    mortal_sound: VirtualSound, tiny_paths: list[Path], clip: Path
) -> None:
    mortal_sound.pactl(
        "load-module", "module-remap-source", "source_name=stage", f"master={SINK}.monitor",
        "source_properties=device.description=Stage",
    )  # fmt: skip
    offered = [device for device in AppBackend().list_devices() if device.kind == "input"]
    assert [device.name for device in offered] == ["Stage"]
    chosen = SourceRequest(InputKind.MIC, offered[0].name, offered[0].hostapi)
    with closing(open_live(tiny_paths, input=chosen.kind, device=chosen.device, hostapi=chosen.hostapi)) as session:
        assert session.title == "Microphone: Stage"
        wait_until(lambda: session.time_s > 0)
        mortal_sound.play(clip)
        seen: set[str] = set()
        wait_until(lambda: seen.update(session.snapshot(1.0).detected) or seen == set(tiny_models.LABELS))
        assert (session.state, session.error, session.stats().overflows) == ("running", None, 0)


def test_a_device_that_goes_and_comes_back_while_recording_costs_nothing_but_a_gap(
    mortal_sound: VirtualSound, tiny_paths: list[Path], clip: Path, tmp_path: Path
) -> None:
    stage = (
        "load-module", "module-remap-source", "source_name=stage", f"master={SINK}.monitor",
        "source_properties=device.description=Stage",
    )  # fmt: skip
    plugged = mortal_sound.pactl(*stage)
    (device,) = (device for device in AppBackend().list_devices() if device.kind == "input")

    def play_it(session: LiveSession) -> None:
        from_s = session.time_s
        assert mortal_sound.play(clip).wait(PATIENCE_S) == 0
        wait_until(lambda: {event.label for event in played(session, from_s)} == set(tiny_models.LABELS), PATIENCE_S)

    def played(session: LiveSession, from_s: float) -> list[Event]:
        events = session.snapshot(session.time_s - from_s + 1.0).events
        # A window in which a sound begins has its middle up to half a second before that.
        return [event for event in events if event.offset_s is not None and event.onset_s >= from_s - 0.5]

    with closing(open_live(tiny_paths, device=device.name, hostapi=device.hostapi)) as session:
        wait_until(lambda: session.time_s > 0)
        recorder = Recorder(session.pipeline, session.channels, lambda: session.title)
        session.add_tap(recorder)
        recorder.start(tmp_path / "take")
        wait_until(lambda: recorder.state.elapsed_s > 0.5)
        play_it(session)
        mortal_sound.pactl("unload-module", plugged)
        wait_until(lambda: session.state == "lost", PATIENCE_S)
        away_s = session.time_s
        wait_until(lambda: session.time_s > away_s + 1.0)
        mortal_sound.pactl(*stage)
        wait_until(lambda: session.state == "running", PATIENCE_S)
        play_it(session)
        assert recorder.state.state == "recording"
        recorder.stop()
        assert recorder.wait(PATIENCE_S)

    saved = open_session(tmp_path / "take")
    (gap,) = (gap for gap in saved.info.gaps if gap.why == "device away")
    assert gap.to_s - gap.from_s > 1.0
    assert any("the device was away for" in warning for warning in saved.warnings)
    sound = soundfile.read(tmp_path / "take" / "audio.flac", dtype="float32", always_2d=True)[0].mean(axis=1)
    assert len(sound) == round(saved.duration_s * RATE)
    loud = np.abs(sound) > 0.1
    clip_loud = np.count_nonzero(np.abs(soundfile.read(clip)[0]) > 0.1)
    away = slice(round(gap.from_s * RATE), round(gap.to_s * RATE))
    for part in (loud[: away.start], loud[away.stop :]):
        assert np.count_nonzero(part) > 0.5 * clip_loud  # a machine with no time may lose some
    assert not loud[away].any()
    for from_s, to_s in ((0.0, gap.from_s), (gap.to_s, saved.duration_s)):
        inside = (event for event in saved.events if from_s < (event.onset_s + (event.offset_s or to_s)) / 2 < to_s)
        assert {event.label for event in inside} == set(tiny_models.LABELS)


def test_the_terminal_says_which_output_is_heard(mortal_sound: VirtualSound, tiny_paths: list[Path]) -> None:
    mortal_sound.pactl("load-module", *HEADPHONES)
    mortal_sound.pactl("set-default-sink", SINK)
    models = [option for path in tiny_paths for option in ("--model", str(path))]
    command = [sys.executable, "-m", "irec_live", "listen", "--input", "loopback", "--json", *models]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=mortal_sound.environment) as process:
        assert process.stdout is not None
        lines = map(json.loads, process.stdout)
        next(lines)
        mortal_sound.pactl("set-default-sink", "headphones")
        told = next(line for line in lines if line["type"] == "state")
        assert (told["state"], told["message"]) == ("running", "listening to Computer sound: Monitor of Headphones")
        process.terminate()
        assert list(lines)[-1]["type"] == "stats"


def test_dying_server_leaves_a_playing_file_moving_in_silence(
    mortal_sound: VirtualSound, clip: Path, tiny_paths: list[Path]
) -> None:
    with closing(open_file(clip, tiny_paths)) as session:
        wait_until(lambda: session.position_s > 0.1)
        mortal_sound.kill()
        wait_until(lambda: session.silent)
        position = session.position_s
        wait_until(lambda: session.position_s > position + 0.2)
        assert "went away" in session.snapshot(1.0).message


def test_native_libraries_say_nothing_of_their_own(mortal_sound: VirtualSound, tiny_paths: list[Path]) -> None:
    models = [option for path in tiny_paths for option in ("--model", str(path))]
    command = [sys.executable, "-m", "irec_live", "listen", *models]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=mortal_sound.environment
    ) as process:
        assert process.stderr is not None
        assert process.stderr.readline().startswith("Listening to Microphone: ")
        mortal_sound.kill()
        # ALSA and PortAudio have much to say of this, and of every attempt to open the device again.
        assert "went away; looking for it every second" in process.stderr.readline()
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(3.0)
        process.terminate()
        (last,) = process.stderr.read().splitlines()
        assert "overflows" in last
        assert process.wait(PATIENCE_S) == 0


def test_no_server_means_no_device_in_one_sentence(mortal_sound: VirtualSound, tiny_paths: list[Path]) -> None:
    mortal_sound.kill()
    assert portaudio.refresh()
    for place in ("mic", "loopback"):
        with pytest.raises(IrecError, match=r"^[^\n]{20,300}$"):
            open_live(tiny_paths, input=place)  # type: ignore[arg-type]
