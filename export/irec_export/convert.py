"""A torch network as an ONNX graph with metadata, valid but not yet proven equal.

Shapes: B batch, T samples in a window.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
import onnx
import onnx.compose
import torch
from onnx import helper, numpy_helper
from torch import Tensor, nn

from irec_export.graph import strip_origin
from irec_export.quantize import Precision
from irec_live.errors import ExportError
from irec_live.models.columns import COLUMNS, COLUMNS_KEY, FRAMES, ColumnsSpec
from irec_live.models.context import CONTEXT_KEY
from irec_live.models.spec import CARD_KEY, INPUT_NAME, ModelSpec
from irec_live.models.state import NEXT, ROWS, STATE, STATE_KEY, StateSpec
from irec_live.models.trunk import MAPS, TRUNK_KEY, TrunkSpec
from irec_models.checkpoint import Checkpoint
from irec_models.nets import Network, StatefulNetwork
from irec_models.nets.column_network import ColumnNetwork

OPSET = 18
"""The lowest that torch's exporter writes natively, so the file runs on old runtimes too."""

TRACED_BATCH = 2

_KEPT = (COLUMNS_KEY, CONTEXT_KEY, STATE_KEY, TRUNK_KEY)


class _Predict(nn.Module):
    """The one function that is exported: audio to probabilities."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, audio: Tensor) -> Tensor:
        return self.network.predict(audio)


class _PredictWithColumns(nn.Module):
    """The same, with the tensors given out that the app cuts the graph at.

    See `irec_live.models.columns` and `irec_live.models.trunk`.
    """

    def __init__(self, network: ColumnNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, audio: Tensor) -> tuple[Tensor, ...]:
        return self.network.predict_with_maps(audio)


class _Columns(nn.Module):
    """Audio to frames and columns: the first part of a network that keeps a state."""

    def __init__(self, network: ColumnNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, audio: Tensor) -> tuple[Tensor, Tensor]:
        frames = self.network.frames_of(audio)
        return frames, self.network.columns_of(frames)


class _Advance(nn.Module):
    """Columns and a state to activations, the next state, and the maps on the way: the second part."""

    def __init__(self, network: StatefulNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, columns: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        logits, after, maps = self.network.advance_with_maps(columns, state)
        return self.network.probabilities(logits), *after, *maps


def convert(network: Network) -> onnx.ModelProto:
    """The network as a float32 graph: raw audio in, probabilities out, the batch axis free; no metadata yet.

    Raises
    ------
    ExportError
        Its weights are not finite, or it has a part that cannot be expressed in ONNX.
    """
    broken = [name for name, value in network.state_dict().items() if not bool(torch.isfinite(value).all())]
    if broken:
        raise ExportError(f"{len(broken)} weights are not finite ({broken[0]} ...); the training has diverged")
    if isinstance(network, StatefulNetwork):
        return _with_state(network)
    audio = torch.zeros(TRACED_BATCH, network.window_length)
    batch = {0: torch.export.Dim("batch")}
    if not isinstance(network, ColumnNetwork):
        return _traced(_Predict(network), (audio,), [INPUT_NAME], [network.kind], (batch,))
    names = [network.kind, FRAMES, COLUMNS, *_map_names(network)]
    model = _traced(_PredictWithColumns(network), (audio,), [INPUT_NAME], names, (batch,))
    del model.graph.output[1:]  # the tensors keep their names; what a file tells is the first alone
    return model


def _traced(
    module: nn.Module, given: tuple[Any, ...], inputs: Sequence[str], outputs: Sequence[str], sizes: tuple[Any, ...]
) -> onnx.ModelProto:
    """The graph of a module, without what the exporter notes about this machine.

    Parameters
    ----------
    module : nn.Module
    given : tuple
        What it is called with.
    inputs, outputs : sequence of str
        Names.
    sizes : tuple
        Free axes of `given`.
    """
    try:
        with quiet():
            program = torch.onnx.export(
                module.eval(),
                given,
                input_names=inputs,
                output_names=outputs,
                dynamic_shapes=sizes,
                opset_version=OPSET,
                dynamo=True,
                external_data=False,
                optimize=True,
                verbose=False,
            )
    except (torch.onnx.errors.OnnxExporterError, RuntimeError) as error:
        if _interrupted(error):
            raise KeyboardInterrupt from error
        reason = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
        raise ExportError(f"the network cannot be expressed in ONNX: {reason[:200]}") from error
    if program is None:
        raise ExportError("the exporter returned nothing")
    model = program.model_proto
    strip_origin(model)
    return model


def _with_state(network: StatefulNetwork) -> onnx.ModelProto:
    """Audio to activations, by way of the graph that the app runs over a stream; see `irec_live.models.state`.

    A stream that begins with the window: its state is zeros, as many as there are windows.
    """
    batch, steps = torch.export.Dim("batch"), torch.export.Dim("steps", min=1, max=4096)
    shapes, columns = network.state_shapes, network.step_columns
    audio = torch.zeros(TRACED_BATCH, network.window_length)
    front = _traced(_Columns(network), (audio,), [INPUT_NAME], [FRAMES, COLUMNS], ({0: batch},))
    made = torch.zeros(TRACED_BATCH, 2 * columns, network.bands)
    state = tuple(torch.zeros(TRACED_BATCH, *shape) for shape in shapes)
    taken, given = ([f"{name}{number}" for number in range(len(shapes))] for name in (STATE, NEXT))
    free = ({0: batch, 1: columns * steps}, tuple({0: batch} for _ in shapes))
    rest = _traced(_Advance(network), (made, state), [COLUMNS, *taken], [ROWS, *given, *_map_names(network)], free)
    front = onnx.compose.add_prefix(
        front, "front.", rename_inputs=False, rename_outputs=False, rename_initializers=False, rename_functions=False
    )
    graph = front.graph
    graph.node.append(helper.make_node("Shape", [INPUT_NAME], ["windows.shape"], "windows.shape", start=0, end=1))
    for name, shape in zip(taken, shapes, strict=True):
        graph.initializer.append(numpy_helper.from_array(np.array(shape, np.int64), f"{name}.shape"))
        graph.node.append(
            helper.make_node("Concat", ["windows.shape", f"{name}.shape"], [f"{name}.sizes"], f"{name}.sizes", axis=0)
        )
        graph.node.append(helper.make_node("ConstantOfShape", [f"{name}.sizes"], [name], name))
    graph.initializer.extend(rest.graph.initializer)
    graph.node.extend(rest.graph.node)
    graph.node.append(helper.make_node("Gather", [ROWS, "last"], [network.kind], "last.row", axis=1))
    graph.initializer.append(numpy_helper.from_array(np.array(-1, np.int64), "last"))
    del graph.output[:], graph.value_info[:]
    graph.output.append(helper.make_tensor_value_info(network.kind, onnx.TensorProto.FLOAT, ["batch", network.labels]))
    return front


def _map_names(network: ColumnNetwork) -> list[str]:
    return [f"{MAPS}{number}" for number in range(len(network.map_shapes))]


def finish(
    model: onnx.ModelProto, network: Network, checkpoint: Checkpoint, precision: Precision, *, half: bool = False
) -> bytes:
    """Put the checkpoint's metadata in, check the whole against the ONNX standard, and serialise it.

    Parameters
    ----------
    model : onnx.ModelProto
        Is given the metadata.
    network : Network
    checkpoint : Checkpoint
    precision : {"fp32", "fp16", "int8"}
        Of the trained part's arithmetic.
    half : bool
        Whether its weights are stored in half precision.

    Raises
    ------
    ExportError
        The graph violates the standard.
    """
    opset = next(entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx"))
    facts = {
        "opset": opset,
        "parameters": network.parameter_count,
        "precision": precision,
        # The exporter folds what `folded` would: its weights are those of that network.
        "hyperparameters": network.folded().hyperparameters,
        "weights": "fp16" if half else "fp32",
    }
    spec = ModelSpec.model_validate({**checkpoint.spec.model_dump(by_alias=True), **facts})
    state = None
    if isinstance(network, StatefulNetwork):
        state = StateSpec(step=network.step_columns, shapes=network.state_shapes)
    trunk = None
    if isinstance(network, ColumnNetwork) and network.map_shapes:
        trunk = TrunkSpec(maps=network.map_shapes)
    return serialize(model, spec, checkpoint.card, _columns(network), state, trunk)


def _columns(network: Network) -> ColumnsSpec | None:
    """How the file's columns are shared, if the network's can be."""
    if not isinstance(network, ColumnNetwork):
        return None
    with torch.inference_mode():
        made = network.columns_of(torch.zeros(1, 1, network.column_length))
    return ColumnsSpec(
        frame_length=network.column_length,
        frame_hop=network.column_hop,
        offset=network.column_offset,
        bands=made.shape[2],
    )


def serialize(
    model: onnx.ModelProto,
    spec: ModelSpec,
    card: str,
    columns: ColumnsSpec | None = None,
    state: StateSpec | None = None,
    trunk: TrunkSpec | None = None,
) -> bytes:
    """The bytes of a file, checked against the ONNX standard: graph, spec and card, and how it is run over a stream.

    Raises
    ------
    ExportError
        The graph violates the standard.
    """
    model.producer_name = "irec-export"
    model.producer_version = _own_version()
    kept = {entry.key: entry.value for entry in model.metadata_props if entry.key in _KEPT}
    del model.metadata_props[:]
    metadata = {**kept, **spec.to_metadata(), CARD_KEY: card}
    if columns is not None:
        metadata[COLUMNS_KEY] = columns.model_dump_json()
    if state is not None:
        metadata[STATE_KEY] = state.model_dump_json()
    if trunk is not None:
        metadata[TRUNK_KEY] = trunk.model_dump_json()
    for key, value in sorted(metadata.items()):
        model.metadata_props.add(key=key, value=value)
    try:
        onnx.checker.check_model(model, full_check=True)  # full: runs strict shape inference too
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        raise ExportError(f"the converted graph is not valid ONNX: {str(error).splitlines()[0][:200]}") from error
    return bytes(model.SerializeToString(deterministic=True))


@contextmanager
def quiet() -> Iterator[None]:
    """Run without the exporters' remarks on their own internals; what goes wrong comes as an exception."""
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "torch.export", "onnxscript", "onnx_ir", "root", "")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _own_version() -> str:
    try:
        return version("irec-live")
    except PackageNotFoundError:
        return ""


def _interrupted(error: BaseException | None) -> bool:
    """Whether Ctrl-C is what the exporter made its error of."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error is not None
