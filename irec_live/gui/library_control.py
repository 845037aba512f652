"""Library controller: searches and adds folders off the GUI thread, and plays from what was found."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFileDialog, QMenu, QWidget

from irec_live.files import look
from irec_live.gui.background import Background
from irec_live.gui.language import tr
from irec_live.gui.menu_entries import command
from irec_live.gui.message_translation import with_labels
from irec_live.gui.playback import Playback
from irec_live.gui.session_manager import SessionManager
from irec_live.gui.session_opener import Setup
from irec_live.gui.wording import sentence

if TYPE_CHECKING:
    from irec_live.batch.items import Item, Outcome, Settings
    from irec_live.batch.run import Engine
    from irec_live.gui.library_panel import LibraryPanel
    from irec_live.library import Library, Results
    from irec_live.library.adding import Adding

MOST_FOUND = 200
"""Recordings shown of one search."""
_SLOW_MS = 700
"""How long a search may take before it is said that it goes on."""
_STEP_S = 0.2
_LEAVE_S = 5.0
"""How long processes that add files have to end."""

MakeEngine = Callable[["Settings", Callable[[str, float], None]], "Engine"]


class _Stopped(Exception):
    """The user wants no more."""


class LibraryControl(QObject):
    """The library of the window. GUI thread only, but for what its workers run.

    Parameters
    ----------
    manager : SessionManager
        Opens what is played.
    playback : Playback
        Moves its playhead.
    open_paths : callable
        Opens files in the window.
    menu : QMenu
        The window's, to which the action is added.
    before : QAction
        That it is put before.
    window : QWidget
    """

    _progressed = Signal(str, object)

    def __init__(
        self,
        manager: SessionManager,
        playback: Playback,
        open_paths: Callable[[Sequence[Path]], None],
        menu: QMenu,
        before: QAction,
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._window, self._manager, self._playback, self._open_paths = window, manager, playback, open_paths
        self._panel: LibraryPanel | None = None
        self._searcher = Background("irec-library-search", self)
        self._adder = Background("irec-library-add", self)
        self._stop = threading.Event()
        self._wanted: tuple[Path, float] | None = None
        self._query = ""
        self._slow = QTimer(self)
        self._slow.setSingleShot(True)
        self._slow.setInterval(_SLOW_MS)
        self._slow.timeout.connect(self._on_slow)
        self.make_library: Callable[[], Library] = _default_library
        self.make_settings: Callable[[], Settings] = _default_settings
        self.make_engine: MakeEngine = _local_engine
        self.action = command(window, tr("Find in the li&brary…"), "Ctrl+F", do=self.show)
        menu.insertAction(before, self.action)
        # Queued: the window's own slot comes first, which gives the playback its new session.
        manager.opened.connect(self._on_opened, Qt.ConnectionType.QueuedConnection)
        # NB: emitted on the adding thread; queued, so that the panel is touched on this one.
        self._progressed.connect(self._on_progress, Qt.ConnectionType.QueuedConnection)

    @property
    def panel(self) -> LibraryPanel:
        """The panel, made when it is first asked for."""
        if self._panel is None:
            from irec_live.gui.library_panel import LibraryPanel  # here, to show the window sooner

            panel = self._panel = LibraryPanel(self._window)
            panel.search_wanted.connect(self.search)
            panel.play_wanted.connect(self.play)
            panel.add_wanted.connect(self.add)
            panel.folder_wanted.connect(self._ask_folder)
            panel.stop_wanted.connect(self._stop.set)
        return self._panel

    def show(self) -> None:
        """Show the panel, with what it showed last."""
        self.panel.show()
        self.panel.raise_()
        self.panel.activateWindow()
        self.search(self._query)

    def search(self, query: str) -> None:
        """Search, and show what was found."""
        self._query = query
        library = self.make_library()

        def find() -> Results | None:
            return library.search(with_labels(query), limit=MOST_FOUND) if library.exists() else None

        def found(results: Results | None) -> None:
            if query != self._query:
                return  # another one was asked for meanwhile
            self._slow.stop()
            if results is None or (not results.total and not query):
                self.panel.show_empty()
            else:
                self.panel.show_results(results)

        def failed(text: str) -> None:
            self._slow.stop()
            self.panel.show_problem(sentence(text))

        self._slow.start()
        self._searcher.submit(find, found, failed)

    def play(self, path: Path, start_s: float) -> None:
        """Play a file from a moment on."""
        request = self._manager.request
        if self._manager.session is not None and request is not None and request.path == path:
            self._playback.seek(start_s)
            return
        self._wanted = (path, start_s)
        self._open_paths([path])

    def add(self, paths: Sequence[Path]) -> None:
        """Add files and folders, in the background."""
        if self._adder.busy:
            self.panel.show_problem(tr("One folder is added after another; wait for the first."))
            return
        self._stop.clear()
        self.panel.show_work(tr("Looking through the folder…"))
        self._adder.submit(lambda: self._add(list(paths)), self._on_added, self._on_add_failed)

    def close(self) -> None:
        """Stop what runs; what is analysed stays in the library."""
        self._stop.set()
        self._searcher.stop()
        self._adder.stop(_LEAVE_S)
        if self._panel is not None:
            self._panel.close()

    def _add(self, paths: Sequence[Path]) -> tuple[Adding, bool]:
        """On the adding thread: what became of the files, and whether it was stopped."""
        from irec_live.batch.paths import find_files
        from irec_live.library.adding import FolderAdder

        folders = [path for path in paths if look(path) == "folder"]
        settings = self.make_settings()
        adder = FolderAdder(self.make_library(), find_files(paths, recursive=True), settings, folders=folders)
        progress = _Progress(adder.items, self._stop, self._progressed.emit)
        stopped = False
        if adder.items:
            engine = self.make_engine(settings, progress.show_share)
            try:
                with closing(adder.run(engine)) as outcomes:  # type: ignore[type-var]
                    for item, outcome in outcomes:
                        progress.show_outcome(item, outcome)
            except _Stopped:
                stopped = True
        return adder.summary, stopped

    def _on_added(self, said: tuple[Adding, bool]) -> None:
        summary, stopped = said
        self.panel.show_work("")
        self.search(self._query)
        parts = [tr("%n recordings analysed", "", summary.done)]
        if known := summary.same + summary.moved:
            parts.append(tr("%n known", "", known))
        if summary.gone:
            parts.append(tr("%n gone", "", summary.gone))
        if summary.failures:
            parts.append(tr("%n failed: {reason}", "", len(summary.failures), reason=sentence(summary.failures[0][1])))
        done = "; ".join(parts)
        text = tr("Stopped; add the folder again to go on. {done}.", done=done) if stopped else f"{done}."
        self._say(text)

    def _on_add_failed(self, text: str) -> None:
        self.panel.show_work("")
        self._say(sentence(text))

    def _say(self, text: str) -> None:
        """Say it after what searches that still run will say."""
        self._searcher.submit(lambda: None, lambda _: self.panel.show_problem(text))

    def _on_slow(self) -> None:
        if self._searcher.busy:
            self.panel.show_problem(
                tr("Still searching. If another program is adding to the library, this waits for it.")
            )

    def _on_progress(self, text: str, share: float) -> None:
        if self._adder.busy:
            self.panel.show_work(text, share)

    def _on_opened(self, setup: Setup) -> None:
        wanted, self._wanted = self._wanted, None
        if wanted is not None and setup.request.path == wanted[0]:
            self._playback.seek(wanted[1])

    def _ask_folder(self) -> None:
        dialog = QFileDialog(self.panel, tr("Add a folder to the library"))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.fileSelected.connect(lambda path: self.add([Path(path)]))
        dialog.open()


class _Progress:
    """Tells how far the analysis is, a few times a second, and ends it when that is wanted. Adding thread only."""

    def __init__(self, items: Sequence[Item], stop: threading.Event, tell: Callable[[str, float], None]) -> None:
        self._sizes = {item.key: max(1, item.size_bytes) for item in items}
        self._total = max(1, sum(self._sizes.values()))
        self._stop, self._tell = stop, tell
        self._shares: dict[str, float] = {}
        self._bytes = 0
        self._files = 0
        self._told_s = 0.0

    def show_share(self, key: str, share: float) -> None:
        self._shares[key] = share
        self._show()

    def show_outcome(self, item: Item, outcome: Outcome) -> None:
        self._shares.pop(item.key, None)
        self._bytes += self._sizes[item.key]
        self._files += 1
        self._show()

    def _show(self) -> None:
        if self._stop.is_set():
            raise _Stopped
        now_s = time.monotonic()
        if now_s - self._told_s >= _STEP_S:
            self._told_s = now_s
            begun = sum(share * self._sizes[key] for key, share in self._shares.items())
            self._tell(
                tr("{done} of {all}", done=self._files, all=len(self._sizes)), (self._bytes + begun) / self._total
            )


def _default_library() -> Library:
    from irec_live.library import Library

    return Library()


def _default_settings() -> Settings:
    from irec_live.batch.items import Settings
    from irec_live.models.choice import load_models

    return Settings.of(load_models(), provider="auto")


def _local_engine(settings: Settings, on_share: Callable[[str, float], None]) -> Engine:
    from irec_live.batch.local import LocalEngine

    # The window shares the processor: it is not for this that it should stutter.
    jobs = max(1, LocalEngine(settings).jobs - 1)
    return LocalEngine(settings, jobs=jobs, on_share=on_share)
