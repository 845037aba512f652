"""Actions of the view: zoom, pan, follow, hold, select, event list; each with a key, all in the menu."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu, QWidget

from irec_live.gui.language import tr


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
        self._window = window
        self.zoom_in = self._action(tr("Zoom &in"), "+", "=")
        self.zoom_out = self._action(tr("Zoom &out"), "-")
        self.zoom_all = self._action(tr("&Whole session"), "0")
        self.back = self._action(tr("Earlier"), "Ctrl+Left")
        self.forward = self._action(tr("Later"), "Ctrl+Right")
        self.follow = self._action(tr("&Follow: back to now"), "F")
        self.hold = self._action(tr("&Hold the picture"), "H")
        self.select_shown = self._action(tr("Select what is &shown"), "Ctrl+A")
        self.select_none = self._action(tr("Select &nothing"), "Ctrl+Shift+A")
        self.zoom_selection = self._action(tr("Zoom to the selection"), "Z")
        self.event_list = self._action(tr("&Event list"), "E")
        self.event_list.setCheckable(True)
        self.hold.setCheckable(True)
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

    def _action(self, text: str, *keys: str) -> QAction:
        action = QAction(text, self._window)
        action.setShortcuts(_keys(*keys))
        action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
        action.setToolTip(f"{text.replace('&', '')} ({action.shortcut().toString(_NATIVE)})")
        self._window.addAction(action)  # or its key would work only while the menu is open
        return action


_NATIVE = QKeySequence.SequenceFormat.NativeText


def _keys(*keys: str) -> list[QKeySequence]:
    return [QKeySequence(key) for key in keys]
