"""The model picker: what is ticked is what runs, what a hop costs is said, and a choice is remembered."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from fake_session import FakeBackend, FakeModel, spec
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from irec_live.gui.about_dialog import AboutDialog
from irec_live.gui.app import Composition
from irec_live.gui.backend import AppBackend
from irec_live.gui.preferences import Preferences
from irec_live.gui.requests import SourceRequest
from irec_live.gui.session_manager import SessionManager
from irec_live.input_kind import InputKind

MIC = SourceRequest(InputKind.MIC)


class OwnBackend(FakeBackend):
    """Knows a file whose model has the name of a bundled one."""

    def load_model(self, name_or_path: str) -> FakeModel:
        if name_or_path.endswith("own.onnx"):
            return FakeModel(spec().model_copy(update={"title": "Mine"}))
        return super().load_model(name_or_path)


def ticked(parts: Composition) -> list[str]:
    """Entries of the menu that have a tick."""
    return [action.text() for action in parts.window.top.models.menu().actions() if action.isChecked()]


def listed(qtbot: QtBot, parts: Composition) -> None:
    """Open a session, with the menu filled."""
    with qtbot.waitSignals([parts.manager.opened, parts.manager.models_listed]):
        parts.window.open(MIC)
        parts.manager.list_models()


def test_ones_own_model_of_a_bundled_name_is_not_ticked_as_that(
    qtbot: QtBot, build: Callable[..., Composition], tmp_path: Path
) -> None:
    parts = build(OwnBackend())
    listed(qtbot, parts)
    assert ticked(parts) == ["han-1s", "neuroment-mel"]
    with qtbot.waitSignal(parts.manager.opened):
        parts.window.open_path(tmp_path / "own.onnx")
    assert ticked(parts) == ["Mine (own.onnx)", "neuroment-mel"]
    (mine,) = (action for action in parts.window.top.models.menu().actions() if action.text() == "Mine (own.onnx)")
    assert f"File: {tmp_path / 'own.onnx'}" in mine.toolTip()
    assert "Tells which instruments play" in mine.toolTip()


def test_a_model_of_the_command_line_leaves_the_other_kind_as_a_dropped_one_does(qtbot: QtBot) -> None:
    backend = OwnBackend()
    manager = SessionManager(backend, ["/home/me/own.onnx"])
    with qtbot.waitSignal(manager.opened):
        manager.open_first(MIC, demo=False)
    assert manager.models == {"activation": "/home/me/own.onnx", "envelope": "neuroment-mel"}
    with qtbot.waitSignal(manager.opened):
        manager.drop_model("envelope")
    with qtbot.waitSignal(manager.opened):
        manager.open(SourceRequest(InputKind.LOOPBACK))
    assert manager.models == {"activation": "/home/me/own.onnx"}  # what was dropped stays away
    manager.close()


def test_the_models_that_were_chosen_are_used_at_the_next_start(
    qtbot: QtBot, build: Callable[..., Composition], tmp_path: Path
) -> None:
    store = tmp_path / "settings.ini"
    first = build(OwnBackend(), Preferences.in_file(store))
    listed(qtbot, first)
    with qtbot.waitSignal(first.manager.opened):
        first.window.open_path(tmp_path / "own.onnx")
    with qtbot.waitSignal(first.manager.opened):
        first.manager.drop_model("envelope")
    first.window.close()
    second = build(OwnBackend(), Preferences.in_file(store))
    listed(qtbot, second)
    assert second.manager.models == {"activation": str(tmp_path / "own.onnx")}
    third = build(FakeBackend(), Preferences.in_file(store))  # the file is gone
    with qtbot.waitSignal(third.manager.failed):
        third.window.open(MIC)
    assert third.manager.models == {"activation": "han-1s"}


def test_what_a_hop_costs_is_measured_when_the_menu_is_opened(qtbot: QtBot, parts: Composition) -> None:
    listed(qtbot, parts)
    menu = parts.window.top.models.menu()
    menu.aboutToShow.emit()
    qtbot.waitUntil(lambda: sum(action.text().endswith("\t3.1 ms a hop") for action in menu.actions()) == 2)
    assert ticked(parts) == ["han-1s\t3.1 ms a hop", "neuroment-mel\t3.1 ms a hop"]


@pytest.mark.parametrize("kind", ["activation", "envelope"])
def test_a_real_networks_hop_is_timed(tiny_activation_path: Path, tiny_envelope_path: Path, kind: str) -> None:
    path = tiny_activation_path if kind == "activation" else tiny_envelope_path
    assert AppBackend().time_model(str(path)) > 0.0


def test_files_that_are_no_models_are_shown_with_the_reason_and_cannot_be_chosen(
    qtbot: QtBot, build: Callable[..., Composition]
) -> None:
    backend = OwnBackend()
    reason = "torn.onnx is cut short after 1,024 of 4,400,000 bytes & so cannot be read; export it anew"
    backend.left_out = {Path("torn.onnx"): reason}
    parts = build(backend)
    with qtbot.waitSignal(parts.manager.left_out_listed):
        parts.manager.list_models()
    (entry,) = (action for action in parts.window.top.models.menu().actions() if action.text().startswith("torn.onnx"))
    assert not entry.isEnabled()
    assert entry.toolTip() == reason
    assert len(entry.text()) < len(reason)
    parts.window._about()
    (about,) = parts.window.findChildren(AboutDialog)
    about.copy()
    assert f"Left out: {reason}\n" in QGuiApplication.clipboard().text()
    about.close()
