"""The spectrogram's colours, range and axis: chosen in menus, and remembered."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fake_session import FakeBackend, FakeSession
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from irec_live.gui import settings_schema as schema
from irec_live.gui.app import Composition
from irec_live.gui.hover_text import spectrum_text
from irec_live.gui.preferences import Preferences
from irec_live.gui.requests import SourceRequest
from irec_live.gui.spectrogram_settings import COLORS, RANGES_DB, SpectrogramSettings, log_bands, ramp_table
from irec_live.input_kind import InputKind
from irec_live.streaming.spectrogram import LogMelStream

MIC = SourceRequest(InputKind.MIC)
BANDS_HZ = LogMelStream(44_100).bands_hz


def shown(qtbot: QtBot, parts: Composition) -> None:
    """A picture that stands still."""
    with qtbot.waitSignal(parts.manager.opened):
        parts.window.open(MIC)
    with qtbot.waitSignal(parts.window.bridge.snapshot_ready):
        pass
    parts.window.bridge.watch(None)


def picture(parts: Composition) -> QImage:
    """The spectrogram of one moment."""
    snapshot = replace(FakeSession().snapshot(15.0), spectrogram_hz=BANDS_HZ)
    parts.window.page.spectrogram.show_snapshot(snapshot)
    return parts.window.page.spectrogram.grab().toImage()


def test_colours_range_and_axis_change_the_picture_and_are_remembered(
    qtbot: QtBot, build: Callable[..., Composition], backend: FakeBackend, tmp_path: Path
) -> None:
    store = tmp_path / "settings.ini"
    first = build(backend, Preferences.in_file(store))
    shown(qtbot, first)
    pictures = [picture(first)]
    for words in ("Cividis", "Quiet sounds", "Logarithmic"):
        menus = [action.menu() for action in first.window.spectrum.menu.actions()]
        (entry,) = (one for menu in menus for one in menu.actions() if one.text().startswith(words))  # type: ignore[attr-defined]
        entry.trigger()
        pictures.append(picture(first))
    assert all(one != other for one, other in itertools.pairwise(pictures))
    first.window.close()
    second = build(backend, Preferences.in_file(store))
    assert second.window.spectrum.settings == SpectrogramSettings("cividis", "quiet", "log")


@pytest.mark.parametrize("colors", [name for name in COLORS if name != "theme"])
def test_every_colour_map_gets_steadily_lighter(colors: str) -> None:
    table = ramp_table(SpectrogramSettings(colors).ramp(())).astype(float)
    lightness = table @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(lightness) > -1.0).all()
    assert lightness[-1] - lightness[0] > 120


def test_octaves_are_alike_on_the_logarithmic_axis() -> None:
    rows, rows_hz = log_bands(BANDS_HZ)
    assert np.diff(np.log2(rows_hz)) == pytest.approx(np.log2(rows_hz[1] / rows_hz[0]))
    assert (np.diff(rows) >= 0).all()
    nearest = np.abs(BANDS_HZ[None] - rows_hz[:, None]).argmin(axis=1)
    assert rows.tolist() == nearest.tolist()


def test_the_pointer_tells_the_frequency_of_the_axis_in_use() -> None:
    snapshot = replace(FakeSession().snapshot(15.0), spectrogram_hz=BANDS_HZ)
    _, rows_hz = log_bands(BANDS_HZ)
    assert spectrum_text(snapshot, 0.5, 20.0, BANDS_HZ) != spectrum_text(snapshot, 0.5, 20.0, rows_hz)


def test_settings_and_table_name_the_same() -> None:
    for name in COLORS:
        assert schema.SPECTROGRAM_COLORS.read(name) == name
    for name in RANGES_DB:
        assert schema.SPECTROGRAM_LEVELS.read(name) == name
