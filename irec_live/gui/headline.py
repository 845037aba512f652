"""Headline: the detected instruments in large type, readable from across a room."""

from __future__ import annotations

import time

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy

from irec_live.gui.language import marked, tr
from irec_live.gui.theme import font
from irec_live.gui.themed_widget import ThemedWidget
from irec_live.gui.wording import display_name, list_text, not_analysed_text
from irec_live.results import Snapshot

_FADE_S = 0.7
"""How long a label stays visible after it went out."""
_QUIET_DB = -60.0
"""Input RMS in dBFS below which the idle text says silence."""
_IDLE_WORDS = {
    "starting": marked("Starting…"),
    "paused": marked("Paused"),
    "lost": marked("Waiting for the device…"),
    "ended": marked("The end"),
    "failed": marked("Stopped"),
}


class Headline(ThemedWidget):
    """The detected labels in the order of their onsets; each fades out after its offset."""

    def __init__(self) -> None:
        super().__init__()
        self._shown: dict[str, float] = {}  # label -> when it was last lit
        self._strength: dict[str, float] = {}
        self._labels: tuple[str, ...] = ()
        self._idle = ""
        self._now_s = 0.0
        self._painted: object = None
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setFixedHeight(74)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(tr("Detected instruments"))
        self.setToolTip(tr("The instruments detected now, in the order in which they came in"))

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels lit now, the strongest first."""
        return self._labels

    @property
    def idle_text(self) -> str:
        """The text shown when nothing is detected."""
        return self._idle

    def clear(self) -> None:
        """Forget all labels, for a new session."""
        self._shown.clear()
        self._strength.clear()
        self._labels, self._idle = (), ""
        self.update()

    def show_snapshot(self, snapshot: Snapshot) -> None:
        """Take over the detected labels."""
        self._now_s = time.monotonic()
        for label in snapshot.detected:
            self._shown[label] = self._now_s
        self._shown = {label: lit_s for label, lit_s in self._shown.items() if self._now_s - lit_s < _FADE_S}
        if len(snapshot.smoothed):
            self._strength = dict(zip(snapshot.labels, map(float, snapshot.smoothed[-1]), strict=False))
        self._idle = _idle_text(snapshot)
        if snapshot.detected != self._labels:
            self._labels = snapshot.detected
            names = [display_name(label) for label in snapshot.detected]
            self.setAccessibleDescription(list_text(names))
        if not snapshot.detected and self.accessibleDescription() != self._idle:
            self.setAccessibleDescription(self._idle)
        picture = self._picture_key()
        if picture != self._painted:
            self._painted = picture
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the names side by side, smaller when they would not fit."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._theme.color("ground"))
        if not self._shown:
            painter.setFont(font(min(22, round(0.5 * self.height()))))
            painter.setPen(self._theme.color("faint"))
            painter.drawText(QRectF(16, 0, self.width() - 32, self.height() - 4), _LEFT, self._idle)
            painter.end()
            return
        names = [display_name(label) for label in self._shown]
        size, gap = self._fitting_size(painter, names)
        painter.setFont(font(size, bold=True))
        x = 16.0
        for label, name in zip(self._shown, names, strict=True):
            width = float(painter.fontMetrics().horizontalAdvance(name))
            self._paint_name(painter, label, name, x, width, size)
            x += width + gap
        painter.end()

    def _picture_key(self) -> object:
        """Everything the picture depends on, rounded to what is visible: it is repainted only when this changes."""
        return self._idle, [
            (label, round(50 * self._strength.get(label, 0.0)), round(12 * (self._now_s - lit_s)))
            for label, lit_s in self._shown.items()
        ]

    def _fitting_size(self, painter: QPainter, names: list[str]) -> tuple[int, int]:
        # The largest size at which all names fit; if none does, the names at the right are cut off.
        for size in (34, 30, 26, 22, 19, 16, 13):
            gap = size
            if size > 0.6 * self.height():
                continue
            painter.setFont(font(size, bold=True))
            width = sum(painter.fontMetrics().horizontalAdvance(name) for name in names) + gap * (len(names) - 1)
            if width <= self.width() - 32:
                break
        return size, gap

    def _paint_name(self, painter: QPainter, label: str, name: str, x: float, width: float, size: int) -> None:
        """Paint a name over a bar whose length is the activation."""
        left_s = self._now_s - self._shown[label]
        alpha = int(255 * max(0.0, 1.0 - left_s / _FADE_S))
        color = self._theme.instrument(label, alpha)
        middle = self.height() / 2 - 5
        painter.setPen(color)
        painter.drawText(QRectF(x, middle - size, width + 4, 2 * size), _LEFT, name)
        bar = QRectF(x, middle + 0.72 * size + 2, width, 3)
        painter.fillRect(bar, self._theme.instrument(label, alpha // 5))
        bar.setWidth(width * min(1.0, self._strength.get(label, 0.0)))
        painter.fillRect(bar, color)


_LEFT = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft


def _idle_text(snapshot: Snapshot) -> str:
    if snapshot.is_ahead:
        return not_analysed_text(snapshot.progress)
    if snapshot.state != "running":
        return tr(_IDLE_WORDS[snapshot.state]) if snapshot.state in _IDLE_WORDS else ""
    return tr("Silence") if snapshot.level_db < _QUIET_DB else tr("Listening…")
