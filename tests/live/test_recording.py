from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import soundfile
from fake_models import RATE, FakeActivation, FakeEnvelope
from waiting import PATIENCE_S, wait_until

import irec_live.recording.writer
from irec_live.analysis import analyze
from irec_live.errors import DataError, MediaError, OutputError
from irec_live.media import open_audio
from irec_live.models.detector import Detector
from irec_live.recording import (
    MOST_LOST_S,
    GateSettings,
    Recorder,
    SessionFolder,
    new_folder,
    open_session,
)
from irec_live.recording.writer import Item, SessionWriter
from irec_live.report import Analysis
from irec_live.source import ArraySource
from irec_live.streaming.engine import Engine
from irec_live.streaming.pipeline import Pipeline
from irec_live.streaming.ring import Block
from irec_live.suffixes import is_session_folder

SUPPORT = Path(__file__).parents[1] / "support"
LOUD, SOFT = 0.9, 0.01


def noise(seconds: float, channels: int = 2, amplitude: float = LOUD, rate: int = RATE) -> np.ndarray:
    """(n, C) on the grid of 24 bits, as a sound card delivers it."""
    rng = np.random.default_rng(round(seconds * 1000) + channels)
    samples = amplitude * rng.uniform(-1, 1, (round(seconds * rate), channels))
    return (np.round(samples * 2**23) / 2**23).astype(np.float32)


def models() -> list[FakeActivation | FakeEnvelope]:
    return [FakeActivation(), FakeEnvelope()]


def recorder_of(pipeline: Pipeline, channels: int = 2, **changes: float) -> Recorder:
    return Recorder(pipeline, channels, lambda: "Test input", **changes)


def feed(recorder: Recorder, pipeline: Pipeline, sound: np.ndarray, block: int = 160) -> None:
    """What the engine's worker does with sound."""
    for first in range(0, len(sound), block):
        part = sound[first : first + block]
        recorder.take_block(part, pipeline.sample_rate, pipeline.position)
        recorder.take_step(pipeline.push(part))


def finish(recorder: Recorder) -> None:
    recorder.stop()
    assert recorder.wait(PATIENCE_S)


def saved_audio(folder: Path) -> np.ndarray:
    samples, rate = soundfile.read(folder / "audio.flac", dtype="float32", always_2d=True)
    assert rate == RATE
    return samples


def test_all_channels_are_recorded_bit_for_bit(tmp_path: Path) -> None:
    sound = noise(3.0)
    pipeline = Pipeline(RATE, models())
    recorder = recorder_of(pipeline)
    recorder.start(tmp_path / "take")
    feed(recorder, pipeline, sound, 333)
    finish(recorder)
    assert recorder.state.state == "saved"
    assert recorder.state.elapsed_s == 3.0
    assert np.array_equal(saved_audio(tmp_path / "take"), sound)


def test_eighteen_channels_fill_three_files(tmp_path: Path) -> None:
    sound = noise(0.5, channels=18)
    pipeline = Pipeline(RATE, models())
    recorder = recorder_of(pipeline, 18)
    recorder.start(tmp_path)
    feed(recorder, pipeline, sound)
    finish(recorder)
    names = open_session(tmp_path).info.audio.files
    read = [soundfile.read(tmp_path / name, dtype="float32", always_2d=True)[0] for name in names]
    assert np.array_equal(np.concatenate(read, axis=1), sound)


