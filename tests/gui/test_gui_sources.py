"""Live inputs: channels, gain and clipping, remembered for each device; devices that come and go while it runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from fake_session import FakeBackend, FakeDevice, FakeSession
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QSlider, QWidgetAction
from pytestqt.qtbot import QtBot

from irec_live.gui.app import Composition
from irec_live.gui.gain_action import GainAction
from irec_live.gui.preferences import Preferences
from irec_live.gui.requests import SourceRequest
from irec_live.input_kind import InputKind
from irec_live.streaming.input_shape import InputShape

MIC = SourceRequest(InputKind.MIC)
USB = SourceRequest(InputKind.MIC, "USB Audio Interface", "ALSA")
SONG = SourceRequest(InputKind.FILE, path=Path("/music/song.flac"))


def opened(qtbot: QtBot, parts: Composition, request: SourceRequest) -> FakeSession:
    """Open a source; its made-up session."""
    with qtbot.waitSignal(parts.manager.opened):
        parts.window.open(request)
    session = parts.manager.session
    assert isinstance(session, FakeSession)
    return session


def test_one_channel_and_a_gain_are_chosen_from_the_menu_beside_the_level(qtbot: QtBot, parts: Composition) -> None:
    session, control = opened(qtbot, parts, MIC), parts.window.inputs
    meter = parts.window.top.meter
    qtbot.mouseClick(meter, Qt.MouseButton.LeftButton)
    assert control.menu.isVisible()
    entries = {action.text(): action for action in control.menu.actions()}
    assert entries["Mix of all channels"].isChecked()
    entries["Channel 2"].trigger()
    (gain,) = (
        action for action in control.menu.actions() if isinstance(action, QWidgetAction) and action.defaultWidget()
    )
    slider = gain.defaultWidget().findChild(QSlider)
    assert slider is not None
    slider.setValue(12)
    assert session.input_shape == InputShape((2,), 12.0)
    control.menu.close()
    assert meter.accessibleDescription() == "Channel 2, gain +12 dB"
    assert "Channel 2, gain +12 dB" in meter.toolTip()
    assert meter.focusPolicy() == Qt.FocusPolicy.TabFocus


def test_the_gain_is_set_with_the_keyboard_alone(qtbot: QtBot, parts: Composition) -> None:
    session, menu = opened(qtbot, parts, MIC), parts.window.inputs.menu
    qtbot.keyClick(parts.window.top.meter, Qt.Key.Key_Return)
    (gain,) = (action for action in menu.actions() if isinstance(action, GainAction))
    qtbot.keyClick(menu, Qt.Key.Key_Right)
    assert session.input_shape == InputShape()
    while menu.activeAction() is not gain:
        before = menu.activeAction()
        qtbot.keyClick(menu, Qt.Key.Key_Down)
        assert menu.activeAction() is not before
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Left):
        qtbot.keyClick(menu, key)
    assert session.input_shape == InputShape((), 2.0)
    assert gain.text().endswith(": +2 dB")
    assert menu.isVisible()
    menu.close()


def test_a_file_has_neither_channels_nor_gain(qtbot: QtBot, parts: Composition) -> None:
    opened(qtbot, parts, MIC)
    opened(qtbot, parts, SONG)
    qtbot.mouseClick(parts.window.top.meter, Qt.MouseButton.LeftButton)
    assert not parts.window.inputs.menu.isVisible()


def test_each_device_gets_its_own_channels_and_gain_back(
    qtbot: QtBot, build: Callable[..., Composition], backend: FakeBackend, tmp_path: Path
) -> None:
    store = tmp_path / "settings.ini"
    first = build(backend, Preferences.in_file(store))
    opened(qtbot, first, USB)
    first.window.inputs.set_channels((1, 2))
    first.window.inputs.set_gain(99.0)
    assert opened(qtbot, first, MIC).input_shape == InputShape()
    first.window.close()
    second = build(backend, Preferences.in_file(store))
    assert opened(qtbot, second, USB).input_shape == InputShape((1, 2), 40.0)
    second.window.inputs.set_channels(())
    second.window.inputs.set_gain(0.0)
    assert opened(qtbot, second, USB).input_shape == InputShape()


@pytest.mark.parametrize(("gain_db", "way"), [(0.0, "system's mixer"), (6.0, "turn the gain down")])
def test_clipping_is_told_with_the_way_out(qtbot: QtBot, parts: Composition, gain_db: float, way: str) -> None:
    session = opened(qtbot, parts, MIC)
    parts.window.inputs.set_gain(gain_db)
    session.peak_db = 0.0
    qtbot.waitUntil(lambda: way in parts.window.messages.text)
    assert "clips" in parts.window.messages.text
    session.peak_db = -12.0
    qtbot.waitUntil(lambda: "clips" not in parts.window.messages.text)


def test_a_device_that_is_plugged_in_is_offered_without_asking(
    qtbot: QtBot, parts: Composition, backend: FakeBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch, sources = parts.window.device_watch, parts.window.top.sources
    with qtbot.waitSignal(watch.changed):
        watch.look()
    assert USB in sources.requests()
    monkeypatch.setattr(backend, "list_devices", lambda: [FakeDevice("Headset")])
    with qtbot.waitSignal(watch.changed):
        watch.look()
    assert SourceRequest(InputKind.MIC, "Headset", "ALSA") in sources.requests()
    assert USB not in sources.requests()
