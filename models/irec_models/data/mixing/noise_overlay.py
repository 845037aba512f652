"""Noise augmentation of the student's windows alone: its teacher labels them without the noise.

Shapes: B windows, T samples.

References
----------
Q. Xie et al., "Self-training with noisy student improves ImageNet classification", CVPR 2020: the student's input is
made harder than its teacher's.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch

from irec_models.data.mixing.stream import Batch

Array = npt.NDArray[np.float32]

_NOISES = 48
_SECONDS = 4.0
_SNR_DB = (-4.0, 24.0)
_ALONE_DBFS = (-70.0, -12.0)
_SILENT = 1e-4  # RMS below which noise comes at a level of its own


class NoiseOverlay:
    """Adds steady noise, hum or crackle to a share of a batch's windows; who sounds stays as it is.

    Parameters
    ----------
    share : float
        Of the windows, 0..1.
    sample_rate : int
        Hz.
    window_length : int
        T.
    seed : int
        Of the noises, which are made once and cut anywhere.
    """

    def __init__(self, share: float, sample_rate: int, window_length: int, *, seed: int = 0) -> None:
        if not 0.0 <= share <= 1.0:
            raise ValueError(f"share must be between 0 and 1, not {share}")
        self.share = share
        self._window = window_length
        rng = np.random.default_rng([seed, 17])
        length = window_length + round(_SECONDS * sample_rate)
        makers = (_hiss, _hiss, _hiss, _hum, _crackle)
        self._noises = [makers[i % len(makers)](rng, length, sample_rate) for i in range(_NOISES)] if share else []

    def __call__(self, rng: np.random.Generator, batch: Batch) -> Batch:
        """A batch with noise over some windows, -4 to 24 dB below the window's RMS, within [-1, 1]."""
        chosen = np.flatnonzero(rng.random(len(batch.audio)) < self.share)
        if not len(chosen):
            return batch
        audio, envelope = batch.audio.numpy().copy(), batch.envelope.numpy().copy()
        for i in chosen:
            noise = self._noises[rng.integers(len(self._noises))]
            start = int(rng.integers(len(noise) - self._window))
            noise = noise[start : start + self._window]
            level = float(audio[i].std())  # without the DC offset, which is inaudible
            if level < _SILENT:
                gain = 10.0 ** (rng.uniform(*_ALONE_DBFS) / 20.0)
            else:
                gain = level * 10.0 ** (-rng.uniform(*_SNR_DB) / 20.0)
            loud = audio[i] + np.float32(gain) * noise
            peak = max(1.0, float(np.abs(loud).max()))
            audio[i] = loud / peak
            envelope[i] /= peak
        return batch._replace(audio=torch.from_numpy(audio), envelope=torch.from_numpy(envelope))


def _hiss(rng: np.random.Generator, length: int, sample_rate: int) -> Array:
    """Noise of a random slope, brown to blue, through a random smooth response, its level now and then waving."""
    hertz = np.maximum(np.fft.rfftfreq(length, 1 / sample_rate), 20.0)
    octaves = np.log2(hertz / 20.0)
    knots = np.linspace(0.0, octaves[-1], 8)
    gains_db = -6.02 * rng.uniform(-0.25, 1.1) * octaves
    if rng.random() < 0.6:
        gains_db += np.interp(octaves, knots, rng.uniform(-12.0, 12.0, len(knots)))
    phases = np.exp(2j * np.pi * rng.random(len(hertz)))
    noise = np.fft.irfft(phases * 10.0 ** (gains_db / 20.0), length)
    if rng.random() < 0.3:
        time = np.arange(length) / sample_rate
        noise *= 10.0 ** (rng.uniform(1.0, 8.0) * np.sin(2 * np.pi * rng.uniform(0.2, 3.0) * time) / 20.0)
    return _unit(noise)


def _hum(rng: np.random.Generator, length: int, sample_rate: int) -> Array:
    """Mains hum of up to 20 harmonics, with some hiss."""
    base = float(rng.choice([50.0, 60.0])) * rng.uniform(0.995, 1.005)
    time = np.arange(length) / sample_rate
    hum = np.zeros(length)
    for harmonic in range(1, int(rng.integers(2, 21))):
        strength = rng.random() * harmonic ** -rng.uniform(0.3, 1.5)
        hum += strength * np.sin(2 * np.pi * base * harmonic * time + rng.uniform(0, 2 * np.pi))
    return _unit(_unit(hum) + np.float32(10.0 ** (rng.uniform(-40.0, -10.0) / 20.0)) * _hiss(rng, length, sample_rate))


def _crackle(rng: np.random.Generator, length: int, sample_rate: int) -> Array:
    """Clicks at random, a few to many a second, over hiss: a worn record, a bad plug."""
    out = 0.05 * _hiss(rng, length, sample_rate).astype(np.float64)
    for start in rng.integers(0, length, int(rng.uniform(1.0, 40.0) * length / sample_rate)):
        size = int(rng.uniform(0.0002, 0.004) * sample_rate) + 1
        click = rng.standard_normal(size) * np.exp(-4.0 * np.arange(size) / size)
        out[start : start + size] += 10.0 ** (rng.uniform(-30.0, 0.0) / 20.0) * click[: length - start]
    return _unit(out)


def _unit(sound: npt.NDArray[np.floating]) -> Array:
    """At RMS 1."""
    return (sound / max(float(np.sqrt(np.mean(sound**2))), 1e-9)).astype(np.float32)
