from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import soundfile
from fake_portaudio import FakeSoundDevice, FakeStream, device
from waiting import PATIENCE_S, wait_until

import tiny_models
from irec_live.analysis import analyze
from irec_live.devices import refresh
from irec_live.errors import DeviceError, IrecError, MediaError, ModelError
from irec_live.media import open_audio
from irec_live.models.detector import Detector
from irec_live.results import Event
from irec_live.session import (
    FileSession,
    LiveSession,
    PlayableSession,
    Session,
    demo_clip,
    open_default,
    open_file,
    open_live,
    open_stream,
    or_demo,
)
from irec_live.session.waveform import Waveform, hold_strips
from irec_live.source import ArraySource
from irec_live.streaming.pipeline import Pipeline

Install = Callable[..., FakeSoundDevice]
RATE = 16_000


@pytest.fixture(scope="module")
def detectors(tiny_activation_path: Path, tiny_envelope_path: Path) -> list[Detector]:
    return [Detector(tiny_activation_path), Detector(tiny_envelope_path)]


@pytest.fixture(scope="module")
def melody_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds of each label, one after the other."""
    path = tmp_path_factory.mktemp("session") / "melody.wav"
    parts = [tiny_models.tone(label, 2.0, sample_rate=RATE, amplitude=0.1) for label in tiny_models.LABELS]
    soundfile.write(path, np.concatenate(parts), RATE, subtype="FLOAT")
    return path


@pytest.fixture
def session(melody_path: Path, detectors: list[Detector]) -> Iterator[FileSession]:
    session = open_file(melody_path, detectors, play=False, audible=False)
    yield session
    session.close()


def speak(stream: FakeStream, session: LiveSession, label: str) -> None:
    """Two seconds of a label into a microphone, no faster than the session listens."""
    for part in np.split(tiny_models.tone(label, 2.0, sample_rate=RATE), 20):
        before = session.time_s
        stream.feed(part[:, None])
        wait_until(lambda: session.time_s > before)  # noqa: B023 - called at once


def test_both_sessions_keep_the_protocol(session: FileSession, detectors: list[Detector]) -> None:
    live = open_stream(ArraySource(np.zeros(100, np.float32), RATE), detectors)
    live.close()
    assert isinstance(session, PlayableSession)
    assert isinstance(live, Session)
    assert (session.kind, live.kind) == ("file", "live")
    assert session.labels == live.labels == tiny_models.LABELS


def test_file_session_finds_what_analyze_finds(
    session: FileSession, melody_path: Path, detectors: list[Detector]
) -> None:
    wait_until(lambda: session.overview().progress == 1.0)
    found = session.analysis()
    assert found is not None
    assert found.to_json() == analyze(melody_path, models=detectors).to_json()
    assert session.overview().events == found.events, "what is listed is what is written"


def test_snapshot_ends_at_the_playhead(session: FileSession) -> None:
    wait_until(session.analysis)
    session.seek(3.0)
    snapshot = session.snapshot(1.5)
    assert (snapshot.time_s, snapshot.state) == (3.0, "paused")
    assert snapshot.detected == ("flute",)
    assert snapshot.activation_times.min() >= 1.5
    assert snapshot.activation_times.max() <= 3.0
    assert snapshot.level_db == pytest.approx(-23.0, abs=0.5)


def test_nothing_is_said_of_a_place_that_is_not_analysed_yet(session: FileSession) -> None:
    wait_until(session.analysis)
    pipeline = session._pipeline
    pipeline.timeline.replace_events((), (Event("flute", 0.5, None, 0.9),))
    pipeline.position = 2 * RATE
    session._progress = 0.5
    session.seek(1.5)
    assert session.snapshot(1.0).detected == ("flute",)
    session.seek(3.0)
    assert session.snapshot(2.0).detected == ()
    assert session.snapshot(2.0).analysed_s == 2.0  # where views end the events that are still open


def test_overview_shows_the_outline_and_a_strip_for_each_label(session: FileSession) -> None:
    wait_until(session.analysis)
    overview = session.overview()
    assert overview.duration_s == pytest.approx(6.0)
    assert overview.detected == tiny_models.LABELS
    assert overview.peaks == pytest.approx(np.tile([-0.1, 0.1], (len(overview.peaks), 1)), abs=0.01)
    assert overview.strips.shape == (len(overview.peaks), 3)
    assert not np.isnan(overview.strips).any()
    middles = len(overview.strips) * np.array([1, 3, 5]) // 6
    assert overview.strips[middles].argmax(axis=1).tolist() == [0, 1, 2]


def test_threshold_is_applied_to_the_whole_file_at_once(session: FileSession) -> None:
    wait_until(session.analysis)
    session.set_threshold_offset(0.6)  # above what any window reaches
    wait_until(lambda: not session.overview().events)
    found = session.analysis()
    wait_until(session.analysis)
    found = session.analysis()
    assert found is not None
    assert found.detected == ()
    assert found.threshold_offset == 0.6
    session.set_threshold_offset(0.0)
    wait_until(lambda: len(session.overview().events) == 3)


def test_past_events_of_one_label_are_decided_again_by_its_own_threshold(session: FileSession) -> None:
    wait_until(session.analysis)
    session.decisions = session.decisions.with_own("flute", 0.6)
    wait_until(lambda: len(session.overview().events) == 2)
    wait_until(session.analysis)
    found = session.analysis()
    assert found is not None
    assert "flute" not in found.detected
    assert found.thresholds["flute"].on > found.thresholds["bass"].on


def test_results_of_another_threshold_are_not_given_out(session: FileSession) -> None:
    wait_until(session.analysis)
    for offset in (0.1, 0.6, 0.0, 0.6):
        session.set_threshold_offset(offset)
        found = session.analysis()
        assert found is None or bool(found.events) == (offset < 0.5)
    wait_until(session.analysis)


def test_silent_session_plays_pauses_seeks_and_ends(session: FileSession) -> None:
    assert session.silent
    assert "without sound" in session.snapshot(1.0).message
    assert not session.playing
    session.seek(2.0)
    session.play()
    wait_until(lambda: session.position_s > 2.02)
    assert session.snapshot(1.0).state == "running"
    session.pause()
    held = session.position_s
    assert session.position_s == held
    session.seek(5.99)
    session.play()
    wait_until(lambda: session.snapshot(1.0).state == "ended")
    assert session.position_s == session.duration_s


def test_loop_keeps_the_playhead_inside(session: FileSession) -> None:
    session.loop = (1.0, 1.05)
    session.seek(1.0)
    session.play()
    for _ in range(20):
        assert 1.0 <= session.position_s <= 1.05
        threading.Event().wait(0.01)
    assert session.loop == (1.0, 1.05)


def test_a_loop_up_to_the_end_follows_the_end(session: FileSession) -> None:
    announced = session.duration_s
    session.loop = (0.1, announced)
    assert session.loop == (0.1, announced)
    session._duration_s = announced + 5.0  # the header told too little
    assert session.loop == (0.1, announced + 5.0)
    session.loop = (0.1, 0.5)
    session._player.set_duration(0.05)  # or too much
    assert session.loop is None


def test_file_is_audible_where_there_is_an_output(
    fake_portaudio: Install, melody_path: Path, detectors: list[Detector]
) -> None:
    fake = fake_portaudio(device("Speakers", outputs=2, rate=float(RATE)))
    session = open_file(melody_path, detectors)
    assert not session.silent
    wait_until(lambda: fake.streams[0].running)
    wait_until(lambda: np.any(fake.streams[0].pull(160)) and session.position_s > 0)
    assert session.snapshot(1.0).message == ""
    session.close()
    assert refresh()


class SlowDetector:
    """A network that takes its time."""

    def __init__(self, detector: Detector) -> None:
        self.spec, self.providers, self._detector = detector.spec, ("CPU",), detector
        self.gate = threading.Event()

    def __call__(self, windows: np.ndarray) -> np.ndarray:
        self.gate.wait(0.02)
        return self._detector(windows)


def test_overview_fills_in_from_the_start(tmp_path: Path, detectors: list[Detector]) -> None:
    path = tmp_path / "long.wav"
    soundfile.write(path, tiny_models.tone("flute", 30.0, sample_rate=RATE, amplitude=0.1), RATE)
    slow = SlowDetector(detectors[0])
    session = FileSession(path, [slow], play=False, audible=False)  # type: ignore[list-item]
    wait_until(lambda: 0.1 < session.overview().progress < 0.9)
    overview = session.overview()
    assert session.analysis() is None
    assert not np.isnan(overview.peaks[0]).any()
    assert np.isnan(overview.peaks[-1]).all()
    assert np.isnan(overview.strips[-1]).all()
    assert overview.detected == ("flute",)
    session.seek(28.0)
    ahead = session.snapshot(5.0)
    assert ahead.is_ahead
    assert 0.0 < ahead.analysed_s < 28.0
    assert 0.1 < ahead.progress < 0.9
    slow.gate.set()
    wait_until(session.analysis)
    wait_until(lambda: not session.snapshot(5.0).is_ahead)
    session.close()


def test_threshold_can_be_moved_before_the_analysis_is_done(tmp_path: Path, detectors: list[Detector]) -> None:
    path = tmp_path / "long.wav"
    soundfile.write(path, tiny_models.tone("flute", 30.0, sample_rate=RATE, amplitude=0.1), RATE)
    slow = SlowDetector(detectors[0])
    session = FileSession(path, [slow], play=False, audible=False)  # type: ignore[list-item]
    wait_until(lambda: session.overview().events)
    session.set_threshold_offset(0.6)
    wait_until(lambda: not session.overview().events)
    assert session.overview().progress < 1.0
    slow.gate.set()
    wait_until(session.analysis)
    found = session.analysis()
    session.close()
    assert found is not None
    assert found.events == ()


def test_close_is_quick_in_the_middle_of_an_analysis(tmp_path: Path, detectors: list[Detector]) -> None:
    path = tmp_path / "hour.wav"
    soundfile.write(path, np.zeros(3600 * 8000, np.int16), 8000)
    before = set(threading.enumerate())
    session = FileSession(path, [SlowDetector(detectors[0])], audible=False)  # type: ignore[list-item]
    session.close()
    session.close()
    assert session.overview().progress < 1.0
    assert set(threading.enumerate()) <= before


def test_failing_network_is_told_in_the_snapshot(melody_path: Path, detectors: list[Detector]) -> None:
    class Broken(SlowDetector):
        def __call__(self, windows: np.ndarray) -> np.ndarray:
            raise ModelError("the model failed while it ran")

    session = FileSession(melody_path, [Broken(detectors[0])], audible=False)  # type: ignore[list-item]
    wait_until(lambda: session.snapshot(1.0).state == "failed")
    assert session.snapshot(1.0).message == "the analysis stopped: the model failed while it ran"
    session.seek(1.0)
    session.close()


def test_bad_file_is_refused_before_models_are_loaded(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_text("no sound in here")
    with pytest.raises(MediaError):
        open_file(tmp_path / "a.wav", ["no-such-model"])


def test_two_models_of_one_kind_are_refused(detectors: list[Detector]) -> None:
    with pytest.raises(IrecError, match="both activation models"):
        open_stream(ArraySource(np.zeros(10, np.float32), RATE), [detectors[0], detectors[0]])


def test_live_session_listens_to_the_microphone_until_closed(
    fake_portaudio: Install, detectors: list[Detector]
) -> None:
    fake = fake_portaudio(device("Mic", inputs=1, rate=float(RATE)))
    before = set(threading.enumerate())
    session = open_live(detectors)
    assert session.title == "Microphone: Mic"
    assert session.device is not None
    assert session.device.name == "Mic"
    speak(fake.streams[0], session, "violin")
    wait_until(lambda: session.snapshot(2.0).detected == ("violin",))
    session.set_threshold_offset(0.25)
    assert session.threshold_offset == 0.25
    session.close()
    session.close()
    assert fake.streams[0].closed
    assert refresh()
    assert set(threading.enumerate()) <= before


class _Handed(ArraySource):
    """Sound that arrives when the test says so."""

    def __init__(self, sound: np.ndarray) -> None:
        super().__init__(sound, RATE, block=RATE // 20)
        self._due = threading.Semaphore(0)

    def hand(self, seconds: float) -> None:
        self._due.release(round(20 * seconds))

    def read(self, timeout_s: float) -> tuple[np.ndarray, int]:
        if self._due.acquire(timeout=timeout_s):
            return super().read(timeout_s)
        return np.zeros((0, 1), np.float32), self._position


def test_a_threshold_that_moves_while_listening_counts_for_what_was_heard_before(detectors: list[Detector]) -> None:
    labels = ("violin", "flute", "bass", "bass", "bass")
    source = _Handed(
        np.concatenate([tiny_models.tone(label, 2.0, sample_rate=RATE, amplitude=0.1) for label in labels])
    )
    session = open_stream(source, detectors)

    def past() -> list[str]:
        return [event.label for event in session.snapshot(2.0, 3.0).events]

    source.hand(5.0)
    wait_until(lambda: session.time_s == 5.0 and past() == ["violin", "flute"])
    session.decisions = session.decisions.with_own("violin", 0.49)
    assert session.analysis() is None, "events and thresholds would not fit"
    source.hand(1.0)
    wait_until(lambda: past() == ["flute"] and session.analysis() is not None)
    found = session.analysis()
    assert found is not None
    assert {event.label for event in found.events} == {"flute", "bass"}
    assert session.overview().detected == ("bass", "flute")
    session.decisions = session.decisions.with_own("violin", 0.0)
    source.hand(1.0)
    wait_until(lambda: past() == ["violin", "flute"])
    session.close()


def test_a_session_that_was_stopped_can_be_looked_at_and_decided_anew(detectors: list[Detector]) -> None:
    source = _Handed(
        np.concatenate(
            [tiny_models.tone(label, 2.0, sample_rate=RATE, amplitude=0.1) for label in ("violin", "flute", "bass")]
        )
    )
    session = open_stream(source, detectors)

    def past() -> list[str]:
        return [event.label for event in session.snapshot(2.0, 3.0).events]

    source.hand(5.0)
    wait_until(lambda: session.time_s == 5.0 and past() == ["violin", "flute"])
    session.stop()
    wait_until(lambda: session.state == "ended")
    session.decisions = session.decisions.with_own("violin", 0.49)
    wait_until(lambda: past() == ["flute"])
    session.decisions = session.decisions.with_own("violin", 0.0)
    wait_until(lambda: past() == ["violin", "flute"])
    found = session.analysis()
    assert found is not None
    assert found.duration_s == 5.0
    session.close()


def test_unplugged_microphone_is_found_again(
    fake_portaudio: Install, detectors: list[Detector], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("irec_live.streaming.engine.RETRY_S", 0.05)
    fake = fake_portaudio(device("Mic", inputs=1, rate=float(RATE)))
    session = open_live(detectors, device="Mic")
    fake.devices.clear()
    fake.streams[0].vanish()
    wait_until(lambda: session.state == "lost")
    assert "'Mic' went away" in session.snapshot(1.0).message
    fake.on_restart = lambda: fake.devices.__setitem__(slice(None), [device("Mic", inputs=1, rate=float(RATE))])
    wait_until(lambda: session.state == "running")
    assert session.snapshot(1.0).message == ""
    speak(fake.streams[-1], session, "bass")
    wait_until(lambda: session.snapshot(2.0).detected == ("bass",))
    session.close()


def test_title_is_that_of_the_device_that_took_the_place_of_a_lost_one(
    fake_portaudio: Install, detectors: list[Detector], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("irec_live.streaming.engine.RETRY_S", 0.05)
    fake = fake_portaudio(device("Mic", inputs=1, rate=float(RATE)))
    session = open_live(detectors)
    fake.devices.clear()
    fake.streams[0].vanish()
    wait_until(lambda: session.state == "lost")
    assert session.title == "Microphone: Mic"
    fake.on_restart = lambda: fake.devices.__setitem__(slice(None), [device("Other", inputs=1, rate=float(RATE))])
    wait_until(lambda: session.state == "running")
    assert session.title == "Microphone: Other"
    session.close()


def test_failed_opening_leaves_no_stream_behind(fake_portaudio: Install, detectors: list[Detector]) -> None:
    fake = fake_portaudio(device("Mic", inputs=1))
    fake.refuse_start = True
    with pytest.raises(DeviceError, match="does not start"):
        open_live(detectors)
    assert refresh()
    with pytest.raises(ValueError, match="hop"):
        open_live(detectors, hop_s=99.0)
    assert all(stream.closed for stream in fake.streams)
    assert refresh()


def test_without_a_microphone_the_demo_clip_plays(
    fake_portaudio: Install, detectors: list[Detector], melody_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_portaudio(default_input=-1, default_output=-1)
    monkeypatch.setattr("irec_live.session.default.demo_clip", lambda: melody_path)
    session, message = open_default(detectors)
    assert session.kind == "file"
    assert message.endswith("playing the demo clip instead")
    session.close()


def test_demo_clip_is_sound() -> None:
    with open_audio(demo_clip()) as audio:
        assert audio.duration_s is not None
        assert audio.duration_s > 10


def test_without_microphone_and_demo_the_microphone_is_what_is_missing(
    fake_portaudio: Install, detectors: list[Detector], monkeypatch: pytest.MonkeyPatch
) -> None:
    def none() -> Path:
        raise MediaError("no clip")

    fake_portaudio(default_input=-1, default_output=-1)
    monkeypatch.setattr("irec_live.session.default.demo_clip", none)
    with pytest.raises(DeviceError, match="microphone"):
        open_default(detectors)


@pytest.mark.parametrize("block", [1, 7, 100, 999])
def test_outline_does_not_depend_on_block_size(block: int) -> None:
    samples = np.random.default_rng(3).uniform(-1, 1, (999, 2)).astype(np.float32)
    waveform = Waveform(999, slices=10)
    for start in range(0, 999, block):
        waveform.add(samples[start : start + block])
    slices = [samples[start : start + 100] for start in range(0, 999, 100)]
    assert np.array_equal(waveform.peaks(), [[part.min(), part.max()] for part in slices])


def test_outline_of_a_file_of_unknown_length_stays_small_and_true() -> None:
    samples = np.random.default_rng(4).uniform(-1, 1, (5000, 1)).astype(np.float32)
    waveform = Waveform(None, slices=10)
    for start in range(0, 5000, 77):
        waveform.add(samples[start : start + 77])
    waveform.finish()
    length = waveform.slice_samples
    assert length == 256
    parts = [samples[start : start + length] for start in range(0, 5000, length)]
    assert np.array_equal(waveform.peaks(), [[part.min(), part.max()] for part in parts])
    assert len(waveform.edges()) == len(waveform.peaks()) + 1


def test_strips_are_held_between_windows_but_not_beyond_the_analysed_part() -> None:
    gap = np.nan
    strips = np.array([[gap], [0.2], [gap], [0.6], [gap], [gap]], np.float32)
    assert hold_strips(strips.copy(), whole=False)[:, 0] == pytest.approx([0.2, 0.2, 0.2, 0.6, gap, gap], nan_ok=True)
    assert hold_strips(strips.copy(), whole=True)[:, 0] == pytest.approx([0.2, 0.2, 0.2, 0.6, 0.6, 0.6])


def test_pipeline_of_a_live_session_forgets_what_is_long_gone(detectors: list[Detector]) -> None:
    pipeline = Pipeline(RATE, detectors, keep_s=1.0)
    assert pipeline.timeline.keep_s == 1.0


def test_any_past_span_of_a_live_session_reads_as_it_was_when_it_was_new(detectors: list[Detector]) -> None:
    parts = [tiny_models.tone(label, 30.0, sample_rate=RATE, amplitude=0.1) for label in tiny_models.LABELS]
    session = open_stream(ArraySource(np.concatenate(parts), RATE), detectors)
    assert session.wait(PATIENCE_S)
    for number, label in enumerate(tiny_models.LABELS):
        past = session.snapshot(10.0, 30.0 * number + 20.0)
        assert (past.time_s, past.now_s, past.behind_s) == (30.0 * number + 20.0, 90.0, 70.0 - 30.0 * number)
        assert past.detected == (label,)
        assert 98 <= len(past.activation) <= 101
        assert [event.label for event in past.events] == [label]
    now = session.snapshot(10.0)
    assert (now.time_s, now.behind_s) == (90.0, 0.0)
    assert past.level_db == now.level_db, "the level is that of now"
    whole = session.snapshot(90.0, 90.0)
    assert [event.label for event in whole.events] == list(tiny_models.LABELS)
    assert whole.spectrogram_times.min() < 1.0
    overview = session.overview()
    session.close()
    assert (overview.duration_s, overview.progress, overview.detected) == (90.0, 1.0, tiny_models.LABELS)
    middles = len(overview.strips) * np.array([1, 3, 5]) // 6
    assert overview.strips[middles].argmax(axis=1).tolist() == [0, 1, 2]
    assert overview.peaks[middles, 1] == pytest.approx(0.1, abs=0.02)


def test_the_demo_clip_is_the_last_resort_of_whoever_asks() -> None:
    def lacking(what: str) -> str:
        raise DeviceError(f"there is no {what}")

    def none() -> Path:
        raise MediaError("no clip")

    usb, mic = partial(lacking, "USB"), partial(lacking, "microphone")
    clip = Path("demo.ogg")
    assert or_demo([("", lambda: "usb"), ("hearing the mic", lambda: "mic")], str) == ("usb", "")
    assert or_demo([("", usb), ("hearing the mic", lambda: "mic")], str) == (
        "mic",
        "there is no USB; hearing the mic instead",
    )
    assert or_demo([("", usb), ("", mic)], str, lambda: clip) == (
        "demo.ogg",
        "there is no USB; playing the demo clip instead",
    )
    with pytest.raises(DeviceError, match="USB"):
        or_demo([("", usb), ("", mic)], str, none)
    with pytest.raises(ValueError, match="nothing to try"):
        or_demo([], str)
