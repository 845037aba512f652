"""``irec-train bosch``: collect windows, train a support vector machine for each label, leave a run to be published.

Shapes: C windows, D features, S support vectors, K labels.

References
----------
J. Platt, "Probabilistic outputs for support vector machines", Advances in Large Margin Classifiers, 2000 (section 2.1:
the sigmoid is fitted to decisions on windows that the machine was not trained on).
"""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from rich.console import Console

from irec_live.errors import CheckpointError, DataError, RecipeError
from irec_models.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from irec_models.data import ClipStream, DataFolders, MixStream
from irec_models.inputs import UNFINISHED, check_new_run
from irec_models.progress import Progress, silent, tracked
from irec_models.recipes.recipe import Recipe, load_recipe
from irec_models.training.checkpoints import spec_of
from irec_models.training.fit import validation_batches
from irec_models.training.held_out import with_held_out
from irec_models.training.run import Run
from irec_models.training.validation import ValidationScores, validate
from irec_papers.bosch.net import BoschMachines
from irec_papers.bosch.resume_state import ResumeState

PENALTY = 4.0
"""C: what a window on the wrong side costs."""

_FOLDS = 3
_ENOUGH = 2 * _FOLDS  # examples of and against a label
_SAVE_EVERY_S = 20.0
_PARTS = ("raw", "present", "known")

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Machine:
    """Support vector machine of one label, as trained by scikit-learn.

    Attributes
    ----------
    support : (S,) int
        Which training windows are its support vectors.
    weights : (S,) float64
        Of each.
    intercept : float
    slope, offset : float
        Of the logit over the decision value.
    """

    support: npt.NDArray[np.intp]
    weights: Array
    intercept: float
    slope: float
    offset: float


@dataclass(frozen=True, slots=True)
class CollectedWindows:
    """Features and labels of the training windows.

    Attributes
    ----------
    features : (C, D) float64
        Standardised.
    present, known : (C, K) bool
        Whether a label sounds; whether that is certain.
    group : (C,) int
        Which mixture, or which recording, a window was cut from.
    """

    features: Array
    present: npt.NDArray[np.bool_]
    known: npt.NDArray[np.bool_]
    group: npt.NDArray[np.int64]


def train_bosch(
    recipe_path: Path,
    data: Sequence[Path],
    out: Path,
    *,
    penalty: float = PENALTY,
    settings: Sequence[str] = (),
    resume: bool = False,
    console: Console | None = None,
    progress: Progress = silent,
) -> tuple[Run, ValidationScores]:
    """Train what a recipe of architecture ``bosch`` says: ``steps`` batches of windows are collected, then it is fast.

    The windows are of mixtures or, with mode ``clips``, of clips as they are.

    Parameters
    ----------
    recipe_path, out : Path
        Recipe; folder of the run, which `irec_models.publishing.publish.publish` can finish.
    data : sequence of Path
        Folders with a ``manifest.csv`` each.
    penalty : float
        C of the machines, above 0.
    settings : sequence of str
        Keys of the recipe with other values; see `irec_models.recipes.settings.with_settings`.
    resume : bool
        Continue the run in `out`. Features and machines are stored there until it is finished; interrupted by Ctrl-C,
        it keeps them and raises `KeyboardInterrupt`.

    Raises
    ------
    RecipeError, DataError, CheckpointError, OutputError
        Before any window is made, but for a label that too few of them hold.
    """
    console = console or Console(stderr=True)
    data = DataFolders(data)
    recipe = load_recipe(recipe_path, settings)
    fresh = recipe.network()
    if not isinstance(fresh, BoschMachines):
        raise RecipeError(
            f"recipe '{recipe.model.name}' is of architecture '{recipe.model.architecture}', not bosch; train it with "
            "irec-train fit"
        )
    recipe, settings = with_held_out(recipe, recipe_path, settings, data, console)
    check_new_run(out, resume=resume)
    run, unfinished = Run(out), out / UNFINISHED
    run.keep(recipe_path, settings)
    if run.last.exists():
        shutil.rmtree(unfinished, ignore_errors=True)
        return run, _validate_again(run, recipe, data, console)
    kind = ClipStream if recipe.stream.mode == "clips" else MixStream
    stream = kind(recipe.stream, recipe.data.training(data), seed=recipe.train.seed, progress=progress)
    state = ResumeState(unfinished, _key(recipe, stream))
    began = time.monotonic()
    try:
        collected = _collect(fresh, stream, recipe, progress, state)
        machines = _machines(collected, recipe, penalty, progress, state)
    except KeyboardInterrupt:
        console.print(
            f"stopped; what is done is kept in {unfinished}: add --resume to the same command to continue",
            soft_wrap=True,
        )
        raise
    network = assemble(fresh, collected.features, machines)
    result = validate(network, validation_batches(recipe, data))
    mean = result.mean_average_precision()
    entry = {
        "step": recipe.train.steps,
        "hours": round((time.monotonic() - began) / 3600, 4),
        "validation_loss": result.loss,
        "validation_map": mean,
    }
    run.log({**entry, "best": True})
    training = {**entry, "windows": len(collected.features), "penalty": penalty}
    checkpoint = Checkpoint.of(network, spec_of(recipe, network), training=training)
    for path in (run.best, run.last):
        save_checkpoint(path, checkpoint)
    state.clear()
    return run, result


