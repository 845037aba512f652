"""False labels, latency and ensembles, through the app's pipeline by predictors whose answers are known."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import tiny_bank
from click.testing import CliRunner
from recorded_progress import RecordedProgress
from stress_predictors import LABELS, RATE, Formula, always, envelope_predictor, louder_than

from irec_live.errors import DataError
from irec_live.models.spec import Threshold
from irec_models.cli import main
from irec_models.data import ClipSelection, DataFolders
from irec_models.measuring.stress import suite
from irec_models.measuring.stress.decision_latency import Latency, decision_latency, latency_of, onset_s
from irec_models.measuring.stress.ensembles import ensembles
from irec_models.measuring.stress.false_labels import FalseLabels, false_labels
from irec_models.measuring.stress.live_pipeline import lead_s, listen, surrounded
from irec_models.measuring.stress.noises import SAMPLE_RATE, noises
from irec_models.measuring.stress.selection import choose

NOISE_S = 1.5


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_bank.write_bank(tmp_path_factory.mktemp("bank"))


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two sources of speech, loud and soft, and recorded noise."""
    root = tmp_path_factory.mktemp("talk")
    rows = []
    for number, (source, level) in enumerate((("radio", 0.3), ("radio", 0.02), ("phone", 0.02))):
        rows.append(("train", f"{number}.wav", "voice", "speech", "speech", source))
        soundfile.write(root / f"{number}.wav", np.full(RATE, level, np.float32), RATE)
    rows.append(("dev", "street.wav", "noise", "noise", "noise", "city"))
    soundfile.write(root / "street.wav", np.full(2 * RATE, 0.3, np.float32), RATE)
    with (root / "manifest.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows([("split", "file", "labels", "instrument", "kind", "source"), *rows])
    return root


def level(seconds: float, value: float = 0.3) -> np.ndarray[Any, Any]:
    return np.full(round(seconds * SAMPLE_RATE), value, np.float32)


def test_a_model_that_never_lights_has_no_false_labels(talk: Path) -> None:
    found = false_labels(always(0.0, 0.0, 0.0), DataFolders(talk), seconds=NOISE_S)
    assert found.per_minute == 0.0
    assert [row.name for row in found.recorded] == ["city (dev)"]
    assert sum(row.seconds for row in found.noises) == pytest.approx(NOISE_S * len(list(noises(0.1))))


def test_a_model_that_always_lights_has_one_event_a_label_and_noise_and_none_on_silence(talk: Path) -> None:
    recorded = RecordedProgress()
    found = false_labels(always(0.9, 0.0, 0.9), DataFolders(talk), seconds=NOISE_S, progress=recorded)
    by_name = {row.name: row for row in found.noises}
    assert by_name["digital silence"].events == 0
    for name in ("white -50 dBFS", "pink -10 dBFS", "hum 50 Hz -40 dBFS"):
        assert set(by_name[name].labels) == {"flute", "drums"}
    steady = by_name["white -30 dBFS"]
    assert steady.events == 2
    assert steady.per_minute == pytest.approx(2 * 60 / NOISE_S)
    # Lit for about as long as it sounds, each: half a window more at both ends.
    assert steady.lit_s == pytest.approx(2 * (NOISE_S + 0.5), abs=0.5)
    noisy = [row for row in found.noises if not row.silent]
    expected = 60 * sum(row.events for row in noisy) / sum(row.seconds for row in noisy)
    assert found.per_minute == pytest.approx(expected)
    assert found.per_minute_recorded == pytest.approx(60 * found.recorded[0].events / found.recorded[0].seconds)
    assert sum(map(len, recorded.done.values())) == len(found.noises) + 1 + 3


def test_noises_fade_so_that_they_are_no_strokes(talk: Path) -> None:
    def rises(windows: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """How much louder one tenth of a second is than the one before, at most, as a drum would say."""
        tenths = np.sqrt(np.mean(windows.reshape(len(windows), 5, -1) ** 2, axis=2)) + 0.01
        rise = (tenths[:, 1:] / tenths[:, :-1]).max(axis=1)
        return np.stack([(rise > 4).astype(float)] + 2 * [np.zeros(len(windows))], axis=1)

    found = false_labels(Formula(rises), DataFolders(talk), seconds=8.0)
    assert not any(row.events for row in found.noises if row.name.endswith("-30 dBFS"))


def test_a_model_that_wants_level_lights_on_loud_noise_alone(talk: Path) -> None:
    found = false_labels(louder_than(0.1), DataFolders(talk), seconds=NOISE_S)
    lit = {row.name for row in found.noises if row.events}
    assert {"white -10 dBFS", "hum 50 Hz -20 dBFS"} <= lit
    assert not any("-50" in name or "-30" in name for name in lit)


def test_speech_is_told_by_source_with_what_it_lights_besides_the_voice(talk: Path) -> None:
    found = false_labels(louder_than(0.1), DataFolders(talk), seconds=NOISE_S).speech
    radio, phone = found
    assert (radio.name, radio.clips, radio.others, radio.labels) == ("radio (train)", 2, 0.5, {"flute": 1})
    assert (phone.clips, phone.others) == (1, 0.0)
    assert math.isnan(radio.voice)
    known = false_labels(always(0.9, 0.0, labels=("voice", "piano")), DataFolders(talk), seconds=NOISE_S)
    assert [row.voice for row in known.speech] == [1.0, 1.0]
    assert [row.others for row in known.speech] == [0.0, 0.0]
    content = json.loads(json.dumps(FalseLabels((), (), found).to_dict(), allow_nan=False))
    assert content["speech"][0]["voice"] is None
    assert content["per_minute"] == 0.0


def test_latency_is_from_the_onset_and_does_not_depend_on_what_came_before() -> None:
    predictor = louder_than(0.1)
    at_once = latency_of(predictor, level(2.0), "flute")
    late = latency_of(predictor, np.concatenate([level(0.7, 1e-4), level(2.0)]), "flute")
    assert at_once is not None
    assert late is not None
    # A fifth of half a second must be filled, pooled over three windows, and last for two.
    assert 0.3 <= at_once <= 0.55
    assert late == pytest.approx(at_once, abs=0.12)  # where in a hop it begins is chance
    assert latency_of(predictor, level(2.0), "piano") is None
    assert latency_of(predictor, level(2.0, 0.05), "flute") is None


def test_a_note_shorter_than_the_window_is_still_heard_to_its_end() -> None:
    assert latency_of(louder_than(0.1), level(0.3), "flute") is not None


def test_a_slower_predictor_lights_later() -> None:
    quick, slow = louder_than(0.1), louder_than(0.1)
    slow.spec = slow.spec.model_copy(update={"thresholds": {"flute": Threshold(on=0.95, off=0.5)}})
    first, second = (latency_of(predictor, level(3.0), "flute") for predictor in (quick, slow))
    assert first is not None
    assert second is not None
    assert 0.3 <= second - first <= 0.6


def test_the_silence_before_a_note_fills_a_window() -> None:
    predictor = always(0.0, 0.0, 0.0, window_length=4 * RATE)
    assert lead_s(predictor) == 4.0
    assert lead_s(always(0.0, 0.0, 0.0)) == 1.0
    around = surrounded(predictor, level(1.0), SAMPLE_RATE)
    assert len(around) == round((4.0 + 1.0 + 5.0) * SAMPLE_RATE)
    assert 0 < np.abs(around[: 4 * SAMPLE_RATE]).max() < 0.003


def test_onset_is_forty_decibels_below_the_peak() -> None:
    assert onset_s(np.concatenate([level(0.5, 0.0029), level(0.5)]), SAMPLE_RATE) == 0.5
    assert onset_s(np.concatenate([level(0.5, 0.0031), level(0.5)]), SAMPLE_RATE) == 0.0
    assert onset_s(np.zeros(10, np.float32), SAMPLE_RATE) == 0.0


def test_latencies_are_summed_up_over_those_that_lit() -> None:
    assert Latency.of([None, None]).to_dict() == {"clips": 2, "median_s": None, "p90_s": None, "never": 1.0}


def test_solos_of_a_split_are_played_and_others_are_not(bank: Path) -> None:
    found = decision_latency(always(0.9, 0.9, 0.0), ClipSelection(DataFolders(bank), "dev"), most=4)
    assert {label: latency.clips for label, latency in found.labels.items()} == {"flute": 1}
    train = decision_latency(always(0.9, 0.9, 0.0), ClipSelection(DataFolders(bank), "train", ("south",)), most=4)
    assert {label: latency.clips for label, latency in train.labels.items()} == {"flute": 4, "piano": 4, "drums": 3}
    assert train.labels["drums"].never == 1.0
    assert train.overall.clips == 11
    assert json.dumps(train.to_dict(), allow_nan=False)
    with pytest.raises(DataError, match="alone"):
        decision_latency(always(0.0, labels=("oboe d'amore",)), ClipSelection(DataFolders(bank), "dev"))


def test_envelopes_light_labels_by_the_same_tracker() -> None:
    predictor = envelope_predictor(1.0, 0.1, 0.0)
    heard = listen(predictor, surrounded(predictor, level(2.0, 0.5), SAMPLE_RATE), SAMPLE_RATE, block_s=0.1)
    assert heard.labels == {"flute"}
    (event,) = heard.events
    assert event.offset_s is not None
    assert event.offset_s - event.onset_s == pytest.approx(2.0, abs=0.4)
    assert heard.first_lit_s["flute"] >= event.onset_s + 0.3 - 0.1


@pytest.mark.parametrize(
    ("activations", "precision", "recall"), [((0.9, 0.0, 0.0), 1.0, 0.5), ((0.9, 0.9, 0.9), 2 / 3, 1.0)]
)
def test_ensembles_count_what_is_detected(
    bank: Path, activations: tuple[float, ...], precision: float, recall: float
) -> None:
    found = ensembles(always(*activations), ClipSelection(DataFolders(bank), "dev"))
    assert [row.labels for row in found.clips] == [("flute", "piano")]
    assert found.overall.precision == pytest.approx(precision)
    assert found.overall.recall == pytest.approx(recall)
    expected = tuple(label for label, value in zip(LABELS, activations, strict=True) if value)
    assert found.to_dict()["clips"][0]["detected"] == expected
    with pytest.raises(DataError, match="several instruments"):
        ensembles(always(*activations), ClipSelection(DataFolders(bank), "train"))


def test_clips_are_spread_over_each_group(bank: Path) -> None:
    chosen = choose(ClipSelection(DataFolders(bank)).clips, lambda clip: (clip.source, clip.labels), 2)
    north = [clip.file for clip in chosen if clip.source == "north" and clip.labels == ("flute",)]
    assert north == ["train/flute/north_C3.wav", "train/flute/north_C4.wav"]
    assert choose([], lambda clip: 0, 2) == []


def test_the_command_measures_activation_and_envelope_models(
    bank: Path, tmp_path: Path, small_checkpoint: Path, small_envelope_checkpoint: Path
) -> None:
    out = tmp_path / "stress.json"
    command = ["stress", str(small_checkpoint), str(small_envelope_checkpoint), "--data", str(bank)]
    result = CliRunner().invoke(main, [*command, "--noise-seconds", "1", "--most", "2", "--json", str(out)])
    assert result.exit_code == 0, result.output
    content = json.loads(out.read_text())
    assert content["schema"] == "irec.stress/1"
    one, other = content["models"].values()
    assert (one["kind"], other["kind"]) == ("activation", "envelope")
    for entry in (one, other):
        assert set(suite.TESTS) < set(entry)
    assert set(one["matrices"]) == {"confusion"}
    assert set(other["matrices"]) == {"noise", "leakage"}
    for part in ("robustness on 3 clips", "false labels a minute", "from onset to label", "ensembles", "leakage"):
        assert part in " ".join(result.output.split())


def test_tests_without_material_are_left_out_unless_asked_for(bank: Path, small_checkpoint: Path) -> None:
    command = ["stress", str(small_checkpoint), "--data", str(bank), "--split", "nothing"]
    result = CliRunner().invoke(main, [*command, "--noise-seconds", "1", "--most", "1"])
    assert result.exit_code == 0, result.output
    assert "no latency:" in result.output
    assert "false labels a minute" in " ".join(result.output.split())
    assert CliRunner().invoke(main, [*command, "--only", "latency"]).exit_code == 2


def test_a_run_that_measures_nothing_is_a_mistake(small_checkpoint: Path, tmp_path: Path) -> None:
    (tmp_path / "manifest.csv").write_text("file,labels,source,split\n")
    result = CliRunner().invoke(main, ["stress", str(small_checkpoint), "--data", str(tmp_path)])
    assert result.exit_code == 2
    assert "nothing was measured" in result.output


def test_an_interrupted_run_keeps_what_it_measured(
    bank: Path, tmp_path: Path, small_checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*args: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setitem(suite.TESTS, "matrices", interrupted)
    out = tmp_path / "stress.json"
    command = ["stress", str(small_checkpoint), "--data", str(bank), "--only", "ensembles", "--only", "matrices"]
    result = CliRunner().invoke(main, [*command, "--json", str(out)])
    assert result.exit_code == 130
    (entry,) = json.loads(out.read_text())["models"].values()
    assert "ensembles" in entry
    assert "matrices" not in entry


def test_unknown_tests_are_named() -> None:
    with pytest.raises(ValueError, match="no stress test is called 'flood'"):
        suite.stress(always(0.0, 0.0, 0.0), "flood", suite.Material(ClipSelection(DataFolders(()))))
