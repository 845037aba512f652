"""Scale of the whole window: a factor beside that of the screen, from the next start on.

Qt takes the factor when the application is made, and has no call that changes it later. What is painted here is
measured in pixels, so larger fonts alone would not do.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping

from PySide6.QtCore import QObject
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMenu

from irec_live.gui import settings_schema as schema
from irec_live.gui.language import tr
from irec_live.gui.next_start_menu import NextStartMenu
from irec_live.gui.preferences import Preferences
from irec_live.gui.window_size import largest_growth
from irec_live.gui.wording import percent_text

SCALES = (0.8, 1.0, 1.25, 1.5, 2.0)
"""On offer, as far as the window then fits a screen."""

_VARIABLE = "QT_SCALE_FACTOR"


def use_scale(preferences: Preferences) -> None:
    """Let Qt scale everything by the user's factor; before the application is made. A factor of the system's stays.

    A factor that was chosen for a larger screen is used as far as the window fits the screens of today.
    """
    scale = preferences.get(schema.UI_SCALE)
    if scale == 1.0 or QGuiApplication.instance() is not None or _VARIABLE in os.environ:
        return
    if scale > 1.0:
        # Only an application knows its screens, and only before there is one can the factor be set: one is made to ask.
        probe = QGuiApplication([])
        scale = min(scale, largest_scale())
        probe.shutdown()
    os.environ[_VARIABLE] = f"{scale:g}"


def largest_scale() -> float:
    """The largest factor at which the window fits one of the screens, at least 1."""
    growth = max((largest_growth(screen.availableGeometry().size()) for screen in QGuiApplication.screens()), default=1)
    return max(1.0, math.floor(100 * growth * _factor()) / 100)


def _factor() -> float:
    """The factor in use, which the sizes of screens are divided by."""
    try:
        return float(os.environ.get(_VARIABLE, 1.0))
    except ValueError:  # Qt ignores it, too
        return 1.0


class ScaleControl(NextStartMenu):
    """A submenu of scales, added to a menu."""

    def __init__(self, preferences: Preferences, menu: QMenu, parent: QObject) -> None:
        super().__init__(
            preferences,
            schema.UI_SCALE,
            menu.addMenu(tr("Si&ze of everything")),
            lambda: _choices(preferences.get(schema.UI_SCALE)),
            lambda scale: tr("Everything is shown at {share} from the next start on", share=percent_text(scale)),
            parent,
        )


def _choices(chosen: float) -> Mapping[float, str]:
    """Scales at which the window fits, and the one that was chosen, whether it fits or not."""
    largest = largest_scale()
    return {scale: percent_text(scale) for scale in SCALES if scale <= largest or scale == chosen}
