"""End to end: a real file dropped on the real window, analysed by real (tiny) networks."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from file_drop import drop
from odd_files import with_flac_total
from pytestqt.qtbot import QtBot

import tiny_models
from irec_live.gui.app import Composition
from irec_live.gui.backend import AppBackend
from irec_live.gui.file_dialogs import ask_sound
from irec_live.gui.main_window import MainWindow
from irec_live.suffixes import SUFFIXES


@pytest.fixture
def song(tmp_path: Path) -> Path:
    """Two seconds of flute, then two of bass and violin together."""
    flute = tiny_models.tone("flute", 2.0)
    duo = 0.5 * tiny_models.tone("bass", 2.0) + 0.5 * tiny_models.tone("violin", 2.0)
    path = tmp_path / "song.flac"
    soundfile.write(path, np.concatenate([flute, duo]), 8000)
    return path


@pytest.fixture
def window(build: Callable[..., Composition], tiny_activation_path: Path, tiny_envelope_path: Path) -> MainWindow:
    """The window over the app itself, silent."""
    models = (str(tiny_activation_path), str(tiny_envelope_path))
    return build(AppBackend(audible=False), models=models).window


def test_labels_of_a_dropped_file_can_be_read_off_the_window(qtbot: QtBot, window: MainWindow, song: Path) -> None:
    drop(window, song)
    qtbot.waitUntil(lambda: "flute" in window.page.headline.labels)
    assert window.windowTitle().startswith("song.flac")
    qtbot.waitUntil(window.actions_.exports[0].isEnabled)
    assert set(window.panel.overview.strips) == {"flute", "bass", "violin"}
    session = window.manager.session
    window.playback.play_or_pause()
    window.playback.seek(3.2)
    qtbot.waitUntil(lambda: set(window.page.headline.labels) == {"bass", "violin"})
    assert session is window.manager.session
    assert window.page.lanes.canvas.curves.level_db.max() > -30
    assert window.status.provider.text() == "CPU"


def test_what_is_odd_about_a_file_is_said_in_the_window(
    qtbot: QtBot, window: MainWindow, song: Path, tmp_path: Path
) -> None:
    (tmp_path / "rec.flac").write_bytes(with_flac_total(song.read_bytes(), 8000))
    drop(window, tmp_path / "rec.flac")
    qtbot.waitUntil(window.actions_.exports[0].isEnabled)
    qtbot.waitUntil(lambda: "rec.flac has a header that tells of 1.0 s" in window.messages.text)


def test_the_open_dialog_offers_every_ending_that_decodes(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    dialog = ask_sound(window, tmp_path, lambda _: None)
    offered = dialog.nameFilters()[0].split()
    assert {"*.wav", "*.mp3", "*.mkv", "*.ac3", "*.w64", "*.rf64", "*.3gp", "*.ape"} <= {
        name.strip("()") for name in offered
    }
    assert all(f"*{suffix}" in dialog.nameFilters()[0] for suffix in SUFFIXES)
    dialog.close()


def test_the_analysis_of_a_dropped_file_is_exported_whole(
    qtbot: QtBot, window: MainWindow, song: Path, tmp_path: Path
) -> None:
    drop(window, song)
    qtbot.waitUntil(window.actions_.exports[0].isEnabled)
    session = window.manager.session
    target = tmp_path / "song.json"
    window.exporter.export(session, target, "json")  # type: ignore[arg-type]
    qtbot.waitUntil(lambda: "Saved song.json" in window.messages.text)
    written = json.loads(target.read_text())
    assert written["schema"] == "irec.analysis/1"
    assert set(written["detected"]) == {"flute", "bass", "violin"}
    window.exporter.export(session, tmp_path / "no" / "such" / "folder.json", "json")  # type: ignore[arg-type]
    qtbot.waitUntil(lambda: "folder.json" in window.messages.text)


@pytest.mark.parametrize("content", [b"", b"not sound at all" * 100])
def test_a_file_that_is_not_sound_leaves_the_song_playing(
    qtbot: QtBot, window: MainWindow, song: Path, tmp_path: Path, content: bytes
) -> None:
    drop(window, song)
    qtbot.waitUntil(lambda: window.manager.session is not None)
    running = window.manager.session
    bad = tmp_path / "bad.wav"
    bad.write_bytes(content)
    drop(window, bad)
    qtbot.waitUntil(lambda: "bad.wav" in window.messages.text)
    assert window.manager.session is running
    assert window.windowTitle().startswith("song.flac")


def test_a_dropped_model_listens_from_now_on_and_a_broken_one_does_not(
    qtbot: QtBot, window: MainWindow, song: Path, tmp_path: Path
) -> None:
    drop(window, song)
    qtbot.waitUntil(lambda: window.manager.session is not None)
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"\x80\x04\x95 not a model")
    drop(window, broken)
    qtbot.waitUntil(lambda: "broken.onnx" in window.messages.text)
    assert window.top.models.text() == "tiny-activation + tiny-envelope"
    other = tiny_models.write_activation_model(tmp_path, name="other")
    drop(window, other)
    qtbot.waitUntil(lambda: window.top.models.text() == "other + tiny-envelope")


def test_closing_the_window_ends_every_thread(
    qtbot: QtBot, window: MainWindow, song: Path, bury: Callable[[], None]
) -> None:
    before = set(threading.enumerate())
    drop(window, song)
    qtbot.waitUntil(lambda: window.manager.session is not None)
    window.close()
    bury()
    assert {thread for thread in threading.enumerate() if thread.name.startswith("irec")} <= before
