"""Sound through a real lossy codec and back."""

from __future__ import annotations

import io
from fractions import Fraction
from typing import cast

import av
import numpy as np
import numpy.typing as npt
import soundfile

Audio = npt.NDArray[np.float32]

_MP3 = "libmp3lame"
BIT_RATE = 48_000
"""Bits a second, mono: what early net radio and cheap voice recorders used."""


def codec_name() -> str:
    """Which codec `lossy` uses here: MP3 where PyAV's FFmpeg can write it, else Ogg Vorbis."""
    return f"MP3 {BIT_RATE // 1000} kbit/s" if _MP3 in av.codecs_available else "Ogg Vorbis"


def lossy(audio: Audio, sample_rate: int) -> Audio:
    """Encode and decode.

    Parameters
    ----------
    audio : (T,) float32
        Mono. Beyond full scale it is clipped, as any encoder's input is.
    sample_rate : int
        Hz; one that MP3 knows.

    Returns
    -------
    (T,) float32
        As long as before and in time with it.
    """
    clipped = np.clip(audio, -1.0, 1.0).astype(np.float32)
    decoded = _through_mp3(clipped, sample_rate) if _MP3 in av.codecs_available else _through_ogg(clipped, sample_rate)
    return np.pad(decoded, (0, max(0, len(audio) - len(decoded))))[: len(audio)]


def _through_mp3(audio: Audio, sample_rate: int) -> Audio:
    file = io.BytesIO()
    with av.open(file, "w", format="mp3") as container:
        stream = cast(av.AudioStream, container.add_stream(_MP3, rate=sample_rate))
        stream.layout = "mono"
        stream.bit_rate = BIT_RATE
        frame = av.AudioFrame.from_ndarray(audio[np.newaxis], format="fltp", layout="mono")
        frame.sample_rate = sample_rate
        frame.time_base = Fraction(1, sample_rate)
        for packet in (*stream.encode(frame), *stream.encode(None)):
            container.mux(packet)
    file.seek(0)
    with av.open(file, "r") as container:
        parts = [frame.to_ndarray()[0] for frame in container.decode(audio=0)]
    return np.concatenate(parts).astype(np.float32) if parts else np.zeros(0, np.float32)


def _through_ogg(audio: Audio, sample_rate: int) -> Audio:
    file = io.BytesIO()
    with soundfile.SoundFile(file, "w", sample_rate, 1, format="OGG", subtype="VORBIS") as stream:
        for start in range(0, len(audio), sample_rate):  # libsndfile overflows its stack on long writes
            stream.write(audio[start : start + sample_rate])
    file.seek(0)
    decoded: Audio = soundfile.read(file, dtype="float32")[0]
    return decoded
