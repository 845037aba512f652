"""Re-save an exported file with weights in half precision and provenance in its spec; its outputs stay.

For files of version 0.1, whose checkpoints need not be at hand::

    from irec_export.resave import resave
    resave("old.onnx", "new.onnx", hyperparameters={"labels": 16, "folded": True}, sources=..., lineage=...)
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import onnx
from pydantic import ValidationError

from irec_export.convert import serialize
from irec_export.half_weights import halve_within_gate
from irec_export.signals import verification_windows
from irec_live.errors import ExportError
from irec_live.files import check_writable, write_atomically
from irec_live.models.detector import Detector
from irec_live.models.onnx_file import read_model_bytes
from irec_live.models.spec import ModelSpec
from irec_models.nets import build


def resave(
    path: str | os.PathLike[str], out: str | os.PathLike[str], *, half: bool = True, **changes: Any
) -> tuple[ModelSpec, float]:
    """Write a model again.

    Parameters
    ----------
    path : path-like
        An ``.onnx`` file of this project.
    out : path-like
        May be the same.
    half : bool
        Store trained weights in half precision, as far as `irec_export.half_weights.HALF_TOLERANCE` allows.
    **changes
        Fields of `irec_live.models.spec.ModelSpec` with new values: ``hyperparameters``, ``sources``, ``lineage``,
        ``reference`` and others. Hyperparameters must be among them if the file does not tell them: trained weights are
        known by the names that they have in the network.

    Returns
    -------
    ModelSpec
        As it was written.
    float
        Largest difference from the file of before on generated sounds and the bundled clips.

    Raises
    ------
    ModelError
        The file is not a usable model.
    ExportError
        The changes do not fit it.
    OutputError
        `out` cannot be written.
    """
    out = Path(out)
    check_writable(out)
    data = read_model_bytes(Path(path))
    before = Detector(data, provider="cpu")
    model = onnx.load_from_string(data)
    try:
        spec = ModelSpec.model_validate({**before.spec.model_dump(by_alias=True), **changes})
    except ValidationError as error:
        raise ExportError(f"{path} cannot have such a spec: {error.errors()[0]['msg']}") from error
    windows = verification_windows(spec.sample_rate, spec.window_length)
    difference = 0.0
    if half and spec.weights == "fp32":
        stored = spec.model_copy(update={"weights": "fp16"})
        model, difference, count = halve_within_gate(
            model, _trained(spec, path), lambda graph: serialize(graph, stored, before.card), before, windows
        )
        spec = stored if count else spec
    content = serialize(model, spec, before.card)
    Detector(content, provider="cpu")
    write_atomically(out, content)
    return spec, difference


def _trained(spec: ModelSpec, path: str | os.PathLike[str]) -> list[str]:
    """Names of trained weights in an exported graph."""
    if not spec.hyperparameters:
        raise ExportError(f"{path} does not contain its hyperparameters; pass them as `hyperparameters`")
    try:
        network = build(spec.architecture, **spec.hyperparameters)
    except ValueError as error:
        raise ExportError(f"{path} is of no network with these hyperparameters: {error}") from error
    return [f"network.{name}" for name, _ in network.named_parameters()]
