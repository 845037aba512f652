"""Sound files with something odd about them: headers that were never finished, streams put one after another."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import soundfile

LENGTHS: dict[str, tuple[str, list[tuple[bytes, int, str]]]] = {
    # format -> suffix, and where its lengths lie: behind which bytes, how far, and how they are packed
    "WAV": (".wav", [(b"RIFF", 0, "<I"), (b"data", 0, "<I")]),
    "RF64": (".rf64", [(b"ds64", 4, "<Q"), (b"ds64", 12, "<Q"), (b"ds64", 20, "<Q")]),
    "W64": (".w64", [(b"riff", 12, "<Q"), (b"data", 12, "<Q")]),
    "AIFF": (".aiff", [(b"FORM", 0, ">I"), (b"COMM", 6, ">I"), (b"SSND", 0, ">I")]),
    "AU": (".au", [(b".snd", 4, ">I")]),
    "CAF": (".caf", [(b"data", 0, ">Q")]),
}


def with_length(path: Path, form: str, told: int) -> Path:
    """Overwrite every length in a file's header, as a recorder does that is killed before it can tell."""
    data = bytearray(path.read_bytes())
    for name, behind, packing in LENGTHS[form][1]:
        at = data.index(name) + len(name) + behind
        data[at : at + struct.calcsize(packing)] = struct.pack(packing, told)
    path.write_bytes(data)
    return path


def with_flac_total(data: bytes, total: int) -> bytes:
    """A FLAC file whose STREAMINFO tells of another number of frames."""
    return data[:21] + bytes([data[21] & 0xF0 | total >> 32]) + (total & 0xFFFFFFFF).to_bytes(4, "big") + data[26:]


def flac_frames(data: bytes) -> bytes:
    """A FLAC file without its header: the frames alone."""
    at, last = 4, False
    while not last:
        last = bool(data[at] & 0x80)
        at += 4 + int.from_bytes(data[at + 1 : at + 4], "big")
    return data[at:]


def write_long_wav(path: Path, seconds_before: float, tail: np.ndarray, rate: int) -> Path:
    """Silence without room on the disk, then a tail: 16-bit WAV whose length is told modulo 4 GiB."""
    silent = round(seconds_before * rate) * 2
    sound = np.round(tail * 32767).astype("<i2").tobytes()
    told = (silent + len(sound)) % (1 << 32)
    header = (
        b"RIFF"
        + struct.pack("<I", (told + 36) % (1 << 32))
        + b"WAVEfmt "
        + struct.pack("<IHHIIHH", 16, 1, 1, rate, 2 * rate, 2, 16)
    )
    with path.open("wb") as file:
        file.write(header + b"data" + struct.pack("<I", told))
        file.seek(silent, 1)
        file.write(sound)
    return path


def write_video(
    path: Path,
    tracks: list[np.ndarray],
    rate: int,
    *,
    codec: str,
    starts_s: float = 0.0,
    picture_s: float = 2.0,
    default: int | None = None,
    clock_s: float = 0.0,
) -> Path:
    """A grey picture, and sound tracks (frames, channels) float32 that begin later than it.

    `default` counts from 0; `clock_s` is what the container's clock shows at the first picture.
    """
    with av.open(str(path), "w") as container:
        picture = container.add_stream("mpeg4", rate=10)
        picture.width = picture.height = 64
        picture.pix_fmt = "yuv420p"
        streams = []
        for number, signal in enumerate(tracks):
            stream = container.add_stream(codec, rate=rate, layout={1: "mono", 2: "stereo"}[signal.shape[1]])
            if default is not None:
                flag = av.stream.Disposition.default
                stream.disposition = flag if number == default else av.stream.Disposition(0)
            streams.append((stream, signal))
        for number in range(round(10 * picture_s)):
            grey = av.VideoFrame.from_ndarray(np.full((64, 64, 3), 128, np.uint8), format="rgb24")
            grey.pts, grey.time_base = round(10 * clock_s) + number, Fraction(1, 10)
            container.mux(picture.encode(grey))
        container.mux(picture.encode(None))
        for stream, signal in streams:
            layout = {1: "mono", 2: "stereo"}[signal.shape[1]]
            for first in range(0, len(signal), 960):
                block = np.ascontiguousarray(signal[first : first + 960].T)
                frame = av.AudioFrame.from_ndarray(block, format="fltp", layout=layout)
                frame.sample_rate = rate
                frame.time_base = Fraction(1, rate)
                frame.pts = round((clock_s + starts_s) * rate) + first
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
    return path


def encoded(folder: Path, name: str, signal: np.ndarray, rate: int) -> bytes:
    """The bytes of a file that soundfile writes."""
    soundfile.write(folder / name, signal, rate)
    return (folder / name).read_bytes()


def flac_going_on(first: bytes, second: bytes) -> bytes:
    """The frames of a second FLAC file behind those of a first, numbered as if they went on (both of fixed blocks)."""
    before = _split(flac_frames(first))
    behind = _split(flac_frames(second))
    numbered = [_renumbered(frame, len(before) + number) for number, frame in enumerate(behind)]
    return first[: -sum(map(len, before))] + b"".join(before) + b"".join(numbered)


def _split(frames: bytes) -> list[bytes]:
    """By frame: a header's number tells that it is the next one."""
    starts: list[int] = []
    at = 0
    while (at := frames.find(b"\xff\xf8", at)) >= 0:
        number, used = _number(frames[at + 4 : at + 11])
        size = {6: 1, 7: 2}.get(frames[at + 2] >> 4, 0)
        head = frames[at : at + 4 + used + size]
        if used and number == len(starts) and _crc(head, 8, 0x07) == frames[at + len(head)]:
            starts.append(at)
        at += 1
    return [frames[start:end] for start, end in zip(starts, [*starts[1:], len(frames)], strict=True)]


def _number(raw: bytes) -> tuple[int, int]:
    for used in range(1, 7):
        try:
            return ord(raw[:used].decode()), used
        except (UnicodeDecodeError, TypeError):
            continue
    return 0, 0


def _renumbered(frame: bytes, number: int) -> bytes:
    used = _number(frame[4:11])[1]
    size = {6: 1, 7: 2}.get(frame[2] >> 4, 0)
    head = frame[:4] + chr(number).encode() + frame[4 + used : 4 + used + size]
    body = head + bytes([_crc(head, 8, 0x07)]) + frame[4 + used + size + 1 : -2]
    return body + _crc(body, 16, 0x8005).to_bytes(2, "big")


def _crc(raw: bytes, bits: int, polynomial: int) -> int:
    value, top = 0, 1 << bits - 1
    for byte in raw:
        value ^= byte << bits - 8
        for _ in range(8):
            value = (value << 1 ^ polynomial) if value & top else value << 1
            value &= (1 << bits) - 1
    return value
