"""Half-precision weight storage: half the file size, the same speed, outputs within a tolerance.

Each large trained weight becomes a float16 initializer and a Cast to float32 behind it. ONNX Runtime folds a Cast of a
constant when it builds the session, so what runs is the float32 graph of before; only the last 13 of a weight's 24 bits
are lost. Front ends keep float32: their tables are exact, and spectra span 80 dB.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from irec_export.verify import Array, compare
from irec_live.models.detector import Detector

HALF_TOLERANCE = 1e-3
"""Largest difference of a probability that half-precision weights may make; a decision needs 100 times as much."""

_SMALLEST = 1024
"""Values of a weight that is worth it: biases and scales save nothing and are the most sensitive."""
_BATCH_SIZES = (3,)  # rounding of weights does not depend on the batch
_SINGLE = "_single"


def store_half(model: onnx.ModelProto, names: Iterable[str]) -> onnx.ModelProto:
    """A copy whose float32 initializers of these names are float16, each cast back in the graph.

    A name stays its weight's name in torch; what the nodes read is called ``NAME_single``.

    Parameters
    ----------
    model : onnx.ModelProto
    names : iterable of str
        Float32 initializers whose values float16 can hold.
    """
    half = onnx.ModelProto()
    half.CopyFrom(model)
    graph = half.graph
    wanted = set(names)
    casts = []
    for tensor in graph.initializer:
        if tensor.name in wanted:
            value = numpy_helper.to_array(tensor).astype(np.float16)
            tensor.CopyFrom(numpy_helper.from_array(value, tensor.name))
            single = tensor.name + _SINGLE
            casts.append(helper.make_node("Cast", [tensor.name], [single], single, to=TensorProto.FLOAT))
    for node in graph.node:
        for index, name in enumerate(node.input):
            if name in wanted:
                node.input[index] = name + _SINGLE
    nodes = [onnx.NodeProto.FromString(node.SerializeToString()) for node in graph.node]
    del graph.node[:]
    graph.node.extend([*casts, *nodes])
    graph.ClearField("value_info")  # initializers may stand in it, with the type that they had
    return half


def worth_halving(model: onnx.ModelProto, trained: Iterable[str]) -> list[str]:
    """Names of trained float32 initializers that are large and within float16's range, the largest first."""
    wanted = set(trained)
    found = {
        tensor.name: numpy_helper.to_array(tensor)
        for tensor in model.graph.initializer
        if tensor.name in wanted and tensor.data_type == TensorProto.FLOAT
    }
    limit = float(np.finfo(np.float16).max)
    large = {name: value for name, value in found.items() if value.size >= _SMALLEST and np.abs(value).max() < limit}
    return sorted(large, key=lambda name: -large[name].size)


def halve_within_gate(
    model: onnx.ModelProto,
    trained: Iterable[str],
    finished: Callable[[onnx.ModelProto], bytes],
    reference: Detector,
    windows: Mapping[str, Array],
) -> tuple[onnx.ModelProto, float, int]:
    """Store as many trained weights in half precision as `HALF_TOLERANCE` allows.

    If all of them change an answer too much, the smaller half of them is left in float32, and so on: those save least.

    Parameters
    ----------
    model : onnx.ModelProto
        Float32.
    trained : iterable of str
        Names of the trained weights among its initializers.
    finished : callable
        Makes a whole file of a graph.
    reference : Detector
        Of `model`.
    windows : mapping of str to (T,) float32
        To compare on.

    Returns
    -------
    onnx.ModelProto
    float
        Largest difference that was seen; 0 if nothing was halved.
    int
        How many weights are in half precision.
    """
    names = worth_halving(model, trained)
    while names:
        half = store_half(model, names)
        difference = compare(reference, Detector(finished(half), provider="cpu"), windows, _BATCH_SIZES).largest
        if difference <= HALF_TOLERANCE:
            return half, difference, len(names)
        names = names[: len(names) // 2]
    return model, 0.0, 0
