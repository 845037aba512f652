"""Overlap-add against a weighted mean over all windows at once."""

from __future__ import annotations

import numpy as np
import pytest

from irec_live.streaming.overlap_add import OverlapAdd, hann_taper

K, N, HOP = 3, 16, 8


def windows_of(rows: np.ndarray, hop: int = HOP) -> list[tuple[np.ndarray, int]]:
    """Windows (K, N) cut from rows (M, K), as an ideal network would give them."""
    return [(rows[first : first + N].T, first) for first in range(0, len(rows) - N + 1, hop)]


def joined(add: OverlapAdd, windows: list[tuple[np.ndarray, int]]) -> np.ndarray:
    """All rows, after a check that they follow each other without a gap."""
    parts, expected = [], windows[0][1] if windows else 0
    for rows, first in [*(add.push(*window) for window in windows), add.flush()]:
        assert first == expected
        expected += len(rows)
        parts.append(rows)
    return np.concatenate(parts)


def random_rows(frames: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random((frames, K)).astype(np.float32)


@pytest.mark.parametrize("hop", [4, 8, 12, 16])
def test_windows_of_one_signal_give_that_signal_back(hop: int) -> None:
    rows = random_rows(N + 20 * hop)
    np.testing.assert_allclose(joined(OverlapAdd(K, N, hop), windows_of(rows, hop)), rows, rtol=1e-5)


def test_streaming_equals_the_weighted_mean_of_all_windows() -> None:
    windows = [(random_rows(N, seed).T, HOP * seed) for seed in range(12)]
    total, weight = np.zeros((12 * HOP + HOP, K)), np.zeros((12 * HOP + HOP, 1))
    for window, first in windows:
        total[first : first + N] += hann_taper(N)[:, None] * window.T
        weight[first : first + N] += hann_taper(N)[:, None]
    np.testing.assert_allclose(joined(OverlapAdd(K, N, HOP), windows), total / weight, rtol=1e-5)


def test_a_skipped_window_leaves_its_neighbours_whole() -> None:
    rows = random_rows(N + 10 * HOP)
    windows = windows_of(rows)
    del windows[4]
    np.testing.assert_allclose(joined(OverlapAdd(K, N, HOP), windows), rows, rtol=1e-5)


def test_frames_that_no_window_covers_are_zero_and_the_rest_is_untouched() -> None:
    rows = random_rows(N + 10 * HOP)
    windows = windows_of(rows)
    del windows[4:7]  # starts 32, 40, 48: frames 40..55 are in no other window
    got = joined(OverlapAdd(K, N, HOP), windows)
    wanted = rows.copy()
    wanted[40:56] = 0.0
    np.testing.assert_allclose(got, wanted, rtol=1e-5)


def test_a_gap_longer_than_a_window_is_zero() -> None:
    add = OverlapAdd(1, 4, 2)
    add.push(np.ones((1, 4)), 0)
    rows, first = add.push(np.ones((1, 4)), 100)
    assert first == 2
    np.testing.assert_array_equal(rows[:, 0], [1, 1] + [0] * 96 + [1, 1])


def test_a_stream_may_begin_at_any_frame() -> None:
    rows, first = OverlapAdd(K, N, HOP).push(random_rows(N).T, 4096)
    assert (len(rows), first) == (HOP, 4096)


def test_a_frame_is_out_at_most_the_stated_lag_before_the_newest_added() -> None:
    add = OverlapAdd(K, N, HOP)
    for window, first_frame in windows_of(random_rows(N + 5 * HOP)):
        rows, first = add.push(window, first_frame)
        newest = first_frame + N - 1
        assert newest - first <= add.lag
        assert len(rows) == HOP


def test_rows_once_given_do_not_depend_on_later_windows() -> None:
    windows = windows_of(random_rows(N + 4 * HOP))
    add = OverlapAdd(K, N, HOP)
    given = [add.push(*window)[0] for window in windows[:3]]
    kept = [rows.copy() for rows in given]
    add.push(random_rows(N, 9).T, 3 * HOP)
    add.flush()
    for rows, before in zip(given, kept, strict=True):
        np.testing.assert_array_equal(rows, before)


def test_reset_equals_new() -> None:
    windows = windows_of(random_rows(N + 4 * HOP))
    add = OverlapAdd(K, N, HOP)
    add.push(random_rows(N, 5).T, 99)
    add.reset()
    np.testing.assert_array_equal(joined(add, windows), joined(OverlapAdd(K, N, HOP), windows))


def test_no_windows_give_no_rows() -> None:
    assert joined(OverlapAdd(K, N, HOP), []).shape == (0, K)


def test_silence_and_full_scale_pass_exactly() -> None:
    add = OverlapAdd(2, N, HOP)
    for index in range(4):
        rows, _ = add.push(np.stack([np.zeros(N), np.ones(N)]), index * HOP)
        np.testing.assert_array_equal(rows[:, 0], 0.0)
        np.testing.assert_allclose(rows[:, 1], 1.0, rtol=1e-6)


def test_windows_out_of_order_and_wrong_shapes_are_refused() -> None:
    add = OverlapAdd(K, N, HOP)
    add.push(random_rows(N).T, 80)
    with pytest.raises(ValueError, match="window at frame 72 comes after"):
        add.push(random_rows(N).T, 72)
    with pytest.raises(ValueError, match=r"shape \(3, 16\), not \(16, 3\)"):
        add.push(random_rows(N), 96)
    with pytest.raises(ValueError, match="hop_frames <= frames"):
        OverlapAdd(K, 8, 9)
