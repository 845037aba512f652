"""The constant-Q transform against librosa and against its definition."""

from __future__ import annotations

import warnings

import librosa
import numpy as np
import numpy.typing as npt
import onnx_twin
import pytest
import torch
from demo_music import demo_music

from irec_models.nets import build
from irec_papers.frontends import ConstantQ
from irec_papers.frontends.decimation import PASSBAND, HalfBandDecimator

Audio = npt.NDArray[np.float32]

RATE = 44_100
WINDOW = 15_360


def neuroment(**changes: float) -> ConstantQ:
    return ConstantQ(RATE, WINDOW, 1024, 16, low_hz=27.5, bins=192, bins_per_octave=24, **changes)


def spectrum(cqt: ConstantQ, audio: Audio) -> npt.NDArray[np.float32]:
    """(F, N)."""
    return cqt(torch.from_numpy(audio)[None])[0].T.numpy()


def signals(samples: int, rate: int) -> dict[str, Audio]:
    time = np.arange(samples) / rate
    rng = np.random.default_rng(0)
    plucked = sum(
        np.exp(-(3 + 2 * h) * time) / h * np.sin(2 * np.pi * f * h * time + h)
        for f in (196.0, 246.9, 293.7)
        for h in range(1, 9)
    )
    bowed = sum(np.sin(2 * np.pi * 440 * h * time + 0.1 * h * np.sin(2 * np.pi * 6 * time)) / h for h in range(1, 8))
    return {
        "tone": (0.5 * np.sin(2 * np.pi * 440 * time)).astype(np.float32),
        "sweep": (0.9 * librosa.chirp(fmin=100, fmax=6000, sr=rate, length=samples)).astype(np.float32),
        "plucked chord": (0.2 * plucked).astype(np.float32),
        "vibrato": (0.3 * bowed).astype(np.float32),
        "noise": (0.1 * rng.standard_normal(samples)).astype(np.float32),
        "music": demo_music(rate, samples),
    }


def librosa_cqt(cqt: ConstantQ, audio: Audio, rate: int, skipped: int = 0) -> npt.NDArray[np.float64]:
    """In our scale: a sine of amplitude A reads A. All of a kernel is kept, where librosa drops its smallest values."""
    per_octave = round(1 / np.log2(cqt.frequencies[1] / cqt.frequencies[0]))
    lengths, _ = librosa.filters.wavelet_lengths(freqs=cqt.frequencies, sr=rate)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="n_fft=.* is too large for input signal", category=UserWarning)
        values = librosa.cqt(
            audio,
            sr=rate,
            hop_length=cqt.hop_length,
            fmin=cqt.frequencies[0],
            n_bins=cqt.bins,
            bins_per_octave=per_octave,
            tuning=0.0,
            sparsity=0.0,
        )
    return 2 * np.abs(values[:, skipped : skipped + cqt.frames]) / np.sqrt(lengths)[:, None]


def direct(cqt: ConstantQ, audio: Audio, rate: int, first: int, every: int = 11) -> npt.NDArray[np.float64]:
    """The definition, for every eleventh bin: one inner product a bin and frame, at the full sample rate."""
    values = np.zeros((len(cqt.frequencies[::every]), cqt.frames))
    for k, (frequency, length) in enumerate(zip(cqt.frequencies[::every], cqt.lengths[::every], strict=True)):
        reach = int(length / 2)
        n = np.arange(-reach, reach + 1)
        window = np.cos(np.pi * n / length) ** 2
        kernel = 2 * window / window.sum() * np.exp(-2j * np.pi * frequency * n / rate)
        padded = np.pad(audio, (reach + cqt.hop_length, reach + cqt.hop_length))
        for frame in range(cqt.frames):
            start = first + frame * cqt.hop_length + cqt.hop_length
            values[k, frame] = abs(np.dot(padded[start : start + len(n)], kernel))
    return values


