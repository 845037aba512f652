"""The windower against slicing the whole signal."""

from __future__ import annotations

import numpy as np
import pytest
from cuts import CUTS, cut, noise

from irec_live.streaming.window_level import WindowLevels
from irec_live.streaming.windows import Windower

SIZES = [(100, 25), (100, 33), (100, 100), (7, 1), (64, 48)]


def sliced(signal: np.ndarray, length: int, hop: int) -> list[tuple[np.ndarray, int]]:
    """Every whole window, and a last one completed with zeros if samples are left."""
    starts = list(range(0, len(signal) - length + 1, hop))
    heard = starts[-1] + length if starts else 0
    if heard < len(signal):
        starts.append(starts[-1] + hop if starts else 0)
    padded = np.pad(signal, (0, length))
    return [(padded[start : start + length], start) for start in starts]


def streamed(windower: Windower, signal: np.ndarray, how: int | str) -> list[tuple[np.ndarray, int]]:
    return [window for block in cut(signal, how) for window in windower.push(block)] + windower.flush()


def assert_same(got: list[tuple[np.ndarray, int]], wanted: list[tuple[np.ndarray, int]]) -> None:
    assert [start for _, start in got] == [start for _, start in wanted]
    for (one, _), (other, _) in zip(got, wanted, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("how", CUTS)
@pytest.mark.parametrize(("length", "hop"), SIZES)
def test_windows_do_not_depend_on_block_size_and_equal_slices(how: int | str, length: int, hop: int) -> None:
    signal = noise(2345)
    assert_same(streamed(Windower(length, hop), signal, how), sliced(signal, length, hop))


@pytest.mark.parametrize("samples", [0, 1, 99, 100, 101, 124, 125, 126, 150])
def test_no_sample_is_left_out_at_the_end(samples: int) -> None:
    signal = noise(samples)
    windows = streamed(Windower(100, 25), signal, "all")
    assert_same(windows, sliced(signal, 100, 25))
    heard = {index for _, start in windows for index in range(start, start + 100)}
    assert set(range(samples)) <= heard


def test_without_padding_the_tail_is_dropped() -> None:
    windower = Windower(100, 25)
    assert len(windower.push(noise(130))) == 2
    assert windower.flush(pad=False) == []


def test_a_window_is_out_with_its_last_sample_and_not_before() -> None:
    windower = Windower(100, 25)
    assert windower.push(noise(windower.lag - 1)) == []
    assert len(windower.push(noise(1))) == 1


def test_windows_are_copies() -> None:
    windower = Windower(4, 2)
    ((window, _),) = windower.push(np.ones(4, np.float32))
    window[:] = 9.0
    ((next_window, _),) = windower.push(np.zeros(2, np.float32))
    np.testing.assert_array_equal(next_window, [1, 1, 0, 0])


@pytest.mark.parametrize("flushed", [False, True])
def test_reset_equals_new(flushed: bool) -> None:
    windower = Windower(100, 33)
    windower.push(noise(777, seed=4))
    if flushed:
        windower.flush()
    windower.reset()
    signal = noise(1000)
    assert_same(streamed(windower, signal, 160), streamed(Windower(100, 33), signal, 160))


@pytest.mark.parametrize(("length", "hop"), [(0, 0), (10, 0), (10, 11)])
def test_impossible_sizes_are_refused(length: int, hop: int) -> None:
    with pytest.raises(ValueError, match="hop_length <= window_length"):
        Windower(length, hop)


@pytest.mark.parametrize("how", CUTS)
@pytest.mark.parametrize(("length", "hop"), SIZES)
def test_levels_are_those_of_the_windows_that_the_windower_cuts(how: int | str, length: int, hop: int) -> None:
    signal = noise(1234) + np.float32(0.3)
    levels = WindowLevels(length, hop)
    for _ in range(2):  # the second time after a reset, which is as good as new
        found = [level for block in cut(signal, how) for level in levels.push(block)] + levels.flush()
        wanted = streamed(Windower(length, hop), signal, "all")
        assert [level.start for level in found] == [start for _, start in wanted]
        np.testing.assert_allclose([level.level for level in found], [np.std(w) for w, _ in wanted], atol=1e-6)
        np.testing.assert_allclose([level.energy for level in found], [np.sum(w * w) for w, _ in wanted], rtol=1e-5)
        levels.reset()


def test_a_level_keeps_its_precision_beside_a_large_offset() -> None:
    tone = 1e-4 * np.sin(np.arange(32_000, dtype=np.float64))
    (level,) = WindowLevels(32_000, 3200).push((tone + 0.5).astype(np.float32))
    assert level.level == pytest.approx(np.std((tone + 0.5).astype(np.float32), dtype=np.float64), rel=1e-6)
