"""Arrays to pixels: lanes, spectrogram colours, overview."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from fake_session import LABELS, FakeFileSession, FakeSession
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from pytestqt.qtbot import QtBot

from irec_live.gui.lane_curves import decibel_height, lane_curves, peak_decimate
from irec_live.gui.overview_painting import ranked_labels, resampled, strip_image
from irec_live.gui.overview_view import OverviewView
from irec_live.gui.spectrogram_settings import ramp_table
from irec_live.gui.spectrogram_view import level_bytes
from irec_live.gui.theme import DARK, THEMES, Theme
from irec_live.gui.time_ruler import tick_step
from irec_live.instruments import INSTRUMENTS
from irec_live.results import Event, Overview, Snapshot


def test_now_is_at_the_right_edge_and_the_span_at_the_left() -> None:
    snapshot = Snapshot(
        labels=("flute",),
        time_s=20.0,
        span_s=10.0,
        activation_times=np.array([10.0, 15.0, 20.0]),
        activation=np.array([[0.1], [0.2], [0.3]], np.float32),
    )
    assert lane_curves(snapshot, 500.0).line_x.tolist() == [0.0, 250.0, 500.0]


def test_envelopes_stand_in_decibels_over_sixty() -> None:
    heights = decibel_height(np.array([1.0, 10 ** (-30 / 20), 1e-9, 0.0]))
    np.testing.assert_allclose(heights, [1.0, 0.5, 0.0, 0.0], atol=1e-12)


@pytest.mark.parametrize("rows", [0, 1, 7, 640, 5000])
def test_decimation_keeps_every_peak_and_fits_the_width(rows: int) -> None:
    y = np.random.default_rng(1).random((rows, 3))
    x, kept = peak_decimate(np.arange(float(rows)), y, 640)
    assert len(x) == len(kept) <= max(640, 1)
    if rows:
        np.testing.assert_array_equal(kept.max(axis=0), y.max(axis=0))


def test_a_missing_model_leaves_its_curves_empty() -> None:
    curves = lane_curves(Snapshot(labels=("flute", "bass"), time_s=3.0, span_s=15.0), 800.0)
    assert curves.line.shape == curves.envelope.shape == (0, 2)
    assert curves.activation.tolist() == [0.0, 0.0]


def test_curves_show_what_thresholds_are_compared_with() -> None:
    snapshot = FakeSession().snapshot(15.0)
    np.testing.assert_allclose(lane_curves(snapshot, 4000.0).line, snapshot.smoothed, rtol=1e-6)


def test_louder_bands_are_never_darker() -> None:
    indices = level_bytes(np.linspace(-130, 10, 400)[None, :], (-90.0, -12.0))[0].astype(int)
    assert (np.diff(indices) >= 0).all()
    assert indices[0] == 0
    assert indices[-1] == 255
    assert level_bytes(np.array([[np.nan]]), (-90.0, -12.0)).tolist() == [[0]]


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
def test_the_spectrogram_gets_steadily_further_from_its_ground(theme: Theme) -> None:
    table = ramp_table(theme.ramp).astype(float)
    distance = np.abs(table @ [0.2126, 0.7152, 0.0722] - table[0] @ [0.2126, 0.7152, 0.0722])
    assert table.shape == (256, 3)
    assert (np.diff(distance) > -1.0).all()


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
def test_text_and_instruments_can_be_read_on_the_ground(theme: Theme) -> None:
    names = [("text", 7.0), ("muted", 4.5), ("accent", 3.0), ("warning", 3.0), ("error", 3.0)]
    for name, least in names:
        assert contrast(theme.color(name), theme.color("ground")) >= least, name
    for label in LABELS:
        for behind in ("ground", "surface"):
            assert contrast(theme.instrument(label), theme.color(behind)) >= theme.least_contrast, label
        assert contrast(theme.lettering(label), theme.color("ground")) >= theme.letter_contrast >= 4.5, label


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
def test_unknown_labels_have_a_color_of_their_own_that_stays_and_stands_out(theme: Theme) -> None:
    assert theme.instrument("theremin") == theme.instrument("Theremin") != theme.instrument("kazoo")
    for label in ("theremin", "kazoo", "sitar", "koto", "bagpipe"):
        assert contrast(theme.instrument(label), theme.color("ground")) >= theme.least_contrast >= 3.0


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
def test_no_two_instruments_share_a_color(theme: Theme) -> None:
    colors = {label: np.array(theme.instrument(label).getRgb()[:3], float) for label in INSTRUMENTS}
    for one, other in itertools.combinations(LABELS, 2):
        assert np.abs(colors[one] - colors[other]).max() > 18, (one, other)


def test_overview_slices_fall_together_without_losing_peaks_or_inventing_sound() -> None:
    rows = np.array([0.1, 0.9, np.nan, np.nan, 0.2, 0.3])
    joined = resampled(rows, 3, np.fmax)
    assert joined[0] == 0.9
    assert np.isnan(joined[1])
    assert joined[2] == 0.3
    assert resampled(rows[:2], 4, np.fmax).tolist() == [0.1, 0.1, 0.9, 0.9]


def test_every_label_has_a_row_in_the_overview_and_can_be_scrolled_to(qtbot: QtBot) -> None:
    events = tuple(Event(f"label {n}", 0.0, float(n), 0.9) for n in range(1, 13))
    overview = Overview(duration_s=10.0, events=events, detected=tuple(event.label for event in events))
    view = OverviewView()
    qtbot.addWidget(view)
    view.resize(1280, 172)
    view.show()
    view.show_overview(overview)
    assert ranked_labels(overview) == view.strips == [event.label for event in reversed(events)]
    bottom = view.rows.top + view.rows.room
    assert view.rows.top_of("label 1") > bottom, "it does not fit"
    view.setFocus()
    for _ in range(12):
        qtbot.keyClick(view, Qt.Key.Key_Down)
    assert view.rows.top_of("label 1") + view.rows.height <= bottom + 0.5
    assert view.rows.label_at(bottom - 3) == "label 1"
    assert view.accessibleDescription().endswith("Label 2, Label 1")
    assert not view.grab().isNull()


def test_a_strip_is_opaque_where_its_label_is_sure_and_clear_where_nothing_is_known() -> None:
    session = FakeFileSession(progress=0.5)
    overview = session.overview()
    label = ranked_labels(overview)[0]
    image = strip_image(overview, label, 400, DARK)
    alpha = np.array([image.pixelColor(x, 0).alpha() for x in range(400)])
    assert alpha[:190].max() > 200
    assert alpha[205:].max() == 0
    assert image.pixelColor(int(alpha.argmax()), 0).rgb() == DARK.instrument(label).rgb()


def test_ticks_never_crowd() -> None:
    for span_s in (5.0, 10.0, 15.0, 30.0, 60.0):
        assert 2 <= span_s / tick_step(span_s) <= 8


def contrast(one: QColor, other: QColor) -> float:
    """WCAG 2.1 contrast ratio."""

    def luminance(color: QColor) -> float:
        parts = np.array([color.redF(), color.greenF(), color.blueF()])
        linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
        return float(linear @ [0.2126, 0.7152, 0.0722])

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)
