"""Strong augmentation for distillation: windows distorted until no label fits, only a teacher's output.

Shapes: B windows, T samples.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch

from irec_models.data.mixing.stream import Batch

Array = npt.NDArray[np.float32]


class DistortedStream:
    """Changes a share of a batch's windows and takes their labels out of account.

    Resampled by up to nine semitones (body and formants with it), sent through a random smooth response of up to 36 dB
    range, laid over another window, cut up, given other onsets and decays, distorted, or reversed: instruments that
    nobody plays, in more variety than any collection of recordings has.

    Parameters
    ----------
    share : float
        Of the windows, 0..1.
    sample_rate : int
        Hz.
    """

    def __init__(self, share: float, sample_rate: int) -> None:
        if not 0.0 <= share <= 1.0:
            raise ValueError(f"share must be between 0 and 1, not {share}")
        self.share = share
        self.sample_rate = sample_rate

    def __call__(self, rng: np.random.Generator, batch: Batch) -> Batch:
        """A batch with some windows changed, and their masks zero."""
        chosen = np.flatnonzero(rng.random(len(batch.audio)) < self.share)
        if not len(chosen):
            return batch
        audio, mask = batch.audio.numpy().copy(), batch.mask.numpy().copy()
        for i in chosen:
            other = audio[rng.integers(len(audio))]
            audio[i] = self.change(rng, audio[i], other)
            mask[i] = 0.0
        return batch._replace(audio=torch.from_numpy(audio), mask=torch.from_numpy(mask))

    def change(self, rng: np.random.Generator, window: Array, other: Array) -> Array:
        """One window (T,), with `other` (T,) for company."""
        if rng.random() < 0.35:
            gain = 10.0 ** (rng.uniform(-12.0, 0.0) / 20.0) * _rms(window) / max(_rms(other), 1e-5)
            window = window + np.float32(min(gain, 10.0)) * other
        if rng.random() < 0.6:
            window = _faster(window, 2.0 ** (rng.uniform(-9.0, 9.0) / 12.0))
        if rng.random() < 0.2:
            window = _spliced(rng, window, other)
        if rng.random() < 0.3:
            window = window * self._strokes(rng, len(window))
        if rng.random() < 0.15:
            window = np.tanh(window * np.float32(10.0 ** (rng.uniform(0.0, 30.0) / 20.0) / max(_rms(window), 1e-4) / 3))
        if rng.random() < 0.6:
            window = self._coloured(rng, window)
        if rng.random() < 0.15:
            window = window[::-1]
        return np.ascontiguousarray(window / max(1.0, float(np.abs(window).max())), np.float32)

    def _strokes(self, rng: np.random.Generator, length: int) -> Array:
        """A gain (T,) that rises at random times and falls away, as of something plucked, struck or bowed in swells."""
        time = np.arange(length, dtype=np.float32) / self.sample_rate
        onsets = np.concatenate(([-rng.uniform(0.0, 0.5)], np.sort(rng.uniform(0.0, time[-1], rng.integers(0, 6)))))
        since = time - onsets[np.searchsorted(onsets, time, side="right") - 1].astype(np.float32)
        rise, fall = np.exp(rng.uniform(np.log([0.001, 0.03]), np.log([0.15, 1.0])))
        gain: Array = ((1.0 - np.exp(-since / rise)) * np.exp(-since / fall)).astype(np.float32)
        return gain

    def _coloured(self, rng: np.random.Generator, window: Array) -> Array:
        spectrum = np.fft.rfft(window)
        octaves = np.log2(np.maximum(np.fft.rfftfreq(len(window), 1 / self.sample_rate), 30.0) / 30.0)
        knots = np.linspace(0.0, octaves[-1], rng.integers(4, 14))
        gains = 10.0 ** (np.interp(octaves, knots, rng.uniform(-18.0, 18.0, len(knots))) / 20.0)
        return np.asarray(np.fft.irfft(spectrum * gains, len(window)), np.float32)


def _faster(window: Array, factor: float) -> Array:
    """Played `factor` times as fast; forth and back where that is too short."""
    place = np.arange(len(window)) * factor
    last = len(window) - 1
    place = last - np.abs(last - np.mod(place, 2 * last))
    return np.asarray(np.interp(place, np.arange(len(window)), window), np.float32)


def _spliced(rng: np.random.Generator, window: Array, other: Array) -> Array:
    """Pieces of two windows, at random lengths, each faded over 10 ms or so."""
    pieces = rng.integers(2, 8)
    choice = np.repeat(rng.integers(0, 2, pieces), -(-len(window) // pieces))[: len(window)].astype(np.float32)
    share = np.convolve(choice, np.full(201, 1 / 201, np.float32), mode="same")
    mixed: Array = (share * window + (1 - share) * np.roll(other, int(rng.integers(len(other))))).astype(np.float32)
    return mixed


def _rms(window: Array) -> float:
    return float(np.sqrt(np.mean(window**2)))
