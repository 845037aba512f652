"""Whether an MP3 or Ogg file goes on behind what its first headers tell of.

libsndfile decodes what those announce, or as much as it guesses from them, and ends there without a word: in MP3 of
variable bit rate without an index, in MP3s put one after another, in chained Ogg (recorded from a web radio).
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import BinaryIO

_FRAME = re.compile(rb"\xff[\xe0-\xff]")
_INDEX = re.compile(_FRAME.pattern + rb"..(?:.{9}|.{17}|.{32})(?:..)?(?:Xing|Info)(.{4})(.{4})(.{4})", re.DOTALL)
"""An MPEG frame's header, its side information (9, 17 or 32 bytes by version and channels, with or without a checksum
in front), then flags, number of frames, number of bytes."""

_COUNTS_FRAMES_AND_BYTES = 0b11
_UNTOLD_SHARE, _UNTOLD_BYTES = 0.01, 16_384
"""What may follow unannounced: some encoders leave the index itself out of their count, some taggers leave padding.
The second is a second of sound at 128 kb/s."""

_MOST_TAGS = 4
_CHUNK = 1 << 20
_PAGE = b"OggS\0"
_BEGINS_STREAM = 0b10
_ALL_PAGE_FLAGS = 0b111


def goes_on_unannounced(path: Path) -> bool:
    """Whether there may be more in a file than libsndfile decodes of it; False for what is neither MP3 nor Ogg.

    Raises
    ------
    OSError
        The file cannot be read.
    """
    with path.open("rb") as file:
        end = _start_of_trailing_tags(file)
        start = _end_of_leading_tags(file)
        file.seek(start)
        head = file.read(64)
    if _FRAME.match(head):
        return not _index_tells_all(head, end - start)
    return is_chained_ogg(path)


def _index_tells_all(head: bytes, size: int) -> bool:
    """Whether an MP3 begins with an index (Xing, Info) that tells of all its bytes.

    Of more bytes than there are, too: that is a file cut short, which libsndfile decodes as far as it goes.
    """
    found = _INDEX.match(head)
    if found is None:
        return False
    flags, frames, told = (int.from_bytes(field, "big") for field in found.groups())
    if flags & _COUNTS_FRAMES_AND_BYTES != _COUNTS_FRAMES_AND_BYTES or not frames:
        return False
    return size - told <= min(_UNTOLD_SHARE * size, _UNTOLD_BYTES)


def is_chained_ogg(path: Path) -> bool:
    """Whether a stream begins in an Ogg file behind the sound of another (RFC 3533, section 4); False for other files.

    Looks at the head of every page, so it reads a file that is not chained from end to end.

    Raises
    ------
    OSError
        The file cannot be read.
    """
    with path.open("rb") as file:
        file.seek(_end_of_leading_tags(file))
        chunk = file.read(_CHUNK)
        if not chunk.startswith(_PAGE):
            return False
        inside = False
        while len(chunk) > len(_PAGE):
            at = chunk.find(_PAGE)
            while 0 <= at < len(chunk) - len(_PAGE):
                flags = chunk[at + len(_PAGE)]
                if flags <= _ALL_PAGE_FLAGS:  # else it only looks like a page
                    begins = bool(flags & _BEGINS_STREAM)
                    if begins and inside:
                        return True
                    inside = inside or not begins
                at = chunk.find(_PAGE, at + 1)
            chunk = chunk[-len(_PAGE) :] + file.read(_CHUNK)  # a page may begin across two chunks
    return False


def _end_of_leading_tags(file: BinaryIO) -> int:
    """Where the sound starts behind ID3v2 tags, in bytes."""
    start = 0
    for _ in range(_MOST_TAGS):
        file.seek(start)
        head = file.read(10)
        if len(head) < 10 or not head.startswith(b"ID3"):
            break
        footer = 10 if head[5] & 0x10 else 0
        start += 10 + footer + sum((byte & 0x7F) << shift for byte, shift in zip(head[6:], (21, 14, 7, 0), strict=True))
    return start


def _start_of_trailing_tags(file: BinaryIO) -> int:
    """Where the sound ends in front of ID3v1 and APE tags, in bytes."""
    end = file.seek(0, 2)
    for _ in range(_MOST_TAGS):
        start = max(0, end - 128)
        file.seek(start)
        tail = file.read(end - start)
        ape = tail[-32:]
        if len(tail) == 128 and tail.startswith(b"TAG"):
            end -= 128
        elif ape.startswith(b"APETAGEX") and len(ape) == 32:
            header = 32 if ape[23] & 0x80 else 0
            end -= int.from_bytes(ape[12:16], "little") + header
        else:
            break
        if end <= 0:
            return 0
    return end
