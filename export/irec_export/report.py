"""Export report: file, size, and differences from torch."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from irec_export.quantize import Precision


@dataclass(frozen=True, slots=True)
class ExportReport:
    """Figures of one export.

    Attributes
    ----------
    file : str
    model : str
        ``spec.name``.
    sha256 : str
    bytes : int
    precision : {"fp32", "fp16", "int8"}
    opset, parameters : int
    differences : dict of int to float
        Batch size to the largest absolute difference from torch.
    tolerance : float
    worst : str
        The window with the largest difference.
    windows : int
        Compared at each batch size.
    ms_per_window : float
        On one thread of the CPU.
    fp32_ms_per_window : float
        The same for float32, measured in turns with it.
    half_weights : int
        Weights that are stored in half precision.
    half_difference : float
        Largest absolute difference that this makes.
    """

    file: str
    model: str
    sha256: str
    bytes: int
    precision: Precision
    opset: int
    parameters: int
    differences: dict[int, float]
    tolerance: float
    worst: str
    windows: int
    ms_per_window: float
    fp32_ms_per_window: float
    half_weights: int = 0
    half_difference: float = 0.0

    @property
    def slowdown(self) -> float:
        """Time relative to float32; below 1 is faster."""
        return self.ms_per_window / self.fp32_ms_per_window

    def to_dict(self) -> dict[str, Any]:
        """As plain values for JSON."""
        return {"schema": "irec.export/1", **asdict(self), "slowdown": self.slowdown}
