"""First-run page: choose where the sound comes from, and see by a moving meter that it arrives, before listening."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, cast

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QAction, QHideEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QListWidget, QListWidgetItem, QPushButton, QVBoxLayout, QWidget

from irec_live.gui.background import Background
from irec_live.gui.icons import themed_icon
from irec_live.gui.language import tr
from irec_live.gui.level_meter import LevelMeter
from irec_live.gui.requests import SourceRequest
from irec_live.gui.theme import DARK, Theme
from irec_live.gui.wording import sentence
from irec_live.input_kind import InputKind

if TYPE_CHECKING:
    from irec_live.gui.backend import Backend, Probe
    from irec_live.gui.source_picker import DeviceLike

_FRAME_MS = 33
_QUIET_DB, _LOUD_DB = -55.0, -1.0
"""Peaks below which probably nothing arrives, and above which it is too much."""
_PATIENCE_S = 4.0
"""How long it may be silent before advice is given."""


class SourceCheck(QWidget):
    """A list of sources, the level of the one that is chosen, advice, and a button to begin.

    Parameters
    ----------
    backend : Backend
        Opens the source that is measured.
    open_file : QAction
        For those who want a file instead.
    """

    chosen = Signal(object)
    """Carries the `SourceRequest` to listen to."""

    def __init__(self, backend: Backend, open_file: QAction) -> None:
        super().__init__()
        self._backend = backend
        self._theme = DARK
        self._devices: list[DeviceLike] = []
        self._probe: Probe | None = None
        self._ticket = 0
        self._heard_s = self._began_s = time.monotonic()
        self._worker = Background("irec-source-check", self)
        title = QLabel(tr("Where does the sound come from?"))
        title.setProperty("role", "title")
        lead = QLabel(tr("Choose a source, then play or sing something: the bar should move."))
        lead.setProperty("role", "lead")
        lead.setWordWrap(True)
        self.sources = QListWidget()
        self.sources.setAccessibleName(tr("Sound sources"))
        self.sources.setMinimumHeight(56)
        self.sources.setMaximumHeight(220)
        self.meter = LevelMeter()
        self.meter.setMaximumWidth(16777215)
        self.advice = QLabel()
        self.advice.setWordWrap(True)
        self.advice.setMinimumHeight(38)
        self.advice.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.start = QPushButton(tr("Start listening"))
        self.start.setProperty("primary", True)
        file = QPushButton(tr("Open a file instead…"))
        file.clicked.connect(open_file.trigger)
        buttons = QHBoxLayout()
        buttons.addWidget(self.start)
        buttons.addWidget(file)
        buttons.addStretch(1)
        column = QVBoxLayout()
        column.setSpacing(12)
        for widget in (title, lead, self.sources, self.meter, self.advice):
            column.addWidget(widget)
        column.addLayout(buttons)
        row = QHBoxLayout(self)
        row.addStretch(1)
        row.addLayout(column, 3)
        row.addStretch(1)
        row.setContentsMargins(24, 16, 24, 16)
        self._timer = QTimer(self)
        self._timer.setInterval(_FRAME_MS)
        self._timer.timeout.connect(self.tick)
        self.sources.currentItemChanged.connect(lambda *_: self._open())
        self.sources.itemActivated.connect(lambda _: self._begin())
        self.start.clicked.connect(self._begin)
        self._fill()

    @property
    def request(self) -> SourceRequest | None:
        """The source that is chosen."""
        item = self.sources.currentItem()
        return cast("SourceRequest", item.data(Qt.ItemDataRole.UserRole)) if item is not None else None

    def set_theme(self, theme: Theme) -> None:
        """Draw in another theme."""
        self._theme = theme
        self.meter.set_theme(theme)
        for row in range(self.sources.count()):
            item = self.sources.item(row)
            request: SourceRequest = item.data(Qt.ItemDataRole.UserRole)
            item.setIcon(themed_icon(request.kind.icon, theme.muted))

    def set_devices(self, devices: Sequence[DeviceLike]) -> None:
        """Set the devices in the list; the choice stays."""
        if [(one.name, one.hostapi, one.kind) for one in devices] != [
            (one.name, one.hostapi, one.kind) for one in self._devices
        ]:
            self._devices = list(devices)
            self._fill()

    def look(self, found: Callable[[], None], nothing: Callable[[], None]) -> None:
        """List the devices; then call one of two, by whether there is any input."""

        def take(devices: Sequence[DeviceLike]) -> None:
            self.set_devices(devices)
            (found if any(device.kind == "input" for device in devices) else nothing)()

        self._worker.submit(self._backend.list_devices, take, lambda _: nothing())

    def tick(self) -> None:
        """Show the present level, and advise."""
        if self._probe is None:
            return
        level_db, peak_db = (max(-120.0, level) for level in self._probe.levels_db)
        self.meter.show_level(level_db, peak_db)
        now_s = time.monotonic()
        if peak_db > _QUIET_DB:
            self._heard_s = now_s
        self._advise(peak_db, now_s)

    def stop(self) -> None:
        """Let go of the source, for good."""
        self._close()
        self._worker.stop()

    def showEvent(self, event: QShowEvent) -> None:
        """Begin to measure."""
        super().showEvent(event)
        self._open()

    def hideEvent(self, event: QHideEvent) -> None:
        """Let go of the source: many drivers admit one user at a time."""
        super().hideEvent(event)
        self._close()

    def _fill(self) -> None:
        former = self.request
        self.sources.blockSignals(True)  # filling is not choosing
        self.sources.clear()
        for kind in InputKind.live():
            self._add(tr(kind.offer), SourceRequest(kind))
            for device in self._devices:
                if device.kind == kind.devices:
                    self._add(device.name, SourceRequest(kind, device.name, device.hostapi))
        requests = [self.sources.item(row).data(Qt.ItemDataRole.UserRole) for row in range(self.sources.count())]
        self.sources.setCurrentRow(requests.index(former) if former in requests else 0)
        self.sources.blockSignals(False)
        if self.request != former:
            self._open()

    def _add(self, text: str, request: SourceRequest) -> None:
        item = QListWidgetItem(themed_icon(request.kind.icon, self._theme.muted), text)
        item.setData(Qt.ItemDataRole.UserRole, request)
        self.sources.addItem(item)

    def _open(self) -> None:
        """Measure the source that is chosen, if the page is seen."""
        self._close()
        request = self.request
        if request is None or not self.isVisible():
            return
        ticket = self._ticket
        self.advice.setText(tr("Opening it…"))
        self._worker.submit(
            partial(self._backend.open_probe, request), partial(self._take, ticket), partial(self._refused, ticket)
        )

    def _take(self, ticket: int, probe: Probe) -> None:
        if ticket != self._ticket:  # another source was chosen meanwhile
            self._worker.submit(probe.close)
            return
        self._probe = probe
        self._heard_s = self._began_s = time.monotonic()
        self._timer.start()

    def _refused(self, ticket: int, text: str) -> None:
        if ticket == self._ticket:
            self.advice.setText(sentence(text))
            self.start.setEnabled(False)

    def _close(self) -> None:
        self._ticket += 1
        self._timer.stop()
        self.start.setEnabled(True)
        self.meter.show_level(-120.0, -120.0)
        probe, self._probe = self._probe, None
        if probe is not None:
            self._worker.submit(probe.close)

    def _advise(self, peak_db: float, now_s: float) -> None:
        if self._probe is not None and self._probe.problem:
            problem = sentence(self._probe.problem)
            text = tr("{problem}. Choose another source, or plug it in again", problem=problem)
        elif peak_db >= _LOUD_DB:
            text = tr("Too loud: turn the input down in the system's mixer, or go further away")
        elif now_s - self._heard_s < _PATIENCE_S and self._heard_s > self._began_s:
            text = tr("Good: sound arrives")
        elif now_s - self._began_s < _PATIENCE_S:
            text = tr("Play or sing something")
        elif math.isinf(peak_db) or peak_db <= -100.0:
            text = tr(
                "Nothing arrives, not even noise: look for a muted input in the system's mixer, or choose another"
            )
        else:
            text = tr("Very quiet: go closer, turn the input up in the system's mixer, or choose another source")
        if text != self.advice.text():
            self.advice.setText(text)

    def _begin(self) -> None:
        request = self.request
        if request is not None and self.start.isEnabled():
            self._close()
            # After the probe has let go of it: many devices admit one user at a time.
            self._worker.submit(lambda: request, self.chosen.emit)