def train_machine(
    features: Array,
    present: npt.NDArray[np.bool_],
    known: npt.NDArray[np.bool_],
    group: npt.NDArray[np.int64],
    label: str,
    penalty: float,
) -> Machine:
    """Train the SVM of one label, and its Platt scaling on cross-validated decision values.

    Parameters
    ----------
    features : (C, D) float64
        Standardised.
    present, known : (C,) bool
        Whether the label sounds; whether that is certain.
    group : (C,) int
        Windows of one mixture or recording stay together in cross-validation.
    label : str
        For the error.
    penalty : float

    Raises
    ------
    DataError
        There are too few windows with the label, or without it.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict
    from sklearn.svm import SVC

    at = np.flatnonzero(known)
    x, y = features[at], present[at]
    if min(int(y.sum()), int((~y).sum())) < _ENOUGH:
        raise DataError(
            f"of {len(y)} windows {int(y.sum())} hold '{label}'; at least {_ENOUGH} with and without it are needed, so "
            "raise steps in [train]"
        )
    # Balanced: a label sounds in few windows, and without weights a machine that never names it would do well.
    svm = SVC(C=penalty, kernel="rbf", gamma=1.0 / features.shape[1], class_weight="balanced", cache_size=500)
    folds = StratifiedGroupKFold(_FOLDS)
    try:
        held_out = cross_val_predict(svm, x, y, groups=group[at], cv=folds, method="decision_function")
    except ValueError as error:  # a fold without the label
        raise DataError(
            f"the windows that hold '{label}' come from too few mixtures or recordings; raise steps in [train]"
        ) from error
    # Platt's scaling has no penalty; scikit-learn's default of 1 would pull the slope towards 0.
    platt = LogisticRegression(C=1e6).fit(held_out[:, None], y)
    svm.fit(x, y)
    return Machine(
        support=at[svm.support_],
        weights=svm.dual_coef_[0],
        intercept=float(svm.intercept_[0]),
        slope=float(platt.coef_[0, 0]),
        offset=float(platt.intercept_[0]),
    )


@torch.no_grad()
def assemble(fresh: BoschMachines, features: Array, machines: Sequence[Machine]) -> BoschMachines:
    """Build the network from machines; support vectors are pooled, since most serve several labels.

    Parameters
    ----------
    fresh : BoschMachines
        With its normalisation.
    features : (C, D) float64
        What the machines were trained on.
    machines : sequence of K Machine
    """
    pooled = np.unique(np.concatenate([machine.support for machine in machines]))
    network = BoschMachines(**{**fresh.hyperparameters, "vectors": len(pooled)})
    network.standardizer.load_state_dict(fresh.standardizer.state_dict())
    weights = np.zeros((len(pooled), len(machines)))
    for k, machine in enumerate(machines):
        weights[np.searchsorted(pooled, machine.support), k] = machine.weights
    filled = network.machines
    filled.vectors.copy_(torch.from_numpy(features[pooled]))
    filled.weights.copy_(torch.from_numpy(weights))
    filled.intercept.copy_(torch.tensor([machine.intercept for machine in machines]))
    filled.slope.copy_(torch.tensor([machine.slope for machine in machines]))
    filled.offset.copy_(torch.tensor([machine.offset for machine in machines]))
    filled.gamma.fill_(1.0 / features.shape[1])
    return network.eval()


@torch.no_grad()
def _collect(
    network: BoschMachines, stream: ClipStream | MixStream, recipe: Recipe, progress: Progress, state: ResumeState
) -> CollectedWindows:
    """Collect features of the recipe's windows, and fit the network's normalisation to them."""
    steps, size = recipe.train.steps, recipe.stream.batch_size
    before = state.get("windows")
    collected: list[tuple[npt.NDArray[np.generic], ...]] = []
    if before:
        parts = (np.split(before[name], len(before[name]) // size) for name in _PARTS)
        collected = list(zip(*parts, strict=True))[:steps]
    saved = time.monotonic()
    try:
        for step in tracked(range(len(collected), steps), progress, "windows"):
            batch = stream.batch(step)
            raw = network.raw_features(batch.audio).numpy()
            collected.append((raw, batch.presence.numpy() > 0.5, batch.mask.numpy() > 0))
            if time.monotonic() - saved >= _SAVE_EVERY_S:
                _save_windows(state, collected)
                saved = time.monotonic()
    finally:  # stopped by Ctrl-C as well
        _save_windows(state, collected)
    raw, present, known = (np.concatenate(part) for part in zip(*collected, strict=True))
    rows = torch.from_numpy(raw)
    network.fit_features(rows)
    return CollectedWindows(
        features=network.standardizer(rows).squeeze(1).double().numpy(),
        present=present,
        known=known,
        group=_groups(stream, recipe),
    )


def _save_windows(state: ResumeState, collected: Sequence[tuple[npt.NDArray[np.generic], ...]]) -> None:
    if collected:
        parts = zip(*collected, strict=True)
        state.put("windows", {name: np.concatenate(part) for name, part in zip(_PARTS, parts, strict=True)})


def _machines(
    collected: CollectedWindows, recipe: Recipe, penalty: float, progress: Progress, state: ResumeState
) -> list[Machine]:
    """One of each label: those that are there already, and the others trained."""
    machines = []
    for k, label in enumerate(tracked(recipe.data.labels, progress, "machines")):
        name = f"machine-{recipe.train.steps}-{penalty:g}-{k}"
        before = state.get(name)
        if before:
            machine = Machine(
                before["support"].astype(np.int64),
                before["weights"].astype(np.float64),
                *(float(before[part]) for part in ("intercept", "slope", "offset")),
            )
        else:
            machine = train_machine(
                collected.features, collected.present[:, k], collected.known[:, k], collected.group, label, penalty
            )
            state.put(name, {part: np.asarray(value) for part, value in asdict(machine).items()})
        machines.append(machine)
    return machines


def _key(recipe: Recipe, stream: ClipStream | MixStream) -> str:
    """All that the features depend on, but for how many they are."""
    clips = hashlib.sha256(repr([(clip.file, clip.source, clip.labels) for clip in stream.bank.clips]).encode())
    parts = (recipe.data, recipe.stream)
    described = [*(part.model_dump_json() for part in parts), json.dumps(recipe.model.hyperparameters, sort_keys=True)]
    return "\n".join((*described, f"seed {recipe.train.seed}", clips.hexdigest()))


def _validate_again(run: Run, recipe: Recipe, data: Sequence[Path], console: Console) -> ValidationScores:
    """Validation scores of a run that is finished already."""
    last = load_checkpoint(run.last)
    if (last.architecture, last.spec.labels) != (recipe.model.architecture, recipe.data.labels):
        raise CheckpointError(f"{run.last} is of another network than the recipe's; give another --out")
    console.print(f"{run.folder} is finished", soft_wrap=True)
    return validate(last.network(), validation_batches(recipe, data))


def _groups(stream: ClipStream | MixStream, recipe: Recipe) -> npt.NDArray[np.int64]:
    """Group of each window for cross-validation: its mixture, or the recording of its clip."""
    steps = range(recipe.train.steps)
    if isinstance(stream, MixStream):
        return np.arange(len(steps) * recipe.stream.batch_size) // recipe.stream.windows_per_mix
    clips = np.concatenate([stream.clips_of(step) for step in steps])
    sources = np.array([clip.source for clip in stream.bank.clips])
    groups: npt.NDArray[np.int64] = np.unique(sources, return_inverse=True)[1][clips]
    return groups
