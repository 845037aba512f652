"""Threshold control: a slider that moves all thresholds, with the resulting values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSlider, QWidget

from irec_live.gui.language import tr
from irec_live.gui.named_label import NamedLabel
from irec_live.gui.settings_schema import WIDEST_OFFSET
from irec_live.gui.wording import offset_text, percent_text

if TYPE_CHECKING:
    from irec_live.models.spec import ModelSpec

_WIDTH = 108
"""Of the thresholds beside the slider, pixels."""


class _ResettingSlider(QSlider):
    """A slider that a double-click resets to its middle."""

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Reset to the middle."""
        self.setValue(0)


class ThresholdControl(QWidget):
    """Slider from fewer misses (left) to fewer false alarms (right), with the thresholds in use."""

    changed = Signal(float)
    """The offset, -0.4..0.4."""

    def __init__(self) -> None:
        super().__init__()
        self._shown = ""
        self._facts: tuple[bytes, float, ModelSpec | None] | None = None  # that the text was made of
        self._measured: ModelSpec | None = None
        self._name = name = QLabel(tr("Threshold"))
        name.setProperty("role", "muted")
        self.slider = _ResettingSlider(Qt.Orientation.Horizontal)
        # In hundredths: a QSlider has integer values only.
        self.slider.setRange(round(-100 * WIDEST_OFFSET), round(100 * WIDEST_OFFSET))
        self.slider.setPageStep(5)
        self.slider.setMinimumWidth(60)
        self.slider.setMaximumWidth(120)
        self.slider.setAccessibleName(tr("Threshold"))
        self.slider.setToolTip(
            tr(
                "How sure the network must be before an instrument lights up: left = sooner, right = stricter.\n"
                "Double-click for the model's own thresholds."
            )
        )
        name.setBuddy(self.slider)
        self.effect = NamedLabel(tr("Thresholds in force"))
        self.effect.setProperty("role", "value")
        self.effect.setFixedWidth(_WIDTH)
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

    def set_narrow(self, narrow: bool) -> None:
        """Show the slider without its name, which its tool tip explains."""
        self._name.setVisible(not narrow)

    def set_offset(self, offset: float) -> None:
        """Move the slider."""
        self.slider.setValue(round(100 * offset))

    def show_models(self, specs: Sequence[ModelSpec]) -> None:
        """Take over which networks run: one of them may say how right it is at each position of the slider."""
        self._measured = next((spec for spec in specs if spec.trade_off), None)
        widest = self.effect.fontMetrics().horizontalAdvance(_measured_text(1.0, 1.0)) + 4
        self.effect.setFixedWidth(widest if self._measured else _WIDTH)

    def show_thresholds(self, thresholds: npt.NDArray[np.float32]) -> None:
        """Show precision and recall at the slider's position if known, else the range of the thresholds, (K,) 0..1."""
        facts = (thresholds.tobytes(), self.offset, self._measured)
        if facts == self._facts:  # thirty times a second
            return
        self._facts = facts
        text = offset_text(self.offset)
        thresholds = thresholds[np.isfinite(thresholds)]
        if len(thresholds):
            low, high = round(100 * float(thresholds.min())), round(100 * float(thresholds.max()))
            text = f"{low}\u2009%" if low == high else f"{low}–{high}\u2009%"
            if self.offset:
                text += f"  ({offset_text(self.offset)})"
        point = self._measured.trade_off_at(self.offset) if self._measured else None
        meaning = (
            tr("An instrument lights up from an activation of {threshold} on.", threshold=text)
            if len(thresholds)
            else ""
        )
        if point is not None:
            text = _measured_text(point.precision, point.recall)
            measured = tr(
                "On test recordings, {precision} of the instruments named were right, and {recall} of those that "
                "played were named.",
                precision=percent_text(point.precision),
                recall=percent_text(point.recall),
            )
            meaning = f"{measured}\n{meaning}"
        if text != self._shown or meaning != self.effect.toolTip():
            self._shown = text
            self.effect.setText(text)
            self.effect.setToolTip(meaning)


def _measured_text(precision: float, recall: float) -> str:
    return tr("precision {precision}, recall {recall}", precision=percent_text(precision), recall=percent_text(recall))
