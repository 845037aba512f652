"""Mix-down: who is heard of many channels, and how loud."""

from __future__ import annotations

import numpy as np
import pytest
from cuts import cut, noise

from irec_live.mono import MonoMix

RATE = 16_000
Signal = np.ndarray


def tone(amplitude: float = 0.5, hz: float = 440.0, seconds: float = 2.0) -> Signal:
    return (amplitude * np.sin(2 * np.pi * hz * np.arange(round(seconds * RATE)) / RATE)).astype(np.float32)


def mixed(*channels: Signal, size: int | str = "all", channel: int | None = None) -> Signal:
    mix = MonoMix(RATE, channel)
    return np.concatenate([mix.push(block) for block in cut(np.stack(channels, axis=1), size)])


def rms(signal: Signal) -> float:
    return float(np.sqrt(np.mean(signal.astype(np.float64) ** 2)))


def in_db(share: float) -> float:
    return 20 * np.log10(share)


def test_equal_channels_are_what_either_of_them_is() -> None:
    for count in (1, 2, 4, 8):
        np.testing.assert_array_equal(mixed(*[tone()] * count), tone())
    np.testing.assert_allclose(mixed(*[tone()] * 6), tone(), rtol=1e-4)


@pytest.mark.parametrize("count", [2, 6, 24])
def test_one_channel_among_silent_ones_keeps_every_sample(count: int) -> None:
    for place in (0, count - 1):
        channels = [np.zeros_like(tone())] * count
        channels[place] = tone(0.01)
        np.testing.assert_array_equal(mixed(*channels), tone(0.01))


