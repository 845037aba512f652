"""The models that come with the app: whole, described, small, and accounted for in the README beside them."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

import irec_assets
from irec_live.models.catalog import bundled_models
from irec_live.models.detector import Detector
from irec_live.models.names import DEFAULT_ACTIVATION, DEFAULT_ENVELOPE
from irec_live.models.onnx_file import inspect_model

LABELS = (
    *("cello", "clarinet", "flute", "acoustic guitar", "electric guitar", "organ", "piano"),
    *("saxophone", "trumpet", "violin", "voice", "bass", "drums"),
)

paths = sorted(irec_assets.models_folder().glob("*.onnx"))
each = pytest.mark.parametrize("path", paths, ids=[path.stem for path in paths])


def test_both_default_models_are_bundled() -> None:
    kinds = {model.name: model.spec.kind for model in bundled_models()}
    assert kinds[DEFAULT_ACTIVATION] == "activation"
    assert kinds[DEFAULT_ENVELOPE] == "envelope"


@each
def test_a_bundled_model_runs_and_answers_a_window_alike_wherever_it_stands(path: Path) -> None:
    detector = Detector(path)
    silence = np.zeros((3, detector.spec.window_length), np.float32)
    answer = detector(silence)
    assert answer.shape[:2] == (3, len(detector.spec.labels))
    np.testing.assert_array_equal(answer[0], answer[2])


@each
def test_a_bundled_model_says_where_it_comes_from(path: Path) -> None:
    detector = Detector(path)
    spec = detector.spec
    assert spec.name == path.stem
    assert spec.labels[: len(LABELS)] == LABELS
    assert spec.precision == "fp32"
    assert spec.opset > 0
    assert spec.parameters > 0
    for told in (spec.title, spec.licence, spec.training_data, spec.architecture, spec.front_end, detector.card):
        assert told.strip()
    assert spec.scores


@each
def test_a_bundled_model_is_small_and_tells_nothing_of_the_machine_that_made_it(path: Path) -> None:
    data = path.read_bytes()
    assert len(data) < 15e6
    assert inspect_model(data).n_nodes < 2000
    for trace in (b"site-packages", b"/home/", b"/root/"):
        assert trace not in data


@each
def test_a_bundled_model_stands_in_the_readme_with_its_sha256(path: Path) -> None:
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    lines = (irec_assets.models_folder().parent / "README.md").read_text("utf-8").splitlines()
    assert any(path.name in line and digest in line for line in lines), (
        f"assets/irec_assets/README.md needs a row with `{path.name}` and {digest}"
    )
