"""``irec-train publish``: from the best weights of a run to a checkpoint fit to be exported.

Everything is predicted once (`predict`), decided on (`decide`), scored (`score`), and written with a card.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

from irec_live.files import check_writable, make_folder
from irec_models.checkpoint import Checkpoint, load_checkpoint, respecify, save_checkpoint
from irec_models.data import DataFolders
from irec_models.progress import Progress, silent
from irec_models.publishing.calibration import calibrate, has_plain_output
from irec_models.publishing.card import write_card
from irec_models.publishing.decide import decide
from irec_models.publishing.decide_file import decide_on, decided_card
from irec_models.publishing.predict import PARTS, Material, Part, predict
from irec_models.publishing.prepare import learnt_labels, lift_envelopes
from irec_models.publishing.provenance import provenance
from irec_models.publishing.score import PublishedScores, score
from irec_models.recipes.recipe import load_recipe
from irec_models.training.run import Run


def publish(run_folder: Path, data: Sequence[Path], out: Path, *, progress: Progress = silent) -> PublishedScores:
    """Calibrate, choose thresholds, score and write the best checkpoint of a run.

    Scores are of other mixtures than thresholds were chosen on, and of the dev clips. What needs thresholds (precision,
    recall, F1) is therefore not of unseen clips on dev; nor are average precision and top-1 quite, where logits are
    calibrated, because windows are averaged after that. A recipe of mode ``clips`` gets thresholds and scores from its
    validation clips alone, and its network stays as its paper trained it: nothing is calibrated.

    Where the recipe sets a precision for what is named (``[decisions] precision``), the thresholds of activations
    are those of `irec_models.publishing.precision` instead, chosen on the dev clips alone.

    Parameters
    ----------
    run_folder : Path
        As `irec_models.training.fit.fit` leaves it.
    data : sequence of Path
        Folders with a ``manifest.csv`` each.
    out : Path
        Checkpoint to write.
    progress : Progress

    Raises
    ------
    CheckpointError, RecipeError, DataError, OutputError
    """
    prepare_output(out)
    run = Run(run_folder)
    recipe = load_recipe(run_folder / "recipe.toml")
    best = load_checkpoint(run.best)
    material = Material(recipe, DataFolders(data))
    about = {"title": recipe.model.title, "licence": recipe.model.licence, "training_data": recipe.model.training_data}
    network, spec, remarks = best.network().folded(), respecify(best.spec, **about), ""
    if material.mixed:
        # Before thresholds are chosen: removed labels must not count, and lifted envelopes have other levels.
        network, labels, remarks = learnt_labels(network, spec, material, progress=progress)
        material, spec = material.of(labels), respecify(spec, labels=labels)
        remarks = lift_envelopes(network, spec, material, progress=progress) + remarks
    # Only activations of mixtures: envelopes are not named, and a paper's network keeps its paper's decision.
    by_precision = recipe.decisions.precision if material.mixed and network.kind == "activation" else None
    # Noise raises thresholds, and these are chosen anew.
    parts: Collection[Part] = PARTS if by_precision is None else ("windows", "mixtures", "recordings")
    predictions = predict(network, spec, material, parts=parts, progress=progress)
    calibrating = material.mixed and network.kind == "activation" and has_plain_output(network)
    decision = decide(predictions, spec, recipe.decisions, calibrating=calibrating, name=material.name)
    if decision.calibration:
        calibrate(network, *decision.calibration)
    spec = respecify(spec, thresholds=decision.thresholds, parameters=network.parameter_count)
    # Last, since the levels that it chooses thresholds on are those after calibration.
    named = None
    if by_precision is not None and decision.predictions.recordings is not None:
        named = decide_on(decision.predictions.recordings, spec, by_precision)
        spec = named.spec
    scores = score(decision.predictions, spec)
    steps = max((int(entry["step"]) for entry in run.entries()), default=int(best.training.get("step", 0)))
    training = {**best.training, "steps_in_all": steps}
    origin = provenance(material.recipe, run.recipe_text(), training, spec, material.folders)
    spec = respecify(spec, scores=scores.headline, **origin)
    card = write_card(material.recipe, spec, scores.clips, scores.mixtures, decision.chosen_on + remarks)
    if named is not None:
        card = decided_card(card, named)
    finished = Checkpoint.of(network, spec, training=training)
    save_checkpoint(out, replace(finished, card=card))
    return scores


def prepare_output(out: Path) -> None:
    """Make the folder of a checkpoint and check that it can be written, before an hour of work rather than after.

    Raises
    ------
    OutputError
        It cannot.
    """
    make_folder(out.parent)
    check_writable(out)
