"""Controller of the time axis: connects viewport, selection, keys, mouse, overview and event list with one another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, QRect
from PySide6.QtWidgets import QToolTip, QWidget

from irec_live.gui.event_list import EventList
from irec_live.gui.hover_text import lane_text, spectrum_text
from irec_live.gui.language import tr
from irec_live.gui.requests import as_playable
from irec_live.gui.theme import RIGHT_GUTTER, Theme
from irec_live.gui.time_overlay import TimeOverlay
from irec_live.gui.time_selection import TimeSelection
from irec_live.gui.view_actions import ViewActions
from irec_live.gui.view_chip import HEIGHT, ViewChip, behind_text
from irec_live.gui.view_gestures import ViewGestures
from irec_live.gui.viewport import PAN_SHARE, ZOOM_STEP, Viewport
from irec_live.gui.zoom_buttons import ZoomButtons
from irec_live.results import Event, Overview, Snapshot

if TYPE_CHECKING:
    from irec_live.gui.main_window import MainWindow
    from irec_live.session import Session

_EDGE = 6
"""Pixels between the zoom buttons and the edge of the window."""

_TIP_EVERY = 8
"""Pictures between two changes of the numbers under a pointer that rests: they could not be read faster."""


_LEGEND = 340
"""Pixels that the legend above the lanes takes."""

_HEARD_S = 1.0
"""Seconds before the playhead from which the headline takes how likely an instrument is."""


class TimelineControl(QObject):
    """Zoom, pan, hold, select, hover and event list of one window. GUI thread only.

    Parameters
    ----------
    window : MainWindow
        With its widgets; its session is given by `attach`.

    Attributes
    ----------
    viewport : Viewport
    selection : TimeSelection
        What was marked with Shift-drag or Ctrl+A.
    events : EventList
    """

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._session: Session | None = None
        self._snapshot = Snapshot()
        self._pictures = 0
        self._shown: tuple[float, float | None] = (window.bridge.span_s, None)
        self._event: Event | None = None  # that was chosen from the list
        self._pointed: tuple[QWidget, QPointF] | None = None
        self.viewport = Viewport(window.bridge, self)
        self.selection = TimeSelection(self)
        self.actions = ViewActions(window, window.actions_.view_menu)
        self.overlay = TimeOverlay(window.page)
        self.chip = ViewChip(self.actions.follow, window.page)
        act = self.actions
        self.zoom_buttons = ZoomButtons(
            [("−", act.zoom_out), ("+", act.zoom_in), (tr("All"), act.zoom_all)], window.page
        )
        self.events = EventList(act.event_list)
        window.middle.addWidget(self.events)
        page = window.page
        self._gestures = ViewGestures(
            self.viewport, self.selection, (page.lanes.canvas, page.spectrogram, page.ruler), self._point, self
        )
        for widget in (page, page.lanes, page.spectrogram):
            widget.installEventFilter(self)
        self._connect()
        self.attach(None)

    def attach(self, session: Session | None) -> None:
        """Show another session, or none; of the same file with other models, the same part of it."""
        former, coming = as_playable(self._session), as_playable(session)
        same = former is not None and coming is not None and former.path == coming.path
        self._session = session
        self._snapshot, self._event, self._pointed = Snapshot(), None, None
        if not same:
            self.selection.clear()
        self.overlay.show_pointer(None)
        live = coming is None
        self.actions.show_kind(live=live, session=session is not None)
        shown = self._shown
        self.viewport.reset(live=live, span_s=self._window.preferences.span_s)
        if same and coming is not None:
            self.viewport.length_s = coming.duration_s
            self.viewport.restore(*shown)
            if self.selection.span is not None:
                self._window.playback.set_loop(self.selection.span)
        self.events.show_overview(Overview(), live=live)
        self._show_axis()

    def set_theme(self, theme: Theme) -> None:
        """Repaint in another theme."""
        self.overlay.set_theme(theme)
        self.events.set_theme(theme)

    def go_to(self, event: Event) -> None:
        """Show an event: a file is played from its onset, of a live session its span is shown."""
        self._event = event
        playable = as_playable(self._session)
        if playable is not None:
            self._window.playback.seek(event.onset_s)
        offset_s = self.viewport.now_s if event.offset_s is None else event.offset_s
        length_s = max(0.0, offset_s - event.onset_s)
        if length_s > 0.9 * self.viewport.span_s:
            self.viewport.show(event.onset_s - 0.1 * length_s, offset_s + 0.1 * length_s)
        else:
            self.viewport.centre((event.onset_s + offset_s) / 2)
        self._window.page.lanes.reveal(event.label)
        self._mark()

    def heard(self, snapshot: Snapshot) -> Snapshot:
        """What the headline shows: what is heard at the playhead, also while another part of a file is looked at."""
        playable = as_playable(self._session)
        if playable is None or self.viewport.following:
            return snapshot
        return playable.snapshot(_HEARD_S)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keep what lies over the page in its place."""
        if event.type() in (QEvent.Type.Resize, QEvent.Type.Move, QEvent.Type.LayoutRequest):
            self._place()
        return False

    def _connect(self) -> None:
        window, act, view = self._window, self.actions, self.viewport
        act.zoom_in.triggered.connect(lambda: view.zoom(1.0 / ZOOM_STEP))
        act.zoom_out.triggered.connect(lambda: view.zoom(ZOOM_STEP))
        act.zoom_all.triggered.connect(view.show_all)
        act.zoom_selection.triggered.connect(self._zoom_to_selection)
        act.back.triggered.connect(lambda: view.pan(-PAN_SHARE * view.span_s))
        act.forward.triggered.connect(lambda: view.pan(PAN_SHARE * view.span_s))
        act.follow.triggered.connect(view.follow)
        act.hold.triggered.connect(view.toggle_hold)
        act.select_shown.triggered.connect(lambda: self.selection.select(view.start_s, view.end_s))
        act.select_none.triggered.connect(lambda: self._select(None))
        window.panel.live.hold_button.clicked.connect(act.hold.trigger)
        overview = window.panel.overview
        overview.seek_requested.connect(self._seek)
        overview.select_requested.connect(self._select)
        overview.show_requested.connect(view.show)
        overview.zoom_requested.connect(view.zoom)
        window.bridge.snapshot_ready.connect(self._on_picture)
        window.bridge.overview_ready.connect(self._on_overview)
        view.changed.connect(self._show_axis)
        self.selection.changed.connect(self._on_selection)
        self.events.chosen.connect(self.go_to)

    def _on_picture(self, snapshot: Snapshot) -> None:
        playable = as_playable(self._session)
        self._snapshot = snapshot
        length_s = snapshot.now_s if playable is None else playable.duration_s
        self.viewport.note(snapshot, length_s)
        if playable is None:
            self._window.panel.live.show_length(length_s)
        self._mark()
        self._pictures += 1
        if self._pointed is not None and self._pictures % _TIP_EVERY == 0:
            self._point(*self._pointed)

    def _on_overview(self, overview: Overview) -> None:
        self.events.show_overview(overview, live=as_playable(self._session) is None)

    def _on_selection(self, span: tuple[float, float] | None) -> None:
        self._window.playback.selected = span
        if as_playable(self._session) is not None:
            self._window.playback.set_loop(span)
        self._window.panel.overview.show_selection(span)
        self._mark()

    def _select(self, span: tuple[float, float] | None) -> None:
        if span is not None:
            self.selection.select(*span)
        if span is None or self.selection.span is None:
            self.selection.clear()
            self._event = None
            self._window.playback.set_loop(None)  # one that was set by its own keys
            self._window.panel.overview.show_selection(None)

    def _seek(self, time_s: float) -> None:
        if as_playable(self._session) is None:
            self.viewport.centre(time_s)
        else:
            self._window.playback.seek(time_s)
            self.viewport.follow()

    def _zoom_to_selection(self) -> None:
        if self.selection.span is not None:
            self.viewport.show(*self.selection.span)

    def _show_axis(self) -> None:
        view = self.viewport
        self._shown = (view.span_s, None if view.following else view.end_s)
        if view.following:
            self._event = None
        self._window.actions_.show_span(view.span_s)
        self._window.page.ruler.set_axis(
            view.span_s, tr("now") if view.live else tr("playhead"), None if view.following else view.end_s
        )
        self.actions.hold.setChecked(not view.following)
        self._window.panel.live.show_following(view.following)
        self._mark()

    def _mark(self) -> None:
        """Show what the view shows, in the overview, over the lanes, and in words."""
        view = self.viewport
        self._window.panel.overview.show_span(max(0.0, view.start_s), view.end_s)
        axis, event = self._gestures.axis(self.overlay), self._event
        inside = not view.following and view.start_s <= view.now_s <= view.end_s
        self.overlay.show_marks(
            axis,
            selection=self.selection.span,
            event=None if event is None else (event.onset_s, event.offset_s or view.now_s),
            playhead_s=view.now_s if inside else None,
        )
        text = ""
        if self._session is not None and not view.following:
            text = behind_text(view.start_s, view.end_s, view.now_s, live=view.live)
        width = self.chip.width()
        self.chip.show_behind(text, round(axis.plot_width) - _LEGEND, live=view.live)
        if text and self.chip.width() != width:
            self._place()

    def _place(self) -> None:
        page = self._window.page
        top = page.lanes.y() + page.lanes.heading.height()
        self.overlay.setGeometry(QRect(0, top, page.width(), page.spectrogram.geometry().bottom() + 1 - top))
        self.overlay.raise_()
        self.chip.move(page.width() - RIGHT_GUTTER - self.chip.width() - 6, max(0, top - HEIGHT))
        self.chip.raise_()
        buttons = self.zoom_buttons
        buttons.adjustSize()
        buttons.move(page.width() - buttons.width() - _EDGE, page.ruler.y() + 1)
        buttons.raise_()
        self._mark()

    def _point(self, widget: QWidget, place: QPointF | None) -> None:
        axis = self._gestures.axis(widget)
        if place is None or not axis.holds(place.x()):
            self._pointed = None
            self.overlay.show_pointer(None)
            return
        self._pointed = (widget, place)
        time_s = axis.time_at(place.x())
        self.overlay.show_pointer(time_s)
        text = self.text_at(widget, place)
        if text:
            QToolTip.showText(widget.mapToGlobal(place.toPoint()) + QPoint(6, 0), text, widget)

    def text_at(self, widget: QWidget, place: QPointF) -> str:
        """What lies under a point of lanes or spectrogram, in words; empty where nothing does."""
        page, time_s = self._window.page, self._gestures.axis(widget).time_at(place.x())
        if time_s < 0 or not self._snapshot.labels:
            return ""
        if widget is page.spectrogram:
            height = 1.0 - place.y() / max(1, widget.height())
            rows_hz = page.spectrogram.rows_hz(self._snapshot.spectrogram_hz)
            return spectrum_text(self._snapshot, height, time_s, rows_hz)
        canvas = page.lanes.canvas
        label = canvas.label_at(place.y())
        return lane_text(self._snapshot, label, time_s) if widget is canvas and label is not None else ""
