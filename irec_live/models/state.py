"""State: a network that reads a stream column by column, and hands on what it needs of the past from call to call.

A window network hears every moment as often as windows overlap. A file whose metadata has `STATE_KEY` can be run once
over a stream instead: between the tensor `COLUMNS` (see `irec_live.models.columns`) and a tensor `ROWS`, with tensors
``state.0`` and so on that a call takes, and ``next.0`` and so on that the call after it is given in their place. A
stream begins with zeros. The graph from audio to activations is the same network on a stream that begins with the
window, so whoever runs single windows gets what those alone tell.

Shapes: n columns, R steps, F bands, N columns in a window, K labels, L samples in a frame.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Annotated

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from irec_live.errors import ModelError
from irec_live.models.columns import COLUMNS, COLUMNS_KEY, FRAMES, ColumnsSpec
from irec_live.models.onnx_file import inspect_model
from irec_live.models.protobuf import MalformedError
from irec_live.models.runtime import build_session, calls, finite, first_line, in_range, runtime_errors
from irec_live.models.spec import ModelSpec
from irec_live.models.subgraph import Tensor, cut_out, fingerprint
from irec_live.models.trunk import TrunkSpec, trunk_spec

if TYPE_CHECKING:
    from irec_live.onnx_runtime import InferenceSession

Array = npt.NDArray[np.float32]
State = tuple[Array, ...]

STATE_KEY = "irec.state"
"""Key of the JSON `StateSpec` in an ONNX file's metadata."""

ROWS, STATE, NEXT = "rows", "state.", "next."
"""Names of tensors in the graph: float32 (1, R, K), and, before their numbers, of what is handed on."""

_MOST_VALUES = 2**22
_LARGEST_DIFFERENCE = 5e-3
"""Of the parts from the whole: another network is further away, rounding on any processor or GPU is not."""

Size = Annotated[int, Field(ge=1, le=65_536)]


