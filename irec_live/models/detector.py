"""Run one network: ONNX Runtime session, provider choice, windows in, activations or envelopes out.

Shapes: B batch, T samples in a window, K labels, N frames in a window.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from irec_live.errors import ModelError
from irec_live.models.catalog import bundled_models, find_model
from irec_live.models.columns import SharedColumns, shared_columns
from irec_live.models.context import ContextHead, context_spec, features_of
from irec_live.models.envelope_head import envelope_head
from irec_live.models.onnx_file import inspect_model, printable, read_model_bytes
from irec_live.models.ports import check_ports
from irec_live.models.protobuf import MalformedError
from irec_live.models.runtime import (
    FATAL,
    LOAD_LIMIT_S,
    build_session,
    calls,
    deadline,
    finite,
    first_line,
    in_range,
    runtime_errors,
)
from irec_live.models.spec import CARD_KEY, INPUT_NAME, ModelSpec
from irec_live.models.state import StatefulNetwork, stateful_network
from irec_live.models.subgraph import Tensor, cut_out
from irec_live.onnx_runtime import load_onnx_runtime

if TYPE_CHECKING:
    from irec_live.onnx_runtime import RunOptions

Provider = Literal["auto", "cpu", "cuda"]
"""Where to run: `auto` is the CPU, because for networks of this size and one window at a time a GPU has not been shown
to win; `cuda` is for large networks and big batches."""

Array = npt.NDArray[np.float32]

_RANGE_SLACK = 1e-3  # fp16 and int8 networks may leave 0..1 by rounding

TRIED_BATCHES = (1, 2, 16)
"""Windows a call that a test run tries; the last only if that is quick."""

SANDBOX_COMMAND = "try-model"
"""Command of ``irec-live`` that runs the sandbox, for an app that was packed without a Python to start."""

_tried: dict[str, tuple[int, ...]] = {}
"""By sha256 of models that passed their test run in this process: windows a call that it was seen to bear."""


class Detector:
    """One network, ready to predict on windows.

    Weights and workspace belong to one ONNX Runtime session with a single thread that never spins: two networks side
    by side and a GUI share a small machine better that way. Any thread may call it, and two may at once. Pickled, as
    for another process, it is its path, and loaded from there again.

    Parameters
    ----------
    model : str, path or bytes
        An ``.onnx`` file made by ``irec-export``, or its contents. Names of bundled models are for `load_model`.
    provider : {"auto", "cpu", "cuda"}
        What to run on. If CUDA is asked for and cannot be had, the network runs on the CPU: `providers` and `notice`
        say so.
    threads : int
        Threads within one operator.
    share_columns : bool
        Whether the spectrum may be computed once a stream where the file allows it; see `irec_live.models.columns`.

    Attributes
    ----------
    spec : ModelSpec
        What the network expects and returns.
    card : str
        Its model card, Markdown.
    sha256 : str
        Of the file, in hexadecimal.
    path : Path or None
        Where it came from; None for bytes.
    providers : tuple of str
        What the session really runs on, first choice first: ``("CPU",)`` or ``("CUDA", "CPU")``.
    notice : str
        One sentence when it does not run where it was asked to, else empty.
    context : ContextHead or None
        What decides from the features of a stream's last seconds, where the file has such a head.
    head : EnvelopeHead or None
        What tells envelopes of maps that another network made, where the file has such a head.

    Raises
    ------
    ModelError
        The file is missing, not ONNX, cut short, without metadata, or not what its metadata says.
    """

    def __init__(
        self,
        model: str | os.PathLike[str] | bytes,
        *,
        provider: Provider = "auto",
        threads: int = 1,
        share_columns: bool = True,
    ) -> None:
        if provider not in ("auto", "cpu", "cuda"):
            raise ValueError(f"provider is {provider!r}; expected 'auto', 'cpu' or 'cuda'")
        if threads < 1:
            raise ValueError(f"threads is {threads}; expected 1 or more")
        self.path = None if isinstance(model, bytes) else Path(model)
        self._asked = provider, threads
        data = model if isinstance(model, bytes) else read_model_bytes(Path(model))
        origin = "the model" if self.path is None else printable(self.path.name)
        contents = inspect_model(data, origin)
        self.spec = ModelSpec.from_metadata(contents.metadata, origin)
        self.card = contents.metadata.get(CARD_KEY, "")
        self.sha256 = hashlib.sha256(data).hexdigest()
        self._origin = origin
        # Until `keep_to` bounds them, any number of windows may go into one call.
        self._batches: tuple[int, ...] = ()
        check_ports(contents, self.spec, origin)
        context = context_spec(self.spec, contents.metadata, origin)
        self.context: ContextHead | None = None
        if context is not None:
            self.context = ContextHead(data, self.spec, context, origin, threads)
            data = _with_features(data, self.spec, self.context, origin)
        self._session, self.notice = build_session(data, origin, cuda=provider == "cuda", threads=threads)
        try:
            self._try_out()
        except ModelError as error:
            if self._session.get_providers()[0] == "CPUExecutionProvider":
                raise
            # A GPU can be there and yet be full, or too old for one of the operators.
            self.notice = f"CUDA was asked for but failed ({error}); running on the CPU"
            self._session, _ = build_session(data, origin, cuda=False, threads=threads)
            self._try_out()
        names = tuple(name.removesuffix("ExecutionProvider") for name in self._session.get_providers())
        self.providers: tuple[str, ...] = names
        self._parts: SharedColumns | StatefulNetwork | None = stateful_network(
            data, self.spec, contents.metadata, origin, cuda=names[0] == "CUDA", threads=threads
        )
        if self.stateful is not None:
            window = np.random.default_rng(0).uniform(-0.3, 0.3, (1, self.spec.window_length)).astype(np.float32)
            self.stateful.check(self._run(window)[0], window)
        self.head = envelope_head(data, self.spec, contents.metadata, origin, cuda=names[0] == "CUDA", threads=threads)
        self._unparted: tuple[bytes, dict[str, str]] | None = None
        if self._parts is None and share_columns and names[0] == "CPU":
            self._unparted = data, contents.metadata
            if self.head is None:  # one that may follow another then needs no parts
                self.shared_columns()

    def shared_columns(self) -> SharedColumns | StatefulNetwork | None:
        """The network in two parts, of which the first need run only once a stream; None where it cannot be parted."""
        unparted = self._unparted
        if unparted is not None:
            data, metadata = unparted
            context = None if self.context is None else self.context.spec
            self._parts = shared_columns(data, self.spec, metadata, self, self._asked[1], context)
            self._unparted = None
        return self._parts

    def __reduce__(self) -> tuple[Any, ...]:
        if self.path is None:
            raise TypeError("a Detector made of bytes cannot be pickled; load it in the process that uses it")
        return _load_same, (self.path.absolute(), self.sha256, *self._asked)

    @property
    def stateful(self) -> StatefulNetwork | None:
        """The network as it is run over a stream, if it keeps a state from window to window."""
        return self._parts if isinstance(self._parts, StatefulNetwork) else None

    def __repr__(self) -> str:
        return f"Detector({self.spec.name!r}, {self.spec.kind}, providers={self.providers})"

    def __call__(self, windows: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.float32]:
        """Predict on a batch of windows.

        Parameters
        ----------
        windows : (B, T) float32
            Raw samples at ``spec.sample_rate``, nominally in [-1, 1]. Samples that are not finite count as 0.

        Returns
        -------
        (B, K) or (B, K, N) float32
            Activations, or envelopes at the window's frame centres; 0..1, always finite.

        Raises
        ------
        ValueError
            Wrong shape or not floating point.
        ModelError
            The network failed, or returned another shape than its metadata says.
        """
        windows = self._checked(windows)
        if len(windows) == 0:
            return np.zeros(self._shape(0), np.float32)
        outputs = [self._run(windows[first:last])[0] for first, last in calls(len(windows), self._batches)]
        return in_range(outputs[0] if len(outputs) == 1 else np.concatenate(outputs))

    def with_features(self, windows: npt.NDArray[np.floating[Any]]) -> tuple[Array, Array]:
        """What calling it gives for one window or more, and their features (B, W) float32; with a `context` only."""
        windows = self._checked(windows)
        parts = [self._run(windows[first:last]) for first, last in calls(len(windows), self._batches)]
        outputs, features = (np.concatenate(each) for each in zip(*parts, strict=True))
        return in_range(outputs), features

    def _checked(self, windows: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.floating[Any]]:
        windows = np.asarray(windows)
        expected = self.spec.window_length
        if windows.ndim != 2 or windows.shape[1] != expected or not np.issubdtype(windows.dtype, np.floating):
            raise ValueError(
                f"{self.spec.name} takes floating-point windows of shape (B, {expected}), "
                f"not {windows.dtype} of shape {windows.shape}"
            )
        return windows

    def keep_to(self, batches: Sequence[int]) -> None:
        """Run from now on only so many windows a call: of a stranger's model, no others were tried.

        Parameters
        ----------
        batches : sequence of int
            One of them is 1.
        """
        self._batches = tuple(sorted(batches, reverse=True))
        for part in (self.stateful, self.context, self.head):
            if part is not None:
                part.keep_to(self._batches)

    def try_batch(self, batch: int) -> float:
        """Run so many windows of noise in one call; the seconds it took.

        Raises
        ------
        ModelError
            The network failed.
        """
        shape = (batch, self.spec.window_length)
        windows = np.random.default_rng(batch).uniform(-1.0, 1.0, shape).astype(np.float32)
        began = time.perf_counter()
        _, features = self._run(windows)
        if self.context is not None:
            self.context(np.tile(features, (1, self.context.spec.size // self.context.spec.width)))
        if self.stateful is not None:
            self.stateful.try_steps(batch)
        if self.head is not None:
            self.head.try_windows(batch)
        return time.perf_counter() - began

    def _run(self, windows: npt.NDArray[np.floating[Any]], options: RunOptions | None = None) -> tuple[Array, Array]:
        """The network's output for windows, and their features: none without a context."""
        audio = np.ascontiguousarray(windows, dtype=np.float32)
        if not np.isfinite(audio).all():
            audio = np.nan_to_num(audio, nan=0.0, posinf=0.0, neginf=0.0)
        try:
            output, *more = self._session.run(None, {INPUT_NAME: audio}, options)
        except runtime_errors() as error:
            raise ModelError(f"{self._origin} failed while it ran: {first_line(error)}") from error
        if output.shape != self._shape(len(windows)) or output.dtype != np.float32:
            raise ModelError(
                f"{self._origin} returned {output.dtype} {output.shape} for {len(windows)} windows, "
                f"but its metadata promises float32 {self._shape(len(windows))}"
            )
        # What is not finite counts as 0 or 1: one NaN would spread through pooled means and overlapped sums.
        if not np.isfinite(output).all():
            np.nan_to_num(output, copy=False, nan=0.0, posinf=1.0, neginf=0.0)
        width = 0 if self.context is None else self.context.spec.width
        features = more[0] if more else np.zeros((len(windows), width), np.float32)
        if features.shape != (len(windows), width) or features.dtype != np.float32:
            raise ModelError(f"{self._origin} returned {features.dtype} {features.shape} for its features")
        return output, finite(features)

    def _shape(self, batch: int) -> tuple[int, ...]:
        frames = (self.spec.frames,) if self.spec.kind == "envelope" else ()
        return (batch, len(self.spec.labels), *frames)

    def _try_out(self) -> None:
        """Run silence and noise once: warms the session up, and a network that breaks its promise says so here."""
        options = load_onnx_runtime().RunOptions()
        options.log_severity_level = FATAL
        length = self.spec.window_length
        noise = np.random.default_rng(0).uniform(-1.0, 1.0, (1, length)).astype(np.float32)
        with deadline(lambda: setattr(options, "terminate", True)):
            # Batch 1 is what live listening uses, batch 2 proves that the batch axis is free.
            for windows in (noise, np.concatenate([np.zeros_like(noise), noise])):
                output, features = self._run(windows, options)
                if self.context is not None:
                    self.context(np.tile(features, (1, self.context.spec.size // self.context.spec.width)))
                low, high = float(output.min()), float(output.max())
                if low < -_RANGE_SLACK or high > 1.0 + _RANGE_SLACK:
                    raise ModelError(
                        f"{self._origin} returns values of {low:.3g} to {high:.3g} where 0 to 1 is expected; "
                        "the last sigmoid belongs inside the graph"
                    )


def _with_features(data: bytes, spec: ModelSpec, context: ContextHead, origin: str) -> bytes:
    """The part of a model that gives features beside its output."""
    audio = Tensor(INPUT_NAME, ("batch", spec.window_length))
    try:
        return cut_out(data, [audio], [Tensor(spec.kind, ("batch", len(spec.labels))), features_of(context.spec)])
    except MalformedError as error:
        raise ModelError(f"{origin} has no features for its context head: {error}") from error


def load_model(name_or_path: str | os.PathLike[str], *, provider: Provider = "auto", threads: int = 1) -> Detector:
    """Load a model by the name of a bundled or installed one, or by path.

    A file that did not come with the app is first tried out in a process of its own with bounded time and memory, so
    that a broken or hostile one can at worst be refused. As its memory follows from the number of windows alone
    (`irec_live.models.operators`), what was seen there holds for as long as it lives, and costs nothing a window: it is
    only ever run on as many at once as were tried.

    Parameters
    ----------
    name_or_path : str or path
        ``"han-1s"``, or an ``.onnx`` file.
    provider, threads
        As for `Detector`.

    Raises
    ------
    ModelError
        No such model, or it is not usable.

    Examples
    --------
    >>> load_model("no-such-model")
    Traceback (most recent call last):
        ...
    irec_live.errors.ModelError: no model is called 'no-such-model'...
    """
    path = find_model(name_or_path)
    if any(path == model.path for model in bundled_models()):
        return Detector(path, provider=provider, threads=threads)
    digest = _try_in_own_process(path)
    # A stranger's model was tried as a whole, and is run as that.
    detector = Detector(path, provider=provider, threads=threads, share_columns=False)
    if detector.sha256 != digest:
        raise ModelError(f"{printable(path.name)} changed while it was loaded; load it again")
    detector.keep_to(_tried[digest])
    return detector


def _load_same(path: Path, sha256: str, provider: Provider, threads: int) -> Detector:
    """Load a model that was pickled."""
    detector = load_model(path, provider=provider, threads=threads)
    if detector.sha256 != sha256:
        raise ModelError(f"{printable(path.name)} changed since it was pickled; load it in each process")
    return detector


def known_test_runs() -> dict[str, tuple[int, ...]]:
    """By sha256, what models were seen to bear in this process; for `adopt_test_runs` in one that we start."""
    return dict(_tried)


def adopt_test_runs(test_runs: Mapping[str, tuple[int, ...]]) -> None:
    """Take over the test runs of the process that started this one: each model has one, and is run everywhere alike."""
    _tried.update(test_runs)


def _try_in_own_process(path: Path) -> str:
    """Try a model out unless that was done; its sha256."""
    data = read_model_bytes(path)
    name = printable(path.name)
    digest = hashlib.sha256(data).hexdigest()
    if digest in _tried:
        return digest
    inspect_model(data, name)  # most bad files end here, at no cost
    if getattr(sys, "frozen", False):
        command = [sys.executable, SANDBOX_COMMAND, str(path)]  # an app without Python starts itself
    else:
        # -P: the current folder may be anything, and must not provide modules.
        command = [sys.executable, "-P", "-m", "irec_live.models.sandbox", str(path)]
    no_window = getattr(subprocess, "CREATE_NO_WINDOW", 0)  # Windows would flash a console at a GUI's user
    try:
        result = subprocess.run(
            command, capture_output=True, text=True, timeout=LOAD_LIMIT_S, check=False, creationflags=no_window
        )
    except subprocess.TimeoutExpired as error:
        raise ModelError(f"{name} was given up: it did not run within {LOAD_LIMIT_S:.0f} s") from error
    except OSError as error:
        raise ModelError(f"{name} could not be tried out: {error.strerror}") from error
    if result.returncode != 0:
        crashed = f"{name} brought its test run down (status {result.returncode}); it is not loaded"
        raise ModelError(result.stdout.strip() or crashed)
    tried, *batches = result.stdout.split()
    if tried != digest:
        raise ModelError(f"{name} changed while it was loaded; load it again")
    _tried[digest] = tuple(int(batch) for batch in batches)
    return digest
