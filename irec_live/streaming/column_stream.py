"""ColumnStream: the columns of a stream, each computed once, for windows that overlap.

Only the worker's thread uses it.

Shapes: n samples in a block, N frames in a window, L samples in a frame, F bands.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]


class _Frames(Protocol):
    @property
    def frame_length(self) -> int: ...

    @property
    def frame_hop(self) -> int: ...

    @property
    def offset(self) -> int: ...


class ColumnMaker(Protocol):
    """What computes columns; `irec_live.models.columns.SharedColumns` does."""

    @property
    def spec(self) -> _Frames:
        """Length and distance of frames, and the place of the first in a window; samples."""

    @property
    def frames(self) -> int:
        """N."""

    @property
    def levelled(self) -> bool:
        """Whether `predict` takes the levels of windows in place of their samples."""

    def columns(self, frames: Array, /) -> Array:
        """Frames (m, L) to columns (m, F)."""

    def predict(self, heard: Array, columns: Array, /) -> Array:
        """Windows (B, T), or their levels (B, 1), and columns (B, N, F) to what the network says."""

    def predict_with_features(self, heard: Array, columns: Array, /) -> tuple[Array, Array]:
        """The same, and features (B, W); asked for of networks with a context alone."""


class ColumnStream:
    """Keeps samples until a window needs their columns, and columns until no later window does.

    Of samples that no window asks for, such as those of silence, no columns are computed.

    Parameters
    ----------
    maker : ColumnMaker
    """

    def __init__(self, maker: ColumnMaker) -> None:
        self._maker = maker
        self._length, self._hop = maker.spec.frame_length, maker.spec.frame_hop
        self.reset()

    def reset(self) -> None:
        """Forget all samples and start again at index 0."""
        self._samples = np.zeros(0, np.float32)  # from the first frame on that has no column yet
        self._columns: Array | None = None
        self._first = 0  # frame of the first column held
        self._next = 0  # frame of the first sample held
        self._ahead = self._maker.spec.offset  # samples of the stream before the first frame, still to come

    def push(self, block: Array) -> None:
        """Take the next samples, (n,) float32."""
        if self._ahead:
            passed = min(self._ahead, block.size)
            self._ahead -= passed
            block = block[passed:]
        self._samples = np.concatenate([self._samples, block])

    def window(self, start: int) -> Array:
        """Columns of the window that starts at a sample, (N, F).

        Parameters
        ----------
        start : int
            A multiple of the frames' hop, not before that of the window asked for last; its samples were pushed.

        Raises
        ------
        ValueError
            They were not, or `start` is no such multiple.
        """
        self.pass_over(start)
        self._make()
        held = self._columns
        if held is None or len(held) < self._maker.frames:
            raise ValueError(f"the window at sample {start} is not whole yet")
        return held[: self._maker.frames]

    def pass_over(self, start: int) -> None:
        """Forget what lies before a window, instead of asking for its columns; arguments and errors as of `window`."""
        frame, rest = divmod(start, self._hop)
        if rest or frame < self._first:
            raise ValueError(f"no column starts at sample {start}")
        if self._columns is not None:
            self._columns = self._columns[frame - self._first :]
        self._first = frame
        if frame > self._next:  # the columns of these frames were never needed
            unheard = (frame - self._next) * self._hop
            if unheard > self._samples.size:
                raise ValueError(f"the window at sample {start} is not whole yet")
            self._samples = self._samples[unheard:].copy()
            self._next = frame

    def _make(self) -> None:
        """Compute the columns of all frames that are whole."""
        count = (self._samples.size - self._length) // self._hop + 1
        if count < 1:
            return
        frames = np.lib.stride_tricks.sliding_window_view(self._samples, self._length)[:: self._hop][:count]
        made = self._maker.columns(np.ascontiguousarray(frames))
        self._columns = made if self._columns is None else np.concatenate([self._columns, made])
        self._next += count
        self._samples = self._samples[count * self._hop :].copy()
