"""Predictors that answer by a formula, and clips for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from irec_live.models.spec import ModelSpec, Threshold
from irec_models.data import EvalClip

LABELS = ("flute", "piano", "drums")
RATE = 8000
FRAMES, FRAME_HOP = 16, 128

Windows = npt.NDArray[np.floating[Any]]


class Formula:
    """An activation or envelope model that is one function of its windows."""

    def __init__(self, formula: Callable[[Windows], Windows], kind: str = "activation", **changes: Any) -> None:
        values: dict[str, Any] = {"window_length": RATE // 2, "hop_length": RATE // 10}
        if kind == "envelope":
            values = {
                "window_length": (FRAMES - 1) * FRAME_HOP,
                "hop_length": FRAMES // 2 * FRAME_HOP,
                "frames": FRAMES,
                "frame_hop": FRAME_HOP,
            }
        thresholds = {label: Threshold(on=0.2, off=0.1) for label in changes.get("labels", LABELS)}
        self.spec = ModelSpec(
            name="formula",
            kind=kind,  # type: ignore[arg-type]
            sample_rate=RATE,
            thresholds=thresholds,
            **({"labels": LABELS} | values | changes),
        )
        self._formula = formula

    def __call__(self, windows: Windows) -> npt.NDArray[np.float32]:
        return np.asarray(self._formula(windows), np.float32)


def always(*activations: float, **changes: Any) -> Formula:
    """Says the same of every window that is not silent; the app does not ask about the others."""
    return Formula(lambda windows: np.tile(activations, (len(windows), 1)), **changes)


def louder_than(level: float) -> Formula:
    """The first label: the share of the window's samples that are louder; nothing else."""

    def formula(windows: Windows) -> Windows:
        share = (np.abs(windows) > level).mean(axis=1)
        return np.stack([share, np.zeros_like(share), np.zeros_like(share)], axis=1)

    return Formula(formula)


def envelope_predictor(*shares: float) -> Formula:
    """Hears each label at a share of the window's RMS, the same in all frames."""

    def formula(windows: Windows) -> Windows:
        rms = np.sqrt(np.mean(np.square(windows, dtype=np.float64), axis=1))
        return np.repeat(rms[:, None, None] * np.array(shares)[None, :, None], FRAMES, axis=2)

    return Formula(formula, "envelope")


def clip(
    name: str,
    label: str,
    level: float,
    *,
    seconds: float = 2.0,
    labels: tuple[str, ...] | None = None,
    others: tuple[str, ...] = (),
) -> EvalClip:
    """A constant sound of one instrument."""
    audio = np.full(round(seconds * RATE), level, np.float32)
    present = (label,) if labels is None else labels
    return EvalClip(name, audio, present, others, (), "stage", label, "phrases")
