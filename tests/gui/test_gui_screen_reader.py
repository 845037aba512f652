"""What a screen reader is told of the window: names of controls, and every text that is to be read."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QApplication, QLabel, QWidget
from pytestqt.qtbot import QtBot

from irec_live.gui.about_dialog import AboutDialog
from irec_live.gui.app import Composition
from irec_live.gui.diagnostics import diagnostics
from irec_live.gui.requests import SourceRequest
from irec_live.input_kind import InputKind


def places(parts: Composition) -> list[QWidget]:
    """The window, its other pages, and its dialogs."""
    window = parts.window
    window.library.panel.show_work("1 of 2", 0.5)
    dialogs = (window.decisions.open_dialog(), window.library.panel, AboutDialog(diagnostics(), window))
    return [window, window.welcome, window.source_check, *dialogs]


@pytest.mark.parametrize("kind", [InputKind.MIC, InputKind.FILE])
def test_no_text_is_hidden_by_the_name_of_its_label_and_no_control_lacks_one(
    qtbot: QtBot, parts: Composition, kind: InputKind
) -> None:
    with qtbot.waitSignal(parts.manager.opened):
        parts.window.open(SourceRequest(kind, path=Path("/music/song.flac") if kind is InputKind.FILE else None))
    with qtbot.waitSignal(parts.window.bridge.snapshot_ready):
        pass
    QApplication.processEvents()
    for place in places(parts):
        for label in place.findChildren(QLabel):
            spoken = label.accessibleName()
            assert not spoken or label.text() in spoken, (spoken, label.text())
        for widget in place.findChildren(QWidget):
            if widget.focusPolicy() & Qt.FocusPolicy.TabFocus and widget.isVisibleTo(place):
                told = QAccessible.queryAccessibleInterface(widget).text(QAccessible.Text.Name)
                assert told or widget.focusProxy(), widget


def test_the_clocks_and_the_sliders_of_decisions_tell_what_they_show(qtbot: QtBot, parts: Composition) -> None:
    window = parts.window
    window.panel.transport.show_position(65.0, 130.0, playing=True)
    assert window.panel.transport.clock.accessibleName() == "Playback position: 1:05 / 2:10"
    with qtbot.waitSignal(parts.manager.opened):
        window.open(SourceRequest(InputKind.MIC))
    dialog = window.decisions.open_dialog()
    dialog.duration.setValue(6)
    assert dialog.duration.accessibleDescription().startswith("300 ms:")
    assert dialog.smoothing.accessibleDescription() == dialog.smoothing_text.text()
