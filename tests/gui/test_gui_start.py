"""What keeps the start of the window fast: what is imported before its first picture, and what waits until after it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from irec_live.gui import app

LATER = (
    *("pydantic", "onnxruntime", "duckdb", "soundfile", "soxr", "av", "sounddevice", "mido", "pythonosc"),
    *("email", "importlib.metadata", "html", "platformdirs", "multiprocessing", "asyncio", "http", "ssl", "_hashlib"),
    *("irec_live.models.spec", "irec_live.models.catalog", "irec_live.session", "irec_live.analysis"),
    *("irec_live.gui.about_dialog", "irec_live.gui.diagnostics", "irec_live.gui.help_dialog"),
)
"""Modules that the first picture does without."""

UNTIL_THE_FIRST_PICTURE = f"""
import json, sys
from PySide6.QtCore import QEvent
from irec_live.cli.window import run_window
from irec_live.gui import app
from irec_live.input_kind import InputKind

painted = []

class Window(app.MainWindow):
    def event(self, event):
        if event.type() == QEvent.Type.Paint:
            painted.append(True)
        return super().event(event)

def begin(*_):
    print(json.dumps([bool(painted), [name for name in {LATER!r} if name in sys.modules]]))
    app.QApplication.exit(0)

app.MainWindow, app._begin, app._LONGEST_UNSEEN_MS = Window, begin, 1_000_000
run_window(
    (), screenshot=None, after_s=0.0, source=InputKind.MIC, device=None, models=(), hop_ms=None, provider="cpu",
    size=(1280, 720),
)
"""

AS_FAR_AS_THE_THEME = """
import sys
import click
from irec_live.cli import main
try:
    main(["gui", "--theme", "none"], standalone_mode=False)
except click.UsageError:
    names = list(sys.modules)
    print(str(names.index("numpy") < names.index("PySide6")).lower())
"""


@pytest.fixture
def python(tmp_path: Path) -> Any:
    """Runs a script as a user with an empty home would; what it printed, as JSON."""

    def run(script: str) -> Any:
        variables = {**os.environ, "HOME": str(tmp_path), "QT_QPA_PLATFORM": "offscreen"}
        done = subprocess.run([sys.executable, "-c", script], env=variables, capture_output=True, text=True, check=True)
        return json.loads(done.stdout)

    return run


def test_sources_and_models_wait_until_the_window_is_painted_and_so_do_their_libraries(python: Any) -> None:
    assert python(UNTIL_THE_FIRST_PICTURE) == [True, []]


def test_numpy_is_imported_before_qt_which_looks_through_what_comes_after_it(python: Any) -> None:
    assert python(AS_FAR_AS_THE_THEME) is True


def test_a_window_that_nobody_sees_listens_all_the_same_and_once(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "_LONGEST_UNSEEN_MS", 0)
    window = QWidget()
    qtbot.addWidget(window)
    window.winId()  # as `show` does: there is something to show, but it is not on the screen
    begun: list[bool] = []
    app._AfterFirstPicture(window, lambda: begun.append(window.windowHandle().isExposed()))
    qtbot.waitUntil(lambda: bool(begun))
    with qtbot.waitExposed(window):
        window.show()
    assert begun == [False]
