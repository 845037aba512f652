"""Two models on one sound: curves over each other, and where they disagree."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from fake_session import LABELS, FakeBackend, FakeSession
from pytestqt.qtbot import QtBot
from waiting import PATIENCE_S, wait_until

import tiny_models
from irec_live.errors import DeviceError
from irec_live.gui.app import Composition
from irec_live.gui.comparison import compared
from irec_live.gui.requests import SourceRequest
from irec_live.input_kind import InputKind
from irec_live.models.detector import Detector
from irec_live.session import FileSession, LiveSession
from irec_live.session.comparison import Comparison
from irec_live.source import ArraySource

MIC = SourceRequest(InputKind.MIC)


def opened(qtbot: QtBot, parts: Composition, backend: FakeBackend, name: str) -> None:
    """Listen, beside a second model."""
    with qtbot.waitSignals([parts.manager.opened, parts.manager.models_listed]):
        parts.window.open(MIC)
        parts.manager.list_models()
    parts.window.top.models.compare_wanted.emit(name)
    qtbot.waitUntil(lambda: parts.window.comparison.running)


def test_a_second_model_is_drawn_named_and_its_cost_said(
    qtbot: QtBot, parts: Composition, backend: FakeBackend
) -> None:
    opened(qtbot, parts, backend, "han-1s")
    heading = parts.window.page.lanes.heading
    qtbot.waitUntil(lambda: "han-1s, 4" in heading.accessibleDescription())
    parts.window.bridge.watch(None)
    canvas = parts.window.page.lanes.canvas
    both = canvas.grab().toImage()
    parts.window.comparison.compare("")
    assert canvas.grab().toImage() != both
    assert heading.accessibleDescription() == ""
    wait_until(lambda: backend.seconds[0].closed)


def test_it_goes_on_with_another_source_and_ends_with_the_window(
    qtbot: QtBot, parts: Composition, backend: FakeBackend
) -> None:
    opened(qtbot, parts, backend, "han-1s")
    with qtbot.waitSignal(parts.manager.opened):
        parts.window.open(SourceRequest(InputKind.FILE, path=Path("/music/song.flac")))
    qtbot.waitUntil(lambda: len(backend.seconds) == 2)
    wait_until(lambda: backend.seconds[0].closed)


def test_a_model_that_does_not_load_is_said(qtbot: QtBot, parts: Composition) -> None:
    with qtbot.waitSignal(parts.manager.opened):
        parts.window.open(MIC)
    parts.window.comparison.compare("nonsense")
    qtbot.waitUntil(lambda: "second model does not run" in parts.window.messages.text)
    assert not parts.window.comparison.running


def test_models_disagree_where_one_is_above_its_threshold_and_the_other_is_not() -> None:
    first = FakeSession().snapshot(15.0)
    same = compared(first, first, 0.0)
    assert all(spans == () for spans in same.disagreements)
    other = np.array(first.smoothed)
    silent = (first.activation_times > 20.0) & (first.activation_times < 22.0)
    lane = LABELS.index("cello")
    other[:, lane], first.smoothed[:, lane] = 0.9, 0.9
    other[silent, lane] = 0.1
    ((start_s, end_s),) = compared(first, replace(first, smoothed=other), 0.0).disagreements[lane]
    assert (start_s, end_s) == pytest.approx((20.1, 21.9), abs=0.11)


def test_envelopes_disagree_where_they_are_far_apart_and_one_can_be_heard() -> None:
    first = FakeSession().snapshot(15.0)
    lane = LABELS.index("cello")
    first.envelope[:, lane] = 0.1
    times = first.envelope_times
    softer, silent = np.array(first.envelope), np.array(first.envelope)
    softer[times > times[0] + 5.0, lane] = 0.1 * 10 ** (-10 / 20)  # within the margin
    silent[times > times[0] + 5.0, lane] = 0.0
    told = [
        compared(first, replace(first, envelope=rows, activation=first.activation[:0], smoothed=first.smoothed[:0],
                                activation_times=first.activation_times[:0]), 0.0).disagreements[lane]
        for rows in (softer, silent)
    ]  # fmt: skip
    assert told[0] == ()
    ((start_s, end_s),) = told[1]
    assert (start_s, end_s) == pytest.approx((times[0] + 5.0, times[-1]), abs=0.1)


def test_what_cannot_be_heard_twice_is_said() -> None:
    with pytest.raises(DeviceError, match="'a stream' cannot be heard by a second model"):
        Comparison(SimpleNamespace(kind="other", title="a stream"), SimpleNamespace())  # type: ignore[arg-type]


def test_labels_that_the_second_model_does_not_have_stay_empty() -> None:
    first, second = FakeSession().snapshot(15.0), FakeSession(("violin", "kazoo")).snapshot(15.0)
    curves = compared(first, second, 0.0)
    assert np.isnan(curves.line[:, LABELS.index("bass")]).all()
    assert not np.isnan(curves.line[:, LABELS.index("violin")]).any()
    assert curves.disagreements[LABELS.index("bass")] == ()


class HeldSource(ArraySource):
    """An array that arrives no sooner than a tap has taken what came before."""

    taken_s: Callable[[], float] | None = None

    def read(self, timeout_s: float) -> tuple[np.ndarray, int]:
        if self.taken_s is None or self._position / self.sample_rate - self.taken_s() > 0.2:
            threading.Event().wait(0.002)
            return np.zeros((0, 1), np.float32), self._position
        return super().read(timeout_s)


@pytest.fixture(scope="module")
def melody() -> np.ndarray:
    """Three tones, one after another."""
    return np.concatenate([tiny_models.tone(label, 2.0) for label in tiny_models.LABELS])


def test_a_second_model_hears_the_live_sound_at_the_same_times(tiny_activation_path: Path, melody: np.ndarray) -> None:
    source = HeldSource(melody, tiny_models.SAMPLE_RATE, block=400)
    session = LiveSession(source, [Detector(tiny_activation_path)])
    second = Comparison(session, Detector(tiny_activation_path))
    source.taken_s = lambda: second.snapshot(0.1, 0.1).now_s
    try:
        session.wait(PATIENCE_S)
        wait_until(lambda: second.snapshot(6.0, session.time_s).activation.shape[0] > 20)
        ours = session.snapshot(6.0)
        theirs = second.snapshot(6.0, session.time_s)
        times = theirs.activation_times + second.origin_s
        near = [int(np.argmin(np.abs(ours.activation_times - time_s))) for time_s in times]
        assert np.mean(ours.activation[near].argmax(axis=1) == theirs.activation.argmax(axis=1)) > 0.8
    finally:
        second.close()
        session.close()


def test_a_second_model_analyses_the_file_that_plays(
    tiny_activation_path: Path, melody: np.ndarray, tmp_path: Path
) -> None:
    import soundfile

    song = tmp_path / "song.wav"
    soundfile.write(song, melody, tiny_models.SAMPLE_RATE)
    session = FileSession(song, [Detector(tiny_activation_path)], play=False, audible=False)
    second = Comparison(session, Detector(tiny_activation_path))
    try:
        wait_until(lambda: session.overview().progress >= 1.0 and len(second.snapshot(9.0, 6.0).activation) >= 51)
        ours, theirs = session.snapshot(9.0, 6.0), second.snapshot(9.0, 6.0)
        np.testing.assert_allclose(ours.smoothed, theirs.smoothed, atol=1e-5)
        session.decisions = session.decisions.with_own("flute", 0.4)
        assert second.snapshot(9.0, 6.0).thresholds.tolist() == session.snapshot(9.0, 6.0).thresholds.tolist()
    finally:
        second.close()
        session.close()
