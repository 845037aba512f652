"""StateStream: a network that keeps a state, over the windows of a stream.

A window that follows the one before costs a step: its newest columns alone. Behind some that did not come, since they
were skipped or are silence, which does not reach networks, it costs a step for each of those as well, and nothing is
missing. Where there were more of them than a window has columns for, the stream begins anew with all of the window.

One call at a time; the thread may change.

Shapes: B windows, N columns in a window, F bands, R steps, K labels.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

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


class StateStream:
    """Windows of columns in, what the network says at the end of each out.

    Parameters
    ----------
    network : StatefulMaker
    hop_length : int
        Samples from one window to the next: those of a step.
    """

    def __init__(self, network: StatefulMaker, hop_length: int) -> None:
        self._network = network
        self._hop = hop_length
        self.reset()

    def reset(self) -> None:
        """Forget what was heard."""
        self._state: Any = None
        self._next = 0  # start of the window that would follow

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
        step = self._network.step
        found: list[Array] = []
        run: list[Array] = []  # columns not read yet, of windows that follow each other
        ends: list[int] = []  # their rows
        for start, columns in zip(starts, windows, strict=True):
            unheard = step * (1 + (start - self._next) // self._hop)
            if self._state is None or unheard > len(columns):
                if run:
                    found.append(self._read(run, ends))
                run, ends, self._state = [], [], self._network.begin()
                unheard = len(columns)
            run.append(columns[len(columns) - unheard :])
            ends.append((ends[-1] if ends else -1) + unheard // step)
            self._next = start + self._hop
        if run:
            found.append(self._read(run, ends))
        return np.concatenate(found)

    def _read(self, run: Sequence[Array], ends: Sequence[int]) -> Array:
        """Rows with which windows end, of columns that follow each other."""
        # If it fails, the state is that of a moment which the next window does not follow: then nothing is left of it.
        state, self._state = self._state, None
        rows, self._state = self._network.advance(np.concatenate(run), state)
        return rows[ends]
