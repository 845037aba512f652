"""Library panel: a search over analysed recordings, and where in each file what was asked for plays."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QMenu,
    QProgressBar,
    QPushButton,
    QStackedWidget,
    QToolButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from irec_live.gui.drop_overlay import dropped_paths
from irec_live.gui.language import marked, tr
from irec_live.gui.menu_entries import entry
from irec_live.gui.window_size import available_size
from irec_live.gui.wording import clock_text, label_text, when_text
from irec_live.library.query import EXAMPLES
from irec_live.spool import path_of

if TYPE_CHECKING:
    from irec_live.library import Match, Results

_PLACE = Qt.ItemDataRole.UserRole
_MOST_SPANS = 200
"""Of one file; more are counted."""
_COLUMNS = (marked("Recording"), marked("When"), marked("In all"), marked("Length"))
_EMPTY = marked(
    "<h3>Find music by its instruments</h3>"
    "<p>Your library is empty. Add a folder of recordings, or drop one here: they are analysed once, in the "
    "background, and stay where they are.</p>"
)


class LibraryPanel(QDialog):
    """Shows what a search found; knows no library. Does not block the window."""

    search_wanted = Signal(str)
    play_wanted = Signal(object, float)
    """Path, and seconds to play from."""
    add_wanted = Signal(object)
    """Folders and files, a list of Path."""
    folder_wanted = Signal()
    """A folder is to be chosen."""
    stop_wanted = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Library – irec-live"))
        self.setAcceptDrops(True)
        self._offered: list[Path] = []
        self.field = QLineEdit()
        self.field.setPlaceholderText(EXAMPLES[0])
        self.field.setAccessibleName(tr("Search the library"))
        self.field.returnPressed.connect(self._search)
        self.examples = self._button(tr("Examples"))
        self.examples.setMenu(self._example_menu())
        self.examples.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.add = self._button(tr("Add a folder…"))
        self.add.clicked.connect(self.folder_wanted)
        self.table = self._table()
        self.note = QLabel()
        self.note.setWordWrap(True)
        self.note.setProperty("role", "muted")
        self._build()
        room = available_size(parent)
        self.resize(min(860, room.width() - 40), min(560, room.height() - 60))
        self.field.setFocus()

    def show_empty(self) -> None:
        """Tell how to fill the library."""
        self._pages.setCurrentWidget(self._empty)
        self.note.setText("")

    def show_results(self, results: Results) -> None:
        """Show files and their spans."""
        self._pages.setCurrentWidget(self.table)
        self.table.clear()
        self.table.addTopLevelItems([_row(match) for match in results.matches])
        shown = len(results.matches)
        if not results.total:
            self.note.setText(tr("No recording is like that."))
        elif shown < results.total:
            self.note.setText(tr("The first {shown} of %n recordings.", "", results.total, shown=shown))
        else:
            self.note.setText(tr("%n recordings. Double-click to play from there.", "", shown))

    def show_problem(self, text: str) -> None:
        """Say what is wrong."""
        self.note.setText(text)

    def show_work(self, text: str, share: float | None = None) -> None:
        """Say how far adding is, from 0 to 1; an empty text: it is over."""
        self._work.setVisible(bool(text))
        self._work_text.setText(text)
        self._bar.setRange(0, 0 if share is None else 1000)
        self._bar.setValue(0 if share is None else round(1000 * share))
        self.add.setEnabled(not text)

    def offer(self, paths: Sequence[Path]) -> None:
        """Offer to add what was dropped."""
        self._offered = list(paths)
        if len(self._offered) == 1:
            text = tr("Add “{name}” to the library? What is new in it will be analysed.", name=self._offered[0].name)
        else:
            count = len(self._offered)
            text = tr("Add %n folders and files to the library? What is new in them will be analysed.", "", count)
        self._offer_text.setText(text)
        self._offer.show()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take files and folders."""
        if dropped_paths(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Offer to add them."""
        event.acceptProposedAction()
        self.offer(dropped_paths(event.mimeData()))

    def _build(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 12)
        layout.setSpacing(10)
        layout.addLayout(_in_row(self.field, self.examples, self.add))
        self._offer, self._offer_text = self._offer_bar()
        layout.addWidget(self._offer)
        self._work, self._work_text, self._bar = self._work_bar()
        layout.addWidget(self._work)
        self._empty = QLabel(tr(_EMPTY))
        self._empty.setWordWrap(True)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._pages = QStackedWidget()
        self._pages.addWidget(self.table)
        self._pages.addWidget(self._empty)
        layout.addWidget(self._pages, 1)
        layout.addWidget(self.note)

    def _offer_bar(self) -> tuple[QWidget, QLabel]:
        text = QLabel()
        text.setWordWrap(True)
        yes, no = QPushButton(tr("Add")), QPushButton(tr("No"))
        yes.setProperty("primary", True)
        bar = QWidget()
        row = _in_row(text, yes, no)
        row.setContentsMargins(0, 0, 0, 0)
        bar.setLayout(row)
        for button in (yes, no):
            button.setAutoDefault(False)
            button.clicked.connect(bar.hide)
        yes.clicked.connect(lambda: self.add_wanted.emit(self._offered))
        bar.hide()
        return bar, text

    def _work_bar(self) -> tuple[QWidget, QLabel, QProgressBar]:
        text, progress, stop = QLabel(), QProgressBar(), QPushButton(tr("Stop"))
        progress.setTextVisible(False)
        progress.setFixedHeight(8)
        progress.setAccessibleName(tr("Analysis of the folder"))
        stop.setAutoDefault(False)
        stop.clicked.connect(self.stop_wanted)
        bar = QWidget()
        row = _in_row(progress, text, stop)
        row.setContentsMargins(0, 0, 0, 0)
        bar.setLayout(row)
        bar.hide()
        return bar, text, progress

    def _button(self, text: str) -> QToolButton:
        button = QToolButton()
        button.setText(text)
        return button

    def _example_menu(self) -> QMenu:
        menu = QMenu(self)
        for example in EXAMPLES:
            entry(menu, example, partial(self._ask, example))
        return menu

    def _table(self) -> QTreeWidget:
        table = QTreeWidget()
        table.setObjectName("libraryTable")
        table.setHeaderLabels([tr(column) for column in _COLUMNS])
        table.setAccessibleName(tr("Recordings found"))
        table.setUniformRowHeights(True)
        table.setExpandsOnDoubleClick(False)
        table.setAllColumnsShowFocus(True)
        header = table.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for column in range(1, len(_COLUMNS)):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
        table.itemActivated.connect(self._play)  # Enter, and a double click
        return table

    def _ask(self, text: str) -> None:
        self.field.setText(text)
        self._search()

    def _search(self) -> None:
        self.search_wanted.emit(self.field.text())

    def _play(self, item: QTreeWidgetItem) -> None:
        path, start_s = item.data(0, _PLACE)
        self.play_wanted.emit(path_of(path), start_s)


def _in_row(first: QWidget, *others: QWidget) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(8)
    row.addWidget(first, 1)
    for other in others:
        row.addWidget(other)
    return row


def _row(match: Match) -> QTreeWidgetItem:
    """A file, and below it its spans."""
    path = Path(match.path)
    first = match.spans[0].start_s if match.spans else 0.0
    named = bool(match.spans and match.spans[0].label)
    when = when_text(match.spans[0].start_s, match.spans[0].end_s) if named else ""
    if len(match.spans) > 1:
        when = tr("{times} and %n more", "", len(match.spans) - 1, times=when).lstrip()
    row = QTreeWidgetItem([path.name, when, clock_text(match.matched_s), clock_text(match.duration_s)])
    row.setToolTip(0, match.path)
    row.setData(0, _PLACE, (match.path, first))
    for span in match.spans[:_MOST_SPANS] if len(match.spans) > 1 else ():
        times = when_text(span.start_s, span.end_s)
        child = QTreeWidgetItem([label_text(span.label), times, clock_text(span.end_s - span.start_s), ""])
        child.setData(0, _PLACE, (match.path, span.start_s))
        row.addChild(child)
    return row
