"""What a model says about itself, into metadata and back."""

from __future__ import annotations

import json

import onnx
import pytest
from pydantic import ValidationError

import tiny_models
from irec_live.errors import ModelError
from irec_live.models.detector import Detector
from irec_live.models.provenance import Ancestor, Lineage, Source
from irec_live.models.spec import DEFAULT_THRESHOLD, SPEC_KEY, ModelSpec, Threshold, TradeOff


@pytest.mark.parametrize(
    "spec",
    [
        tiny_models.activation_spec(),
        tiny_models.envelope_spec(),
        tiny_models.activation_spec(
            labels=("Flöte", "鋼琴", "a 'quoted' \"name\""),
            thresholds={"Flöte": Threshold(on=0.6, off=0.4)},
            scores={"macro F1": 0.61},
            seed=3,
        ),
        tiny_models.activation_spec(
            thresholds={"flute": Threshold(on=0.6, again=0.5, off=0.4)},
            trade_off=(TradeOff(offset=-0.1, precision=0.8, recall=0.9), TradeOff(offset=0, precision=0.9, recall=0.7)),
        ),
    ],
    ids=["activation", "envelope", "labels in any script", "decided"],
)
def test_a_spec_survives_the_metadata(spec: ModelSpec) -> None:
    assert ModelSpec.from_metadata(spec.to_metadata()) == spec


def test_the_metadata_names_its_schema() -> None:
    stored = json.loads(tiny_models.activation_spec().to_metadata()[SPEC_KEY])
    assert stored["schema"] == "irec.model/1"


def test_what_a_model_does_not_say_is_not_in_its_metadata() -> None:
    """So that versions that do not know of it read the file still."""
    spec = tiny_models.activation_spec(thresholds={"flute": Threshold(on=0.6, off=0.4)})
    stored = json.loads(spec.to_metadata()[SPEC_KEY])
    assert stored["thresholds"] == {"flute": {"on": 0.6, "off": 0.4}}
    assert "trade_off" not in stored


def test_precision_and_recall_are_told_between_the_offsets_measured_and_not_beyond() -> None:
    points = (TradeOff(offset=-0.2, precision=0.6, recall=0.9), TradeOff(offset=0.2, precision=0.9, recall=0.5))
    spec = tiny_models.activation_spec(trade_off=points)
    assert [spec.trade_off_at(point.offset) for point in points] == list(points)
    assert spec.trade_off_at(0.1) == TradeOff(offset=0.1, precision=0.825, recall=0.6)
    assert spec.trade_off_at(0.21) is None
    assert tiny_models.activation_spec().trade_off_at(0.0) is None
    assert tiny_models.activation_spec(trade_off=points[:1]).trade_off_at(-0.2) == points[0]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"labels": ()}, "labels"),
        ({"labels": ("a", "a", "b")}, "named twice"),
        ({"labels": ("",)}, "labels"),
        ({"labels": ("a", "b\x1b[31m")}, r"labels\.1: there is a control character"),
        ({"labels": ("a\nb",)}, r"labels\.0: there is a control character"),
        ({"title": "two\u2028lines"}, "title: there is a control character"),
        ({"name": "../evil"}, "name"),
        ({"name": ""}, "name"),
        ({"kind": "chords"}, "kind"),
        ({"sample_rate": 0}, "sample_rate"),
        ({"sample_rate": 10**9}, "sample_rate"),
        ({"window_length": 0}, "window_length"),
        ({"window_length": 10**12}, "window_length"),
        ({"hop_length": 0}, "hop_length"),
        ({"hop_length": 8001}, "in no window"),
        ({"thresholds": {"oboe": {"on": 0.5, "off": 0.4}}}, "labels it does not have: oboe"),
        ({"thresholds": {"flute": {"on": 0.4, "off": 0.5}}}, "above on"),
        ({"thresholds": {"flute": {"on": 1.4, "off": 0.5}}}, "thresholds"),
        ({"thresholds": {"flute": {"on": 0.6, "again": 0.7, "off": 0.5}}}, "not between off"),
        ({"thresholds": {"flute": {"on": 0.6, "again": 0.4, "off": 0.5}}}, "not between off"),
        ({"trade_off": [{"offset": 0, "precision": 1, "recall": 0}] * 2}, "do not rise"),
        ({"trade_off": [{"offset": 0, "precision": 1.1, "recall": 0}]}, "trade_off"),
        ({"frames": 16}, "no frames"),
        ({"kind": "envelope"}, "frames >= 2"),
        ({"kind": "envelope", "frames": 16, "frame_hop": 128, "hop_length": 100}, "multiple"),
        ({"colour": "red"}, "colour"),
        ({"schema": "irec.model/2"}, "schema"),
    ],
)
def test_a_spec_that_makes_no_sense_is_refused(change: dict[str, object], reason: str) -> None:
    fields = {**tiny_models.activation_spec().model_dump(mode="json", by_alias=True), **change}
    with pytest.raises(ValidationError):
        ModelSpec.model_validate(fields)
    with pytest.raises(ModelError, match=reason) as caught:
        ModelSpec.from_metadata({SPEC_KEY: json.dumps(fields)}, "x.onnx")
    assert str(caught.value).startswith("x.onnx has unusable")


