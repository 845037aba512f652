"""How right a model is on real recordings, with sources as what is resampled."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import tiny_bank
from click.testing import CliRunner

from irec_live.errors import DataError
from irec_live.models.spec import ModelSpec, Threshold
from irec_models.cli import main
from irec_models.data import LABELS, ClipSelection, DataFolders, eval_clips
from irec_models.measuring import real_recordings
from irec_models.measuring.real_recordings import (
    Recordings,
    figures,
    flat_threshold,
    label_precisions,
    other_system,
    predict_recordings,
)
from irec_models.metrics import UNKNOWN


class _Says:
    """The same activations for every window that is not silent."""

    def __init__(self, labels: tuple[str, ...], values: list[float]) -> None:
        self.spec = ModelSpec(
            name="says",
            kind="activation",
            labels=labels,
            sample_rate=tiny_bank.RATE,
            window_length=tiny_bank.RATE,
            hop_length=tiny_bank.RATE // 10,
            thresholds={label: Threshold(on=0.5, off=0.3) for label in labels},
        )
        self._values = np.array(values, np.float32)

    def __call__(self, windows: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        return np.tile(self._values, (len(windows), 1))


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_bank.write_bank(tmp_path_factory.mktemp("bank"))


def _recordings(scores: list[list[float]], named: bool = True) -> Recordings:
    """Flutes of three sources, one duo, noise of half a minute, an oboe; cello is unknown in the duo."""
    kinds = ("solo", "solo", "solo", "ensemble", "noise", "other")
    targets = np.zeros((6, len(LABELS)), np.int64)
    targets[:4, LABELS.index("flute")] = 1
    targets[3, LABELS.index("piano")] = 1
    targets[3, LABELS.index("cello")] = UNKNOWN
    values = np.zeros((6, len(LABELS)))
    values[:, [LABELS.index(label) for label in ("flute", "piano", "cello")]] = scores
    files = ("a_x.wav", "b_x.wav", "c.wav", "duo.wav", "noise.wav", "oboe.wav")
    told = values >= 0.5 if named else None
    wrong = np.zeros(6, np.int64) if told is None else (told & (targets == 0)).sum(axis=1)
    seconds = np.array([5.0, 5.0, 5.0, 10.0, 30.0, 15.0])
    return Recordings("toy", files, ("a", "b", "c", "d", "e", "f"), kinds, seconds, targets, values, told, wrong)


def test_each_kind_of_recording_has_its_figures() -> None:
    recordings = _recordings([[0.9, 0, 0], [0.8, 0.6, 0], [0.2, 0, 0.3], [0.9, 0.1, 0.9], [0.6, 0, 0], [0.6, 0.7, 0]])
    found = {name: figure.value for name, figure in figures(recordings).items()}
    assert found["solos: top-1"] == pytest.approx(2 / 3)
    assert found["solos: wrong labels a clip"] == pytest.approx(1 / 3)
    assert found["solos: recall"] == pytest.approx(2 / 3)
    assert found["ensembles: F1"] == pytest.approx(2 / 3)  # the cello is unknown
    assert found["solos and ensembles: precision"] == pytest.approx(3 / 4)
    assert found["noise: false labels a minute"] == pytest.approx(2.0)
    assert found["others: false labels a minute"] == pytest.approx(8.0)
    assert found["solos: mAP, labels of 3 sources"] == 1.0
    assert label_precisions(recordings) == {"flute": 1.0}


def test_intervals_are_of_sources_and_hold_the_value() -> None:
    recordings = _recordings([[0.9, 0, 0], [0.2, 0.6, 0], [0.9, 0, 0], [0.9, 0.9, 0], [0, 0, 0], [0, 0, 0]])
    figure = figures(recordings)["solos: top-1"]
    assert figure.low < figure.value < figure.high
    assert str(figure).startswith("0.667 (")
    alone = figures(recordings)["ensembles: F1"]  # one source says nothing of others
    assert (alone.low, alone.value, alone.high) == (1.0, 1.0, 1.0)


def test_parts_are_chosen_by_the_names_of_files() -> None:
    recordings = _recordings([[0.9, 0, 0]] * 6)
    assert recordings.part("_x").files == ("a_x.wav", "b_x.wav")
    assert str(figures(recordings.part("_x"))["ensembles: F1"]) == "-"
    assert flat_threshold(recordings.part("noise")) == 0.5


def test_another_system_is_measured_by_its_scores_alone(tmp_path: Path) -> None:
    recordings = _recordings([[0.9, 0, 0]] * 6)
    clips = {file: {"mean": dict.fromkeys(LABELS, 0.1) | {"flute": 0.7}, "max": {}} for file in recordings.files}
    (tmp_path / "other.json").write_text(json.dumps({"clips": clips}))
    other = other_system(tmp_path / "other.json", recordings)
    found = figures(other)
    assert (other.name, found["solos: top-1"].value) == ("other", 1.0)
    assert np.isnan(found["solos: recall"].value)
    del clips["duo.wav"]
    (tmp_path / "other.json").write_text(json.dumps({"clips": clips}))
    with pytest.raises(DataError, match="lacks the mean score"):
        other_system(tmp_path / "other.json", recordings)


def test_a_model_goes_through_the_apps_tracker(bank: Path) -> None:
    clips = list(eval_clips(ClipSelection(DataFolders(bank), split="dev"), tiny_bank.RATE))
    recordings = predict_recordings(_Says(("piano", "flute"), [0.9, 0.4]), clips)
    assert recordings.kinds == ("solo", "ensemble", "other")
    assert recordings.named is not None
    piano = LABELS.index("piano")
    assert recordings.named[:, piano].all()
    assert recordings.named.sum() == 3
    assert recordings.false_events.tolist() == [1, 0, 1]
    np.testing.assert_allclose(recordings.scores[0, piano], 0.9, rtol=1e-5)
    with pytest.raises(DataError, match="no recordings"):
        predict_recordings(_Says(("piano",), [0.9]), [])
    with pytest.raises(DataError, match="activations of none"):
        predict_recordings(_Says(("kazoo",), [0.9]), clips)


def test_the_command_prints_a_table_a_part_and_writes_json(
    bank: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "irec_models.measuring.predictors.load_predictor", lambda path: (_Says(("piano", "flute"), [0.9, 0.4]), {})
    )
    monkeypatch.setattr(real_recordings, "RESAMPLED", 5)
    out = tmp_path / "real.json"
    told = CliRunner().invoke(
        main,
        ["real", "tutti-1s", "--data", str(bank), "--part", "solo=solo", "--json", str(out)],
        catch_exceptions=False,
    )
    assert told.exit_code == 0
    assert "all: 3 recordings of dev" in told.output
    assert "solo: 1 recordings of dev" in told.output
    assert json.loads(out.read_text())["all"]["says"]["figures"]["solos: top-1"][0] == 0.0
    wrong = CliRunner().invoke(main, ["real", "tutti-1s", "--data", str(bank), "--part", "solo"])
    assert wrong.exit_code == 2
    assert "NAME=REGEX" in wrong.output
