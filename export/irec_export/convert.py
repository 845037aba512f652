"""A torch network as an ONNX graph with metadata, valid but not yet proven equal.

Shapes: B batch, T samples in a window.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version

import onnx
import torch
from torch import Tensor, nn

from irec_export.graph import strip_origin
from irec_export.quantize import Precision
from irec_live.errors import ExportError
from irec_live.models.columns import COLUMNS, COLUMNS_KEY, FRAMES, ColumnsSpec
from irec_live.models.context import CONTEXT_KEY
from irec_live.models.spec import CARD_KEY, INPUT_NAME, ModelSpec
from irec_models.checkpoint import Checkpoint
from irec_models.nets import Network
from irec_models.nets.column_network import ColumnNetwork

OPSET = 18
"""The lowest that torch's exporter writes natively, so the file runs on old runtimes too."""

TRACED_BATCH = 2


class _Predict(nn.Module):
    """The one function that is exported: audio to probabilities."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, audio: Tensor) -> Tensor:
        return self.network.predict(audio)


class _PredictWithColumns(nn.Module):
    """The same, with the two tensors given out that the app cuts the graph at; see `irec_live.models.columns`."""

    def __init__(self, network: ColumnNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, audio: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        return self.network.predict_with_columns(audio)


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
    audio = torch.zeros(TRACED_BATCH, network.window_length)
    traced: nn.Module = _Predict(network)
    names: list[str] = [network.kind]
    if isinstance(network, ColumnNetwork):
        traced, names = _PredictWithColumns(network), [network.kind, FRAMES, COLUMNS]
    try:
        with quiet():
            program = torch.onnx.export(
                traced.eval(),
                (audio,),
                input_names=[INPUT_NAME],
                output_names=names,
                dynamic_shapes=({0: torch.export.Dim("batch")},),
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
    del model.graph.output[1:]  # the tensors keep their names; what a file tells is the first alone
    strip_origin(model)
    return model


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
    return serialize(model, spec, checkpoint.card, _columns(network))


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


def serialize(model: onnx.ModelProto, spec: ModelSpec, card: str, columns: ColumnsSpec | None = None) -> bytes:
    """The bytes of a file: graph, spec and card, and how columns are shared, checked against the ONNX standard.

    Raises
    ------
    ExportError
        The graph violates the standard.
    """
    model.producer_name = "irec-export"
    model.producer_version = _own_version()
    kept = {entry.key: entry.value for entry in model.metadata_props if entry.key in (COLUMNS_KEY, CONTEXT_KEY)}
    del model.metadata_props[:]
    metadata = {**kept, **spec.to_metadata(), CARD_KEY: card}
    if columns is not None:
        metadata[COLUMNS_KEY] = columns.model_dump_json()
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
