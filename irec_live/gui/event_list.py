"""List of all events beside the lanes: sorted by a click on a column, searched by words; a click goes there."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QModelIndex, QObject, Qt, Signal
from PySide6.QtGui import QAction, QKeyEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QFrame,
    QHeaderView,
    QLabel,
    QLineEdit,
    QTableView,
    QVBoxLayout,
)

from irec_live.gui.event_table import EventTable
from irec_live.gui.language import tr
from irec_live.gui.theme import Theme
from irec_live.results import Event, Overview

WIDTH = 374

_OWN_KEYS = {Qt.Key.Key_Home, Qt.Key.Key_End, Qt.Key.Key_Space}
"""Keys of the table that are shortcuts of the window, too."""


class EventList(QFrame):
    """The panel; hidden at first.

    Parameters
    ----------
    shown : QAction
        Checkable; shows and hides the list.
    """

    chosen = Signal(object)
    """Carries the `Event` that was clicked, or chosen with Return."""

    def __init__(self, shown: QAction) -> None:
        super().__init__()
        self.setObjectName("eventList")
        self.setFixedWidth(WIDTH)
        self._overview = Overview()
        self._live = True
        self.table = EventTable(self)
        self.field = QLineEdit()
        self.field.setPlaceholderText(tr("Search: violin, or 10:2"))
        self.field.setClearButtonEnabled(True)
        self.field.setAccessibleName(tr("Search the events"))
        for button in self.field.findChildren(QAbstractButton):
            button.setAccessibleName(tr("Clear the search"))
        self.field.textChanged.connect(self._search)
        self.field.installEventFilter(self)
        self.count = QLabel()
        self.count.setProperty("role", "muted")
        self.view = self._make_view()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 6, 8, 4)
        layout.setSpacing(4)
        layout.addWidget(self.field)
        layout.addWidget(self.view, 1)
        layout.addWidget(self.count)
        self.hide()
        self._action = shown
        shown.toggled.connect(self._toggle)

    @property
    def current(self) -> Event | None:
        """The event of the current row."""
        index = self.view.currentIndex()
        return self.table.event_at(index.row()) if index.isValid() else None

    def set_theme(self, theme: Theme) -> None:
        """Repaint in another theme."""
        self.table.set_theme(theme)
        self.view.viewport().update()

    def show_overview(self, overview: Overview, *, live: bool) -> None:
        """Take over the newest events; they are only looked at while the list is shown."""
        self._overview, self._live = overview, live
        if self.isVisible():
            self._refresh()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Down and Return lead from the search to the list, Escape closes it; the table keeps its own keys."""
        if not isinstance(event, QKeyEvent):
            return False
        if watched is self.view and event.type() == QEvent.Type.ShortcutOverride and event.key() in _OWN_KEYS:
            event.accept()
            return True
        if event.type() == QEvent.Type.ShortcutOverride and event.key() == Qt.Key.Key_Escape:
            event.accept()
            return True
        if event.type() != QEvent.Type.KeyPress:
            return False
        if event.key() == Qt.Key.Key_Escape:
            self._action.setChecked(False)
            return True
        if watched is self.field and event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if self.table.rowCount():
                self.view.setCurrentIndex(self.table.index(0, 0))
            self.view.setFocus()
            return True
        return False

    def _make_view(self) -> QTableView:
        view = QTableView()
        view.setModel(self.table)
        view.setAccessibleName(tr("Events"))
        view.setSortingEnabled(True)
        view.sortByColumn(0, Qt.SortOrder.AscendingOrder)
        view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        view.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        view.setTabKeyNavigation(False)
        view.setShowGrid(False)
        view.setWordWrap(False)
        view.verticalHeader().hide()
        view.verticalHeader().setDefaultSectionSize(24)
        view.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        header = view.horizontalHeader()
        header.setHighlightSections(False)
        for column, width in enumerate((72, 0, 66, 70)):
            if width:
                view.setColumnWidth(column, width)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        view.clicked.connect(self._choose)
        view.activated.connect(self._choose)
        view.installEventFilter(self)
        return view

    def _toggle(self, shown: bool) -> None:
        self.setVisible(shown)
        if shown:
            self._refresh()
            self.field.setFocus(Qt.FocusReason.ShortcutFocusReason)
            return
        parent = self.parentWidget()
        if parent is not None:
            parent.setFocus()  # or the next control would have it, and Space would press that

    def _choose(self, index: QModelIndex) -> None:
        if index.isValid():
            self.chosen.emit(self.table.event_at(index.row()))

    def _search(self, text: str) -> None:
        former = self.current
        self.table.search(text)
        self._restore(former)

    def _refresh(self) -> None:
        former, scrolled = self.current, self.view.verticalScrollBar().value()
        if self.table.show_events(self._overview.events):
            self._restore(former)
            self.view.verticalScrollBar().setValue(scrolled)
        else:
            self._show_count()

    def _restore(self, former: Event | None) -> None:
        """Keep the current row current, without scrolling to it."""
        row = None if former is None else self.table.row_of(former)
        if row is not None:
            self.view.setAutoScroll(False)
            self.view.setCurrentIndex(self.table.index(row, 0))
            self.view.setAutoScroll(True)
        self._show_count()

    def _show_count(self) -> None:
        found, total = self.table.rowCount(), self.table.total
        if found < total:
            text = tr("{found} of %n events", "", total, found=found)
        elif total:
            text = tr("%n events", "", total)
        else:
            text = tr("No events so far") if self._live or self._overview.progress < 1.0 else tr("No events")
        self.count.setText(text)
