"""The streaming resampler against resampling everything at once."""

from __future__ import annotations

import numpy as np
import pytest
import soxr
from cuts import CUTS, cut, noise

from irec_live.streaming.resample import QUALITY, Resampler

RATES = [(48_000, 22_050), (48_000, 44_100), (44_100, 22_050), (16_000, 44_100), (192_000, 22_050), (8000, 44_100)]


def streamed(resampler: Resampler, signal: np.ndarray, how: int | str) -> np.ndarray:
    return np.concatenate([*(resampler.push(block) for block in cut(signal, how)), resampler.flush()])


@pytest.mark.parametrize("how", CUTS)
def test_resampling_does_not_depend_on_block_size_and_equals_all_at_once(how: int | str) -> None:
    signal = noise(15_000)
    np.testing.assert_array_equal(
        streamed(Resampler(48_000, 22_050), signal, how), soxr.resample(signal, 48_000, 22_050, quality=QUALITY)
    )


@pytest.mark.parametrize(("source", "target"), RATES)
def test_a_sine_keeps_its_phase(source: int, target: int) -> None:
    """Output sample m is the moment m / target: the filter's delay is taken off."""
    frequency = 997.0
    signal = np.sin(2 * np.pi * frequency * np.arange(source) / source).astype(np.float32)
    got = streamed(Resampler(source, target), signal, 512)
    assert len(got) == target
    middle = slice(target // 4, 3 * target // 4)
    wanted = np.sin(2 * np.pi * frequency * np.arange(target) / target)
    assert np.abs(got[middle] - wanted[middle]).max() < 1e-4  # 20 bits, pass-band ripple below 0.01 dB


def test_what_lies_above_the_new_nyquist_frequency_is_removed() -> None:
    signal = np.sin(2 * np.pi * 15_000 * np.arange(48_000) / 48_000).astype(np.float32)
    got = streamed(Resampler(48_000, 22_050), signal, 480)
    assert np.abs(got[2000:-2000]).max() < 1e-5


@pytest.mark.parametrize(("source", "target"), RATES)
@pytest.mark.parametrize("block", [64, 480])
def test_the_stated_lag_is_never_exceeded(source: int, target: int, block: int) -> None:
    resampler = Resampler(source, target)
    given = 0
    for taken, piece in enumerate(cut(noise(source), block), start=1):
        given += resampler.push(piece).size
        assert taken * block * target / source - given <= resampler.lag + block * target / source


def test_equal_rates_pass_samples_untouched_and_at_once() -> None:
    resampler = Resampler(44_100, 44_100)
    signal = noise(100)
    np.testing.assert_array_equal(resampler.push(signal), signal)
    assert resampler.lag == 0
    assert resampler.flush().size == 0


def test_output_does_not_depend_on_later_input() -> None:
    signal = noise(20_000)
    changed = np.concatenate([signal[:10_000], noise(10_000, seed=1)])
    first, second = Resampler(48_000, 22_050), Resampler(48_000, 22_050)
    early = first.push(signal[:10_000])
    np.testing.assert_array_equal(early, second.push(changed[:10_000]))
    assert early.size > 0


@pytest.mark.parametrize("flushed", [False, True])
def test_reset_equals_new(flushed: bool) -> None:
    resampler = Resampler(48_000, 22_050)
    resampler.push(noise(5000, seed=5))
    if flushed:
        resampler.flush()
    resampler.reset()
    signal = noise(9000)
    np.testing.assert_array_equal(streamed(resampler, signal, 512), streamed(Resampler(48_000, 22_050), signal, 512))


def test_impossible_rates_are_refused() -> None:
    with pytest.raises(ValueError, match="must be positive"):
        Resampler(0, 44_100)