def test_a_reason_stays_one_line_whatever_the_labels_hold() -> None:
    fields = tiny_models.activation_spec().model_dump(mode="json", by_alias=True)
    fields["thresholds"] = {"line\nbreak" * 200: {"on": 0.5, "off": 0.4}}
    with pytest.raises(ModelError) as caught:
        ModelSpec.from_metadata({SPEC_KEY: json.dumps(fields)})
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 500


def test_lengths_in_seconds_follow_from_samples() -> None:
    spec = tiny_models.envelope_spec()
    assert spec.window_s == 0.24
    assert spec.hop_s == 0.128


def test_labels_without_a_threshold_use_the_default() -> None:
    own = Threshold(on=0.7, off=0.6)
    spec = tiny_models.activation_spec(thresholds={"flute": own})
    assert spec.threshold("flute") == own
    assert spec.threshold("bass") == DEFAULT_THRESHOLD


def test_a_spec_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        tiny_models.activation_spec().name = "other"  # type: ignore[misc]


OLD_SPEC = (
    '{"schema":"irec.model/1","name":"old","title":"Three bands","kind":"activation",'
    '"labels":["bass","flute","violin"],"sample_rate":8000,"window_length":8000,"hop_length":800,"frames":0,"frame_hop":0,'
    '"thresholds":{"flute":{"on":0.6,"off":0.4}},"architecture":"TinyBands","front_end":"","parameters":0,"opset":17,'
    '"precision":"fp32","licence":"MIT","training_data":"","seed":3,"scores":{"dev_macro_map":0.5}}'
)
"""As version 0.1 wrote it."""


def test_a_model_file_of_version_0_1_is_loaded() -> None:
    graph = onnx.load_from_string(tiny_models.activation_model())
    del graph.metadata_props[:]
    graph.metadata_props.add(key=SPEC_KEY, value=OLD_SPEC)
    detector = Detector(graph.SerializeToString())
    assert (detector.spec.name, detector.spec.seed, detector.spec.threshold("flute").on) == ("old", 3, 0.6)
    assert (detector.spec.hyperparameters, detector.spec.sources, detector.spec.lineage) == ({}, (), None)
    assert (detector.spec.weights, detector.spec.published, detector.spec.trained_on) == ("fp32", False, frozenset())
    loud = detector(tiny_models.tone("flute", 1.0)[None])[0]
    assert loud.argmax() == 1


def test_provenance_survives_the_metadata_and_tells_what_was_heard() -> None:
    north, south = Source(name="north", licence="CC0-1.0", clips=5), Source(name="south", clips=2, held_out=True)
    lineage = Lineage(recipe="mine", start="first", step=9, ancestors=(Ancestor(name="first", sources=(north,)),))
    hyperparameters = {"labels": 3, "grid": [4, 1], "front_end": "mel", "gain": False, "dropout": 0.1}
    spec = tiny_models.activation_spec(sources=(south,), lineage=lineage, hyperparameters=hyperparameters)
    again = ModelSpec.from_metadata(spec.to_metadata())
    assert again == spec
    assert again.trained_on == {"north"}
    assert again.hyperparameters == hyperparameters


def test_provenance_of_a_later_version_does_not_keep_a_model_from_running() -> None:
    stored = json.loads(
        tiny_models.activation_spec(sources=(Source(name="north"),), lineage=Lineage()).to_metadata()[SPEC_KEY]
    )
    stored["sources"][0]["microphone"] = "ribbon"
    stored["lineage"]["watts"] = 300
    assert ModelSpec.from_metadata({SPEC_KEY: json.dumps(stored)}).trained_on == {"north"}


@pytest.mark.parametrize(
    ("scores", "line"),
    [({}, ""), ({"mixes_macro_map": 0.5, "dev_macro_map": 0.7594}, "mAP 0.76 on real clips"), ({"F1": 0.3}, "")],
)
def test_the_main_score_stands_in_one_line(scores: dict[str, float], line: str) -> None:
    assert tiny_models.activation_spec(scores=scores).score_line == line
