"""The display spectrogram against librosa, and as a stream; the level meter."""

from __future__ import annotations

import librosa
import numpy as np
import pytest
from cuts import CUTS, cut, noise

from irec_live.results import SILENCE_DB, SPECTROGRAM_FLOOR_DB
from irec_live.streaming.level import LevelMeter
from irec_live.streaming.spectrogram import LogMelStream


def streamed(stream: LogMelStream | LevelMeter, signal: np.ndarray, how: int | str, step: int) -> np.ndarray:
    """All rows, after a check that each push says where its first one starts."""
    parts, rows = [], 0
    for block in cut(signal, how):
        part, start = stream.push(block)
        assert start == rows * step
        rows += len(part)
        parts.append(part)
    return np.concatenate(parts)


@pytest.mark.parametrize("rate", [16_000, 44_100, 48_000])
def test_columns_equal_librosa(rate: int) -> None:
    signal = noise(rate)
    stream = LogMelStream(rate)
    power = librosa.feature.melspectrogram(
        y=signal, sr=rate, n_fft=stream.n_fft, hop_length=stream.hop_length, center=False, norm=None,
        n_mels=96, fmin=30, fmax=min(16_000, rate / 2),
    )  # fmt: skip
    full_scale_sine = (np.hanning(stream.n_fft + 1)[:-1].sum() / 2) ** 2
    wanted = 10 * np.log10(np.maximum(power.T / full_scale_sine, 1e-10))
    got, _ = stream.push(signal)
    np.testing.assert_allclose(got, wanted, atol=1e-3)


@pytest.mark.parametrize("how", CUTS)
def test_columns_do_not_depend_on_block_size(how: int | str) -> None:
    signal = noise(9000)
    whole, _ = LogMelStream(16_000).push(signal)
    stream = LogMelStream(16_000)
    np.testing.assert_allclose(streamed(stream, signal, how, stream.hop_length), whole, atol=1e-3)
    assert len(whole) == (9000 - stream.n_fft) // stream.hop_length + 1


def test_a_column_is_out_with_its_last_sample_and_not_before() -> None:
    stream = LogMelStream(44_100)
    assert len(stream.push(noise(stream.lag - 1))[0]) == 0
    assert len(stream.push(noise(1))[0]) == 1


def test_a_full_scale_sine_reads_about_zero_db_in_its_own_band() -> None:
    stream = LogMelStream(44_100)
    bin_hz = 44_100 / stream.n_fft
    columns, _ = stream.push(np.sin(2 * np.pi * 100 * bin_hz * np.arange(8192) / 44_100).astype(np.float32))
    # A Hann column spreads a sine over three bins and bands overlap: 2 dB either way.
    assert abs(columns.max() - 0.0) < 2.0


def test_silence_reads_the_floor() -> None:
    columns, _ = LogMelStream(44_100).push(np.zeros(8192, np.float32))
    np.testing.assert_allclose(columns, SPECTROGRAM_FLOOR_DB)


def test_centres_are_the_middles_of_the_columns() -> None:
    stream = LogMelStream(44_100)
    np.testing.assert_allclose(stream.centres_s(2048, 2), [3072 / 44_100, 4096 / 44_100])


@pytest.mark.parametrize("rate", [4000, 8000, 192_000, 384_000])
def test_unusual_rates_work(rate: int) -> None:
    columns, _ = LogMelStream(rate).push(noise(rate // 4))
    assert len(columns) > 1
    assert np.isfinite(columns).all()


def test_reset_equals_new() -> None:
    stream = LogMelStream(16_000)
    stream.push(noise(5000, seed=7))
    stream.reset()
    got, start = stream.push(noise(4000))
    assert start == 0
    np.testing.assert_array_equal(got, LogMelStream(16_000).push(noise(4000))[0])


def test_bands_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="no 96 bands fit between 5000"):
        LogMelStream(8000, f_min=5000.0)


@pytest.mark.parametrize("how", CUTS)
def test_levels_do_not_depend_on_block_size_and_equal_the_formula(how: int | str) -> None:
    signal = noise(4321)
    meter = LevelMeter(8000)
    got = streamed(meter, signal, how, meter.stretch)
    parts = signal[: 10 * 400].reshape(10, 400).astype(np.float64)
    np.testing.assert_allclose(got[:, 0], 10 * np.log10((parts**2).mean(axis=1)), atol=1e-3)
    np.testing.assert_allclose(got[:, 1], 20 * np.log10(np.abs(parts).max(axis=1)), atol=1e-3)


def test_digital_silence_reads_the_meters_lowest_level() -> None:
    np.testing.assert_allclose(LevelMeter(8000).push(np.zeros(400, np.float32))[0], SILENCE_DB)
