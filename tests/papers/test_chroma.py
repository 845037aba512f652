"""Constant-Q chroma against librosa."""

from __future__ import annotations

import warnings

import librosa
import numpy as np
import numpy.typing as npt
import pytest
import torch
from demo_music import demo_music

from irec_papers.frontends import CqtChroma

RATE = 22_050
HOP = 224
FRAMES = 100
FIRST = (RATE - (FRAMES - 1) * HOP) // 2  # centre of the first frame: 63 samples before the window

Audio = npt.NDArray[np.float32]


@pytest.fixture(scope="module")
def chroma() -> CqtChroma:
    return CqtChroma(RATE, RATE, HOP, FRAMES)


def chroma_of(chroma: CqtChroma, audio: Audio) -> npt.NDArray[np.float32]:
    """(C, N)."""
    return chroma(torch.from_numpy(audio.astype(np.float32))[None])[0].T.numpy()


def chord(*frequencies: float, decay: float = 0.0) -> Audio:
    time = np.arange(RATE) / RATE
    parts = [np.exp(-decay * time) * np.sin(2 * np.pi * f * h * time + h) / h for f in frequencies for h in range(1, 6)]
    return (0.2 * np.sum(parts, axis=0)).astype(np.float32)


SIGNALS: dict[str, tuple[Audio, float]] = {
    "tone": (chord(440.0), 0.02),
    "triad": (chord(261.63, 329.63, 392.0), 0.02),
    "low fifth": (chord(65.41, 98.0), 0.02),
    "plucked triad": (chord(196.0, 246.94, 293.66, decay=2.0), 0.02),
    "sweep": (librosa.chirp(fmin=100, fmax=4000, sr=RATE, length=RATE).astype(np.float32), 0.04),
    "music": (demo_music(RATE, RATE), 0.02),
    # A frame of noise is divided by the largest of 36 random values: kernels that differ by a sample choose another.
    "noise": ((0.1 * np.random.default_rng(0).standard_normal(RATE)).astype(np.float32), 0.08),
}


@pytest.mark.parametrize("name", list(SIGNALS))
def test_chroma_is_librosas(chroma: CqtChroma, name: str) -> None:
    """All 36 classes, 0 to 1 as the network is fed them.

    Within what librosa's rounding of kernels to whole samples does, and our cut of kernels below 51 Hz.

    Where a sound has died away, librosa's longest kernels, 1.57 s, still hear its beginning; ours end with the window.
    """
    audio, tolerance = SIGNALS[name]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="n_fft=.* is too large for input signal", category=UserWarning)
        expected = librosa.feature.chroma_cqt(
            y=np.pad(audio, (-FIRST, -FIRST)), sr=RATE, hop_length=HOP, n_chroma=36, bins_per_octave=36, tuning=0.0
        )[:, :FRAMES]
    found = chroma_of(chroma, audio)
    assert found.shape == (36, 100)
    np.testing.assert_allclose(found, expected, atol=tolerance)
    assert np.corrcoef(found.ravel(), expected.ravel())[0, 1] > 0.99


def test_an_octave_makes_no_difference_to_the_class(chroma: CqtChroma) -> None:
    time = np.arange(RATE) / RATE
    for frequency in (110.0, 220.0, 440.0, 880.0, 1760.0):
        assert set(chroma_of(chroma, np.sin(2 * np.pi * frequency * time)).argmax(axis=0)) == {27}


def test_every_frame_has_a_maximum_of_one_at_any_level(chroma: CqtChroma) -> None:
    loud = chroma_of(chroma, chord(220.0))
    np.testing.assert_allclose(loud.max(axis=0), 1.0, rtol=1e-6)
    np.testing.assert_allclose(chroma_of(chroma, 0.1 * chord(220.0)), loud, atol=1e-4)


def test_silence_stays_silent(chroma: CqtChroma) -> None:
    assert chroma_of(chroma, np.zeros(RATE)).max() == 0
    assert chroma_of(chroma, 1e-6 * chord(220.0)).max() < 0.1


def test_the_constants_are_small_enough_to_ship(chroma: CqtChroma) -> None:
    assert sum(buffer.numel() * 4 for buffer in chroma.buffers()) < 0.8e6
