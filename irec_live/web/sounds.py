"""Sound of the library's files for a browser's player: any format as WAV, any part of it by itself.

A player asks for ranges of bytes. Those of WAV with 16 bits are known before anything is decoded, so that each range is
made when it is asked for, from the very samples that were analysed: what is heard is in step with what was found,
whatever the file's format. Nothing is kept.

A player can send no token. So an address carries a key, made by who has it for one content of a file and a day: no path
comes from outside.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
import secrets
import struct
import time
from collections.abc import AsyncIterator, Generator
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlencode

import numpy as np
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from irec_live.batch.remote import as_url
from irec_live.batch.writing import file_sha256
from irec_live.library import Library
from irec_live.library.library import Place
from irec_live.media import Block, open_audio
from irec_live.spool import path_of
from irec_live.web.error_responses import Refused

SOUND_PATH = "/v1/library/sound"
MEDIA_TYPE = "audio/wav"
KEY_S = 24 * 3600
"""For which an address holds."""
MOST_BYTES = 4 << 20
"""Of one answer to a request for a range: players ask again, and nobody holds a decoder while somebody pauses."""

_BLOCK_S = 1.0
_LARGEST = 2**32 - 1  # the format's sizes have 32 bits
_HEADER = struct.Struct("<4sI4s4sIHHIIHH4sI")
_WIDTH = 2  # bytes of a sample
_MOST_CHANNELS = 2
_AT_ONCE = 4
_MOST_KNOWN = 64
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.IGNORECASE)


class Keys:
    """Makes addresses of sounds, and tells whether one is ours and holds still. Any thread."""

    def __init__(self) -> None:
        self._secret = secrets.token_bytes(32)

    def address(self, sha256: str) -> str:
        """Where a content can be heard for a day, from the page's address on."""
        until = int(time.time()) + KEY_S
        return SOUND_PATH[1:] + "?" + urlencode({"sha256": sha256, "until": until, "key": self._key(sha256, until)})

    def check(self, sha256: str, until: int, key: str) -> None:
        """See that an address holds.

        Raises
        ------
        Refused
            It does not.
        """
        if not hmac.compare_digest(self._key(sha256, until).encode(), key.encode()) or until < time.time():
            raise Refused(403, "this address of a sound holds no more; search the library again")

    def _key(self, sha256: str, until: int) -> str:
        return hmac.new(self._secret, f"{sha256}\n{until}".encode(), hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True)
class Sound:
    """A sound file as WAV.

    Attributes
    ----------
    path : Path
    samples, sample_rate, channels : int
    """

    path: Path
    samples: int
    sample_rate: int
    channels: int

    @property
    def size(self) -> int:
        """Bytes as WAV."""
        return _HEADER.size + self.samples * self.channels * _WIDTH

    def pieces(self, first: int, count: int) -> Generator[bytes, None, None]:
        """So many bytes from `first` on, a second at a time; silence where the file has less than it had.

        Raises
        ------
        MediaError
            The file cannot be read any more.
        """
        if first < _HEADER.size:
            yield self._header()[first : first + count]
            count -= min(count, _HEADER.size - first)
            first = _HEADER.size
        if not count:
            return
        sample, ahead = divmod(first - _HEADER.size, self.channels * _WIDTH)
        with open_audio(self.path) as audio:
            audio.seek(sample)
            while count:
                block = _few(audio.read(audio.block_of(_BLOCK_S)), self.channels)
                samples = np.rint(np.clip(block, -1.0, 1.0) * np.float32(32767.0)).astype("<i2")
                data = samples.tobytes()[ahead : ahead + count]
                if not len(block):
                    data = bytes(min(count, self.sample_rate * self.channels * _WIDTH))
                ahead = 0
                count -= len(data)
                yield data

    def _header(self) -> bytes:
        width = self.channels * _WIDTH
        shape = (16, 1, self.channels, self.sample_rate, self.sample_rate * width, width, 8 * _WIDTH)
        return _HEADER.pack(b"RIFF", self.size - 8, b"WAVE", b"fmt ", *shape, b"data", self.samples * width)


