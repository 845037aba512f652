"""Networks whose spectrum can be computed once a stream, however many windows overlap.

Shapes: B batch, T samples in a window, N frames, L samples in a frame, F bands.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn import functional

from irec_models.nets.network import Network


def cut_frames(audio: Tensor, length: int, hop: int) -> Tensor:
    """Frames of a window, nothing added at its edges; slices and one concatenation, where unfold exports as a gather.

    Parameters
    ----------
    audio : (B, T) Tensor
    length, hop : int
        L, at most T, and samples from one frame to the next.

    Returns
    -------
    (B, N, L) Tensor
        As many as fit.

    Examples
    --------
    >>> cut_frames(torch.arange(7.0)[None], 3, 2)[0].tolist()
    [[0.0, 1.0, 2.0], [2.0, 3.0, 4.0], [4.0, 5.0, 6.0]]
    """
    frames = (audio.shape[1] - length) // hop + 1
    overlap = -(-length // hop)
    pieces = frames + overlap - 1
    lacking = pieces * hop - audio.shape[1]  # of the last frame's last piece, behind the frame's end
    if lacking > 0:
        audio = functional.pad(audio, (0, lacking))
    hops = audio[:, : pieces * hop].reshape(-1, pieces, hop)
    return torch.cat([hops[:, i : i + frames] for i in range(overlap)], dim=2)[..., :length]


class ColumnNetwork(Network):
    """A `Network` whose columns depend on nothing but their own frame, and whose window's level comes after them.

    An exported file keeps the two tensors by name, so that the app computes each column of a stream once.

    Attributes
    ----------
    column_length, column_hop : int
        L, and samples from one frame to the next. Windows that start on multiples of it share columns.
    column_offset : int
        Samples of a window before the first frame. Columns at the edges, of mirrored sound, `features_of` may add.
    """

    column_length: ClassVar[int]
    column_hop: ClassVar[int]
    column_offset: ClassVar[int] = 0

    def frames_of(self, audio: Tensor) -> Tensor:
        """Audio (B, T) to frames (B, N, L)."""
        return cut_frames(audio[:, self.column_offset :], self.column_length, self.column_hop)

    @abstractmethod
    def columns_of(self, frames: Tensor) -> Tensor:
        """Frames (B, N, L) to columns (B, N, F), each of its own frame alone."""

    @abstractmethod
    def features_of(self, columns: Tensor, audio: Tensor) -> Tensor:
        """Columns (B, N, F) and the window (B, T) that they are of to the spectrum (B, N, F) before standardisation."""

    @property
    def map_shapes(self) -> tuple[tuple[int, ...], ...]:
        """Shapes of the maps of one step that another network can have in common with it, time as their last axis.

        An exported file keeps these tensors by name too, so that the app computes them once for both.
        """
        return ()

    def raw_features(self, audio: Tensor) -> Tensor:
        """Audio (B, T) to the spectrum (B, N, F) before standardisation."""
        return self.features_of(self.columns_of(self.frames_of(audio)), audio)

    def predict_with_columns(self, audio: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """What `predict` gives, and the frames and columns on the way."""
        frames = self.frames_of(audio)
        columns = self.columns_of(frames)
        logits = self.classify(self.standardizer(self.features_of(columns, audio)))
        return self.outputs(logits, audio), frames, columns

    def predict_with_maps(self, audio: Tensor) -> tuple[Tensor, ...]:
        """What `predict_with_columns` gives, and the maps of `map_shapes` on the way."""
        return self.predict_with_columns(audio)
