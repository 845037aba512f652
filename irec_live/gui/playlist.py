"""Playlist: several sound files, one after another.

It only decides which file is next; the session manager opens it. A file that cannot be opened is skipped and named.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import islice
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from irec_live.batch.paths import files_below
from irec_live.files import look
from irec_live.gui.background import Background
from irec_live.gui.language import tr
from irec_live.suffixes import is_session_folder

MOST_FILES = 1000
"""Files that are taken from the folders of one drop."""


_QUICK_MS = 500


def sound_files(paths: Sequence[Path], most: int = MOST_FILES) -> list[Path]:
    """Files and sessions as they are; of other folders, the sound files in them and their sub-folders, by name."""
    found: list[Path] = []
    for path in paths:
        whole = is_session_folder(path) or look(path) != "folder"
        found += [path] if whole else islice(files_below(path), max(0, most - len(found)))
    return found


class FileFinder(QObject):
    """Looks for the sound files of what was given, on a thread of its own: a folder may be large, and a disk slow.

    GUI thread only. What was given last counts.
    """

    slow = Signal()
    """It takes longer than somebody waits without a word."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._worker = Background("irec-finder", self)
        self._given: Sequence[Path] | None = None

    def look(self, paths: Sequence[Path], found: Callable[[list[Path]], None]) -> None:
        """Look for the files of these paths, and call `found` with them unless others are looked for by then."""
        given = self._given = tuple(paths)
        if self._worker.busy:
            self._worker.renew()
        # What cannot be looked into is left to whoever opens it, and says why not.
        self._worker.submit(
            partial(sound_files, given),
            lambda files: self._answer(given, files, found),
            lambda _: self._answer(given, list(given), found),
        )
        QTimer.singleShot(_QUICK_MS, self, lambda: self._tell(given))

    def stop(self) -> None:
        """Look no more."""
        self._given = None
        self._worker.stop(0.0)

    def _answer(self, given: Sequence[Path], files: list[Path], found: Callable[[list[Path]], None]) -> None:
        if given is self._given:
            self._given = None
            found(files)

    def _tell(self, given: Sequence[Path]) -> None:
        if given is self._given:
            self.slow.emit()


class Playlist(QObject):
    """A queue of files with a place in it. GUI thread only."""

    wanted = Signal(object, object)
    """Path of the file to open now, and the name of the model to change to or None."""
    changed = Signal()
    """What `text` and `has_next` tell is another now."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._paths: list[Path] = []
        self._skipped: list[Path] = []
        self._place = 0
        self._step = 1
        self._model: str | None = None
        self._playing: int | None = None  # place of the file that was opened last
        self._over = False  # whether that one has ended
        self._waiting = False  # for the manager, which opens the file at `_place`

    @property
    def text(self) -> str:
        """What is played, as a sentence; empty with fewer than two files."""
        if len(self._paths) < 2:
            return ""
        text = tr("%n files; playing {number}: {name}", "", len(self._paths))
        if self._skipped:
            text = tr("%n files; playing {number}: {name} (not opened: {skipped})", "", len(self._paths))
        skipped = ", ".join(path.name for path in self._skipped)
        return text.format(number=self._place + 1, name=self._paths[self._place].name, skipped=skipped)

    @property
    def has_next(self) -> bool:
        """Whether there is a file after this one."""
        return self._place + 1 < len(self._paths)

    @property
    def has_previous(self) -> bool:
        """Whether there is a file before this one."""
        return bool(self._paths) and self._place > 0

    def set_files(self, paths: Sequence[Path], model: Path | None = None) -> None:
        """Take other files, and ask for the first, with another model if one is given."""
        self._paths, self._skipped, self._playing, self._over = list(paths), [], None, False
        self._model = None if model is None else str(model)
        if self._paths:
            self._go_to(0)
        self.changed.emit()

    def go_next(self) -> None:
        """Ask for the file after this one, if there is one."""
        if self.has_next:
            self._step = 1
            self._go_to(self._place + 1)

    def go_previous(self) -> None:
        """Ask for the file before this one, if there is one."""
        if self.has_previous:
            self._step = -1
            self._go_to(self._place - 1)

    def note_opened(self, path: Path | None) -> None:
        """A source was opened: a file of the list, or (None or any other) one that ends the list."""
        if path in self._paths:
            if self._paths[self._place] != path:
                self._place = self._paths.index(path)
            self._playing, self._over, self._waiting, self._model = self._place, False, False, None
        else:
            self._forget()
        self.changed.emit()

    def note_failed(self) -> None:
        """The file that was asked for cannot be opened: name it, and try the one behind it."""
        if not self._waiting:
            return
        self._skipped.append(self._paths[self._place])
        self._waiting = False
        following = self._place + self._step
        if 0 <= following < len(self._paths):
            self._go_to(following)
            return
        if self._playing is None:
            self._forget()
        else:
            self._place = self._playing
        self.changed.emit()

    def note_state(self, *, ended: bool) -> None:
        """Whether the file that is played is over; then the next one follows. May be called again and again."""
        if ended and not self._over and not self._waiting:
            self._over = True
            self.go_next()
        self._over = ended

    def _forget(self) -> None:
        self._paths, self._skipped, self._playing, self._waiting = [], [], None, False

    def _go_to(self, place: int) -> None:
        self._place, self._waiting = place, True
        self.changed.emit()
        self.wanted.emit(self._paths[place], self._model)
