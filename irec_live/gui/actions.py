"""Actions (QAction): every command of the window, shared by menus, buttons and keyboard shortcuts."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMenu, QWidget

from irec_live.formats import DEFAULT_FORMAT, FORMATS
from irec_live.gui.language import tr
from irec_live.gui.menu_entries import command
from irec_live.gui.preferences import SPANS_S
from irec_live.gui.theme import ThemeChoice, choices


class Actions(QObject):
    """The actions of one window with their shortcuts, and the menu that lists them.

    Parameters
    ----------
    window : QWidget
        The shortcuts work while this window is active.
    """

    export_wanted = Signal(str)
    """Name of one of `FORMATS`."""
    skip_wanted = Signal(float)
    """Seconds forward, negative for back."""
    span_chosen = Signal(float)
    """Seconds."""
    theme_chosen = Signal(str)
    """One of `irec_live.gui.theme.choices`."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self.open_file = command(window, tr("Open a &file…"), QKeySequence.StandardKey.Open)
        self.open_model = command(window, tr("Load a &model…"), "Ctrl+Shift+O")
        self.listen_mic = command(window, tr("Listen to the micr&ophone"), "Ctrl+M")
        self.listen_computer = command(window, tr("Listen to this &computer"), "Ctrl+L")
        self.go_back = command(window, tr("&Go back to what was heard"), "Ctrl+Backspace")
        self.open_menu = command(window, tr("Open the menu"), "F10")
        self.quit = command(window, tr("&Quit"), "Ctrl+Q")
        self.play = command(window, tr("&Play or pause"), "Space")
        self.to_start = command(window, tr("Back to the &start"), "Home")
        self.loop = command(window, tr("Repeat a &loop"), "L", checkable=True)
        self.loop_start = command(window, tr("Loop from here"), "[")
        self.loop_end = command(window, tr("Loop up to here"), "]")
        self.next_file = command(window, tr("&Next file"), "N")
        self.previous_file = command(window, tr("P&revious file"), "P")
        self.reset_threshold = command(window, tr("&Reset the threshold"), "Ctrl+0")
        self.toggle_theme = command(window, tr("Switch between &dark and light"), "Ctrl+T")
        self.full_screen = command(window, tr("&Full screen"), "F11", checkable=True)
        self.dismiss = command(window, tr("Dismiss the message"), "Esc")
        self.help = command(window, tr("&Help"), "F1")
        self.about = command(window, tr("&About irec-live"))
        self._skips = [self._skip(keys, by_s) for keys, by_s in _SKIPS]
        self.exports = [self._export(form.name, tr(form.title)) for form in FORMATS.values()]
        self._spans = QActionGroup(self)
        self._themes = QActionGroup(self)
        self.menu = self._menu()
        self.go_back.setEnabled(False)
        self.enable_transport(False)
        self.enable_export(False)
        self.enable_playlist(previous=False, following=False)

    def enable_transport(self, on: bool) -> None:
        """Enable the playback actions, or disable them without a file."""
        for action in (self.play, self.to_start, self.loop, self.loop_start, self.loop_end, *self._skips):
            action.setEnabled(on)

    def enable_playlist(self, *, previous: bool, following: bool) -> None:
        """Enable the actions of a playlist as far as it has files before and after this one."""
        self.previous_file.setEnabled(previous)
        self.next_file.setEnabled(following)

    def enable_export(self, on: bool) -> None:
        """Enable export, or disable it without a complete analysis."""
        for action in self.exports:
            action.setEnabled(on)

    def show_span(self, span_s: float) -> None:
        """Check the time span in use."""
        for action in self._spans.actions():
            action.setChecked(action.data() == span_s)

    def show_theme(self, choice: ThemeChoice) -> None:
        """Check the theme in use."""
        for action in self._themes.actions():
            action.setChecked(action.data() == choice)

    def _skip(self, keys: str, by_s: int) -> QAction:
        text = tr("Back %n seconds", "", -by_s) if by_s < 0 else tr("Forward %n seconds", "", by_s)
        return command(self._window, text, keys, do=lambda: self.skip_wanted.emit(float(by_s)))

    def _export(self, form: str, name: str) -> QAction:
        keys = ("Ctrl+E",) if form == DEFAULT_FORMAT else ()
        return command(self._window, f"{name}…", *keys, do=lambda: self.export_wanted.emit(form))

    def _menu(self) -> QMenu:
        menu = QMenu(self._window)
        menu.addActions([self.open_file, self.open_model])
        menu.addSeparator()
        menu.addActions([self.listen_mic, self.listen_computer, self.go_back])
        menu.addSeparator()
        export = menu.addMenu(tr("&Export the analysis"))
        export.addActions(self.exports)
        playback = menu.addMenu(tr("&Playback"))
        playback.addActions([self.play, self.to_start, *self._skips])
        playback.addSeparator()
        playback.addActions([self.next_file, self.previous_file])
        playback.addSeparator()
        playback.addActions([self.loop, self.loop_start, self.loop_end])
        self.view_menu = view = menu.addMenu(tr("&View"))
        spans = view.addMenu(tr("&Time span"))
        for span_s in SPANS_S:
            self._choice(spans, self._spans, tr("%n seconds", "", round(span_s)), span_s)
        themes = view.addMenu(tr("The&me"))
        for choice, text in choices().items():
            self._choice(themes, self._themes, tr(text), choice)
        view.addActions([self.toggle_theme, self.full_screen, self.reset_threshold])
        menu.addSeparator()
        menu.addActions([self.help, self.about, self.quit])
        self._spans.triggered.connect(lambda action: self.span_chosen.emit(action.data()))
        self._themes.triggered.connect(lambda action: self.theme_chosen.emit(action.data()))
        return menu

    def _choice(self, menu: QMenu, group: QActionGroup, text: str, value: object) -> None:
        action = menu.addAction(text)
        action.setCheckable(True)
        action.setData(value)
        group.addAction(action)


_SKIPS = (("Left", -5), ("Right", 5), ("Shift+Left", -1), ("Shift+Right", 1))
"""Keys, and seconds forward."""
