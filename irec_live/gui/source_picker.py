"""Source picker: a list of microphones, loopback devices and the file dialog."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Protocol

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QComboBox, QSizePolicy, QStyleOptionComboBox

from irec_live.gui.icons import themed_icon
from irec_live.gui.language import tr
from irec_live.gui.requests import SourceRequest
from irec_live.gui.theme import DARK, Theme
from irec_live.input_kind import InputKind

_OPEN_FILE = "open file"
_WIDTH = 288


class DeviceLike(Protocol):
    """The properties of a device that the list shows."""

    @property
    def name(self) -> str: ...

    @property
    def hostapi(self) -> str: ...

    @property
    def kind(self) -> str: ...


class SourcePicker(QComboBox):
    """A combo box of sources. Choosing one requests it; the box changes when that source runs."""

    chosen = Signal(object)
    """Carries a `SourceRequest`."""
    file_wanted = Signal()
    refresh_wanted = Signal()
    """The list was opened: time to look for newly plugged devices."""

    def __init__(self) -> None:
        super().__init__()
        self.over = False
        """Whether no more sound comes from the current source: choosing it again opens it again."""
        self._theme = DARK
        self._devices: list[DeviceLike] = []
        self._current: SourceRequest | None = None
        self.setMinimumWidth(150)
        self.setMaximumWidth(_WIDTH)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMinimumContentsLength(8)
        # Or a long device name would widen the whole bar.
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMaxVisibleItems(16)
        self.setAccessibleName(tr("Sound source"))
        self.setToolTip(tr("Where the sound comes from"))
        self.activated.connect(self._activate)
        self._fill()

    def set_theme(self, theme: Theme) -> None:
        """Draw the icons in another theme."""
        self._theme = theme
        self._fill()

    def set_devices(self, devices: Sequence[DeviceLike]) -> None:
        """Set the devices in the list, besides the defaults."""
        self._devices = list(devices)
        # An open list must not change under the mouse; `hidePopup` fills it later.
        if not self.view().isVisible():
            self._fill()

    def set_current(self, request: SourceRequest | None) -> None:
        """Set the source in use."""
        self._current = request
        self._fill()

    def requests(self) -> list[SourceRequest]:
        """All sources in the list, from top to bottom."""
        data = [self.itemData(index) for index in range(self.count())]
        return [value for value in data if isinstance(value, SourceRequest)]

    def showPopup(self) -> None:
        """Open the list, and request an update of the devices."""
        super().showPopup()
        self.refresh_wanted.emit()

    def initStyleOption(self, option: QStyleOptionComboBox) -> None:
        """Elide the middle of a name that does not fit: the ends tell similar devices, and files, apart."""
        super().initStyleOption(option)
        current = self._current
        named = current is not None and (current.device is not None or current.path is not None)
        mode = Qt.TextElideMode.ElideMiddle if named else Qt.TextElideMode.ElideRight
        # 82 pixels: icon, padding and arrow.
        option.currentText = self.fontMetrics().elidedText(self.currentText(), mode, self.width() - 82)

    def hidePopup(self) -> None:
        """Close the list, and show devices that were found meanwhile."""
        super().hidePopup()
        # Later, because Qt emits `activated` with the index of the old list after this call.
        QTimer.singleShot(0, self, self._fill)

    def _fill(self) -> None:
        self.blockSignals(True)  # filling is not choosing
        self.clear()
        if self._current is not None and not self._current.kind.is_live:
            self._add(self._current.describe(), self._current)
            self.insertSeparator(self.count())
        for kind in InputKind.live():
            self._add(tr(kind.offer), SourceRequest(kind))
            self._add_devices(kind)
            self.insertSeparator(self.count())
        self.addItem(themed_icon("folder", self._theme.muted), tr(InputKind.FILE.offer), _OPEN_FILE)
        self._select_current()
        self.blockSignals(False)

    def _add_devices(self, kind: InputKind) -> None:
        named = [device for device in self._devices if device.kind == kind.devices]
        # On Windows and Linux a device may be there once for each host API, under the same name.
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
            self.setPlaceholderText(tr("Choose a source"))
            return
        places = [index for index in range(self.count()) if self.itemData(index) == self._current]
        if not places:  # remembered, but not on the list now
            self._add(self._current.describe(), self._current)
            places = [self.count() - 1]
        self.setCurrentIndex(places[0])

    def _activate(self, index: int) -> None:
        request = self.itemData(index)
        self._select_current()  # the source in use, until the new one is open
        if request == _OPEN_FILE:
            self.file_wanted.emit()
        elif isinstance(request, SourceRequest) and (self.over or request != self._current):
            self.chosen.emit(request)
