"""Other people's ideas in a model's graph: operators put in behind a tensor, whose plain values they may use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import onnx
from onnx import NodeProto, helper, numpy_helper

PLAIN = ".plain"
"""Behind a tensor's name: what it was before."""


def grafted(data: bytes, tensor: str, nodes: Sequence[NodeProto], weights: Mapping[str, np.ndarray]) -> bytes:
    """A model in which the last of `nodes` gives `tensor`, and what gave it gives its `PLAIN` values."""
    model = onnx.load_from_string(data)
    graph = model.graph
    at, node = next((at, node) for at, node in enumerate(graph.node) if tensor in node.output)
    node.output[list(node.output).index(tensor)] = tensor + PLAIN
    nodes = [*graph.node[: at + 1], *nodes, *graph.node[at + 1 :]]
    del graph.node[:]
    graph.node.extend(nodes)
    graph.initializer.extend(numpy_helper.from_array(value, name) for name, value in weights.items())
    changed: bytes = model.SerializeToString()
    return changed


def sized_by(value: str, tensor: str) -> tuple[list[NodeProto], dict[str, np.ndarray]]:
    """What `grafted` puts behind `tensor` so that it takes 1e6 times as many values as the largest of `value`."""
    nodes = [
        helper.make_node("ReduceMax", [value], ["graft.most"], keepdims=0),
        helper.make_node("Mul", ["graft.most", "graft.million"], ["graft.count"]),
        helper.make_node("Range", ["graft.zero", "graft.count", "graft.one"], ["graft.range"]),
        helper.make_node("ReduceSum", ["graft.range"], ["graft.sum"], keepdims=0),
        helper.make_node("Mul", ["graft.sum", "graft.zero"], ["graft.nothing"]),
        helper.make_node("Add", [tensor + PLAIN, "graft.nothing"], [tensor]),
    ]
    numbers = {"million": 1e6, "zero": 0.0, "one": 1.0}
    return nodes, {f"graft.{name}": np.array(number, np.float32) for name, number in numbers.items()}
