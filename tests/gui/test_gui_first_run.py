"""The first run: a source is chosen and its level seen before anything is opened."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from fake_session import FakeBackend, FakeDevice
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot
from waiting import wait_until

from irec_live.gui.app import Composition, _begin
from irec_live.gui.preferences import Preferences
from irec_live.gui.requests import SourceRequest
from irec_live.input_kind import InputKind
from irec_live.source import ArraySource
from irec_live.source.level_probe import LevelProbe

MIC = SourceRequest(InputKind.MIC)


@pytest.fixture
def begun(qtbot: QtBot, build: Callable[..., Composition], backend: FakeBackend, tmp_path: Path) -> Composition:
    """A window that was begun with no settings and no file, on a page that measures the default microphone."""
    parts = build(backend, Preferences.in_file(tmp_path / "settings.ini"))
    _begin(parts.window, MIC, True)
    qtbot.waitUntil(lambda: len(backend.probes) == 1)
    return parts


def test_the_page_measures_without_listening_and_advises(
    qtbot: QtBot, begun: Composition, backend: FakeBackend
) -> None:
    page, (_, probe) = begun.window.source_check, backend.probes[0]
    assert page.isVisible()
    assert backend.opened == []
    qtbot.waitUntil(lambda: page.advice.text() == "Good: sound arrives")
    assert page.meter.held_db == pytest.approx(-30.0, abs=3.0)
    probe.levels_db = (-3.0, 0.0)
    qtbot.waitUntil(lambda: page.advice.text().startswith("Too loud"))
    probe.problem = "'USB' went away"
    qtbot.waitUntil(lambda: "Choose another source" in page.advice.text())


def test_another_source_is_measured_and_then_listened_to_and_never_asked_for_again(
    qtbot: QtBot, begun: Composition, backend: FakeBackend
) -> None:
    page = begun.window.source_check
    wanted = SourceRequest(InputKind.MIC, "USB Audio Interface", "ALSA")
    texts = [page.sources.item(row).text() for row in range(page.sources.count())]
    page.sources.setCurrentRow(texts.index("USB Audio Interface"))
    qtbot.waitUntil(lambda: [request for request, _ in backend.probes] == [MIC, wanted])
    wait_until(lambda: backend.probes[0][1].closed)
    with qtbot.waitSignal(begun.manager.opened):
        page.start.click()
    assert backend.probes[1][1].closed  # before the device was opened: many admit one user at a time
    assert begun.manager.request == wanted
    assert begun.window.stack.currentWidget() is begun.window.page
    assert not begun.window.preferences.is_first_run


def test_the_page_is_used_by_the_arrows_and_enter_and_then_the_keys_are_the_windows(
    qtbot: QtBot, begun: Composition
) -> None:
    window, sources = begun.window, begun.window.source_check.sources
    window.activateWindow()
    qtbot.waitUntil(sources.hasFocus)
    qtbot.keyClick(sources, Qt.Key.Key_Down)
    assert sources.currentRow() == 1
    with qtbot.waitSignal(begun.manager.opened):
        qtbot.keyClick(sources, Qt.Key.Key_Return)
    assert window.focusWidget() is window.centralWidget(), "not a button, which Space would press"


def test_without_any_input_the_demo_plays_as_before(
    qtbot: QtBot,
    build: Callable[..., Composition],
    backend: FakeBackend,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(backend, "list_devices", lambda: [FakeDevice("HDMI", kind="output")])
    backend.no_microphone = True
    parts = build(backend, Preferences.in_file(tmp_path / "settings.ini"))
    with qtbot.waitSignal(parts.manager.opened):
        _begin(parts.window, MIC, True)
    assert parts.manager.request == SourceRequest(InputKind.FILE, path=Path("demo.ogg"))


def test_a_device_that_refuses_is_said_and_cannot_be_started(
    qtbot: QtBot, begun: Composition, backend: FakeBackend
) -> None:
    page = begun.window.source_check
    backend.no_microphone = True
    page.sources.setCurrentRow(1)
    qtbot.waitUntil(lambda: "no sound input device" in page.advice.text())
    assert not page.start.isEnabled()
    page.sources.setCurrentRow(0)


def test_a_probe_measures_the_loudest_channel_and_lets_the_device_go() -> None:
    tone = 0.1 * np.sin(2 * np.pi * 440 * np.arange(48_000) / 48_000)
    source = ArraySource(np.stack([np.zeros(48_000), tone], axis=1).astype(np.float32), 48_000)
    probe = LevelProbe(source)
    wait_until(lambda: probe.levels_db[1] > -60)
    probe.close()
    rms_db, peak_db = probe.levels_db
    assert rms_db == pytest.approx(-23.0, abs=0.5)
    assert peak_db == pytest.approx(-20.0, abs=0.5)
