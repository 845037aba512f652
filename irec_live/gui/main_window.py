"""Main window: creates the widgets and connects all signals; no other module does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QEvent, Qt, QTimer
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDragLeaveEvent, QDropEvent, QResizeEvent
from PySide6.QtWidgets import QApplication, QHBoxLayout, QMainWindow, QStackedWidget, QVBoxLayout, QWidget

from irec_live.gui import file_dialogs
from irec_live.gui.actions import Actions
from irec_live.gui.backend import Backend
from irec_live.gui.bridge import Bridge
from irec_live.gui.comparison_control import ComparisonControl
from irec_live.gui.correction_control import CorrectionControl
from irec_live.gui.decision_control import DecisionControl
from irec_live.gui.device_watch import DeviceWatch
from irec_live.gui.drop_overlay import DropOverlay, drop_text, dropped_paths
from irec_live.gui.earlier_sessions import EarlierSessions
from irec_live.gui.exporter import Exporter
from irec_live.gui.input_control import InputControl
from irec_live.gui.lane_control import LaneControl
from irec_live.gui.language import tr
from irec_live.gui.language_control import LanguageControl
from irec_live.gui.library_control import LibraryControl
from irec_live.gui.listening_page import ListeningPage
from irec_live.gui.menu_entries import key_text
from irec_live.gui.message_bar import Level, MessageBar
from irec_live.gui.message_translation import source_title
from irec_live.gui.model_preferences import ModelPreferences
from irec_live.gui.output_control import OutputControl
from irec_live.gui.playback import Playback
from irec_live.gui.playback_panel import PlaybackPanel
from irec_live.gui.playlist import FileFinder, Playlist
from irec_live.gui.preferences import Preferences
from irec_live.gui.recording_control import RecordingControl
from irec_live.gui.repair_bar import RepairBar
from irec_live.gui.requests import SourceRequest, as_playable, is_model_file
from irec_live.gui.scale_control import ScaleControl
from irec_live.gui.session_manager import SessionManager
from irec_live.gui.session_opener import Setup
from irec_live.gui.shortcut_override import ShortcutOverrides
from irec_live.gui.source_check import SourceCheck
from irec_live.gui.spectrogram_control import SpectrogramControl
from irec_live.gui.status_strip import StatusStrip
from irec_live.gui.stylesheet import palette, stylesheet
from irec_live.gui.theme import Theme, ThemeChoice, ThemeSwitch
from irec_live.gui.timeline_control import TimelineControl
from irec_live.gui.top_bar import TopBar
from irec_live.gui.transport import Transport
from irec_live.gui.view_export import ViewExport
from irec_live.gui.welcome import Welcome
from irec_live.gui.window_size import available_size, first_size, least_size
from irec_live.gui.wording import clock_text, list_text, sentence
from irec_live.input_kind import InputKind
from irec_live.results import Overview, Snapshot

_SLOW_MS = 700
"""How long something may take to open before it is said that it is being opened."""


class MainWindow(QMainWindow):
    """The window of the app.

    Parameters
    ----------
    manager : SessionManager
        Opens sessions.
    backend : Backend
        Writes exports.
    preferences : Preferences
    themes : ThemeSwitch
    """

    def __init__(
        self, manager: SessionManager, backend: Backend, preferences: Preferences, themes: ThemeSwitch
    ) -> None:
        super().__init__()
        self.manager, self.preferences, self.themes = manager, preferences, themes
        self.setWindowTitle("irec-live")
        self.setMinimumSize(least_size(available_size(self)))
        self.setAcceptDrops(True)
        self.actions_ = Actions(self)  # `actions` is a method of QWidget
        self.bridge = Bridge(self)
        self.playback = Playback(self.actions_, self)
        self.exporter = Exporter(backend, self)
        self._backend = backend
        self.playlist = Playlist(self)
        self.finder = FileFinder(self)
        self._make_widgets()
        self._lay_out()
        self._make_controls()
        self._connect_manager()
        self._connect_messages()
        self._connect_bridge()
        self._connect_controls()
        self._restore()

    def open(self, request: SourceRequest) -> None:
        """Open another source; the current one continues until the new one is ready."""
        self.manager.open(request)

    def check_settings(self) -> None:
        """Say so if what is set here is forgotten when the window is closed."""
        refused = self.preferences.save()
        if refused is not None:
            text = tr("Settings are forgotten when this window is closed: {file} cannot be written.", file=refused)
            self.messages.say("settings", text, "warning")

    def check_source(self, otherwise: Callable[[], None]) -> None:
        """Let the user choose a source and see that sound arrives; do something else if there is no input at all."""

        def show() -> None:
            self.stack.setCurrentWidget(self.source_check)
            self.source_check.sources.setFocus()  # the arrows choose, and Enter begins

        self.source_check.look(show, otherwise)

    def open_path(self, path: Path, model: Path | None = None) -> None:
        """Open a sound file, with another model if one is given; or use a model file."""
        if is_model_file(path):
            self.manager.use_model(str(path))
        else:
            self.open_paths([path], model)

    def open_paths(self, paths: Sequence[Path], model: Path | None = None, note: str = "") -> None:
        """Play sound files and those of folders one after another, with another model if one is given, and say this."""
        self.finder.look(paths, lambda found: self._open_found(paths, found, model, note))

    def _open_found(self, given: Sequence[Path], found: Sequence[Path], model: Path | None, note: str) -> None:
        self.messages.clear("looking")
        if not found:
            names = list_text([path.name for path in given])
            text = tr("{names} has no sound files; drop a song, or a folder of songs", names=names)
            self.messages.say("failed", text, "error")
            return
        self.preferences.folder = found[0].parent
        self.playlist.set_files(found, model)
        if note:
            self.messages.say("note", note)

    def _make_widgets(self) -> None:
        actions = self.actions_
        self.top = TopBar(actions.menu, actions.toggle_theme)
        self.messages = MessageBar()
        self.repair_bar = RepairBar()
        self.page = ListeningPage()
        self.welcome = Welcome(actions.open_file, actions.listen_mic)
        self.source_check = SourceCheck(self._backend, actions.open_file)
        self.stack = QStackedWidget()
        for page in (self.page, self.welcome, self.source_check):
            self.stack.addWidget(page)
        self.panel = PlaybackPanel(Transport(actions.play, actions.to_start, actions.loop))
        self.status = StatusStrip()

    def _lay_out(self) -> None:
        body = QWidget()
        layout = QVBoxLayout(body)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.top)
        layout.addWidget(self.messages)
        layout.addWidget(self.repair_bar)
        self.middle = QHBoxLayout()
        self.middle.setSpacing(0)
        self.middle.addWidget(self.stack, 1)
        layout.addLayout(self.middle, 1)
        layout.addWidget(self.panel)
        layout.addWidget(self.status)
        self.setCentralWidget(body)
        body.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self._body = body
        body.setFocus()  # or the first control would have it, and Space would open that
        self.panel.hide()
        self.overlay = DropOverlay(body)

    def _make_controls(self) -> None:
        manager, preferences, lanes, menu = self.manager, self.preferences, self.page.lanes, self.actions_.menu
        view, before = self.actions_.view_menu, self.actions_.view_menu.menuAction()
        self.timeline = TimelineControl(self)  # before whatever else watches the lanes: it has the mouse last
        self.view_export = ViewExport(
            manager, self._backend, self.page, lambda: self.timeline.selection.span, menu, before, self
        )
        self.lanes = LaneControl(lanes, preferences, view)
        self.decisions = DecisionControl(
            lanes, self.top.threshold, self.bridge, preferences, self.messages, menu, self.actions_.help
        )
        self.recording = RecordingControl(manager, preferences, menu, before, self)
        self.top.add_button(self.recording.button)
        self.earlier = EarlierSessions(
            manager, preferences, self.messages, self.actions_.go_back, self.recording.menu, self
        )
        self.correcting = CorrectionControl(manager, lanes.canvas, menu, before, self)
        self.sending = OutputControl(manager, preferences, menu, before, self)
        self.library = LibraryControl(manager, self.playback, self.open_paths, menu, before, self)
        self.models = ModelPreferences(self._backend, self.top.models, preferences)
        self.inputs = InputControl(manager, self.bridge, preferences, self.messages, self.top.meter)
        self.spectrum = SpectrogramControl(self.page.spectrogram, preferences, view)
        self.scale = ScaleControl(preferences, view, self)
        self.languages = LanguageControl(preferences, view, self)
        self.comparison = ComparisonControl(self._backend, manager, self.bridge, self.top.models, lanes)
        self.device_watch = DeviceWatch(self._backend, self)
        ShortcutOverrides((self.top, self.messages, self.repair_bar, self.welcome, self.source_check, self.panel), self)

    def _connect_manager(self) -> None:
        self.manager.opening.connect(self._on_opening)
        self.manager.opening.connect(self.repair_bar.begin)
        self.manager.repairing.connect(self.repair_bar.show_share)
        self.repair_bar.stop_wanted.connect(self.manager.give_up)
        for over in (self.manager.opened, self.manager.closed, self.manager.failed):
            over.connect(lambda *_: self.repair_bar.end())
            over.connect(lambda *_: self._end_opening())
        self._slow = QTimer(self)
        self._slow.setSingleShot(True)
        self._slow.setInterval(_SLOW_MS)
        self._slow.timeout.connect(lambda: self.messages.say("opening", self._opening))
        self.manager.repairing.connect(lambda _: self._end_opening())
        self.manager.opened.connect(self._on_opened)
        self.manager.closed.connect(self._on_closed)
        self.manager.left.connect(self._on_left)
        self.manager.failed.connect(lambda _: self.playlist.note_failed())  # first, or its message would hide the error
        self.manager.failed.connect(self._on_failed)
        self.manager.noted.connect(lambda text: self._report("note", text))
        for devices in (self.device_watch.changed, self.manager.devices_listed):
            devices.connect(self.top.sources.set_devices)
            devices.connect(self.source_check.set_devices)
        self.manager.models_listed.connect(self.top.models.set_models)
        self.manager.left_out_listed.connect(self.top.models.set_left_out)
        self.timeline.events.chosen.connect(self.correcting.take_if_on)
        self.correcting.stepped.connect(self.timeline.go_to)
        self.correcting.changed.connect(self.bridge.refresh_overview)
        self.bridge.snapshot_ready.connect(self.correcting.show_snapshot)
        self.recording.open_wanted.connect(lambda path: self.open_paths([path]))
        self.finder.slow.connect(lambda: self.messages.say("looking", tr("Looking through the folder…")))
        self.playlist.wanted.connect(
            lambda path, model: self.manager.open(SourceRequest(InputKind.FILE, path=path), model)
        )
        self.playlist.changed.connect(self._on_playlist)

    def _connect_messages(self) -> None:
        self.earlier.changed.connect(self._enable_go_back)
        for control in (self.recording, self.correcting, self.sending, self.scale, self.languages, self.comparison):
            control.said.connect(self._report)
        for export in (self.exporter, self.view_export):
            export.said.connect(lambda text, level: self._report("export", text, level))

    def _connect_bridge(self) -> None:
        self.bridge.snapshot_ready.connect(self._on_picture)
        self.bridge.overview_ready.connect(self._on_overview)
        self.bridge.moved.connect(self._on_moved)
        self.bridge.failed.connect(self._on_failed)

    def _connect_controls(self) -> None:
        actions = self.actions_
        actions.open_file.triggered.connect(self._ask_sound)
        actions.open_model.triggered.connect(self._ask_model)
        actions.listen_mic.triggered.connect(lambda: self.open(SourceRequest(InputKind.MIC)))
        actions.listen_computer.triggered.connect(lambda: self.open(SourceRequest(InputKind.LOOPBACK)))
        actions.open_menu.triggered.connect(self.top.open_menu)
        actions.go_back.triggered.connect(self._go_back)
        actions.quit.triggered.connect(self.close)
        actions.toggle_theme.triggered.connect(self.themes.toggle)
        actions.theme_chosen.connect(self._choose_theme)
        actions.span_chosen.connect(self._choose_span)
        actions.full_screen.triggered.connect(lambda on: self.showFullScreen() if on else self.showNormal())
        actions.next_file.triggered.connect(self.playlist.go_next)
        actions.previous_file.triggered.connect(self.playlist.go_previous)
        actions.reset_threshold.triggered.connect(lambda: self.top.threshold.set_offset(0.0))
        actions.dismiss.triggered.connect(self.messages.dismiss)
        actions.export_wanted.connect(self._ask_export)
        actions.about.triggered.connect(self._about)
        actions.help.triggered.connect(self._help)
        self.source_check.chosen.connect(self.open)
        self.top.sources.chosen.connect(self.open)
        self.top.sources.file_wanted.connect(self._ask_sound)
        self.top.sources.refresh_wanted.connect(self.manager.list_devices)
        self.top.models.chosen.connect(self.manager.use_model)
        self.top.models.dropped.connect(self.manager.drop_model)
        self.top.models.file_wanted.connect(self._ask_model)
        self.themes.changed.connect(self._on_theme)

    def _restore(self) -> None:
        self._choose_span(self.preferences.span_s)
        self._on_theme(self.themes.theme)
        geometry = self.preferences.geometry
        if geometry is None or not self.restoreGeometry(geometry):
            self.resize(first_size(available_size(self)))
        self.resize(self.size().boundedTo(available_size(self)))  # remembered from a larger screen

    def _on_opening(self, what: str) -> None:
        self._opening = tr("Opening {source}…", source=what)
        if self.manager.session is None:
            self.status.show_text(self._opening)
        else:  # which goes on meanwhile, and would look as if nothing had been asked for
            self._slow.start()
        self.messages.clear("failed")
        self.messages.clear("note")

    def _on_opened(self, setup: Setup) -> None:
        session = setup.session
        playable = as_playable(session)
        self.decisions.attach(session)
        self.status.kind = session.kind
        self._show_title(session.title)
        self.top.sources.set_current(setup.request)
        self.top.sources.over = setup.over
        self.top.models.set_running(session.specs, setup.models)
        self.models.note_used(setup.models)
        self.top.threshold.show_models(session.specs)
        self.preferences.source = setup.wanted  # so that a device that is missing today is looked for again
        self.messages.clear("state")
        self.messages.clear("file")
        self._show_kept()
        self.playlist.note_opened(setup.request.path)
        self.page.clear()
        self.panel.show_kind(live=playable is None)
        self.panel.show()
        self.panel.overview.show_overview(Overview())
        if self.stack.currentWidget() is not self.page:
            self._body.setFocus()  # or Qt would choose a button, and Space would be for that
        self.stack.setCurrentWidget(self.page)
        self.playback.attach(playable)
        self.actions_.enable_export(False)
        self.bridge.watch(session)
        self.timeline.attach(session)

    def _on_closed(self) -> None:
        self._show_kept()
        self.bridge.watch(None)
        self.timeline.attach(None)
        self.playback.attach(None)
        self.top.sources.set_current(None)
        self.messages.clear("file")
        self.playlist.note_opened(None)
        self.panel.hide()
        self._show_welcome()

    def _end_opening(self) -> None:
        self._slow.stop()
        self.messages.clear("opening")

    def _show_kept(self) -> None:
        """Whether there is something to go back to; what was said of another one is no longer true."""
        self.messages.clear("left")
        self._enable_go_back()

    def _enable_go_back(self) -> None:
        self.actions_.go_back.setEnabled(self.manager.kept is not None or self.earlier.newest is not None)

    def _go_back(self) -> None:
        """To the live session that was left last, or to what is kept of an earlier one."""
        if self.manager.kept is not None:
            self.manager.go_back()
        else:
            self.earlier.open_newest()

    def _on_left(self, setup: Setup) -> None:
        length = clock_text(setup.session.snapshot(1.0).now_s)
        text = tr(
            "{source} was heard for {length}; {key} goes back to that.",
            source=source_title(setup.session.title), length=length, key=key_text(self.actions_.go_back),
        )  # fmt: skip
        self.messages.say("left", text)

    def _on_failed(self, text: str) -> None:
        self.messages.say("failed", sentence(text), "error")
        if self.manager.session is None and self.stack.currentWidget() is not self.source_check:
            self._show_welcome()

    def _report(self, key: str, text: str, level: Level = "info") -> None:
        """Say how something went that was done after what failed before."""
        self.messages.clear("failed")
        self.messages.clear(key)  # said again although it may have been dismissed: it happened again
        self.messages.say(key, text, level)

    def _on_playlist(self) -> None:
        self.messages.say("playlist", self.playlist.text)
        self.actions_.enable_playlist(previous=self.playlist.has_previous, following=self.playlist.has_next)

    def _show_welcome(self) -> None:
        self.stack.setCurrentWidget(self.welcome)
        self.status.show_text(tr("Nothing to listen to yet"))

    def _show_title(self, title: str) -> None:
        self.status.title = title = source_title(title)
        self.setWindowTitle(f"{title} – irec-live")

    def _on_picture(self, snapshot: Snapshot) -> None:
        session = self.bridge.session
        if (
            session is not None and source_title(session.title) != self.status.title
        ):  # a lost device was followed by another
            self._show_title(session.title)
        self.page.show_snapshot(snapshot, self.timeline.heard(snapshot))
        self.top.meter.show_level(snapshot.level_db, snapshot.peak_db)
        self.top.threshold.show_thresholds(snapshot.thresholds)
        self.status.show_snapshot(snapshot)
        if snapshot.state == "lost":
            self.messages.say("state", sentence(snapshot.message), "warning")
        elif snapshot.state == "failed":
            self.top.sources.over = True
            self.messages.say("state", sentence(snapshot.message), "error")
        else:
            self.messages.clear("state")
        self.playlist.note_state(ended=snapshot.state == "ended")

    def _on_overview(self, overview: Overview) -> None:
        self.panel.overview.show_overview(overview)
        session = self.manager.session
        self.actions_.enable_export(session is not None and overview.progress >= 1.0)
        warning = str(getattr(session, "warning", ""))  # not in the protocol; fakes and other sessions have none
        self.messages.say("file", sentence(warning), "warning")

    def _on_moved(self, position_s: float, loop: tuple[float, float] | None) -> None:
        playable = as_playable(self.manager.session)
        if playable is not None:
            self.panel.overview.show_position(position_s)
            self.panel.overview.show_selection(loop or self.timeline.selection.span)
            self.panel.transport.show_position(position_s, playable.duration_s, playable.playing)

    def _on_theme(self, theme: Theme) -> None:
        application = QApplication.instance()
        if isinstance(application, QApplication):
            application.setPalette(palette(theme))
            application.setStyleSheet(stylesheet(theme))
        parts = (self.top, self.messages, self.page, self.source_check, self.panel, self.status, self.overlay)
        for widget in (*parts, self.correcting, self.timeline):
            widget.set_theme(theme)
        self.actions_.show_theme(self.themes.choice)
        self.preferences.theme = self.themes.choice

    def _choose_theme(self, choice: ThemeChoice) -> None:
        self.themes.choose(choice)
        self.actions_.show_theme(choice)
        self.preferences.theme = choice

    def _choose_span(self, span_s: float) -> None:
        self.preferences.span_s = span_s
        self.timeline.viewport.set_span(span_s)

    def _ask_sound(self) -> None:
        file_dialogs.ask_sound(self, self.preferences.folder, self.open_paths)

    def _ask_model(self) -> None:
        file_dialogs.ask_model(self, self.preferences.folder, self.open_path)

    def _ask_export(self, form: str) -> None:
        session = self.manager.session
        if session is not None:
            playable = as_playable(session)
            song = playable.path if playable is not None else self.preferences.folder / session.title
            file_dialogs.ask_export(self, song, form, lambda path: self.exporter.export(session, path, form))

    def _help(self) -> None:
        from irec_live.gui.help_dialog import HelpDialog

        HelpDialog(self.actions(), self).show()

    def _about(self) -> None:
        from irec_live.gui.about_dialog import AboutDialog
        from irec_live.gui.diagnostics import diagnostics

        session = self.manager.session
        left_out = self.top.models.left_out
        facts = diagnostics(left_out=left_out)
        if session is not None:
            stats = session.snapshot(self.bridge.span_s).stats
            facts = diagnostics(session.specs, stats, session.kind, left_out)
        AboutDialog(facts, self).show()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Show what dropping would do."""
        paths = dropped_paths(event.mimeData())
        if paths:
            event.acceptProposedAction()
            self.overlay.appear(drop_text(paths))

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        """Hide the overlay."""
        self.overlay.hide()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open what was dropped: sound files and folders one after another, and at most one model."""
        self.overlay.hide()
        paths = dropped_paths(event.mimeData())
        event.acceptProposedAction()
        models = [path for path in paths if is_model_file(path)]
        sounds = [path for path in paths if not is_model_file(path)]
        note = ""
        if len(models) > 1:
            left = list_text([path.name for path in models[1:]])
            note = tr("Of several models, {model} is used; not loaded: {left}", model=models[0].name, left=left)
        if sounds:
            self.open_paths(sounds, models[0] if models else None, note)
        elif models:
            self.open_path(models[0])
            self.messages.say("note", note)

    def changeEvent(self, event: QEvent) -> None:
        """Poll less often while minimised, to save power."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.WindowStateChange:
            self.bridge.rest(self.isMinimized())
            self.device_watch.rest(self.isMinimized())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Share the height among the parts, and keep the overlay over all."""
        super().resizeEvent(event)
        self.page.fit(self.height())
        self.panel.fit(self.height())
        self.overlay.fit()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Save the settings, hide, then stop the session and its threads."""
        self.preferences.geometry = self.saveGeometry()
        self.preferences.save()
        self.hide()  # first: stopping a device may take a second or two
        self.bridge.watch(None)
        self.playback.attach(None)
        self.finder.stop()
        self.recording.close()  # before what may take longer: the user has ended it now
        self.earlier.close()
        self.exporter.stop()
        self.sending.close()
        self.view_export.close()
        self.correcting.close()
        self.library.close()
        self.models.stop()
        self.device_watch.stop()
        self.source_check.stop()
        self.comparison.stop()
        self.manager.close()
        super().closeEvent(event)
