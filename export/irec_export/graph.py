"""Exported ONNX graphs: tell the front end from the trained network, and strip export metadata.

The exporter turns every module into plain operators. Front end and network can still be told apart: a network has
weights that were trained, a front end only constants.
"""

from __future__ import annotations

from collections.abc import Iterable, Set

import onnx


def trained_nodes(graph: onnx.GraphProto, weights: Iterable[str]) -> set[str]:
    """Names of the nodes from the first to the last trained weight.

    The rest, the front end before them and the output scale behind them, is arithmetic that reduced precision would
    spoil: power spectra overflow float16, and exponentials magnify rounding.

    Parameters
    ----------
    graph : onnx.GraphProto
        In topological order, every node named.
    weights : iterable of str
        Names of the trained weights among the graph's initializers.
    """
    trained = set(weights)
    after_first = _reached(graph, trained)
    before_last: set[str] = set()
    wanted: set[str] = set()  # tensors that some trained weight's node needs, directly or not
    for node in reversed(graph.node):
        if trained.intersection(node.input) or wanted.intersection(node.output):
            before_last.add(node.name)
            wanted.update(node.input)
    return after_first & before_last


def strip_origin(model: onnx.ModelProto) -> None:
    """Remove what the exporter notes about the machine it ran on: stack traces, file paths, module names."""
    graph = model.graph
    model.doc_string = ""
    graph.doc_string = ""
    for part in (*graph.node, *graph.input, *graph.output, *graph.value_info, *graph.initializer):
        part.doc_string = ""
        del part.metadata_props[:]
    del graph.metadata_props[:]


def _reached(graph: onnx.GraphProto, tensors: Set[str]) -> set[str]:
    """Names of the nodes that depend on any of these tensors."""
    known = set(tensors)
    reached: set[str] = set()
    for node in graph.node:
        if known.intersection(node.input):
            reached.add(node.name)
            known.update(node.output)
    return reached
