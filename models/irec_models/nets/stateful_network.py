"""Networks that are run once over a stream, column by column, and hand on what they need of the past.

Shapes: B batch, n columns, F bands, R steps, K labels.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor

from irec_models.nets.column_network import ColumnNetwork, cut_frames


class StatefulNetwork(ColumnNetwork):
    """A `ColumnNetwork` whose window is a stream that begins with it.

    An exported file keeps the graph of `advance`, so that the app runs it over a stream.

    Attributes
    ----------
    step_columns : int
        Columns from one answer to the next. Windows have a whole number of such steps.
    """

    step_columns: ClassVar[int]

    @abstractmethod
    def advance(self, columns: Tensor, state: Sequence[Tensor] = ()) -> tuple[Tensor, tuple[Tensor, ...]]:
        """The next columns of a stream to what is heard in them.

        Parameters
        ----------
        columns : (B, n, F) Tensor
            n is a multiple of `step_columns`.
        state : sequence of (B, ...) Tensor, optional
            As the call before gave it, or zeros of `state_shapes`; none at the start of a stream.

        Returns
        -------
        logits : (B, R, K) Tensor
        state : tuple of (B, ...) Tensor
        """

    def advance_with_maps(
        self, columns: Tensor, state: Sequence[Tensor] = ()
    ) -> tuple[Tensor, tuple[Tensor, ...], tuple[Tensor, ...]]:
        """What `advance` gives, and the maps of `map_shapes` on the way to it: of n steps, as many times as long."""
        return *self.advance(columns, state), ()

    @property
    def bands(self) -> int:
        """F."""
        with torch.no_grad():
            return int(self.columns_of(torch.zeros(1, 1, self.column_length)).shape[2])

    @property
    def state_shapes(self) -> tuple[tuple[int, ...], ...]:
        """Shapes of the tensors that are handed on, without their batch axis."""
        with torch.no_grad():
            state = self.advance(torch.zeros(1, self.step_columns, self.bands))[1]
        return tuple(tuple(each.shape[1:]) for each in state)

    def sequence_columns(self, audio: Tensor) -> Tensor:
        """Audio (B, T), T any length, to columns (B, n, F) of whole steps."""
        columns = self.columns_of(cut_frames(audio, self.column_length, self.column_hop))
        return columns[:, : columns.shape[1] // self.step_columns * self.step_columns]
