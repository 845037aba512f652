"""Results of live sessions that nobody recorded: which are kept, and which are removed."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from fake_models import FakeActivation
from saved_sessions import save_session

from irec_live.recording import Recorder, SessionFolder, open_session
from irec_live.recording.kept import KEPT_VARIABLE, MOST_KEPT, finish_results, keep_results, kept_results
from irec_live.streaming.pipeline import Pipeline

RATE = 8000


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(KEPT_VARIABLE, str(tmp_path / "sessions"))
    return tmp_path / "sessions"


def hear(seconds: float) -> Recorder:
    """A recorder of results that has heard so much noise, and still follows."""
    pipeline = Pipeline(RATE, [FakeActivation()])
    recorder = Recorder(pipeline, 2, lambda: "Test input", sound=False)
    keep_results(recorder)
    noise = np.random.default_rng(0).normal(0.0, 0.3, (round(seconds * RATE), 2)).astype(np.float32)
    for block in np.array_split(noise, round(10 * seconds)):
        recorder.take_block(block, RATE, pipeline.position)
        recorder.take_step(pipeline.push(block))
    return recorder


def renamed(path: Path, day: int) -> Path:
    return path.rename(path.with_name(f"2026-01-{day:02} 12-00-00 Test input"))


def test_the_newest_are_kept_and_those_that_were_corrected(place: Path) -> None:
    folders = []
    for day in range(1, MOST_KEPT + 4):
        recorder = hear(2.0)
        finish_results(recorder, 1.0)
        assert recorder.state.folder is not None
        folders.append(renamed(recorder.state.folder, day))
    corrected, lost, foreign, *newest = folders
    (corrected / "corrections.json").touch()
    info = json.loads((foreign / "session.json").read_text("utf-8"))
    (foreign / "session.json").write_text(json.dumps(info | {"schema": "irec.session/9"}), "utf-8")
    recording = save_session(place / "2025-01-01 of a user", np.zeros((RATE, 1), np.float32), RATE)
    found = [one.path for one in kept_results(MOST_KEPT)]
    assert found == [*reversed(newest), corrected]
    assert not lost.exists()
    assert foreign.exists()
    assert recording.exists()
    kept_results(0)
    assert set(place.iterdir()) == {corrected, foreign, recording}


def test_one_that_is_still_heard_is_passed_over(place: Path) -> None:
    recorder = hear(2.0)
    while not list(place.glob("*/session.json")):
        pass
    assert kept_results(0) == ()
    finish_results(recorder, 1.0)
    assert [one.title for one in kept_results()] == ["Test input"]


def test_a_moment_is_not_kept(place: Path) -> None:
    finish_results(hear(2.0), 10.0)
    assert list(place.iterdir()) == []


def test_results_are_those_of_a_recording_but_for_the_sound() -> None:
    recorder = hear(3.0)
    finish_results(recorder, 1.0)
    assert recorder.state.folder is not None
    saved = open_session(recorder.state.folder)
    assert saved.duration_s == pytest.approx(3.0)
    assert saved.info.audio.channels == 1
    assert not saved.info.sound_kept
    assert saved.info.gaps == ()
    assert len(saved.curves.activation) > 10
    assert not SessionFolder(recorder.state.folder).results.exists()
