"""Correcting events: mode, keys, undo and redo, and the file beside the sound that every change is written to.

Of files and recorded sessions; of a live input what it hears can be recorded and corrected then.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPoint, Signal
from PySide6.QtGui import QAction, QKeySequence, QUndoCommand, QUndoStack
from PySide6.QtWidgets import QMenu, QWidget

from irec_live.corrections import Corrections, Span
from irec_live.gui.background import Background
from irec_live.gui.correction_layer import LEAST_S, CorrectionLayer
from irec_live.gui.file_dialogs import ask_folder
from irec_live.gui.lane_canvas import LaneCanvas
from irec_live.gui.language import marked, tr
from irec_live.gui.menu_entries import command, entry
from irec_live.gui.requests import as_playable
from irec_live.gui.session_manager import SessionManager
from irec_live.gui.session_opener import Setup
from irec_live.gui.theme import Theme
from irec_live.gui.wording import clock_text, display_name, sentence
from irec_live.results import Event, Snapshot

if TYPE_CHECKING:
    from irec_live.corrections.store import CorrectionsFile
    from irec_live.session import PlayableSession

STEP_S = 0.1
"""By which a key moves an edge."""

NEW_S = 1.0
"""Length of an event that a key adds."""

_HINT = marked(
    "Correcting: drag an edge, drag on a lane to add, Delete removes, F2 renames, Ctrl+Up and Ctrl+Down go from event "
    "to event, Alt+Left and Alt+Right move the beginning, Alt+Down and Alt+Up the end, Insert adds one at the "
    "playhead, Ctrl+Z undoes. Corrected events are hatched."
)


_NOT_LIVE = marked(
    "Events are corrected in files and recordings: Ctrl+R records what is heard, Ctrl+Shift+R opens the recording."
)


@dataclass(frozen=True)
class _Change:
    before: Corrections
    after: Corrections
    held: Span | None


class _Command(QUndoCommand):
    def __init__(self, text: str, change: _Change, show: Callable[[Corrections, Span | None], None]) -> None:
        super().__init__(text)
        self._change, self._show = change, show

    def redo(self) -> None:
        self._show(self._change.after, self._change.held)

    def undo(self) -> None:
        self._show(self._change.before, None)


class CorrectionControl(QObject):
    """Corrects the events of the session in the window. GUI thread only.

    Parameters
    ----------
    manager : SessionManager
    canvas : LaneCanvas
    menu : QMenu
        The window's, to which a menu is added.
    before : QAction
        That it is put before.
    window : QWidget
    """

    said = Signal(str, str, str)
    """Key of the message, a sentence, and ``info``, ``warning`` or ``error``."""
    changed = Signal()
    """Events are others now."""
    stepped = Signal(object)
    """The event that a key has gone to, for the view to follow."""

    def __init__(
        self, manager: SessionManager, canvas: LaneCanvas, menu: QMenu, before: QAction, window: QWidget
    ) -> None:
        super().__init__(window)
        self._window = window
        self._session: PlayableSession | None = None
        self._file: CorrectionsFile | None = None  # of the session, once it is read
        self._unsaved: deque[Corrections] = deque(maxlen=1)  # what a slow disk has still to write: the newest counts
        self._held: Span | None = None
        self._snapshot = Snapshot()
        self._worker = Background("irec-corrections", self)
        self.stack = QUndoStack(self)
        self.layer = CorrectionLayer(canvas)
        self.mode = command(window, tr("&Correct events"), "Ctrl+K", checkable=True)
        self.mode.toggled.connect(self._on_mode)
        self.undo = command(window, tr("&Undo"), QKeySequence.StandardKey.Undo, do=self.stack.undo)
        self.redo = command(window, tr("R&edo"), QKeySequence.StandardKey.Redo, do=self.stack.redo)
        self._keys = [
            command(window, tr("&Delete the event"), "Delete", do=self.delete),
            command(window, tr("Re&name the event…"), "F2", do=self._ask_label),
            command(window, tr("&Add an event at the playhead"), "Insert", do=self.add_here),
            command(window, tr("Next event"), "Ctrl+Down", do=lambda: self.step(1)),
            command(window, tr("Previous event"), "Ctrl+Up", do=lambda: self.step(-1)),
            command(window, tr("Begin earlier"), "Alt+Left", do=lambda: self.nudge(-STEP_S, 0.0)),
            command(window, tr("Begin later"), "Alt+Right", do=lambda: self.nudge(STEP_S, 0.0)),
            command(window, tr("End earlier"), "Alt+Down", do=lambda: self.nudge(0.0, -STEP_S)),
            command(window, tr("End later"), "Alt+Up", do=lambda: self.nudge(0.0, STEP_S)),
        ]
        self.menu = QMenu(tr("Correc&t"), menu)
        self.menu.addActions([self.mode, self.undo, self.redo])
        self.menu.addSeparator()
        self.menu.addActions(self._keys)
        self.menu.addSeparator()
        self.export = entry(self.menu, tr("Save clips for &training…"), self._ask_folder)
        menu.insertMenu(before, self.menu)
        self.stack.canUndoChanged.connect(self.undo.setEnabled)
        self.stack.canRedoChanged.connect(self.redo.setEnabled)
        self.layer.taken.connect(self.take)
        self.layer.moved.connect(lambda event, span: self._change(event, span, tr("Move {label}")))
        self.layer.drawn.connect(self.add)
        manager.opened.connect(self._on_opened)
        manager.closed.connect(lambda: self._attach(None))
        self._attach(None)

    @property
    def held(self) -> Span | None:
        """The event that keys act on."""
        return self._held

    @property
    def active(self) -> bool:
        """Whether keys and mouse correct events: the mode is on, and it is known what was corrected before."""
        return self.mode.isChecked() and self._file is not None

    def set_theme(self, theme: Theme) -> None:
        """Paint in another theme."""
        self.layer.set_theme(theme)

    def show_snapshot(self, snapshot: Snapshot) -> None:
        """Follow the view."""
        self._snapshot = snapshot
        self.layer.show_snapshot(snapshot)

    def take(self, event: Event | None) -> None:
        """Hold an event, or none."""
        self._hold(None if event is None or self._session is None else Span.of(event, self._session.duration_s))

    def take_if_on(self, event: Event) -> None:
        """Hold an event that was chosen elsewhere, while events are corrected."""
        if self.active:
            self.take(event)

    def add(self, span: Span) -> None:
        """Add an event."""
        if self._session is not None:
            self._push(tr("Add {label}"), span.label, self._session.corrections.added(span), span)

    def add_here(self) -> None:
        """Add an event at the playhead, in the lane of the held event or of the strongest label."""
        session = self._session
        if session is None:
            return
        label = self._held.label if self._held is not None else next(iter(self._snapshot.detected), session.labels[0])
        onset_s = max(0.0, min(session.position_s, session.duration_s - LEAST_S))
        self.add(Span(label, onset_s, min(session.duration_s, onset_s + NEW_S)))

    def delete(self) -> None:
        """Delete the held event."""
        event = self._event()
        if event is not None:
            self._change(event, None, tr("Delete {label}"))

    def rename(self, label: str) -> None:
        """Give the held event another label."""
        event, span = self._event(), self._held
        if event is not None and span is not None and label != span.label:
            self._change(event, Span(label, span.onset_s, span.offset_s), tr("Rename {label}"))

    def nudge(self, onset_by_s: float, offset_by_s: float) -> None:
        """Move the edges of the held event."""
        event, span = self._event(), self._held
        if event is None or span is None or self._session is None:
            return
        onset_s = max(0.0, span.onset_s + onset_by_s)
        offset_s = min(self._session.duration_s, span.offset_s + offset_by_s)
        if offset_s - onset_s >= LEAST_S:
            self._change(event, Span(span.label, onset_s, offset_s), tr("Move {label}"))

    def step(self, by: int) -> None:
        """Hold the next event by onset, or the one before."""
        session = self._session
        if session is None:
            return
        events = session.overview().events
        if not events:
            return
        place = next((place for place, event in enumerate(events) if self._is_held(event)), None)
        if place is None:
            later = [number for number, event in enumerate(events) if event.onset_s >= session.position_s]
            place = (later[0] if later else len(events)) - (by > 0)
        event = events[min(len(events) - 1, max(0, place + by))]
        self.take(event)
        self.stepped.emit(event)
        self.said.emit("correct", _told(event), "info")

    def export_clips(self, folder: Path) -> None:
        """Write what was corrected as clips and a manifest, which `irec-train` reads."""
        session = self._session
        if session is None:
            return
        sound = getattr(session, "audio_path", session.path)
        name = session.path.name

        def write() -> int:
            from irec_live.corrections.labels import Reviewed, export_labels

            analysis = session.analysis()
            events = () if analysis is None else tuple(event for event in analysis.events if not event.corrected)
            return export_labels([Reviewed(sound, name, session.corrections, events)], folder)

        self._worker.submit(
            write,
            lambda count: self.said.emit(
                "correct", tr("Saved %n clips and their manifest in {folder}.", "", count, folder=folder), "info"
            ),
            lambda text: self.said.emit("correct", sentence(text), "error"),
        )

    def close(self) -> None:
        """Write what waits."""
        self._worker.finish()

    def _event(self) -> Event | None:
        """The held event, as it is now."""
        if self._session is None or self._held is None:
            return None
        return next((event for event in self._session.overview().events if self._is_held(event)), None)

    def _is_held(self, event: Event) -> bool:
        end_s = 0.0 if self._session is None else self._session.duration_s
        return self._held is not None and Span.of(event, end_s) == self._held

    def _change(self, event: Event, now: Span | None, text: str) -> None:
        if self._session is not None:
            after = self._session.corrections.changed(event, now, self._session.duration_s)
            self._push(text, event.label, after, now)

    def _push(self, text: str, label: str, after: Corrections, held: Span | None) -> None:
        if self._session is not None:
            self.stack.push(
                _Command(
                    text.format(label=display_name(label)), _Change(self._session.corrections, after, held), self._show
                )
            )

    def _show(self, corrections: Corrections, held: Span | None) -> None:
        session = self._session
        if session is None:
            return
        session.corrections = corrections
        self._hold(held)
        self.changed.emit()
        if self._file is not None:
            self._unsaved.append(corrections)
            self._worker.submit(
                partial(_save_newest, self._file, self._unsaved),
                failed=lambda text: self.said.emit("correct", sentence(text), "error"),
            )

    def _hold(self, span: Span | None) -> None:
        self._held = span
        self.layer.hold(span)

    def _on_opened(self, setup: Setup) -> None:
        self._attach(as_playable(setup.session))

    def _attach(self, session: PlayableSession | None) -> None:
        """Correct another session, with what was corrected of it before."""
        self._session, self._file = session if hasattr(session, "corrections") else None, None
        self._hold(None)
        self.stack.clear()
        self.mode.setChecked(False)
        self.mode.setEnabled(True)  # also where nothing can be corrected, to say why
        self._apply_mode()
        if self._session is None:
            return
        target, path, duration_s = self._session, self._session.path, self._session.duration_s

        def read() -> CorrectionsFile:
            from irec_live.corrections.store import CorrectionsFile

            return CorrectionsFile(path, duration_s)

        def take(file: CorrectionsFile) -> None:
            if target is not self._session:
                return
            self._file, self._unsaved = file, deque(maxlen=1)
            self._apply_mode()
            if file.corrections:
                target.corrections = file.corrections
                self.changed.emit()

        def refuse(text: str) -> None:
            if target is self._session:  # or the next change would replace what could not be read
                self._session = None
                self.mode.setEnabled(False)
                self.said.emit("correct", sentence(text), "error")

        self._worker.submit(read, take, refuse)

    def _on_mode(self, on: bool) -> None:
        if on and self._session is None:
            self.mode.setChecked(False)
            self.said.emit("correct", tr(_NOT_LIVE), "info")
            return
        self._apply_mode()
        self.said.emit("correct", tr(_HINT) if on else "", "info")

    def _apply_mode(self) -> None:
        on = self.active
        self.layer.set_on(on)
        for action in self._keys:
            action.setEnabled(on)
        self.export.setEnabled(self._session is not None)
        self.undo.setEnabled(on and self.stack.canUndo())
        self.redo.setEnabled(on and self.stack.canRedo())
        if not on:
            self._hold(None)

    def _ask_folder(self) -> None:
        if self._session is not None:
            ask_folder(self._window, tr("Folder for the clips"), self._session.path.parent, self.export_clips)

    def _ask_label(self) -> None:
        if self._session is None or self._held is None:
            return
        menu = QMenu(tr("Instrument"), self._window)
        for label in (one for one in self._session.labels if one != self._held.label):
            entry(menu, display_name(label), partial(self.rename, label))
        menu.aboutToHide.connect(menu.deleteLater)
        place = self.layer.place_of(self._held).bottomLeft().toPoint()
        menu.popup(self.layer.mapToGlobal(QPoint(max(0, place.x()), place.y())))


def _save_newest(file: CorrectionsFile, unsaved: deque[Corrections]) -> None:
    """Write what waits, if nobody has written it together with an earlier change."""
    if unsaved:
        file.save(unsaved.pop())


def _told(event: Event) -> str:
    """An event that was gone to, in a line."""
    name, begins = display_name(event.label), clock_text(event.onset_s, tenths=True)
    if event.offset_s is None:
        text = tr("{label}, corrected: {begin}") if event.corrected else "{label}: {begin}"
        return text.format(label=name, begin=begins)
    text = tr("{label}, corrected: {begin} to {end}") if event.corrected else tr("{label}: {begin} to {end}")
    return text.format(label=name, begin=begins, end=clock_text(event.offset_s, tenths=True))
