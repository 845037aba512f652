"""Thresholds keep a precision on sources that they were not chosen on, and a file changes in nothing else."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import onnx
import pytest
import soundfile
from click.testing import CliRunner

import tiny_models
from irec_live.analysis import analyze
from irec_live.errors import ModelError
from irec_live.models.detector import Detector
from irec_live.models.spec import CARD_KEY, SPEC_KEY, Threshold
from irec_live.streaming.tracker import LabelTracker
from irec_models.cli import main
from irec_models.publishing.decide_file import decide
from irec_models.publishing.precision import (
    OFFSETS,
    RecordingPredictions,
    choose_on,
    figures,
    leave_sources_out,
    named,
    named_by,
    named_unseen,
    peak,
    trade_off,
    with_hysteresis,
)

LABELS = ("bass", "flute", "violin")
HOP = 0.1


def predictions(seed: int = 0, sources: int = 60) -> RecordingPredictions:
    """Solos of one instrument a source, and noise: what sounds is mostly near 0.7, the rest below 0.4 with slips."""
    random = np.random.default_rng(seed)
    rows, targets, kinds, names = [], [], [], []
    for index in range(3 * sources):
        source = index % sources
        truth = np.zeros(3, np.int64)
        if source % 5:
            truth[source % 3] = 1
        level = np.where(truth == 1, random.normal(0.7, 0.15, 3), np.abs(random.normal(0.0, 0.25, 3)))
        rows.append(np.clip(level + random.normal(0, 0.03, (20, 3)), 0, 1).astype(np.float32))
        targets.append(truth)
        kinds.append("solo" if truth.any() else "noise")
        names.append(f"s{source}")
    return RecordingPredictions(
        LABELS, HOP, tuple(rows), np.array(targets), tuple(kinds), tuple(names), np.full(len(rows), 20 * HOP)
    )


def precision_of(told: np.ndarray, truth: np.ndarray) -> float:
    return float((told & (truth == 1)).sum() / max(1, told.sum()))


def test_a_labels_peak_is_the_highest_level_that_the_tracker_compares() -> None:
    rows = np.random.default_rng(3).random((40, 3)).astype(np.float32)
    tracker = LabelTracker(LABELS, {}, hop_s=HOP)
    smoothed = np.stack([tracker.push(i * HOP, row).smoothed for i, row in enumerate(rows)])
    np.testing.assert_allclose(peak(rows), smoothed.max(axis=0), atol=1e-6)
    np.testing.assert_allclose(peak(rows[:1]), rows[0], atol=1e-6)


@pytest.mark.parametrize("precision", [0.8, 0.95])
def test_what_is_named_keeps_the_precision_on_sources_that_were_left_out(precision: float) -> None:
    found = predictions()
    music = found.of("solo", "ensemble")
    told = named_unseen(found, precision)
    assert precision_of(told[music], found.targets[music]) == pytest.approx(precision, abs=0.06)
    # Not by saying nothing: what is asked for is the lowest threshold that is precise enough.
    assert told[music].sum() > 0.7 * music.sum()


def test_every_recording_is_decided_once_by_thresholds_that_do_not_know_its_source() -> None:
    found = predictions()
    seen = np.zeros(len(found.rows), int)
    for recordings, thresholds in leave_sources_out(found, 0.9):
        seen += recordings
        inside = {name for name, chosen in zip(found.sources, recordings, strict=True) if chosen}
        assert inside.isdisjoint(name for name, chosen in zip(found.sources, recordings, strict=True) if not chosen)
        kept = [name for name in found.sources if name not in inside]
        on = choose_on(found.peaks[~recordings], found.targets[~recordings], kept, precision=0.9)
        assert thresholds == with_hysteresis(LABELS, on)
    assert (seen == 1).all()


def test_a_label_that_slips_gets_a_higher_threshold_the_more_sources_know_it() -> None:
    peaks = np.float32([[0.7, 0.7]] * 20 + [[0.1, 0.65]] * 20)
    targets = np.array([[1, 1]] * 20 + [[0, 0]] * 20)  # the second label lights in noise too
    for sources, expected in ((1, 0.005), (20, 0.05)):
        names = [f"s{i % sources}" for i in range(20)] + [f"n{i}" for i in range(20)]
        quiet, slipping = choose_on(peaks, targets, names, precision=0.9, pooled_sources=20)
        assert slipping - quiet >= expected
        assert 0.15 <= quiet <= slipping <= 0.9


def test_a_label_that_no_recording_holds_gets_the_threshold_of_all() -> None:
    peaks = np.float32([[0.8, 0.3], [0.7, 0.2], [0.2, 0.5]])
    on = choose_on(peaks, np.array([[1, 0], [1, 0], [0, 0]]), ["a", "b", "c"], precision=0.9)
    assert on[1] == pytest.approx(0.305)
    unknown = choose_on(peaks, np.array([[1, -1], [1, -1], [0, -1]]), ["a", "b", "c"], precision=0.9)
    assert unknown[1] == pytest.approx(0.15)  # the lowest that is allowed


def test_moving_the_slider_up_never_names_more() -> None:
    found = predictions()
    points = trade_off(found, 0.9)
    assert [point.offset for point in points] == list(OFFSETS)
    recalls = [point.recall for point in points]
    assert recalls == sorted(recalls, reverse=True)
    own = next(point for point in points if point.offset == 0)
    music = found.of("solo", "ensemble")
    told = named_unseen(found, 0.9)
    assert own.precision == pytest.approx(precision_of(told[music], found.targets[music]), abs=1e-4)


def test_figures_count_what_people_would_notice() -> None:
    found = predictions()
    told = found.targets == 1
    right = figures(found, told)
    assert right["solos: recall"].value == right["solos and ensembles: precision"].value == 1.0
    assert right["noise: false labels a minute"].value == 0.0
    assert "ensembles: F1" not in right
    always = figures(found, np.ones_like(told))
    assert always["solos: false labels a clip"].value == 2.0
    assert always["noise: false labels a minute"].value == pytest.approx(3 * 60 / 2.0)
    some = figures(found, named_by(found, with_hysteresis(LABELS, np.full(3, 0.5))))["solos: recall"]
    assert some.low < some.value < some.high


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tones of the tiny model's three bands by four sources, two at once, and noise too soft to light anything."""
    root = tmp_path_factory.mktemp("bank")
    random = np.random.default_rng(0)
    rows = []
    for source in range(4):
        for names in (*[(label,) for label in LABELS], ("bass", "violin"), ("noise",)):
            sound = sum(tiny_models.tone(name, 3.0, amplitude=0.1 + 0.05 * source) for name in names if name != "noise")
            sound = sound + 0.002 * random.standard_normal(3 * tiny_models.SAMPLE_RATE)
            file = f"{source}-{'-'.join(names)}.wav"
            soundfile.write(root / file, sound.astype(np.float32), tiny_models.SAMPLE_RATE, "FLOAT")
            rows.append((file, ";".join(names), f"s{source}", "dev", "noise" if names == ("noise",) else "phrases"))
    with (root / "manifest.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows([("file", "labels", "source", "split", "kind"), *rows])
    return root


def test_what_is_named_here_is_what_the_app_names(bank: Path, tiny_activation_path: Path) -> None:
    detector = Detector(tiny_activation_path)
    thresholds = {label: detector.spec.threshold(label) for label in LABELS}
    for file in sorted(bank.glob("*.wav")):
        analysis = analyze(file, models=[detector])
        told = named(analysis.activation, analysis.labels, thresholds, analysis.activation_hop_s)
        assert {label for label, lit in zip(analysis.labels, told, strict=True) if lit} == set(analysis.detected)


def test_deciding_changes_thresholds_and_card_and_nothing_else(bank: Path, tmp_path: Path) -> None:
    card = "# Tiny\n\nThresholds: by hand.\nMore.\n\n## Scores\n\nNone.\n\n## Recordings\n\n| a | CC0 | 1 |\n"
    model, out = tmp_path / "tiny.onnx", tmp_path / "decided.onnx"
    spec = tiny_models.activation_spec(thresholds={"flute": Threshold(on=0.9, off=0.8)}, scores={"dev_micro_f1": 0.1})
    model.write_bytes(tiny_models.activation_model(spec, card=card))
    result = CliRunner().invoke(main, ["decide", str(model), "--data", str(bank), "--out", str(out)])
    assert result.exit_code == 0, result.output
    assert "solos: recall" in result.output
    before, after = (onnx.load_model(path) for path in (model, out))
    for part in (before, after):
        metadata = {entry.key: entry.value for entry in part.metadata_props}
        assert set(metadata) == {SPEC_KEY, CARD_KEY}
        del part.metadata_props[:]
    assert before == after
    decided = Detector(out)
    changed = {"thresholds", "trade_off", "scores"}
    assert decided.spec.model_dump(exclude=changed) == spec.model_dump(exclude=changed)
    assert set(decided.spec.thresholds) == set(LABELS)
    assert all(threshold.off < (threshold.again or 0) < threshold.on for threshold in decided.spec.thresholds.values())
    assert "dev_micro_f1" not in decided.spec.scores  # of the thresholds before
    assert decided.spec.trade_off_at(0.0) is not None
    assert decided.card.count("## Decisions") == 1
    assert decided.card.index("## Scores") < decided.card.index("## Decisions") < decided.card.index("## Recordings")
    assert "by hand" not in decided.card
    assert decided.card.endswith("| a | CC0 | 1 |\n")


def test_deciding_again_gives_the_same_thresholds_and_one_section(bank: Path, tmp_path: Path) -> None:
    model = tiny_models.write_activation_model(tmp_path)
    once = decide(model, [bank], model)
    first = model.read_bytes()
    again = decide(model, [bank], model)
    assert again.spec == once.spec
    assert Detector(model.read_bytes()).card.count("## Decisions") == Detector(first).card.count("## Decisions") == 1
    assert again.before["solos: recall"].value >= once.after["solos: recall"].value


def test_loudness_has_no_thresholds_to_decide_on(bank: Path, tmp_path: Path) -> None:
    model = tiny_models.write_envelope_model(tmp_path)
    with pytest.raises(ModelError, match="how loud"):
        decide(model, [bank], tmp_path / "out.onnx")
    assert not (tmp_path / "out.onnx").exists()
