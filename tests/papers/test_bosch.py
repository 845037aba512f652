"""The support vector baseline: its features are librosa's, its machines scikit-learn's, its file one graph."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import librosa
import numpy as np
import numpy.typing as npt
import onnx_twin
import pytest
import scipy.ndimage
import small_nets
import tiny_bank
import torch
from click.testing import CliRunner, Result
from skl2onnx import to_onnx
from sklearn.svm import SVC

from irec_live.errors import CheckpointError, DataError
from irec_live.onnx_runtime import load_onnx_runtime
from irec_models.checkpoint import load_checkpoint
from irec_models.cli import main
from irec_papers.bosch import training
from irec_papers.bosch.harmonic_percussive import separate
from irec_papers.bosch.net import N_FFT, SAMPLE_RATE, WINDOW_LENGTH, BoschMachines
from irec_papers.bosch.resume_state import ResumeState
from irec_papers.bosch.sliding_median import sliding_median
from irec_papers.bosch.timbre import BANDS, COEFFICIENTS, TimbreDescriptors, crossing_rate
from irec_papers.bosch.training import assemble, train_machine

Array = npt.NDArray[np.float32]
RECIPE = (
    small_nets.RECIPE.format(architecture="bosch", monitor="map")
    .replace("8000", "22050")
    .replace("4096", "22050")
    .replace("steps = 12", "steps = 24")
)
MIX_ALONE = RECIPE.replace("hop_length = 1024", 'hop_length = 1024\nhyperparameters = {streams = ["mix"]}')
"""Without separation, which takes most of the time."""


def music() -> Array:
    """A chord, a drum roll and hiss, one second."""
    time = np.arange(WINDOW_LENGTH) / SAMPLE_RATE
    rng = np.random.default_rng(0)
    chord = sum(np.sin(2 * np.pi * hz * time) / n for n, hz in enumerate((220.0, 331.0, 440.0, 1760.0, 5000.0), 1))
    roll = rng.standard_normal(WINDOW_LENGTH) * np.exp(-(time % 0.25) / 0.02)
    return np.asarray(0.2 * chord + 0.3 * roll + 0.01 * rng.standard_normal(WINDOW_LENGTH), np.float32)


@pytest.fixture(scope="module")
def magnitude() -> npt.NDArray[np.float64]:
    """Its spectrum (H, N), floored as the network does."""
    return np.maximum(np.abs(librosa.stft(music().astype(np.float64) / 0.2, n_fft=N_FFT, hop_length=512)), 1e-2)


def rows(spectrum: npt.NDArray[np.float64]) -> torch.Tensor:
    return torch.from_numpy(spectrum.T.astype(np.float32))[None]


@pytest.mark.parametrize("size", [1, 3, 5, 17, 31])
@pytest.mark.parametrize("dim", [0, 1])
def test_the_sliding_median_is_that_of_scipy(size: int, dim: int) -> None:
    values = np.random.default_rng(size).standard_normal((33, 40)).astype(np.float32)
    values[::5] = 0.25  # equal values too
    expected = scipy.ndimage.median_filter(values, size=(size, 1) if dim == 0 else (1, size), mode="reflect")
    np.testing.assert_array_equal(sliding_median(torch.from_numpy(values), size, dim).numpy(), expected)


@pytest.mark.parametrize("size", [2, 41])
def test_impossible_medians_are_refused(size: int) -> None:
    with pytest.raises(ValueError, match="a median of"):
        sliding_median(torch.zeros(8), size, 0)


def test_what_sounds_on_and_what_strikes_are_parted_as_by_librosa(magnitude: npt.NDArray[np.float64]) -> None:
    harmonic, percussive = librosa.decompose.hpss(magnitude)
    ours = separate(rows(magnitude))
    # Squares of nearly equal medians in float32: 1e-5 of the loudest bin.
    for found, expected in zip(ours, (harmonic, percussive), strict=True):
        np.testing.assert_allclose(found[0].numpy().T, expected, atol=1e-5 * magnitude.max(), rtol=1e-3)
    torch.testing.assert_close(sum(ours), rows(magnitude))


def test_silence_is_shared_out_without_dividing_by_zero() -> None:
    harmonic, percussive = separate(torch.zeros(1, 40, 40))
    assert float(harmonic.abs().max()) == float(percussive.abs().max()) == 0


def test_what_is_below_rounding_is_shared_out_in_halves() -> None:
    noise = 1e-3 * torch.rand(1, 40, 40, generator=torch.Generator().manual_seed(0))
    for part in separate(noise):
        torch.testing.assert_close(part, noise / 2)


@pytest.mark.parametrize("level", [0.0, 1e-9, 1e-7])
def test_features_next_to_silence_are_those_of_silence(level: float) -> None:
    noise = level * np.random.default_rng(4).standard_normal(WINDOW_LENGTH)
    windows = torch.from_numpy(np.stack((np.zeros(WINDOW_LENGTH), noise)).astype(np.float32))
    silent, nearly = BoschMachines(2).raw_features(windows)
    assert bool(silent.isfinite().all())
    torch.testing.assert_close(nearly, silent, atol=0.05, rtol=0.01)


def test_descriptors_are_those_of_librosa(magnitude: npt.NDArray[np.float64]) -> None:
    options = {"S": magnitude, "sr": SAMPLE_RATE}
    mel = librosa.feature.melspectrogram(S=magnitude**2, sr=SAMPLE_RATE, n_fft=N_FFT, n_mels=BANDS)
    decibels = librosa.power_to_db(mel, amin=1e-20, top_db=None)
    expected = np.concatenate(
        (
            librosa.feature.mfcc(S=decibels, n_mfcc=COEFFICIENTS),
            librosa.feature.spectral_centroid(**options) / 1000,
            librosa.feature.spectral_bandwidth(**options) / 1000,
            librosa.feature.spectral_rolloff(**options) / 1000,
            10 * np.log10(librosa.feature.spectral_flatness(S=magnitude)),
            librosa.feature.spectral_contrast(**options, fmin=200.0, n_bands=6, quantile=0.02),
        )
    )
    found = TimbreDescriptors(SAMPLE_RATE, N_FFT)(rows(magnitude))[0].numpy().T
    # float32 sums over 1025 bins against float64; roll-off falls on a bin, so it is exact.
    np.testing.assert_allclose(found, expected, atol=2e-3, rtol=1e-4)


def test_the_crossing_rate_is_that_of_librosa() -> None:
    frames = librosa.util.frame(music() / 0.2, frame_length=N_FFT, hop_length=512)
    expected = librosa.zero_crossings(frames + 1e-3, axis=0, pad=False).sum(axis=0) / N_FFT
    found = crossing_rate(torch.from_numpy(np.ascontiguousarray(frames.T))[None])[0, :, 0]
    np.testing.assert_allclose(found.numpy(), expected, atol=1e-7)


@pytest.fixture(scope="module")
def windows() -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """188 features and 3 labels of 240 windows: each label has a cloud of its own."""
    rng = np.random.default_rng(1)
    present = rng.random((240, 3)) < 0.3
    centres = rng.standard_normal((3, 188)) * 1.5
    return rng.standard_normal((240, 188)) + present @ centres, present


def machines_of(windows: tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]) -> BoschMachines:
    features, present = windows
    mixture = np.arange(240) // 2
    trained = [
        train_machine(features, present[:, k], np.ones(240, bool), mixture, str(k), penalty=4.0) for k in range(3)
    ]
    return assemble(BoschMachines(3), features, trained)


# The converter asks scikit-learn for what it no longer trains.
@pytest.mark.filterwarnings("ignore:Attribute `prob:FutureWarning")
def test_machines_decide_as_scikit_learns_and_as_skl2onnx_converts_them(
    windows: tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]],
) -> None:
    features, present = windows
    network = machines_of(windows)
    unheard = np.random.default_rng(2).standard_normal((50, 188)) * 1.5
    with torch.no_grad():
        found = network.machines.decide(torch.from_numpy(unheard).float()).numpy()
    for k in range(3):
        svm = SVC(C=4.0, kernel="rbf", gamma=1 / 188, class_weight="balanced").fit(features, present[:, k])
        expected = svm.decision_function(unheard)
        np.testing.assert_allclose(found[:, k], expected, atol=1e-4)
        graph = to_onnx(svm, unheard[:1].astype(np.float32), options={"raw_scores": True}).SerializeToString()
        session = load_onnx_runtime().InferenceSession(graph, providers=["CPUExecutionProvider"])
        scores = session.run(None, {session.get_inputs()[0].name: unheard.astype(np.float32)})[1]
        np.testing.assert_allclose(found[:, k], [row[True] for row in scores], atol=1e-3)


def test_probabilities_are_high_where_the_label_is(
    windows: tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]],
) -> None:
    network = machines_of(windows)
    with torch.no_grad():
        said = torch.sigmoid(network.classify(torch.from_numpy(windows[0]).float()[:, None])).numpy()
    assert said[windows[1]].mean() > 0.8
    assert said[~windows[1]].mean() < 0.2


def test_a_label_that_hardly_occurs_is_an_error_that_names_it() -> None:
    features, present = np.zeros((30, 4)), np.arange(30) < 2
    with pytest.raises(DataError, match=r"of 30 windows 2 hold 'harp'; at least 6 .* raise steps"):
        train_machine(features, present, np.ones(30, bool), np.arange(30), "harp", 1.0)


def test_it_is_one_graph_and_the_same_in_onnx_runtime() -> None:
    network = onnx_twin.shake(BoschMachines(3, vectors=40))
    rng = np.random.default_rng(0)
    different = [music(), np.zeros(WINDOW_LENGTH), rng.standard_normal(WINDOW_LENGTH), np.eye(1, WINDOW_LENGTH, 9)[0]]
    network.fit_normalization([torch.from_numpy(np.stack(different).astype(np.float32))])
    with torch.no_grad():
        network.machines.vectors.copy_(torch.randn(40, 188, generator=torch.Generator().manual_seed(0)))
        network.machines.weights *= 10
    twin = onnx_twin.compare(network)
    # Deviations; a frequency that moves by 3 Hz between the windows above shows its last bit at 4e-4.
    assert twin.features < 1e-3
    assert twin.probabilities < 1e-4
    assert twin.spread > 0.05
    assert "Sort" not in {name[-4:] for name in twin.operators}


def test_without_separation_there_is_a_third_of_the_features() -> None:
    assert BoschMachines(2, streams=["mix"]).raw_features(torch.from_numpy(music())[None]).shape == (1, 1, 64)
    assert BoschMachines(2).raw_features(torch.from_numpy(music())[None]).shape == (1, 1, 188)


@pytest.mark.parametrize("options", [{"labels": 0}, {"vectors": 0}, {"streams": []}, {"streams": ["mix", "bass"]}])
def test_impossible_machines_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="must be"):
        BoschMachines(**{"labels": 2, **options})  # type: ignore[arg-type]


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A folder with ``bank``, ``machines.toml`` and, trained without a break, ``run``; what the command printed."""
    folder = tmp_path_factory.mktemp("whole")
    tiny_bank.write_bank(folder / "bank")
    (folder / "machines.toml").write_text(MIX_ALONE, encoding="utf-8")
    result = run("bosch", folder / "machines.toml", "--data", folder / "bank", "--out", folder / "run")
    assert result.exit_code == 0, result.output
    return folder, result.output


