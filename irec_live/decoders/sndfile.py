"""Decode with libsndfile."""

from __future__ import annotations

import re
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np

from irec_live.decoders.contract import Block, NotDecodableError
from irec_live.decoders.guarded_file import GuardedFile, Part
from irec_live.decoders.quiet_stderr import without_chatter

_SEEK_PREROLL_S = {"MP3": 0.5, "MPEG": 0.5, "OGG": 2.0}
"""Decoded before the frame sought and thrown away. Without it, MP3 starts on frames whose bits are in earlier ones, and
libsndfile 1.2 lands up to a block off inside some Vorbis pages."""

_BY_MPG123 = ("MP3", "MPEG")
"""Formats whose library prints on standard error."""

_CRUMB = 256
"""Samples read at once right before damage: of a read that meets it, libsndfile gives nothing."""

_FIRST_LEAP = 8192
"""Samples passed over behind damage, doubled until decoding works again."""

_LONGEST_LEAP = 1 << 24
"""Samples, where the length is not known: damage that is longer (6 minutes at 44.1 kHz) ends the file."""

_MOST_VALUES = 1 << 18
"""Samples of all channels that are decoded at once to be thrown away."""

_UNKNOWN = (1 << 63) - 1
"""What libsndfile gives as the length of a FLAC whose encoder wrote to a pipe."""


