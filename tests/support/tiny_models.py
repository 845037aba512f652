"""Tiny ONNX models with honest answers, for tests that need a model but not a trained one.

FIR filters split the sound into K equal bands; the activation model says which bands sound (a sigmoid of the band's
level), the envelope model how loud each one is (RMS at every frame). The stream model says which of three tones sounded
in the last 160 ms, and keeps a state. All build in a millisecond or two, run in well
under one, and obey the same contract as the published models.

Shapes: B batch, T samples in a window, K bands (labels), N frames.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from irec_live.models.columns import COLUMNS, COLUMNS_KEY, FRAMES, ColumnsSpec
from irec_live.models.spec import CARD_KEY, INPUT_NAME, ModelSpec
from irec_live.models.state import NEXT, ROWS, STATE, STATE_KEY, StateSpec

LABELS = ("bass", "flute", "violin")
"""The three bands, lowest first: 0..1333 Hz, 1333..2667 Hz, 2667..4000 Hz."""

TONES_HZ = {"bass": 600.0, "flute": 2000.0, "violin": 3400.0}
"""A frequency in the middle of each label's band: `tone` of it lights that label and no other."""

SAMPLE_RATE = 8000
OPSET = 17
TAPS = 127


def tone(label: str, seconds: float, *, sample_rate: int = SAMPLE_RATE, amplitude: float = 0.5) -> npt.NDArray[Any]:
    """A sine that only `label` hears, float32 (n,); its RMS is ``amplitude / sqrt(2)``."""
    time_s = np.arange(round(seconds * sample_rate)) / sample_rate
    return (amplitude * np.sin(2 * np.pi * TONES_HZ[label] * time_s)).astype(np.float32)


def activation_spec(**changes: Any) -> ModelSpec:
    """Spec of the activation model: 8 kHz, 1 s windows every 100 ms, K = 3."""
    fields: dict[str, Any] = {
        "name": "tiny-activation",
        "title": "Three bands, on or off",
        "kind": "activation",
        "labels": LABELS,
        "sample_rate": SAMPLE_RATE,
        "window_length": SAMPLE_RATE,
        "hop_length": SAMPLE_RATE // 10,
        "architecture": "TinyBands",
        "opset": OPSET,
        "licence": "MIT",
    }
    return ModelSpec(**(fields | changes))


def envelope_spec(**changes: Any) -> ModelSpec:
    """Spec of the envelope model: 8 kHz, windows of 15 x 128 = 1920 samples, 16 frames 128 apart, 8 frames a hop."""
    fields: dict[str, Any] = {
        "name": "tiny-envelope",
        "title": "RMS of three bands",
        "kind": "envelope",
        "labels": LABELS,
        "sample_rate": SAMPLE_RATE,
        "window_length": 15 * 128,
        "hop_length": 8 * 128,
        "frames": 16,
        "frame_hop": 128,
        "architecture": "TinyBands",
        "opset": OPSET,
        "licence": "MIT",
    }
    return ModelSpec(**(fields | changes))


def activation_model(spec: ModelSpec | None = None, *, card: str = "# Tiny\nA test model.") -> bytes:
    """An activation model: 0.5 where a band's RMS is -30 dBFS, 0.95 at -21 dBFS, 0.05 at -39 dBFS.

    Parameters
    ----------
    spec : ModelSpec, optional
        `activation_spec` with other lengths or names, if wanted; any sample rate, any K labels.
    card : str
        Model card to store.

    Returns
    -------
    bytes
        The ``.onnx`` file.
    """
    spec = activation_spec() if spec is None else spec
    nodes, constants = _bands(len(spec.labels))
    constants |= {
        "floor": np.array(1e-12, np.float32),
        "middle": np.array(1e-3, np.float32),  # (-30 dB) as a power
        "slope": np.array(10.0 / np.log(10.0) * np.log(19.0) / 9.0, np.float32),  # 9 dB take 0.5 to 0.95
    }
    nodes += [
        helper.make_node("ReduceMean", ["power"], ["mean"], axes=[2], keepdims=0),
        helper.make_node("Add", ["mean", "floor"], ["positive"]),
        helper.make_node("Div", ["positive", "middle"], ["ratio"]),
        helper.make_node("Log", ["ratio"], ["log"]),
        helper.make_node("Mul", ["log", "slope"], ["logits"]),
        helper.make_node("Sigmoid", ["logits"], ["activation"]),
    ]
    return model_bytes(spec, nodes, constants, card=card)


