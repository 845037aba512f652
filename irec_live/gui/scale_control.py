"""Scale of the whole window: a factor beside that of the screen, from the next start on.

Qt takes the factor when the application is made, and has no call that changes it later. What is painted here is
measured in pixels, so larger fonts alone would not do.
"""

from __future__ import annotations

import os

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication, QMenu

from irec_live.gui import settings_schema as schema
from irec_live.gui.language import tr
from irec_live.gui.next_start_menu import NextStartMenu
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


class ScaleControl(NextStartMenu):
    """A submenu of scales, added to a menu."""

    def __init__(self, preferences: Preferences, menu: QMenu, parent: QObject) -> None:
        super().__init__(
            preferences,
            schema.UI_SCALE,
            menu.addMenu(tr("Si&ze of everything")),
            lambda: {scale: percent_text(scale) for scale in SCALES},
            lambda scale: tr("Everything is shown at {share} from the next start on", share=percent_text(scale)),
            parent,
        )
