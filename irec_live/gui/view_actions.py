"""Actions of the view: zoom, pan, follow, hold, select, event list; each with a key, all in the menu."""

from __future__ import annotations

from PySide6.QtCore import QObject
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QMenu, QWidget

from irec_live.gui.language import tr
from irec_live.gui.menu_entries import command


class ViewActions(QObject):
    """The actions of one window.

    Parameters
    ----------
    window : QWidget
        The keys work while this window is active.
    menu : QMenu
        Gets them, in a menu of their own.
    """

    def __init__(self, window: QWidget, menu: QMenu) -> None:
        super().__init__(window)
        self.zoom_in = command(window, tr("Zoom &in"), "+", "=")
        self.zoom_out = command(window, tr("Zoom &out"), "-")
        self.zoom_all = command(window, tr("&Whole session"), "0")
        self.back = command(window, tr("Earlier"), "Ctrl+Left")
        self.forward = command(window, tr("Later"), "Ctrl+Right")
        self.follow = command(window, tr("&Follow: back to now"), "F")
        self.hold = command(window, tr("&Hold the picture"), "H", checkable=True)
        self.select_shown = command(window, tr("Select what is &shown"), "Ctrl+A")
        self.select_none = command(window, tr("Select &nothing"), "Ctrl+Shift+A")
        self.zoom_selection = command(window, tr("Zoom to the selection"), "Z")
        self.event_list = command(window, tr("&Event list"), "E", checkable=True)
        own = menu.addMenu(tr("Time a&xis"))
        own.addActions([self.follow, self.hold])
        own.addSeparator()
        own.addActions([self.zoom_in, self.zoom_out, self.zoom_all, self.zoom_selection])
        own.addActions([self.back, self.forward])
        own.addSeparator()
        own.addActions([self.select_shown, self.select_none])
        menu.addAction(self.event_list)
        self.show_kind(live=True, session=False)

    def show_kind(self, *, live: bool, session: bool) -> None:
        """Of a live session the keys that move a file's playhead move the view."""
        for action in (self.zoom_in, self.zoom_out, self.zoom_all, self.back, self.forward, self.hold):
            action.setEnabled(session)
        for action in (self.follow, self.select_shown, self.select_none, self.zoom_selection):
            action.setEnabled(session)
        # Only one action may have a key: those of the playhead are disabled without a file.
        self.back.setShortcuts(_keys("Ctrl+Left", *(["Left"] if live else [])))
        self.forward.setShortcuts(_keys("Ctrl+Right", *(["Right"] if live else [])))
        self.hold.setShortcuts(_keys("H", *(["Space"] if live else [])))
        self.follow.setText(tr("&Follow: back to now") if live else tr("&Follow the playhead"))


def _keys(*keys: str) -> list[QKeySequence]:
    return [QKeySequence(key) for key in keys]
