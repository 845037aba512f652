"""Evaluation of whole models on clips and mixtures, by a predictor whose answers are known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_bank
import torch
from click.testing import CliRunner

from irec_live.errors import DataError
from irec_live.models.spec import ModelSpec, Threshold
from irec_models.cli import main
from irec_models.data import ClipSelection, DataFolders, EvalClip, EvalMix, eval_clips
from irec_models.measuring.clip_scores import ClipPredictions, evaluate, predict_clips, presence_of, target_row
from irec_models.measuring.comparison import compare
from irec_models.measuring.mixture_scores import envelope_error, evaluate_mixes
from irec_models.measuring.predictors import load_predictor, predict_recording, stitch, windows_of
from irec_models.metrics import UNKNOWN

LABELS = ("flute", "piano", "drums")
RATE = 8000


class Oracle:
    """Tells labels by the sign and size of the samples: +0.5 is a flute, -0.5 a piano, anything else nothing."""

    def __init__(self, kind: str = "activation") -> None:
        frames = {"frames": 8, "frame_hop": 128} if kind == "envelope" else {}
        self.spec = ModelSpec(
            name="oracle",
            kind=kind,  # type: ignore[arg-type]
            labels=LABELS,
            sample_rate=RATE,
            window_length=1024,
            hop_length=512,
            thresholds={label: Threshold(on=0.2, off=0.1) for label in LABELS},
            **frames,
        )

    def __call__(self, windows: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        share = np.stack([(windows > 0.4).mean(1), (windows < -0.4).mean(1), np.zeros(len(windows))], 1)
        rows = share.astype(np.float32)
        return rows if self.spec.kind == "activation" else np.repeat(0.5 * rows[:, :, None], 8, axis=2)


def clip(name: str, value: float, labels: tuple[str, ...], others: tuple[str, ...] = ()) -> EvalClip:
    audio = np.full(4096, value, np.float32)
    return EvalClip(name, audio, labels, others, (), "stage", "x", "phrases")


CLIPS = [
    clip("a", 0.5, ("flute",)),
    clip("b", -0.5, ("piano",)),
    clip("c", 0.1, (), ("oboe",)),
    clip("d", 0.5, ("drums",)),
]


def test_windows_cover_every_sample_and_a_short_clip_is_padded_to_one() -> None:
    audio = np.arange(1, 2501, dtype=np.float32)
    windows = windows_of(audio, 1024, 512)
    assert set(audio) <= set(windows.ravel())
    assert windows_of(audio[:10], 1024, 512).shape == (1, 1024)
    assert windows_of(audio[:0], 1024, 512).shape == (1, 1024)


@pytest.mark.parametrize("kind", ["activation", "envelope"])
def test_an_oracle_scores_what_it_should(kind: str) -> None:
    predictor = Oracle(kind)
    predictions = predict_clips(predictor, CLIPS)
    assert predictions.targets.tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 0], [0, 0, 1]]
    assert predictions.solo.tolist() == [True, True, False, True]
    result = evaluate(predictions, predictor.spec)
    assert result.top1["s1"] == pytest.approx(2 / 3)  # the drums were taken for a flute
    scores = result.aggregations["s1"]
    assert scores.labels["piano"].average_precision == 1.0
    assert scores.labels["flute"].precision == 0.5
    assert scores.labels["drums"].recall == 0.0
    assert json.loads(json.dumps(result.to_dict()))["aggregations"]["s2"]["labels"]["flute"]["support"] == 1


def test_silent_windows_are_not_asked_for() -> None:
    predictor = Oracle()
    rows = predict_recording(predictor, np.concatenate([np.zeros(1024), np.full(1024, 0.5)]).astype(np.float32), 1024)
    assert rows.tolist() == [[0, 0, 0], [1, 0, 0]]


def test_envelope_levels_are_relative_to_the_clip() -> None:
    audio = np.full(4096, 0.1, np.float32)
    rows = np.full((3, 2, 8), 0.1, np.float32)
    rows[:, 1] = 1e-4
    presence = presence_of(rows, audio)
    np.testing.assert_allclose(presence, [[1.0, 0.0]] * 3, atol=1e-6)
    np.testing.assert_allclose(presence_of(rows * 0.1, audio * 0.1)[:, 0], 1.0, atol=1e-6)


def test_stitched_windows_of_a_constant_envelope_stay_constant() -> None:
    whole = stitch(np.full((5, 2, 8), 0.3, np.float32), 4)
    assert whole.shape == (2, 24)
    np.testing.assert_allclose(whole, 0.3, rtol=1e-6)


def test_unclear_labels_are_unknown_targets() -> None:
    assert target_row(LABELS, ("flute",), ("drums",)) == [1, 0, UNKNOWN]


def test_envelope_error_is_in_decibels_over_sixty() -> None:
    true = np.zeros((1, 6), np.float32)
    true[0, :3] = [1.0, 0.1, 0.01]
    error = envelope_error([(np.full((1, 8), 0.1, np.float32), true)])
    assert error.active_db == pytest.approx((20 + 0 + 20) / 3)
    assert error.silent_db == pytest.approx(40)
    assert error.silence_db == pytest.approx((60 + 40 + 20) / 3)


@pytest.mark.parametrize("kind", ["activation", "envelope"])
def test_mixtures_are_scored_by_size(kind: str) -> None:
    def mix(size: int, value: float, labels: tuple[str, ...]) -> EvalMix:
        envelope = np.full((3, 33), 0.0, np.float32)
        for label in labels:
            envelope[LABELS.index(label)] = 0.5
        return EvalMix(np.full(4096, value, np.float32), size, labels, (), envelope, 128, RATE)

    mixes = [mix(0, 0.0, ()), mix(1, 0.5, ("flute",)), mix(2, 0.5, ("flute", "piano"))]
    result = evaluate_mixes(Oracle(kind), mixes)
    assert result.sizes[0].exact_match == result.sizes[1].exact_match == 1.0
    assert result.sizes[2].multilabel_accuracy == pytest.approx(0.5)
    assert result.sizes[2].exact_match == 0.0
    if kind == "envelope":
        assert result.envelope is not None
        assert result.envelope.active_db == pytest.approx((0 + 0 + 60 + 20 * np.log10(0.5)) / 3, abs=2.0)
    else:
        assert result.envelope is None
    with pytest.raises(DataError, match="no mixtures"):
        evaluate_mixes(Oracle(kind), [])


def rival(tmp_path: Path, clips: dict[str, Any]) -> Path:
    path = tmp_path / "rival.json"
    path.write_text(json.dumps({"clips": clips}), encoding="utf-8")
    return path


def test_a_rival_is_compared_on_identical_clips_and_labels(tmp_path: Path) -> None:
    predictions = predict_clips(Oracle(), CLIPS)
    theirs = {
        "a": {"mean": {"flute": 0.2, "piano": 0.9}, "max": {}},
        "b": {"mean": {"flute": 0.3, "piano": 0.8}, "max": {}},
    }
    result = compare(predictions, rival(tmp_path, theirs))
    assert result.clips == 2
    assert result.ours.macro_map == 1.0
    assert result.theirs.macro_map == pytest.approx(0.5)
    assert result.map_ratio == pytest.approx(2.0)
    assert result.ours.top1 == 1.0
    assert result.theirs.top1 == 0.5
    assert set(result.to_dict()["ours"]["average_precision"]) == {"flute", "piano"}


@pytest.mark.parametrize(
    ("clips", "match"),
    [
        ({"z": {"mean": {}}}, "scores of none"),
        ({"a": {"max": {"flute": 1.0}}}, "lacks a 'mean' score"),
        ([], "not a table"),
    ],
)
def test_a_rivals_file_that_does_not_fit_is_refused(tmp_path: Path, clips: Any, match: str) -> None:
    predictions = predict_clips(Oracle(), CLIPS)
    with pytest.raises(DataError, match=match):
        compare(predictions, rival(tmp_path, clips))


def test_clips_of_a_manifest_run_through_checkpoint_and_command_line(
    tmp_path: Path, small_checkpoint: Path, small_envelope_checkpoint: Path, tiny_activation_path: Path
) -> None:
    bank = tiny_bank.write_bank(tmp_path / "bank")
    predictor, training = load_predictor(small_checkpoint)
    assert training == {}
    predictions = predict_clips(predictor, eval_clips(ClipSelection(DataFolders(bank), "dev", labels=LABELS), RATE))
    assert isinstance(predictions, ClipPredictions)
    assert predictions.solo.tolist() == [True, False, False]
    assert torch.equal(predictions.activations["s1"], predictions.levels["s1"])
    scores = rival(tmp_path, {file: {"mean": {"flute": 0.5}, "max": {"flute": 0.5}} for file in predictions.files})
    out = tmp_path / "scores.json"
    for model, extra in (
        (small_checkpoint, ["--compare", str(scores), "--json", str(out)]),
        (small_envelope_checkpoint, ["--hop", "0.2"]),
        (tiny_activation_path, []),
        (Path("tutti-1s"), []),
        (small_checkpoint, ["--mixes", "--split", "train", "--source", "south"]),
    ):
        result = CliRunner().invoke(main, ["evaluate", str(model), "--data", str(bank), *extra])
        assert result.exit_code == 0, result.output
    content = json.loads(out.read_text())
    assert content["schema"] == "irec.evaluation/1"
    assert content["comparison"]["clips"] == content["comparison_max"]["clips"] == 3
    assert content["clips"]["clips"] == 3
