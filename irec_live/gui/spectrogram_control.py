"""Spectrogram control: menus of colour map, range and axis; remembered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any, cast

from PySide6.QtCore import QEvent, QObject
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtWidgets import QMenu

from irec_live.gui import settings_schema as schema
from irec_live.gui.language import tr
from irec_live.gui.menu_entries import entry
from irec_live.gui.preferences import Preferences
from irec_live.gui.spectrogram_settings import AXES, COLORS, RANGES, Axis, SpectrogramSettings
from irec_live.gui.spectrogram_view import SpectrogramView


class SpectrogramControl(QObject):
    """A submenu of the view menu, which a right click on the spectrogram opens, too.

    Parameters
    ----------
    view : SpectrogramView
    preferences : Preferences
    menu : QMenu
        Gets the submenu.
    """

    def __init__(self, view: SpectrogramView, preferences: Preferences, menu: QMenu) -> None:
        super().__init__(view)
        self._view, self._preferences = view, preferences
        self.settings = SpectrogramSettings(
            preferences.get(schema.SPECTROGRAM_COLORS),
            preferences.get(schema.SPECTROGRAM_LEVELS),
            cast("Axis", preferences.get(schema.SPECTROGRAM_AXIS)),
        )
        view.set_settings(self.settings)
        self.menu = menu.addMenu(tr("&Spectrum"))
        self.menu.aboutToShow.connect(self._fill)
        self._fill()
        view.installEventFilter(self)

    def choose(self, **changes: Any) -> None:
        """Change some of the settings."""
        self.settings = replace(self.settings, **changes)
        put = self._preferences.put
        put(schema.SPECTROGRAM_COLORS, self.settings.colors)
        put(schema.SPECTROGRAM_LEVELS, self.settings.levels)
        put(schema.SPECTROGRAM_AXIS, self.settings.axis)
        self._view.set_settings(self.settings)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Open the menu."""
        if event.type() == QEvent.Type.ContextMenu and isinstance(event, QContextMenuEvent):
            self.menu.popup(event.globalPos())
            return True
        return False

    def _fill(self) -> None:
        self.menu.clear()
        self._add(tr("Colours"), "colors", COLORS)
        self._add(tr("Levels"), "levels", RANGES)
        self._add(tr("Frequencies"), "axis", AXES)

    def _add(self, title: str, name: str, titles: Mapping[Any, str]) -> None:
        below = self.menu.addMenu(title)
        for value, text in titles.items():
            chosen = getattr(self.settings, name) == value
            entry(below, tr(text), partial(self.choose, **{name: value}), checked=chosen)
