"""Modified group delay against Table 4 of the Lumen documentation, written out in numpy."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
import torch
from demo_music import demo_music

from irec_papers.frontends import ModifiedGroupDelay

RATE = 22_050
LENGTH, HOP, FRAMES, BINS = 1100, 220, 100, 128  # 50 ms, 10 ms, one second
FLOOR = 1e-2

Values = npt.NDArray[np.float64]


def table_four(x: Values, alpha: float, gamma: float, lifter: int) -> Values:
    """Steps 2 to 4 for one frame x(n)."""
    spectrum, of_nx = np.fft.fft(x), np.fft.fft(np.arange(len(x)) * x)
    cepstrum = np.fft.ifft(0.5 * np.log(np.abs(spectrum) ** 2 + FLOOR**2)).real
    cepstrum[lifter : len(x) - lifter + 1] = 0
    smooth = np.exp(np.fft.fft(cepstrum).real)
    delay = (spectrum.real * of_nx.real + spectrum.imag * of_nx.imag) / smooth ** (2 * gamma)
    return (np.sign(delay) * np.abs(delay) ** alpha)[:BINS]


def in_frames(audio: Values, alpha: float = 0.9, gamma: float = 0.5, lifter: int = 8) -> Values:
    padding = LENGTH + (FRAMES - 1) * HOP - len(audio)
    padded = np.pad(audio, (padding // 2, padding - padding // 2), mode="reflect")
    window = np.sin(np.pi * np.arange(LENGTH) / LENGTH) ** 2
    frames = [padded[i * HOP : i * HOP + LENGTH] * window for i in range(FRAMES)]
    return np.array([table_four(frame, alpha, gamma, lifter) for frame in frames])


def signals() -> dict[str, Values]:
    time = np.arange(RATE) / RATE
    rng = np.random.default_rng(0)
    harmonics = sum(np.sin(2 * np.pi * 220 * h * time + h) / h for h in range(1, 12))
    return {
        "tone": np.sin(2 * np.pi * 440 * time),
        "plucked": np.exp(-4 * time) * harmonics,
        "noise": rng.standard_normal(RATE),
        "sweep": np.sin(2 * np.pi * (100 * time + 1000 * time**2)),
        "music": demo_music(RATE, RATE).astype(np.float64),
    }


@pytest.mark.parametrize("name", list(signals()))
def test_group_delay_is_that_of_table_four(name: str) -> None:
    audio = signals()[name].astype(np.float32)
    found = ModifiedGroupDelay(RATE, LENGTH, HOP, FRAMES)(torch.from_numpy(audio)[None])[0].numpy()
    expected = in_frames(audio.astype(np.float64))
    assert found.shape == (FRAMES, BINS)
    # float32: products of spectra of 1e-7 relative precision, summed with cancellation; the power 0.9 is steep at 0.
    np.testing.assert_allclose(found, expected, atol=1e-4 * np.abs(expected).max())
    # The network is fed these values, no logarithm of them, divided by their deviation.
    np.testing.assert_allclose(found, expected, atol=1e-3 * expected.std())
    assert (np.sign(found) == np.sign(expected))[np.abs(expected) > 1e-3 * np.abs(expected).max()].all()


@pytest.mark.parametrize(("alpha", "gamma", "lifter"), [(0.4, 0.9, 8), (1.0, 0.5, 30), (0.9, 0.0, 1)])
def test_step_five_tunes_it(alpha: float, gamma: float, lifter: int) -> None:
    audio = signals()["plucked"].astype(np.float32)
    front_end = ModifiedGroupDelay(RATE, LENGTH, HOP, FRAMES, alpha=alpha, gamma=gamma, lifter=lifter)
    found = front_end(torch.from_numpy(audio)[None])[0].numpy()
    expected = in_frames(audio.astype(np.float64), alpha, gamma, lifter)
    np.testing.assert_allclose(found, expected, atol=1e-3 * np.abs(expected).max())


def test_an_impulse_is_as_late_as_it_lies_in_its_frame() -> None:
    """Without compression and smoothing, the group delay of one sample at n is n, at all frequencies alike."""
    front_end = ModifiedGroupDelay(RATE, LENGTH, HOP, FRAMES, alpha=1.0, gamma=1.0, lifter=LENGTH // 2, floor=1e-6)
    audio = torch.zeros(1, RATE)
    audio[0, 50 * HOP] = 1.0
    padding = (LENGTH + (FRAMES - 1) * HOP - RATE) // 2
    delays = front_end(audio)[0]
    for frame in (47, 48, 49, 50):
        place = 50 * HOP + padding - frame * HOP
        np.testing.assert_allclose(delays[frame].numpy(), place, rtol=0.02)


def test_silence_has_no_delay() -> None:
    assert float(ModifiedGroupDelay(RATE, LENGTH, HOP, FRAMES)(torch.zeros(1, RATE)).abs().max()) == 0


@pytest.mark.parametrize(
    ("changes", "match"),
    [({"bins": 127}, "bins must be even"), ({"bins": 600}, "at most 550"), ({"lifter": 0}, "lifter must")],
)
def test_impossible_settings_are_refused(changes: dict[str, int], match: str) -> None:
    with pytest.raises(ValueError, match=match):
        ModifiedGroupDelay(RATE, LENGTH, HOP, FRAMES, **changes)  # type: ignore[arg-type]
