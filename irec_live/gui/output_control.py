"""Sending results to lights and visuals, as OSC and MIDI: a menu, off whenever the window opens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QInputDialog, QMenu, QWidget

from irec_live.gui.background import Background
from irec_live.gui.language import tr
from irec_live.gui.menu_entries import command
from irec_live.gui.preferences import Preferences
from irec_live.gui.session_manager import SessionManager
from irec_live.gui.session_opener import Setup
from irec_live.gui.settings_schema import MIDI_PORT, OSC_TARGET, Setting
from irec_live.gui.wording import sentence

if TYPE_CHECKING:
    from irec_live.outputs import LiveOutput, Receiver
    from irec_live.session import LiveSession

_TICK_MS = 500


class _Kind:
    """One way to send: its action, what was asked for, and what runs."""

    def __init__(self, name: str, action: QAction, opened: Callable[[str, tuple[str, ...]], Receiver]) -> None:
        self.name, self.action, self.open = name, action, opened
        self.target = ""
        self.output: LiveOutput | None = None


class OutputControl(QObject):
    """Sends what the live session hears. GUI thread only.

    Parameters
    ----------
    manager : SessionManager
    preferences : Preferences
        Remembers addresses and ports, not that they were on.
    menu : QMenu
        The window's, to which a menu is added.
    before : QAction
        That it is put before.
    window : QWidget
    """

    said = Signal(str, str, str)
    """Key of the message, a sentence, and ``info``, ``warning`` or ``error``."""

    def __init__(
        self, manager: SessionManager, preferences: Preferences, menu: QMenu, before: QAction, window: QWidget
    ) -> None:
        super().__init__(window)
        self._preferences, self._window = preferences, window
        self._session: LiveSession | None = None
        self._worker = Background("irec-sending", self)
        self.osc = _Kind("OSC", command(window, tr("&OSC messages…"), checkable=True), _open_osc)
        self.midi = _Kind("MIDI", command(window, tr("&MIDI notes…"), checkable=True), _open_midi)
        self.osc.action.triggered.connect(lambda on: self._ask_osc() if on else self.stop(self.osc))
        self.midi.action.triggered.connect(lambda on: self._ask_midi() if on else self.stop(self.midi))
        self.menu = QMenu(tr("&Send"), menu)
        self.menu.addActions([self.osc.action, self.midi.action])
        menu.insertMenu(before, self.menu)
        self._timer = QTimer(self)
        self._timer.setInterval(_TICK_MS)
        self._timer.timeout.connect(self._tick)
        self._told = ""
        manager.opened.connect(self._on_opened)
        manager.closed.connect(lambda: self._follow(None))

    def start(self, kind: _Kind, target: str) -> None:
        """Send to an address or a port from now on."""
        self.stop(kind)
        kind.target = target
        self._begin(kind)

    def stop(self, kind: _Kind) -> None:
        """Send no more."""
        kind.target = ""
        kind.action.setChecked(False)
        self._end(kind)

    def close(self) -> None:
        """Switch off what is lit, and send no more."""
        for kind in (self.osc, self.midi):
            self.stop(kind)
        self._worker.stop()

    def _begin(self, kind: _Kind) -> None:
        session, target = self._session, kind.target
        if not target:
            return
        if session is None:
            self.said.emit("send", tr("{kind} will be sent when a live input is open.", kind=kind.name), "info")
            kind.action.setChecked(True)
            return
        labels = session.labels

        def take(receiver: Receiver) -> None:
            from irec_live.outputs import LiveOutput

            if session is not self._session or target != kind.target:
                receiver.close()
                return
            kind.output = LiveOutput(labels, receiver)
            session.add_tap(kind.output)
            kind.action.setChecked(True)
            self._timer.start()
            self.said.emit("send", tr("Sending {receiver}.", receiver=kind.output.name), "info")

        def refuse(text: str) -> None:
            if target == kind.target:
                kind.target = ""
                kind.action.setChecked(False)
                self.said.emit("send", sentence(text), "error")

        self._worker.submit(lambda: kind.open(target, labels), take, refuse)

    def _end(self, kind: _Kind) -> None:
        output, kind.output = kind.output, None
        if output is None:
            return
        if self._session is not None:
            self._session.remove_tap(output)
        self._worker.submit(output.close)

    def _on_opened(self, setup: Setup) -> None:
        self._follow(setup)

    def _follow(self, setup: Setup | None) -> None:
        """Go on with another session."""
        for kind in (self.osc, self.midi):
            self._end(kind)
        session = None if setup is None else setup.session
        self._session = None
        if session is not None and session.kind == "live":
            from irec_live.session import LiveSession

            self._session = session if isinstance(session, LiveSession) else None
        for kind in (self.osc, self.midi):
            if kind.target and self._session is not None:
                self._begin(kind)

    def _tick(self) -> None:
        outputs = [kind.output for kind in (self.osc, self.midi) if kind.output is not None]
        problem = "; ".join(output.problem for output in outputs if output.problem)
        if problem and problem != self._told:
            self.said.emit("send", sentence(problem), "warning")
        self._told = problem
        if not outputs:
            self._timer.stop()

    def _ask_osc(self) -> None:
        words = tr("Port of this machine, or HOST:PORT of another one")
        self._ask(self.osc, OSC_TARGET, tr("Send OSC messages"), words)

    def _ask_midi(self) -> None:
        self.midi.action.setChecked(False)
        self._worker.submit(_ports, self._choose_midi, lambda text: self.said.emit("send", sentence(text), "error"))

    def _choose_midi(self, ports: list[str]) -> None:
        words = tr("MIDI output; 'virtual' makes one that other programs connect to")
        self._ask(self.midi, MIDI_PORT, tr("Send MIDI notes"), words, ports)

    def _ask(self, kind: _Kind, setting: Setting[str], title: str, words: str, choices: Sequence[str] = ()) -> None:
        """Ask where to send to, from the last answer on, and begin; what is chosen is remembered."""
        kind.action.setChecked(False)
        former = self._preferences.get(setting)
        dialog = QInputDialog(self._window)
        dialog.setWindowTitle(title)
        dialog.setLabelText(words)
        if choices:
            dialog.setComboBoxItems(choices)
        dialog.setTextValue(former if former in choices or not choices else choices[0])

        def send(text: str) -> None:
            self._preferences.put(setting, text)
            self.start(kind, text)

        dialog.textValueSelected.connect(send)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()


def _open_osc(target: str, _labels: tuple[str, ...]) -> Receiver:
    from irec_live.outputs import open_osc

    return open_osc(target)


def _open_midi(target: str, labels: tuple[str, ...]) -> Receiver:
    from irec_live.outputs import open_midi

    return open_midi(target, labels)


def _ports() -> list[str]:
    from irec_live.outputs.midi_port import VIRTUAL, midi_ports

    return [*midi_ports(), VIRTUAL]