def test_a_recipe_becomes_a_run_that_can_be_published(whole: tuple[Path, str], tmp_path: Path) -> None:
    folder, printed = whole
    assert f"next: irec-train publish {folder / 'run'}" in printed
    best = load_checkpoint(folder / "run" / "best.pt")
    assert best.network().hyperparameters["vectors"] > 20
    assert best.spec.parameters == best.network().parameter_count
    assert best.training["validation_map"] > 0.4
    assert {path.name for path in (folder / "run").iterdir()} >= {"recipe.toml", "log.jsonl", "last.pt"}
    again = run("bosch", folder / "machines.toml", "--data", folder / "bank", "--out", folder / "run")
    assert (again.exit_code, "already holds a run" in again.stderr) == (2, True)
    recipe = tmp_path / "other.toml"
    recipe.write_text(small_nets.RECIPE.format(architecture="small", monitor="map"), encoding="utf-8")
    other = run("bosch", recipe, "--data", folder / "bank", "--out", tmp_path / "other")
    assert (other.exit_code, other.stderr.count("\n")) == (2, 1)
    assert "of architecture 'small', not bosch; train it with irec-train fit" in other.stderr


def test_a_stopped_run_goes_on_where_it_was(
    whole: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, unfinished = whole[0], tmp_path / "run" / "unfinished"
    command = ("bosch", folder / "machines.toml", "--data", folder / "bank", "--out", tmp_path / "run")
    heard: list[int] = []
    features, train = BoschMachines.raw_features, training.train_machine

    def listened(self: BoschMachines, audio: torch.Tensor) -> torch.Tensor:
        heard.append(len(audio))
        if len(heard) == stop_at:
            raise KeyboardInterrupt
        return features(self, audio)

    trained: list[str] = []

    def machine(*arguments: Any, **named: Any) -> training.Machine:
        trained.append(arguments[4])
        if stop_at and len(trained) == 2:
            raise KeyboardInterrupt
        return train(*arguments, **named)

    monkeypatch.setattr(BoschMachines, "raw_features", listened)
    monkeypatch.setattr(training, "train_machine", machine)
    stop_at = 10
    result = run(*command)
    assert (result.exit_code, result.stderr.count("stopped; what is done is kept in")) == (130, 1)
    assert "add --resume to the same command" in result.stderr
    again = run(*command)
    assert (again.exit_code, "already holds a run; add --resume" in again.stderr) == (2, True)
    heard.clear()
    stop_at = 1000
    assert run(*command, "--resume").exit_code == 130  # in the second machine
    assert len(heard) == 24 - 9
    # A kill leaves what was written last, and nothing that is half written.
    assert {path.name for path in unfinished.iterdir()} == {"windows.npz", "machine-24-4-0.npz"}
    heard.clear()
    trained.clear()
    stop_at = 0
    other = run(*command, "--resume", "--set", "train.seed=9")
    assert (other.exit_code, "holds features of another recipe" in other.stderr) == (2, True)
    result = run(*command, "--resume")
    assert result.exit_code == 0, result.output
    assert trained == ["piano", "drums"]
    assert not unfinished.exists()
    kept = load_checkpoint(tmp_path / "run" / "best.pt")
    finished = run(*command, "--resume")
    assert (finished.exit_code, "is finished" in finished.stderr) == (0, True)
    assert "held-out map" in finished.stdout
    for name, value in load_checkpoint(folder / "run" / "best.pt").state_dict.items():
        assert torch.equal(value, kept.state_dict[name]), name


def test_features_are_kept_while_they_are_computed_not_only_in_the_end(
    tmp_path: Path, private_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[int] = []
    put = ResumeState.put

    def noted(self: ResumeState, name: str, arrays: Any) -> None:
        kept.append(len(arrays.get("raw", ())))
        put(self, name, arrays)

    monkeypatch.setattr(ResumeState, "put", noted)
    monkeypatch.setattr(training, "_SAVE_EVERY_S", 0.0)
    recipe = tmp_path / "machines.toml"
    recipe.write_text(RECIPE.replace("steps = 24", "steps = 3"), encoding="utf-8")
    run("bosch", recipe, "--data", tiny_bank.write_bank(tmp_path / "bank"), "--out", tmp_path / "run")
    assert kept[:3] == [8, 16, 24]


def test_what_is_kept_is_whole_or_the_one_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = ResumeState(tmp_path / "unfinished", "a")
    kept.put("windows", {"raw": np.arange(3)})

    def half(file: Any, **_: object) -> None:
        file.write(b"PK half")
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(np, "savez", half)
        with pytest.raises(KeyboardInterrupt):
            kept.put("windows", {"raw": np.arange(9)})
    found = kept.get("windows")
    assert found is not None
    assert found["raw"].tolist() == [0, 1, 2]
    assert [path.name for path in kept.folder.iterdir()] == ["windows.npz"]
    (kept.folder / "windows.npz").write_bytes(b"PK half")
    with pytest.raises(CheckpointError, match=r"windows\.npz is damaged; delete it"):
        kept.get("windows")
