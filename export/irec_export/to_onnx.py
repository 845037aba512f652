"""Conversion of a checkpoint to ONNX: export, verify, write."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import torch

from irec_export.convert import convert, finish, quiet
from irec_export.graph import trained_nodes
from irec_export.half_weights import halve_within_gate
from irec_export.quantize import Precision, to_fp16, to_int8
from irec_export.report import ExportReport
from irec_export.signals import verification_windows
from irec_export.verify import TOLERANCE, Comparison, compare, compare_streams, median_ms
from irec_live.errors import ExportError, ModelError
from irec_live.files import check_writable, write_atomically
from irec_live.models.detector import Detector
from irec_models.checkpoint import load_checkpoint
from irec_models.inputs import check_model_name
from irec_models.nets import Network, StatefulNetwork

SLOWDOWN = 1.1
"""How much slower than float32 a reduced precision may be: nothing, but for the jitter of timing."""


def export(
    checkpoint_path: str | os.PathLike[str],
    out_path: str | os.PathLike[str],
    precision: Precision = "fp32",
    *,
    tolerance: float = TOLERANCE,
    recordings: Sequence[Path] = (),
    allow_slower: bool = False,
    half_weights: bool = True,
    on_report: Callable[[ExportReport], None] | None = None,
) -> ExportReport:
    """Convert a checkpoint to ``.onnx``; the file appears only if it passes the gates.

    Parameters
    ----------
    checkpoint_path : path-like
        Made by ``irec-train``.
    out_path : path-like
        The ``.onnx`` file; one that is there already is replaced, once the new one has passed.
    precision : {"fp32", "fp16", "int8"}
        Of the trained part; the front end stays float32.
    tolerance : float
        Largest difference of a probability from torch.
    recordings : sequence of Path
        Audio to verify on, besides generated signals and the bundled clips.
    allow_slower : bool
        Accept a reduced precision that is slower than float32 here.
    half_weights : bool
        Store trained weights in half precision where that changes no answer by more than
        `irec_export.half_weights.HALF_TOLERANCE`; they compute in `precision` all the same.
    on_report : callable, optional
        Is given the figures before the gates decide.

    Raises
    ------
    CheckpointError
        The checkpoint is unsafe, broken or of another architecture.
    OutputError
        The file cannot be written.
    MediaError
        A recording cannot be decoded.
    ExportError
        The converted network is not the same, or slower; nothing was written.
    """
    out_path = Path(out_path)
    check_model_name(out_path)
    check_writable(out_path)
    checkpoint = load_checkpoint(checkpoint_path)
    network = checkpoint.network()
    windows = verification_windows(network.sample_rate, network.window_length, recordings)

    fp32 = convert(network)
    model = _reduced(fp32, network, precision, windows)
    data = finish(model, network, checkpoint, precision)
    detector = _accepted(data)
    comparison = compare(_original(network), detector, windows)
    reference = detector if precision == "fp32" else _accepted(finish(fp32, network, checkpoint, "fp32"))
    count, difference = 0, 0.0
    # Reduced precision has smaller weights already; what fails the gate below need not be halved.
    if half_weights and precision == "fp32" and comparison.largest <= tolerance:
        trained = [f"network.{name}" for name, _ in network.named_parameters()]
        model, difference, count = halve_within_gate(
            model,
            trained,
            lambda graph: finish(graph, network, checkpoint, precision, half=True),
            reference,
            windows,
        )
        if count:
            data = finish(model, network, checkpoint, precision, half=True)
            detector = _accepted(data)
    ms, fp32_ms = median_ms((detector, reference)) if detector is not reference else median_ms((detector,)) * 2
    report = ExportReport(
        file=os.fspath(out_path),
        model=detector.spec.name,
        sha256=hashlib.sha256(data).hexdigest(),
        bytes=len(data),
        precision=precision,
        opset=detector.spec.opset,
        parameters=detector.spec.parameters,
        differences=comparison.differences,
        tolerance=tolerance,
        worst=comparison.worst,
        windows=comparison.n_windows,
        ms_per_window=ms,
        fp32_ms_per_window=fp32_ms,
        half_weights=count,
        half_difference=difference,
    )
    if on_report is not None:
        on_report(report)
    _check_gates(report, comparison, allow_slower)
    if isinstance(network, StatefulNetwork) and detector.stateful is not None:
        _check_stream(report, compare_streams(network, detector.stateful, windows))
    write_atomically(out_path, data)
    return report


def _reduced(
    fp32: onnx.ModelProto, network: Network, precision: Precision, windows: dict[str, npt.NDArray[np.float32]]
) -> onnx.ModelProto:
    if precision == "fp32":
        return fp32
    weights = [f"network.{name}" for name, _ in network.named_parameters()]
    trained = trained_nodes(fp32.graph, weights)
    if not trained:
        raise ExportError("no trained weight was found in the converted graph, so there is nothing to reduce")
    with quiet():
        return to_fp16(fp32, trained) if precision == "fp16" else to_int8(fp32, trained, windows)


def _accepted(data: bytes) -> Detector:
    try:
        return Detector(data, provider="cpu")
    except ModelError as error:
        raise ExportError(f"the converted file is not one that the app accepts: {error}") from error


def _original(network: Network) -> Callable[[npt.NDArray[np.float32]], npt.NDArray[np.float32]]:
    def predict(windows: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        with torch.inference_mode():
            output: npt.NDArray[np.float32] = network.predict(torch.from_numpy(windows)).numpy()
        return output

    return predict


def _check_stream(report: ExportReport, difference: float) -> None:
    # Weights in half precision have their own gate, and over a stream their rounding is no larger.
    if not difference <= report.tolerance + 2 * report.half_difference:
        raise ExportError(
            f"the {report.precision} network differs from torch by up to {difference:.2e} over a stream, more than "
            f"{report.tolerance:.0e}; nothing was written"
        )


def _check_gates(report: ExportReport, comparison: Comparison, allow_slower: bool) -> None:
    if not comparison.largest <= report.tolerance:  # NaN is no match
        raise ExportError(
            f"the {report.precision} network differs from torch by up to {comparison.largest:.2e} "
            f"({comparison.worst}), more than {report.tolerance:.0e}; nothing was written"
        )
    if report.precision != "fp32" and report.slowdown > SLOWDOWN and not allow_slower:
        raise ExportError(
            f"the {report.precision} network takes {report.slowdown:.2f} times as long as fp32 on this machine; "
            "nothing was written (--allow-slower accepts that)"
        )
