"""One slider that moves all thresholds, and what that means."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSlider, QWidget

from irec_live.gui.wording import offset_text

WIDEST = 0.4
"""The slider reaches this far up and down."""


class _ResettingSlider(QSlider):
    """A slider whose middle is one double-click away."""

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Back to the middle."""
        self.setValue(0)


class ThresholdControl(QWidget):
    """Slider from fewer false alarms (right) to fewer misses (left), with the thresholds that are in force."""

    changed = Signal(float)
    """The offset, -0.4..0.4."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown = ""
        name = QLabel("Threshold")
        name.setProperty("role", "muted")
        self.slider = _ResettingSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(round(-100 * WIDEST), round(100 * WIDEST))
        self.slider.setPageStep(5)
        self.slider.setMinimumWidth(60)
        self.slider.setMaximumWidth(120)
        self.slider.setAccessibleName("Threshold")
        self.slider.setToolTip(
            "How sure the network must be before an instrument lights up: left = sooner, right = stricter.\n"
            "Double-click for the model's own thresholds."
        )
        name.setBuddy(self.slider)
        self.effect = QLabel()
        self.effect.setProperty("role", "value")
        self.effect.setFixedWidth(108)
        self.effect.setAccessibleName("Thresholds in force")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addStretch(1)
        for widget in (name, self.slider, self.effect):
            layout.addWidget(widget)
        self.slider.valueChanged.connect(lambda value: self.changed.emit(value / 100.0))
        self.show_thresholds(np.zeros(0, np.float32))

    @property
    def offset(self) -> float:
        """What the slider adds to every threshold."""
        return self.slider.value() / 100.0

    def set_offset(self, offset: float) -> None:
        """Move the slider."""
        self.slider.setValue(round(100 * offset))

    def show_thresholds(self, thresholds: npt.NDArray[np.float32]) -> None:
        """Say at which activations labels light up now."""
        text = offset_text(self.offset)
        thresholds = thresholds[np.isfinite(thresholds)]
        if len(thresholds):
            low, high = round(100 * float(thresholds.min())), round(100 * float(thresholds.max()))
            text = f"{low}\u2009%" if low == high else f"{low}–{high}\u2009%"
            if self.offset:
                text += f"  ({offset_text(self.offset)})"
        if text != self._shown:
            self._shown = text
            self.effect.setText(text)
