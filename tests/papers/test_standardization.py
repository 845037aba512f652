"""Standardising causally or by the whole recording: the forms agree where they must."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import small_nets
import tiny_bank
import torch
from click.testing import CliRunner
from recorded_progress import RecordedProgress

from irec_live.models.spec import ModelSpec
from irec_models.cli import main
from irec_models.measuring.predictors import windows_of
from irec_models.progress import Progress, silent
from irec_papers.standardization import FormScores, Restandardized, measure

WORK = ("clips of dev", "mixtures")

SPEC = ModelSpec(
    name="small",
    kind="activation",
    labels=("flute", "piano", "drums"),
    sample_rate=8000,
    window_length=4096,
    hop_length=2048,
)


@pytest.fixture
def network() -> small_nets.SmallNet:
    torch.manual_seed(0)
    network = small_nets.SmallNet(3)
    network.fit_normalization([0.1 * torch.randn(4, 4096)])
    return network.eval()


def recording(seconds: float, level: float = 0.1) -> np.ndarray:
    noise = np.random.default_rng(1).standard_normal(round(seconds * 8000))
    return (level * noise).astype(np.float32)


def said(network: small_nets.SmallNet, form: str, audio: np.ndarray) -> np.ndarray:
    predictor = Restandardized(network, SPEC, form)  # type: ignore[arg-type]
    predictor.begin(audio)
    windows = windows_of(audio, 4096, 2048)
    return np.concatenate([predictor(windows[:3]), predictor(windows[3:])])


def test_constants_are_the_network_itself(network: small_nets.SmallNet) -> None:
    audio = recording(2.0)
    with torch.no_grad():
        expected = network.predict(torch.from_numpy(windows_of(audio, 4096, 2048))).numpy()
    np.testing.assert_allclose(said(network, "constants", audio), expected, atol=1e-6)


def test_statistics_so_far_do_not_depend_on_what_comes(network: small_nets.SmallNet) -> None:
    audio = recording(3.0)
    changed = audio.copy()
    changed[8 * 2048 :] *= 30  # later than the sixth window ends
    first, second = said(network, "so far", audio), said(network, "so far", changed)
    np.testing.assert_array_equal(first[:6], second[:6])
    assert np.abs(first[8:] - second[8:]).max() > 0
    whole = said(network, "whole", audio), said(network, "whole", changed)
    assert np.abs(whole[0][:6] - whole[1][:6]).max() > 1e-3


def test_after_long_enough_statistics_so_far_are_those_of_the_whole(network: small_nets.SmallNet) -> None:
    audio = recording(40.0, level=0.01)
    so_far, whole = said(network, "so far", audio), said(network, "whole", audio)
    assert np.abs(so_far[0] - whole[0]).max() > 2 * np.abs(so_far[-1] - whole[-1]).max()
    np.testing.assert_allclose(so_far[-1], whole[-1], atol=0.1)


def test_another_recording_begins_anew(network: small_nets.SmallNet) -> None:
    predictor = Restandardized(network, SPEC, "so far")
    windows = windows_of(recording(1.0), 4096, 2048)
    predictor.begin(recording(1.0))
    first = predictor(windows)
    predictor.begin(recording(1.0))
    np.testing.assert_array_equal(predictor(windows), first)


def test_an_unknown_form_is_refused(network: small_nets.SmallNet) -> None:
    with pytest.raises(ValueError, match="unknown form 'future'"):
        Restandardized(network, SPEC, "future")  # type: ignore[arg-type]


def test_every_form_tells_how_far_it_is(
    network: small_nets.SmallNet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, private_home: Path
) -> None:
    monkeypatch.setattr("irec_papers.standardization._MIXES_PER_SIZE", 1)
    bank = tiny_bank.write_bank(tmp_path)
    recorded = RecordedProgress()
    measure(network, SPEC, [bank], ["south"], progress=recorded)
    assert list(recorded.done) == [f"{form}: {what}" for form in ("constants", "so far", "whole") for what in WORK]
    numbers = [len(amounts) for amounts in recorded.done.values()]
    assert len(set(numbers)) == len(WORK)  # each form predicts on the same
    assert min(numbers) >= 3


def test_the_command_shows_a_bar_on_the_error_stream_alone(
    small_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")  # what makes rich take any stream for a terminal
    scores = [FormScores("so far", 0.5, 0.25, 0.75, None)]

    def measured(*_: object, progress: Progress = silent, **__: object) -> list[FormScores]:
        with progress("so far: clips of dev", None):
            return scores

    monkeypatch.setattr("irec_papers.standardization.measure", measured)
    (tmp_path / "manifest.csv").touch()
    result = CliRunner().invoke(
        main, ["standardization", str(small_checkpoint), "--data", str(tmp_path), "--source", "south"]
    )
    assert result.exit_code == 0, result.output
    assert "so far: clips of dev" in result.stderr
    assert "clips of dev" not in result.stdout
    assert "0.750" in result.stdout
