"""The desk: opens sources and models off the GUI thread and hands over one running session at a time.

Nothing that fails here harms what runs: a new session replaces the old one only once it stands, and where a device
admits one user at a time the old session is taken up again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from irec_live.errors import DeviceError, IrecError, MediaError
from irec_live.gui.backend import Backend, LoadedModel
from irec_live.gui.background import Background
from irec_live.gui.requests import SourceRequest, as_playable
from irec_live.gui.wording import sentence

if TYPE_CHECKING:
    from irec_live.session import Session

_STUCK_S = 6.0
"""A job that takes longer is taken for hung once the user asks for something else."""


@dataclass(frozen=True)
class Setup:
    """A session with how to make it again.

    Attributes
    ----------
    session : Session
    request : SourceRequest
    models : dict of str to str
        Model kind -> the name or path it was loaded by.
    """

    session: Session
    request: SourceRequest
    models: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Outcome:
    """What came of an attempt: a setup (the former one made again, or none at all, if there is a complaint)."""

    setup: Setup | None
    complaint: str = ""
    note: str = ""


class Desk(QObject):
    """Holds the running session. GUI thread only.

    Parameters
    ----------
    backend : Backend
    models : sequence of str
        Names or paths to begin with; none means the bundled ones.
    """

    opening = Signal(str)
    """A sentence part: what is being opened."""
    opened = Signal(object)
    """Carries the new `Setup`."""
    failed = Signal(str)
    """One sentence. The session that ran before still runs."""
    noted = Signal(str)
    """One sentence of good news."""
    devices_listed = Signal(object)
    models_listed = Signal(object)
    closed = Signal()
    """There is no session any more."""

    def __init__(self, backend: Backend, models: Sequence[str] = (), parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._backend = backend
        self._first_models = list(models)
        self._setup: Setup | None = None
        self._asked = 0
        self._listing = False
        # NB: filled by the worker, emptied here; list.append and list.remove are atomic.
        self._unclaimed: list[Session] = []
        self._worker = Background("irec-desk", self)
        self._closer = Background("irec-closer", self)

    @property
    def session(self) -> Session | None:
        """What is heard now."""
        return self._setup.session if self._setup else None

    @property
    def request(self) -> SourceRequest | None:
        """What was asked for to get it."""
        return self._setup.request if self._setup else None

    @property
    def models(self) -> dict[str, str]:
        """Model kind -> name or path in use."""
        return dict(self._setup.models) if self._setup else {}

    def open(self, request: SourceRequest) -> None:
        """Hear something else, with the models in use."""
        self._start(request, request.describe(), None)

    def open_first(self, request: SourceRequest, *, demo: bool) -> None:
        """Hear something to begin with.

        Parameters
        ----------
        request : SourceRequest
        demo : bool
            Whether to make do with the default microphone, or else the demo clip, where that source cannot be had.
        """
        self._submit(lambda: self._make_first(request, demo), request.describe())

    def use_model(self, name_or_path: str) -> None:
        """Put a model in the place of the one of its kind and go on with the same source."""
        request = self._setup.request if self._setup else None
        self._start(request, name_or_path, name_or_path)

    def drop_model(self, kind: str) -> None:
        """Go on without the model of one kind; the last one stays."""
        if self._setup is None or kind not in self._setup.models or len(self._setup.models) < 2:
            return
        remaining = {other: name for other, name in self._setup.models.items() if other != kind}
        request = self._setup.request
        self._submit(lambda: self._make(request, list(remaining.values()), None), request.describe())

    def list_devices(self) -> None:
        """Ask which devices there are; answered by `devices_listed`, and by nothing if they cannot be listed."""

        def take(devices: object) -> None:
            self._listing = False
            if devices is not None:
                self.devices_listed.emit(devices)

        if not self._listing:
            self._listing = True
            self._worker.submit(self._backend.list_devices, take, lambda _: take(None))

    def list_models(self) -> None:
        """Ask which models there are; answered by `models_listed`."""
        self._worker.submit(self._backend.list_models, self.models_listed.emit, lambda _: None)

    def close(self) -> None:
        """Close the session and the threads; returns within a few seconds."""
        self._asked += 1
        setup, self._setup = self._setup, None
        if setup is not None:
            setup.session.close()
        self._worker.stop()
        self._closer.stop()
        for session in self._unclaimed:  # opened while we closed
            session.close()

    def _start(self, request: SourceRequest | None, what: str, extra: str | None) -> None:
        names = list(self._setup.models.values()) if self._setup else self._first_models
        if request is None and extra is not None:  # nothing runs yet: remember the model for the first source
            self._check_model(extra)
            return
        if request is not None:
            wanted = request
            self._submit(lambda: self._make(wanted, names, extra), what)

    def _check_model(self, name: str) -> None:
        def take(model: LoadedModel) -> None:
            self._first_models = [name]
            self.noted.emit(f"{model.spec.name} is loaded; choose a source to use it")

        self._worker.submit(lambda: self._backend.load_model(name), take, self.failed.emit)

    def _submit(self, work: Callable[[], _Outcome], what: str) -> None:
        if self._worker.waiting_s > _STUCK_S:
            self._worker.renew()
            self._listing = False
        self._asked += 1
        ticket = self._asked
        self.opening.emit(what)

        def take(outcome: _Outcome) -> None:
            self._take(outcome, ticket)

        def complain(text: str) -> None:
            if ticket == self._asked:
                self.failed.emit(text)

        def keep() -> _Outcome:
            outcome = work()
            if outcome.setup is not None:
                self._unclaimed.append(outcome.setup.session)
            return outcome

        self._worker.submit(keep, take, complain)

    def _make_first(self, request: SourceRequest, demo: bool) -> _Outcome:
        """On the worker: the source asked for, or the next best."""
        problem: DeviceError | None = None
        for wish in dict.fromkeys([request, SourceRequest("mic")] if demo else [request]):
            try:
                outcome = self._make(wish, self._first_models, None)
            except DeviceError as error:
                problem = problem or error
            else:
                note = f"{problem}; listening to the default microphone instead" if problem else outcome.note
                return _Outcome(outcome.setup, outcome.complaint, note)
        if problem is None or not demo:
            raise problem or DeviceError("there is nothing to listen to")
        try:
            clip = self._backend.demo_clip()
        except MediaError:
            raise problem from None
        outcome = self._make(SourceRequest("file", path=clip), self._first_models, None)
        return _Outcome(outcome.setup, note=f"{problem}; playing the demo clip instead")

    def _make(self, request: SourceRequest, names: list[str], extra: str | None) -> _Outcome:
        """On the worker: load, open, and if we hold the device ourselves, let go of it first."""
        loaded = {}
        for name in [*(names or self._backend.default_models()), *([extra] if extra else [])]:
            model = self._backend.load_model(name)
            loaded[model.spec.kind] = (name, model)
        models = {str(kind): name for kind, (name, _) in loaded.items()}
        networks = [model for _, model in loaded.values()]
        note = "; ".join(dict.fromkeys(model.notice for model in networks if model.notice))
        # NB: read once; the GUI thread may replace it meanwhile, which only makes this attempt outdated.
        old = self._setup
        try:
            return _Outcome(Setup(self._backend.open(request, networks), request, models), note=note)
        except DeviceError:
            if old is None or old.session.kind != "live" or request.kind == "file":
                raise
            old.session.close()
        try:
            return _Outcome(Setup(self._backend.open(request, networks), request, models), note=note)
        except IrecError as error:
            return self._restore(old, str(error))

    def _restore(self, old: Setup, complaint: str) -> _Outcome:
        """On the worker: take up the former source again."""
        try:
            networks = [self._backend.load_model(name) for name in old.models.values()]
            return _Outcome(Setup(self._backend.open(old.request, networks), old.request, old.models), complaint)
        except IrecError:
            return _Outcome(None, complaint)

    def _take(self, outcome: _Outcome, ticket: int) -> None:
        setup = outcome.setup
        if setup is not None:
            self._unclaimed.remove(setup.session)
        if ticket != self._asked:  # the user asked for something else meanwhile
            if setup is not None:
                self._dispose(setup.session)
            return
        old, self._setup = self._setup, setup
        self._continue(old, setup)
        if setup is None:
            self.closed.emit()
        else:
            self.opened.emit(setup)
        if outcome.complaint:
            self.failed.emit(outcome.complaint)
        if outcome.note:
            self.noted.emit(sentence(outcome.note))

    def _continue(self, old: Setup | None, new: Setup | None) -> None:
        """Carry over what the user set, and let the new session sound only once the old one is silent."""
        position_s, playing = 0.0, True
        if old is not None:
            former = as_playable(old.session)
            if former is not None:
                if new is not None and old.request == new.request:
                    position_s, playing = former.position_s, former.playing
                former.pause()
            self._dispose(old.session)
        coming = as_playable(new.session) if new is not None else None
        if coming is not None:
            if position_s > 0:
                coming.seek(position_s)
            if playing:
                coming.play()

    def _dispose(self, session: Session) -> None:
        self._closer.submit(session.close, lambda _: None, lambda _: None)

    @property
    def waiting_s(self) -> float:
        """Seconds that the newest request has been waiting; 0 when nothing is being opened."""
        return self._worker.waiting_s
