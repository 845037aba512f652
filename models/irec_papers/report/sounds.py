"""Sounds in an HTML page: MP3 data URIs and spectrograms.

Shapes: T samples, C columns, F bands.
"""

from __future__ import annotations

import io

import numpy as np
import soundfile
import soxr
from matplotlib.axes import Axes

from irec_live.streaming.spectrogram import LogMelStream
from irec_models.measuring.predictors import Array
from irec_papers.report.drawing import data_uri

_RATE = 24_000  # of sound in the page: MP3 and every browser know it, and 12 kHz is enough to recognise a timbre
_HEADROOM = 0.9
_SMALLEST_PEAK = 1e-4


def player_uri(audio: Array, sample_rate: int) -> str:
    """Sound (T,) as an MP3 data URI, brought to full level."""
    sound = np.asarray(soxr.resample(audio, sample_rate, _RATE), np.float32)
    sound *= _HEADROOM / max(float(np.abs(sound).max(initial=0.0)), _SMALLEST_PEAK)
    buffer = io.BytesIO()
    soundfile.write(buffer, sound, _RATE, format="MP3", subtype="MPEG_LAYER_III", compression_level=0.8)
    return data_uri(buffer.getvalue(), "audio/mpeg")


def loudest_part(audio: Array, sample_rate: int, seconds: float) -> tuple[Array, float]:
    """The part of a sound (T,) of at most `seconds` with the most energy, and its start in seconds."""
    length = round(seconds * sample_rate)
    if len(audio) <= length:
        return audio, 0.0
    energy = np.concatenate(([0.0], np.cumsum(np.square(audio, dtype=np.float64))))
    step = max(1, sample_rate // 10)
    starts = np.arange(0, len(audio) - length + 1, step)
    start = int(starts[np.argmax(energy[starts + length] - energy[starts])])
    return audio[start : start + length], start / sample_rate


def draw_spectrogram(axes: Axes, audio: Array, sample_rate: int, start_s: float = 0.0) -> None:
    """Log-mel spectrogram of a sound (T,) over 70 dB, time in seconds."""
    stream = LogMelStream(sample_rate)
    columns, _ = stream.push(np.pad(audio, stream.n_fft // 2))
    top = float(columns.max())
    axes.imshow(
        columns.T,
        origin="lower",
        aspect="auto",
        extent=(start_s, start_s + len(audio) / sample_rate, 0, columns.shape[1]),
        vmin=top - 70,
        vmax=top,
        cmap="magma",
        interpolation="nearest",
    )
    axes.set_yticks([])
    axes.set_ylabel("mel")
