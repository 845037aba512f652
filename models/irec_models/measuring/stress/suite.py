"""All stress tests by name, each with its result as JSON values and as tables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Group, RenderableType

from irec_models.data import eval_clips
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

SCHEMA = "irec.stress/1"


@dataclass(frozen=True, slots=True)
class Material:
    """What the tests hear.

    Attributes
    ----------
    data : tuple of Path
        Folders with a manifest.
    split : str
    sources : tuple of str
        Only clips of these; none is all. Noise and speech are heard from all sources.
    most : int
        Clips of each label or source, in the tests that hear them live.
    noise_s : float
        Seconds of each generated noise.
    """

    data: tuple[Path, ...]
    split: str = "dev"
    sources: tuple[str, ...] = ()
    most: int = 50
    noise_s: float = 20.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of one test of one model."""

    content: dict[str, Any]
    tables: RenderableType


Each = Callable[[], None]
Test = Callable[[Predictor, Material, Each], Outcome]


def _robustness(judge: Predictor, material: Material, each: Each) -> Outcome:
    found = robustness(judge, material.data, split=material.split, sources=material.sources or None, each=each)
    return Outcome(found.to_dict(), robustness_table(found, judge.spec.name, material.split))


def _false_labels(judge: Predictor, material: Material, each: Each) -> Outcome:
    found = false_labels(judge, material.data, seconds=material.noise_s, most=material.most, each=each)
    return Outcome(found.to_dict(), noise_tables(found, judge.spec.name))


def _latency(judge: Predictor, material: Material, each: Each) -> Outcome:
    found = decision_latency(
        judge, material.data, split=material.split, sources=material.sources, most=material.most, each=each
    )
    return Outcome(found.to_dict(), latency_table(found, judge.spec.name, material.split))


def _ensembles(judge: Predictor, material: Material, each: Each) -> Outcome:
    found = ensembles(
        judge, material.data, split=material.split, sources=material.sources, most=material.most, each=each
    )
    return Outcome(found.to_dict(), ensemble_tables(found, judge.spec.name, material.split))


def _matrices(judge: Predictor, material: Material, each: Each) -> Outcome:
    spec = judge.spec
    clips = eval_clips(
        material.data,
        sample_rate=spec.sample_rate,
        labels=spec.labels,
        split=material.split,
        sources=material.sources or None,
    )
    if spec.kind == "envelope":
        noise, leakage = envelope_matrices(judge, clips, each=each)
        tables = Group(matrix_table(noise, spec.name), matrix_table(leakage, spec.name))
        return Outcome({"noise": noise.to_dict(), "leakage": leakage.to_dict()}, tables)
    confusion = confusion_matrix(judge, clips, each=each)
    return Outcome({"confusion": confusion.to_dict()}, matrix_table(confusion, spec.name))


TESTS: dict[str, Test] = {
    "robustness": _robustness,
    "false-labels": _false_labels,
    "latency": _latency,
    "ensembles": _ensembles,
    "matrices": _matrices,
}


def stress(judge: Predictor, test: str, material: Material, *, each: Each | None = None) -> Outcome:
    """Run one test.

    Parameters
    ----------
    judge : Predictor
        An activation or an envelope model.
    test : str
        Of `TESTS`.
    material : Material
    each : callable, optional
        Called after each sound.

    Raises
    ------
    DataError
        There is nothing to hear in the material.
    ValueError
        There is no such test.
    """
    if test not in TESTS:
        raise ValueError(f"no stress test is called {test!r}; there are {', '.join(TESTS)}")
    return TESTS[test](judge, material, each or _nothing)


def empty_report(split: str, models: Sequence[str]) -> dict[str, Any]:
    """The JSON of `irec-train stress` before the first test: ``irec.stress/1``."""
    return {"schema": SCHEMA, "split": split, "models": {name: {} for name in models}}


def _nothing() -> None:
    pass
