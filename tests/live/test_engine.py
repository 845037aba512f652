from __future__ import annotations

import threading
import time
from pathlib import Path

import numpy as np
import pytest
from waiting import PATIENCE_S, wait_until

import tiny_models
from irec_live.errors import DeviceError
from irec_live.models.detector import Detector
from irec_live.source import ArraySource
from irec_live.streaming.engine import Engine, Feed
from irec_live.streaming.input_shape import InputShape
from irec_live.streaming.pipeline import Pipeline, PipelineStep
from irec_live.streaming.ring import Block

RATE = tiny_models.SAMPLE_RATE


@pytest.fixture(scope="module")
def detectors(tiny_activation_path: Path, tiny_envelope_path: Path) -> list[Detector]:
    return [Detector(tiny_activation_path), Detector(tiny_envelope_path)]


def melody() -> np.ndarray:
    return np.concatenate([tiny_models.tone(label, 1.5) for label in tiny_models.LABELS])


class FlakySource(ArraySource):
    """An array whose device goes away after it; indices start where told, as after lost frames."""

    def __init__(self, samples: np.ndarray, sample_rate: int = RATE, *, gap_at: int = -1, gap: int = 0) -> None:
        super().__init__(samples, sample_rate, block=400, name="Flaky")
        self._gap_at, self._gap = gap_at, gap
        self.stopped = 0

    @property
    def ended(self) -> bool:
        return False

    @property
    def lost(self) -> bool:
        return ArraySource.ended.fget(self)  # type: ignore[attr-defined]

    @lost.setter
    def lost(self, value: bool) -> None: ...

    def read(self, timeout_s: float) -> tuple[Block, int]:
        block, index = super().read(timeout_s)
        return block, index + (self._gap if 0 <= self._gap_at <= index else 0)

    def stop(self) -> None:
        self.stopped += 1


def test_engine_finds_what_a_pipeline_finds(detectors: list[Detector]) -> None:
    steps: list[PipelineStep] = []
    engine = Engine(ArraySource(melody(), RATE, block=333), Pipeline(RATE, detectors), listener=steps.append)
    engine.start()
    assert engine.wait(PATIENCE_S)
    engine.stop()
    offline = Pipeline(RATE, detectors)
    offline.push(melody())
    offline.flush()
    assert engine.state == "ended"
    assert np.array_equal(engine.pipeline.timeline.activations()[1], offline.timeline.activations()[1])
    assert engine.pipeline.timeline.events() == offline.timeline.events()
    heard = [event for step in steps for event in step.events]
    assert [event.label for event in heard] == list(tiny_models.LABELS)


def test_snapshot_tells_the_newest_stretch_and_the_counters(detectors: list[Detector]) -> None:
    engine = Engine(ArraySource(melody(), RATE), Pipeline(RATE, detectors))
    assert engine.snapshot(5.0).state == "starting"
    engine.start()
    assert engine.wait(PATIENCE_S)
    snapshot = engine.snapshot(1.0)
    engine.stop()
    assert snapshot.labels == tiny_models.LABELS
    assert snapshot.time_s == pytest.approx(4.5)
    assert snapshot.activation_times.min() >= 3.5
    assert snapshot.stats.windows > 0
    assert snapshot.stats.latency_ms > 1000 * 0.5
    assert snapshot.stats.providers == ("CPU", "CPU")


def test_lost_samples_leave_the_time_right(detectors: list[Detector]) -> None:
    gap = 3 * RATE
    source = FlakySource(melody(), gap_at=2 * RATE, gap=gap)
    engine = Engine(source, Pipeline(RATE, detectors))
    engine.start()
    assert engine.wait(PATIENCE_S)
    engine.stop()
    assert engine.pipeline.position == len(melody()) + gap


def test_lost_device_without_a_way_back_is_a_failure_with_a_sentence(detectors: list[Detector]) -> None:
    engine = Engine(FlakySource(melody()), Pipeline(RATE, detectors))
    engine.start()
    assert engine.wait(PATIENCE_S)
    assert engine.state == "failed"
    assert engine.message == "listening stopped: 'Flaky' went away"
    engine.stop()


