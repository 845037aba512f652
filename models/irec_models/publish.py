"""``irec-train publish``: from the best weights of a run to a checkpoint fit to be exported.

Chooses thresholds, measures, writes the card.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import torch

from irec_models.card import write_card
from irec_models.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from irec_models.data import Batch, EvalMix, MixStream, eval_clips, held_out_mixes
from irec_models.evaluate import Evaluation, evaluate, judge_clips
from irec_models.judges import CheckpointJudge
from irec_models.mixes import MixEvaluation, evaluate_mixes
from irec_models.recipe import Recipe, load_recipe
from irec_models.run import Run
from irec_models.thresholds import BOUNDS, choose_thresholds
from irec_models.validate import judge

THRESHOLD_BATCHES = 32
_THRESHOLD_SEED = 2_000_003
_MIX_SEED = 2
MIXES_PER_SIZE = 25
PRECISION_FLOOR = 0.5


def publish(run_folder: Path, data: Sequence[Path], out: Path) -> tuple[Evaluation, MixEvaluation]:
    """Finish a run.

    Thresholds are chosen on windows of mixtures of the held-out sources, which have every label but not real music,
    and of the dev clips, which are real but do not have every label. The scores are of other mixtures and of the dev
    split, so only those without thresholds (average precision, top-1) are of clips that nothing was chosen on.

    Parameters
    ----------
    run_folder : Path
        As `irec_models.train.fit` leaves it.
    data : sequence of Path
        Folders with a ``manifest.csv`` each.
    out : Path
        Checkpoint to write.

    Raises
    ------
    CheckpointError, RecipeError, DataError, OutputError
    """
    run = Run(run_folder)
    recipe = load_recipe(run_folder / "recipe.toml")
    best = load_checkpoint(run.best)
    network, labels = best.network().folded(), best.spec.labels
    unaided = CheckpointJudge(network, best.spec)
    clips = judge_clips(unaided, eval_clips(data, sample_rate=best.spec.sample_rate, labels=labels))
    held_out = judge(network, list(threshold_batches(recipe, data)))
    real, truth = clips.sounding_windows()
    thresholds = choose_thresholds(
        torch.cat((held_out.activations, real)),
        torch.cat((held_out.targets, truth)),
        labels,
        precision_floor=PRECISION_FLOOR,
        bounds=BOUNDS[network.kind],
    )
    spec = best.spec.model_copy(update={"thresholds": thresholds, "parameters": network.parameter_count})
    dev = evaluate(clips, spec)
    mixes = evaluate_mixes(CheckpointJudge(network, spec), published_mixes(recipe, data, spec.sample_rate))
    steps = max((int(entry["step"]) for entry in run.entries()), default=int(best.training.get("step", 0)))
    training = {**best.training, "steps_in_all": steps}
    spec = spec.model_copy(update={"scores": headline(dev, mixes)})
    where = (
        f"highest F1 with a precision of at least {PRECISION_FLOOR} on {len(held_out.targets)} windows of augmented "
        f"mixtures of the held-out sources and {len(truth)} of the dev clips (so precision, recall and F1 on dev are "
        "not of unseen clips; average precision and top-1 do not depend on thresholds); labels with few examples, or "
        "never that precise, share one"
    )
    card = write_card(recipe, spec, training, data, dev, mixes, where)
    finished = Checkpoint(
        network.architecture, network.hyperparameters, network.state_dict(), spec=spec, card=card, training=training
    )
    save_checkpoint(out, finished)
    return dev, mixes


def threshold_batches(recipe: Recipe, data: Sequence[Path]) -> Iterator[Batch]:
    """Windows that thresholds are chosen on: held-out sources, and another seed than validation had."""
    stream = MixStream(
        recipe.stream,
        data,
        seed=recipe.train.seed + _THRESHOLD_SEED,
        only_sources=recipe.data.hold_out,
        labels=recipe.data.labels,
        allow_missing_labels=True,
    )
    return (stream.batch(step) for step in range(THRESHOLD_BATCHES))


def published_mixes(recipe: Recipe, data: Sequence[Path], sample_rate: int) -> Iterator[EvalMix]:
    """Mixtures that the card's scores are measured on: 0 to 6 held-out sources, without augmentation."""
    return held_out_mixes(
        data,
        sample_rate=sample_rate,
        sources=recipe.data.hold_out,
        labels=recipe.data.labels,
        per_size=MIXES_PER_SIZE,
        seed=_MIX_SEED,
    )


def headline(dev: Evaluation, mixes: MixEvaluation) -> dict[str, float]:
    """The few numbers that go into the model's metadata."""
    s1 = dev.aggregations["s1"]
    scores = {
        "dev_macro_map": s1.macro_map,
        "dev_top1": dev.top1["s1"],
        "dev_micro_f1": s1.micro_f1,
        "dev_macro_f1": s1.macro_f1,
        "mixes_macro_map": mixes.macro_map,
    }
    if mixes.envelope:
        scores["mixes_envelope_error_db"] = mixes.envelope.active_db
    return {name: round(value, 4) for name, value in scores.items()}