class StateSpec(BaseModel):
    """How a stream is read.

    Attributes
    ----------
    step : int
        Columns from one row of activations to the next; the model's hop is as many.
    shapes : tuple of tuple of int
        Of the tensors that are handed on, without their first axis.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    step: int = Field(ge=1, le=4096)
    shapes: Annotated[tuple[Annotated[tuple[Size, ...], Field(max_length=4)], ...], Field(min_length=1, max_length=256)]

    @model_validator(mode="after")
    def _bounded(self) -> StateSpec:
        if sum(int(np.prod(shape, dtype=np.float64)) for shape in self.shapes) > _MOST_VALUES:
            raise ValueError("the state has too many values")
        return self


class StatefulNetwork:
    """A network in two parts: frames to columns, and columns with a state to activations. Any thread may call it.

    Parameters
    ----------
    data : bytes
        The whole file.
    model : ModelSpec
    columns : ColumnsSpec
    state : StateSpec
    origin : str
        What to call the file in an error.
    trunk : TrunkSpec, optional
    cuda : bool
    threads : int

    Attributes
    ----------
    spec : ColumnsSpec
    sample_rate : int
        Hz.
    trunk : TrunkSpec or None
        What it can give beside its rows.
    step : int
        Columns from one row to the next.
    frames : int
        N.
    levelled : bool
        True: of a window nothing but its columns is asked for.
    front : str
        Fingerprint of the first part: networks with the same make the same columns.

    Raises
    ------
    ModelError
        The graph has no such parts, or their sizes do not fit together.
    """

    levelled = True

    def __init__(
        self,
        data: bytes,
        model: ModelSpec,
        columns: ColumnsSpec,
        state: StateSpec,
        origin: str,
        trunk: TrunkSpec | None = None,
        *,
        cuda: bool = False,
        threads: int = 1,
    ) -> None:
        self.spec, self.step, self.frames = columns, state.step, columns.frames(model.window_length)
        self.sample_rate, self.trunk, self._data = model.sample_rate, trunk, data
        self._origin, self._shapes, self._labels = origin, state.shapes, len(model.labels)
        if not self.frames or self.frames % state.step or model.hop_length != state.step * columns.frame_hop:
            raise ModelError(f"{origin} cannot be run over a stream: its windows are no whole number of its steps")
        frames = Tensor(FRAMES, ("batch", "n", columns.frame_length))
        made = Tensor(COLUMNS, ("batch", "n", columns.bands))
        given = [Tensor(f"{STATE}{number}", ("batch", *shape)) for number, shape in enumerate(state.shapes)]
        handed_on = [Tensor(f"{NEXT}{number}", ("batch", *shape)) for number, shape in enumerate(state.shapes)]
        ends = [Tensor(ROWS, ("batch", "rows", self._labels)), *handed_on]
        try:
            front = cut_out(data, [frames], [made])
            self.front = fingerprint(front)
            # The whole graph's state and frames may be constants; here they are what was heard: they decide no sizes.
            inspect_model(front, origin)
            self._front, _ = build_session(front, origin, cuda=cuda, threads=threads)
            self._names, self._wanted = [tensor.name for tensor in given], [tensor.name for tensor in ends]

            def second(more: Sequence[Tensor] = ()) -> InferenceSession:
                part = cut_out(data, [made, *given], [*ends, *more])
                inspect_model(part, origin)
                return build_session(part, origin, cuda=cuda, threads=threads)[0]

            # With maps among its ends it takes the same time and gives the same bits: one session for whoever asks.
            if trunk is not None:
                try:
                    self._rest = second(trunk.tensors())
                except (MalformedError, ModelError):
                    self.trunk = None  # nobody follows it, then
            if self.trunk is None:
                self._rest = second()
        except MalformedError as error:
            raise ModelError(f"{origin} cannot be run over a stream: {error}") from error
        self._sizes: tuple[int, ...] = ()

    @cached_property
    def trunk_print(self) -> str:
        """Fingerprint of what makes the maps of samples and state; empty without maps. Takes a moment once."""
        if self.trunk is None:
            return ""
        columns = Tensor(COLUMNS, ("batch", "n", self.spec.bands))
        given, handed_on = (
            [Tensor(f"{name}{number}", ("batch", *shape)) for number, shape in enumerate(self._shapes)]
            for name in (STATE, NEXT)
        )
        maps = cut_out(self._data, [columns, *given], [*self.trunk.tensors(), *handed_on])
        return hashlib.sha256(f"{self.front} {fingerprint(maps)}".encode()).hexdigest()

    def keep_to(self, sizes: Sequence[int]) -> None:
        """Read from now on only so many steps a call, largest first; 1 is the last. See `Detector.keep_to`."""
        self._sizes = tuple(sizes)

    def columns(self, frames: Array) -> Array:
        """Frames (n, L), contiguous, to columns (n, F).

        Raises
        ------
        ModelError
            The network failed, or returned another shape than its metadata says.
        """
        count = len(frames)
        if self._sizes and count % self.step:
            missing = self.step - count % self.step
            frames = np.concatenate([frames, np.zeros((missing, frames.shape[1]), np.float32)])
        parts = [self._columns(frames[first:last]) for first, last in self._calls(len(frames))]
        return parts[0][:count] if len(parts) == 1 else np.concatenate(parts)[:count]

    def _columns(self, frames: Array) -> Array:
        try:
            (made,) = self._front.run(None, {FRAMES: frames[None]})
        except runtime_errors() as error:
            raise ModelError(f"{self._origin} failed while it ran: {first_line(error)}") from error
        if made.shape != (1, len(frames), self.spec.bands) or made.dtype != np.float32:
            raise ModelError(f"{self._origin} returned {made.dtype} {made.shape} for {len(frames)} frames of a stream")
        columns: Array = made[0]
        return columns

    def begin(self) -> State:
        """The state at the start of a stream."""
        return tuple(np.zeros((1, *shape), np.float32) for shape in self._shapes)

    def advance(self, columns: Array, state: State) -> tuple[Array, State]:
        """Read on.

        Parameters
        ----------
        columns : (n, F) float32
            The next ones; n is a multiple of `step`.
        state : State
            Of `begin`, or what the call before gave.

        Returns
        -------
        rows : (n / step, K) float32
            Activations in 0..1, always finite.
        state : State

        Raises
        ------
        ModelError
            The network failed, or returned other shapes than its metadata says.
        """
        found = []
        for first, last in self._calls(len(columns)):
            rows, state = self._run(columns[first:last], state)
            found.append(rows)
        return found[0] if len(found) == 1 else np.concatenate(found), state

    def advance_with_maps(self, columns: Array, state: State) -> tuple[Array, State, list[Array]]:
        """What `advance` gives, and the maps of these steps, (1, ...); of a network with a `trunk`.

        Raises
        ------
        ModelError
            As of `advance`.
        """
        parts = []
        for first, last in self._calls(len(columns)):
            rows, state, maps = self._answer(columns[first:last], state, None)
            if self.trunk is None or not self.trunk.fits(maps, 1, (last - first) // self.step):
                raise ModelError(f"{self._origin} returned maps of other shapes than its metadata says")
            parts.append((rows, maps))
        if len(parts) == 1:
            return parts[0][0], state, parts[0][1]
        found = [np.concatenate(each, axis=-1) for each in zip(*(maps for _, maps in parts), strict=True)]
        return np.concatenate([rows for rows, _ in parts]), state, found

    def _calls(self, count: int) -> Iterator[tuple[int, int]]:
        """First column and end of every call that reads so many."""
        if not self._sizes:
            return iter([(0, count)])
        return ((first * self.step, last * self.step) for first, last in calls(count // self.step, self._sizes))

    def _run(self, columns: Array, state: State) -> tuple[Array, State]:
        rows, after, _ = self._answer(columns, state, self._wanted)
        return rows, after

    def _answer(self, columns: Array, state: State, wanted: list[str] | None) -> tuple[Array, State, list[Array]]:
        """Rows, the state after them, and whatever else is wanted; None for all that there is."""
        given = {COLUMNS: columns[None], **dict(zip(self._names, state, strict=True))}
        try:
            rows, *after = self._rest.run(wanted, given)
        except runtime_errors() as error:
            raise ModelError(f"{self._origin} failed while it ran: {first_line(error)}") from error
        after, more = after[: len(state)], after[len(state) :]
        expected = (1, len(columns) // self.step, self._labels)
        shapes = [each.shape[1:] for each in after]
        if rows.shape != expected or rows.dtype != np.float32 or shapes != list(self._shapes):
            raise ModelError(
                f"{self._origin} returned {rows.dtype} {rows.shape} for {len(columns)} columns of a stream"
            )
        return in_range(rows[0]), _all_finite(after), more

    def try_steps(self, steps: int) -> None:
        """Run so many steps in one call, and once more with maps if it can give them.

        Raises
        ------
        ModelError
            The network failed.
        """
        count = steps * self.step
        frames = np.full((count, self.spec.frame_length), 0.1, np.float32)
        columns = self.columns(frames)
        self.advance(columns, self.begin())
        if self.trunk is not None:
            self.advance_with_maps(columns, self.begin())

    def check(self, whole: npt.NDArray[np.float32], window: Array) -> None:
        """Compare the parts with what the whole network says, (1, K), of a window (1, T).

        Raises
        ------
        ModelError
            They are not the same network.
        """
        framed = np.lib.stride_tricks.sliding_window_view(window[0, self.spec.offset :], self.spec.frame_length)
        columns = self.columns(np.ascontiguousarray(framed[:: self.spec.frame_hop][: self.frames]))
        at_once, _ = self.advance(columns, self.begin())
        one_by_one, state = [], self.begin()
        for part in (columns[: self.step], columns[self.step :]):
            if len(part):  # a window may be a single step
                rows, state = self.advance(part, state)
                one_by_one.append(rows)
        for rows in (at_once, one_by_one[-1]):
            if not float(np.abs(rows[-1] - whole[0]).max()) <= _LARGEST_DIFFERENCE:
                raise ModelError(f"{self._origin} says one thing of a window and another of a stream")


def _all_finite(state: Sequence[Array]) -> State:
    """What is handed on, changed in place where it is not finite."""
    # One sum tells: to look at each value takes longer than some networks' layers.
    with np.errstate(over="ignore", invalid="ignore"):
        total = sum(float(np.add.reduce(each, axis=None)) for each in state)
    return tuple(state) if math.isfinite(total) else tuple(finite(each) for each in state)


def stateful_network(
    data: bytes, model: ModelSpec, metadata: Mapping[str, str], origin: str, *, cuda: bool = False, threads: int = 1
) -> StatefulNetwork | None:
    """A file's network as one that is run over a stream; None where it is one of windows.

    Raises
    ------
    ModelError
        What the file says of it makes no sense, or is not so.
    """
    if STATE_KEY not in metadata:
        return None
    if model.kind != "activation":
        raise ModelError(f"{origin} keeps a state, which only models of activations can")
    try:
        columns = ColumnsSpec.model_validate(json.loads(metadata[COLUMNS_KEY]))
        state = StateSpec.model_validate(json.loads(metadata[STATE_KEY]))
    except (KeyError, ValidationError, ValueError, RecursionError) as error:
        raise ModelError(f"{origin} does not tell how it is run over a stream: {first_line(error)}") from error
    return StatefulNetwork(data, model, columns, state, origin, trunk_spec(metadata), cuda=cuda, threads=threads)
