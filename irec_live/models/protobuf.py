"""Walk the protobuf wire format: fields, their numbers, and where their contents stand.

Only what a reader of trusted structure and untrusted contents needs: nothing is copied, nothing recurses, and a budget
bounds the walk whatever the bytes say.

References
----------
Protocol Buffers, *Encoding*: base-128 varints, wire types.
"""

from __future__ import annotations

from collections.abc import Iterator
from mmap import mmap

Span = tuple[int, int]
"""First byte of a message or string, and the byte after its last."""


class MalformedError(Exception):
    """The bytes are not what the wire format, or the message's definition, allows."""


def message(span: Span | None) -> Span:
    """The span of a field that must be a message or a string.

    Raises
    ------
    MalformedError
        It is a number.
    """
    if span is None:
        raise MalformedError("a number stands where a message should")
    return span


class WireReader:
    """Reads fields out of one buffer.

    Parameters
    ----------
    data : bytes or mmap
    budget : int
        Fields that may be visited in all.

    Examples
    --------
    >>> reader = WireReader(b"\\x08\\x96\\x01\\x12\\x02hi", budget=10)
    >>> list(reader.fields((0, 7)))
    [(1, 150, None), (2, None, (5, 7))]
    >>> reader.text((5, 7))
    'hi'
    """

    def __init__(self, data: bytes | mmap, budget: int) -> None:
        self._data = data
        self._allowed = self._budget = budget

    def text(self, span: Span) -> str:
        """The string in a span.

        Raises
        ------
        MalformedError
            It is not UTF-8.
        """
        try:
            return self._data[span[0] : span[1]].decode()
        except UnicodeDecodeError as error:
            raise MalformedError("a text is not UTF-8") from error

    def fields(self, span: Span) -> Iterator[tuple[int, int | None, Span | None]]:
        """Every field of a message: its number, and its value (varint) or its extent (string or message).

        Fields of fixed width have neither. The message must lie within the data.

        Raises
        ------
        MalformedError
            The bytes are no message, or the budget is spent.
        """
        data = self._data
        position, end = span
        while position < end:
            self._budget -= 1
            if self._budget < 0:
                raise MalformedError(f"it has more than {self._allowed:,} parts")
            # Nearly all numbers have one byte, and a model has ten thousands of them: those cost no call.
            key = data[position]
            if key < 0x80:
                position += 1
            else:
                key, position = self._varint(position, end)
            number, wire = key >> 3, key & 7
            if number == 0:
                raise MalformedError("a part has no number")
            if wire == 0:
                value, position = self._varint(position, end)
                yield number, value, None
                continue
            if wire == 2:
                if position < end and (length := data[position]) < 0x80:
                    position += 1
                else:
                    length, position = self._varint(position, end)
            elif wire in (1, 5):
                length = 8 if wire == 1 else 4
            else:
                raise MalformedError(f"unknown wire type {wire}")
            if position + length > end:
                raise MalformedError("a part is longer than what holds it")
            yield number, None, (position, position + length) if wire == 2 else None
            position += length

    def _varint(self, position: int, end: int) -> tuple[int, int]:
        value = 0
        for shift in range(0, 70, 7):
            if position >= end:
                raise MalformedError("it ends in the middle of a number")
            byte = self._data[position]
            position += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value, position
        raise MalformedError("a number has more than 10 bytes")