class SoundFileDecoder:
    """WAV, FLAC, Ogg (Vorbis, Opus), MP3, AIFF and the rest of what libsndfile reads.

    Where it meets damage that libsndfile does not get over, it goes on behind it, with silence in between, so that
    what follows keeps its time.

    Parameters
    ----------
    part : Path or Part
        A file, or a part of one.
    whole : bool
        Whether libsndfile's idea of the length can be believed; see `irec_live.decoders.extent`.

    Raises
    ------
    NotDecodableError
        libsndfile does not know the format, or is not installed.
    OSError
        The file cannot be read.
    """

    tracks = 1
    notes: tuple[str, ...] = ()

    def __init__(self, part: Path | Part, *, whole: bool = True) -> None:
        try:
            import soundfile
        except (ImportError, OSError) as error:  # OSError: the package is there, its C library is not
            raise NotDecodableError(f"libsndfile is not available ({error})") from error
        self._part = part if isinstance(part, Part) else Part(part)
        self._type = _sequential(soundfile)
        self._errors = (soundfile.LibsndfileError, RuntimeError, OSError)
        self._opened: Any = self._part.path.open("rb") if self._part.plain else GuardedFile(self._part)
        try:
            self._file = self._open()
        except TypeError as error:  # a name that ends in .raw: soundfile requires the format
            self._opened.close()
            raise NotDecodableError("it has no header") from error
        except self._errors as error:
            self._opened.close()
            raise NotDecodableError(_last_clause(error)) from error
        self.sample_rate: int = self._file.samplerate
        self.channels: int = self._file.channels
        self._length: int | None = None if self._file.frames == _UNKNOWN else self._file.frames
        self.samples = self._length
        self.announces = whole and self._length is not None
        self._chatters = self._file.format in _BY_MPG123
        self._preroll = round(_SEEK_PREROLL_S.get(self._file.format, 0.0) * self.sample_rate)
        self._position = 0
        self._silence = 0  # samples of silence to give before the file goes on
        self._ended = False
        self._faults = 0  # reads in which the library reported an error and recovered
        self._unsound = False  # after an error libsndfile's state cannot be relied on
        # libsndfile quietly corrects a header that announces more than the file holds, and notes it here.
        corrected = re.search(r"^\s*(?:data|SSND)\s*:.*should be", self._file.extra_info, re.MULTILINE)
        self.complaint = "its header announces more audio than the file holds" if corrected else ""
        if not whole:
            self.complaint = "its end may be missing, for it may be longer than libsndfile can tell"

    def _open(self) -> Any:
        # By descriptor where that works: a POSIX file name need not be text in any encoding, and libsndfile would
        # believe the suffix of a name where the content is unknown to it. On Windows descriptors belong to one C
        # library and cannot be handed to another.
        self._opened.seek(0)
        with without_chatter():
            if isinstance(self._opened, GuardedFile):
                return self._type(self._opened)
            name = str(self._part.path) if sys.platform == "win32" else self._opened.fileno()
            return self._type(name, closefd=False)

    def read(self, samples: int) -> Block:
        """See `Decoder.read`."""
        if self._silence:
            block = np.zeros((min(samples, self._silence), self.channels), np.float32)
            self._silence -= len(block)
        elif self._ended:
            block = np.zeros((0, self.channels), np.float32)
        else:
            try:
                faults = self._faults
                block = self._decode(samples)
                if self._faults > faults:
                    self.complaint = self.complaint or "parts of it cannot be decoded"
            except self._errors as error:
                self._complain(error)
                block = self._before_damage(samples)
                self._leap_over_damage(self._position + len(block))
                if not len(block) and not self._ended:
                    return self.read(samples)
        self._position += len(block)
        return block

    def _decode(self, samples: int) -> Block:
        with without_chatter() if self._chatters else nullcontext([]) as chatter:
            block: Block = self._file.read(samples, dtype="float32", always_2d=True)
        if any(b"error" in line for line in chatter):
            self._faults += 1
        return block

    def _before_damage(self, samples: int) -> Block:
        """What still decodes from here, fewer than `samples`."""
        crumbs: list[Block] = [np.zeros((0, self.channels), np.float32)]
        try:
            self._go_to(self._position)
            while len(crumbs) <= samples // _CRUMB and len(crumb := self._decode(_CRUMB)):
                crumbs.append(crumb)
        except self._errors as error:
            self._complain(error)
        return np.concatenate(crumbs)[:samples]

    def _leap_over_damage(self, sample: int) -> None:
        """Find where decoding works again behind a sample where it does not; if nowhere, this is the end."""
        leap = _FIRST_LEAP
        limit = sample + _LONGEST_LEAP if self._length is None else self._length
        while sample + leap < limit:
            try:
                self._go_to(sample + leap)
                if len(self._decode(_CRUMB)):
                    self._go_to(sample + leap)
                    self._silence = leap
                    return
            except self._errors as error:
                self._complain(error)
            leap *= 2
        self._ended = True

    def seek(self, sample: int) -> None:
        """See `Decoder.seek`."""
        self._position = sample if self._length is None else min(sample, self._length)
        self._silence = 0
        self._ended = False
        before = self.complaint
        try:
            self._go_to(self._position)
        except self._errors as error:
            self._complain(error)
            self._leap_over_damage(self._position)
            if self._ended and self._length is None:  # most likely nothing worse than a jump beyond the end
                self.complaint = before

    def _complain(self, error: Exception) -> None:
        self.complaint = _last_clause(error)
        self._unsound = True

    def _go_to(self, sample: int) -> None:
        """Let the file stand at a sample."""
        if self._unsound:
            self._open_again()
        start = max(0, sample - self._preroll)
        try:
            with without_chatter() if self._chatters else nullcontext():
                self._file.seek(start)
        except self._errors:
            # GSM 6.10, G.721 and their like can only be decoded from the start.
            self._open_again()
            start = 0
        most = max(_CRUMB, _MOST_VALUES // self.channels)
        while start < sample and (passed := len(self._decode(min(sample - start, most)))):
            start += passed

    def _open_again(self) -> None:
        self._close()
        self._file = self._open()

    def _close(self) -> None:
        with without_chatter() if self._chatters else nullcontext():
            self._file.close()

    def close(self) -> None:
        """See `Decoder.close`."""
        self._close()
        self._opened.close()


def _sequential(soundfile: Any) -> Any:
    """`soundfile.SoundFile`, without its habit to seek to where it is after every read.

    In an MP3 that seek makes libsndfile drop the bits that the next frame borrows from this one: a click per block.
    """

    class Sequential(soundfile.SoundFile):  # type: ignore[misc]
        def seekable(self) -> bool:
            return False

    return Sequential


def _last_clause(error: Exception) -> str:
    """The library's reason without the file name in front of it."""
    return str(error).rsplit(": ", 1)[-1].rstrip(".\n ") or type(error).__name__
