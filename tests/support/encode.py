"""Sound files of kinds that soundfile cannot write, made with PyAV."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np


def write_with_av(
    path: Path, signal: np.ndarray, rate: int, codec: str, *, video: bool = False, sound: bool = True
) -> Path:
    """Encode (frames, channels) float32, with a little grey video beside it if asked."""
    layout = {1: "mono", 2: "stereo"}[signal.shape[1]]
    with av.open(str(path), "w") as container:
        picture = _add_video(container) if video else None
        stream = container.add_stream(codec, rate=rate, layout=layout) if sound else None
        if picture is not None:
            for _ in range(10):
                grey = av.VideoFrame.from_ndarray(np.full((64, 64, 3), 128, np.uint8), format="rgb24")
                container.mux(picture.encode(grey))
            container.mux(picture.encode(None))
        if stream is not None:
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(signal.T), format="fltp", layout=layout)
            frame.sample_rate = rate
            frame.pts = 0
            container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
    return path


def write_with_pause(path: Path, before: np.ndarray, behind: np.ndarray, rate: int, pause_s: float) -> Path:
    """Two stretches (frames, 1) float32 of PCM, between which the clock runs on for `pause_s` seconds."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=rate, layout="mono")
        for signal, start in ((before, 0), (behind, len(before) + round(pause_s * rate))):
            for first in range(0, len(signal), 1024):
                samples = np.round(signal[first : first + 1024].T * 32767).astype(np.int16)
                frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), format="s16", layout="mono")
                frame.sample_rate = rate
                frame.time_base = Fraction(1, rate)
                frame.pts = start + first
                container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def _add_video(container: av.container.OutputContainer) -> av.VideoStream:
    stream = container.add_stream("mpeg4", rate=10)
    stream.width = stream.height = 64
    stream.pix_fmt = "yuv420p"
    return stream