class Sounds:
    """Finds and sends sounds of the library."""

    def __init__(self) -> None:
        self.keys = Keys()
        self._decoding = asyncio.Semaphore(_AT_ONCE)
        self._checked: dict[tuple[str, int, int], str] = {}  # by place, size and time of modification: the hash

    def find(self, library: Library, sha256: str) -> Sound:
        """A file with this content, if it is still where it was. May take as long as reading it.

        Raises
        ------
        Refused
            The library does not know it, the file is gone or was changed, or it is too long.
        LibraryError
            The library is in use, or damaged.
        MediaError
            The file cannot be decoded.
        """
        places = library.places(sha256)
        if not places:
            raise Refused(404, "the library knows no such recording; search it again")
        if all(as_url(place.path) for place in places):
            raise Refused(404, "this recording is in object storage; only files of the server's machine can be heard")
        for place in places:
            if self._is_same(place, sha256):
                return _sound(place)
        raise Refused(404, "the file was moved or changed since; irec-live library add finds it again")

    def _is_same(self, place: Place, sha256: str) -> bool:
        path = path_of(place.path)
        try:
            status = path.stat()
            if status.st_size != place.size_bytes:
                return False
            if status.st_mtime_ns == place.modified_ns:
                return True
            stamp = (place.path, status.st_size, status.st_mtime_ns)
            if stamp not in self._checked:
                if len(self._checked) >= _MOST_KNOWN:
                    self._checked.clear()
                self._checked[stamp] = file_sha256(path)
            return self._checked[stamp] == sha256
        except (OSError, ValueError):
            return False

    def answer(self, sound: Sound, wanted: str, *, body: bool = True) -> Response:
        """The sound, or the range of it that is wanted.

        Parameters
        ----------
        sound : Sound
        wanted : str
            The header ``Range``; what is not one range of bytes counts as none (RFC 9110, 14.2).
        body : bool
            Whether more than the header is wanted.
        """
        headers = {
            "Accept-Ranges": "bytes",
            "Cache-Control": "private, no-store",
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "Cross-Origin-Resource-Policy": "same-origin",
            "X-Content-Type-Options": "nosniff",
        }
        span = asked_range(wanted, sound.size)
        if span is None:
            headers["Content-Length"] = str(sound.size)
            return StreamingResponse(self._sent(sound, 0, sound.size if body else 0), 200, headers, MEDIA_TYPE)
        first, count = span
        if not count:
            return Response(status_code=416, headers={**headers, "Content-Range": f"bytes */{sound.size}"})
        count = min(count, MOST_BYTES)
        headers["Content-Length"] = str(count)
        headers["Content-Range"] = f"bytes {first}-{first + count - 1}/{sound.size}"
        return StreamingResponse(self._sent(sound, first, count if body else 0), 206, headers, MEDIA_TYPE)

    async def _sent(self, sound: Sound, first: int, count: int) -> AsyncIterator[bytes]:
        with closing(sound.pieces(first, count)) as pieces:
            while True:
                async with self._decoding:
                    piece = await run_in_threadpool(next, pieces, b"")
                if not piece:
                    return
                yield piece


def asked_range(header: str, size: int) -> tuple[int, int] | None:
    """First byte and number of bytes that a ``Range`` asks for; None without one, (0, 0) if there are no such bytes.

    Examples
    --------
    >>> asked_range("bytes=0-99", 50), asked_range("bytes=40-", 50), asked_range("bytes=-5", 50)
    ((0, 50), (40, 10), (45, 5))
    >>> asked_range("bytes=50-", 50), asked_range("", 50), asked_range("bytes=0-1,4-5", 50)
    ((0, 0), None, None)
    """
    found = _RANGE.fullmatch(header.strip())
    if found is None or not (found[1] or found[2]):
        return None
    if not found[1]:
        count = min(int(found[2]), size)
        return (size - count, count) if count else (0, 0)
    first, last = int(found[1]), min(int(found[2]), size - 1) if found[2] else size - 1
    if found[2] and int(found[2]) < first:
        return None  # no range at all
    return (first, last - first + 1) if first < size else (0, 0)


def _sound(place: Place) -> Sound:
    sample_rate, channels = _shape(place.path, place.size_bytes, place.modified_ns)
    samples = round(place.duration_s * sample_rate)
    for fewer in range(channels, 0, -1):
        if (sound := Sound(path_of(place.path), samples, sample_rate, fewer)).size <= _LARGEST:
            return sound
    hours = _LARGEST / (_WIDTH * sample_rate * 3600)
    raise Refused(422, f"the recording is longer than {hours:.0f} hours, too long for a browser's player")


@lru_cache(maxsize=_MOST_KNOWN)
def _shape(path: str, _size: int, _modified_ns: int) -> tuple[int, int]:
    """Sample rate and channels: those of more than two are mixed to one."""
    with open_audio(path_of(path)) as audio:
        return audio.sample_rate, audio.channels if audio.channels <= _MOST_CHANNELS else 1


def _few(block: Block, channels: int) -> Block:
    return block if block.shape[1] == channels else block.mean(axis=1, keepdims=True)
