"""A window that is closed writes to its end what its user asked for, however long that takes."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fake_session import FakeBackend, FakeSession
from pytestqt.qtbot import QtBot

from irec_live.corrections.store import CorrectionsFile, load_corrections
from irec_live.gui import background
from irec_live.gui.app import Composition
from irec_live.gui.main_window import MainWindow
from irec_live.gui.requests import SourceRequest

SLOW_S = 0.3


@pytest.fixture
def window(
    parts: Composition, qtbot: QtBot, backend: FakeBackend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> MainWindow:
    """On a file, with a disk that is slower than anybody waits for what only reads."""
    song = tmp_path / "song.flac"
    song.touch()
    with qtbot.waitSignal(parts.manager.opened):
        parts.window.open(SourceRequest("file", path=song))
    monkeypatch.setattr(background, "_STOP_S", 0.0)
    monkeypatch.setattr(backend, "export", slowly(backend.export))
    monkeypatch.setattr(CorrectionsFile, "save", slowly(CorrectionsFile.save))
    return parts.window


def slowly(write: Callable[..., Any]) -> Callable[..., Any]:
    def later(*arguments: Any) -> Any:
        time.sleep(SLOW_S)
        return write(*arguments)

    return later


def test_exports_and_corrections_are_finished(
    window: MainWindow, qtbot: QtBot, backend: FakeBackend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = window.manager.session
    assert isinstance(session, FakeSession)
    monkeypatch.setattr(session, "analysis", object)
    window.correcting.mode.setChecked(True)
    qtbot.waitUntil(lambda: window.correcting.active)
    window.exporter.export(session, tmp_path / "all.csv", "csv")
    window.correcting.add_here()
    window.close()
    assert backend.exported == [(tmp_path / "all.csv", "csv")]
    assert len(load_corrections(tmp_path / "song.flac.irec-corrections.json").entries) == 1
