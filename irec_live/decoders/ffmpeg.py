"""Decode with FFmpeg, through PyAV."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from irec_live.decoders.contract import Block, NotDecodableError
from irec_live.decoders.extent import is_chained_ogg
from irec_live.decoders.guarded_file import GuardedFile

_DEMUXERS = (
    "aac,ac3,aiff,amr,ape,asf,au,avi,caf,dsf,dts,eac3,flac,flv,loas,matroska,webm,mov,mp4,mp3,mpc,mpc8,mpeg,mpegts,"
    "ogg,oma,rm,tak,tta,voc,w64,wav,wv"
)
"""Containers that hold their sound themselves. NB: not on the list are playlists (HLS, DASH, concat, SDP ...), whose
files can name other files and addresses: opening a stranger's file must not make the app read those."""

_WITHOUT_CLOCK = {"aac", "ac3", "eac3", "dts", "loas", "amr", "mp3"}
"""Bare codec streams: FFmpeg makes up their time stamps, and makes up others after a jump."""

_WITHOUT_LENGTH = _WITHOUT_CLOCK | {"mpeg", "mpegts"}
"""FFmpeg guesses their length from the size and the bit rate of the first packets."""

_PARTS_DIFFER = "a part of it has another sample rate, number of channels or codec than the first"

_TAGS = (b"ID3", b"TAG", b"APETAGEX")
"""Between MP3s that were put one after another."""

_GAP_S = 0.1
"""Time stamps that leap by more leave out sound: a recording that paused, packets that were lost. Less is rounding, or
what an encoder puts before the first sample."""

_LONGEST_GAP_S = 3600.0
_LONGEST_UNANNOUNCED_GAP_S = 60.0
"""A longer leap is taken for a clock that was set anew; so is one beyond the announced length."""

_PREROLL_S = 0.1
"""Decoded before the frame sought and thrown away: lossy codecs need a little past (Opus asks for 80 ms)."""


