"""Chained streams: files of several streams one after another, and FLAC with more frames than its header says.

libsndfile decodes the first stream of such a file and ends there without a word; FFmpeg ends where the next one has
another rate.
"""

from __future__ import annotations

import mmap
import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

from irec_live.decoders.extent import end_of_leading_tags, starts_of_ogg_links
from irec_live.decoders.guarded_file import Part

_STREAMINFO_SIZE = 4 + 4 + 34  # the magic, a block's header, the block (RFC 9639, section 8.2)
_FLAC_BEGINS = re.compile(rb"fLaC[\x00\x80]\x00\x00\x22", re.DOTALL)
_FLAC_FIRST_FRAME = re.compile(rb"\xff[\xf8\xf9][\x10-\xfe][\x00-\xae]\x00", re.DOTALL)
"""A frame's header with the number 0."""
_FLAC_FRAME = re.compile(rb"\xff[\xf8\xf9][\x10-\xfe][\x00-\xae]", re.DOTALL)

_MOST_PARTS = 4096
"""A week of a web radio has as many songs; a file of more is not one of sound."""

_TAIL = 1 << 18
"""Where the last frame of a FLAC begins, in bytes before its end: frames of music take some thousands."""
_MOST_TAIL = 1 << 22

_RATES = (0, 88_200, 176_400, 192_000, 8_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000)
_BITS = (0, 8, 12, 0, 16, 20, 24, 32)
"""By their codes; 0 where the stream's header has it."""
_LEFT_AND_SIDE, _RESERVED_CHANNELS = 8, 11


@dataclass(frozen=True, slots=True)
class Chain:
    """What a file consists of.

    Attributes
    ----------
    parts : tuple of Part
        In order.
    notes : tuple of str
        What is odd about it: ends of sentences that begin with the file's name.
    uneven : bool
        Whether rate or channels change inside a part, which libsndfile does not follow.
    """

    parts: tuple[Part, ...]
    notes: tuple[str, ...] = ()
    uneven: bool = field(default=False)


def chain_of(path: Path) -> Chain | None:
    """The streams of an Ogg or FLAC file that libsndfile would not decode to the end; None for every other file.

    Reads Ogg and FLAC files from end to end.

    Raises
    ------
    OSError
        The file cannot be read.
    """
    with path.open("rb") as file:
        start = end_of_leading_tags(file)
        file.seek(start)
        magic = file.read(4)
        if magic == b"fLaC":
            return _flac(path, file, start)
    if magic == b"OggS":
        starts = starts_of_ogg_links(path)
        if 1 < len(starts) <= _MOST_PARTS:
            return Chain(_parts(path, starts))
    return None


def _parts(path: Path, starts: list[int]) -> tuple[Part, ...]:
    ends = [*starts[1:], None]
    return tuple(Part(path, start=start, end=end) for start, end in zip(starts, ends, strict=True))


def _flac(path: Path, file: BinaryIO, start: int) -> Chain | None:
    # Mapped, not read: a concert of gigabytes is searched without holding it.
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        first = data[start : start + _STREAMINFO_SIZE]
        if len(first) < _STREAMINFO_SIZE or not _FLAC_BEGINS.match(first):
            return None
        starts, headless = _flac_starts(data, start)
        if len(starts) > _MOST_PARTS:
            return None
        parts, notes, uneven = [], [], False
        for part in _parts(path, starts):
            end = len(data) if part.end is None else part.end
            if part.start in headless:
                # As if its encoder had written to a pipe: nothing but what every frame tells again.
                head = _header_for(first, _parse(data[part.start : part.start + 16], None))
                part = replace(part, header=head)
            else:
                head = data[part.start : part.start + _STREAMINFO_SIZE]
            last = _last_frame(data, part.start, end, head)
            if last is not None:
                uneven = uneven or last.differs(head)
                total = _total(head)
                if total and last.end_frame > total:
                    notes.append(
                        f"has a header that tells of {total / _rate(head):.1f} s of sound: "
                        f"it goes on to {last.end_frame / _rate(head):.1f} s and was read to its end"
                    )
                if total and (last.end_frame > total or last.differs(head)):
                    part = replace(part, header=_with_total(head, 0), start=part.start + _STREAMINFO_SIZE)
            parts.append(part)
    if len(parts) == 1 and parts[0].plain and not uneven:
        return None
    return Chain(tuple(parts), tuple(notes), uneven)


def _flac_starts(data: mmap.mmap, start: int) -> tuple[list[int], set[int]]:
    """Where streams begin, and which of those have no header of their own."""
    starts = [start]
    headless: set[int] = set()
    headers = [match.start() for match in _FLAC_BEGINS.finditer(data, start)] or [start]
    beginnings = [match.start() for match in _FLAC_FIRST_FRAME.finditer(data, start) if _is_frame(data, match.start())]
    for header, limit in zip(headers, [*headers[1:], len(data)], strict=True):
        inside = [at for at in beginnings if header <= at < limit]
        if header != start and inside:
            starts.append(header)
        for again in inside[1:]:
            starts.append(again)
            headless.add(again)
    return starts, headless


