"""The networks of Vaznonis et al.: sizes from their lists of layers, a whole-window transform, a memory in ONNX."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import onnx_twin
import pytest
import torch
from overfitting import assert_each_is_known, overfit
from torch import Tensor, nn

from irec_models.nets import build
from irec_papers.frontends import LongSpectrum
from irec_papers.vaznonis.fft_net import PAPER_HIDDEN, VaznonisFftNet
from irec_papers.vaznonis.lstm_net import SilencePadding, VaznonisLstmNet

DENSE = 22 * 2048 + 2048 + 2048 * 32 + 32 + 32 * 1024 + 1024 + 1024 * 11 + 11


def noise(*shape: int) -> Tensor:
    return torch.from_numpy(np.random.default_rng(0).standard_normal(shape).astype(np.float32))


def test_the_lstm_has_the_weights_of_its_list_of_layers() -> None:
    gates = 4 * (22 * (1 + 22) + 22)
    assert gates + DENSE == 159_851
    second_bias = 4 * 22
    assert VaznonisLstmNet(11).parameter_count == gates + second_bias + DENSE == 159_939


def test_the_dense_network_has_the_weights_of_its_list_of_layers() -> None:
    with torch.device("meta"):  # sizes without memory
        network = VaznonisFftNet(11, 44_100, 132_300, 884_000, PAPER_HIDDEN)
    sizes = (442_000, 64, 100_000, 32, 50_000, 11)
    assert network.spectrum.bins == 442_000
    assert network.parameter_count == sum(i * o + o for i, o in pairwise(sizes)) == 40_188_107


def test_the_reduced_form_is_small_enough_to_ship() -> None:
    network = VaznonisFftNet(13)
    assert network.spectrum.bins == 11_025
    constants = sum(buffer.numel() for buffer in network.buffers())
    assert 4 * (network.parameter_count + constants) < 10e6


@pytest.mark.parametrize(("window", "length"), [(60, 60), (22_050, 22_050), (4000, 22_050), (1001, 4410), (7, 24)])
def test_the_long_spectrum_is_that_of_an_fft_with_silence_behind(window: int, length: int) -> None:
    audio = noise(2, window)
    found = LongSpectrum(window, length)(audio).numpy()
    expected = np.abs(np.fft.rfft(audio.numpy(), n=length))[:, : length // 2]
    assert found.shape == (2, length // 2)
    np.testing.assert_allclose(found, expected, atol=3e-6 * expected.max() * np.log2(length))


def test_the_papers_884_000_points_fit_in_20_megabytes_of_constants() -> None:
    with torch.device("meta"):
        spectrum = LongSpectrum(132_300, 884_000)
    assert 4 * sum(buffer.numel() for buffer in spectrum.buffers()) < 20e6


def test_where_the_silence_stands_makes_no_difference_to_magnitudes() -> None:
    """So the random place of the paper's silence cannot teach this network anything."""
    sound = noise(1, 3000)
    whole = LongSpectrum(22_050, 22_050)
    behind = whole(nn.functional.pad(sound, (0, 19_050)))
    around = whole(nn.functional.pad(sound, (12_345, 19_050 - 12_345)))
    torch.testing.assert_close(around, behind, atol=2e-3, rtol=1e-3)
    torch.testing.assert_close(LongSpectrum(3000, 22_050)(sound), behind, atol=2e-3, rtol=1e-3)


@pytest.mark.parametrize(
    ("window", "length", "match"),
    [(100, 101, "must be even"), (100, 50, "at least 100"), (10, 2 * 104_729, "factors of similar size")],
)
def test_impossible_transforms_are_refused(window: int, length: int, match: str) -> None:
    with pytest.raises(ValueError, match=match):
        LongSpectrum(window, length)


def test_silence_is_added_at_random_in_training_and_never_in_use() -> None:
    torch.manual_seed(0)
    padding = SilencePadding(50)
    sound = torch.ones(2, 10, 1)
    starts = set()
    for _ in range(40):
        padded = padding(sound)
        assert padded.shape == (2, 60, 1)
        assert float(padded.sum()) == 20
        starts.add(int(padded[0, :, 0].argmax()))
    assert len(starts) > 15
    assert torch.equal(padding.eval()(sound), sound)
    assert torch.equal(SilencePadding(0)(sound), sound)


def test_the_memory_starts_anew_in_every_window() -> None:
    network = onnx_twin.shake(build("vaznonis-lstm", labels=3, window_length=400)).eval()
    windows = noise(3, 400)
    with torch.no_grad():
        together = network.predict(windows)
        for index in (2, 0, 1):
            torch.testing.assert_close(network.predict(windows[index : index + 1]), together[index : index + 1])


def test_the_memory_hears_the_order_of_samples() -> None:
    network = onnx_twin.shake(build("vaznonis-lstm", labels=3, window_length=400)).eval()
    with torch.no_grad():
        forward, backward = network(noise(1, 400)), network(noise(1, 400).flip(1))
    assert float((forward - backward).abs().max()) > 1e-3


@pytest.mark.parametrize(
    ("architecture", "options", "steps"),
    [
        ("vaznonis-lstm", {"window_length": 128, "sample_rate": 4000, "silence": 20}, 60),
        ("vaznonis-fft", {"window_length": 2000, "length": 2000, "hidden": [16, 64, 8, 32]}, 30),
    ],
)
def test_one_batch_is_learnt_by_heart(architecture: str, options: dict[str, object], steps: int) -> None:
    torch.manual_seed(0)
    network = build(architecture, labels=2, **options)
    time = torch.arange(network.window_length)
    audio = torch.stack((torch.sin(time * 0.2), torch.sign(torch.sin(time * 1.7))))
    network.fit_normalization([audio])
    features = network.features(audio)
    overfit(network, features, torch.eye(2), steps=steps, rate=1e-2)
    with torch.no_grad():
        assert_each_is_known(network.eval().predict(audio))


@pytest.mark.parametrize(
    ("architecture", "options", "match"),
    [
        ("vaznonis-lstm", {"labels": 0}, "must be at least 1"),
        ("vaznonis-lstm", {"labels": 1, "silence": -1}, "cannot be -1 samples of silence"),
        ("vaznonis-fft", {"labels": 1, "hidden": []}, "must be at least 1"),
        ("vaznonis-fft", {"labels": 1, "length": 100}, "at least 22050"),
    ],
)
def test_impossible_networks_are_refused_in_words(architecture: str, options: dict[str, object], match: str) -> None:
    with pytest.raises(ValueError, match=match):
        build(architecture, **options)


def test_the_lstm_is_one_operator_and_the_same_in_onnx_runtime() -> None:
    network = onnx_twin.shake(build("vaznonis-lstm", labels=3, window_length=4000))
    twin = onnx_twin.compare(network)
    assert twin.probabilities < 1e-4
    assert twin.spread > 0.01
    assert "LSTM" in twin.operators
    assert not twin.operators & {"Loop", "Scan"}


def test_the_long_spectrum_is_the_same_in_onnx_runtime() -> None:
    network = build("vaznonis-fft", labels=3, window_length=4000, length=4410, hidden=(16, 64, 8, 32))
    network.fit_normalization([noise(4, 4000)])
    twin = onnx_twin.compare(onnx_twin.shake(network))
    assert twin.features < 1e-4
    assert twin.probabilities < 1e-3
    assert twin.spread > 0.05
    assert not twin.operators & {"STFT", "DFT"}
