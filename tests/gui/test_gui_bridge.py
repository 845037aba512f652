"""When pictures are made."""

from __future__ import annotations

import pytest
from fake_session import COLUMN_S, FakeSession
from PySide6.QtWidgets import QApplication

from irec_live.gui.bridge import FRAME_MS, Bridge


class Clock:
    """An elapsed timer that stands still until it is moved."""

    def __init__(self) -> None:
        self.ms = 0

    def elapsed(self) -> int:
        return self.ms

    def restart(self) -> int:
        before, self.ms = self.ms, 0
        return before


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def looks() -> Clock:
    return Clock()


@pytest.fixture
def bridge(qapp: QApplication, clock: Clock, looks: Clock) -> Bridge:
    made = Bridge()
    made._since = clock  # type: ignore[assignment]
    made._looked = looks  # type: ignore[assignment]
    return made


def test_new_sound_is_pictured_at_once_and_old_sound_thirty_times_a_second(bridge: Bridge, clock: Clock) -> None:
    session, pictures = FakeSession(), []
    bridge.snapshot_ready.connect(pictures.append)
    bridge.watch(session)
    bridge._timer.stop()
    clock.ms = FRAME_MS
    bridge._look()
    assert len(pictures) == 1
    clock.ms = 20
    bridge._look()
    assert len(pictures) == 1, "nothing new was heard"
    session.time_s += 2 * COLUMN_S
    bridge._look()
    assert len(pictures) == 2
    session.time_s += 2 * COLUMN_S
    clock.ms = 10
    bridge._look()
    assert len(pictures) == 2, "pictures that close together show nothing more"
    clock.ms = FRAME_MS
    bridge._look()
    assert len(pictures) == 3


def test_sound_that_completes_no_column_waits_for_that_which_does(bridge: Bridge, clock: Clock) -> None:
    session, pictures = FakeSession(), []
    bridge.snapshot_ready.connect(pictures.append)
    bridge.watch(session)
    bridge._timer.stop()
    clock.ms = FRAME_MS
    bridge._look()
    session.time_s += 0.5 * COLUMN_S
    clock.ms = FRAME_MS
    bridge._look()
    assert len(pictures) == 1
    session.time_s += 1.5 * COLUMN_S
    bridge._look()
    assert len(pictures) == 2
    session.time_s += 0.5 * COLUMN_S
    clock.ms = 2 * FRAME_MS
    bridge._look()
    assert len(pictures) == 3, "it does not wait for ever"


def test_a_busy_machine_is_not_asked_for_more_pictures(bridge: Bridge, clock: Clock, looks: Clock) -> None:
    session, pictures = FakeSession(), []
    bridge.snapshot_ready.connect(pictures.append)
    bridge.watch(session)
    bridge._timer.stop()
    clock.ms, looks.ms = 20, 30
    bridge._look()
    assert not pictures
    clock.ms, looks.ms = 28, 8
    bridge._look()
    assert len(pictures) == 1


def test_a_window_that_is_not_seen_looks_twice_a_second(bridge: Bridge) -> None:
    bridge.watch(FakeSession())
    fast = bridge._timer.interval()
    bridge.rest(True)
    assert bridge._timer.interval() == 500
    bridge.rest(False)
    assert bridge._timer.interval() == fast < FRAME_MS
    bridge.watch(None)
    assert not bridge._timer.isActive()