@dataclass(frozen=True, slots=True)
class _Frame:
    rate: int | None
    channels: int
    bits: int | None
    start_frame: int
    end_frame: int

    def differs(self, head: bytes) -> bool:
        """Whether it is of another rate or number of channels than its stream's header says."""
        return self.channels != _channels(head) or (self.rate is not None and self.rate != _rate(head))


def _last_frame(data: mmap.mmap, start: int, end: int, head: bytes) -> _Frame | None:
    """The last frame that begins before `end`; None where none is found."""
    span = _TAIL
    while True:
        low = max(start, end - span)
        found = None
        ends = {0}
        for match in _FLAC_FRAME.finditer(data, low, end):
            frame = _parse(data[match.start() : match.start() + 16], head)
            if frame is None:
                continue
            # By chance one in ten million bytes looks like a frame: what does not continue another is not one.
            if frame.start_frame in ends:
                found = frame
            ends.add(frame.end_frame)
        if found is not None or low == start or span >= _MOST_TAIL:
            return found
        span = _MOST_TAIL


def _is_frame(data: mmap.mmap, at: int) -> bool:
    return _parse(data[at : at + 16], None) is not None


def _parse(raw: bytes, head: bytes | None) -> _Frame | None:
    """A frame's header (RFC 9639, section 9.1); None if it is none."""
    # Reserved: channel codes from 11 on, the last bit of the fourth byte, code 15 of the rate.
    if len(raw) < 6 or raw[3] >> 4 >= _RESERVED_CHANNELS or raw[3] & 1 or raw[2] & 15 == 15:
        return None
    number, used = _coded_number(raw[4:])
    at = 4 + used
    size_code, rate_code = raw[2] >> 4, raw[2] & 15
    if not used or not size_code:
        return None
    if size_code in (6, 7):  # a number of one or two bytes follows
        count = size_code - 5
        block = 1 + int.from_bytes(raw[at : at + count], "big")
        at += count
    elif size_code < 6:
        block = 192 if size_code == 1 else 576 << size_code - 2  # RFC 9639, section 9.1.1
    else:
        block = 256 << size_code - 8
    rate = _RATES[rate_code] if rate_code < len(_RATES) else None
    if rate_code >= len(_RATES):
        count = 1 if rate_code == 12 else 2
        rate = int.from_bytes(raw[at : at + count], "big") * {12: 1000, 13: 1, 14: 10}[rate_code]  # in kHz, Hz, 10 Hz
        at += count
    if at >= len(raw) or _crc8(raw[:at]) != raw[at]:
        return None
    channels = raw[3] >> 4
    variable = raw[1] & 1
    # In streams of fixed blocks the number counts those; the last one is shorter.
    length = block if head is None else int.from_bytes(head[10:12], "big")
    start = number if variable else number * length
    return _Frame(
        rate or None,
        2 if channels >= _LEFT_AND_SIDE else channels + 1,
        _BITS[raw[3] >> 1 & 7] or None,
        start,
        start + block,
    )


def _coded_number(raw: bytes) -> tuple[int, int]:
    """A number in the manner of UTF-8, and how many bytes it takes; (0, 0) if it is none."""
    first = raw[0]
    if first < 0x80:
        return first, 1
    ones = 8 - (first ^ 0xFF).bit_length()
    rest = raw[1:ones]
    if not 2 <= ones <= 7 or len(rest) < ones - 1 or any(byte >> 6 != 0b10 for byte in rest):
        return 0, 0
    number = first & (0x7F >> ones)
    for byte in rest:
        number = number << 6 | byte & 0x3F
    return number, ones


def _crc8(raw: bytes) -> int:
    value = 0
    for byte in raw:
        value ^= byte
        for _ in range(8):
            # The polynomial x^8 + x^2 + x + 1.
            value = (value << 1 ^ 0x07) & 0xFF if value & 0x80 else value << 1
    return value


# STREAMINFO packs 20 bits of rate, 3 of channels - 1, 5 of bits - 1 and 36 of samples, from its byte 10 (18 here) on.


def _rate(head: bytes) -> int:
    return int.from_bytes(head[18:21], "big") >> 4 or 1


def _channels(head: bytes) -> int:
    return (head[20] >> 1 & 7) + 1


def _total(head: bytes) -> int:
    return int.from_bytes(head[21:26], "big") & 0xF_FFFF_FFFF


def _with_total(head: bytes, total: int) -> bytes:
    return head[:21] + bytes([head[21] & 0xF0 | total >> 32]) + (total & 0xFFFFFFFF).to_bytes(4, "big") + head[26:]


def _header_for(head: bytes, frame: _Frame | None) -> bytes:
    """A header, alone before its frames, as of an encoder that wrote to a pipe, for a stream that has lost its own."""
    rate = frame.rate if frame is not None and frame.rate else _rate(head)
    channels = frame.channels if frame is not None else _channels(head)
    bits = frame.bits if frame is not None and frame.bits else (head[20] & 1) << 4 | head[21] >> 4
    if frame is not None and frame.bits:
        bits -= 1
    # Frame sizes 0 and no samples: unknown; no MD5 sum either. The flag 0x80 says that no further block follows.
    packed = rate << 44 | (channels - 1) << 41 | bits << 36
    return head[:4] + b"\x80" + head[5:12] + bytes(6) + packed.to_bytes(8, "big") + bytes(16)
