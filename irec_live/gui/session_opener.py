"""The opener: makes a session of what the user wishes, on the manager's worker.

Everything here blocks and runs off the GUI thread; the manager decides what becomes of the outcome.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Literal

from irec_live.errors import DeviceError, IrecError, ModelError
from irec_live.gui.backend import Backend, LoadedModel
from irec_live.gui.requests import SourceRequest
from irec_live.input_kind import InputKind

if TYPE_CHECKING:
    from irec_live.session import Session

Change = tuple[Literal["use", "drop"], str]
"""A model to use, by name or path, in the place of the one of its kind; or a kind to do without."""


@dataclass(frozen=True)
class Setup:
    """A session with how to make it again.

    Attributes
    ----------
    session : Session
    request : SourceRequest
        What is heard.
    wanted : SourceRequest
        What the user asked for: another one than `request` where that could not be had.
    models : dict of str to str
        Model kind -> the name or path it was loaded by.
    """

    session: Session
    request: SourceRequest
    wanted: SourceRequest
    models: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class SessionPlan:
    """What the user wants to hear, and with which models.

    Attributes
    ----------
    request, wanted : SourceRequest
        As in `Setup`.
    models : tuple of str
        Names or paths to begin with; none means the bundled ones.
    changes : tuple of Change
        Made to those, in turn. One that cannot be made is left out and said, if there is anything else to be done.
    demo : bool
        Whether to make do with the default microphone, or else the demo clip, where the source cannot be had.
    """

    request: SourceRequest
    wanted: SourceRequest
    models: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()
    demo: bool = False


@dataclass(frozen=True)
class Outcome:
    """What came of a plan: a setup (the former one made again, or none at all, if there is a problem)."""

    setup: Setup | None
    problem: str = ""
    note: str = ""


@dataclass(frozen=True)
class _Choice:
    """The models of a plan, loaded: kind -> (name or path, network)."""

    loaded: dict[str, tuple[str, LoadedModel]]
    problem: IrecError | None = None
    """Of a change that was left out."""

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
        """What the networks have to say."""
        return "; ".join(dict.fromkeys(network.notice for network in self.networks if network.notice))


class SessionOpener:
    """Makes wishes come true. Any one thread; each method may block.

    Parameters
    ----------
    backend : Backend
    running : callable
        The setup that runs now, or None.
    """

    def __init__(self, backend: Backend, running: Callable[[], Setup | None]) -> None:
        self._backend = backend
        self._running = running

    def make(self, plan: SessionPlan) -> Outcome:
        """Open the source that is wished for, or the next best if the plan allows that.

        Raises
        ------
        IrecError
            It cannot be had; what ran before still runs.
        """
        try:
            return self._make_demo(plan) if plan.demo else self._make(plan)
        except IrecError as error:
            old = self._running()
            if old is None or not plan.changes or plan.request == old.request:
                raise
            raise IrecError(_unchanged(error)) from error

    def _make_demo(self, plan: SessionPlan) -> Outcome:
        from irec_live.session import or_demo

        def open_source(request: SourceRequest) -> Outcome:
            return self._make(replace(plan, request=request))

        requests = dict.fromkeys([plan.request, SourceRequest(InputKind.MIC)])
        outcome, note = or_demo(
            [(f"listening to {request.describe()}", partial(open_source, request)) for request in requests],
            lambda clip: open_source(SourceRequest(InputKind.FILE, path=clip)),
            self._backend.demo_clip,
        )
        return replace(outcome, note=note or outcome.note)

    def _make(self, plan: SessionPlan) -> Outcome:
        """Load, open, and if we hold the device ourselves, let go of it first."""
        choice = self._choose(plan)
        problem = str(choice.problem or "")
        # NB: read once; the GUI thread may replace it meanwhile, which only makes this attempt outdated.
        old = self._running()
        if choice.problem and old and (plan.request, choice.names) == (old.request, old.models):
            raise choice.problem  # there was nothing else to do
        try:
            return Outcome(self._open(plan, choice), problem, choice.note)
        except DeviceError:
            if old is None or old.session.kind != "live" or not plan.request.kind.is_live:
                raise
            old.session.close()
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
                raise ModelError(f"{former} and {model.spec.name} are both {kind} models; choose one of each kind")
            loaded[model.spec.kind] = (name, model)
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
        """Take up the former source again."""
        try:
            networks = [self._backend.load_model(name) for name in old.models.values()]
            return Outcome(replace(old, session=self._backend.open(old.request, networks)), problem)
        except IrecError:
            return Outcome(None, problem)


def _unchanged(error: IrecError) -> str:
    """What a failed source means for the models that were to change with it."""
    return f"{error}; the models stay as they were"
