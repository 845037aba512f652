"""Scale of the whole window: a factor beside that of the screen, from the next start on."""

from __future__ import annotations

import os
from functools import partial

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QApplication, QMenu

from irec_live.gui import settings_schema as schema
from irec_live.gui.language import tr
from irec_live.gui.preferences import Preferences
from irec_live.gui.wording import percent_text

SCALES = (0.8, 1.0, 1.25, 1.5, 2.0)
"""On offer."""

_VARIABLE = "QT_SCALE_FACTOR"


def use_scale(preferences: Preferences) -> None:
    """Let Qt scale everything by the user's factor; before the application is made. A factor of the system's stays."""
    scale = preferences.get(schema.UI_SCALE)
    if scale != 1.0 and QApplication.instance() is None:
        os.environ.setdefault(_VARIABLE, f"{scale:g}")


class ScaleControl(QObject):
    """A submenu of scales.

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
        self.menu = menu.addMenu(tr("&Size of everything"))
        self.menu.aboutToShow.connect(self._fill)
        self._fill()

    def choose(self, scale: float) -> None:
        """Scale everything from the next start on."""
        self._preferences.put(schema.UI_SCALE, scale)
        self.said.emit("scale", tr("Everything is shown at {share} from the next start on", share=percent_text(scale)))

    def _fill(self) -> None:
        self.menu.clear()
        current = self._preferences.get(schema.UI_SCALE)
        for scale in SCALES:
            entry = self.menu.addAction(percent_text(scale))
            entry.setCheckable(True)
            entry.setChecked(scale == current)
            entry.triggered.connect(partial(self._chosen, scale))

    def _chosen(self, scale: float, _: bool = False) -> None:
        self.choose(scale)
