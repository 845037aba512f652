"""Audio effects: distortion of amplifiers, recorders and lossy codecs. Arrays are (T,) float32 in [-1, 1]."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import scipy.fft

Audio = npt.NDArray[np.float32]


def overdrive(audio: Audio, drive_db: float, *, bias: float = 0.0) -> Audio:
    """A guitar amplifier's valve stage and cabinet, at RMS 0.1 in and peak at most 1 out.

    The waveshaper runs at twice the rate, so that most of what it makes above half the rate is cut, not folded.

    Parameters
    ----------
    audio : (T,) float32
    drive_db : float
        Gain in front of the waveshaper.
    bias : float
        Asymmetry, 0 for odd harmonics only.
    """
    size = scipy.fft.next_fast_len(len(audio), real=True)
    spectrum = scipy.fft.rfft(audio, size)
    # At twice the rate: harmonics above half the rate would fold back as tones that no amplifier makes.
    shaped = np.tanh(scipy.fft.irfft(spectrum, 2 * size) * np.float32(2 * 10 ** (drive_db / 20)) + np.float32(bias))
    shaped -= np.float32(np.tanh(bias))
    out: Audio = scipy.fft.irfft(scipy.fft.rfft(shaped)[: size // 2 + 1], size)[: len(audio)] * np.float32(0.5)
    return out


def cabinet_gains(band_hz: npt.NDArray[np.float64], rng: np.random.Generator) -> Audio:
    """Band gains of a guitar loudspeaker: nothing below 80 Hz or above 5 kHz, a presence peak between.

    Parameters
    ----------
    band_hz : (bands,) float64
        Centres of the bands.
    rng : Generator
    """
    low, high = rng.uniform(60, 110), rng.uniform(3500, 6000)
    peak = rng.uniform(1800, 3200)
    gains = 1 / np.sqrt((1 + (low / band_hz) ** 4) * (1 + (band_hz / high) ** 8))
    gains *= 1 + rng.uniform(0.2, 1.5) * np.exp(-(np.log2(band_hz / peak) ** 2) / 0.3)
    return gains.astype(np.float32)


def compressor_gain(audio: Audio, sample_rate: int, rng: np.random.Generator) -> Audio:
    """Gain (T,) of a compressor with random threshold, ratio and times; multiply the sound (T,) with it."""
    size = max(1, sample_rate // 200)  # 5 ms
    blocks = -(-len(audio) // size)
    padded = np.pad(audio, (0, blocks * size - len(audio))).reshape(blocks, size)
    level = np.sqrt(np.einsum("ij,ij->i", padded, padded) / size) + 1e-6
    threshold = float(np.quantile(level, 0.9)) * 10 ** (-rng.uniform(0, 18) / 20)
    ratio = rng.uniform(2, 10)
    wanted = np.minimum(0.0, (1 / ratio - 1) * np.log(level / threshold))
    attack, release = np.exp(-0.005 / rng.uniform(0.002, 0.03)), np.exp(-0.005 / rng.uniform(0.05, 0.4))
    # A loop, since the time constant depends on the direction; 5 ms blocks keep it short.
    smooth = np.empty(blocks)
    state = float(wanted[0])
    for i, target in enumerate(wanted.tolist()):
        slope = attack if target < state else release
        state = target + (state - target) * slope
        smooth[i] = state
    centres = (np.arange(blocks) + 0.5) * size
    # Every 16th sample is enough for what changes in milliseconds.
    gain = np.interp(np.arange(0, len(audio), 16), centres, np.exp(smooth))
    return np.repeat(gain, 16)[: len(audio)].astype(np.float32)


def clipping_gain(audio: Audio, ceiling: float, *, soft: bool) -> Audio:
    """Gain (T,) of a clipper at every sample; multiply the sound (T,), or each of its stems, with it.

    Written as a gain, clipping keeps the sum of the stems equal to the mixture.

    Examples
    --------
    >>> clipping_gain(np.array([0.25, -2.0], np.float32), 0.5, soft=False).tolist()
    [1.0, 0.25]
    """
    size = np.maximum(np.abs(audio), np.float32(1e-9))
    limited = np.tanh(size / ceiling) * ceiling if soft else np.minimum(size, np.float32(ceiling))
    gain: Audio = (limited / size).astype(np.float32)
    return gain


def codec_loss(audio: Audio, sample_rate: int, rng: np.random.Generator) -> Audio:
    """Simulate a low-rate lossy codec: masked bins are zeroed, the others quantised, the treble cut.

    Parameters
    ----------
    audio : (T,) float32
    sample_rate : int
        Hz.
    rng : Generator

    References
    ----------
    K. Brandenburg, "MP3 and AAC explained", AES 17th conf. 1999, sections 2-3: what coding at low rates loses
    (bandwidth, quiet bins beside loud ones, birdies, pre-echo over a block).
    """
    size = 1024 if sample_rate < 32000 else 2048
    hop = size // 2
    blocks = -(-len(audio) // hop) + 1
    padded = np.pad(audio, (hop, (blocks + 1) * hop - len(audio) - hop))
    frames = np.lib.stride_tricks.sliding_window_view(padded, size)[::hop][:blocks]
    # Sine window twice (analysis and synthesis) sums to one at half overlap (Princen-Bradley).
    window = np.sin(np.pi * (np.arange(size) + 0.5) / size).astype(np.float32)
    spectrum = scipy.fft.rfft(frames * window, axis=1)
    magnitude = np.abs(spectrum)
    bands = np.unique(np.geomspace(1, magnitude.shape[1] - 1, 24).astype(int))
    starts = np.concatenate(([0], bands))[:-1] if bands[-1] >= magnitude.shape[1] else np.concatenate(([0], bands))
    widths = np.diff(np.append(starts, magnitude.shape[1]))
    loudest = np.repeat(np.maximum.reduceat(magnitude, starts, axis=1), widths, axis=1)
    step = loudest * np.float32(10 ** (-rng.uniform(6, 26) / 20)) + np.float32(1e-7)
    kept = np.round(magnitude / step) * step / np.maximum(magnitude, np.float32(1e-9))
    cut = int(rng.uniform(4000, 0.5 * sample_rate) / sample_rate * size)
    kept[:, cut:] = 0
    frames = scipy.fft.irfft(spectrum * kept, size, axis=1) * window
    out = np.zeros(len(padded) + size, np.float32)
    even, odd = frames[0::2].reshape(-1), frames[1::2].reshape(-1)
    out[: len(even)] += even
    out[hop : hop + len(odd)] += odd
    return out[hop : hop + len(audio)]


class Noises:
    """Stationary noise, generated once and cut anywhere: hiss of several colours.

    Parameters
    ----------
    sample_rate : int
        Hz.
    length : int
        Samples of the cuts.
    seed : int
    """

    def __init__(self, sample_rate: int, length: int, *, seed: int = 0) -> None:
        rng = np.random.default_rng([seed, 11])
        self.sample_rate = sample_rate
        self.length = length
        size = scipy.fft.next_fast_len(2 * length + sample_rate, real=True)
        bins = np.arange(1, size // 2 + 2, dtype=np.float64)
        self._hiss: list[Audio] = []
        for slope in (0.0, 0.25, 0.5, 0.75, 1.0):  # amplitude per frequency: white ... pink (0.5) ... brown (1)
            spectrum = np.exp(2j * np.pi * rng.random(len(bins))) * bins**-slope
            noise = scipy.fft.irfft(spectrum, size)
            self._hiss.append((noise / np.sqrt(np.mean(noise**2))).astype(np.float32))

    def hiss(self, rng: np.random.Generator) -> Audio:
        """Noise of RMS 1."""
        noise = self._hiss[int(rng.integers(len(self._hiss)))]
        start = int(rng.integers(0, len(noise) - self.length))
        return noise[start : start + self.length].copy()

    def hum(self, rng: np.random.Generator) -> Audio:
        """Mains hum, 50 or 60 Hz with harmonics, of RMS 1."""
        base = float(rng.choice([50.0, 60.0])) * rng.uniform(0.998, 1.002)
        time = np.arange(self.length, dtype=np.float32) * np.float32(2 * np.pi * base / self.sample_rate)
        hum = np.zeros(self.length, np.float32)
        for harmonic in (1, 2, 3, 5, 7):
            hum += np.sin(harmonic * time + np.float32(rng.uniform(0, 6.28))) * np.float32(rng.random() / harmonic)
        return hum / np.float32(max(np.sqrt(np.mean(hum**2)), 1e-6))
