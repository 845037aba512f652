"""Quantisation (fp16, int8) of the trained part of a network; its front end and output scale stay float32.

Whether either is worth having depends on the machine: few processors multiply float16 natively, and int8 gains only
where the convolutions, not memory, are the limit. So both stand behind the same gates as any export: equal answers,
and no slower than float32.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, MutableSequence, Sequence, Set
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from irec_live.models.spec import INPUT_NAME
from irec_live.onnx_runtime import load_onnx_runtime

Precision = Literal["fp32", "fp16", "int8"]

_BATCH = 4
_HALF = "_half"
_QUANTIZABLE = ("Conv", "Gemm", "MatMul")


def to_fp16(model: onnx.ModelProto, trained: Set[str]) -> onnx.ModelProto:
    """A copy whose nodes named in `trained` compute in float16; input, output and all else stay float32."""
    half = onnx.ModelProto()
    half.CopyFrom(model)
    graph = half.graph
    floats = _float_tensors(model)
    weights = {tensor.name: tensor for tensor in graph.initializer if tensor.name in floats}
    inside = [node for node in graph.node if node.name in trained]
    made_inside = {name for node in inside for name in node.output if name in floats}
    used_outside = {name for node in graph.node if node.name not in trained for name in node.input}
    used_outside.update(port.name for port in graph.output)

    nodes: list[onnx.NodeProto] = []
    halved: set[str] = set()  # weights and incoming tensors that have a float16 twin by now
    for node in graph.node:
        if node.name not in trained:
            nodes.append(node)
            continue
        for name in node.input:
            if name not in floats or name in made_inside or name in halved:
                continue
            halved.add(name)
            if name in weights:
                # Beyond float16's range a weight becomes infinite; the parity gate sees that.
                with np.errstate(over="ignore"):
                    value = numpy_helper.to_array(weights[name]).astype(np.float16)
                graph.initializer.append(numpy_helper.from_array(value, name + _HALF))
            else:
                nodes.append(helper.make_node("Cast", [name], [name + _HALF], f"{name}{_HALF}", to=TensorProto.FLOAT16))
        _rename(node.input, floats)
        outputs = list(node.output)
        _rename(node.output, floats)
        nodes.append(node)
        for name in outputs:
            if name in floats and name in used_outside:
                nodes.append(helper.make_node("Cast", [name + _HALF], [name], f"{name}_float", to=TensorProto.FLOAT))
    kept = [tensor for tensor in graph.initializer if tensor.name not in halved or tensor.name in used_outside]
    _replace(graph.node, nodes)
    _replace(graph.initializer, kept)
    graph.ClearField("value_info")  # types have changed; inference finds the new ones
    return half


def to_int8(
    model: onnx.ModelProto, trained: Set[str], calibration: Mapping[str, npt.NDArray[np.float32]]
) -> onnx.ModelProto:
    """A copy whose convolutions and products named in `trained` are int8, with ranges seen on `calibration`.

    Parameters
    ----------
    model : onnx.ModelProto
    trained : set of str
        Names of the nodes that may be quantised.
    calibration : mapping of str to (T,) float32
        Windows that are typical of the network's input.
    """
    quantization = load_onnx_runtime("quantization")

    rest = [node.name for node in model.graph.node if node.name not in trained]
    with tempfile.TemporaryDirectory(prefix="irec-export-") as folder:
        source, out = Path(folder) / "fp32.onnx", Path(folder) / "int8.onnx"
        onnx.save(model, source)
        quantization.quantize_static(
            source,
            out,
            _Calibration(calibration),
            quant_format=quantization.QuantFormat.QDQ,
            op_types_to_quantize=list(_QUANTIZABLE),
            nodes_to_exclude=rest,
            per_channel=True,
            activation_type=quantization.QuantType.QUInt8,
            weight_type=quantization.QuantType.QInt8,
            calibrate_method=quantization.CalibrationMethod.MinMax,
        )
        return onnx.load(out)


def _float_tensors(model: onnx.ModelProto) -> set[str]:
    """Names of everything in the graph that is float32."""
    graph = onnx.shape_inference.infer_shapes(model, strict_mode=True).graph
    ports = (*graph.input, *graph.output, *graph.value_info)
    names = {port.name for port in ports if port.type.tensor_type.elem_type == TensorProto.FLOAT}
    return names | {tensor.name for tensor in graph.initializer if tensor.data_type == TensorProto.FLOAT}


def _rename(names: MutableSequence[str], floats: Set[str]) -> None:
    for index, name in enumerate(names):
        if name in floats:
            names[index] = name + _HALF


def _replace(field: Any, values: Sequence[Any]) -> None:
    """Set a repeated field to messages that may be its own: copies first, since clearing frees them."""
    copies = [type(value).FromString(value.SerializeToString()) for value in values]
    del field[:]
    field.extend(copies)


class _Calibration:
    """Hands the calibration windows out, some at a time."""

    def __init__(self, windows: Mapping[str, npt.NDArray[np.float32]]) -> None:
        stacked = np.stack(list(windows.values()))
        batches = (stacked[start : start + _BATCH] for start in range(0, len(stacked), _BATCH))
        self._feeds: Iterator[dict[str, Any]] = iter([{INPUT_NAME: batch} for batch in batches])

    def get_next(self) -> dict[str, Any] | None:
        return next(self._feeds, None)
