"""Session manager: opens sources and models off the GUI thread and holds the one running session.

A failure does not affect the running session: a new one replaces it only when it is open, and if a device admits one
user at a time, the old session is opened again. Requests made while something is still being opened are added to it:
the last source counts, and of each kind the last model.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal

from irec_live.errors import IrecError
from irec_live.gui.backend import Backend, LoadedModel
from irec_live.gui.background import Background
from irec_live.gui.kept_session import KeptSession
from irec_live.gui.language import tr
from irec_live.gui.requests import SourceRequest, as_playable
from irec_live.gui.session_opener import Change, Outcome, SessionOpener, SessionPlan, Setup
from irec_live.gui.wording import sentence

if TYPE_CHECKING:
    from irec_live.session import Session

_STUCK_S = 6.0
"""Seconds after which a task counts as hung once the user requests something else."""


class SessionManager(QObject):
    """Holds the running session. GUI thread only.

    Parameters
    ----------
    backend : Backend
    models : sequence of str
        Names or paths of the first models; they replace the bundled ones of their kinds.
    changes : sequence of Change
        What the user chose in an earlier run instead of them.
    """

    opening = Signal(str)
    """A phrase: what is being opened."""
    repairing = Signal(float)
    """Share that is done of a recorded session that has to be completed before it is opened."""
    opened = Signal(object)
    """Carries the new `Setup`."""
    failed = Signal(str)
    """One sentence. The former session still runs."""
    noted = Signal(str)
    """One sentence that is not an error."""
    devices_listed = Signal(object)
    """Carries a sequence of `Device`."""
    models_listed = Signal(object)
    """Carries a sequence of `ModelInfo`."""
    left_out_listed = Signal(object)
    """Carries a sequence of `LeftOut`."""
    closed = Signal()
    """There is no session left."""
    left = Signal(object)
    """Carries the `Setup` of a live session that was replaced, and that `go_back` shows again."""

    _repaired = Signal(int, float)

    def __init__(
        self,
        backend: Backend,
        models: Sequence[str] = (),
        changes: Sequence[Change] = (),
    ) -> None:
        super().__init__()
        self._backend = backend
        # Used while no session runs: the models of the last one, and those chosen since.
        self._last_models = tuple(models)
        self._changes: list[Change] = list(changes)
        self._complete = True  # until a session has shown which models there are
        self._setup: Setup | None = None
        self._pending: SessionPlan | None = None  # the newest, until its result arrives
        self._opener = SessionOpener(backend, lambda: self._setup)
        self._asked = 0
        # NB: of the newest request; replaced here, set here, read by the worker.
        self._given_up = threading.Event()
        # NB: emitted on the worker; queued, so that a share of an older request is recognised here.
        self._repaired.connect(self._show_repairing, Qt.ConnectionType.QueuedConnection)
        self._listing = False
        # NB: filled by the worker, emptied here; list.append and list.remove are atomic.
        self._unclaimed: list[Session] = []
        # Two threads: closing a device that hangs must not delay the opening of the next one.
        self._worker = Background("irec-manager", self)
        self._closer = Background("irec-closer", self)
        self._kept = KeptSession(self._closer.submit)

    @property
    def session(self) -> Session | None:
        """The running session."""
        return self._setup.session if self._setup else None

    @property
    def request(self) -> SourceRequest | None:
        """The source of the running session."""
        return self._setup.request if self._setup else None

    @property
    def kept(self) -> Setup | None:
        """The live session that was left last, if enough was heard in it."""
        return self._kept.setup

    @property
    def models(self) -> dict[str, str]:
        """Model kind -> name or path in use."""
        return dict(self._setup.models) if self._setup else {}

    def open(self, request: SourceRequest, model: str | None = None) -> None:
        """Open another source, with the models in use or just chosen.

        Parameters
        ----------
        request : SourceRequest
        model : str, optional
            Name or path of a model that replaces the one of its kind.
        """
        changes: tuple[Change, ...] = (("use", model),) if model is not None else ()
        former = self._newest()
        if former is None:
            plan = SessionPlan(request, request, self._last_models, (*self._changes, *changes), complete=self._complete)
        else:
            plan = SessionPlan(request, request, former.models, (*former.changes, *changes))
        self._submit(plan, request.describe())

    def open_first(self, request: SourceRequest, *, demo: bool) -> None:
        """Open the first source.

        Parameters
        ----------
        request : SourceRequest
        demo : bool
            Whether to fall back to the default microphone, then to the demo clip, if that source is not available.
        """
        plan = SessionPlan(request, request, self._last_models, tuple(self._changes), demo, self._complete)
        self._submit(plan, request.describe())

    def go_back(self) -> None:
        """Show the live session that was left last, as it was; what runs now is left for it. Without one, nothing."""
        setup = self._kept.take()
        if setup is not None:
            self._asked += 1  # what is being opened comes too late
            self._given_up.set()
            self._replace(setup)

    def give_up(self) -> None:
        """End the repairing that `repairing` tells of; the session can be opened, and repaired, another time."""
        self._given_up.set()

    def use_model(self, name_or_path: str) -> None:
        """Replace the model of the same kind, and continue with the same source; of a recorded session, its audio."""
        change: Change = ("use", name_or_path)
        former = self._newest()
        if former is None:  # no source yet: keep the model for the first one
            self._check_model(change)
        else:
            request, wanted = former.request.anew(), former.wanted.anew()
            changes = (*former.changes, change)
            self._submit(replace(former, request=request, wanted=wanted, changes=changes), name_or_path)

    def drop_model(self, kind: str) -> None:
        """Stop using the model of one kind; the last model cannot be dropped."""
        former = self._newest()
        if former is None or self._setup is None or kind not in self._setup.models or len(self._setup.models) < 2:
            return
        remaining = tuple(name for name in former.models if name != self._setup.models[kind])
        if remaining:
            changes: tuple[Change, ...] = (
                *former.changes,
                ("drop", kind),
            )  # also one of its kind that is still being loaded
            self._submit(replace(former, models=remaining, changes=changes), former.request.describe())

    def list_devices(self) -> None:
        """List the devices; emits `devices_listed`, or nothing if they cannot be listed."""

        def take(devices: object) -> None:
            self._listing = False
            if devices is not None:
                self.devices_listed.emit(devices)

        if not self._listing:
            self._listing = True
            self._worker.submit(self._backend.list_devices, take, lambda _: take(None))

    def list_models(self) -> None:
        """List the models; emits `models_listed` and `left_out_listed`."""
        self._worker.submit(self._backend.list_models, self.models_listed.emit)
        self._worker.submit(self._backend.left_out_models, self.left_out_listed.emit)

    def close(self) -> None:
        """Close the session and the threads; returns within a few seconds."""
        self._given_up.set()
        self._asked += 1
        setup, self._setup = self._setup, None
        kept = self._kept.take()
        for one in (setup, kept):
            if one is not None:
                one.session.close()
        self._worker.stop()
        self._closer.stop()
        for session in self._unclaimed:  # opened while we closed
            session.close()

    def _newest(self) -> SessionPlan | None:
        """The plan that changes start from: the one being opened, else that of the running session."""
        pending, running = self._pending, self._setup
        if running is None:
            return pending
        if pending is None:
            return SessionPlan(running.request, running.wanted, tuple(running.models.values()))
        if self._worker.waiting_s > _STUCK_S:  # devices hang, models do not: keep the models of the plan only
            return replace(pending, request=running.request, wanted=running.wanted)
        return pending

    def _check_model(self, change: Change) -> None:
        _, name = change
        self._changes.append(change)  # at once: a source may be requested before the model is loaded

        def take(model: LoadedModel) -> None:
            self.noted.emit(tr("{model} is loaded; choose a source to use it", model=model.spec.name))

        def report(text: str) -> None:
            if change in self._changes:
                self._changes.remove(change)
            self.failed.emit(text)

        self._worker.submit(lambda: self._backend.load_model(name), take, report)

    def _submit(self, plan: SessionPlan, what: str) -> None:
        if self._worker.waiting_s > _STUCK_S:
            self._worker.renew()
            self._listing = False
        self._asked += 1
        ticket = self._asked  # the result of an older request is recognised by its number, and dropped
        self._pending = plan
        self._given_up.set()  # nobody waits any more for what was being repaired
        given_up = self._given_up = threading.Event()
        self.opening.emit(what)

        def take(outcome: Outcome) -> None:
            self._take(outcome, ticket)

        def report(text: str) -> None:
            if ticket == self._asked:
                self._pending = None
                if self._setup is None:
                    self._changes = list(plan.changes)
                self.failed.emit(text)

        def progress(share: float) -> None:
            if given_up.is_set():
                raise IrecError(
                    tr("{name} was not opened. Nothing in it is lost: it is completed next time.", name=what)
                )
            self._repaired.emit(ticket, share)

        def keep() -> Outcome:
            outcome = self._opener.make(plan, progress)
            if outcome.setup is not None:
                self._unclaimed.append(outcome.setup.session)
            return outcome

        self._worker.submit(keep, take, report)

    def _show_repairing(self, ticket: int, share: float) -> None:
        if ticket == self._asked and self._pending is not None:
            self.repairing.emit(share)

    def _take(self, outcome: Outcome, ticket: int) -> None:
        setup = outcome.setup
        if setup is not None:
            self._unclaimed.remove(setup.session)
        if ticket != self._asked:  # the user requested something else meanwhile
            if setup is not None:
                self._dispose(setup.session)
            return
        self._changes.clear()
        self._replace(setup)
        if outcome.note:
            self.noted.emit(sentence(outcome.note))
        if outcome.problem:  # last: the newest message is the one that is shown
            self.failed.emit(outcome.problem)

    def _replace(self, setup: Setup | None) -> None:
        """Show another session, or none, and say so."""
        old, self._setup = self._setup, setup
        self._pending = None
        if setup is not None:
            self._last_models, self._complete = tuple(setup.models.values()), False
        self._continue(old, setup)
        kept = old is not None and self._kept.leave(old)
        if setup is None:
            self.closed.emit()
        else:
            self.opened.emit(setup)
        if kept:
            self.left.emit(self.kept)

    def _continue(self, old: Setup | None, new: Setup | None) -> None:
        """Carry over the playhead, and start the new session only when the old one is paused."""
        position_s, playing = 0.0, True
        if old is not None:
            former = as_playable(old.session)
            if former is not None:
                if new is not None and old.request == new.request:  # the same file with another model
                    position_s, playing = former.position_s, former.playing
                former.pause()
        coming = as_playable(new.session) if new is not None else None
        if coming is not None:
            if position_s > 0:
                coming.seek(position_s)
            if playing:
                coming.play()

    def _dispose(self, session: Session) -> None:
        # On a thread of its own: closing a device may take seconds, and the worker may be busy with another.
        self._closer.submit(session.close)

    @property
    def waiting_s(self) -> float:
        """Seconds that the newest request has been waiting; 0 when nothing is being opened."""
        return self._worker.waiting_s