def test_a_soft_microphone_is_heard_above_the_noise_of_23_others() -> None:
    others = [noise(2 * RATE, seed=seed, amplitude=1e-5) for seed in range(23)]
    got = mixed(tone(0.003), *others)[RATE // 5 :]
    assert rms(got - tone(0.003)[RATE // 5 :]) < 1e-6


@pytest.mark.parametrize("loudest", [0, 2, 5])
def test_surround_sound_has_the_level_of_its_loudest_channel(loudest: int) -> None:
    channels = [noise(2 * RATE, seed=seed, amplitude=0.02 * (seed + 1)) for seed in range(6)]
    channels[loudest] = noise(2 * RATE, seed=9, amplitude=0.4)
    got = mixed(*channels)
    assert in_db(rms(got[RATE // 5 :]) / rms(channels[loudest])) == pytest.approx(0.0, abs=0.5)
    assert in_db(rms(got[: RATE // 10]) / rms(channels[loudest])) == pytest.approx(0.0, abs=1.0)


def test_two_unlike_channels_have_the_level_of_the_louder_one() -> None:
    for level in (1.0, 0.3, 0.03):
        left, right = noise(2 * RATE, 1, 0.2), noise(2 * RATE, 2, 0.2 * level)
        got = mixed(left, right)
        assert in_db(rms(got) / rms(left)) == pytest.approx(0.0, abs=0.3)
        if level > 0.01:  # and both are in it
            assert np.corrcoef(got, right)[0, 1] > 0.5 * level


def test_a_soft_channel_is_heard_soon_after_a_loud_one_ends() -> None:
    loud, soft = tone(0.9, seconds=2.5), tone(0.001, 700.0, seconds=2.5)
    loud[RATE:] = 0.0
    got = mixed(loud, soft, np.zeros_like(loud))
    np.testing.assert_allclose(got[-RATE // 4 :], soft[-RATE // 4 :], rtol=0.01)


def test_a_channel_that_joins_in_is_heard_without_a_step() -> None:
    left, right = tone(0.5), tone(0.5, 660.0)
    right[:RATE] = 0.0
    got = mixed(left, right)
    assert np.abs(np.diff(got)).max() < 1.1 * np.abs(np.diff(left + right)).max()
    assert in_db(rms(got[-RATE // 2 :]) / rms(left)) == pytest.approx(0.0, abs=0.5)


@pytest.mark.parametrize("size", [7, 160, 512, 4096, "random"])
def test_the_mix_does_not_depend_on_block_size(size: int | str) -> None:
    left, right, side = tone(0.4), noise(2 * RATE, 1, 0.1), noise(2 * RATE, 2, 0.3)
    left[: RATE // 3] = 0.0
    right[RATE // 2 :] = 0.0
    side[: RATE // 4] *= 1e-4
    np.testing.assert_array_equal(mixed(left, right, side, size=size), mixed(left, right, side))


def test_a_thousand_channels_at_a_high_rate_take_little_room_and_are_mixed_alike() -> None:
    sound = 0.1 * np.random.default_rng(0).standard_normal((15_000, 8)).astype(np.float32)
    many = np.concatenate([sound, np.zeros((len(sound), 1016), np.float32)], axis=1)
    mix, few = MonoMix(96_000), MonoMix(96_000)
    got = np.concatenate([mix.push(block) for block in cut(many, 3000)])
    assert mix._room.nbytes <= 8 << 20
    np.testing.assert_allclose(got, few.push(sound), rtol=1e-3, atol=1e-6)


def test_samples_depend_on_the_past_alone() -> None:
    left, right = tone(0.4), noise(2 * RATE, 1, 0.2)
    for length in (100, 1599, 1601, 20_000):
        np.testing.assert_array_equal(mixed(left, right)[:length], mixed(left[:length], right[:length]))


def test_one_damaged_channel_does_not_silence_the_other() -> None:
    mix = MonoMix(RATE)
    np.testing.assert_allclose(mix.push(np.float32([[np.inf, 0.5], [0.5, 0.5]])), [0.5, 0.5 * np.sqrt(2)], rtol=0.2)
    np.testing.assert_allclose(mix.push(np.zeros((0, 2), np.float32)), [])
    broken = np.full(2 * RATE, np.nan, np.float32)
    np.testing.assert_array_equal(mixed(tone(), broken), tone())


def test_channels_that_cancel_each_other_out_are_heard_all_the_same() -> None:
    left = tone(0.9, 2000.0, 1.0)
    late = RATE // 5  # heard for 100 ms to know, and for another to be sure of what is heard
    upside_down = np.float32(-0.99) * left
    np.testing.assert_allclose(mixed(left, upside_down, size=160)[late:], left[late:], rtol=1e-6)
    np.testing.assert_allclose(mixed(upside_down, left, size=160)[late:], left[late:], rtol=1e-6)
    click = upside_down.copy()
    click[RATE // 2 :][:10] += 0.05
    for right in (upside_down, click, np.where(np.arange(RATE) < 5000, -left, left)):
        np.testing.assert_array_equal(mixed(left, right, size=160), mixed(left, right))
        np.testing.assert_array_equal(mixed(left, right, size=997), mixed(left, right))


def test_channels_that_agree_again_are_heard_together_again_without_a_step() -> None:
    left = tone(0.9, 2000.0)
    for right, step in ((0.0 * left, 1.1), (left, 1.6)):  # the second is louder for a moment
        again = mixed(left, np.where(np.arange(len(left)) < 5000, -left, right), size=160)
        np.testing.assert_allclose(again[-RATE // 4 :], left[-RATE // 4 :], rtol=1e-3, atol=1e-4)
        assert np.abs(np.diff(again)).max() < step * np.abs(np.diff(left)).max()


def test_one_channel_can_be_chosen() -> None:
    left, right = tone(0.4), noise(2 * RATE, 1, 0.2)
    np.testing.assert_array_equal(mixed(left, right, channel=2), right)
    np.testing.assert_array_equal(mixed(left, right, channel=3), 0.0 * right)
    np.testing.assert_array_equal(MonoMix(RATE, 1).push(left), left)
    with pytest.raises(ValueError, match="counted from 1 on"):
        MonoMix(RATE, 0)