def test_results_of_a_recording_are_those_of_its_audio(
    tmp_path: Path, tiny_activation_path: Path, tiny_envelope_path: Path, clip: Path
) -> None:
    detectors = [Detector(tiny_activation_path), Detector(tiny_envelope_path)]
    samples, rate = soundfile.read(clip, dtype="float32", always_2d=True)
    engine = Engine(ArraySource(samples, rate, block=500), Pipeline(rate, detectors))
    recorder = recorder_of(engine.pipeline, samples.shape[1])
    engine.add_tap(recorder)
    recorder.start(tmp_path)
    engine.start()
    assert engine.wait(PATIENCE_S)
    finish(recorder)
    offline = analyze(tmp_path / "audio.flac", models=detectors)
    live = Analysis.from_json((tmp_path / "results.json").read_text("utf-8"))
    assert live.labels == offline.labels
    assert live.duration_s == pytest.approx(offline.duration_s)
    assert set(live.detected) == set(offline.detected)
    assert [event.label for event in live.events] == [event.label for event in offline.events]
    both = min(len(live.activation), len(offline.activation))
    assert both >= 30
    assert live.activation_start_s == pytest.approx(offline.activation_start_s)
    assert live.activation[:both] == pytest.approx(offline.activation[:both], abs=0.02)
    for heard, found in zip(live.events, offline.events, strict=True):
        assert heard.onset_s == pytest.approx(found.onset_s, abs=0.11)
        assert heard.offset_s == pytest.approx(found.offset_s, abs=0.11)


def test_pre_roll_is_the_sound_before_the_button(tmp_path: Path) -> None:
    sound = noise(5.0)
    pipeline = Pipeline(RATE, models())
    recorder = recorder_of(pipeline, preroll_s=2.0)
    feed(recorder, pipeline, sound[: 4 * RATE])
    recorder.start(tmp_path)
    feed(recorder, pipeline, sound[4 * RATE :])
    finish(recorder)
    assert np.array_equal(saved_audio(tmp_path), sound[2 * RATE :])
    saved = open_session(tmp_path)
    first_s = float(saved.curves.activation_times[0])
    assert 0.0 <= first_s < 0.1  # rows of the pre-roll are there, and count from its first sample
    assert saved.curves.activation_times[-1] <= 3.0


def test_a_recorder_can_record_again(tmp_path: Path) -> None:
    pipeline = Pipeline(RATE, models())
    recorder = recorder_of(pipeline)
    for name, seconds in (("first", 1.0), ("second", 2.0)):
        recorder.start(tmp_path / name)
        with pytest.raises(ValueError, match="records already"):
            recorder.start(tmp_path / name)
        feed(recorder, pipeline, noise(seconds))
        finish(recorder)
    assert len(saved_audio(tmp_path / "second")) == pytest.approx(2 * RATE, abs=160)


def test_recordings_that_begin_in_the_same_second_get_a_folder_each(tmp_path: Path) -> None:
    pipelines = [Pipeline(RATE, models()) for _ in range(3)]
    recorders = [recorder_of(pipeline) for pipeline in pipelines]
    for recorder in recorders:
        recorder.start(tmp_path / "takes" / "20-15-03", numbered=True)
    for recorder, pipeline in zip(recorders, pipelines, strict=True):
        feed(recorder, pipeline, noise(1.0))
        finish(recorder)
        assert recorder.state.state == "saved", recorder.state
        assert recorder.state.folder is not None
        assert len(saved_audio(recorder.state.folder)) > 0
    names = {recorder.state.folder.name for recorder in recorders if recorder.state.folder is not None}
    assert names == {"20-15-03", "20-15-03 (2)", "20-15-03 (3)"}


def test_only_what_is_around_a_detection_is_kept_and_times_stay_right(tmp_path: Path) -> None:
    quiet, loud = noise(6.0, amplitude=SOFT), noise(2.0)
    sound = np.concatenate([quiet, loud, quiet])
    pipeline = Pipeline(RATE, models())
    recorder = recorder_of(pipeline)
    recorder.start(tmp_path, gate=GateSettings(before_s=1.0, after_s=1.0, latency_s=1.0))
    feed(recorder, pipeline, sound)
    finish(recorder)
    kept = saved_audio(tmp_path)
    assert len(kept) == len(sound)
    assert np.array_equal(kept[5 * RATE : 8 * RATE], sound[5 * RATE : 8 * RATE])
    assert not kept[: 3 * RATE].any()
    assert not kept[11 * RATE :].any()
    saved = open_session(tmp_path)
    assert {gap.why for gap in saved.info.gaps} == {"nothing detected"}
    assert saved.events[0].onset_s == pytest.approx(6.0, abs=0.2)
    assert "nothing was detected" in " ".join(saved.warnings)
    assert (tmp_path / "audio.flac").stat().st_size < len(sound) * 2 * 3 / 2


