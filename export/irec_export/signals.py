"""Test signals for comparing two networks: typical windows and edge cases.

Shapes: T samples in a window, W windows.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

import irec_assets
from irec_live.media import open_audio
from irec_live.streaming.resample import Resampler

Windows = npt.NDArray[np.float32]

WINDOWS_PER_RECORDING = 24
_LONGEST_S = 120.0
_SEED = 20_161


def generated(sample_rate: int, window_length: int) -> dict[str, Windows]:
    """Artificial windows, one (T,) a name; the same every time.

    Silence, the loudest possible (a full-scale square), impulses, noise at three levels, pure and detuned tones,
    clipping, a constant, and music-like mixtures of decaying harmonics over four octaves.
    """
    rng = np.random.default_rng(_SEED)
    time_s = np.arange(window_length) / sample_rate

    def wave(hz: float) -> npt.NDArray[np.float64]:
        return np.sin(2.0 * np.pi * hz * time_s)

    impulse = np.zeros(window_length)
    impulse[window_length // 2] = 1.0
    noise = rng.standard_normal(window_length)
    signals = {
        "silence": np.zeros(window_length),
        "full-scale square": np.sign(wave(441.0) + 1e-9),
        "impulse": impulse,
        "constant": np.full(window_length, 0.5),
        "loud noise": np.clip(0.5 * noise, -1.0, 1.0),
        "noise at -40 dB": 0.01 * noise,
        "noise at -100 dB": 1e-5 * noise,
        "tone 440 Hz": 0.5 * wave(440.0),
        "tone near Nyquist": 0.5 * wave(0.49 * sample_rate),
        "clipped tone": np.clip(4.0 * wave(220.0), -1.0, 1.0),
        "sweep": 0.5 * np.sin(2.0 * np.pi * (50.0 * time_s + 0.2 * sample_rate * time_s**2 / time_s[-1])),
    }
    for index in range(8):
        signals[f"chord {index + 1}"] = _chord(rng, time_s, sample_rate)
    return {name: signal.astype(np.float32) for name, signal in signals.items()}


def recorded(path: Path, sample_rate: int, window_length: int) -> Windows:
    """Windows spread evenly over a recording (its first two minutes), (W, T), at `sample_rate`.

    Raises
    ------
    MediaError
        The file cannot be decoded.
    """
    with open_audio(path) as audio:
        resampler = Resampler(audio.sample_rate, sample_rate)
        parts: list[npt.NDArray[np.float32]] = []
        for block in audio.blocks(65_536):
            parts.append(resampler.push(block.mean(axis=1, dtype=np.float32)))
            if audio.position > _LONGEST_S * audio.sample_rate:
                break
        parts.append(resampler.flush())
    samples = np.concatenate(parts)
    samples = np.pad(samples, (0, max(window_length - samples.size, 0)))
    count = min(WINDOWS_PER_RECORDING, 1 + (samples.size - window_length) // (window_length // 2))
    starts = np.linspace(0, samples.size - window_length, count).astype(int)
    return np.stack([samples[start : start + window_length] for start in starts])


def verification_windows(sample_rate: int, window_length: int, recordings: Sequence[Path] = ()) -> dict[str, Windows]:
    """All windows to verify on, (T,) each, by a name that tells where it came from.

    Parameters
    ----------
    sample_rate, window_length : int
        The network's.
    recordings : sequence of Path
        Audio files besides the bundled demo clips.

    Raises
    ------
    MediaError
        A recording cannot be decoded.
    """
    windows = generated(sample_rate, window_length)
    for path in (*irec_assets.audio_clips(), *recordings):
        for index, window in enumerate(recorded(path, sample_rate, window_length)):
            windows[f"{path.name} #{index + 1}"] = window
    return windows


def _chord(rng: np.random.Generator, time_s: npt.NDArray[np.float64], sample_rate: int) -> npt.NDArray[np.float64]:
    """Two to four notes of decaying harmonics that set in at different times, over a little noise."""
    total = 1e-4 * rng.standard_normal(time_s.size)
    for _ in range(int(rng.integers(2, 5))):
        pitch_hz = 55.0 * 2.0 ** rng.uniform(0.0, 4.0)
        onset_s = rng.uniform(0.0, 0.5) * time_s[-1]
        age_s = np.maximum(time_s - onset_s, 0.0)
        decay = np.exp(-age_s * rng.uniform(0.5, 6.0)) * (time_s >= onset_s)
        harmonics = np.arange(1, 1 + int(min(20.0, 0.45 * sample_rate / pitch_hz)))
        levels = harmonics ** -rng.uniform(0.7, 2.0)
        phases = 2.0 * np.pi * (np.outer(harmonics, pitch_hz * age_s) + rng.uniform(size=(harmonics.size, 1)))
        total += decay * (levels @ np.sin(phases))
    return np.asarray(total * rng.uniform(0.05, 0.9) / np.abs(total).max())
