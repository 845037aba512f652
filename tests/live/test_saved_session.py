from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from waiting import PATIENCE_S, wait_until

import tiny_models
from irec_live.cli import main
from irec_live.errors import MediaError
from irec_live.models.detector import Detector
from irec_live.recording import Recorder, open_session
from irec_live.report import Analysis
from irec_live.session import PlayableSession, SavedSession, open_saved
from irec_live.source import ArraySource
from irec_live.streaming.engine import Engine
from irec_live.streaming.pipeline import Pipeline

RATE = tiny_models.SAMPLE_RATE


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory, tiny_activation_path: Path, tiny_envelope_path: Path) -> Path:
    """A session of two seconds of each label."""
    folder = tmp_path_factory.mktemp("sessions") / "evening"
    sound = np.concatenate([tiny_models.tone(label, 2.0) for label in tiny_models.LABELS])
    pipeline = Pipeline(RATE, [Detector(tiny_activation_path), Detector(tiny_envelope_path)])
    engine = Engine(ArraySource(sound, RATE, block=400), pipeline)
    recorder = Recorder(pipeline, 1, lambda: "Tones")
    engine.add_tap(recorder)
    recorder.start(folder)
    engine.start()
    assert engine.wait(PATIENCE_S)
    recorder.stop()
    assert recorder.wait(PATIENCE_S)
    return folder


@pytest.fixture
def session(recorded: Path) -> Iterator[SavedSession]:
    session = open_saved(recorded, audible=False, play=False)
    yield session
    session.close()


def test_a_saved_session_is_reviewed_like_a_file(session: SavedSession) -> None:
    assert isinstance(session, PlayableSession)
    assert session.title == "evening"
    assert session.duration_s == 6.0
    wait_until(lambda: session.overview().progress == 1.0)
    overview = session.overview()
    assert overview.detected == tiny_models.LABELS
    assert np.nanmax(overview.peaks) == pytest.approx(0.5, abs=0.01)
    assert not np.isnan(overview.strips).any()
    session.seek(3.0)
    snapshot = session.snapshot(2.0)
    assert (snapshot.time_s, snapshot.state, snapshot.detected) == (3.0, "paused", ("flute",))
    assert snapshot.activation.shape[1] == snapshot.envelope.shape[1] == 3
    assert snapshot.spectrogram.size
    assert snapshot.level_db == pytest.approx(-9.0, abs=0.5)


def test_events_are_those_found_live_until_the_threshold_moves(session: SavedSession) -> None:
    live = session.overview().events
    assert set(live) == set(session.saved.events)
    session.set_threshold_offset(0.48)
    wait_until(lambda: session.overview().events != live)
    assert session.analysis() is not None
    session.set_threshold_offset(0.0)
    wait_until(lambda: session.overview().events == live)


def test_one_label_can_have_a_threshold_of_its_own_afterwards(session: SavedSession) -> None:
    live = session.overview().events
    session.decisions = session.decisions.with_own("flute", 0.6)
    wait_until(lambda: session.overview().events != live)
    assert [event for event in session.overview().events if event.label != "flute"] != []
    found = session.analysis()
    assert found is not None
    assert found.thresholds["flute"].on == pytest.approx(0.98)
    assert found.thresholds["bass"].on == pytest.approx(0.5)


def test_what_the_user_had_set_while_recording_is_kept(tmp_path: Path, tiny_activation_path: Path) -> None:
    pipeline = Pipeline(RATE, [Detector(tiny_activation_path)])
    pipeline.decisions = pipeline.decisions.with_own("bass", 0.2)
    pipeline.set_threshold_offset(-0.1)
    recorder = Recorder(pipeline, 1, lambda: "Tones")
    recorder.start(tmp_path)
    recorder.take_block(np.zeros((RATE, 1), np.float32), RATE, 0)
    recorder.stop()
    assert recorder.wait(PATIENCE_S)
    saved = open_session(tmp_path)
    assert saved.info.decisions == pipeline.decisions
    assert saved.tracker().limits() == pipeline.tracker.limits(pipeline.decisions)


def test_a_threshold_moved_while_recording_counts_for_all_of_it(tmp_path: Path, tiny_activation_path: Path) -> None:
    sound = np.concatenate([tiny_models.tone(label, 2.0, amplitude=0.1) for label in tiny_models.LABELS])
    pipeline = Pipeline(RATE, [Detector(tiny_activation_path)])
    recorder = Recorder(pipeline, 1, lambda: "Tones")
    recorder.start(tmp_path)
    for first in range(0, len(sound), 800):
        if first == len(sound) // 2:
            pipeline.decisions = pipeline.decisions.with_own(tiny_models.LABELS[0], 0.49)
        recorder.take_block(sound[first : first + 800, None], RATE, first)
        recorder.take_step(pipeline.push(sound[first : first + 800]))
    recorder.take_step(pipeline.flush())
    recorder.stop()
    assert recorder.wait(PATIENCE_S)
    saved = open_session(tmp_path)
    assert saved.info.decisions_moved
    assert [event.label for event in saved.events] == list(tiny_models.LABELS[1:])
    results = Analysis.from_json((tmp_path / "results.json").read_text("utf-8"))
    assert [event.label for event in results.events] == list(tiny_models.LABELS[1:])
    assert tiny_models.LABELS[0] in (tmp_path / "events.jsonl").read_text("utf-8"), "as it was found live"


