"""Session opener: opens the source and models of a plan, on the session manager's worker thread.

Everything here blocks; the manager decides whether the outcome is used.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Literal

from irec_live.errors import DeviceError, IrecError, ModelError
from irec_live.gui.backend import Backend, LoadedModel
from irec_live.gui.language import tr
from irec_live.gui.message_translation import part
from irec_live.gui.requests import SourceRequest
from irec_live.gui.wording import list_text
from irec_live.input_kind import InputKind
from irec_live.suffixes import is_session_folder

if TYPE_CHECKING:
    from irec_live.session import Session

Change = tuple[Literal["use", "drop"], str]
"""``("use", name or path)`` of a model that replaces the one of its kind, or ``("drop", kind)``."""


@dataclass(frozen=True)
class Setup:
    """A running session, with all that is needed to open it again.

    Attributes
    ----------
    session : Session
    request : SourceRequest
        The source in use.
    wanted : SourceRequest
        The source that the user chose; differs from `request` after a fallback.
    models : dict of str to str
        Model kind -> the name or path that it was loaded by.
    over : bool
        Whether it was left before: what was heard can be looked at, and no more sound comes.
    """

    session: Session
    request: SourceRequest
    wanted: SourceRequest
    models: dict[str, str] = field(default_factory=dict)
    over: bool = False


@dataclass(frozen=True)
class SessionPlan:
    """The source and models to open.

    Attributes
    ----------
    request, wanted : SourceRequest
        As in `Setup`.
    models : tuple of str
        Names or paths of the models in use; none means the bundled ones.
    changes : tuple of Change
        Applied to them in turn. A change that fails is reported and left out, if anything else is to be done.
    demo : bool
        Whether to fall back to the default microphone, then to the demo clip, if the source is not available.
    complete : bool
        Whether bundled models are used of kinds that `models` has none of.
    """

    request: SourceRequest
    wanted: SourceRequest
    models: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()
    demo: bool = False
    complete: bool = False


@dataclass(frozen=True)
class Outcome:
    """Result of a plan: a setup. If there is a `problem`, it is the former one opened again, or None."""

    setup: Setup | None
    problem: str = ""
    note: str = ""


@dataclass(frozen=True)
class _Choice:
    """The models of a plan, loaded: kind -> (name or path, network)."""

    loaded: dict[str, tuple[str, LoadedModel]]
    problem: IrecError | None = None
    """Of a change that failed and was left out."""

    @property
    def names(self) -> dict[str, str]:
        """Kind -> name or path."""
        return {kind: name for kind, (name, _) in self.loaded.items()}

    @property
    def networks(self) -> list[LoadedModel]:
        """In the order in which they were chosen."""
        return [network for _, network in self.loaded.values()]

    @property
    def note(self) -> str:
        """Notices of the networks, such as a provider that is missing."""
        return "; ".join(dict.fromkeys(network.notice for network in self.networks if network.notice))


class SessionOpener:
    """Opens sessions. Used by one thread, any; each method may block.

    Parameters
    ----------
    backend : Backend
    running : callable
        Returns the setup that runs now, or None.
    """

    def __init__(self, backend: Backend, running: Callable[[], Setup | None]) -> None:
        self._backend = backend
        self._running = running

    def make(self, plan: SessionPlan, progress: Callable[[float], None] = lambda _: None) -> Outcome:
        """Open the source of the plan, or a fallback if the plan allows it.

        Parameters
        ----------
        plan : SessionPlan
        progress : callable
            Called while a recorded session is completed first, whose program was killed. What it raises ends that.

        Raises
        ------
        IrecError
            It cannot be opened; the former session still runs.
        """
        try:
            path = plan.request.path
            if path is not None and is_session_folder(path):
                self._backend.repair(path, progress)
            return self._make_demo(plan) if plan.demo else self._make(plan)
        except IrecError as error:
            old = self._running()
            if old is None or not plan.changes or plan.request == old.request:
                raise
            raise IrecError(_unchanged(error)) from error

    def _make_demo(self, plan: SessionPlan) -> Outcome:
        from irec_live.session import or_demo  # here, because it loads ONNX Runtime and PortAudio; see `backend`

        def open_source(request: SourceRequest) -> Outcome:
            return self._make(replace(plan, request=request))

        requests = dict.fromkeys([plan.request, SourceRequest(InputKind.MIC)])
        outcome, note = or_demo(
            [
                (tr("listening to {source}", source=request.describe()), partial(open_source, request))
                for request in requests
            ],
            lambda clip: open_source(SourceRequest(InputKind.FILE, path=clip)),
            self._backend.demo_clip,
        )
        return replace(outcome, note=note or outcome.note)

    def _make(self, plan: SessionPlan) -> Outcome:
        """Load and open; if a live input is refused, close our own first, which may hold the device."""
        choice = self._choose(plan)
        problem = str(choice.problem or "")
        # NB: read once; the GUI thread may replace it meanwhile, in which case our result is dropped.
        old = self._running()
        if choice.problem and old and (plan.request, choice.names) == (old.request, old.models):
            raise choice.problem  # there was nothing else to do
        try:
            return Outcome(self._open(plan, choice), problem, choice.note)
        except DeviceError:
            if old is None or old.session.kind != "live" or not plan.request.kind.is_live:
                raise
            release(old.session)
        try:
            return Outcome(self._open(plan, choice), problem, choice.note)
        except IrecError as error:
            return self._restore(old, _unchanged(error) if plan.changes else str(error))

    def _open(self, plan: SessionPlan, choice: _Choice) -> Setup:
        return Setup(self._backend.open(plan.request, choice.networks), plan.request, plan.wanted, choice.names)

    def _choose(self, plan: SessionPlan) -> _Choice:
        loaded: dict[str, tuple[str, LoadedModel]] = {}
        for name in plan.models or self._backend.default_models():
            model = self._backend.load_model(name)
            if model.spec.kind in loaded:
                former, kind = loaded[model.spec.kind][1].spec.name, model.spec.kind
                names = list_text([former, model.spec.name])
                raise ModelError(tr("{names} are both {kind} models; choose one of each kind", names=names, kind=kind))
            loaded[model.spec.kind] = (name, model)
        if plan.complete and plan.models:
            for name in self._backend.default_models():
                model = self._backend.load_model(name)
                loaded.setdefault(model.spec.kind, (name, model))
        problem: IrecError | None = None
        for what, name in plan.changes:
            if what == "drop":
                if len(loaded) > 1:
                    loaded.pop(name, None)
                continue
            try:
                model = self._backend.load_model(name)
                loaded[model.spec.kind] = (name, model)
            except IrecError as error:
                problem = error
        return _Choice(loaded, problem)

    def _restore(self, old: Setup, problem: str) -> Outcome:
        """Open the former source again."""
        try:
            networks = [self._backend.load_model(name) for name in old.models.values()]
            return Outcome(replace(old, session=self._backend.open(old.request, networks), over=False), problem)
        except IrecError:
            return Outcome(None, problem)


def release(session: Session) -> None:
    """Release the device of a session, and leave what was heard, if that is possible. May block."""
    from irec_live.session import StoppableSession

    if isinstance(session, StoppableSession):
        session.stop()
    else:
        session.close()


def _unchanged(error: IrecError) -> str:
    """Message of a failed source whose models were to change, too."""
    return tr("{problem}; the models stay as they were", problem=part(str(error)))
