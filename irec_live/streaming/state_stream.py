"""StateStream: a network that keeps a state, over the windows of a stream.

A window that follows the one before costs a step: its newest columns alone. Behind some that did not come, since they
were skipped or are silence, which does not reach networks, it costs a step for each of those as well, and nothing is
missing. Where there were more of them than a window has columns for, the stream begins anew with all of the window.

A network of envelopes may follow (`irec_live.models.envelope_head`): then the maps of the last W steps are gathered at
the end of each window, and, at the end of a stream's first, those of all steps that it has.

One call at a time; the thread may change.

Shapes: B windows, N columns in a window, F bands, R steps, K labels, V windows of W steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, cast, runtime_checkable

import numpy as np
import numpy.typing as npt

from irec_live.streaming.column_stream import ColumnMaker

Array = npt.NDArray[np.float32]


@runtime_checkable
class StatefulMaker(ColumnMaker, Protocol):
    """What makes columns and reads them in order; `irec_live.models.state.StatefulNetwork` does."""

    @property
    def step(self) -> int:
        """Columns from one row to the next."""

    def begin(self) -> Any:
        """The state at the start of a stream."""

    def advance(self, columns: Array, state: Any, /) -> tuple[Array, Any]:
        """The next columns (R * step, F), and a state, to rows (R, K) and the state after them."""


class MapMaker(StatefulMaker, Protocol):
    """One that gives maps beside its rows; asked for where some head follows it alone."""

    def advance_with_maps(self, columns: Array, state: Any, /) -> tuple[Array, Any, list[Array]]:
        """What `advance` gives, and maps (1, ...) of these steps; time is their last axis."""


class FollowingHead(Protocol):
    """What tells envelopes of maps; `irec_live.models.envelope_head.EnvelopeHead` does."""

    @property
    def steps(self) -> int:
        """W."""

    def __call__(self, maps: Sequence[Array], /) -> Array:
        """Maps of windows of W steps, (V, ...), to envelopes (V, K, frames)."""


class StateStream:
    """Windows of columns in, what the network says at the end of each out.

    Parameters
    ----------
    network : StatefulMaker
        A `MapMaker` if it is followed.
    hop_length : int
        Samples from one window to the next: those of a step.
    followed : int
        W of the head that follows; 0 without one.
    """

    def __init__(self, network: StatefulMaker, hop_length: int, followed: int = 0) -> None:
        self._network = network
        self._hop = hop_length
        self._followed = followed
        self.reset()

    @property
    def lead(self) -> int:
        """Samples from the start of a window to that of the last W steps in it."""
        return (self._network.frames // self._network.step - self._followed) * self._hop

    def reset(self) -> None:
        """Forget what was heard."""
        self._state: Any = None
        self._next = 0  # start of the window that would follow
        self._before: list[Array] = []  # maps of the last W - 1 steps
        self._gathered: list[list[Array]] = []

    def decide(self, starts: Sequence[int], windows: Sequence[Array]) -> Array:
        """What the network says of the next windows.

        Parameters
        ----------
        starts : sequence of B int
            First sample of each, rising, later than all before.
        windows : sequence of B (N, F) float32

        Returns
        -------
        (B, K) float32
        """
        step, whole = self._network.step, self._network.frames // self._network.step
        found: list[Array] = []
        run: list[Array] = []  # columns not read yet, of windows that follow each other
        ends: list[int] = []  # their rows
        told: list[int] = []  # the steps with which those end whose maps are gathered
        for start, columns in zip(starts, windows, strict=True):
            unheard = step * (1 + (start - self._next) // self._hop)
            if self._state is None or unheard > len(columns):
                if run:
                    found.append(self._read(run, ends, told))
                run, ends, told, self._state, self._before = [], [], [], self._network.begin(), []
                unheard = len(columns)
            run.append(columns[len(columns) - unheard :])
            ends.append((ends[-1] if ends else -1) + unheard // step)
            told += [ends[-1]] if start else range(self._followed - 1, whole)
            self._next = start + self._hop
        if run:
            found.append(self._read(run, ends, told))
        return np.concatenate(found)

    def decide_with_maps(self, starts: Sequence[int], windows: Sequence[Array]) -> tuple[Array, list[Array]]:
        """What `decide` gives, and for the head that follows maps of W steps each, (V, ...), oldest first.

        One for each window; of a stream's first, which starts at 0, one for each step from its Wth on.
        """
        self._gathered = []
        rows = self.decide(starts, windows)
        gathered, self._gathered = self._gathered, []
        return rows, gathered[0] if len(gathered) == 1 else [
            np.concatenate(parts) for parts in zip(*gathered, strict=True)
        ]

    def _read(self, run: Sequence[Array], ends: Sequence[int], told: Sequence[int]) -> Array:
        """Rows with which windows end, of columns that follow each other."""
        # If it fails, the state is that of a moment which the next window does not follow: then nothing is left of it.
        state, self._state = self._state, None
        columns = np.concatenate(run)
        if not self._followed:
            rows, self._state = self._network.advance(columns, state)
            return rows[ends]
        network = cast(MapMaker, self._network)
        rows, self._state, maps = network.advance_with_maps(columns, state)
        left = self._followed - 1 if self._before else 0
        if left:
            maps = [np.concatenate(parts, axis=-1) for parts in zip(self._before, maps, strict=True)]
        steps = left + len(rows)
        self._gathered.append([_of_last_steps(each, steps, left + np.array(told), self._followed) for each in maps])
        if self._followed > 1:
            kept = self._followed - 1
            self._before = [each[..., each.shape[-1] // steps * (steps - kept) :].copy() for each in maps]
        return rows[ends]


def _of_last_steps(maps: Array, steps: int, ends: npt.NDArray[np.int_], count: int) -> Array:
    """Of maps (1, ..., steps * t), the parts (V, ..., count * t) that end with certain steps."""
    middle, times = maps.shape[1:-1], maps.shape[-1] // steps
    apart = np.moveaxis(maps.reshape(*middle, steps, times), -2, 0)  # (steps, ..., t)
    parts = np.empty((len(ends), *middle, count, times), np.float32)
    # Most often each ends a step after the one before: a slice is copied once, what is picked twice.
    together = ends[-1] - ends[0] == len(ends) - 1
    for place in range(1 - count, 1):
        picked = slice(ends[0] + place, ends[-1] + place + 1) if together else ends + place
        parts[..., place - 1, :] = apart[picked]
    return parts.reshape(len(ends), *middle, count * times)
