"""Decision control: everything that moves thresholds, smoothing and durations meets here, and is remembered."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu

from irec_live.gui import settings_schema as schema
from irec_live.gui.bridge import Bridge
from irec_live.gui.calibration import Calibration
from irec_live.gui.decision_dialog import DecisionDialog
from irec_live.gui.decision_values import (
    PRESETS,
    WIDEST_OWN,
    applied,
    preset_of,
    preset_title,
    restored,
    restored_presets,
    stored,
)
from irec_live.gui.lanes_view import LanesView
from irec_live.gui.language import tr
from irec_live.gui.menu_entries import entry
from irec_live.gui.message_bar import MessageBar
from irec_live.gui.preferences import Preferences
from irec_live.gui.threshold_control import ThresholdControl
from irec_live.gui.threshold_drag import ThresholdDrag
from irec_live.gui.wording import capital
from irec_live.results import Snapshot
from irec_live.streaming.decisions import Decisions

if TYPE_CHECKING:
    from irec_live.session import Session

_KEY_STEP = 0.02


class DecisionControl(QObject):
    """Holds the `Decisions` and gives them to whatever session runs.

    Parameters
    ----------
    lanes : LanesView
    slider : ThresholdControl
        Of the offset of all thresholds.
    bridge : Bridge
        Tells which session runs.
    preferences : Preferences
    messages : MessageBar
    menu : QMenu
        Gets a submenu, before `before`.
    before : QAction
    """

    def __init__(
        self,
        lanes: LanesView,
        slider: ThresholdControl,
        bridge: Bridge,
        preferences: Preferences,
        messages: MessageBar,
        menu: QMenu,
        before: QAction,
    ) -> None:
        super().__init__(lanes)
        self._lanes, self._slider, self._bridge = lanes, slider, bridge
        self._preferences, self._messages = preferences, messages
        self._presets = restored_presets(preferences.get(schema.OWN_PRESETS))
        self._dialog: DecisionDialog | None = None
        self._before_drag = 0.0
        self._undo: Decisions | None = None
        self._said = ""
        held = restored(preferences.get(schema.DECISIONS))
        self.decisions = replace(held, offset=preferences.threshold_offset)
        self.calibration = Calibration(self)
        self.calibration.progressed.connect(self._on_progress)
        self.calibration.finished.connect(self._on_calibrated)
        self.touch = ThresholdDrag(lanes.canvas)
        self.touch.began.connect(self._begin_drag)
        self.touch.moved.connect(lambda label, by: self.set_own(label, self._before_drag + by))
        self.touch.reset.connect(lambda label: self.set_own(label, 0.0))
        lanes.key_wanted.connect(self._key)
        slider.set_offset(self.decisions.offset)
        slider.changed.connect(lambda offset: self.decide(replace(self.decisions, offset=offset)))
        bridge.snapshot_ready.connect(self._on_snapshot)
        self.menu = QMenu(tr("&Decisions"), menu)
        menu.insertMenu(before, self.menu)
        self.menu.aboutToShow.connect(self._fill_menu)
        self._fill_menu()
        self._show()

    def attach(self, session: Session) -> None:
        """Give the decisions to a session that begins."""
        self.calibration.stop()
        self._undo = None
        session.decisions = self.decisions

    def decide(self, decisions: Decisions) -> None:
        """Change the decisions."""
        self.decisions = decisions
        self._preferences.threshold_offset = decisions.offset
        self._preferences.put(schema.DECISIONS, stored(decisions))
        session = self._bridge.session
        if session is not None:
            session.decisions = decisions
            self._bridge.refresh_overview()
        self._show()

    def own(self, label: str) -> float:
        """What is added to the threshold of one instrument alone."""
        return dict(self.decisions.own).get(label, 0.0)

    def set_own(self, label: str, offset: float) -> None:
        """Move the threshold of one instrument; 0 is where the model has it."""
        bounded = round(min(WIDEST_OWN, max(-WIDEST_OWN, offset)), 3)
        self.decide(self.decisions.with_own(label, bounded))

    def choose_preset(self, name: str) -> None:
        """Decide as a preset says."""
        decisions = applied(name, self._presets, self.decisions)
        self._slider.blockSignals(True)
        self._slider.set_offset(decisions.offset)
        self._slider.blockSignals(False)
        self.decide(decisions)

    def save_preset(self, name: str) -> None:
        """Keep the present decisions under a name."""
        if name and name not in PRESETS:
            self._presets = self._presets | {name: stored(self.decisions)}
            self._preferences.put(schema.OWN_PRESETS, self._presets)
            self._show()

    def delete_preset(self, name: str) -> None:
        """Forget a preset of the user's."""
        self._presets = {key: value for key, value in self._presets.items() if key != name}
        self._preferences.put(schema.OWN_PRESETS, self._presets)
        self._show()

    def calibrate(self) -> None:
        """Learn the noise of the room, which takes three seconds."""
        session = self._bridge.session
        if session is not None and session.kind == "live":
            self._said = ""
            self._messages.say("calibration", tr("Listening to the noise of this room for 3 s: nobody should play"))
            self.calibration.start(session)
            self._show_calibration()

    def undo_calibration(self) -> None:
        """Decide as before the last calibration."""
        if self._undo is not None:
            own, self._undo = self._undo.own, None
            self._said = tr("The calibration is undone")
            self._messages.say("calibration", self._said)
            self.decide(replace(self.decisions, own=own))

    def open_dialog(self) -> DecisionDialog:
        """Show the dialog."""
        if self._dialog is None:
            window = self._lanes.window()
            dialog = self._dialog = DecisionDialog(window)
            dialog.changed.connect(self.decide)
            dialog.preset_chosen.connect(self.choose_preset)
            dialog.preset_saved.connect(self.save_preset)
            dialog.preset_deleted.connect(self.delete_preset)
            dialog.calibration_wanted.connect(self.calibrate)
            dialog.undo_wanted.connect(self.undo_calibration)
        self._show()
        self._dialog.show()
        self._dialog.raise_()
        return self._dialog

    def _begin_drag(self, label: str) -> None:
        self._before_drag = self.own(label)

    def _key(self, label: str, key: int, modifiers: Qt.KeyboardModifier) -> None:
        if key in (Qt.Key.Key_Up, Qt.Key.Key_Down) and modifiers & Qt.KeyboardModifier.ShiftModifier:
            self.set_own(label, self.own(label) + (_KEY_STEP if key == Qt.Key.Key_Up else -_KEY_STEP))
        elif key == Qt.Key.Key_Backspace:
            self.set_own(label, 0.0)

    def _on_progress(self, share: float) -> None:
        if self._dialog is not None:
            self._dialog.progress.setValue(round(100 * share))

    def _on_calibrated(self, decisions: Decisions | None, text: str) -> None:
        self._said = capital(text)
        if decisions is not None and decisions != self.decisions:
            self._undo = self.decisions
            self._said = tr("{done}. Menu, Decisions, Undo takes it back", done=self._said)
            self.decide(decisions)
        self._messages.say("calibration", self._said, "warning" if decisions is None else "info")
        self._show_calibration()

    def _on_snapshot(self, snapshot: Snapshot) -> None:
        if self._dialog is not None and self._dialog.isVisible():
            times = snapshot.activation_times
            hop_s = float(np.median(np.diff(times))) if len(times) > 2 else 0.1
            self._dialog.show_timing(hop_s, snapshot.stats.latency_ms)

    def _show(self) -> None:
        self._lanes.canvas.mark_own(frozenset(label for label, _ in self.decisions.own))
        if self._dialog is not None:
            self._dialog.show_decisions(self.decisions, self._presets)
        self._show_calibration()

    def _show_calibration(self) -> None:
        if self._dialog is not None:
            session = self._bridge.session
            self._dialog.show_calibration(
                possible=session is not None and session.kind == "live",
                running=self.calibration.running,
                undoable=self._undo is not None,
                text=self._said,
            )

    def _fill_menu(self) -> None:
        self.menu.clear()
        session = self._bridge.session
        entry(self.menu, tr("&Smoothing, durations, presets…"), self.open_dialog)
        current = preset_of(self.decisions, self._presets)
        for name in (*PRESETS, *self._presets):
            entry(self.menu, preset_title(name), partial(self.choose_preset, name), checked=name == current)
        self.menu.addSeparator()
        calibrate = entry(self.menu, tr("&Calibrate to this room (3 s)"), self.calibrate)
        calibrate.setEnabled(session is not None and session.kind == "live" and not self.calibration.running)
        undo = entry(self.menu, tr("&Undo the calibration"), self.undo_calibration)
        undo.setEnabled(self._undo is not None)
        text = tr("Reset the thresholds of single &instruments")
        reset = entry(self.menu, text, lambda: self.decide(replace(self.decisions, own=())))
        reset.setEnabled(bool(self.decisions.own))
