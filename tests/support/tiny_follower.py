"""Tiny files of a network with a state that gives maps, and of a network of envelopes whose head can follow it.

Shapes: R steps, V windows of two steps, K labels, N frames in a window.
"""

from __future__ import annotations

import json
from functools import cache

import network_fixtures
import numpy as np
import onnx
import torch
from onnx import NodeProto, helper, numpy_helper
from tiny_columns import LENGTH, RATE
from tiny_stream import STEP, TinyNet, network, spec

from irec_live.models.columns import COLUMNS
from irec_live.models.detector import Detector
from irec_live.models.spec import SPEC_KEY, ModelSpec
from irec_live.models.state import ROWS, STATE_KEY
from irec_live.models.trunk import FOLLOWED, MAPS, TRUNK_KEY
from irec_live.streaming.overlap_add import OverlapAdd

LABELS = ("voice", "drums", "flute")
HOP, FRAME_HOP, FRAMES, STEPS = STEP * TinyNet.column_hop, 40, 10, 2
MAP_SHAPES = ((3, 1), (12, STEP))
SHORT = 440
"""Samples in a window of envelopes: a column less than two steps have."""


class ShortNet(TinyNet):
    """The same network on short windows."""

    window_length = SHORT


def envelope_spec() -> ModelSpec:
    return ModelSpec(
        name="tiny-envelope",
        kind="envelope",
        labels=LABELS,
        sample_rate=RATE,
        window_length=SHORT,
        hop_length=HOP,
        frames=FRAMES,
        frame_hop=FRAME_HOP,
    )


@cache
def weights() -> np.ndarray:
    """Of the head: both maps of a window, (102, K * N)."""
    return np.random.default_rng(5).normal(0.0, 0.7, (STEPS * (3 + 12 * STEP), 3 * FRAMES)).astype(np.float32)


def with_trunk(model: onnx.ModelProto, columns: str) -> None:
    """Give a graph its maps: rows and columns, time last."""
    model.graph.node.append(helper.make_node("Transpose", [ROWS], [f"{MAPS}0"], perm=[0, 2, 1]))
    model.graph.node.append(helper.make_node("Transpose", [columns], [f"{MAPS}1"], perm=[0, 2, 1]))
    model.metadata_props.add(key=TRUNK_KEY, value=json.dumps({"maps": MAP_SHAPES}))


def trunk_said(**changed: object) -> str:
    """What the second file says of the trunk that its head reads, but for some of it."""
    network = Detector(followed()).stateful
    assert network is not None
    return json.dumps({"maps": MAP_SHAPES, "of": network.trunk_print, "steps": STEPS} | changed)


def put_behind(model: onnx.ModelProto, tensor: str, nodes: list[NodeProto]) -> None:
    """Nodes from a tensor to the tensor that whoever read it reads from now on: the output of the last of them."""
    for node in model.graph.node:
        for place, name in enumerate(node.input):
            if name == tensor:
                node.input[place] = nodes[-1].output[0]
    at = next(at for at, node in enumerate(model.graph.node) if tensor in node.output)
    rest = [*model.graph.node[: at + 1], *nodes, *model.graph.node[at + 1 :]]
    del model.graph.node[:]
    model.graph.node.extend(rest)


@cache
def followed() -> bytes:
    """The file of `tiny_stream` with maps."""
    model = onnx.load_from_string(network_fixtures.exported(network(), spec()))
    with_trunk(model, COLUMNS)
    made: bytes = model.SerializeToString()
    return made


