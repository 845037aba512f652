"""The comparison itself: it must see what it is there to see."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

import tiny_models
from irec_export.signals import generated, recorded, verification_windows
from irec_export.verify import compare, median_ms
from irec_live.errors import MediaError
from irec_live.models.detector import Detector


def ramp(batch: np.ndarray) -> np.ndarray:
    return batch[:, :2]


WINDOWS = {f"w{i}": np.full(4, i / 10, np.float32) for i in range(5)}


def test_equal_networks_differ_by_nothing() -> None:
    comparison = compare(ramp, ramp, WINDOWS)
    assert comparison.differences == {1: 0.0, 3: 0.0, 7: 0.0}
    assert comparison.largest == 0.0
    assert comparison.n_windows == 5


def test_the_window_with_the_largest_difference_is_named() -> None:
    def other(batch: np.ndarray) -> np.ndarray:
        return ramp(batch) + np.where(np.isclose(batch[:, :1], 0.3), np.float32(0.01), np.float32(0.001))

    comparison = compare(ramp, other, WINDOWS)
    assert comparison.worst == "w3"
    assert comparison.largest == pytest.approx(0.01, rel=1e-3)


def test_a_fault_at_one_batch_size_alone_shows() -> None:
    def frozen(batch: np.ndarray) -> np.ndarray:
        return ramp(batch) + (np.float32(0.5) if len(batch) == 7 else np.float32(0.0))

    differences = compare(ramp, frozen, WINDOWS).differences
    assert differences[1] == differences[3] == 0.0
    assert differences[7] == pytest.approx(0.5)


def test_answers_that_leak_between_windows_of_a_batch_show() -> None:
    def leaking(batch: np.ndarray) -> np.ndarray:
        return ramp(batch - batch.mean(axis=0) + batch[0])

    assert compare(ramp, leaking, WINDOWS).differences[1] == 0.0
    assert compare(ramp, leaking, WINDOWS).differences[3] > 0.01


def test_not_a_number_is_as_far_apart_as_can_be() -> None:
    def broken(batch: np.ndarray) -> np.ndarray:
        return ramp(batch) * np.float32(np.nan)

    assert compare(ramp, broken, WINDOWS).largest == np.inf
    assert compare(broken, broken, WINDOWS).largest == np.inf


def test_other_shapes_and_no_windows_are_the_callers_mistake() -> None:
    with pytest.raises(ValueError, match="shapes differ"):
        compare(ramp, lambda batch: batch, WINDOWS)
    with pytest.raises(ValueError, match="no windows"):
        compare(ramp, ramp, {})


def test_generated_windows_are_the_same_every_time_and_in_range() -> None:
    first, second = generated(22050, 22050), generated(22050, 22050)
    assert list(first) == list(second)
    for name, window in first.items():
        np.testing.assert_array_equal(window, second[name])
        assert window.shape == (22050,)
        assert window.dtype == np.float32
        assert np.abs(window).max() <= 1.0
    assert not first["silence"].any()
    assert np.abs(first["full-scale square"]).min() == 1.0


def test_a_recording_is_cut_into_windows_at_the_models_rate(tmp_path: Path) -> None:
    path = tmp_path / "tone.wav"
    time_s = np.arange(3 * 48_000) / 48_000
    soundfile.write(path, np.stack([np.sin(2 * np.pi * 1000 * time_s)] * 2, axis=1) * 0.5, 48_000)
    windows = recorded(path, 8000, 8000)
    assert windows.shape == (5, 8000)
    spectrum = np.abs(np.fft.rfft(windows[2]))
    assert np.argmax(spectrum) == 1000


def test_a_recording_shorter_than_a_window_is_padded(tmp_path: Path) -> None:
    path = tmp_path / "click.wav"
    soundfile.write(path, np.full(100, 0.5), 8000)
    assert recorded(path, 8000, 8000).shape == (1, 8000)


def test_verification_takes_generated_and_recorded_windows(tmp_path: Path) -> None:
    path = tmp_path / "own.wav"
    soundfile.write(path, np.zeros(16_000), 8000)
    names = list(verification_windows(8000, 8000, [path]))
    assert "silence" in names
    assert "own.wav #1" in names
    with pytest.raises(MediaError):
        verification_windows(8000, 8000, [tmp_path / "none.wav"])


def test_times_are_measured_for_each_detector() -> None:
    detectors = [Detector(tiny_models.activation_model()), Detector(tiny_models.envelope_model())]
    times_ms = median_ms(detectors, repeats=3)
    assert len(times_ms) == 2
    assert min(times_ms) > 0.0
