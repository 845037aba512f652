"""Status bar: state of the session, and performance figures."""

from __future__ import annotations

import time

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QWidget

from irec_live.gui.bridge import FRAME_MS
from irec_live.gui.language import marked, tr
from irec_live.gui.theme import DARK, Theme
from irec_live.gui.wording import number_text, percent_text, sentence
from irec_live.results import Snapshot, Stats

_STATE_WORDS = {
    "starting": marked("Starting"),
    "running": marked("Listening"),
    "paused": marked("Paused"),
    "lost": marked("Device lost, retrying"),
    "ended": marked("Ended"),
    "failed": marked("Stopped"),
}
_STATE_COLORS = {"running": "good", "lost": "warning", "failed": "error"}
_EVERY_S = 0.25
_NARROW = 1000
"""Interval of updates: numbers that change thirty times a second cannot be read."""


class _Dot(QWidget):
    """A small disc in the colour of the state."""

    def __init__(self) -> None:
        super().__init__()
        self.color = DARK.color("faint")
        self.setFixedSize(8, 8)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the dot."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(self.color)
        painter.setBrush(self.color)
        painter.drawEllipse(QRectF(0.5, 0.5, 7, 7))
        painter.end()


class _State(QLabel):
    """A line of text that ends with an ellipsis where there is no room for all of it."""

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint as much of the text as there is room for."""
        painter = QPainter(self)
        text = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, self.width())
        self.style().drawItemText(painter, self.rect(), self.alignment(), self.palette(), True, text)
        painter.end()


class StatusStrip(QFrame):
    """State on the left; provider, load, latency, inference time, overflows and skipped windows on the right."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("statusStrip")
        self.setFixedHeight(28)
        self._theme = DARK
        self._written_s = 0.0
        self._state = ""
        self.title = ""
        self.kind = "live"
        self._dot = _Dot()
        self.state = _State()
        self.state.setObjectName("state")
        self.state.setTextFormat(Qt.TextFormat.PlainText)
        self.state.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.provider = _number(tr("Hardware that the models run on"))
        self.load = _number(tr("Share of real time that the analysis takes; near 100 % it can hardly keep up"))
        self.inference = _number(tr("Inference time of one step, all models together: median (and 99th percentile)"))
        self.latency = _number(
            tr("Average delay from sound to label: device block, half a window and hop, pooling, inference and display")
        )
        self.overflows = _number(tr("Number of times that the device or the buffer lost samples"))
        self.skips = _number(tr("Number of windows skipped because inference was late"))
        layout = QHBoxLayout(self)
        layout.setContentsMargins(16, 0, 14, 0)
        layout.setSpacing(22)
        lead = QHBoxLayout()
        lead.setSpacing(8)
        lead.addWidget(self._dot)
        lead.addWidget(self.state, 1)
        layout.addLayout(lead, 1)
        for label in (self.provider, self.load, self.inference, self.latency, self.overflows, self.skips):
            layout.addWidget(label)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Leave out what is not about this moment where there is little room for a reason: About has it, too."""
        super().resizeEvent(event)
        for label in (self.provider, self.inference):
            label.setVisible(self.width() >= _NARROW)

    def set_theme(self, theme: Theme) -> None:
        """Repaint in another theme."""
        self._theme = theme
        self._dot.color = theme.color(_STATE_COLORS.get(self._state, "faint"))
        self._dot.update()

    def show_text(self, text: str) -> None:
        """Show a text while no session runs."""
        self._state = ""
        self.state.setText(text)
        self.set_theme(self._theme)
        for label in (self.provider, self.load, self.inference, self.latency, self.overflows, self.skips):
            label.clear()

    def show_snapshot(self, snapshot: Snapshot) -> None:
        """Show state and figures, a few times a second."""
        now_s = time.monotonic()
        if snapshot.state == self._state and now_s - self._written_s < _EVERY_S:
            return
        self._written_s = now_s
        if snapshot.state != self._state:
            self._state = snapshot.state
            self.set_theme(self._theme)
        playing = self.kind == "file" and snapshot.state == "running"
        words = [tr("Playing") if playing else tr(_STATE_WORDS[snapshot.state]), self.title]
        if snapshot.message and snapshot.state not in ("lost", "failed"):  # those have the message bar
            words.append(sentence(snapshot.message))
        self.state.setText(" · ".join(words))
        self.state.setToolTip(" · ".join(words))
        self._show_stats(snapshot.stats)

    def _show_stats(self, stats: Stats) -> None:
        self.provider.setText(" + ".join(dict.fromkeys(stats.providers)) or "—")
        self.load.setText(tr("Load {share}", share=percent_text(stats.load)))
        median, most = number_text(stats.inference_ms_p50, 1), number_text(stats.inference_ms_p99, 1)
        self.inference.setText(tr("Inference {median} ({most}) ms", median=median, most=most))
        # Plus the longest time that a result waits for the timer.
        self.latency.setText(tr("Latency {delay} ms", delay=round(stats.latency_ms + FRAME_MS)))
        self.overflows.setText(tr("Overflows {count}", count=stats.overflows))
        self.skips.setText(tr("Skipped {count}", count=stats.skipped_windows))
        for label, alert in (
            (self.load, stats.load > 0.8),
            (self.overflows, stats.overflows > 0),
            (self.skips, stats.skipped_windows > 0),
        ):
            if label.property("alert") != alert:
                label.setProperty("alert", alert)
                # Qt applies a style sheet's property selectors anew only to a widget that is polished again.
                label.style().unpolish(label)
                label.style().polish(label)


def _number(meaning: str) -> QLabel:
    label = QLabel()
    label.setToolTip(meaning)
    label.setAccessibleDescription(meaning)
    return label
