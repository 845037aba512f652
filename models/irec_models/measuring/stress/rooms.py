"""Synthetic room impulse responses with a given reverberation time (RT60)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import scipy.signal

Audio = npt.NDArray[np.float32]

_OCTAVES_HZ = (125.0, 250.0, 500.0, 1000.0, 2000.0, 4000.0, 8000.0)
_SHARES = (1.15, 1.1, 1.0, 1.0, 0.9, 0.75, 0.55, 0.4)  # air and soft surfaces take the treble first


def impulse_response(
    sample_rate: int, rt60_s: float, *, direct_db: float, gap_s: float, rng: np.random.Generator
) -> Audio:
    """A direct sound, then exponentially decaying noise, each octave with its own decay.

    Parameters
    ----------
    sample_rate : int
        Hz.
    rt60_s : float
        Seconds in which the middle octaves (500 Hz, 1 kHz) lose 60 dB.
    direct_db : float
        Energy of the direct sound over that of the reverberation.
    gap_s : float
        Seconds from the direct sound to the first of the reverberation.
    rng : Generator

    Returns
    -------
    (T,) float32
        The direct sound is the first sample and has amplitude 1.

    References
    ----------
    J.-D. Polack, "La transmission de l'energie sonore dans les salles", thesis, Le Mans 1988: late reverberation as
    decaying Gaussian noise. ISO 3382-1: reverberation time is stated for the mean of 500 Hz and 1 kHz.
    """
    length = round(max(_SHARES) * rt60_s * sample_rate)
    time = np.arange(length) / sample_rate
    noise = rng.standard_normal(length)
    edges = [octave * 2**0.5 for octave in _OCTAVES_HZ if octave * 2**0.5 < 0.45 * sample_rate]
    tail = np.zeros(length)
    rest = noise
    for edge, share in zip((*edges, None), _SHARES, strict=False):
        # Splitting by subtraction: the bands add up to the noise again, whatever the filter.
        below = rest if edge is None else scipy.signal.sosfiltfilt(_low_pass(edge, sample_rate), rest)
        tail += below * np.exp(-np.log(1000.0) * time / (share * rt60_s))
        rest = rest - below
    response = np.zeros(length + round(gap_s * sample_rate) + 1)
    response[-length:] = tail * 10 ** (-direct_db / 20) / np.sqrt(np.sum(tail**2))
    response[0] = 1.0
    return response.astype(np.float32)


def reverberate(audio: Audio, response: Audio) -> Audio:
    """A sound in a room, as long and as loud as before.

    Parameters
    ----------
    audio, response : (T,) float32
        At one rate; the lengths may differ.
    """
    wet = scipy.signal.fftconvolve(audio, response)[: len(audio)]
    before, after = float(np.sum(np.square(audio, dtype=np.float64))), float(np.sum(np.square(wet, dtype=np.float64)))
    return np.asarray(wet * np.sqrt(before / after) if after > 0 else wet, np.float32)


def _low_pass(edge_hz: float, sample_rate: int) -> npt.NDArray[np.float64]:
    sections: npt.NDArray[np.float64] = scipy.signal.butter(4, edge_hz, fs=sample_rate, output="sos")
    return sections
