"""`run` with a screenshot: paints, saves, leaves."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import soundfile
from PySide6.QtCore import QTimer
from PySide6.QtGui import QColor, QImage, QPixmap
from PySide6.QtWidgets import QApplication

import tiny_models
from irec_live.errors import IrecError, OutputError
from irec_live.gui import app
from irec_live.gui.app import run
from irec_live.gui.main_window import MainWindow
from irec_live.gui.preferences import Preferences

# A whole run of the app, with its own event loop: after other files' tests in one process Qt may end it at once.
pytestmark = pytest.mark.realtime


@pytest.fixture
def models(tiny_activation_path: Path, tiny_envelope_path: Path) -> list[Path]:
    return [tiny_activation_path, tiny_envelope_path]


def test_the_picture_is_saved_and_the_status_is_zero(
    qapp: object, tmp_path: Path, models: list[Path], bury: Callable[[], None]
) -> None:
    song, picture = tmp_path / "song.wav", tmp_path / "window.png"
    soundfile.write(song, tiny_models.tone("flute", 3.0), 8000)
    assert run(song, screenshot=picture, after_s=1.5, models=models, theme="dark", provider="cpu") == 0
    bury()
    image = QImage(str(picture))
    assert (image.width(), image.height()) == (1280, 720)
    colors = {image.pixel(x, y) for x in range(0, 1280, 7) for y in range(0, 720, 7)}
    assert len(colors) > 20
    assert QColor(image.pixelColor(640, 100)).lightnessF() < 0.2


def test_a_picture_asked_for_at_once_waits_until_there_is_something_to_see(
    qapp: object, tmp_path: Path, models: list[Path], bury: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    grab = MainWindow.grab

    def look(window: MainWindow) -> QPixmap:
        seen.append((window.manager.session is not None, window.page.lanes.canvas.isVisible()))
        return grab(window)

    monkeypatch.setattr(MainWindow, "grab", look)
    song, picture = tmp_path / "song.wav", tmp_path / "window.png"
    soundfile.write(song, tiny_models.tone("flute", 3.0), 8000)
    assert run(song, screenshot=picture, after_s=0.0, models=models, provider="cpu") == 0
    bury()
    assert seen == [(True, True)]
    assert picture.exists()


def test_a_window_closed_too_early_for_its_picture_is_an_error(
    qapp: object, tmp_path: Path, models: list[Path], bury: Callable[[], None]
) -> None:
    QTimer.singleShot(300, lambda: [window.close() for window in QApplication.topLevelWidgets()])
    with pytest.raises(OutputError, match="closed before the picture"):
        run(tmp_path / "gone.wav", screenshot=tmp_path / "window.png", after_s=60.0, models=models)
    bury()


def test_a_picture_that_cannot_be_written_is_an_error(
    qapp: object, tmp_path: Path, models: list[Path], bury: Callable[[], None]
) -> None:
    with pytest.raises(OutputError, match=r"cannot write .*such\.png: No such file or directory; choose another place"):
        run(tmp_path / "gone.wav", screenshot=tmp_path / "no" / "such.png", after_s=0.0, models=models)
    bury()


def test_a_picture_of_nothing_but_a_failure_is_an_error(
    qapp: object, tmp_path: Path, models: list[Path], bury: Callable[[], None]
) -> None:
    (tmp_path / "noise.txt").write_text("no sound")
    with pytest.raises(IrecError, match=r"noise\.txt"):
        run(tmp_path / "noise.txt", screenshot=tmp_path / "window.png", after_s=1.5, models=models)
    bury()
    assert (tmp_path / "window.png").exists()


def test_without_a_picture_the_window_stays_until_it_is_closed(
    qapp: object, tmp_path: Path, models: list[Path], bury: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app.Preferences, "of_user", lambda: Preferences.in_file(tmp_path / "settings.ini"))
    QTimer.singleShot(400, lambda: [window.close() for window in QApplication.topLevelWidgets()])
    assert run(tmp_path / "gone.wav", models=models) == 0
    assert (tmp_path / "settings.ini").exists()
    bury()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals to send")
def test_ctrl_c_in_the_terminal_closes_the_window(
    qapp: object, tmp_path: Path, models: list[Path], bury: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = signal.getsignal(signal.SIGINT)
    monkeypatch.setattr(app.Preferences, "of_user", lambda: Preferences.in_file(tmp_path / "settings.ini"))
    QTimer.singleShot(300, lambda: os.kill(os.getpid(), signal.SIGINT))
    assert app.run(tmp_path / "gone.wav", models=models) == 0
    assert signal.getsignal(signal.SIGINT) is before
    bury()


def test_qt_keeps_its_references_to_none() -> None:
    """PySide6 6.12.0 lost one in every call that returns nothing, which ends Python 3.11 within seconds."""
    color = QColor("red")
    before = sys.getrefcount(None)
    for _ in range(1000):
        color.setAlpha(3)
    assert sys.getrefcount(None) > before - 500


@pytest.mark.parametrize("step", ["application", "use_language", "compose"])
def test_ctrl_c_while_the_window_is_built_closes_it(
    qapp: object,
    tmp_path: Path,
    models: list[Path],
    bury: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
    step: str,
) -> None:
    work = getattr(app, step)

    def interrupted(*given: Any) -> Any:
        signal.raise_signal(signal.SIGINT)
        return work(*given)

    monkeypatch.setattr(app, step, interrupted)
    with pytest.raises(OutputError, match="closed before the picture"):
        run(tmp_path / "gone.wav", screenshot=tmp_path / "window.png", after_s=600.0, models=models)
    bury()


def test_a_folder_alone_is_played_as_it_is_when_it_is_dropped(
    qapp: object, tmp_path: Path, models: list[Path], bury: Callable[[], None]
) -> None:
    (tmp_path / "my songs").mkdir()
    soundfile.write(tmp_path / "my songs" / "one.wav", tiny_models.tone("flute", 1.0), 8000)
    assert run(tmp_path / "my songs", screenshot=tmp_path / "window.png", after_s=0.0, models=models) == 0
    bury()