def test_a_halving_keeps_what_lies_below_its_passband_and_folds_nothing_onto_it() -> None:
    response = np.abs(np.fft.rfft(HalfBandDecimator().taps.double().numpy().ravel(), 1 << 16))
    of_lower_rate = np.linspace(0, 1, len(response))  # half the higher rate is the whole of the lower
    assert np.abs(response[of_lower_rate <= PASSBAND] - 1).max() < 1e-4
    assert 20 * np.log10(response[of_lower_rate >= 1 - PASSBAND].max()) < -85


@pytest.mark.parametrize("name", ["sweep", "plucked chord", "noise", "music"])
def test_octaves_at_their_own_rates_are_the_transform_at_the_full_rate(name: str) -> None:
    audio = signals(WINDOW, RATE)[name]
    cqt = neuroment()
    expected = direct(cqt, audio, RATE, first=0)
    # Each halving is 3e-5 off in its passband and 90 dB down beyond; eight follow one another.
    np.testing.assert_allclose(spectrum(cqt, audio)[::11], expected, atol=4e-4 * expected.max())


@pytest.mark.parametrize("name", ["tone", "sweep", "plucked chord", "vibrato", "noise", "music"])
def test_the_transform_is_librosas_wherever_q_is_constant(name: str) -> None:
    audio = signals(WINDOW, RATE)[name]
    cqt = neuroment()
    constant = cqt.frequencies > cqt.lowest_constant_q
    assert constant.sum() == 148
    expected = librosa_cqt(cqt, audio, RATE)[constant]
    # librosa rounds kernels to whole samples of each octave's rate: half of 107 ... 213 samples, up to 0.5 % of length
    # at either end, which moves the flanks of a sweep's bins by as much again.
    np.testing.assert_allclose(spectrum(cqt, audio)[constant], expected, atol=0.015 * expected.max())


FLOOR = 1e-3  # as Neuroment's network has it


def full_scale_music() -> Audio:
    music = demo_music(RATE, WINDOW)
    return np.asarray(music / np.abs(music).max(), np.float32)


