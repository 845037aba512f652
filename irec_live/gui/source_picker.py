"""Where the sound comes from: microphones, the computer itself, or a file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Protocol

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QComboBox, QSizePolicy, QStyleOptionComboBox, QWidget

from irec_live.gui.icons import themed_icon
from irec_live.gui.requests import SourceRequest
from irec_live.gui.theme import DARK, Theme
from irec_live.input_kind import InputKind

_OPEN_FILE = "open file"
_WIDTH = 288


class DeviceLike(Protocol):
    """What is shown of a device."""

    @property
    def name(self) -> str: ...

    @property
    def hostapi(self) -> str: ...

    @property
    def kind(self) -> str: ...


class SourcePicker(QComboBox):
    """A list of sources; choosing one asks for it, and what really runs is shown when it does."""

    chosen = Signal(object)
    """Carries a `SourceRequest`."""
    file_wanted = Signal()
    refresh_wanted = Signal()
    """The list is being opened: good time to look for newly plugged devices."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = DARK
        self._devices: list[DeviceLike] = []
        self._current: SourceRequest | None = None
        self.setMinimumWidth(150)
        self.setMaximumWidth(_WIDTH)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMinimumContentsLength(8)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMaxVisibleItems(16)
        self.setAccessibleName("Sound source")
        self.setToolTip("Where the sound comes from")
        self.activated.connect(self._activate)
        self._fill()

    def set_theme(self, theme: Theme) -> None:
        """Draw the icons in another theme."""
        self._theme = theme
        self._fill()

    def set_devices(self, devices: Sequence[DeviceLike]) -> None:
        """Offer these devices beside the defaults."""
        self._devices = list(devices)
        if not self.view().isVisible():
            self._fill()

    def set_current(self, request: SourceRequest | None) -> None:
        """Show which source runs."""
        self._current = request
        self._fill()

    def requests(self) -> list[SourceRequest]:
        """All sources on offer, from top to bottom."""
        data = [self.itemData(index) for index in range(self.count())]
        return [value for value in data if isinstance(value, SourceRequest)]

    def showPopup(self) -> None:
        """Open the list, and have it brought up to date for the next time."""
        super().showPopup()
        self.refresh_wanted.emit()

    def initStyleOption(self, option: QStyleOptionComboBox) -> None:
        """Leave out the middle of a name that does not fit."""
        super().initStyleOption(option)
        option.currentText = self.fontMetrics().elidedText(
            self.currentText(), Qt.TextElideMode.ElideMiddle, self.width() - 86
        )

    def hidePopup(self) -> None:
        """Close the list, and show what came meanwhile once the choice has been told."""
        super().hidePopup()
        QTimer.singleShot(0, self, self._fill)

    def _fill(self) -> None:
        self.blockSignals(True)
        self.clear()
        if self._current is not None and not self._current.kind.is_live:
            self._add(self._current.describe(), self._current)
            self.insertSeparator(self.count())
        for kind in InputKind.live():
            self._add(kind.offer, SourceRequest(kind))
            self._add_devices(kind)
            self.insertSeparator(self.count())
        self.addItem(themed_icon("folder", self._theme.muted), InputKind.FILE.offer, _OPEN_FILE)
        self._select_current()
        self.blockSignals(False)

    def _add_devices(self, kind: InputKind) -> None:
        named = [device for device in self._devices if device.kind == kind.devices]
        times = Counter(device.name for device in named)
        for device in named:
            text = f"{device.name}  ({device.hostapi})" if times[device.name] > 1 else device.name
            self._add(text, SourceRequest(kind, device.name, device.hostapi))

    def _add(self, text: str, request: SourceRequest) -> None:
        self.addItem(themed_icon(request.kind.icon, self._theme.muted), text, request)
        meaning = f"{text} ({request.hostapi})" if request.hostapi else text
        self.setItemData(self.count() - 1, meaning, Qt.ItemDataRole.ToolTipRole)

    def _select_current(self) -> None:
        if self._current is None:
            self.setCurrentIndex(-1)
            self.setPlaceholderText("Choose a source")
            return
        places = [index for index in range(self.count()) if self.itemData(index) == self._current]
        if not places:  # remembered, but not on the list now
            self._add(self._current.describe(), self._current)
            places = [self.count() - 1]
        self.setCurrentIndex(places[0])

    def _activate(self, index: int) -> None:
        request = self.itemData(index)
        self._select_current()  # show what runs until the new one does
        if request == _OPEN_FILE:
            self.file_wanted.emit()
        elif isinstance(request, SourceRequest) and request != self._current:
            self.chosen.emit(request)