@cache
def follower() -> bytes:
    """The file of a network whose windows are two steps of a stream that begins with them."""
    net = ShortNet().eval()
    net.load_state_dict(network().state_dict())
    model = onnx.load_from_string(network_fixtures.exported(net, spec()))
    last = [
        helper.make_node("Slice", [COLUMNS, "head.from", "head.to", "head.axis"], ["head.last"]),
        helper.make_node("Concat", [COLUMNS, "head.last"], ["trunk.columns"], axis=1),
    ]
    put_behind(model, COLUMNS, last)
    with_trunk(model, "trunk.columns")
    model.graph.node.extend(
        [
            *(helper.make_node("Flatten", [f"{MAPS}{at}"], [f"head.{at}"]) for at in range(2)),
            helper.make_node("Concat", ["head.0", "head.1"], ["head.both"], axis=1),
            helper.make_node("MatMul", ["head.both", "head.weights"], ["head.sums"]),
            helper.make_node("Sigmoid", ["head.sums"], ["head.values"]),
            helper.make_node("Reshape", ["head.values", "head.shape"], ["envelope"]),
            helper.make_node("Identity", ["envelope"], [FOLLOWED]),
        ]
    )
    numbers = {
        "from": np.array([-1]),
        "to": np.array([2**31]),
        "axis": np.array([1]),
        "shape": np.array([0, 3, FRAMES]),
    }
    model.graph.initializer.extend(
        [numpy_helper.from_array(weights(), "head.weights")]
        + [numpy_helper.from_array(np.array(value, np.int64), f"head.{name}") for name, value in numbers.items()]
    )
    del model.graph.output[:]
    shape = ["batch", 3, FRAMES]
    model.graph.output.append(helper.make_tensor_value_info("envelope", onnx.TensorProto.FLOAT, shape))
    kept = {entry.key: entry.value for entry in model.metadata_props if entry.key != STATE_KEY}
    kept |= {SPEC_KEY: envelope_spec().to_metadata()[SPEC_KEY], TRUNK_KEY: trunk_said()}
    del model.metadata_props[:]
    for key, value in kept.items():
        model.metadata_props.add(key=key, value=value)
    made: bytes = model.SerializeToString()
    return made


def with_metadata(data: bytes, **said: str | None) -> bytes:
    """A file that says other things: by the last part of its keys; None for nothing."""
    model = onnx.load_from_string(data)
    kept = {entry.key: entry.value for entry in model.metadata_props}
    kept.update({f"irec.{name}": value for name, value in said.items()})
    del model.metadata_props[:]
    for key, value in kept.items():
        if value is not None:
            model.metadata_props.add(key=key, value=value)
    made: bytes = model.SerializeToString()
    return made


def windows_directly(signal: np.ndarray) -> np.ndarray:
    """Envelopes (V, K, N) of every two steps of a stream that the trunk is given at once."""
    net = network()
    with torch.no_grad():
        columns = net.columns_of(net.frames_of(torch.from_numpy(signal)[None]))
        columns = columns[:, : columns.shape[1] // STEP * STEP]
        rows = torch.sigmoid(net.advance(columns)[0][0]).numpy()
    by_step = columns[0].numpy().reshape(len(rows), STEP, -1)
    said = []
    for step in range(len(rows) - 1):
        two = np.concatenate(
            [rows[step : step + 2].T.ravel(), by_step[step : step + 2].reshape(2 * STEP, -1).T.ravel()]
        )
        said.append(1.0 / (1.0 + np.exp(-two @ weights())))
    return np.array(said, np.float32).reshape(-1, 3, FRAMES)


def stitched(windows: np.ndarray, first: int = 0) -> np.ndarray:
    """Rows (M, K) of overlapping windows, from the step `first` on, one a step."""
    add, hop = OverlapAdd(3, FRAMES, HOP // FRAME_HOP), HOP // FRAME_HOP
    parts = [add.push(window, hop * (first + step))[0] for step, window in enumerate(windows)]
    return np.concatenate([*parts, add.flush()[0]])


def heard_directly(signal: np.ndarray) -> np.ndarray:
    """Rows (M, K), of `LABELS`, of a signal of whole hops behind a first window: to its end, where the last is held."""
    assert (len(signal) - LENGTH) % HOP == 0
    rows = stitched(windows_directly(signal))
    held = np.repeat(rows[-1:], len(signal) // FRAME_HOP + 1 - len(rows), axis=0)
    return np.concatenate([rows, held])
