"""Fallback decoding: one library, and another from where the first ends before the file does."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from irec_live.decoders.contract import Block, Decoder, NotDecodableError
from irec_live.decoders.format_conversion import FormatConverter

_SHORTFALL_S = 0.1
"""Missing sound that is not worth a second library."""


class FallbackDecoder:
    """Decodes with the first; goes on with the second where that ends short of what the file announces.

    Some damage ends a file for one library and is a gap for the other.

    Parameters
    ----------
    first : Decoder
    open_second : callable
        Opens the file anew.
    """

    def __init__(self, first: Decoder, open_second: Callable[[], Decoder]) -> None:
        self._first = first
        self._open_second = open_second
        self._second: Decoder | None = None
        self._handed_at: int | None = None  # sample from which on the second decodes
        self._hopeless = False
        self._position = 0
        self.sample_rate, self.channels, self.samples = first.sample_rate, first.channels, first.samples
        self.announces, self.tracks = first.announces, first.tracks
        self._converter = FormatConverter(self.sample_rate, self.channels)

    @property
    def complaint(self) -> str:
        """See `Decoder.complaint`."""
        second = self._second.complaint if self._second is not None else ""
        return (
            self._first.complaint or second or ("parts of it cannot be decoded" if self._handed_at is not None else "")
        )

    @property
    def notes(self) -> tuple[str, ...]:
        """See `Decoder.notes`."""
        return (*self._first.notes, *self._converter.changes)

    def read(self, samples: int) -> Block:
        """See `Decoder.read`."""
        block = self._read_second(samples) if self._handed_at is not None else self._first.read(samples)
        if not len(block) and self._handed_at is None and self._ends_early() and self._hand_over():
            block = self._read_second(samples)
        self._position += len(block)
        return block

    def _ends_early(self) -> bool:
        if self._hopeless or not self.announces or self.samples is None:
            return False
        return self.samples - self._position > _SHORTFALL_S * self.sample_rate

    def _hand_over(self) -> bool:
        """Open the second at this sample; whether that went."""
        try:
            if self._second is None:
                self._second = self._open_second()
            self._second.seek(self._position)
        except (NotDecodableError, OSError):
            self._hopeless = True
            return False
        self._converter.forget()
        self._handed_at = self._position
        return True

    def _read_second(self, samples: int) -> Block:
        block = np.zeros((0, self.channels), np.float32)
        if self._second is not None:
            block = self._converter.fit(self._second.read(samples), self._second.sample_rate)
        if not len(block) and self._handed_at == self._position:  # it decodes no more either: the file was cut
            self._handed_at, self._hopeless = None, True
        return block

    def seek(self, sample: int) -> None:
        """See `Decoder.seek`."""
        self._position = sample
        self._hopeless = False
        if self._handed_at is not None and sample >= self._handed_at and self._second is not None:
            self._second.seek(sample)
        else:
            self._handed_at = None
            self._first.seek(sample)

    def close(self) -> None:
        """See `Decoder.close`."""
        self._first.close()
        if self._second is not None:
            self._second.close()
