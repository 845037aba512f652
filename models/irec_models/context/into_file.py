"""A context head as part of an exported file: nodes behind the network's readings, that its own output does not need.

Other programs that run the file get what they got before; the app cuts the head out (`irec_live.models.context`).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import onnx
import torch
from onnx import helper, numpy_helper
from torch import Tensor, nn

from irec_live.errors import ExportError
from irec_live.models.context import CONTEXT, CONTEXT_KEY, DECIDED, FEATURES
from irec_models.context.head import LIMIT, ContextHeadNet

_PREFIX = "context."
_READ = "network.read.weight"


def with_head(content: bytes, head: ContextHeadNet) -> bytes:
    """An exported model with a head in the place of any that it had.

    Parameters
    ----------
    content : bytes
        Of a file of ``tutti-mobile``.
    head : ContextHeadNet

    Raises
    ------
    ExportError
        The graph has no such readings or logits.
    """
    model = onnx.load_model_from_string(content)
    graph = model.graph
    _remove(graph)
    readings, logits = _places(graph)
    for name, value in _weights(head).items():
        graph.initializer.append(numpy_helper.from_array(value, _PREFIX + name))
    graph.node.extend(_nodes(readings, logits, head.spec.size // head.spec.width))
    kept = {entry.key: entry.value for entry in model.metadata_props}
    kept[CONTEXT_KEY] = head.spec.model_dump_json()
    del model.metadata_props[:]
    for key, value in sorted(kept.items()):
        model.metadata_props.add(key=key, value=value)
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString(deterministic=True))


def _remove(graph: onnx.GraphProto) -> None:
    """Take a head out that is there already."""
    nodes = [node for node in graph.node if not node.name.startswith(_PREFIX)]
    weights = [tensor for tensor in graph.initializer if not tensor.name.startswith(_PREFIX)]
    kept = [onnx.NodeProto.FromString(node.SerializeToString()) for node in nodes]
    held = [onnx.TensorProto.FromString(tensor.SerializeToString()) for tensor in weights]
    del graph.node[:], graph.initializer[:]
    graph.node.extend(kept)
    graph.initializer.extend(held)


def _places(graph: onnx.GraphProto) -> tuple[str, str]:
    """Names of the readings, (B, E), and of the logits, (B, K)."""
    names = {_READ, *(name for node in graph.node if _READ in node.input for name in node.output)}
    reading = next((node for node in graph.node if names & set(node.input[1:])), None)
    made = {name: node for node in graph.node for name in node.output}
    last = made.get(graph.output[0].name)
    if reading is None or last is None or last.op_type != "Sigmoid":
        raise ExportError("the graph has no readings and logits that a context head could be put behind")
    return reading.input[0], last.input[0]


def _weights(head: ContextHeadNet) -> dict[str, npt.NDArray[np.float32]]:
    """Matrices and offsets of the exported head, by name."""
    with torch.no_grad():
        # Standardised readings, projected, are readings projected by other weights.
        project = head.project.weight / head.deviation
        offset = _offset(head.project) - project @ head.mean
        straight = torch.zeros(head.spec.size, head.labels)
        for place, share in enumerate(head.shares):
            first = place * head.spec.width + head.projection
            straight[first : first + head.labels] = torch.diag(4 * (1 - head.own) * share)
        newest = slice(head.projection, head.spec.width)
        straight[newest] += 4 * head.own * torch.eye(head.labels)
        found = {
            "project": project.T,
            "project_offset": offset,
            "between": head.between.weight.T,
            "between_offset": _offset(head.between),
            "output": (1 - head.own) * head.output.weight.T,
            "output_offset": (1 - head.own) * _offset(head.output),
            "straight": straight,
            "lowest": torch.tensor(-LIMIT),
            "highest": torch.tensor(LIMIT),
            "quarter": torch.tensor(0.25),
        }
        return {name: np.ascontiguousarray(value.numpy(), np.float32) for name, value in found.items()}


def _offset(layer: nn.Linear) -> Tensor:
    return layer.bias if layer.bias is not None else torch.zeros(layer.out_features)


def _nodes(readings: str, logits: str, parts: int) -> list[onnx.NodeProto]:
    """The head, with a context made of one window's features; the app puts its own in that place."""
    plan = [
        ("Gemm", [readings, "project", "project_offset"], "projected"),
        ("Relu", ["projected"], "lit"),
        ("Clip", [logits, "lowest", "highest"], "bounded"),
        ("Mul", ["bounded", "quarter"], "scaled"),
        ("Concat", ["lit", "scaled"], FEATURES),
        ("Concat", [FEATURES] * parts, CONTEXT),
        ("Gemm", [CONTEXT, "between", "between_offset"], "hidden"),
        ("Relu", ["hidden"], "active"),
        ("Gemm", ["active", "output", "output_offset"], "told"),
        ("MatMul", [CONTEXT, "straight"], "own"),
        ("Add", ["told", "own"], "sum"),
        ("Sigmoid", ["sum"], DECIDED),
    ]
    whole = {readings, logits, FEATURES, CONTEXT, DECIDED}

    def named(name: str) -> str:
        return name if name in whole else _PREFIX + name

    nodes = []
    for operator, inputs, output in plan:
        node = helper.make_node(operator, [named(name) for name in inputs], [named(output)], name=_PREFIX + output)
        if operator == "Concat":
            node.attribute.append(helper.make_attribute("axis", 1))
        nodes.append(node)
    return nodes
