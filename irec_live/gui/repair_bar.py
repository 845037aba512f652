"""Repair bar: how far a recording is completed whose program was killed, and a button to leave that for later."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QProgressBar, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from irec_live.gui.language import tr


class RepairBar(QWidget):
    """Text, progress and button; hidden unless something is repaired."""

    stop_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._name = ""
        self.text = QLabel()
        self.text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.progress = QProgressBar()
        self.progress.setRange(0, 1000)
        self.progress.setTextVisible(False)
        self.progress.setFixedSize(160, 8)
        self.progress.setAccessibleName(tr("How much of the recording is completed"))
        self.stop = QPushButton(tr("Not now"))
        self.stop.clicked.connect(self._give_up)
        frame = QFrame()
        frame.setObjectName("messageBar")
        frame.setProperty("level", "info")
        row = QHBoxLayout(frame)
        row.setContentsMargins(14, 6, 6, 6)
        row.addWidget(self.text, 1)
        row.addWidget(self.progress)
        row.addWidget(self.stop)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(12, 8, 12, 0)
        outer.addWidget(frame)
        self.hide()

    def begin(self, name: str) -> None:
        """Something is opened, which may have to be repaired."""
        self._name = name
        self.end()

    def show_share(self, share: float) -> None:
        """So much is done, 0..1."""
        if not self.isVisible():
            self.stop.setEnabled(True)
            said = tr("{name} was cut short when the program ended; it is being completed", name=self._name)
            self.text.setText(said)
            self.text.setToolTip(said)
            self.show()
        self.progress.setValue(round(1000 * share))

    def end(self) -> None:
        """It is opened, or was not."""
        self.hide()

    def _give_up(self) -> None:
        self.stop.setEnabled(False)
        self.stop_wanted.emit()
