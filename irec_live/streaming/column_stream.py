"""ColumnStream: the columns of a stream, each computed once, for windows that overlap and networks that agree on them.

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
    """What computes columns; `irec_live.models.columns.SharedColumns` does, and `state.StatefulNetwork`."""

    @property
    def front(self) -> str:
        """What identifies how columns are made of frames: those with the same make the same."""

    @property
    def spec(self) -> _Frames:
        """Length and distance of frames, and the place of the first in a window; samples."""

    @property
    def frames(self) -> int:
        """N."""

    @property
    def levelled(self) -> bool:
        """Whether of a window its level at most is asked for beside its columns, and not its samples."""

    def columns(self, frames: Array, /) -> Array:
        """Frames (m, L) to columns (m, F)."""


class WindowMaker(ColumnMaker, Protocol):
    """What computes columns, and what a network says of windows of them."""

    def predict(self, audio: Array, columns: Array, /) -> Array:
        """Windows (B, T), or their levels (B, 1), and columns (B, N, F) to what the network says."""

    def predict_with_features(self, audio: Array, columns: Array, /) -> tuple[Array, Array]:
        """The same, and features (B, W); asked for of networks with a context alone."""


class ColumnStream:
    """Keeps samples until a window needs their columns, and columns until no reader's later window does.

    Of samples that no window asks for, such as those of silence, no columns are computed.

    Parameters
    ----------
    maker : ColumnMaker
    """

    def __init__(self, maker: ColumnMaker) -> None:
        self._maker = maker
        self._length, self._hop = maker.spec.frame_length, maker.spec.frame_hop
        self._readers: list[ColumnReader] = []
        self.reset()

    def reader(self, maker: ColumnMaker) -> ColumnReader:
        """Another reader, for a network that makes the same columns. All of them come before the first sample."""
        self._readers.append(ColumnReader(self, maker.frames, self._hop, maker.spec.offset // self._hop))
        return self._readers[-1]

    def reset(self) -> None:
        """Forget all samples and start again at index 0."""
        self.taken = 0
        """Samples taken so far."""
        self._samples = np.zeros(0, np.float32)  # from the first frame on that has no column yet
        self._columns: Array | None = None
        self._first = 0  # frame of the first column held
        self._next = 0  # frame of the first sample held
        self._ahead = self._maker.spec.offset % self._hop  # samples before the first frame, still to come

    def push(self, block: Array) -> None:
        """Take the next samples, (n,) float32."""
        self.taken += block.size
        if self._ahead:
            passed = min(self._ahead, block.size)
            self._ahead -= passed
            block = block[passed:]
        self._samples = np.concatenate([self._samples, block])

    def has_passed(self, frame: int) -> bool:
        """Whether all samples before a frame were taken."""
        return (frame - self._next) * self._hop <= self._samples.size

    def columns(self, frame: int, count: int) -> Array | None:
        """So many columns from that of a frame on, (count, F); None if they are not whole yet."""
        self._make()
        first = frame - self._first
        if self._columns is None or len(self._columns) < first + count:
            return None
        return self._columns[first : first + count]

    def forget(self) -> None:
        """Forget what lies before all readers' windows."""
        frame = min(reader.frame for reader in self._readers)
        if self._columns is not None:
            self._columns = self._columns[frame - self._first :]
        self._first = frame
        if frame > self._next:  # the columns of these frames were never needed
            self._samples = self._samples[(frame - self._next) * self._hop :].copy()
            self._next = frame

    def _make(self) -> None:
        """Compute the columns of all frames that are whole."""
        count = (self._samples.size - self._length) // self._hop + 1
        if count < 1:
            return
        size = self._samples.itemsize
        # The bare constructor, which checks bounds: NumPy's sliding views take longer than the copy.
        frames = np.ndarray((count, self._length), np.float32, self._samples, 0, (self._hop * size, size))
        made = self._maker.columns(np.ascontiguousarray(frames))
        self._columns = made if self._columns is None else np.concatenate([self._columns, made])
        self._next += count
        self._samples = self._samples[count * self._hop :].copy()


class ColumnReader:
    """One network's windows of a `ColumnStream`, in their order.

    Parameters
    ----------
    stream : ColumnStream
    frames : int
        N, in a window.
    hop : int
        Samples from one frame to the next.
    left_out : int
        Frames at the start of each window, before those N.

    Attributes
    ----------
    frame : int
        First frame of the N of the window asked for last.
    """

    def __init__(self, stream: ColumnStream, frames: int, hop: int, left_out: int = 0) -> None:
        self._stream, self._frames, self._hop, self._left_out = stream, frames, hop, left_out
        self.reset()

    def reset(self) -> None:
        """Forget all samples; to be done for all readers of a stream."""
        self.frame = self._taken = 0
        self._stream.reset()

    def push(self, block: Array) -> None:
        """Take the next samples, (n,) float32: what another reader gave is there already."""
        known = self._stream.taken - self._taken
        self._taken += block.size
        if known < block.size:
            self._stream.push(block[known:])

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
        columns = self._stream.columns(self.frame, self._frames)
        if columns is None:
            raise ValueError(f"the window at sample {start} is not whole yet")
        return columns

    def pass_over(self, start: int) -> None:
        """Forget what lies before a window, instead of asking for its columns; arguments and errors as of `window`."""
        frame, rest = divmod(start, self._hop)
        frame += self._left_out
        if rest or frame < self.frame:
            raise ValueError(f"no column starts at sample {start}")
        if not self._stream.has_passed(frame):
            raise ValueError(f"the window at sample {start} is not whole yet")
        self.frame = frame
        self._stream.forget()


class ColumnStreams:
    """One `ColumnStream` for all networks of a pipeline that make the same columns of the same samples.

    Windows of one network may have some columns at their start that another network leaves out.
    """

    def __init__(self) -> None:
        self._streams: dict[tuple[object, ...], ColumnStream] = {}

    def reader(self, maker: ColumnMaker, sample_rate: int) -> ColumnReader:
        """What gives a network, which runs at a rate in Hz, its columns."""
        spec = maker.spec
        key = (sample_rate, spec.frame_length, spec.frame_hop, spec.offset % spec.frame_hop, maker.front)
        if key not in self._streams:
            self._streams[key] = ColumnStream(maker)
        return self._streams[key].reader(maker)
