"""Comparison control: lets a second model run on the sound of the session, and shows it in the lanes."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from irec_live.gui.background import Background
from irec_live.gui.bridge import Bridge
from irec_live.gui.comparison import compared
from irec_live.gui.lanes_view import LanesView
from irec_live.gui.language import tr
from irec_live.gui.model_picker import ModelPicker
from irec_live.gui.session_manager import SessionManager
from irec_live.gui.wording import percent_text, sentence
from irec_live.results import Snapshot

if TYPE_CHECKING:
    from irec_live.gui.backend import Backend, SecondModel
    from irec_live.gui.session_opener import Setup

_COST_EVERY = 30
"""Snapshots between two looks at what the second model costs."""


class ComparisonControl(QObject):
    """Opens and closes the second model. GUI thread only."""

    said = Signal(str, str, str)
    """Key, sentence and level of a message."""

    def __init__(
        self, backend: Backend, manager: SessionManager, bridge: Bridge, picker: ModelPicker, lanes: LanesView
    ) -> None:
        super().__init__(lanes)
        self._backend, self._manager, self._picker, self._lanes = backend, manager, picker, lanes
        self._worker = Background("irec-second-model", self)
        self._second: SecondModel | None = None
        self._name = ""
        self._ticket = 0
        self._turn = 0
        picker.compare_wanted.connect(self.compare)
        manager.opened.connect(self._follow)
        manager.closed.connect(self._close)
        bridge.snapshot_ready.connect(self._show)

    @property
    def running(self) -> bool:
        """Whether a second model runs."""
        return self._second is not None

    def compare(self, name: str) -> None:
        """Run this model beside the first, or none if the name is empty."""
        self._name = name
        self._picker.set_compared(name)
        self._close()
        session = self._manager.session
        if name and session is not None:
            ticket = self._ticket
            self._worker.submit(
                partial(self._backend.open_second, session, name), partial(self._take, ticket), self._refused
            )

    def stop(self) -> None:
        """End it for good."""
        self._close()
        self._worker.stop()

    def _follow(self, _: Setup) -> None:
        self.compare(self._name)

    def _take(self, ticket: int, second: SecondModel) -> None:
        if ticket != self._ticket:  # another model or source was chosen meanwhile
            self._worker.submit(second.close)
            return
        self._second, self._turn = second, 0

    def _refused(self, text: str) -> None:
        self._name = ""
        self._picker.set_compared("")
        self.said.emit("comparison", tr("The second model does not run: {reason}", reason=text), "error")

    def _close(self) -> None:
        self._ticket += 1
        second, self._second = self._second, None
        self._lanes.canvas.show_comparison(None)
        self._lanes.heading.show_comparison("")
        if second is not None:  # closing waits for a thread
            self._worker.submit(second.close)

    def _show(self, snapshot: Snapshot) -> None:
        second = self._second
        if second is None:
            return
        theirs = second.snapshot(snapshot.span_s, snapshot.time_s)
        self._lanes.canvas.show_comparison(compared(snapshot, theirs, second.origin_s))
        if self._turn % _COST_EVERY == 0:
            self._lanes.heading.show_comparison(
                tr("{model}, {share} of real time", model=second.spec.name, share=percent_text(second.load))
            )
            if second.message:
                self.said.emit("comparison", sentence(second.message), "warning")
        self._turn += 1
