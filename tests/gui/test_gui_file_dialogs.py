"""Dialogs for files and folders: what they offer, and that what is chosen arrives."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtWidgets import QFileDialog, QWidget
from pytestqt.qtbot import QtBot

from irec_live.gui import file_dialogs


@pytest.fixture
def parent(qtbot: QtBot) -> QWidget:
    widget = QWidget()
    qtbot.addWidget(widget)
    return widget


@pytest.mark.parametrize(
    ("ask", "mode"),
    [
        (file_dialogs.ask_model, QFileDialog.FileMode.ExistingFile),
        (
            lambda parent, folder, chosen: file_dialogs.ask_folder(parent, "A folder", folder, chosen),
            QFileDialog.FileMode.Directory,
        ),
    ],
)
def test_what_is_chosen_arrives_as_a_path(
    parent: QWidget, tmp_path: Path, ask: Callable[..., QFileDialog], mode: QFileDialog.FileMode
) -> None:
    chosen: list[Path] = []
    dialog = ask(parent, tmp_path, chosen.append)
    assert (dialog.fileMode(), dialog.directory().path()) == (mode, str(tmp_path))
    dialog.fileSelected.emit(str(tmp_path / "taken"))
    dialog.close()
    assert chosen == [tmp_path / "taken"]


def test_several_sound_files_may_be_chosen_at_once(parent: QWidget, tmp_path: Path) -> None:
    chosen: list[list[Path]] = []
    dialog = file_dialogs.ask_sound(parent, tmp_path, chosen.append)
    assert dialog.fileMode() == QFileDialog.FileMode.ExistingFiles
    dialog.filesSelected.emit([str(tmp_path / "a.wav"), str(tmp_path / "b.flac")])
    dialog.close()
    assert chosen == [[tmp_path / "a.wav", tmp_path / "b.flac"]]


def test_a_name_without_an_ending_gets_that_of_the_kind_chosen(parent: QWidget, tmp_path: Path) -> None:
    chosen: list[Path] = []
    kinds = {".wav": "WAV", ".flac": "FLAC"}
    dialog = file_dialogs.ask_save(parent, "Save", tmp_path / "clip", kinds, chosen.append)
    assert [Path(name).name for name in dialog.selectedFiles()] == ["clip.wav"]
    assert dialog.defaultSuffix() == "wav"
    dialog.filterSelected.emit("FLAC (*.flac)")
    assert dialog.defaultSuffix() == "flac"
    dialog.fileSelected.emit(str(tmp_path / "clip.flac"))
    dialog.close()
    assert chosen == [tmp_path / "clip.flac"]
