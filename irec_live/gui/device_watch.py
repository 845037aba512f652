"""Device watch: notices that a device was plugged in or out, and says so to the list of sources."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QWidget

from irec_live.gui.background import Background

if TYPE_CHECKING:
    from irec_live.devices import Device
    from irec_live.gui.backend import Backend

_EVERY_MS = 4000


class DeviceWatch(QObject):
    """Lists the devices every few seconds while the window has the user's attention.

    On a thread of its own: a sound server that hangs holds nothing else up.
    """

    changed = Signal(object)
    """Carries a sequence of `Device`."""

    def __init__(self, backend: Backend, window: QWidget) -> None:
        super().__init__(window)
        self._backend, self._window = backend, window
        self._worker: Background | None = None
        self._known: list[tuple[str, str, str]] | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(_EVERY_MS)
        self._timer.timeout.connect(lambda: self.look() if self._window.isActiveWindow() else None)

    def start(self) -> None:
        """Begin to watch."""
        self._timer.start()

    def rest(self, resting: bool) -> None:
        """Watch no longer, or again, as the window is hidden or seen."""
        if resting:
            self._timer.stop()
        elif self._worker is not None:
            self._timer.start()

    def stop(self) -> None:
        """End the watch for good."""
        self._timer.stop()
        if self._worker is not None:
            self._worker.stop()

    def look(self) -> None:
        """List the devices now, unless the last answer is still to come."""
        if self._worker is None:
            self._worker = Background("irec-device-watch", self)
        if not self._worker.busy:
            self._worker.submit(self._backend.list_devices, self._take)

    def _take(self, devices: Sequence[Device]) -> None:
        known: list[tuple[str, str, str]] = [(device.name, device.hostapi, device.kind) for device in devices]
        if known != self._known:
            self._known = known
            self.changed.emit(devices)