class FFmpegDecoder:
    """AAC, M4A, WebM, the sound of videos, and everything else that FFmpeg (PyAV) decodes.

    Where the container's clock says that sound is missing, there is silence, so that what follows keeps its time.

    Parameters
    ----------
    path : Path

    Raises
    ------
    NotDecodableError
        FFmpeg does not know the format, or there is no sound in it, or PyAV is not installed.
    OSError
        The file cannot be read.
    """

    _ready: Block
    _missing: int
    _position: int
    _decoded_to: int

    def __init__(self, path: Path) -> None:
        try:
            import av
        except ImportError as error:
            raise NotDecodableError(f"PyAV is not installed ({error})") from error
        self._av = av
        self._path = path
        self._chained = is_chained_ogg(path)
        self.complaint = ""
        self._open()
        first = next(self._decoded, None)
        if first is None:
            self.close()
            raise NotDecodableError(self.complaint or "its sound stream holds no samples")
        # From a decoded frame, not the header: HE-AAC announces half the rate that it decodes to.
        self.sample_rate: int = first.sample_rate
        self.channels: int = len(first.layout.channels)
        seconds = None if self._chained else self._announced_s()  # of chained Ogg it would be one part's
        self.frames: int | None = None if seconds is None else round(seconds * self.sample_rate)
        kind = self._container.format.name
        self.announces = not self._chained and kind not in _WITHOUT_LENGTH
        self._jumps = not self._chained and kind not in _WITHOUT_CLOCK
        self._first_pts = first.pts
        self._forget(0)
        self._take(first)

    def _open(self) -> None:
        """Open the container at its start. NotDecodableError, OSError: see the class."""
        # NB: an open file rather than a name: FFmpeg would take some names for addresses or for lists of files.
        self._file = GuardedFile(self._path)
        options = {"format_whitelist": _DEMUXERS, "protocol_whitelist": ""}
        try:
            self._container = self._av.open(self._file, mode="r", options=options, metadata_errors="replace")
        except (self._av.FFmpegError, ValueError) as error:
            self._file.close()
            if self._file.error is not None:
                raise self._file.error from error
            raise NotDecodableError(getattr(error, "strerror", None) or str(error)) from error
        if not self._container.streams.audio:
            self.close()
            raise NotDecodableError("there is no sound in it")
        self._stream = self._container.streams.audio[0]
        self._decoded = self._frames()

    def _announced_s(self) -> float | None:
        """Length by the container's own account, in seconds."""
        stream = self._stream
        if stream.duration and stream.time_base:
            return float(stream.duration * stream.time_base)
        return self._container.duration / float(self._av.time_base) if self._container.duration else None

    def _frames(self) -> Iterator[Any]:
        """Decoded frames from where the container stands; packets that are broken are left out."""
        packets = self._container.demux(self._stream)
        packet = None
        while True:
            try:
                packet = next(packets, None)
                if packet is None:
                    break
                yield from (frame for frame in packet.decode() if frame.samples)
            except self._av.InvalidDataError as error:
                if packet is None or not bytes(packet).startswith(_TAGS):
                    self.complaint = error.strerror or "some of it is damaged"
            except self._av.FFmpegError as error:
                # FFmpeg's own words for the first are "not yet implemented, patches welcome".
                self.complaint = _PARTS_DIFFER if self._chained else error.strerror or str(error)
                break
        if self._file.error is not None:
            self.complaint = f"it could not be read to its end: {self._file.error.strerror or self._file.error}"

    def _samples_of(self, frame: Any) -> Block:
        """One decoded frame as (n, C) float32; of another channel count, its mean in every channel."""
        raw = frame.to_ndarray()  # planar (C, n), packed (1, n * C)
        channels = len(frame.layout.channels)
        planar = raw if frame.format.is_planar else raw.reshape(-1, channels).T
        block: Block
        if raw.dtype.kind == "f":
            block = planar.T.astype(np.float32)
        elif raw.dtype == np.uint8:
            block = planar.T.astype(np.float32) / 128.0 - 1.0
        else:
            block = planar.T.astype(np.float32) / -float(np.iinfo(raw.dtype).min)
        if channels == self.channels:
            return block
        # A broadcast may switch between mono and stereo.
        return np.tile(block.mean(axis=1, keepdims=True, dtype=np.float32), (1, self.channels))

    def read(self, frames: int) -> Block:
        """See `Decoder.read`."""
        pieces = []
        wanted = frames
        while wanted:
            if self._missing:
                pieces.append(np.zeros((min(wanted, self._missing), self.channels), np.float32))
                self._missing -= len(pieces[-1])
                wanted -= len(pieces[-1])
                continue
            if not len(self._ready):
                frame = next(self._decoded, None)
                if frame is None or not self._fits(frame):
                    break
                self._take(frame)
                continue  # there may be silence before it
            pieces.append(self._ready[:wanted])
            self._ready = self._ready[wanted:]
            wanted -= len(pieces[-1])
        self._position += frames - wanted
        return np.concatenate(pieces) if pieces else np.zeros((0, self.channels), np.float32)

    def _take(self, frame: Any) -> None:
        """Make the frame's samples ready, and note what is missing before it."""
        self._ready = self._samples_of(frame)
        place = self._place_of(frame)
        missing = 0 if place is None else place - self._decoded_to
        if missing > self._longest_gap():
            self._first_pts += round(missing / self.sample_rate / float(self._stream.time_base or 1))
        elif missing > _GAP_S * self.sample_rate:
            self._missing = missing
        self._decoded_to += self._missing + len(self._ready)

    def _place_of(self, frame: Any) -> int | None:
        """Index of the frame's first sample by the container's clock; None where it has none."""
        if not self._jumps or self._first_pts is None or frame.pts is None or self._stream.time_base is None:
            return None
        return round(float((frame.pts - self._first_pts) * self._stream.time_base) * self.sample_rate)

    def _longest_gap(self) -> float:
        """Frames that may be missing at once; more than what rounding makes missing."""
        if not self.announces or self.frames is None:
            return _LONGEST_UNANNOUNCED_GAP_S * self.sample_rate
        left = max(self.frames - self._decoded_to, _GAP_S * self.sample_rate)
        return min(left, _LONGEST_GAP_S * self.sample_rate)

    def _forget(self, position: int) -> None:
        """Drop what is ready; what is decoded next lies at `position`."""
        self._ready = np.zeros((0, self.channels), np.float32)
        self._missing = 0
        self._position = self._decoded_to = position

    def _fits(self, frame: Any) -> bool:
        """Whether the frame continues the stream at its rate; if not, that is the end."""
        if frame.sample_rate == self.sample_rate:
            return True
        self.complaint = f"its sample rate changes from {self.sample_rate} to {frame.sample_rate} Hz on the way"
        return False

    def seek(self, frame: int) -> None:
        """See `Decoder.seek`. Exact to the resolution of the container's time stamps (WebM: 1 ms)."""
        if self._jumps and self._seek_by_time(frame):
            return
        if self._jumps or frame < self._position:
            self._open_again()
        self._discard(frame - self._position)

    def _open_again(self) -> None:
        """Stand at the start as if nothing had been read; without a file to open, at the end of nothing."""
        self.close()
        self._decoded = iter(())
        self._forget(0)
        self._open()

    def _seek_by_time(self, frame: int) -> bool:
        """Jump shortly before the frame and decode up to it; False where time stamps do not allow that."""
        if self._first_pts is None or self._stream.time_base is None:
            return False
        seconds = frame / self.sample_rate - _PREROLL_S
        if seconds <= 0.0:  # only opening anew decodes the encoder's priming, which is before the first time stamp
            return False
        try:
            target = self._first_pts + int(seconds / float(self._stream.time_base))
            self._container.seek(target, stream=self._stream, backward=True)
        except self._av.FFmpegError:
            return False
        self._decoded = self._frames()
        landed = next(self._decoded, None)
        position = None if landed is None or not self._fits(landed) else self._place_of(landed)
        if position is None or position > frame:
            return False
        self._forget(position)
        self._take(landed)
        self._discard(frame - position)
        return True

    def _discard(self, frames: int) -> None:
        """Decode and drop."""
        while frames > 0:
            passed = len(self.read(min(frames, 65_536)))
            if not passed:
                return
            frames -= passed

    def close(self) -> None:
        """See `Decoder.close`."""
        self._container.close()
        self._file.close()
