"""Synthetic room impulse responses and equalisers, applied together in the frequency domain (fast convolution)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import scipy.fft

Audio = npt.NDArray[np.float32]
Spectrum = npt.NDArray[np.complex64]

_BANDS_PER_OCTAVE = 24
_LOWEST_HZ = 20.0


def room_response(sample_rate: int, rng: np.random.Generator, *, longest_s: float = 1.0) -> Audio:
    """A random room's impulse response.

    A direct sound, some early reflections, and a tail of noise that decays exponentially, the treble faster than the
    bass (Polack's model).

    Parameters
    ----------
    sample_rate : int
        Hz.
    rng : Generator
    longest_s : float
        Where the tail is cut.

    Returns
    -------
    (T,) float32
        The direct sound is the first sample and has amplitude 1.

    References
    ----------
    J.-D. Polack, "La transmission de l'energie sonore dans les salles", thesis, Le Mans 1988: the late reverberation
    of a room as exponentially decaying Gaussian noise.
    """
    rt60 = float(np.exp(rng.uniform(np.log(0.12), np.log(2.5))))
    length = max(int(0.06 * sample_rate), int(min(longest_s, rt60) * sample_rate))
    time = np.arange(length) / sample_rate
    dull = rng.uniform(0.25, 0.8)
    noise = rng.standard_normal(length)
    # Air and walls take the treble first: what is left after a moving mean decays faster than the mean itself.
    smooth = np.convolve(noise, np.ones(8) / np.sqrt(8), "same")
    tail = smooth * np.exp(-6.91 * time / rt60) + 0.7 * (noise - smooth) * np.exp(-6.91 * time / (rt60 * dull))
    gap = int(rng.uniform(0.002, 0.03) * sample_rate)
    # Before the first wall answers there is nothing but the direct sound.
    tail[:gap] = 0
    response = np.zeros(length)
    for _ in range(int(rng.integers(4, 16))):
        place = int(rng.uniform(0.0008, 0.05) * sample_rate) + 1
        response[place] += rng.choice([-1, 1]) * rng.uniform(0.05, 0.5) * np.exp(-place / (0.03 * sample_rate))
    wet = 10 ** (rng.uniform(-20, 3) / 20)
    response += tail * wet / max(float(np.sqrt(np.sum(tail**2))), 1e-9)
    response[0] = 1.0
    # The last 20 % fade, so that a cut tail does not click.
    response[-length // 5 :] *= np.linspace(1, 0, len(response[-length // 5 :]))
    return response.astype(np.float32)


class Rooms:
    """A set of random rooms, and filtering in the frequency domain for sounds of one length.

    Parameters
    ----------
    sample_rate : int
        Hz.
    length : int
        Samples of the sounds.
    count : int
        How many rooms.
    seed : int
    """

    def __init__(self, sample_rate: int, length: int, *, count: int = 48, seed: int = 0) -> None:
        self.sample_rate = sample_rate
        self.length = length
        longest = min(1.0, length / sample_rate)
        # Zero padding as long as the longest tail: nothing wraps around to before it was played.
        self.fft_length = scipy.fft.next_fast_len(length + int(longest * sample_rate), real=True)
        rng = np.random.default_rng([seed, 7])
        self._rooms: list[Spectrum] = [
            scipy.fft.rfft(room_response(sample_rate, rng, longest_s=longest), self.fft_length).astype(np.complex64)
            for _ in range(count)
        ]
        frequencies = np.arange(self.fft_length // 2 + 1) * (sample_rate / self.fft_length)
        # Filters are drawn in parts of an octave, as ears and equalisers have them, and spread over the bins.
        octaves = np.log2(np.maximum(frequencies, _LOWEST_HZ) / _LOWEST_HZ)
        self._band_of = np.round(octaves * _BANDS_PER_OCTAVE).astype(np.intp)
        self.bands = int(self._band_of[-1]) + 1
        self.band_hz = _LOWEST_HZ * 2.0 ** (np.arange(self.bands) / _BANDS_PER_OCTAVE)

    def draw_room(self, rng: np.random.Generator) -> Spectrum:
        """Spectrum of a random room."""
        return self._rooms[int(rng.integers(len(self._rooms)))]

    def flat(self) -> Audio:
        """Gain 1 in every band."""
        return np.ones(self.bands, np.float32)

    def draw_equaliser(self, rng: np.random.Generator, spread_db: float) -> Audio:
        """Band gains that wander smoothly with frequency, and a tilt.

        Parameters
        ----------
        rng : Generator
        spread_db : float
            Standard deviation of the knots, about one an octave.
        """
        knots = np.arange(0, self.bands + _BANDS_PER_OCTAVE, _BANDS_PER_OCTAVE)
        gains = rng.normal(0, spread_db, len(knots)) + rng.normal(0, spread_db / 6) * (np.arange(len(knots)) - 5)
        curve = np.interp(np.arange(self.bands), knots, gains)
        return (10 ** (np.clip(curve, -24, 12) / 20)).astype(np.float32)

    def low_pass(self, cut_hz: float, order: int) -> Audio:
        """Butterworth magnitudes of a low-pass, per band."""
        return (1 / np.sqrt(1 + (self.band_hz / cut_hz) ** (2.0 * order))).astype(np.float32)

    def high_pass(self, cut_hz: float, order: int) -> Audio:
        """Butterworth magnitudes of a high-pass, per band."""
        return (1 / np.sqrt(1 + (cut_hz / self.band_hz) ** (2.0 * order))).astype(np.float32)

    def apply(self, audio: Audio, gains: Audio, room: Spectrum | None = None) -> Audio:
        """A sound through band gains (zero phase) and a room.

        Parameters
        ----------
        audio : (T,) float32
        gains : (bands,) float32
        room : complex64 spectrum, optional
            As `draw_room` gives it.

        Returns
        -------
        (T,) float32
        """
        if len(audio) != self.length:
            raise ValueError(f"expected {self.length} samples, got {len(audio)}")
        spectrum = scipy.fft.rfft(audio, self.fft_length)
        spectrum *= gains[self._band_of]
        if room is not None:
            spectrum *= room
        out: Audio = scipy.fft.irfft(spectrum, self.fft_length)[: self.length]
        return out
