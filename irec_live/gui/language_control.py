"""Language of the window: a submenu, whose choice holds from the next start on."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QMenu

from irec_live.gui import settings_schema as schema
from irec_live.gui.language import SYSTEM, languages, tr
from irec_live.gui.preferences import Preferences


class LanguageControl(QObject):
    """A submenu of languages.

    Parameters
    ----------
    preferences : Preferences
    menu : QMenu
        Gets the submenu.
    """

    said = Signal(str, str)
    """Key and sentence of a message."""

    def __init__(self, preferences: Preferences, menu: QMenu, parent: QObject) -> None:
        super().__init__(parent)
        self._preferences = preferences
        self.menu = menu.addMenu(tr("&Language"))
        self.menu.aboutToShow.connect(self._fill)
        self._fill()

    def choose(self, choice: str) -> None:
        """Speak a language from the next start on."""
        self._preferences.put(schema.LANGUAGE, choice)
        self.said.emit("language", tr("The language changes with the next start"))

    def _fill(self) -> None:
        self.menu.clear()
        current = self._preferences.get(schema.LANGUAGE)
        for choice, name in {SYSTEM: tr("Like the system"), **languages()}.items():
            entry = self.menu.addAction(name)
            entry.setCheckable(True)
            entry.setChecked(choice == current)
            entry.triggered.connect(partial(self._chosen, choice))

    def _chosen(self, choice: str, _: bool = False) -> None:
        self.choose(choice)
