"""Language of the window: a submenu, whose choice holds from the next start on."""

from __future__ import annotations

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QMenu

from irec_live.gui import settings_schema as schema
from irec_live.gui.language import SYSTEM, languages, tr
from irec_live.gui.next_start_menu import NextStartMenu
from irec_live.gui.preferences import Preferences


class LanguageControl(NextStartMenu):
    """A submenu of languages, added to a menu."""

    def __init__(self, preferences: Preferences, menu: QMenu, parent: QObject) -> None:
        super().__init__(
            preferences,
            schema.LANGUAGE,
            menu.addMenu(tr("&Language")),
            lambda: {SYSTEM: tr("Like the system"), **languages()},
            lambda _: tr("The language changes with the next start"),
            parent,
        )
