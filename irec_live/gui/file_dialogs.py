"""File dialogs, non-blocking: `QFileDialog.exec` would stop the display while a dialog is open."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QWidget

from irec_live.formats import FORMATS
from irec_live.gui.language import tr
from irec_live.suffixes import SUFFIXES

_SOUND = f"({' '.join('*' + suffix for suffix in SUFFIXES)})"


def ask_sound(parent: QWidget, folder: Path, chosen: Callable[[list[Path]], None]) -> QFileDialog:
    """Ask for one or more sound or video files."""
    sound, everything = tr("Sound and video"), tr("All files")
    dialog = _dialog(parent, tr("Open files"), folder, f"{sound} {_SOUND};;{everything} (*)")
    dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
    dialog.filesSelected.connect(lambda names: chosen([Path(name) for name in names]))
    dialog.open()
    return dialog


def ask_model(parent: QWidget, folder: Path, chosen: Callable[[Path], None]) -> QFileDialog:
    """Ask for a model file."""
    return _ask(parent, tr("Load a model"), folder, tr("Models (*.onnx)"), chosen)


def ask_folder(parent: QWidget, title: str, folder: Path, chosen: Callable[[Path], None]) -> QFileDialog:
    """Ask for a folder."""
    dialog = _dialog(parent, title, folder, "")
    dialog.setFileMode(QFileDialog.FileMode.Directory)
    dialog.setOption(QFileDialog.Option.ShowDirsOnly)
    return _show(dialog, chosen)


def ask_save(
    parent: QWidget, title: str, suggested: Path, kinds: Mapping[str, str], chosen: Callable[[Path], None]
) -> QFileDialog:
    """Ask where to save a file of one of several kinds, their names by their endings."""
    filters = {f"{name} (*{suffix})": suffix for suffix, name in kinds.items()}
    dialog = _dialog(parent, title, suggested.parent, ";;".join(filters))
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)

    def follow(shown: str) -> None:
        dialog.setDefaultSuffix(filters[shown].lstrip("."))

    dialog.filterSelected.connect(follow)
    follow(next(iter(filters)))
    dialog.selectFile(suggested.name + next(iter(kinds)))
    return _show(dialog, chosen)


def ask_export(parent: QWidget, song: Path, form: str, chosen: Callable[[Path], None]) -> QFileDialog:
    """Ask where to save an analysis; suggests the name and the folder of the sound file or session folder."""
    wanted = FORMATS[form]
    name = tr(wanted.title)
    dialog = _dialog(parent, tr("Save as {kind}", kind=name), song.parent, f"{name} (*{wanted.suffix})")
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setDefaultSuffix(wanted.suffix.lstrip("."))
    stem = song.stem if song.suffix.lower() in SUFFIXES else song.name  # a folder's name may have dots
    dialog.selectFile(stem + wanted.suffix)
    return _show(dialog, chosen)


def _ask(parent: QWidget, title: str, folder: Path, names: str, chosen: Callable[[Path], None]) -> QFileDialog:
    dialog = _dialog(parent, title, folder, names)
    dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
    return _show(dialog, chosen)


def _dialog(parent: QWidget, title: str, folder: Path, names: str) -> QFileDialog:
    dialog = QFileDialog(parent, title, str(folder), names)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)  # or it would live as long as its parent, the window
    return dialog


def _show(dialog: QFileDialog, chosen: Callable[[Path], None]) -> QFileDialog:
    dialog.fileSelected.connect(lambda name: chosen(Path(name)))
    dialog.open()
    return dialog
