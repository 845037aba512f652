"""Commands and menu entries: a `QAction` with all that it needs, in one call."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu, QWidget

Keys = str | QKeySequence.StandardKey
Do = Callable[[], object]


def command(window: QWidget, text: str, *keys: Keys, do: Do | None = None, checkable: bool = False) -> QAction:
    """A command of a window, whose keys work whenever the window is active.

    Parameters
    ----------
    window : QWidget
    text : str
        As menus show it, with ``&`` before the letter of its key there.
    *keys : str or QKeySequence.StandardKey
        Shortcuts, the first of which tool tip and menus show.
    do : callable, optional
        Called when it is chosen.
    checkable : bool
        Whether it is on or off.
    """
    action = QAction(text, window)
    action.setCheckable(checkable)
    if keys:
        action.setShortcuts([QKeySequence(key) for key in keys])
        action.setToolTip(f"{text.replace('&', '').rstrip('…')} ({key_text(action)})")
    if do is not None:
        action.triggered.connect(lambda: do())
    window.addAction(action)  # or its keys would work only while the menu is open
    return action


def entry(menu: QMenu, text: str, do: Do, *, checked: bool | None = None) -> QAction:
    """An entry at the end of a menu, with a tick or its absence unless `checked` is None."""
    action = menu.addAction(text)
    if checked is not None:
        action.setCheckable(True)
        action.setChecked(checked)
    action.triggered.connect(lambda: do())
    return action


def key_text(action: QAction) -> str:
    """The first shortcut of a command, as keyboards and menus name it."""
    return action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