@pytest.mark.parametrize("rate", [RATE, 11_025])
def test_lost_device_is_waited_for_in_silence_and_taken_up_again(
    detectors: list[Detector], monkeypatch: pytest.MonkeyPatch, rate: int
) -> None:
    monkeypatch.setattr("irec_live.streaming.engine.RETRY_S", 0.3)
    attempts: list[float] = []
    seen = threading.Event()
    first = FlakySource(tiny_models.tone("bass", 2.0))

    def reopen() -> ArraySource:
        attempts.append(engine.pipeline.time_s)
        if len(attempts) < 3 or not seen.is_set():
            raise DeviceError("not yet")
        return ArraySource(tiny_models.tone("violin", 2.0, sample_rate=rate), rate, block=rate // 20)

    states: list[str] = []
    steps: list[PipelineStep] = []
    engine = Engine(first, Pipeline(RATE, detectors), listener=steps.append, reopen=reopen)
    began = time.monotonic()
    engine.start()
    wait_until(lambda: states.append(engine.state) or "lost" in states)
    assert engine.message == "'Flaky' went away; looking for it every second"
    seen.set()
    assert engine.wait(PATIENCE_S)
    engine.stop()
    assert engine.state == "ended"
    assert first.stopped == 1
    assert len(attempts) >= 3
    bass, violin = (event for step in steps for event in step.events)
    assert (bass.label, violin.label) == ("bass", "violin")
    # Time went on while the device was away, and what came then was heard from the last attempt on.
    assert 2.0 < attempts[0] < attempts[1] < attempts[2]
    assert attempts[-1] - 2.0 <= time.monotonic() - began
    assert engine.pipeline.time_s == pytest.approx(attempts[-1] + 2.0, abs=0.1)  # a resampler holds the last ones back
    assert bass.offset_s is not None
    assert bass.offset_s < 2.0 + 0.6


def test_overflows_of_a_lost_device_stay_counted(detectors: list[Detector]) -> None:
    first, second = FlakySource(melody()), ArraySource(melody(), RATE)
    first.overflows, second.overflows = 2, 3
    engine = Engine(first, Pipeline(RATE, detectors), reopen=lambda: second)
    engine.start()
    assert engine.wait(PATIENCE_S)
    engine.stop()
    assert engine.stats().overflows == 5


def test_device_that_comes_back_but_does_not_start_is_tried_again(
    detectors: list[Detector], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("irec_live.streaming.engine.RETRY_S", 0.05)

    class Stubborn(FlakySource):
        def start(self) -> None:
            raise DeviceError("busy")

    opened: list[FlakySource] = []

    def reopen() -> ArraySource:
        opened.append(Stubborn(melody()))
        return opened[-1] if len(opened) < 3 else ArraySource(melody(), RATE)

    engine = Engine(FlakySource(melody()), Pipeline(RATE, detectors), reopen=reopen)
    engine.start()
    assert engine.wait(PATIENCE_S)
    engine.stop()
    assert engine.state == "ended"
    assert [source.stopped for source in opened[:2]] == [1, 1]


def test_engine_can_be_stopped_while_the_device_is_away(detectors: list[Detector]) -> None:
    def reopen() -> ArraySource:
        raise DeviceError("not yet")

    engine = Engine(FlakySource(melody()), Pipeline(RATE, detectors), reopen=reopen)
    engine.start()
    wait_until(lambda: engine.state == "lost")
    assert engine.stop()


class SlowDetector:
    """A network that needs longer than a hop."""

    def __init__(self, detector: Detector, seconds: float) -> None:
        self.spec, self.providers, self._detector, self._seconds = detector.spec, ("CPU",), detector, seconds

    def __call__(self, windows: np.ndarray) -> np.ndarray:
        threading.Event().wait(self._seconds)
        return self._detector(windows)


def test_late_worker_skips_to_the_newest_window_and_counts(detectors: list[Detector]) -> None:
    slow = SlowDetector(detectors[0], 0.1)
    lags: list[float] = []

    def listen(_: PipelineStep) -> None:
        times = engine.pipeline.timeline.activations()[0]
        lags.append(engine.pipeline.time_s - float(times[-1]))

    # Each inference takes as long as a quarter of a second of sound needs to arrive.
    source = ArraySource(melody()[: 3 * RATE], RATE, block=RATE // 4)
    engine = Engine(source, Pipeline(RATE, [slow], max_pending=1), listener=listen)  # type: ignore[list-item]
    engine.start()
    assert engine.wait(PATIENCE_S)
    engine.stop()
    stats = engine.stats()
    assert stats.skipped_windows >= 5
    assert stats.load > 0.3
    assert max(lags) <= 0.5 + 0.1 + 0.001  # half a window and a hop, which cannot be helped


def test_failing_network_stops_listening_with_a_sentence(detectors: list[Detector]) -> None:
    class Broken(SlowDetector):
        def __call__(self, windows: np.ndarray) -> np.ndarray:
            raise RuntimeError("out of memory")

    engine = Engine(ArraySource(melody(), RATE), Pipeline(RATE, [Broken(detectors[0], 0)]))  # type: ignore[list-item]
    engine.start()
    assert engine.wait(PATIENCE_S)
    assert engine.snapshot(1.0).state == "failed"
    assert engine.message == "listening stopped: RuntimeError: out of memory"
    assert isinstance(engine.error, RuntimeError)
    engine.stop()


def test_failing_listener_stops_listening(detectors: list[Detector]) -> None:
    def listener(step: PipelineStep) -> None:
        raise BrokenPipeError

    engine = Engine(ArraySource(melody(), RATE), Pipeline(RATE, detectors), listener=listener)
    engine.start()
    assert engine.wait(PATIENCE_S)
    assert isinstance(engine.error, BrokenPipeError)
    engine.stop()


def test_stop_ends_the_thread_and_may_be_repeated(detectors: list[Detector]) -> None:
    before = set(threading.enumerate())
    source = FlakySource(np.zeros(0, np.float32))
    engine = Engine(ArraySource(np.zeros(RATE * 3600, np.float32), RATE, block=8), Pipeline(RATE, detectors))
    engine.start()
    assert engine.stop()
    assert engine.stop()
    assert set(threading.enumerate()) <= before
    never_started = Engine(source, Pipeline(RATE, detectors))
    assert never_started.stop()
    assert source.stopped == 1
    assert never_started.wait(0)


def test_snapshots_from_other_threads_do_not_disturb(detectors: list[Detector]) -> None:
    engine = Engine(ArraySource(np.tile(melody(), 4), RATE), Pipeline(RATE, detectors))
    problems: list[Exception] = []

    def look() -> None:
        try:
            while not engine.wait(0):
                snapshot = engine.snapshot(2.0)
                assert len(snapshot.activation) == len(snapshot.activation_times) == len(snapshot.smoothed)
                assert len(snapshot.envelope) == len(snapshot.envelope_times)
        except (AssertionError, ValueError, IndexError) as error:
            problems.append(error)

    viewers = [threading.Thread(target=look) for _ in range(2)]
    for viewer in viewers:
        viewer.start()
    engine.start()
    assert engine.wait(PATIENCE_S)
    for viewer in viewers:
        viewer.join(PATIENCE_S)
    engine.stop()
    assert not problems


def test_rates_must_agree(detectors: list[Detector]) -> None:
    with pytest.raises(ValueError, match="the source runs at 44100 Hz, the pipeline at 8000 Hz"):
        Engine(ArraySource(melody(), 44_100), Pipeline(RATE, detectors))


def test_feed_of_another_rate_keeps_its_place_over_lost_samples(detectors: list[Detector]) -> None:
    pipeline = Pipeline(RATE, detectors)
    pipeline.push(np.zeros(1000, np.float32))
    feed = Feed(ArraySource(np.zeros(0, np.float32), 16_000), pipeline)
    feed.push(np.zeros((16_000, 2), np.float32), 0)
    feed.push(np.zeros((16_000, 2), np.float32), 32_000)  # a second is missing
    assert pipeline.position == pytest.approx(1000 + 3 * RATE, abs=800)  # the resampler holds the last ones back


def test_the_input_shape_picks_channels_and_amplifies_what_is_analysed_not_what_is_recorded(
    detectors: list[Detector],
) -> None:
    block = np.tile(np.float32([0.0, 0.01]), (2 * RATE, 1))
    source = ArraySource(block, RATE)
    pipeline = Pipeline(RATE, detectors)
    taken: list[np.ndarray] = []

    class Taking:
        def take_block(self, block: np.ndarray, sample_rate: int, position: int) -> None:
            taken.append(block)

        def take_silence(self, samples: int, position: int) -> None: ...

        def take_step(self, step: object) -> None: ...

    engine = Engine(source, pipeline)
    engine.add_tap(Taking())
    engine.input_shape = InputShape((2,), 20.0)
    engine.start()
    assert engine.wait(PATIENCE_S)
    assert engine.snapshot(1.0).peak_db == pytest.approx(-20.0, abs=0.1)
    assert all(float(block.max()) <= 0.011 for block in taken)


def test_an_input_shape_out_of_range_is_refused() -> None:
    with pytest.raises(ValueError, match="counted from 1 on"):
        InputShape((0,))
    with pytest.raises(ValueError, match="a gain is"):
        InputShape((), 99.0)
    assert InputShape((7,)).shaped(np.ones((3, 2), np.float32)).tolist() == [[0.0]] * 3


class StallingSource(ArraySource):
    """An array that delivers nothing for some reads in its middle, as a monitor of an output where nothing plays."""

    def __init__(self, samples: np.ndarray, sample_rate: int, reads: int) -> None:
        super().__init__(samples, sample_rate, block=400, name="Speakers")
        self._half, self._reads, self.stalled = len(samples) // 2, reads, False

    def read(self, timeout_s: float) -> tuple[Block, int]:
        self.stalled = self._position_reached() and self._reads > 0
        if self.stalled:
            self._reads -= 1
            time.sleep(0.02)
            return np.zeros((0, 1), np.float32), self._next
        block, index = super().read(timeout_s)
        self._next = index + len(block)
        return block, index

    _next = 0

    def _position_reached(self) -> bool:
        return self._next >= self._half


def test_a_source_that_delivers_nothing_is_named_and_time_goes_on(detectors: list[Detector]) -> None:
    source = StallingSource(tiny_models.tone("bass", 4.0), RATE, reads=20)
    pipeline, messages = Pipeline(RATE, detectors), set()
    engine = Engine(source, pipeline, listener=lambda _: messages.add(engine.message))
    engine.start()
    assert engine.wait(PATIENCE_S)
    engine.stop()
    assert engine.state == "ended"
    assert messages == {
        "",
        "no sound arrives from 'Speakers': nothing plays there, or the sound server has stopped",
    }
    assert pipeline.time_s > 4.0 + 0.3
    times, rows, _ = pipeline.timeline.activations()
    lit = rows[:, tiny_models.LABELS.index("bass")] > 0.5
    assert lit[times < 1.5].all()
    assert lit[times > pipeline.time_s - 1.5].all(), "what follows is heard where it belongs"
