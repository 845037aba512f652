"""Wrong lengths in WAV, AIFF and similar headers: detection, and a corrected header.

A recorder that was killed, or still runs, leaves lengths of 0 or of a moment ago; one that writes to a pipe cannot go
back to fill them in; and what is longer than 4 GiB does not fit into the 32 bits of WAV. What such headers tell is a
hint: sound goes on to the end of the file, unless what follows it can be read as further chunks.

Covers WAV (RIFF, RIFX, RF64, BW64), Wave64, AIFF, AIFF-C, AU and CAF.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

from irec_live.decoders.guarded_file import Part

_SLACK = 512
"""Bytes behind the sound that are taken for padding or a tag."""

# What may stand before the sound: cue lists, pictures. More is a file made to be walked for ever.
_MOST_HEADER = 1 << 20
_MOST_CHUNKS = 1000
_4GIB = 1 << 32
_NO_LENGTH = 0xFFFFFFFF
_FROM_A_PIPE = ((0x7FFFF000, 0x80000000), (0xFFFFFF00, _NO_LENGTH))
"""What programs write that do not know the length yet: the most that a signed or unsigned 32-bit number takes, more or
less their header."""
_NEVER = 1 << 62
"""Of 64 bits: no file is so long."""

# Wave64 has GUIDs where WAV has four characters; these begin with the same four in lower case.
_W64_RIFF = b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\x00\x00"
_W64_WAVE = b"wave\xf3\xac\xd3\x11\x8c\xd1\x00\xc0\x4f\x8e\xdb\x8a"

_AIFC_WIDTHS = {b"fl32": 4, b"FL32": 4, b"fl64": 8, b"FL64": 8, b"ulaw": 1, b"ULAW": 1, b"alaw": 1, b"ALAW": 1}
_AIFC_BY_BITS = {b"NONE", b"twos", b"sowt", b"raw ", b"in24", b"in32", b"23ni", b"42ni"}


@dataclass(frozen=True, slots=True)
class Finding:
    """A file whose header is wrong.

    Attributes
    ----------
    part : Part
        The file behind a header that is right.
    note : str
        What was wrong, as the end of a sentence that begins with the file's name; empty where the format allows it.
    """

    part: Part
    note: str


@dataclass(frozen=True, slots=True)
class _Layout:
    """How chunks look in a format.

    Attributes
    ----------
    order : {"<", ">"}
    name, size : int
        Bytes of a chunk's name and of its length.
    counts_itself : bool
        Whether the length has those bytes in it.
    align : int
        Chunks begin at multiples of it.
    """

    order: Literal["<", ">"]
    name: int
    size: int
    counts_itself: bool = False
    align: int = 2

    @property
    def head(self) -> int:
        return self.name + self.size

    def pack(self, value: int) -> bytes:
        return value.to_bytes(self.size, "little" if self.order == "<" else "big")

    def unpack(self, raw: bytes) -> int:
        return int.from_bytes(raw, "little" if self.order == "<" else "big")


_RIFF = _Layout("<", 4, 4)
_RIFX = _Layout(">", 4, 4)
_W64 = _Layout("<", 16, 8, counts_itself=True, align=8)
_CAF = _Layout(">", 4, 8, align=1)


def wrong_header(path: Path) -> Finding | None:
    """What is wrong with the lengths in a file's header; None where they are right, or where it is of another format.

    Headers that tell of more than there is are left as they are, for such a file was cut.

    Raises
    ------
    OSError
        The file cannot be read.
    """
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        head = file.read(40)
        magic, form = head[:4], head[8:12]
        if magic in (b"RIFF", b"RF64", b"BW64") and form == b"WAVE":
            return _wave(path, file, size, _RIFF)
        if magic == b"RIFX" and form == b"WAVE":
            return _wave(path, file, size, _RIFX)
        if head.startswith(_W64_RIFF) and head[24:40] == _W64_WAVE:
            return _wave64(path, file, size)
        if magic == b"FORM" and form in (b"AIFF", b"AIFC"):
            return _aiff(path, file, size)
        if magic == b"caff":
            return _caf(path, file, size)
        if magic in (b".snd", b"dns."):
            return _au(path, head, size)
    return None


def is_wave(path: Path) -> bool:
    """Whether a file is of the kinds of WAV; `wrong_header` knows all about their lengths.

    Raises
    ------
    OSError
        The file cannot be read.
    """
    with path.open("rb") as file:
        head = file.read(12)
    return head[:4] in (b"RIFF", b"RIFX", b"RF64", b"BW64") and head[8:] == b"WAVE"


def _wave(path: Path, file: BinaryIO, size: int, layout: _Layout) -> Finding | None:
    chunks = {name: (at, said) for name, at, said in _chunks(file, 12, size, layout, until=b"data")}
    if b"data" not in chunks:
        return None
    at, said = chunks[b"data"]
    long_at = chunks[b"ds64"][0] if b"ds64" in chunks else None
    if long_at is not None and said == _NO_LENGTH:  # ds64 holds the lengths: of the file, then of the sound
        file.seek(long_at + 8)
        said = int.from_bytes(file.read(8), "little")
    length = _true_length(file, at, said, size, layout)
    if length is None:
        return None
    file.seek(0)
    header = bytearray(file.read(at))
    whole = at + length - 8  # RIFF does not count its own name and length
    if long_at is not None:
        header[4:8] = header[at - 4 : at] = layout.pack(_NO_LENGTH)
        header[long_at : long_at + 16] = struct.pack("<QQ", whole, length)
        header[long_at + 16 : long_at + 24] = bytes(8)  # samples: unknown
    elif whole < _NO_LENGTH:
        header[4:8], header[at - 4 : at] = layout.pack(whole), layout.pack(length)
    elif layout is _RIFF:  # 32 bits do not hold it: the same as RF64
        added = 8 + 28
        long = b"ds64" + struct.pack("<IQQQI", 28, whole + added, length, 0, 0)
        header = bytearray(b"RF64\xff\xff\xff\xffWAVE" + long + header[12 : at - 4] + layout.pack(_NO_LENGTH))
    else:
        return None
    return Finding(Part(path, bytes(header), at), _words(said, length))


def _wave64(path: Path, file: BinaryIO, size: int) -> Finding | None:
    chunks = {name[:4]: (at, said) for name, at, said in _chunks(file, 40, size, _W64, until=b"data")}
    if b"data" not in chunks:
        return None
    at, said = chunks[b"data"]
    length = _true_length(file, at, said, size, _W64)
    if length is None:
        return None
    file.seek(0)
    header = bytearray(file.read(at))
    header[16:24], header[at - 8 : at] = _W64.pack(at + length), _W64.pack(length + _W64.head)
    return Finding(Part(path, bytes(header), at), _words(said, length))


def _aiff(path: Path, file: BinaryIO, size: int) -> Finding | None:
    chunks = {name: (at, said) for name, at, said in _chunks(file, 12, size, _RIFX, until=b"SSND")}
    if b"SSND" not in chunks or b"COMM" not in chunks:
        return None
    at, said = chunks[b"SSND"]
    file.seek(0)
    header = bytearray(file.read(at))
    common, common_size = chunks[b"COMM"]
    channels, frames, bits = struct.unpack(">HIH", header[common : common + 8])
    coding = bytes(header[common + 18 : common + 22]) if common_size >= 22 else b"NONE"
    width = channels * (_AIFC_WIDTHS.get(coding) or ((bits + 7) // 8 if coding in _AIFC_BY_BITS else 0))
    length = _true_length(file, at, said, size, _RIFX, least=8)
    if length is None and width and said <= size - at and frames * width + _SLACK < said - 8:
        said, length = frames * width, said  # only the number of frames was never brought up to date
    if length is None or at + length - 8 > _NO_LENGTH:
        return None
    header[4:8], header[at - 4 : at] = _RIFX.pack(at + length - 8), _RIFX.pack(length)
    if width:
        header[common + 2 : common + 6] = struct.pack(">I", (length - 8) // width)
    return Finding(Part(path, bytes(header), at), _words(said, length))


def _caf(path: Path, file: BinaryIO, size: int) -> Finding | None:
    chunks = {name: (at, said) for name, at, said in _chunks(file, 8, size, _CAF, until=b"data")}
    if b"data" not in chunks:
        return None
    at, said = chunks[b"data"]
    open_ended = said == (1 << 64) - 1  # allowed: sound to the end of the file
    length = size - at if open_ended else _true_length(file, at, said, size, _CAF, least=4)
    if length is None:
        return None
    file.seek(0)
    header = bytearray(file.read(at))
    header[at - 8 : at] = _CAF.pack(length)
    return Finding(Part(path, bytes(header), at), "" if open_ended else _words(said, length))


def _au(path: Path, head: bytes, size: int) -> Finding | None:
    order: Literal["<", ">"] = ">" if head.startswith(b".") else "<"
    if len(head) < 24:
        return None
    at, said = struct.unpack(f"{order}II", head[4:12])
    length = size - at
    if said == _NO_LENGTH or not 24 <= at < size or said >= length or (said and length - said <= _SLACK):
        return None  # the first is allowed: unknown
    header = head[:8] + struct.pack(f"{order}I", min(length, _NO_LENGTH)) + head[12:24]
    return Finding(Part(path, header + bytes(at - 24), at), _words(said, length))


def _chunks(
    file: BinaryIO, start: int, size: int, layout: _Layout, *, until: bytes
) -> Iterator[tuple[bytes, int, int]]:
    """Name, first byte and length of each chunk, up to the first whose name begins with `until`."""
    at = start
    for _ in range(_MOST_CHUNKS):
        if at > min(size, _MOST_HEADER):
            return
        file.seek(at)
        head = file.read(layout.head)
        if len(head) < layout.head:
            return
        name, said = head[: layout.name], layout.unpack(head[layout.name :])
        if layout.counts_itself:
            said = max(0, said - layout.head)
        at += layout.head
        yield name, at, said
        if name.startswith(until):
            return
        at = _aligned(at + said, layout)


def _true_length(file: BinaryIO, at: int, said: int, size: int, layout: _Layout, *, least: int = 0) -> int | None:
    """Bytes of a chunk that holds sound, or None if its own account can be believed.

    Parameters
    ----------
    at, said : int
        Its first byte, and the length that it gives.
    least : int
        Bytes in it before the sound.
    """
    there = size - at
    if there <= least:
        return None
    if said > there:
        from_a_pipe = said >= _NEVER or (layout.size == 4 and any(low <= said <= high for low, high in _FROM_A_PIPE))
        return there if from_a_pipe else None
    for turns in range(1 + there // _4GIB if layout.size == 4 else 1):
        length = said + turns * _4GIB
        slack = _SLACK if length > least else 0
        if length <= there and _is_rest(file, at + length, size, layout, slack=slack):
            return None if turns == 0 else length
    return there


def _is_rest(file: BinaryIO, at: int, size: int, layout: _Layout, *, slack: int) -> bool:
    """Whether the bytes from `at` on are chunks up to the end of the file, or too few to matter."""
    if size - at <= slack:
        return True
    at = _aligned(at, layout)
    for _ in range(_MOST_CHUNKS):
        if at >= size - 1:
            return True
        file.seek(at)
        head = file.read(layout.head)
        if len(head) < layout.head or not all(32 <= byte < 127 for byte in head[:4]):
            return False
        said = layout.unpack(head[layout.name :])
        at = _aligned(at + said + (0 if layout.counts_itself else layout.head), layout)
        if at > size + layout.align or (layout.counts_itself and said < layout.head):
            return False
    return False


def _aligned(at: int, layout: _Layout) -> int:
    return -(-at // layout.align) * layout.align


def _words(said: int, length: int) -> str:
    if said > length:
        return "has a header that was never finished: it was read to the end of the file"
    return f"has a header that was never finished: it tells of {said} bytes of sound, {length} are there and were read"
