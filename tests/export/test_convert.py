"""What a converted graph holds, and that it answers as torch does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from irec_export.convert import OPSET, TRACED_BATCH, convert, finish
from irec_export.graph import trained_nodes
from irec_export.verify import BATCH_SIZES
from irec_live.errors import ExportError
from irec_live.models.detector import Detector
from irec_live.models.onnx_file import inspect_model
from irec_models.checkpoint import load_checkpoint
from irec_models.nets import Network


@pytest.fixture(scope="module", params=["han", "neuroment"])
def checkpoint_path(request: pytest.FixtureRequest, save_random: Callable[[str], Path]) -> Path:
    return save_random(request.param)


@pytest.fixture(scope="module")
def network(checkpoint_path: Path) -> Network:
    return load_checkpoint(checkpoint_path).network()


@pytest.fixture(scope="module")
def converted(network: Network) -> onnx.ModelProto:
    return convert(network)


@pytest.fixture(scope="module")
def data(checkpoint_path: Path, network: Network, converted: onnx.ModelProto) -> bytes:
    return finish(converted, network, load_checkpoint(checkpoint_path), "fp32")


def test_no_verified_batch_size_is_the_traced_one() -> None:
    assert TRACED_BATCH not in BATCH_SIZES
    assert 1 in BATCH_SIZES


@pytest.mark.parametrize("batch", [1, 2, 3, 7])
def test_the_file_answers_as_torch_does_at_any_batch_size(data: bytes, network: Network, batch: int) -> None:
    rng = np.random.default_rng(batch)
    windows = (0.2 * rng.standard_normal((batch, network.window_length))).astype(np.float32)
    with torch.inference_mode():
        expected = network.predict(torch.from_numpy(windows)).numpy()
    np.testing.assert_allclose(Detector(data)(windows), expected, atol=1e-5)


def test_the_file_says_what_the_network_is(data: bytes, network: Network) -> None:
    detector = Detector(data)
    spec = detector.spec
    assert (spec.opset, spec.precision) == (OPSET, "fp32")
    assert spec.parameters == sum(parameter.numel() for parameter in network.parameters())
    assert spec.labels == ("flute", "piano", "violin")
    assert detector.card == "# Random\nNo use."


def test_the_file_is_one_file_with_a_free_batch_axis(data: bytes, network: Network) -> None:
    contents = inspect_model(data)
    assert contents.opset == OPSET
    assert contents.inputs[0].shape == ("batch", network.window_length)
    assert contents.outputs[0].shape is not None
    assert contents.outputs[0].shape[0] == "batch"


def test_the_file_is_small_enough_to_bundle(data: bytes) -> None:
    assert len(data) < 15e6


def test_the_spectrum_is_computed_without_the_slow_operators(converted: onnx.ModelProto) -> None:
    operators = {node.op_type for node in converted.graph.node}
    assert not operators & {"STFT", "DFT", "GatherND", "Loop", "Scan", "If"}


def test_nothing_in_the_file_tells_of_the_machine_that_made_it(data: bytes) -> None:
    for trace in (b"site-packages", str(Path.cwd()).encode(), b".py", b"torch.nn", b"pkg.torch"):
        assert trace not in data


def test_converting_twice_gives_the_same_file(
    data: bytes, checkpoint_path: Path, network: Network, converted: onnx.ModelProto
) -> None:
    assert finish(converted, network, load_checkpoint(checkpoint_path), "fp32") == data


def test_front_end_and_output_scale_are_told_from_the_trained_part(
    converted: onnx.ModelProto, network: Network
) -> None:
    weights = [f"network.{name}" for name, _ in network.named_parameters()]
    trained = trained_nodes(converted.graph, weights)
    kinds = {node.op_type for node in converted.graph.node if node.name in trained}
    rest = {node.op_type for node in converted.graph.node if node.name not in trained}
    assert {"Conv", "Gemm"} <= kinds
    assert not {"Log", "Sqrt", "Sigmoid", "Exp"} & kinds
    assert {"MatMul", "Log", "Sqrt", "Sigmoid"} <= rest
    assert "Conv" not in rest
    assert trained_nodes(converted.graph, []) == set()


def test_weights_that_are_not_finite_are_refused(tiny_checkpoint: Path) -> None:
    network = load_checkpoint(tiny_checkpoint).network()
    with torch.no_grad():
        next(network.parameters()).view(-1)[0] = torch.nan
    with pytest.raises(ExportError, match="not finite"):
        convert(network)


def test_a_network_that_onnx_cannot_express_is_refused_in_one_sentence(
    tiny_checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = load_checkpoint(tiny_checkpoint).network()

    def depends_on_data(audio: torch.Tensor) -> torch.Tensor:
        return audio if audio.sum() > 0 else -audio

    monkeypatch.setattr(network, "predict", depends_on_data)
    with pytest.raises(ExportError, match="cannot be expressed in ONNX") as caught:
        convert(network)
    assert "\n" not in str(caught.value)


def test_ctrl_c_is_not_taken_for_a_network_that_cannot_be_exported(
    tiny_checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*args: object, **kwargs: object) -> None:
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt as error:
            raise torch.onnx.errors.OnnxExporterError("Failed to export the model") from error

    monkeypatch.setattr("torch.onnx.export", interrupted)
    with pytest.raises(KeyboardInterrupt):
        convert(load_checkpoint(tiny_checkpoint).network())
