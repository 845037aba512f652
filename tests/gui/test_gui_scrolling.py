"""Pictures that scroll: what was painted before, moved, and what is new beside it, is what is painted at once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from fake_session import LABELS, FakeSession
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from irec_live.gui import lane_plots
from irec_live.gui.lane_canvas import LaneCanvas
from irec_live.gui.spectrogram_view import SpectrogramView
from irec_live.gui.theme import LEFT_GUTTER, RIGHT_GUTTER
from irec_live.results import Snapshot

WIDTH, HEIGHT = 640, 40.0
SPAN_S = 10.0
STEP_S = 0.25  # sixteen pixels


def canvas(qtbot: QtBot) -> LaneCanvas:
    made = LaneCanvas()
    qtbot.addWidget(made)
    made.resize(LEFT_GUTTER + WIDTH + RIGHT_GUTTER, round(HEIGHT * len(LABELS)))
    return made


def show(lanes: LaneCanvas, snapshot: Snapshot) -> np.ndarray:
    """The plots of a snapshot, (y, x, colour), but for their left end: there a picture that scrolled knows more."""
    lanes.show_lanes(snapshot, HEIGHT * np.arange(len(LABELS)), np.full(len(LABELS), HEIGHT))
    return pixels(lanes)[:, LEFT_GUTTER + 16 : LEFT_GUTTER + WIDTH].astype(int)


def pixels(widget: QWidget) -> np.ndarray:
    image = widget.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    values = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine() // 4, 4)
    return values[..., :3].copy()  # the image's memory goes with it


def steps(count: int, span_s: float = SPAN_S) -> list[Snapshot]:
    session = FakeSession()
    found = []
    for number in range(count):
        session.time_s = 30.0 + STEP_S * number
        found.append(session.snapshot(span_s))
    return found


def late(snapshot: Snapshot, by_s: float) -> Snapshot:
    """The same before its newest rows have come."""
    rows, frames = snapshot.activation_times <= by_s, snapshot.envelope_times <= by_s
    return replace(
        snapshot,
        activation_times=snapshot.activation_times[rows],
        activation=snapshot.activation[rows],
        smoothed=snapshot.smoothed[rows],
        envelope_times=snapshot.envelope_times[frames],
        envelope=snapshot.envelope[frames],
    )


@pytest.mark.parametrize("span_s", [SPAN_S, 4 * SPAN_S])
def test_lanes_that_scrolled_are_those_painted_at_once(qtbot: QtBot, span_s: float) -> None:
    scrolled = canvas(qtbot)
    for snapshot in steps(40, span_s):  # 640 pixels, or 160: further than the picture has room
        show(scrolled, late(snapshot, snapshot.time_s - 1.0))
        seen = show(scrolled, snapshot)
    assert np.abs(seen - show(canvas(qtbot), snapshot)).max() <= 2  # edges fall between pixels, a last digit aside


def test_only_the_end_of_a_curve_is_painted_again(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    painted: list[float] = []
    paint = lane_plots.paint_plots

    def noting(painter: object, scene: object, lanes: list[int], place: object, start_s: float) -> None:
        painted.append(place.left())  # type: ignore[attr-defined]
        paint(painter, scene, lanes, place, start_s)  # type: ignore[arg-type]

    monkeypatch.setattr(lane_plots, "paint_plots", noting)
    lanes, snapshot = canvas(qtbot), replace(steps(1)[0], detected=(), events=())
    show(lanes, late(snapshot, 29.0))
    assert painted == [0.0]
    show(lanes, replace(late(snapshot, 29.0), time_s=30.0 + STEP_S))
    assert painted == [0.0], "a picture that only moves needs no painting"
    show(lanes, snapshot)
    assert painted[1:] == [pytest.approx(WIDTH - 64, abs=8)]


def test_a_value_that_is_another_one_afterwards_is_painted(qtbot: QtBot) -> None:
    (snapshot,) = steps(1)
    other = replace(snapshot, smoothed=snapshot.smoothed.copy())
    other.smoothed[len(other.smoothed) // 2] = 1.0
    lanes = canvas(qtbot)
    before = show(lanes, snapshot)
    after = show(lanes, other)
    assert (after != before).any()
    assert (after == show(canvas(qtbot), other)).all()


def test_a_spectrogram_that_scrolled_is_the_one_painted_at_once(qtbot: QtBot) -> None:
    views = SpectrogramView(), SpectrogramView()
    for view in views:
        qtbot.addWidget(view)
        view.resize(LEFT_GUTTER + WIDTH + RIGHT_GUTTER, 96)
    for snapshot in steps(5):
        views[0].show_snapshot(snapshot)
    views[1].show_snapshot(snapshot)
    assert (pixels(views[0]) == pixels(views[1])).all()
