"""Decode with FFmpeg, through PyAV."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from irec_live.decoders.contract import Block, NoSuchTrackError, NotDecodableError
from irec_live.decoders.format_conversion import FormatConverter
from irec_live.decoders.guarded_file import GuardedFile, Part

_DEMUXERS = (
    "aac,ac3,aiff,amr,ape,asf,au,avi,caf,dsf,dts,dv,eac3,flac,flv,gxf,loas,matroska,webm,mlp,mov,mp4,mp3,mpc,mpc8,"
    "mpeg,mpegts,mxf,nut,ogg,oma,rm,shn,tak,truehd,tta,voc,w64,wav,wtv,wv"
)
"""Containers that hold their sound themselves. NB: not on the list are playlists (HLS, DASH, concat, SDP ...), whose
files can name other files and addresses: opening an untrusted file must not make the app read those."""

_WITHOUT_CLOCK = {"aac", "ac3", "eac3", "dts", "loas", "amr", "mlp", "mp3", "shn", "truehd"}
"""Bare codec streams: FFmpeg makes up their time stamps, and makes up others after a jump."""

_WITHOUT_LENGTH = _WITHOUT_CLOCK | {"mpeg", "mpegts"}
"""FFmpeg guesses their length from the size and the bit rate of the first packets."""

_TOLD_BY_END = {"asf", "matroska,webm", "nut"}
"""Their length is where the last of their streams ends, by a clock that need not begin at 0."""

_TAGS = (b"ID3", b"TAG", b"APETAGEX")
"""Between MP3s that were put one after another."""

_GAP_S = 0.1
"""Time stamps that leap by more leave out sound: a recording that paused, packets that were lost. Less is rounding, or
what an encoder puts before the first sample."""

_LONGEST_GAP_S = 3600.0
_LONGEST_UNANNOUNCED_GAP_S = 60.0
"""A longer leap is taken for a clock that was set anew; so is one beyond the announced length."""

_CUT_S = 1.0
"""What a container may announce beyond the last of its streams: the last picture stands for as long as one likes."""

_MOST_VALUES = 1 << 18
"""Samples of all channels that are decoded at once to be thrown away."""

_PREROLL_S = 0.1
"""Decoded before the sample sought and thrown away: lossy codecs need a little past (Opus asks for 80 ms)."""


class FFmpegDecoder:
    """AAC, M4A, WebM, the sound of videos, and everything else that FFmpeg (PyAV) decodes.

    Where the container's clock says that sound is missing, there is silence, so that what follows keeps its time.

    Parameters
    ----------
    part : Path or Part
        A file, or a part of one.
    track : int, optional
        Which of its sound tracks, from 1 on; by default the one that the file names as its default, or the first.

    Raises
    ------
    NotDecodableError
        FFmpeg does not know the format, or there is no sound in it, or PyAV is not installed.
    NoSuchTrackError
        It has fewer tracks.
    OSError
        The file cannot be read.
    """

    _ready: Block
    _missing: int
    _position: int
    _decoded_to: int

    def __init__(self, part: Path | Part, track: int | None = None) -> None:
        try:
            import av
        except ImportError as error:
            raise NotDecodableError(f"PyAV is not installed ({error})") from error
        self._av = av
        self._part = part if isinstance(part, Part) else Part(part)
        self._track = track
        self.complaint = ""
        self._open()
        first = next(self._decoded, None)
        if first is None:
            self.close()
            raise NotDecodableError(self.complaint or "its sound stream holds no samples")
        # From a decoded frame, not the header: HE-AAC announces half the rate that it decodes to.
        self.sample_rate: int = first.sample_rate
        self.channels: int = len(first.layout.channels)
        self._converter = FormatConverter(self.sample_rate, self.channels)
        kind = self._container.format.name
        self._jumps = kind not in _WITHOUT_CLOCK
        late_s = self._late_s(first)
        seconds, its_own = self._announced_s()
        self.samples: int | None = None if seconds is None else round((seconds + late_s * its_own) * self.sample_rate)
        self.announces = kind not in _WITHOUT_LENGTH and (its_own or not self._has_more())
        self._first_pts = first.pts
        if late_s and self._stream.time_base:
            self._first_pts -= round(late_s / float(self._stream.time_base))
        self._forget(0)
        self._take(first)

    def _open(self) -> None:
        """Open the container at its start. NotDecodableError, OSError: see the class."""
        # NB: an open file rather than a name: FFmpeg would take some names for addresses or for lists of files.
        self._file = GuardedFile(self._part)
        options = {"format_whitelist": _DEMUXERS, "protocol_whitelist": ""}
        try:
            self._container = self._av.open(self._file, mode="r", options=options, metadata_errors="replace")
        except (self._av.FFmpegError, ValueError) as error:
            self._file.close()
            if self._file.error is not None:
                raise self._file.error from error
            raise NotDecodableError(getattr(error, "strerror", None) or str(error)) from error
        tracks = self._container.streams.audio
        self.tracks = len(tracks)
        if not tracks:
            self.close()
            raise NotDecodableError("there is no sound in it")
        if self._track is not None and self._track > len(tracks):
            self.close()
            raise NoSuchTrackError(len(tracks))
        self.track = self._track or next((n for n, one in enumerate(tracks, 1) if self._is_default(one)), 1)
        self._stream = tracks[self.track - 1]
        self._choice: tuple[str, ...] = ()
        if self.tracks > 1 and self._track is None:
            which = "its default" if self._is_default(self._stream) else "the first"
            note = f"has {self.tracks} sound tracks: track {self.track}, {which}, was used (--track selects another)"
            self._choice = (note,)
        self._decoded = self._frames()

    def _is_default(self, stream: Any) -> bool:
        return bool(stream.disposition & self._av.stream.Disposition.default)

    @property
    def notes(self) -> tuple[str, ...]:
        """See `Decoder.notes`."""
        return (*self._choice, *self._converter.changes)

    def _late_s(self, first: Any) -> float:
        """How long after the container's start its sound begins; 0 for sound alone, and for less than a moment."""
        if not self._jumps or first.pts is None or self._container.start_time is None or not self._has_more():
            return 0.0
        late_s = float(first.pts * self._stream.time_base) - self._container.start_time / float(self._av.time_base)
        return late_s if _GAP_S < late_s <= _LONGEST_GAP_S else 0.0

    def _has_more(self) -> bool:
        """Whether there is more in the container than one sound and its cover picture."""
        cover = self._av.stream.Disposition.attached_pic
        return any(one is not self._stream and not one.disposition & cover for one in self._container.streams)

    def _announced_s(self) -> tuple[float | None, bool]:
        """Length by the container's own account, in seconds, and whether it is that of the sound alone."""
        stream, container_s = self._stream, (self._container.duration or 0) / float(self._av.time_base)
        own_s = float(stream.duration * stream.time_base) if stream.duration and stream.time_base else 0.0
        if self._container.format.name in _TOLD_BY_END:  # of ASF, each stream repeats the length of all
            before_s = max(0, self._container.start_time or 0) / float(self._av.time_base)
            own_s, container_s = 0.0, (own_s or container_s) - before_s
        return (own_s, True) if own_s else (container_s if container_s > 0.0 else None, False)

    def _frames(self) -> Iterator[Any]:
        """Decoded frames from where the container stands; packets that are broken are left out."""
        packets: Iterator[Any] = self._container.demux()
        packet = None
        reached_s = 0.0
        while True:
            try:
                packet = next(packets, None)
                if packet is None:
                    self._note_cut(reached_s)
                    break
                reached_s = max(reached_s, _end_s(packet))
                if packet.stream_index == self._stream.index:
                    yield from (frame for frame in packet.decode() if frame.samples)
            except (
                IndexError
            ):  # a packet of a stream that begins on the way, which PyAV does not know: on with the next
                packets = self._container.demux()
            except self._av.InvalidDataError as error:
                if packet is None or not bytes(packet).startswith(_TAGS):
                    self.complaint = error.strerror or "some of it is damaged"
            except self._av.FFmpegError as error:
                self.complaint = error.strerror or str(error)
                break
        if self._file.error is not None:
            self.complaint = f"it could not be read to its end: {self._file.error.strerror or self._file.error}"

    def _note_cut(self, reached_s: float) -> None:
        """Say so if neither the sound nor anything beside it goes as far as the container says."""
        seconds, its_own = self._announced_s()
        if its_own or seconds is None or not self._has_more() or self._container.format.name in _WITHOUT_LENGTH:
            return
        reached_s -= (self._container.start_time or 0) / float(self._av.time_base)
        if 0.0 < reached_s < seconds - _CUT_S:
            self.complaint = f"nothing in it goes beyond {reached_s:.1f} s of {seconds:.1f} s"

    def _samples_of(self, frame: Any) -> Block:
        """One decoded frame as (n, C) float32, with C of its own."""
        raw = frame.to_ndarray()  # planar (C, n), packed (1, n * C)
        channels = len(frame.layout.channels)
        planar = raw if frame.format.is_planar else raw.reshape(-1, channels).T
        block: Block = planar.T.astype(np.float32)
        if raw.dtype == np.uint8:
            block = block / 128.0 - 1.0
        elif raw.dtype.kind != "f":
            block /= -float(np.iinfo(raw.dtype).min)
        return block

    def read(self, samples: int) -> Block:
        """See `Decoder.read`."""
        pieces = []
        wanted = samples
        while wanted:
            if self._missing:
                pieces.append(np.zeros((min(wanted, self._missing), self.channels), np.float32))
                self._missing -= len(pieces[-1])
                wanted -= len(pieces[-1])
                continue
            if not len(self._ready):
                frame = next(self._decoded, None)
                if frame is not None:
                    self._take(frame)
                elif not len(rest := self._converter.finish()):
                    break
                else:
                    self._ready = rest
                continue  # there may be silence before it
            pieces.append(self._ready[:wanted])
            self._ready = self._ready[wanted:]
            wanted -= len(pieces[-1])
        self._position += samples - wanted
        return np.concatenate(pieces) if pieces else np.zeros((0, self.channels), np.float32)

    def _take(self, frame: Any) -> None:
        """Make the frame's samples ready, and note what is missing before it."""
        self._ready = self._converter.fit(self._samples_of(frame), frame.sample_rate)
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
        """Samples that may be missing at once; more than what rounding makes missing."""
        if self._container.format.name in _WITHOUT_LENGTH or self.samples is None:
            return _LONGEST_UNANNOUNCED_GAP_S * self.sample_rate
        left = max(self.samples - self._decoded_to, _GAP_S * self.sample_rate)
        return min(left, _LONGEST_GAP_S * self.sample_rate)

    def _forget(self, position: int) -> None:
        """Drop what is ready; what is decoded next lies at `position`."""
        self._converter.forget()
        self._ready = np.zeros((0, self.channels), np.float32)
        self._missing = 0
        self._position = self._decoded_to = position

    def seek(self, sample: int) -> None:
        """See `Decoder.seek`. Exact to the resolution of the container's time stamps (WebM: 1 ms)."""
        if self._jumps and self._seek_by_time(sample):
            return
        if self._jumps or sample < self._position:
            self._open_again()
        self._discard(sample - self._position)

    def _open_again(self) -> None:
        """Stand at the start as if nothing had been read; without a file to open, at the end of nothing."""
        self.close()
        self._decoded = iter(())
        self._forget(0)
        self._open()

    def _seek_by_time(self, sample: int) -> bool:
        """Jump shortly before the sample and decode up to it; False where time stamps do not allow that."""
        if self._first_pts is None or self._stream.time_base is None:
            return False
        seconds = sample / self.sample_rate - _PREROLL_S
        if seconds <= 0.0:  # only opening anew decodes the encoder's priming, which is before the first time stamp
            return False
        try:
            target = self._first_pts + int(seconds / float(self._stream.time_base))
            self._container.seek(target, stream=self._stream, backward=True)
        except self._av.FFmpegError:
            return False
        self._decoded = self._frames()
        landed = next(self._decoded, None)
        position = None if landed is None else self._place_of(landed)
        if position is None or position > sample:
            return False
        self._forget(position)
        self._take(landed)
        self._discard(sample - position)
        return True

    def _discard(self, samples: int) -> None:
        """Decode and drop."""
        while samples > 0:
            passed = len(self.read(min(samples, max(1, _MOST_VALUES // self.channels))))
            if not passed:
                return
            samples -= passed

    def close(self) -> None:
        """See `Decoder.close`."""
        self._container.close()
        self._file.close()


def _end_s(packet: Any) -> float:
    """Where a packet ends by its container's clock, in seconds; 0 where it does not say."""
    if packet.pts is None or packet.time_base is None:
        return 0.0
    return float((packet.pts + (packet.duration or 0)) * packet.time_base)
