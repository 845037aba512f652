"""Top bar: source and input level on the left; threshold, models, theme and menu on the right."""

from __future__ import annotations

from PySide6.QtCore import QSize
from PySide6.QtGui import QAction, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QMenu, QToolButton

from irec_live.gui.icons import themed_icon
from irec_live.gui.language import tr
from irec_live.gui.level_meter import LevelMeter
from irec_live.gui.model_picker import ModelPicker
from irec_live.gui.record_button import RecordButton
from irec_live.gui.source_picker import SourcePicker
from irec_live.gui.theme import DARK, Theme
from irec_live.gui.threshold_control import ThresholdControl

_NARROW = 1000
"""Pixels; in a narrower bar, controls have shorter names."""


class TopBar(QFrame):
    """Source, level, threshold, models, theme and menu in one row.

    Parameters
    ----------
    menu : QMenu
        Opened by the last button.
    toggle_theme : QAction
    """

    def __init__(self, menu: QMenu, toggle_theme: QAction) -> None:
        super().__init__()
        self.setObjectName("topBar")
        self.setFixedHeight(48)
        self._theme = DARK
        self.sources = SourcePicker()
        self.meter = LevelMeter()
        self.threshold = ThresholdControl()
        self.models = ModelPicker()
        self._theme_button = _flat_button(tr("Switch between dark and light"))
        self._theme_button.clicked.connect(toggle_theme.trigger)
        self._menu_button = _flat_button(tr("Menu"))
        self._menu_button.setMenu(menu)
        self._menu_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._buttons: list[RecordButton] = []
        self._row = layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 0, 10, 0)
        layout.setSpacing(12)
        layout.addWidget(self.sources, 3)
        layout.addWidget(self.meter, 2)
        layout.addStretch(1)
        layout.addWidget(self.threshold, 2)
        layout.addSpacing(4)
        layout.addWidget(self.models)
        layout.addWidget(self._theme_button)
        layout.addWidget(self._menu_button)
        self.set_theme(DARK)

    def open_menu(self) -> None:
        """Open the menu for the keyboard: its first entry is chosen."""
        menu, button = self._menu_button.menu(), self._menu_button
        if menu is not None:
            menu.popup(button.mapToGlobal(button.rect().bottomLeft()))
            menu.setActiveAction(menu.actions()[0])

    def add_button(self, button: RecordButton) -> None:
        """Put a button before those on the right."""
        self._buttons.append(button)
        self._row.insertWidget(self._row.indexOf(self._theme_button), button)
        button.set_theme(self._theme)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Leave words out where they would push controls off the window."""
        super().resizeEvent(event)
        narrow = self.width() < _NARROW
        self.models.set_narrow(narrow)
        self.threshold.set_narrow(narrow)

    def set_theme(self, theme: Theme) -> None:
        """Draw the icons in another theme."""
        self._theme = theme
        for widget in (self.sources, self.meter, self.models):
            widget.set_theme(theme)
        for button in self._buttons:
            button.set_theme(theme)
        self._theme_button.setIcon(themed_icon(theme.switch_icon, theme.muted))
        self._menu_button.setIcon(themed_icon("menu", theme.muted))


def _flat_button(name: str) -> QToolButton:
    button = QToolButton()
    button.setProperty("flat", True)
    button.setIconSize(QSize(20, 20))
    button.setToolTip(name)
    button.setAccessibleName(name)
    return button
