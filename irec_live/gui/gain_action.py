"""The gain of an input as an entry of a menu: a slider, which Left and Right move while the entry is chosen."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenu, QSlider, QWidget, QWidgetAction

from irec_live.gui.language import tr
from irec_live.streaming.input_shape import HIGHEST_GAIN_DB, LOWEST_GAIN_DB

_STEPS = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}


class GainAction(QWidgetAction):
    """A slider and its value in decibels.

    Parameters
    ----------
    menu : QMenu
        That it belongs to.
    gain_db : float
        At first.
    changed : callable
        Called with each new gain, dB.
    """

    def __init__(self, menu: QMenu, gain_db: float, changed: Callable[[float], None]) -> None:
        super().__init__(menu)
        self._menu, self._changed = menu, changed
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(round(LOWEST_GAIN_DB), round(HIGHEST_GAIN_DB))
        self.slider.setPageStep(6)
        self.slider.setValue(round(gain_db))
        self.slider.setMinimumWidth(180)
        self.slider.setAccessibleName(tr("Gain in decibels"))
        self._text = QLabel()
        self._text.setFixedWidth(56)
        row = QWidget()
        layout = QHBoxLayout(row)
        layout.setContentsMargins(24, 4, 12, 4)
        layout.addWidget(self.slider)
        layout.addWidget(self._text)
        self.setDefaultWidget(row)
        self._show(self.slider.value())
        self.slider.valueChanged.connect(self._take)
        menu.installEventFilter(self)  # a menu keeps the keys to itself

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Move the slider while the entry is the chosen one."""
        if (
            isinstance(event, QKeyEvent)
            and event.type() == QEvent.Type.KeyPress
            and event.key() in _STEPS
            and self._menu.activeAction() is self
        ):
            self.slider.setValue(self.slider.value() + _STEPS[Qt.Key(event.key())] * self.slider.singleStep())
            return True
        return False

    def _take(self, value: int) -> None:
        self._show(value)
        self._changed(float(value))

    def _show(self, value: int) -> None:
        self._text.setText(gain_text(value))
        self.setText(f"{tr('Gain in decibels')}: {gain_text(value)}")  # what a screen reader tells of the entry


def gain_text(gain_db: float) -> str:
    """A gain in decibels, signed.

    Examples
    --------
    >>> gain_text(6.0), gain_text(0.0), gain_text(-3.0)
    ('+6 dB', '0 dB', '−3 dB')
    """
    sign = "+" if gain_db > 0 else "−" if gain_db < 0 else ""
    return f"{sign}{abs(gain_db):.0f} dB"
