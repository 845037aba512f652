"""A submenu of choices for a setting that holds from the next start on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QMenu

from irec_live.gui.menu_entries import entry
from irec_live.gui.preferences import Preferences
from irec_live.gui.settings_schema import Setting


class NextStartMenu(QObject):
    """A submenu in which one value of a setting is ticked.

    Parameters
    ----------
    preferences : Preferences
    setting : Setting
    menu : QMenu
        The submenu, empty.
    choices : callable
        Values and their names, asked whenever the menu is shown.
    told : callable
        What to say of a value that was chosen, a sentence.
    """

    said = Signal(str, str)
    """Key and sentence of a message."""

    def __init__(
        self,
        preferences: Preferences,
        setting: Setting[Any],
        menu: QMenu,
        choices: Callable[[], Mapping[Any, str]],
        told: Callable[[Any], str],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self.menu = menu
        self._preferences, self._setting = preferences, setting
        self._choices, self._told = choices, told
        menu.aboutToShow.connect(self._fill)
        self._fill()

    def choose(self, value: Any) -> None:
        """Set it from the next start on."""
        self._preferences.put(self._setting, value)
        self.said.emit(self._setting.key, self._told(value))

    def _fill(self) -> None:
        self.menu.clear()
        current = self._preferences.get(self._setting)
        for value, name in self._choices().items():
            entry(self.menu, name, partial(self.choose, value), checked=value == current)