class _GoesAway(ArraySource):
    """An array whose device is unplugged at its end."""

    @property
    def ended(self) -> bool:
        return False

    @property
    def lost(self) -> bool:
        return ArraySource.ended.fget(self)  # type: ignore[attr-defined]

    @lost.setter
    def lost(self, value: bool) -> None: ...


def test_nothing_is_lost_when_a_device_goes_away_and_another_one_comes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("irec_live.streaming.engine.RETRY_S", 0.3)
    before, after = noise(2.0), noise(1.0, channels=1, rate=16_000)
    engine = Engine(
        _GoesAway(before, RATE, block=400),
        Pipeline(RATE, models()),
        reopen=lambda: ArraySource(after, 16_000, block=400),
    )
    recorder = recorder_of(engine.pipeline)
    engine.add_tap(recorder)
    recorder.start(tmp_path)
    engine.start()
    assert engine.wait(PATIENCE_S)
    finish(recorder)
    assert engine.state == "ended"
    kept, saved = saved_audio(tmp_path), open_session(tmp_path)
    assert np.array_equal(kept[: len(before)], before)
    (gap,) = saved.info.gaps
    assert (gap.why, gap.from_s) == ("device away", 2.0)
    back = round(gap.to_s * RATE)
    assert len(kept) - back == pytest.approx(RATE, abs=2)
    assert np.array_equal(kept[back:, 0], kept[back:, 1])
    assert np.std(kept[back:]) > 0.1
    assert saved.duration_s == pytest.approx(len(kept) / RATE)


def test_lost_samples_are_silence_of_the_same_length(tmp_path: Path) -> None:
    sound = noise(2.0)
    pipeline = Pipeline(RATE, models())
    recorder = recorder_of(pipeline)
    recorder.start(tmp_path)
    recorder.take_block(sound[:RATE], RATE, 0)
    recorder.take_block(sound[RATE:], RATE, RATE + 500)
    finish(recorder)
    kept = saved_audio(tmp_path)
    assert np.array_equal(kept, np.concatenate([sound[:RATE], np.zeros((500, 2), np.float32), sound[RATE:]]))
    assert [gap.why for gap in open_session(tmp_path).info.gaps] == ["samples lost"]


