"""What is seen and what is marked, as files: a picture of the view, and the selection as sound or as results."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QObject, QPoint, QRect, QSize, Signal
from PySide6.QtGui import QAction, QPainter, QPixmap
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import QMenu, QWidget

from irec_live.errors import IrecError, OutputError
from irec_live.files import write_atomically
from irec_live.formats import FORMATS
from irec_live.gui.backend import Backend
from irec_live.gui.background import Background
from irec_live.gui.file_dialogs import ask_save
from irec_live.gui.language import marked, tr
from irec_live.gui.menu_entries import command
from irec_live.gui.requests import as_playable
from irec_live.gui.session_manager import SessionManager
from irec_live.gui.wording import clock_text, sentence

DENSITY = 2.0
"""Pixels of a picture for each pixel of the view: sharp in print."""

_SOUND = {".wav": marked("Sound, WAV"), ".flac": marked("Sound, FLAC")}

Span = tuple[float, float]


def write_picture(picture: QPixmap, path: Path) -> None:
    """Write a picture as PNG, whole or not at all.

    Raises
    ------
    OutputError
        As of `irec_live.files.write_atomically`.
    """
    content = QByteArray()
    buffer = QBuffer(content)
    buffer.open(QBuffer.OpenModeFlag.WriteOnly)
    picture.save(buffer, "PNG")
    write_atomically(path, bytes(content.data()))


class ViewExport(QObject):
    """Saves pictures and clips. GUI thread only.

    Parameters
    ----------
    manager : SessionManager
    backend : Backend
    page : QWidget
        What is pictured.
    selected : callable
        The span that is selected, or None.
    menu : QMenu
        The window's, to which the actions are added.
    before : QAction
        That they are put before.
    window : QWidget
    """

    said = Signal(str, str)
    """A sentence, and ``info``, ``warning`` or ``error``."""

    def __init__(
        self,
        manager: SessionManager,
        backend: Backend,
        page: QWidget,
        selected: Callable[[], Span | None],
        menu: QMenu,
        before: QAction,
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._manager, self._backend, self._window = manager, backend, window
        self._page, self._selected = page, selected
        self._worker = Background("irec-clips", self)
        self.picture = command(window, tr("Save a pict&ure of the view…"), "Ctrl+Shift+P", do=self._ask_picture)
        self.clip = command(window, tr("Save the se&lection…"), "Ctrl+Shift+E", do=self._ask_clip)
        menu.insertActions(before, [self.picture, self.clip])

    def save_picture(self, path: Path) -> None:
        """Save what is seen of the session, as PNG or SVG by the name's ending."""
        try:
            if path.suffix.lower() == ".svg":
                self._save_svg(path)
            else:
                self._save_png(path)
        except OutputError as error:
            self.said.emit(sentence(str(error)), "error")
        else:
            self.said.emit(tr("Saved {name} in {folder}.", name=path.name, folder=path.parent), "info")

    def save_clip(self, path: Path) -> None:
        """Save the selection: its sound, or what was heard in it, by the name's ending."""
        session, span = self._manager.session, self._selected()
        if session is None or span is None:
            text = tr("Nothing is selected: mark a span with Shift and the mouse, or all that is shown: Ctrl+A.")
            self.said.emit(text, "info")
            return
        playable = as_playable(session)
        sound = None if playable is None else getattr(playable, "audio_path", playable.path)
        backend, suffix = self._backend, path.suffix.lower()

        def write() -> None:
            if suffix in _SOUND:
                if sound is None:
                    raise IrecError(
                        tr("the sound of a live input is only kept while it is recorded; press Ctrl+R first")
                    )
                from irec_live.clips import save_clip

                save_clip(sound, *span, path)
                return
            from irec_live.assembly import cut

            analysis = session.analysis()
            if analysis is None:
                raise IrecError(tr("it is still being analysed; try again in a moment"))
            form = next((form.name for form in FORMATS.values() if form.suffix == suffix), None)
            if form is None:
                raise OutputError(
                    tr("'{name}' has no ending that is known; choose one of the dialog's", name=path.name)
                )
            try:
                backend.export(cut(analysis, *span), path, form)
            except ValueError as error:
                raise IrecError(tr("the selection cannot be saved: {reason}", reason=error)) from error

        length = clock_text(span[1] - span[0], tenths=True)
        saved = tr("Saved {length} as {name} in {folder}.", length=length, name=path.name, folder=path.parent)
        self._worker.submit(
            write,
            lambda _: self.said.emit(saved, "info"),
            lambda text: self.said.emit(sentence(text), "error"),
        )

    def close(self) -> None:
        """Finish the clip that is being written."""
        self._worker.finish()

    def _save_png(self, path: Path) -> None:
        size = self._page.size()
        picture = QPixmap(QSize(round(size.width() * DENSITY), round(size.height() * DENSITY)))
        picture.setDevicePixelRatio(DENSITY)
        self._page.render(picture, QPoint())
        write_picture(picture, path)

    def _save_svg(self, path: Path) -> None:
        content = QByteArray()
        buffer = QBuffer(content)
        buffer.open(QBuffer.OpenModeFlag.WriteOnly)
        generator = QSvgGenerator()
        generator.setOutputDevice(buffer)
        generator.setSize(self._page.size())
        generator.setViewBox(QRect(0, 0, self._page.width(), self._page.height()))
        generator.setTitle(self._window.windowTitle())
        painter = QPainter(generator)
        self._page.render(painter, QPoint())
        painter.end()
        buffer.close()
        write_atomically(path, bytes(content.data()))

    def _ask_picture(self) -> None:
        kinds = {".png": tr("Picture, PNG"), ".svg": tr("Drawing, SVG")}
        ask_save(self._window, tr("Save a picture of the view"), self._suggested(), kinds, self.save_picture)

    def _ask_clip(self) -> None:
        if self._selected() is None:
            self.save_clip(Path("clip.wav"))  # says what to do
            return
        kinds = (
            {}
            if as_playable(self._manager.session) is None
            else {suffix: tr(title) for suffix, title in _SOUND.items()}
        )
        kinds |= {form.suffix: tr(form.title) for form in FORMATS.values()}
        ask_save(self._window, tr("Save the selection"), self._suggested(tr("clip of {name}")), kinds, self.save_clip)

    def _suggested(self, called: str = "{name}") -> Path:
        session = self._manager.session
        playable = as_playable(session)
        if playable is not None:
            stem = playable.path.name if not playable.path.suffix else playable.path.stem
            return playable.path.parent / called.replace("{name}", stem)
        title = "irec-live" if session is None else session.title
        return Path.home() / called.replace("{name}", title).replace("/", " ")
