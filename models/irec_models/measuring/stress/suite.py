"""All stress tests by name, each with its result as JSON values and as tables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Group, RenderableType

from irec_models.data import ClipSelection, eval_clips
from irec_models.measuring.predictors import Predictor
from irec_models.measuring.stress.decision_latency import decision_latency
from irec_models.measuring.stress.ensembles import ensembles
from irec_models.measuring.stress.false_labels import false_labels
from irec_models.measuring.stress.matrices import confusion_matrix, envelope_matrices
from irec_models.measuring.stress.robustness import robustness
from irec_models.measuring.stress.tables import (
    ensemble_tables,
    latency_table,
    matrix_table,
    noise_tables,
    robustness_table,
)
from irec_models.progress import Progress, silent, tracked

SCHEMA = "irec.stress/1"


@dataclass(frozen=True, slots=True)
class Material:
    """Material of the stress tests.

    Attributes
    ----------
    selection : ClipSelection
        Noise and speech are taken from all sources and splits of its folders.
    most : int
        Clips of each label or source, in the tests that run the live pipeline.
    noise_s : float
        Seconds of each generated noise.
    """

    selection: ClipSelection
    most: int = 50
    noise_s: float = 20.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """Result of one test of one model."""

    content: dict[str, Any]
    tables: RenderableType


Test = Callable[[Predictor, Material, Progress], Outcome]


def _robustness(predictor: Predictor, material: Material, progress: Progress) -> Outcome:
    found = robustness(predictor, material.selection, progress=progress)
    return Outcome(found.to_dict(), robustness_table(found, predictor.spec.name, str(material.selection.split)))


def _false_labels(predictor: Predictor, material: Material, progress: Progress) -> Outcome:
    found = false_labels(
        predictor, material.selection.folders, seconds=material.noise_s, most=material.most, progress=progress
    )
    return Outcome(found.to_dict(), noise_tables(found, predictor.spec.name))


def _latency(predictor: Predictor, material: Material, progress: Progress) -> Outcome:
    found = decision_latency(predictor, material.selection, most=material.most, progress=progress)
    return Outcome(found.to_dict(), latency_table(found, predictor.spec.name, str(material.selection.split)))


def _ensembles(predictor: Predictor, material: Material, progress: Progress) -> Outcome:
    found = ensembles(predictor, material.selection, most=material.most, progress=progress)
    return Outcome(found.to_dict(), ensemble_tables(found, predictor.spec.name, str(material.selection.split)))


def _matrices(predictor: Predictor, material: Material, progress: Progress) -> Outcome:
    spec = predictor.spec
    clips = eval_clips(material.selection.of(spec.labels), spec.sample_rate)
    clips = tracked(clips, progress, f"{spec.name}: matrices")
    if spec.kind == "envelope":
        noise, leakage = envelope_matrices(predictor, clips)
        tables = Group(matrix_table(noise, spec.name), matrix_table(leakage, spec.name))
        return Outcome({"noise": noise.to_dict(), "leakage": leakage.to_dict()}, tables)
    confusion = confusion_matrix(predictor, clips)
    return Outcome({"confusion": confusion.to_dict()}, matrix_table(confusion, spec.name))


TESTS: dict[str, Test] = {
    "robustness": _robustness,
    "false-labels": _false_labels,
    "latency": _latency,
    "ensembles": _ensembles,
    "matrices": _matrices,
}


def stress(predictor: Predictor, test: str, material: Material, *, progress: Progress = silent) -> Outcome:
    """Run one test.

    Parameters
    ----------
    predictor : Predictor
        An activation or an envelope model.
    test : str
        Of `TESTS`.
    material : Material
    progress : Progress

    Raises
    ------
    DataError
        There is no suitable sound in the material.
    ValueError
        There is no such test.
    """
    if test not in TESTS:
        raise ValueError(f"no stress test is called {test!r}; there are {', '.join(TESTS)}")
    return TESTS[test](predictor, material, progress)


def empty_report(split: str, models: Sequence[str]) -> dict[str, Any]:
    """The JSON of `irec-train stress` before the first test: ``irec.stress/1``."""
    return {"schema": SCHEMA, "split": split, "models": {name: {} for name in models}}
