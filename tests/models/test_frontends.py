"""Front ends against librosa, and against themselves in ONNX Runtime."""

from __future__ import annotations

import io
import math
from typing import Any

import librosa
import numpy as np
import numpy.typing as npt
import pytest
import torch
from demo_music import demo_music
from torch import nn

from irec_live.onnx_runtime import load_onnx_runtime
from irec_live.streaming.spectrogram import hz_to_mel, mel_to_hz
from irec_models.frontends import LogMel
from irec_models.frontends.dft import FoldedDft
from irec_models.frontends.framing import Framer
from irec_models.frontends.mel import mel_filters
from irec_models.frontends.normalize import LevelNormalizer, Standardizer
from irec_models.nets import Network, build
from irec_papers.frontends import StftMagnitude


def signals(samples: int, rate: int) -> dict[str, np.ndarray]:
    time = np.arange(samples) / rate
    rng = np.random.default_rng(5)
    return {
        "tone": 0.5 * np.sin(2 * np.pi * 441.0 * time),
        "sweep": 0.9 * np.sin(2 * np.pi * (50 * time + 0.5 * (rate / 2 - 50) * time**2 * rate / samples)),
        "noise": 0.2 * rng.standard_normal(samples),
        "click": np.eye(1, samples, samples // 3)[0],
        "silence": np.zeros(samples),
    }


@pytest.mark.parametrize("length", [8, 12, 1024, 2048])
def test_folded_dft_is_the_fft_of_the_windowed_frame(length: int) -> None:
    frames = np.random.default_rng(0).standard_normal((2, 3, length)).astype(np.float32)
    dft = FoldedDft(length)
    real, imaginary = dft(torch.from_numpy(frames))
    window = np.sin(np.pi * np.arange(length) / length) ** 2
    expected = np.fft.rfft(frames * window)[..., dft.bins.numpy()]
    tolerance = 1e-6 * length
    np.testing.assert_allclose(real, expected.real, atol=tolerance)
    np.testing.assert_allclose(imaginary, -expected.imag, atol=tolerance)


def test_folded_dft_of_2048_points_is_small_enough_to_ship() -> None:
    constants = sum(buffer.numel() * 4 for buffer in FoldedDft(2048).buffers())
    assert constants < 4.3e6  # one matrix would be 16.8 MB


def test_frames_are_centred_and_padded_from_inside_the_window() -> None:
    framer = Framer(window_length=15 * 64, frame_length=128, hop_length=64, frames=16)
    audio = torch.arange(15 * 64.0)[None]
    frames = framer(audio)
    assert frames.shape == (1, 16, 128)
    assert frames[0, 1].tolist() == audio[0, :128].tolist()
    assert frames[0, 0].tolist() == [*range(64, 0, -1), *range(64)]


@pytest.mark.parametrize(
    ("window", "frame", "hop", "frames"), [(1000, 100, 30, 10), (100, 1024, 512, 1), (1000, 128, 64, 2)]
)
def test_frames_that_do_not_fit_the_window_are_refused(window: int, frame: int, hop: int, frames: int) -> None:
    with pytest.raises(ValueError, match=r"frame"):
        Framer(window, frame, hop, frames)


@pytest.mark.parametrize(
    ("rate", "n_fft", "bands", "low", "high"), [(22050, 1024, 128, 0.0, 11025.0), (44100, 2048, 128, 27.5, 20000.0)]
)
def test_mel_filters_are_librosas(rate: int, n_fft: int, bands: int, low: float, high: float) -> None:
    ours = mel_filters(rate, n_fft, bands, low, high)
    theirs = librosa.filters.mel(sr=rate, n_fft=n_fft, n_mels=bands, fmin=low, fmax=high, dtype=np.float64)
    np.testing.assert_allclose(ours, theirs, atol=1e-12)


def test_mel_scale_and_back_is_the_same_frequency() -> None:
    hz = np.array([0.0, 27.5, 440.0, 999.9, 1000.0, 6400.0, 20000.0])
    np.testing.assert_allclose(mel_to_hz(hz_to_mel(hz)), hz, atol=1e-9)


def test_mel_bands_without_bins_or_beyond_the_spectrum_are_refused() -> None:
    with pytest.raises(ValueError, match="holds no bin"):
        mel_filters(44100, 512, 128)
    with pytest.raises(ValueError, match="do not fit a sample rate"):
        mel_filters(8000, 512, 20, high_hz=5000)


@pytest.mark.parametrize("name", ["tone", "sweep", "noise", "click", "silence"])
def test_stft_and_mel_are_librosas(name: str) -> None:
    rate, samples = 44100, 15360
    audio = signals(samples, rate)[name].astype(np.float32)
    batch = torch.from_numpy(audio)[None]
    theirs = np.abs(librosa.stft(audio, n_fft=2048, hop_length=1024, center=True, pad_mode="reflect")).T
    ours = StftMagnitude(samples, 2048, 1024, frames=16)(batch)[0].numpy()
    # float32 against librosa's mixed precision: rounding relative to the loudest bin.
    np.testing.assert_allclose(ours, theirs, atol=2e-6 * max(theirs.max(), 1.0))
    mel = librosa.feature.melspectrogram(S=theirs.T, sr=rate, n_fft=2048, n_mels=128, fmin=27.5, fmax=20000.0).T
    ours = LogMel(rate, samples, 2048, 1024, 16, 128, low_hz=27.5, high_hz=20_000.0, floor=1e-3)(batch)[0].numpy()
    np.testing.assert_allclose(ours, np.log(mel + 1e-3), atol=1e-3)


NETWORKS: dict[str, tuple[Network, dict[str, Any]]] = {
    "han": (build("han", labels=2), {"n_fft": 1024, "hop_length": 512, "fmax": 11_025.0, "floor": 1e-2}),
    "lumen": (build("lumen", labels=2), {"n_fft": 1100, "hop_length": 220, "fmax": 11_025.0, "floor": 1e-2}),
    "chen": (build("chen", labels=1), {"n_fft": 2048, "hop_length": 512, "fmax": 11_025.0, "floor": 1e-2}),
    "chen, whole spectrum": (
        build("chen", labels=1, bins=1025),
        {"n_fft": 2048, "hop_length": 512, "mel": False, "floor": 1e-2},
    ),
    "neuroment": (
        build("neuroment", labels=2),
        {"n_fft": 2048, "hop_length": 1024, "fmin": 27.5, "fmax": 20_000.0, "floor": 1e-3},
    ),
    "neuroment, whole spectrum": (
        build("neuroment", labels=2, front_end="stft"),
        {"n_fft": 2048, "hop_length": 1024, "mel": False, "floor": 1e-3},
    ),
}


@pytest.mark.parametrize("name", list(NETWORKS))
def test_log_spectra_that_networks_are_fed_of_music_are_librosas_within_decibels(name: str) -> None:
    """All bins and bands, none left out: 0.02 dB in the logarithm, however far below the loudest."""
    network, options = NETWORKS[name]
    music = demo_music(network.sample_rate, network.window_length)
    audio = torch.from_numpy(music / np.abs(music).max())[None]
    fed = network.raw_features(audio)[0].numpy()
    heard = (network.level(audio) if hasattr(network, "level") else audio)[0].numpy().astype(np.float64)
    expected = np.log(theirs(heard, network.sample_rate, len(fed), **options) + options["floor"])
    assert np.ptp(expected) * 20 / np.log(10) > 60
    # float32 sums of up to 2048 products: 1e-6 of the loudest bin, which next to the floor is the most in dB.
    np.testing.assert_allclose(20 / np.log(10) * fed, 20 / np.log(10) * expected, atol=0.02)


def theirs(
    audio: npt.NDArray[np.float64],
    rate: int,
    frames: int,
    *,
    n_fft: int,
    hop_length: int,
    mel: bool = True,
    fmin: float = 0.0,
    fmax: float = 0.0,
    floor: float,
) -> npt.NDArray[np.float64]:
    """librosa's magnitudes or mel bands (N, F), its frames spread over the window as ours are."""
    padding = n_fft + (frames - 1) * hop_length - len(audio)
    padded = np.pad(audio, (padding // 2, padding - padding // 2), mode="reflect")
    magnitude = np.abs(librosa.stft(padded, n_fft=n_fft, hop_length=hop_length, center=False))
    if not mel:
        return np.asarray(magnitude.T)
    options = {"n_fft": n_fft, "n_mels": 128, "fmin": fmin, "fmax": fmax}
    return np.asarray(librosa.feature.melspectrogram(S=magnitude, sr=rate, **options).T)


def test_a_full_scale_tone_peaks_in_the_band_of_its_pitch() -> None:
    rate = 22050
    audio = np.sin(2 * np.pi * 1000.0 * np.arange(rate) / rate).astype(np.float32)
    mel = LogMel(rate, rate, 1024, 512, 43, 128)(torch.from_numpy(audio)[None])[0]
    centres = mel_to_hz(np.linspace(0, hz_to_mel(rate / 2), 130))[1:-1]
    assert abs(centres[int(mel[20].argmax())] - 1000.0) < rate / 1024


def test_level_normalisation_removes_gain_and_offset_but_leaves_silence_alone() -> None:
    level = LevelNormalizer()
    audio = torch.randn(1, 4000, generator=torch.Generator().manual_seed(0)) * 0.1
    torch.testing.assert_close(level(audio * 0.05 + 0.2), level(audio), atol=2e-4, rtol=1e-4)
    assert float(level(audio).square().mean()) == pytest.approx(1.0, rel=1e-4)
    assert float(level(audio * 1e-6).abs().max()) < 1e-3


def test_standardizer_takes_mean_per_band_and_one_deviation() -> None:
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(4, 50, 3, generator=generator) * 2.0 + torch.tensor([1.0, -5.0, 0.0])
    standardizer = Standardizer(3)
    standardizer.fit([features[:2], features[2:]])
    done = standardizer(features)
    assert done.mean(dim=(0, 1)).abs().max() < 1e-5
    assert float(done.square().mean()) == pytest.approx(1.0, abs=1e-4)
    with pytest.raises(ValueError, match="no features"):
        standardizer.fit([])


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning", "ignore::FutureWarning")
@pytest.mark.parametrize("front_end", ["mel", "stft"])
def test_torch_and_onnx_runtime_agree_at_sizes_that_were_not_traced(front_end: str) -> None:
    module: nn.Module = (
        LogMel(8000, 4000, 512, 256, frames=15, bands=40)
        if front_end == "mel"
        else StftMagnitude(4000, 512, 256, frames=15, floor=1e-3)
    )
    program = torch.onnx.export(
        module.eval(),
        (torch.zeros(2, 4000),),
        input_names=["audio"],
        dynamo=True,
        dynamic_shapes={"audio": {0: torch.export.Dim("batch")}},
        verbose=False,
    )
    assert program is not None
    buffer = io.BytesIO()
    program.save(buffer)
    session = load_onnx_runtime().InferenceSession(buffer.getvalue(), providers=["CPUExecutionProvider"])
    operators = {node.op_type for node in program.model.graph}
    assert not operators & {"STFT", "DFT", "Loop", "Scan", "If"}
    for size in (1, 3):
        rows = list(signals(4000, 8000).values())[:size]
        audio = np.stack(rows).astype(np.float32)
        (theirs,) = session.run(None, {"audio": audio})
        np.testing.assert_allclose(theirs, module(torch.from_numpy(audio)).numpy(), atol=1e-4)
    assert math.isfinite(float(theirs.sum()))
