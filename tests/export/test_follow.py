"""A file of envelopes is given a head, and follows; what does not go together is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from click.testing import CliRunner
from network_fixtures import write_network

from irec_export.follow import put_head
from irec_export.to_onnx import export
from irec_live.errors import ExportError
from irec_live.models.detector import Detector
from irec_live.streaming.model_stream import head_that_follows
from irec_models.cli import main
from irec_models.nets import Network, TuttiMobileEnvelopeNet, TuttiStreamEnvelopeNet, TuttiStreamNet


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files of a network of windows, of a head on a trunk, of that trunk, and of another trunk."""
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("follow")
    head = TuttiStreamEnvelopeNet(3)
    torch.nn.init.normal_(head.stream.longer.weight, 0.0, 0.02)
    torch.nn.init.normal_(head.output.weight, 0.0, 2.0)
    torch.nn.init.constant_(head.output.bias, 2.0)  # loud enough to tell one trunk from another
    trunk, other = TuttiStreamNet(3, folded=True), TuttiStreamNet(3, folded=True)
    given = {name: value for name, value in head.stream.state_dict().items() if name in trunk.state_dict()}
    trunk.load_state_dict(given, strict=False)
    networks: dict[str, tuple[Network, int]] = {
        "windows": (TuttiMobileEnvelopeNet(3), 5760),
        "head": (head, 5120),
        "trunk": (trunk, 5120),
        "other": (other, 5120),
    }
    for name, (network, hop) in networks.items():
        write_network(folder / f"{name}.pt", network.eval(), hop_length=hop)
        export(folder / f"{name}.pt", folder / f"{name}.onnx", tolerance=1e-3)
    return folder


def test_it_follows_and_says_alone_what_it_said_before(files: Path, tmp_path: Path) -> None:
    out = tmp_path / "made.onnx"
    arguments = ["--head", str(files / "head.onnx"), "--beside", str(files / "trunk.onnx"), "--out", str(out)]
    for model in (files / "windows.onnx", out):  # and a head in the place of the one that is there
        result = CliRunner().invoke(main, ["follow", str(model), *arguments])
        assert result.exit_code == 0, result.output
    made, trunk, before = Detector(out), Detector(files / "trunk.onnx"), Detector(files / "windows.onnx")
    assert made.head is not None
    assert head_that_follows([trunk, made]) is made.head
    assert head_that_follows([Detector(files / "other.onnx"), made]) is None
    assert head_that_follows([trunk, before]) is None
    windows = np.random.default_rng(0).normal(0.0, 0.1, (2, made.spec.window_length)).astype(np.float32)
    np.testing.assert_array_equal(made(windows), before(windows))
    assert made.spec == before.spec
    assert made.card.count("## Beside another network") == 1
    onnx.checker.check_model(onnx.load(str(out)), full_check=True)


@pytest.mark.parametrize(
    ("names", "problem"),
    [
        (("windows", "head", "other"), "was trained behind another trunk"),
        (("windows", "head", "windows"), "has no trunk that another network could follow"),
        (("windows", "windows", "trunk"), "reads no maps such as"),
        (("trunk", "head", "trunk"), "have other labels or frames"),
    ],
)
def test_what_does_not_go_together_is_refused(
    files: Path, tmp_path: Path, names: tuple[str, str, str], problem: str
) -> None:
    with pytest.raises(ExportError, match=problem):
        put_head(*(files / f"{name}.onnx" for name in names), tmp_path / "made.onnx")
    assert not list(tmp_path.iterdir())
