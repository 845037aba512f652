"""A piece of the bundled demo clip: music, where formulas are not enough."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import soundfile
import soxr

from irec_assets import audio_clips


def demo_music(sample_rate: int, samples: int, at_s: float = 8.0) -> npt.NDArray[np.float32]:
    """Mono, resampled; at 8 s a piano plays."""
    path = next(clip for clip in audio_clips() if clip.stem == "demo")
    with soundfile.SoundFile(path) as file:
        rate = file.samplerate
        file.seek(round(at_s * rate))
        mono = file.read(round((samples / sample_rate + 0.1) * rate), dtype="float32", always_2d=True).mean(axis=1)
    return np.asarray(soxr.resample(mono, rate, sample_rate), np.float32)[:samples]
