"""Concatenation: the streams of a chained file decoded as one."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from irec_live.decoders.contract import Block, Decoder, NotDecodableError
from irec_live.decoders.format_conversion import FormatConverter

if TYPE_CHECKING:
    from irec_live.decoders.guarded_file import Part

_AT_ONCE = 1 << 16
"""Samples decoded to be thrown away, divided by the channels."""


class ConcatenatedDecoder:
    """One part after another, all at the rate of the first and with as many channels as it has.

    Parameters
    ----------
    parts : sequence of Part
    open_part : callable
        Opens one of them.

    Raises
    ------
    NotDecodableError
        No part can be decoded.
    OSError
        The file cannot be read.
    """

    tracks = 1
    announces = False
    samples: int | None = None  # the parts' own lengths are no more to be believed than their number

    def __init__(self, parts: Sequence[Part], open_part: Callable[[Part], Decoder]) -> None:
        self._parts = tuple(parts)
        self._open_part = open_part
        self.complaint = ""
        self._changes: dict[str, None] = {}
        self._starts: list[int] = []  # first sample of each part reached so far
        self._position = 0
        self._index = -1
        self._decoder: Decoder | None = None
        problem: NotDecodableError | None = None
        # The first part that can be decoded gives rate and channels; those before it are silence of no length.
        while self._decoder is None and self._index + 1 < len(self._parts):
            try:
                self._decoder = open_part(self._parts[self._index + 1])
            except NotDecodableError as error:
                problem = error
                self.complaint = f"a part of it cannot be decoded: {error}"
            self._index += 1
            self._starts.append(0)
        if self._decoder is None:
            raise problem or NotDecodableError("it has no parts")
        self.sample_rate = self._decoder.sample_rate
        self.channels = self._decoder.channels
        self._converter = FormatConverter(self.sample_rate, self.channels)
        self._ready = self._nothing()

    @property
    def notes(self) -> tuple[str, ...]:
        """See `Decoder.notes`."""
        return tuple(self._changes)

    def read(self, samples: int) -> Block:
        """See `Decoder.read`."""
        pieces = []
        wanted = samples
        while wanted:
            if len(self._ready):
                pieces.append(self._ready[:wanted])
                self._ready = self._ready[wanted:]
                wanted -= len(pieces[-1])
                self._position += len(pieces[-1])
            elif self._decoder is None:
                break
            else:
                self._decode(self._decoder, wanted)
        return np.concatenate(pieces) if pieces else self._nothing()

    def _decode(self, decoder: Decoder, samples: int) -> None:
        """Make some samples ready, or go on to the next part."""
        block = decoder.read(samples)
        if len(block):
            self._ready = self._converter.fit(block, decoder.sample_rate)
            self._changes.update(dict.fromkeys(self._converter.changes))
        else:
            self._ready = self._converter.finish()
            self._next_part(self._position + len(self._ready))

    def seek(self, sample: int) -> None:
        """See `Decoder.seek`."""
        index = bisect_right(self._starts, sample) - 1
        if index != self._index or self._decoder is None:
            decoder = self._enter(index)
        else:
            decoder = self._decoder
            if self._position <= sample and index + 1 == len(self._starts) < len(self._parts):
                self._discard(sample - self._position)  # where this part ends is not known yet
                return
        self._ready = self._nothing()
        self._converter.forget()
        # A part that was not decoded to its end may end before the sample; resampling is exact from the start only.
        known = index + 1 < len(self._starts) or index + 1 == len(self._parts)
        self._position = sample if known and decoder.sample_rate == self.sample_rate else self._starts[index]
        decoder.seek(self._position - self._starts[index])
        self._discard(sample - self._position)

    def _discard(self, samples: int) -> None:
        most = max(1, _AT_ONCE // self.channels)
        while samples > 0 and (passed := len(self.read(min(samples, most)))):
            samples -= passed

    def _next_part(self, start: int) -> None:
        """Go on with the part after this one, which begins at a sample; with none at the end."""
        self._note_damage()
        if self._index + 1 < len(self._parts):
            if self._index + 1 == len(self._starts):
                self._starts.append(start)
            self._enter(self._index + 1)
        else:
            self._close_part()

    def _enter(self, index: int) -> Decoder:
        self._close_part()
        self._index = index
        decoder: Decoder
        try:
            decoder = self._open_part(self._parts[index])
        except NotDecodableError as error:
            self.complaint = f"a part of it cannot be decoded: {error}"
            decoder = _Nothing(self.sample_rate, self.channels)
        self._decoder = decoder
        return decoder

    def _note_damage(self) -> None:
        if self._decoder is not None and self._decoder.complaint:
            self.complaint = self._decoder.complaint

    def _close_part(self) -> None:
        if self._decoder is not None:
            self._decoder.close()
        self._decoder = None

    def _nothing(self) -> Block:
        return np.zeros((0, self.channels), np.float32)

    def close(self) -> None:
        """See `Decoder.close`."""
        self._close_part()


class _Nothing:
    """A part that cannot be decoded."""

    announces, complaint, tracks = False, "", 1
    samples: int | None = 0
    notes: tuple[str, ...] = ()

    def __init__(self, sample_rate: int, channels: int) -> None:
        self.sample_rate, self.channels = sample_rate, channels

    def read(self, _frames: int) -> Block:
        return np.zeros((0, self.channels), np.float32)

    def seek(self, sample: int) -> None: ...

    def close(self) -> None: ...