def test_what_is_exported_is_what_was_saved(session: SavedSession, recorded: Path) -> None:
    found = session.analysis()
    assert found is not None
    saved = Analysis.from_json((recorded / "results.json").read_text("utf-8"))
    assert found.events == pytest.approx(saved.events) or len(found.events) == len(saved.events)
    assert np.array_equal(found.activation.round(5), saved.activation)
    assert found.models == saved.models


@pytest.fixture
def damaged(recorded: Path, tmp_path: Path) -> Path:
    """A copy of the session that a test may damage."""
    return Path(shutil.copytree(recorded, tmp_path / "damaged"))


def test_sound_that_was_cut_leaves_the_rest_at_its_time_and_is_told(damaged: Path) -> None:
    audio = damaged / "audio.flac"
    with audio.open("r+b") as file:
        file.truncate(audio.stat().st_size // 2)
    session = open_saved(damaged, audible=False, play=False)
    try:
        assert "audio.flac was cut: sound is missing at the end of its 6.0 s" in session.warning
        assert session.duration_s == 6.0
        wait_until(lambda: session.overview().progress == 1.0)
        peaks = session.overview().peaks[:, 1]
        heard_s = 6.0 * np.flatnonzero(~np.isnan(peaks))[-1] / len(peaks)
        assert 1.0 < heard_s < 5.0
        assert session.overview().events == session.saved.events
        found = session.analysis()
        assert found is not None
        assert session.warning in found.warnings
    finally:
        session.close()


def test_rows_and_events_that_are_gone_are_read_from_the_results(damaged: Path, session: SavedSession) -> None:
    for name in ("activations.rows", "envelopes.rows", "events.jsonl"):
        (damaged / name).unlink()
    saved = open_session(damaged)
    assert len(saved.warnings) == 1
    assert "results.json" in saved.warnings[0]
    assert [event.label for event in saved.events] == [event.label for event in session.saved.events]
    assert saved.curves.activation == pytest.approx(session.saved.curves.activation, abs=1e-5)
    assert saved.curves.envelope_times == pytest.approx(session.saved.curves.envelope_times)
    (damaged / "results.json").unlink()
    assert "results.json does not have it" in open_session(damaged).warnings[0]


def test_listen_records_and_analyze_reads_the_audio(
    tmp_path: Path, clip: Path, tiny_activation_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, model = tmp_path / "take", str(tiny_activation_path)
    arguments = [
        "listen",
        "--input",
        str(clip),
        "--model",
        model,
        "--record",
        str(folder),
        "--seconds",
        "1.2",
        "--json",
    ]
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 0, done.output
    assert f"in {folder}" in done.stderr
    saved = open_session(folder)
    assert saved.duration_s == pytest.approx(1.2, abs=0.3)
    assert {network.spec.name for network in saved.info.models} == {"tiny-activation"}
    done = CliRunner().invoke(main, ["analyze", str(folder / "audio.flac"), "--model", model, "--format", "json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["duration_s"] == pytest.approx(saved.duration_s)


def test_listen_refuses_a_folder_that_holds_something(tmp_path: Path, clip: Path, tiny_activation_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("x")
    arguments = ["listen", "--input", str(clip), "--model", str(tiny_activation_path), "--record", str(tmp_path)]
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 2
    assert "holds something already" in done.stderr


def test_a_session_whose_sound_is_gone_is_named(recorded: Path, tmp_path: Path) -> None:
    folder = tmp_path / "evening"
    shutil.copytree(recorded, folder)
    (folder / "audio.flac").unlink()
    with pytest.raises(MediaError, match=r"the session evening lacks its sound: there is no audio\.flac in it"):
        SavedSession(open_session(folder), audible=False)


def test_a_session_without_sound_says_so(recorded: Path, tmp_path: Path) -> None:
    info = json.loads((recorded / "session.json").read_text("utf-8"))
    info["audio"]["samples"] = 0
    (tmp_path / "session.json").write_text(json.dumps(info), "utf-8")
    with pytest.raises(MediaError, match="no sound"):
        open_saved(tmp_path, audible=False)