def envelope_model(spec: ModelSpec | None = None, *, card: str = "# Tiny\nA test model.") -> bytes:
    """An envelope model: frame n is each band's RMS over the `frame_hop` x 2 samples centred on ``n * frame_hop``.

    Beyond the window it hears silence, so the first and last frame read about 3 dB low, as real networks' do.
    """
    spec = envelope_spec() if spec is None else spec
    hop = spec.frame_hop
    nodes, constants = _bands(len(spec.labels))
    constants |= {"zero": np.array(0.0, np.float32), "one": np.array(1.0, np.float32)}
    nodes += [
        helper.make_node(
            "AveragePool",
            ["power"],
            ["mean"],
            kernel_shape=[2 * hop],
            strides=[hop],
            pads=[hop, hop],
            count_include_pad=1,
        ),
        helper.make_node("Clip", ["mean", "zero", "one"], ["clipped"]),
        helper.make_node("Sqrt", ["clipped"], ["envelope"]),
    ]
    return model_bytes(spec, nodes, constants, card=card)


def stream_model(**changes: Any) -> bytes:
    """A model that keeps a state: 0.5 where a tone of `TONES_HZ` has a level of -36 dBFS over the last four steps.

    Frames of 10 ms, steps of four of them, by default windows of 25 steps; the state is the last three steps' powers.
    `changes` are of `activation_spec`.
    """
    length, step, kept = SAMPLE_RATE // 100, 4, 3
    spec = activation_spec(name="tiny-stream", **({"hop_length": step * length} | changes))
    turns = 2 * np.pi * np.arange(length)[:, None] * np.array(list(TONES_HZ.values())) / SAMPLE_RATE
    constants = {
        "cut": np.array([0, spec.window_length // length, length], np.int64),
        "bank": (np.concatenate([np.cos(turns), np.sin(turns)], axis=1) / length).astype(np.float32),
        "pairs": np.array([0, 0, 2, len(LABELS)], np.int64),
        "steps": np.array([0, -1, step, len(LABELS)], np.int64),
        "shape": np.array([kept, len(LABELS)], np.int64),
        "last": np.array([-kept], np.int64),
        "end": np.array([2**31], np.int64),
        "time": np.array([1], np.int64),
        "pair": np.array([2], np.int64),
        "newest": np.array(-1, np.int64),
        "floor": np.array(1e-12, np.float32),
        "middle": np.array(10**-4.2, np.float32),  # half of an amplitude, squared
    }
    nodes = [
        helper.make_node("Reshape", [INPUT_NAME, "cut"], [FRAMES]),
        helper.make_node("MatMul", [FRAMES, "bank"], ["waves"]),
        helper.make_node("Mul", ["waves", "waves"], ["squares"]),
        helper.make_node("Reshape", ["squares", "pairs"], ["paired"]),
        helper.make_node("ReduceSum", ["paired", "pair"], [COLUMNS], keepdims=0),
        helper.make_node("Shape", [INPUT_NAME], ["windows"], start=0, end=1),
        helper.make_node("Concat", ["windows", "shape"], ["sizes"], axis=0),
        helper.make_node("ConstantOfShape", ["sizes"], [f"{STATE}0"]),
        helper.make_node("Reshape", [COLUMNS, "steps"], ["stepped"]),
        helper.make_node("ReduceMean", ["stepped"], ["powers"], axes=[2], keepdims=0),
        helper.make_node("Concat", [f"{STATE}0", "powers"], ["joined"], axis=1),
        helper.make_node("Slice", ["joined", "last", "end", "time"], [f"{NEXT}0"]),
        helper.make_node("Transpose", ["joined"], ["turned"], perm=[0, 2, 1]),
        helper.make_node("AveragePool", ["turned"], ["means"], kernel_shape=[kept + 1]),
        helper.make_node("Transpose", ["means"], ["told"], perm=[0, 2, 1]),
        helper.make_node("Add", ["told", "floor"], ["positive"]),
        helper.make_node("Div", ["positive", "middle"], ["ratio"]),
        helper.make_node("Log", ["ratio"], ["logits"]),
        helper.make_node("Sigmoid", ["logits"], [ROWS]),
        helper.make_node("Gather", [ROWS, "newest"], ["activation"], axis=1),
    ]
    columns = ColumnsSpec(frame_length=length, frame_hop=length, bands=len(LABELS))
    state = StateSpec(step=step, shapes=((kept, len(LABELS)),))
    told = {COLUMNS_KEY: columns.model_dump_json(), STATE_KEY: state.model_dump_json(), CARD_KEY: "# Tiny"}
    return model_bytes(spec, nodes, constants, metadata={**spec.to_metadata(), **told})


def model_bytes(
    spec: ModelSpec | None,
    nodes: list[onnx.NodeProto],
    constants: dict[str, npt.NDArray[Any]],
    *,
    card: str = "",
    output_shape: list[Any] | None = None,
    input_shape: list[Any] | None = None,
    metadata: dict[str, str] | None = None,
) -> bytes:
    """Put nodes together into a model with the spec's input, output and metadata.

    The shapes and the metadata follow from `spec` unless given: wrong ones are how tests make broken models.
    """
    kind = "activation" if spec is None else spec.kind
    if spec is not None:
        input_shape = ["batch", spec.window_length] if input_shape is None else input_shape
        frames = [spec.frames] if spec.frames else []
        output_shape = ["batch", len(spec.labels), *frames] if output_shape is None else output_shape
        metadata = {**spec.to_metadata(), CARD_KEY: card} if metadata is None else metadata
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info(INPUT_NAME, TensorProto.FLOAT, input_shape)],
        [helper.make_tensor_value_info(kind, TensorProto.FLOAT, output_shape)],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)
    helper.set_model_props(model, metadata or {})
    return model.SerializeToString()