def in_decibels(magnitude: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """What the network is fed, ``log(x + 1e-3)``, in dB."""
    return 20 / np.log(10) * np.log(np.asarray(magnitude, np.float64) + FLOOR)


def test_what_the_network_is_fed_of_music_is_the_definition_within_decibels() -> None:
    """All 192 bins, the 44 whose kernels are cut to the window among them, 60 dB from the loudest to the floor."""
    audio = full_scale_music()
    fed = 20 / np.log(10) * spectrum(neuroment(floor=FLOOR), audio)
    exact = in_decibels(direct(neuroment(), audio, RATE, first=0, every=1))
    # 4e-4 of the loudest bin next to the floor would be 1 dB; what halvings fold down is 85 dB below its own source.
    assert np.ptp(exact) > 40
    np.testing.assert_allclose(fed, exact, atol=0.1)


def test_what_the_network_is_fed_of_music_is_librosas_within_decibels() -> None:
    """Bins above 98 Hz: below, librosa's kernels are longer than the window, and ours are cut to it on purpose."""
    audio = full_scale_music()
    cqt = neuroment(floor=FLOOR)
    constant = cqt.frequencies > cqt.lowest_constant_q
    fed = 20 / np.log(10) * spectrum(cqt, audio)[constant]
    off = np.abs(fed - in_decibels(librosa_cqt(cqt, audio, RATE)[constant]))
    # librosa rounds each kernel to whole samples of its octave's rate, so kernels differ by up to 1 % in length. A bin
    # on a partial hardly notices; in the troughs between partials, where values cancel, it is a decibel or two, at most
    # four.
    assert off.max() < 5.0
    assert np.quantile(off, 0.99) < 2.0
    assert np.median(off) < 0.2


def test_other_settings_are_librosas_too() -> None:
    rate, samples = 22_050, 44_100
    cqt = ConstantQ(rate, samples, 512, 80, low_hz=32.703, bins=84, bins_per_octave=12)
    assert cqt.lowest_constant_q < 32.703
    audio = signals(samples, rate)["plucked chord"]
    first = (samples - 79 * 512) // 2
    # librosa's frames lie on multiples of the hop; so do ours, once the signal is moved to one.
    expected = librosa_cqt(cqt, np.pad(audio, (-first % 512, 0)), rate, skipped=-(-first // 512))
    found = spectrum(cqt, audio)
    # Kernels of 17 cycles have half as many samples as those of 34, so rounding them does twice as much, at either end.
    np.testing.assert_allclose(found, expected, atol=0.05 * expected.max())
    exact = direct(cqt, audio, rate, first)
    np.testing.assert_allclose(found[::11], exact, atol=4e-4 * exact.max())


@pytest.mark.parametrize("bin_", [0, 30, 44, 96, 150, 191])
def test_a_sine_reads_its_amplitude_at_any_pitch(bin_: int) -> None:
    cqt = neuroment()
    time = np.arange(WINDOW) / RATE
    audio = (0.25 * np.cos(2 * np.pi * cqt.frequencies[bin_] * time + 1.0)).astype(np.float32)
    middle = spectrum(cqt, audio)[:, 7:9]
    # At 27.5 Hz the window holds 9.6 cycles, and the negative frequency leaks in.
    np.testing.assert_allclose(middle[bin_], 0.25, rtol=0.01 if bin_ else 0.05)
    if bin_ > 50:
        assert (middle.argmax(axis=0) == bin_).all()


def test_below_the_frequency_that_fills_the_window_bandwidth_is_constant() -> None:
    cqt = neuroment()
    assert cqt.lowest_constant_q == pytest.approx(98.0, abs=0.1)
    low = cqt.frequencies < cqt.lowest_constant_q
    assert (cqt.lengths[low] == WINDOW).all()
    quality = cqt.frequencies[~low] * cqt.lengths[~low] / RATE
    np.testing.assert_allclose(quality, 34.127, atol=0.001)


def test_beyond_the_window_there_is_silence() -> None:
    cqt = neuroment()
    time = np.arange(WINDOW) / RATE
    steady = spectrum(cqt, np.sin(2 * np.pi * 440 * time).astype(np.float32))[96]
    assert steady[0] == pytest.approx(0.5, abs=0.02)  # half of the kernel hears nothing
    assert steady[-1] == pytest.approx(0.5, abs=0.02)
    assert spectrum(cqt, np.zeros(WINDOW, np.float32)).max() == 0
    floored = spectrum(neuroment(floor=1e-3), np.zeros(WINDOW, np.float32))
    np.testing.assert_allclose(floored, np.log(1e-3), rtol=1e-6)


def test_192_bins_ship_in_less_than_half_a_megabyte() -> None:
    assert sum(buffer.numel() * 4 for buffer in neuroment().buffers()) < 0.5e6


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"bins": 300}, "reach .* more than half the sample rate"),
        ({"bins": 0}, "must be above zero"),
        ({"low_hz": 0.0}, "must be above zero"),
    ],
)
def test_impossible_transforms_are_refused(changes: dict[str, float], match: str) -> None:
    options = {"low_hz": 27.5, "bins": 192, "bins_per_octave": 24} | changes
    with pytest.raises(ValueError, match=match):
        ConstantQ(RATE, WINDOW, 1024, 16, **options)  # type: ignore[arg-type]


def test_neuroment_on_constant_q_has_the_papers_size_and_is_the_same_in_onnx_runtime() -> None:
    network = build("neuroment", labels=8, front_end="cqt")
    assert network.parameter_count == 1_915_120  # "CQT: 1.92 M weights", section 4.3
    audio = torch.from_numpy(signals(WINDOW, RATE)["vibrato"])[None]
    network.fit_normalization([audio])
    assert network.features(audio).shape == (1, 16, 192)
    twin = onnx_twin.compare(onnx_twin.shake(network))
    assert twin.features < 1e-5
    assert twin.probabilities < 1e-4
    assert twin.spread > 0.05
    assert not twin.operators & {"STFT", "DFT"}
