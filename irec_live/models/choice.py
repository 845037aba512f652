"""Model selection: names, files or loaded networks to at most one detector of each kind."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from irec_live.errors import ModelError
from irec_live.models.catalog import bundled_models
from irec_live.models.detector import Detector, Provider, load_model
from irec_live.models.names import DEFAULT_ACTIVATION, DEFAULT_ENVELOPE

ModelChoice = str | os.PathLike[str] | Detector
"""A model's name, its file, or one that is loaded already."""


def load_models(
    models: Sequence[ModelChoice] | ModelChoice | None = None, provider: Provider = "auto"
) -> tuple[Detector, ...]:
    """Load the models to analyse with: an activation model, an envelope model, or both.

    Parameters
    ----------
    models : sequence, optional
        Names, paths or detectors; the bundled defaults if not given. One alone may come without a sequence.
    provider : {"auto", "cpu", "cuda"}

    Returns
    -------
    tuple of Detector

    Raises
    ------
    ModelError
        A model is missing or unusable, none was named, or two tell the same.
    """
    if isinstance(models, str | os.PathLike | Detector):
        models = (models,)
    chosen = default_models() if models is None else models

    def load(model: ModelChoice) -> Detector:
        return model if isinstance(model, Detector) else load_model(model, provider=provider)

    # Two at once, as most of it is ONNX Runtime's work outside Python; on a GPU each finds out first what is free.
    with ThreadPoolExecutor(1 if provider == "cuda" else 2, "model-loader") as loaders:
        detectors = tuple(loaders.map(load, chosen))
    if not detectors:
        raise ModelError("no model was chosen; name one with --model, or see irec-live models")
    kinds = [detector.spec.kind for detector in detectors]
    for kind in sorted(set(kinds)):
        if kinds.count(kind) > 1:
            names = " and ".join(detector.spec.name for detector in detectors if detector.spec.kind == kind)
            raise ModelError(f"{names} are both {kind} models; choose one of each kind")
    return detectors


def default_models() -> tuple[str, ...]:
    """Names of the bundled models to use when none is chosen.

    Raises
    ------
    ModelError
        None is bundled.
    """
    names = {model.name for model in bundled_models()}
    chosen = tuple(name for name in (DEFAULT_ACTIVATION, DEFAULT_ENVELOPE) if name in names)
    if not chosen:
        raise ModelError("this installation has no bundled models; give one with --model FILE.onnx")
    return chosen