def write_activation_model(folder: Path, name: str = "tiny-activation") -> Path:
    """Write `activation_model` to ``folder/name.onnx``; its spec carries the same name."""
    path = folder / f"{name}.onnx"
    path.write_bytes(activation_model(activation_spec(name=name)))
    return path


def write_envelope_model(folder: Path, name: str = "tiny-envelope") -> Path:
    """Write `envelope_model` to ``folder/name.onnx``; its spec carries the same name."""
    path = folder / f"{name}.onnx"
    path.write_bytes(envelope_model(envelope_spec(name=name)))
    return path


def _bands(n_bands: int) -> tuple[list[onnx.NodeProto], dict[str, npt.NDArray[Any]]]:
    """Nodes from ``audio`` (B, T) to the bands' instantaneous ``power`` (B, K, T)."""
    nodes = [
        helper.make_node("Unsqueeze", [INPUT_NAME, "channel"], ["mono"]),
        helper.make_node("Conv", ["mono", "filters"], ["bands"], pads=[TAPS // 2, TAPS // 2]),
        helper.make_node("Mul", ["bands", "bands"], ["power"]),
    ]
    return nodes, {"channel": np.array([1], np.int64), "filters": _filters(n_bands)}


def _filters(n_bands: int) -> npt.NDArray[np.float32]:
    """Windowed-sinc filters (K, 1, TAPS) of K equal bands from 0 to half the sample rate."""
    edges = np.linspace(0.0, 0.5, n_bands + 1)
    n = np.arange(TAPS) - TAPS // 2
    low_passes = [2 * edge * np.sinc(2 * edge * n) for edge in edges]
    taper = np.hamming(TAPS)
    filters = [(upper - lower) * taper for lower, upper in pairwise(low_passes)]
    return np.stack(filters)[:, None, :].astype(np.float32)
