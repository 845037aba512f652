"""Asking for files, without ever holding up the picture: the dialogs are windows of their own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QWidget

from irec_live.formats import FORMATS
from irec_live.suffixes import SUFFIXES

_SOUND = f"Sound and video ({' '.join('*' + suffix for suffix in SUFFIXES)})"


def ask_sound(parent: QWidget, folder: Path, chosen: Callable[[Path], None]) -> QFileDialog:
    """Ask for a file to listen to."""
    return _ask(parent, "Open a file", folder, f"{_SOUND};;All files (*)", chosen)


def ask_model(parent: QWidget, folder: Path, chosen: Callable[[Path], None]) -> QFileDialog:
    """Ask for a network."""
    return _ask(parent, "Load a model", folder, "Models (*.onnx)", chosen)


def ask_export(parent: QWidget, song: Path, form: str, chosen: Callable[[Path], None]) -> QFileDialog:
    """Ask where an analysis shall go; suggests the song's own name beside it."""
    wanted = FORMATS[form]
    dialog = _dialog(parent, f"Save as {wanted.title}", song.parent, f"{wanted.title} (*{wanted.suffix})")
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setDefaultSuffix(wanted.suffix.lstrip("."))
    dialog.selectFile(song.with_suffix(wanted.suffix).name)
    return _show(dialog, chosen)


def _ask(parent: QWidget, title: str, folder: Path, names: str, chosen: Callable[[Path], None]) -> QFileDialog:
    dialog = _dialog(parent, title, folder, names)
    dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
    return _show(dialog, chosen)


def _dialog(parent: QWidget, title: str, folder: Path, names: str) -> QFileDialog:
    dialog = QFileDialog(parent, title, str(folder), names)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    return dialog


def _show(dialog: QFileDialog, chosen: Callable[[Path], None]) -> QFileDialog:
    dialog.fileSelected.connect(lambda name: chosen(Path(name)))
    dialog.open()
    return dialog
