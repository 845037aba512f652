"""Weights in half precision: smaller files, the same speed, answers within the gate."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper

import tiny_models
from irec_export.half_weights import halve_within_gate, store_half, worth_halving
from irec_live.models.detector import Detector
from irec_live.onnx_runtime import load_onnx_runtime

RNG = np.random.default_rng(4)
LARGE = (RNG.standard_normal((8000, 3)) * 1e-2).astype(np.float32)


def model(weight: npt.NDArray[np.float32] = LARGE, bias: float = 0.25) -> onnx.ModelProto:
    """Sigmoid of ``audio @ weight + bias``."""
    nodes = [
        helper.make_node("MatMul", ["audio", "network.weight"], ["product"]),
        helper.make_node("Add", ["product", "network.bias"], ["logits"]),
        helper.make_node("Sigmoid", ["logits"], ["activation"]),
    ]
    constants = {"network.weight": weight, "network.bias": np.full(3, bias, np.float32)}
    return onnx.load_from_string(tiny_models.model_bytes(tiny_models.activation_spec(), nodes, constants, card="# A"))


def windows() -> dict[str, npt.NDArray[np.float32]]:
    noises = {f"noise {n}": 0.1 * RNG.standard_normal(8000).astype(np.float32) for n in range(5)}
    return {**noises, "constant": np.full(8000, 0.5, np.float32)}


def within_gate(graph: onnx.ModelProto) -> tuple[onnx.ModelProto, float, int]:
    trained = ["network.weight", "network.bias"]
    before = Detector(graph.SerializeToString())
    return halve_within_gate(graph, trained, lambda half: half.SerializeToString(), before, windows())


def test_stored_weights_are_float16_and_the_answers_stay() -> None:
    half, difference, count = within_gate(model())
    assert count == 1
    assert 0 < difference < 1e-3
    types = {tensor.name: tensor.data_type for tensor in half.graph.initializer}
    assert types == {"network.weight": TensorProto.FLOAT16, "network.bias": TensorProto.FLOAT}
    assert half.ByteSize() < 0.6 * model().ByteSize()
    onnx.checker.check_model(half, full_check=True)


def test_what_runs_is_float32_again(tmp_path: Path) -> None:
    onnxruntime = load_onnx_runtime()
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = str(tmp_path / "optimized.onnx")
    options.log_severity_level = 4
    half = store_half(model(), ["network.weight"])
    onnxruntime.InferenceSession(half.SerializeToString(), options, providers=["CPUExecutionProvider"])
    runs = onnx.load(tmp_path / "optimized.onnx").graph
    assert "Cast" not in {node.op_type for node in runs.node}
    assert TensorProto.FLOAT16 not in {tensor.data_type for tensor in runs.initializer}


def test_weights_that_matter_too_much_stay_as_they_are() -> None:
    # Large and opposite: on a constant, their rounding is as large as what is left of their sum.
    column = RNG.uniform(16.0, 32.0, (8000, 1)) * np.where(np.arange(8000) % 2, 1.0, -1.0)[:, None]
    loud = np.repeat(column, 3, axis=1).astype(np.float32)
    graph, difference, count = within_gate(model(loud, bias=-0.5 * float(column.sum())))
    assert (difference, count) == (0.0, 0)
    assert {tensor.data_type for tensor in graph.graph.initializer} == {TensorProto.FLOAT}


def test_small_weights_and_those_beyond_float16_are_not_worth_it() -> None:
    beyond = LARGE.copy()
    beyond[0] = 70_000.0
    trained = ["network.weight", "network.bias"]
    assert worth_halving(model(), trained) == ["network.weight"]
    assert worth_halving(model(beyond), trained) == []
    assert worth_halving(model(), ["another"]) == []
