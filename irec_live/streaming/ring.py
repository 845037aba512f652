"""Lock-free ring buffer between the audio callback and the worker thread.

Single producer (the audio callback), single consumer (the worker). No lock: see the notes at each shared access. New
samples overwrite the oldest: a late reader loses those, learns it from the index, and never gets torn data.

Shapes: n samples of each channel, C channels. "Sample" below means one of each channel.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Block = npt.NDArray[np.float32]


class RingBuffer:
    """Ring buffer of the last `capacity` samples, addressed by absolute sample index.

    The store is mirrored (twice the capacity, every sample written in both halves), so that any range is one contiguous
    slice.

    Parameters
    ----------
    capacity : int
        Samples of each channel that it holds.
    channels : int
        C, channels of every block.

    Raises
    ------
    ValueError
        `capacity` or `channels` is below 1.

    Examples
    --------
    >>> ring = RingBuffer(4)
    >>> ring.write(np.array([[1], [2], [3]], np.float32))
    0
    >>> ring.write(np.array([[4], [5]], np.float32))
    1
    >>> block, index = ring.read()
    >>> block[:, 0].tolist(), index, ring.lost_samples
    ([2.0, 3.0, 4.0, 5.0], 1, 1)
    """

    def __init__(self, capacity: int, channels: int = 1) -> None:
        if capacity < 1 or channels < 1:
            raise ValueError(f"a ring buffer needs capacity >= 1 and channels >= 1, not {capacity} and {channels}")
        self.capacity = capacity
        self.channels = channels
        self._store: Block = np.zeros((2 * capacity, channels), np.float32)
        # NB: each of these has one writing thread, and a Python int is replaced in one step, so the other thread sees
        # the old or the new value, never half of one. Writer: _claimed, _written, _overflows, _lost. Reader: _read.
        self._claimed = 0  # samples below this may be in the middle of being written
        self._written = 0  # samples below this are completely written
        self._read = 0  # samples below this were read or passed over
        self._overflows = 0
        self._lost = 0

    @property
    def available(self) -> int:
        """Samples that wait for the reader. Any thread."""
        return min(self._written - self._read, self.capacity)

    @property
    def write_index(self) -> int:
        """Absolute index of the next sample to be written: the number written so far. Any thread."""
        return self._written

    @property
    def read_index(self) -> int:
        """Absolute index of the next sample to be read, unless it is overwritten first. Any thread."""
        return self._read

    @property
    def overflows(self) -> int:
        """Number of writes that overwrote unread samples. Any thread."""
        return self._overflows

    @property
    def lost_samples(self) -> int:
        """Number of samples that were overwritten unread, as counted by the writer. Any thread."""
        return self._lost

    def write(self, block: Block) -> int:
        """Store a block. Writer's thread only; does not block and allocates no array.

        Parameters
        ----------
        block : (n, C) float32
            Also (n,) where there is one channel. Of a block longer than the buffer only the end is kept.

        Returns
        -------
        int
            Number of unread samples that this overwrote.

        Raises
        ------
        ValueError
            The block has another number of channels.
        """
        if block.ndim == 1:
            block = block.reshape(-1, 1)
        if block.shape[1] != self.channels:
            raise ValueError(f"a ring buffer of {self.channels} channels was given a block of {block.shape[1]}")
        length: int = block.shape[0]
        end = self._written + length
        # NB: _read may advance meanwhile; then samples count as lost that the reader just took. It checks by itself.
        lost = max(0, end - self.capacity - max(self._read, self._written - self.capacity))
        # NB: published before the copy: a reader that copies these slots now will see, after its copy, that they were
        # being overwritten, and drop them.
        self._claimed = end
        if length > self.capacity:
            block = block[length - self.capacity :]
        self._copy_in(block, end - block.shape[0])
        self._written = end
        if lost:
            self._lost += lost
            self._overflows += 1
        return lost

    def _copy_in(self, block: Block, index: int) -> None:
        """Write `block` at absolute `index` in both halves of the store."""
        length = block.shape[0]
        start = index % self.capacity
        # May run on into the second half, whose beginning is the mirror of where the first half would wrap to.
        self._store[start : start + length] = block
        head = min(length, self.capacity - start)
        self._store[start + self.capacity : start + self.capacity + head] = block[:head]
        if head < length:
            self._store[: length - head] = block[head:]

    def read(self, max_samples: int | None = None) -> tuple[Block, int]:
        """Take the oldest samples that are still there. Reader's thread only; does not wait.

        Parameters
        ----------
        max_samples : int, optional
            Largest number to take; all by default.

        Returns
        -------
        block : (n, C) float32
            A copy; n may be 0.
        index : int
            Absolute index of its first sample; beyond the end of the last read if samples were lost.
        """
        written = self._written  # NB: read once; the writer moves it on while we compute
        first = max(self._read, written - self.capacity)
        count = written - first
        if max_samples is not None:
            count = min(count, max(0, max_samples))
        start = first % self.capacity
        block = self._store[start : start + count].copy()
        # NB: the writer may have overtaken us during the copy. It raises _claimed before it touches a slot, so samples
        # older than this bound may be torn and newer ones are intact.
        torn = min(count, max(0, self._claimed - self.capacity - first))
        if torn:
            block = block[torn:]
            first += torn
        self._read = first + block.shape[0]
        return block, first

    def reset(self) -> None:
        """Empty it and start again at index 0. Only while no thread writes or reads."""
        self._claimed = self._written = self._read = 0
        self._overflows = self._lost = 0
