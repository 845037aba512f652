"""The extent of MP3 and Ogg files beyond what their first headers announce.

libsndfile decodes what those announce, or as much as it guesses from them, and ends there without a word: in MP3 of
variable bit rate without an index, in MP3s put one after another, in chained Ogg (recorded from a web radio).
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import BinaryIO, Literal

_FRAME = re.compile(rb"\xff[\xe0-\xff]")
_INDEX = re.compile(_FRAME.pattern + rb"..(?:.{9}|.{17}|.{32})(?:..)?(?:Xing|Info)(.{4})(.{4})(.{4})", re.DOTALL)
"""An MPEG frame's header, its side information (9, 17 or 32 bytes by version and channels, with or without a checksum
in front), then flags, number of frames, number of bytes."""

_COUNTS_FRAMES_AND_BYTES = 0b11
_UNTOLD_SHARE, _UNTOLD_BYTES = 0.01, 16_384
"""What may follow unannounced: some encoders leave the index itself out of their count, some taggers leave padding.
The second is a second of sound at 128 kb/s."""

OggEnd = Literal["whole", "open", "cut"]

_MOST_TAGS = 4  # of one kind behind another; more is a file made to be walked for ever
_CHUNK = 1 << 20
_PAGE = b"OggS\0"
_BEGINS_STREAM, _ENDS_STREAM = 0b10, 0b100
_LONGEST_PAGE = 27 + 255 + 255 * 255  # header, table of segments, segments (RFC 3533, section 6)
_ALL_PAGE_FLAGS = 0b111


def goes_on_unannounced(path: Path) -> bool:
    """Whether there may be more in an MP3 than libsndfile decodes of it; False for every other file.

    Raises
    ------
    OSError
        The file cannot be read.
    """
    with path.open("rb") as file:
        end = _start_of_trailing_tags(file)
        start = end_of_leading_tags(file)
        file.seek(start)
        head = file.read(64)
    return bool(_FRAME.match(head)) and not _index_tells_all(head, end - start)


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


def starts_of_ogg_links(path: Path) -> list[int]:
    """Where the streams of an Ogg file begin, in bytes: more than one if it is chained (RFC 3533, section 4).

    Streams that begin together sound together, and count as one. Empty for other files. Looks at the head of every
    page, so it reads the file from end to end.

    Raises
    ------
    OSError
        The file cannot be read.
    """
    starts: list[int] = []
    with path.open("rb") as file:
        start = end_of_leading_tags(file)
        file.seek(start)
        chunk = file.read(_CHUNK)
        if not chunk.startswith(_PAGE):
            return []
        inside = True
        while len(chunk) > len(_PAGE):
            at = chunk.find(_PAGE)
            while 0 <= at < len(chunk) - len(_PAGE):
                flags = chunk[at + len(_PAGE)]
                if flags <= _ALL_PAGE_FLAGS:  # else it only looks like a page
                    begins = bool(flags & _BEGINS_STREAM)
                    if begins and inside:
                        starts.append(start + at)
                    inside = not begins
                at = chunk.find(_PAGE, at + 1)
            start += len(chunk) - len(_PAGE)
            chunk = chunk[-len(_PAGE) :] + file.read(_CHUNK)  # a page may begin across two chunks
    return starts


def end_of_ogg(path: Path) -> OggEnd:
    """How an Ogg file ends: ``whole`` with the mark that a stream ends, ``open`` without, ``cut`` inside a page.

    Other files count as whole.

    Raises
    ------
    OSError
        The file cannot be read.
    """
    with path.open("rb") as file:
        file.seek(end_of_leading_tags(file))
        if not file.read(len(_PAGE)).startswith(_PAGE):
            return "whole"
        size = file.seek(0, 2)
        start = max(0, size - _LONGEST_PAGE)
        file.seek(start)
        tail = file.read()
    at = tail.rfind(_PAGE)
    while at >= 0 and tail[at + len(_PAGE) : at + len(_PAGE) + 1] > bytes([_ALL_PAGE_FLAGS]):
        at = tail.rfind(_PAGE, 0, at)
    head = tail[at : at + 27]
    if at < 0 or len(head) < 27:
        return "cut"
    segments = tail[at + 27 : at + 27 + head[26]]
    if len(segments) < head[26] or at + 27 + head[26] + sum(segments) > len(tail):
        return "cut"
    return "whole" if head[5] & _ENDS_STREAM else "open"


def end_of_leading_tags(file: BinaryIO) -> int:
    """Where the sound starts behind ID3v2 tags, in bytes."""
    start = 0
    for _ in range(_MOST_TAGS):
        file.seek(start)
        head = file.read(10)
        if len(head) < 10 or not head.startswith(b"ID3"):
            break
        # ID3v2 sizes have seven bits a byte, so that no byte looks like the start of an MPEG frame.
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
            header = 32 if ape[23] & 0x80 else 0  # the size counts the footer, but not the header that a flag tells of
            end -= int.from_bytes(ape[12:16], "little") + header
        else:
            break
        if end <= 0:
            return 0
    return end
