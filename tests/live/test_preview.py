"""Seeking past the analysed part of a file: it is analysed there at once, and in the end all is as from the start."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from waiting import wait_until

import tiny_models
from irec_live.analysis import analyze
from irec_live.models.detector import Detector
from irec_live.results import Event
from irec_live.session import FileSession
from irec_live.session.preview import joined_events

RATE = 8000
PART_S = 60.0


class HeldDetector:
    """A network that predicts on the first windows, and then one more each time it is let."""

    def __init__(self, detector: Detector, allowed: int) -> None:
        self.spec, self.providers, self.sha256 = detector.spec, ("CPU",), detector.sha256
        self._detector, self._gate = detector, threading.Semaphore(allowed)
        self.free = threading.Event()

    def let(self, count: int) -> None:
        for _ in range(count):
            self._gate.release()

    def __call__(self, windows: np.ndarray) -> np.ndarray:
        while not self.free.is_set() and not self._gate.acquire(timeout=0.05):
            pass
        return self._detector(windows)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A minute of each label."""
    parts = [tiny_models.tone(label, PART_S, sample_rate=RATE, amplitude=0.1) for label in tiny_models.LABELS]
    path = tmp_path_factory.mktemp("preview") / "long.flac"
    soundfile.write(path, np.concatenate(parts), RATE)
    return path


@pytest.fixture
def held(path: Path, tiny_activation_path: Path) -> Iterator[tuple[FileSession, HeldDetector]]:
    """A session whose analysis stands still after a few seconds."""
    detector = HeldDetector(Detector(tiny_activation_path), 3)
    session = FileSession(path, [detector], play=False, audible=False)  # type: ignore[list-item]
    wait_until(lambda: len(session.snapshot(5.0, 5.0).activation) > 0)
    yield session, detector
    detector.free.set()
    session.close()


def test_analysis_jumps_to_the_playhead(held: tuple[FileSession, HeldDetector]) -> None:
    session, detector = held
    session.seek(150.0)
    assert session.snapshot(10.0).is_ahead
    detector.let(40)
    wait_until(lambda: not session.snapshot(10.0).is_ahead and session.snapshot(10.0).detected)
    ahead = session.snapshot(10.0)
    assert ahead.detected == (tiny_models.LABELS[2],)
    assert len(ahead.activation) > 50
    assert (np.diff(ahead.activation_times) > 0).all()
    assert ahead.level_db == pytest.approx(-23.0, abs=1.0)
    assert ahead.progress < 0.2, "the rest is analysed afterwards"
    overview = session.overview()
    assert tiny_models.LABELS[2] in overview.detected
    assert tiny_models.LABELS[1] not in overview.detected
    places = (np.array([30.0, 90.0, 148.0]) / 180.0 * len(overview.strips)).astype(int)
    assert np.isnan(overview.strips[places]).all(axis=1).tolist() == [True, True, False]


def test_results_do_not_depend_on_where_the_playhead_was(
    held: tuple[FileSession, HeldDetector], path: Path, tiny_activation_path: Path
) -> None:
    session, detector = held
    for time_s in (150.0, 70.0, 179.5, 30.0):
        session.seek(time_s)
        detector.let(30)
        wait_until(lambda: not session.snapshot(10.0).is_ahead)
    detector.free.set()
    wait_until(session.analysis)
    found = session.analysis()
    assert found is not None
    assert found.to_json() == analyze(path, models=[Detector(tiny_activation_path)]).to_json()
    assert [event.label for event in session.overview().events] == list(tiny_models.LABELS)


def test_threshold_moves_the_events_of_the_preview_too(held: tuple[FileSession, HeldDetector]) -> None:
    session, detector = held
    session.seek(150.0)
    detector.let(40)
    wait_until(lambda: session.snapshot(10.0).detected)
    session.set_threshold_offset(0.6)  # above what any window reaches
    session.seek(155.0)
    detector.let(40)
    wait_until(lambda: not session.snapshot(10.0).is_ahead)
    wait_until(lambda: detector.let(1) or not session.snapshot(10.0).events)


def test_no_event_is_counted_twice_where_the_preview_begins() -> None:
    events = (Event("flute", 1.0, 5.0, 0.9), Event("piano", 8.0, None, 0.8))
    ahead = (Event("piano", 6.0, 12.0, 0.7), Event("flute", 2.0, 4.0, 0.9), Event("bass", 14.0, None, 0.6))
    joined = joined_events(events, ahead, 10.0, 20.0)
    assert joined == (
        Event("flute", 1.0, 5.0, 0.9),
        Event("piano", 8.0, 10.0, 0.8),
        Event("piano", 10.0, 12.0, 0.7),
        Event("bass", 14.0, 20.0, 0.6),
    )