def test_a_killed_process_loses_at_most_a_second(tmp_path: Path) -> None:
    folder = tmp_path / "take"
    path = os.pathsep.join([str(SUPPORT), *sys.path])
    process = subprocess.Popen(
        [sys.executable, SUPPORT / "record_until_killed.py", folder],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": path},
    )
    assert process.stdout is not None
    heard = 0
    with process.stdout as lines:
        for line in lines:
            heard = int(line)
            if heard >= 5 * RATE and (folder / "audio.flac").exists():
                break
        process.send_signal(signal.SIGKILL)
        heard = max([heard, *(int(line) for line in lines if line.endswith("\n"))])
    process.wait()
    assert SessionFolder(folder).read().state == "recording"
    told: list[float] = []
    saved = open_session(folder, told.append)
    # The child runs eight times as fast as sound, so that its writer's pauses count eightfold.
    lost_s = heard / RATE - saved.duration_s
    assert 0.0 <= lost_s <= 8 * MOST_LOST_S
    assert told
    assert saved.info.state == SessionFolder(folder).read().state == "finished"
    assert "the program ended" in saved.warnings[0]
    rng = np.random.default_rng(0)
    sound = np.concatenate(
        [(0.5 * rng.standard_normal((160, 2))).clip(-1, 1).astype(np.float32) for _ in range(heard // 160)]
    )
    kept = saved_audio(folder)
    assert len(kept) == round(saved.duration_s * RATE)
    assert kept == pytest.approx(sound[: len(kept)], abs=2**-23)
    assert saved.curves.activation_times[-1] > saved.duration_s - 8 * MOST_LOST_S
    assert saved.events
    assert saved.events[-1].offset_s == pytest.approx(saved.duration_s, abs=0.5)
    found = Analysis.from_json((folder / "results.json").read_text("utf-8"))
    assert found.detected
    assert open_session(folder).events == saved.events  # opened again, it is as it was


def test_a_repair_that_is_given_up_leaves_the_folder_as_it_was(tmp_path: Path) -> None:
    pipeline, sound = Pipeline(RATE, models()), noise(6.0)
    recorder = recorder_of(pipeline)
    recorder.start(tmp_path / "live")
    feed(recorder, pipeline, sound)
    wait_until(lambda: (tmp_path / "live" / "audio.flac").stat().st_size > 4 * len(sound))
    shutil.copytree(tmp_path / "live", tmp_path / "killed")  # as a process leaves it that is killed now
    finish(recorder)

    def contents() -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in (tmp_path / "killed").iterdir() if path.name != ".lock"}

    def give_up(share: float) -> None:
        if share > 0.3:
            raise DataError("not now")

    before = contents()
    with pytest.raises(DataError, match="not now"):
        open_session(tmp_path / "killed", give_up)
    assert contents() == before
    assert SessionFolder(tmp_path / "killed").read().state == "recording"
    assert open_session(tmp_path / "killed").duration_s > 4.0


def test_a_session_that_is_recorded_now_can_be_looked_at_and_is_left_alone(tmp_path: Path) -> None:
    pipeline = Pipeline(RATE, models())
    recorder = recorder_of(pipeline)
    recorder.start(tmp_path)
    feed(recorder, pipeline, noise(4.0))
    wait_until(lambda: recorder.state.elapsed_s >= 4.0)
    now = open_session(tmp_path)
    assert now.recording
    assert 3.0 <= now.duration_s <= 4.0
    feed(recorder, pipeline, noise(1.0))
    finish(recorder)
    assert open_session(tmp_path).duration_s == 5.0


def test_a_full_disk_ends_the_recording_with_one_sentence_and_not_the_detection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline = Pipeline(RATE, models())
    recorder = recorder_of(pipeline)
    recorder.start(tmp_path)
    feed(recorder, pipeline, noise(2.0))
    wait_until(lambda: recorder.state.elapsed_s >= 2.0)
    monkeypatch.setattr(irec_live.recording.writer, "LEAST_FREE", 2**80)
    monkeypatch.setattr(irec_live.recording.writer.SessionWriter, "SYNC_S", 0.0)
    wait_until(lambda: recorder.state.state == "failed")
    assert "the disk is full" in recorder.state.message
    assert "\n" not in recorder.state.message
    feed(recorder, pipeline, noise(1.0))
    assert pipeline.time_s == 3.0
    saved = open_session(tmp_path)
    assert saved.duration_s == pytest.approx(2.0, abs=0.1)
    assert "recording stopped" in saved.warnings[0]


def test_a_folder_that_is_deleted_meanwhile_ends_the_recording_and_keeps_nothing(tmp_path: Path) -> None:
    pipeline = Pipeline(RATE, models())
    recorder = recorder_of(pipeline)
    recorder.start(tmp_path / "take")
    feed(recorder, pipeline, noise(2.0))
    wait_until(lambda: recorder.state.elapsed_s >= 2.0)
    shutil.rmtree(tmp_path / "take")
    recorder.stop()
    wait_until(lambda: recorder.state.state == "failed")
    assert recorder.state.message.startswith("recording stopped: ")
    assert "are kept" not in recorder.state.message


def test_a_write_that_fails_ends_the_recording_only(tmp_path: Path) -> None:
    code = f"""
import resource, sys
from pathlib import Path
sys.path[:0] = [{str(SUPPORT)!r}]
import numpy as np
from fake_models import RATE, FakeActivation
from irec_live.recording import Recorder
from irec_live.streaming.pipeline import Pipeline
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
pipeline = Pipeline(RATE, [FakeActivation()])
recorder = Recorder(pipeline, 2, lambda: "x")
recorder.start(Path({str(tmp_path / "take")!r}))
rng = np.random.default_rng(0)
for _ in range(100):
    block = rng.uniform(-1, 1, (RATE // 10, 2)).astype(np.float32)
    recorder.take_block(block, RATE, pipeline.position)
    pipeline.push(block)
recorder.stop(); recorder.wait()
print(recorder.state.state, recorder.state.message)
"""
    pytest.importorskip("resource")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("failed recording stopped: the disk takes no more"), done
    with open_audio(tmp_path / "take" / "audio.flac") as audio:
        assert sum(len(block) for block in audio.blocks(8000)) > RATE


def test_a_slow_disk_never_makes_the_worker_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("irec_live.recording.recorder.QUEUE_S", 1.0)
    writing, freed = threading.Event(), threading.Event()
    write = SessionWriter.write

    def wait_for_disk(writer: SessionWriter, items: list[Item]) -> None:
        writing.set()
        assert freed.wait(PATIENCE_S)
        write(writer, items)

    monkeypatch.setattr(SessionWriter, "write", wait_for_disk)
    pipeline = Pipeline(RATE, models())
    recorder = recorder_of(pipeline)
    recorder.start(tmp_path)
    assert writing.wait(PATIENCE_S)
    feed(recorder, pipeline, noise(10.0))
    assert pipeline.time_s == 10.0  # the disk has taken nothing yet
    freed.set()
    finish(recorder)
    assert RATE <= len(saved_audio(tmp_path)) <= 1.2 * RATE


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (lambda folder: (folder / "session.json").unlink(), "cannot read the session"),
        (lambda folder: (folder / "session.json").write_text("{"), "is not a session that this version can open"),
        (
            lambda folder: _change(folder, schema="irec.session/2"),
            "is not a session that this version can open",
        ),
        (
            lambda folder: _change(folder, audio={"files": ["../x.flac"], "sample_rate": 8000, "channels": 2}),
            "outside of its folder",
        ),
        (lambda folder: (folder / "activations.rows").write_bytes(b"\xff" * 160), "damaged"),
        (lambda folder: (folder / "events.jsonl").write_text("[1]\n"), "damaged"),
    ],
)
def test_a_damaged_session_is_one_clear_sentence(tmp_path: Path, damage: object, sentence: str) -> None:
    pipeline = Pipeline(RATE, models())
    recorder = recorder_of(pipeline)
    recorder.start(tmp_path)
    feed(recorder, pipeline, noise(1.0))
    finish(recorder)
    damage(tmp_path)  # type: ignore[operator]
    with pytest.raises((DataError, MediaError), match=sentence):
        open_session(tmp_path)


def _change(folder: Path, **values: object) -> None:
    path = folder / "session.json"
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | values), "utf-8")


def test_only_a_new_or_empty_folder_is_recorded_to(tmp_path: Path) -> None:
    (tmp_path / "song.txt").write_text("mine")
    with pytest.raises(OutputError, match="holds something already"):
        new_folder(tmp_path)
    recorder = recorder_of(Pipeline(RATE, models()))
    recorder.start(tmp_path)
    wait_until(lambda: recorder.state.state == "failed")
    assert "holds something already" in recorder.state.message
    assert not is_session_folder(tmp_path)


def test_a_block_is_what_the_tap_gets_and_no_copy_of_the_ring() -> None:
    blocks: list[Block] = []

    class Keep:
        def take_block(self, block: Block, sample_rate: int, position: int) -> None:
            blocks.append(block)

        def take_silence(self, samples: int, position: int) -> None: ...
        def take_step(self, step: object) -> None: ...

    sound = noise(1.0)
    engine = Engine(ArraySource(sound, RATE, block=700), Pipeline(RATE, models()))
    engine.add_tap(Keep())
    engine.start()
    assert engine.wait(PATIENCE_S)
    assert np.array_equal(np.concatenate(blocks), sound)
