"""Events as a table that can be sorted and searched: a Qt model over arrays, so that thousands of rows stay fast.

Shapes: n events, m of them found.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QColor, QPixmap

from irec_live.gui.hover_text import event_text
from irec_live.gui.language import marked, tr
from irec_live.gui.theme import DARK, Theme
from irec_live.gui.wording import clock_text, display_name, number_text, percent_text
from irec_live.results import Event

Index = QModelIndex | QPersistentModelIndex

COLUMNS = (marked("Time"), marked("Instrument"), marked("Length"), marked("Strength"))
_TIME, _LABEL, _LENGTH, _STRENGTH = range(4)

_NOWHERE = QModelIndex()


def length_text(event: Event) -> str:
    """How long an event lasts.

    Examples
    --------
    >>> length_text(Event("flute", 1.0, 3.25, 0.9)), length_text(Event("flute", 1.0, None, 0.9))
    ('2.2 s', 'sounding')
    """
    return tr("sounding") if event.offset_s is None else f"{number_text(event.offset_s - event.onset_s, 1)} s"


class EventTable(QAbstractTableModel):
    """The events found by a search, in the order that was chosen; by time at first."""

    def __init__(self, parent: object = None) -> None:
        super().__init__(parent)  # type: ignore[arg-type]
        self._theme = DARK
        self._events: tuple[Event, ...] = ()
        self._words: list[str] = []
        self._order: npt.NDArray[np.intp] = np.zeros(0, np.intp)  # (m,) indices into the events
        self._sorted_by, self._falling = _TIME, False
        self._swatches: dict[str, QPixmap] = {}

    @property
    def total(self) -> int:
        """Number of events, also of those that were not searched for."""
        return len(self._events)

    def set_theme(self, theme: Theme) -> None:
        """Show the instruments' colours of another theme."""
        self._theme, self._swatches = theme, {}

    def show_events(self, events: tuple[Event, ...]) -> bool:
        """Have these events; whether anything changed."""
        if events == self._events:
            return False
        self._events = events
        self._rearrange()
        return True

    def search(self, text: str) -> None:
        """Keep the events in which every word is found: in the instrument's name, or at the start of the time."""
        words = text.casefold().split()
        if words != self._words:
            self._words = words
            self._rearrange()

    def event_at(self, row: int) -> Event:
        """The event of a row."""
        return self._events[int(self._order[row])]

    def row_of(self, event: Event) -> int | None:
        """The row of an event: the same label and onset; None if it is not there."""
        for row, index in enumerate(self._order.tolist()):
            one = self._events[index]
            if one.onset_s == event.onset_s and one.label == event.label:
                return row
        return None

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        """Number of events found."""
        return 0 if parent.isValid() else len(self._order)

    def columnCount(self, parent: Index = _NOWHERE) -> int:
        """Number of columns."""
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Names of the columns."""
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return tr(COLUMNS[section])
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Text, colour and explanation of a cell."""
        event, column = self.event_at(index.row()), index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return _cell(event, column)
        if role == Qt.ItemDataRole.TextAlignmentRole and column in (_TIME, _LENGTH, _STRENGTH):
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if role == Qt.ItemDataRole.DecorationRole and column == _LABEL:
            return self._swatch(event.label)
        if role in (Qt.ItemDataRole.AccessibleTextRole, Qt.ItemDataRole.ToolTipRole):
            return f"{display_name(event.label)}, {event_text(event)}"
        return None

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by a column; equal rows stay in the order of time."""
        if 0 <= column < len(COLUMNS):
            self._sorted_by, self._falling = column, order == Qt.SortOrder.DescendingOrder
            self._rearrange()

    def _rearrange(self) -> None:
        self.beginResetModel()
        events = self._events
        found = [place for place, event in enumerate(events) if _is_found(event, self._words)]
        keys = _sort_keys([events[place] for place in found], self._sorted_by)
        self._order = np.array(found, np.intp)[np.argsort(-keys if self._falling else keys, kind="stable")]
        self.endResetModel()

    def _swatch(self, label: str) -> QPixmap:
        if label not in self._swatches:
            swatch = QPixmap(10, 10)
            swatch.fill(QColor(self._theme.instrument(label)))
            self._swatches[label] = swatch
        return self._swatches[label]


def _cell(event: Event, column: int) -> str:
    if column == _TIME:
        return clock_text(event.onset_s, tenths=True)
    if column == _LABEL:
        return f"✎ {display_name(event.label)}" if event.corrected else display_name(event.label)
    return length_text(event) if column == _LENGTH else percent_text(event.activation)


def _sort_keys(events: Sequence[Event], column: int) -> npt.NDArray[np.float64]:
    """A number for each event, (m,) float64, by which it is sorted."""
    if column == _TIME:
        return np.array([event.onset_s for event in events], np.float64)
    if column == _STRENGTH:
        return np.array([event.activation for event in events], np.float64)
    if column == _LENGTH:
        return np.array([np.inf if e.offset_s is None else e.offset_s - e.onset_s for e in events], np.float64)
    ranks = {
        label: float(rank) for rank, label in enumerate(sorted({event.label for event in events}, key=display_name))
    }
    return np.array([ranks[event.label] for event in events], np.float64)


def _is_found(event: Event, words: Sequence[str]) -> bool:
    if not words:
        return True
    label = display_name(event.label).casefold()
    return all(word in label or (word[0].isdigit() and clock_text(event.onset_s).startswith(word)) for word in words)
