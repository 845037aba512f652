"""``irec-train fit``: from a recipe to a trained checkpoint."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from rich.console import Console
from torch import Tensor

from irec_live.errors import CheckpointError, DataError, RecipeError
from irec_models.checkpoint import load_checkpoint
from irec_models.data import Batch, ClipStream, DataFolders, ExcerptStream, MixStream, make_loader
from irec_models.inputs import LAST, check_new_run
from irec_models.nets import ARCHITECTURES, TrunkNetwork, TuttiStreamNet
from irec_models.progress import Progress, silent
from irec_models.recipes.recipe import Recipe, load_recipe
from irec_models.training.envelope_sequences import EnvelopeSequenceTrainer, envelope_stream
from irec_models.training.held_out import with_held_out
from irec_models.training.lineage import sources_of
from irec_models.training.memory import freed_memory_kept
from irec_models.training.requirements import published_to_keep, require_examples, require_start, require_teacher
from irec_models.training.run import Run, check_held_out_alike
from irec_models.training.sequences import SequenceTrainer, TaughtSequences, check_teacher, sequence_stream
from irec_models.training.start_weights import Start, load_start, take_over
from irec_models.training.teacher import TaughtBatch, TaughtStream
from irec_models.training.trainer import Trainer

_LOG_EVERY_S = 20.0

Stream = ClipStream | ExcerptStream | MixStream | TaughtStream | TaughtSequences
"""What batches come from."""


def fit(
    recipe_path: Path,
    data: Sequence[Path],
    out: Path,
    *,
    resume: bool = False,
    device: str = "auto",
    workers: int = 1,
    threads: int | None = None,
    teacher: Path | None = None,
    start_from: Path | None = None,
    keep_to: Path | None = None,
    settings: Sequence[str] = (),
    console: Console | None = None,
    progress: Progress = silent,
    go_on: str = "add --resume to the same command to continue",
) -> Trainer:
    """Train what a recipe says.

    Everything that can be wrong (recipe, data, labels without examples, output folder) is checked before the first
    step. Interrupted by Ctrl-C, it saves and raises `KeyboardInterrupt`.

    Parameters
    ----------
    recipe_path, out : Path
        Recipe; folder of the run.
    data : sequence of Path
        Folders with a ``manifest.csv`` each.
    resume : bool
        Continue the run in `out`.
    device : str
        ``auto`` (CUDA where there is one), ``cpu``, ``cuda``, ``cuda:1`` ...
    workers : int
        Processes that make data; 0 makes it in this one.
    threads : int or None
        CPU threads of the network; None leaves torch's choice.
    teacher : Path or None
        File of the teacher, if the recipe learns from one.
    start_from : Path or None
        Checkpoint, exported file or installed name of the model to start from; the run's recipe then tells which.
    keep_to : Path or None
        The published trunk, if ``[sequences]`` holds the network to it.
    settings : sequence of str
        Keys of the recipe with other values; see `irec_models.recipes.settings.with_settings`.
    console : Console, optional
        For what it says.
    progress : Progress
        Told of decoding and of the training.
    go_on : str
        What an interrupted run is told to do.

    Raises
    ------
    RecipeError, DataError, CheckpointError, OutputError
        Before any training.
    """
    console = console or Console(stderr=True)
    data = DataFolders(data)
    start = load_start(start_from) if start_from else None
    recipe, settings = _with_given(recipe_path, settings, start, teacher)
    kept = published_to_keep(recipe, keep_to)
    recipe, settings = with_held_out(recipe, recipe_path, settings, data, console)
    resuming = resume and (out / LAST).exists()
    if resuming:
        check_held_out_alike([out / LAST], recipe)
    else:
        require_start(recipe, start, start_from)
    require_examples(recipe, data)
    check_new_run(out, resume=resume)
    target = _device(device)
    run = Run(out)
    if threads:
        torch.set_num_threads(threads)
    torch.manual_seed(recipe.train.seed)
    network = recipe.network().to(target, memory_format=torch.channels_last)  # type: ignore[call-overload]
    stream = _stream(recipe, data, 0, teacher, progress)
    validation = validation_batches(recipe, data)
    trainer: Trainer
    if recipe.sequences and network.kind == "envelope":
        trainer = EnvelopeSequenceTrainer(recipe, network, run, validation)
    elif recipe.sequences:
        trainer = SequenceTrainer(recipe, network, run, validation, kept)
    else:
        trainer = Trainer(recipe, network, run, validation)
    trainer.sources = sources_of(data, recipe.data.hold_out)
    if resuming:
        _resume(trainer, recipe_path, settings, console)
    else:
        run.keep(recipe_path, settings)
        _begin(trainer, stream, start, console)
    if trainer.finished and trainer.validated == trainer.step:
        console.print(f"{out} is finished at step {trainer.step}")
        return trainer
    batches = iter(make_loader(_stream(recipe, data, trainer.step, teacher, progress), workers=workers))
    try:
        with freed_memory_kept():
            _loop(trainer, batches, console, progress)
    except KeyboardInterrupt:
        trainer.save()
        console.print(f"stopped and saved at step {trainer.step}; {go_on}")
        raise
    trainer.save()
    return trainer


def _with_given(
    recipe_path: Path, settings: Sequence[str], start: Start | None, teacher: Path | None
) -> tuple[Recipe, Sequence[str]]:
    """The recipe, and the settings by which the run's own copy tells what it started from and who taught it."""
    wanted = load_recipe(recipe_path, settings).model
    if start and (not wanted.start_from or start.name == wanted.name):
        settings = (*settings, f"model.start_from={json.dumps(start.name)}")
    recipe = load_recipe(recipe_path, settings)
    require_teacher(recipe, teacher)
    if recipe.sequences and teacher:
        teaches = check_teacher(recipe.stream.sample_rate, recipe.data.labels, teacher).name
        settings = (*settings, f"sequences.teacher={json.dumps(teaches)}")
    network = recipe.network()
    if network.trained_by != "fit":
        raise RecipeError(
            f"recipe '{recipe.model.name}': architecture '{network.architecture}' is not trained by gradient; use "
            f"irec-train {network.trained_by}"
        )
    return recipe, settings


def _resume(trainer: Trainer, recipe_path: Path, settings: Sequence[str], console: Console) -> None:
    """Continue where the run's last checkpoint stands."""
    run = trainer.run
    trainer.restore(load_checkpoint(run.last))
    if trainer.start:
        settings = (*settings, f"model.start_from={json.dumps(trainer.start['name'])}")
    if changes := run.changes(load_recipe(recipe_path, settings)):
        console.print(f"resuming with other settings than before: {'; '.join(changes)}", soft_wrap=True)
    run.keep(recipe_path, settings)
    console.print(f"resuming {run.folder} at step {trainer.step}")


def _begin(trainer: Trainer, stream: Stream, start: Start | None, console: Console) -> None:
    """Set constants and first weights from the start and the first batches, on the CPU."""
    network, steps = trainer.network, range(trainer.recipe.train.normalization_steps)
    mixtures = stream.stream if isinstance(stream, TaughtStream | TaughtSequences) else stream
    windows = [mixtures.batch(step).audio for step in steps]
    network.cpu().fit_normalization(windows)
    if start:
        _start_from(trainer, start, windows, console)
    network.to(trainer.device)
    if trainer.teacher_head and isinstance(stream, TaughtStream):
        taught = torch.cat([stream.taught_batch(step).taught for step in steps])
        trainer.teacher_head.fit(taught)
        if trainer.label_classifier:
            trainer.label_classifier.fit(taught)


def _start_from(trainer: Trainer, start: Start, windows: Sequence[Tensor], console: Console) -> None:
    network, data = trainer.network, trainer.recipe.data
    taken = take_over(network, data.labels, start, windows)
    if not taken:
        raise CheckpointError(f"no layer of {start.name} fits recipe '{trainer.recipe.model.name}'; start from another")
    console.print(f"{taken} layers taken over from {start.name}")
    if known := sorted(start.trained_on(data.hold_out)):
        console.print(f"{start.name} was trained on {', '.join(known)}: scores on them will not be of unseen sources")
    trainer.start = start.told()
    if isinstance(network, TuttiStreamNet) or (isinstance(network, TrunkNetwork) and not start.labels):
        network.fit_readings(windows)
    trainer.begin_from_here()


def _loop(trainer: Trainer, batches: Iterator[Batch | TaughtBatch], console: Console, progress: Progress) -> None:
    options = trainer.recipe.train
    with progress(f"training {trainer.recipe.model.name}", options.steps) as advance:
        shown = 0.0
        logged, since = time.monotonic(), trainer.step
        while not trainer.finished:
            if trainer.step and trainer.step % options.validate_every == 0 and trainer.validated < trainer.step:
                _validate(trainer, console)
                continue  # it may have been the last that patience allowed
            loss = trainer.train_on(next(batches))
            # By steps or, where that is further, by the recipe's hours.
            advance(trainer.progress * options.steps - shown, note=f"step {trainer.step}, loss {loss:.4f}")
            shown = trainer.progress * options.steps
            now = time.monotonic()
            if now - logged >= _LOG_EVERY_S:
                size = trainer.recipe.stream.batch_size
                trainer.log((trainer.step - since) * size / (now - logged))
                logged, since = now, trainer.step
            if trainer.step % options.checkpoint_every == 0:
                trainer.save()
        if trainer.validated < trainer.step:
            _validate(trainer, console)


def _validate(trainer: Trainer, console: Console) -> None:
    entry = trainer.validate()
    console.print(
        f"step {trainer.step}: held-out loss {entry['validation_loss']:.4f}, "
        f"mAP {entry['validation_map']:.3f}{' best' if entry['best'] else ''}"
    )


def _stream(recipe: Recipe, data: Sequence[Path], start_step: int, teacher: Path | None, progress: Progress) -> Stream:
    if recipe.sequences and ARCHITECTURES[recipe.model.architecture].kind == "envelope":
        return envelope_stream(recipe, recipe.data.training(data), start_step=start_step, progress=progress)
    if recipe.sequences:
        sequences = sequence_stream(recipe, recipe.data.training(data), start_step=start_step, progress=progress)
        return TaughtSequences(sequences, teacher) if teacher else sequences
    kind = _kind(recipe)
    mixtures = kind(
        recipe.stream,
        recipe.data.training(data),
        seed=recipe.train.seed,
        start_step=start_step,
        progress=progress,
    )
    if recipe.distill and teacher and isinstance(mixtures, MixStream):
        return TaughtStream(mixtures, teacher, recipe.distill.strange, recipe.distill.noisy)
    return mixtures


def _kind(recipe: Recipe) -> type[ClipStream] | type[ExcerptStream] | type[MixStream]:
    kinds: dict[str, type[ClipStream] | type[ExcerptStream]] = {"clips": ClipStream, "excerpts": ExcerptStream}
    return kinds.get(recipe.stream.mode, MixStream)


def validation_batches(recipe: Recipe, data: Sequence[Path]) -> list[Batch]:
    """Windows of what is held out for validation, made once: of mixtures some, with another seed, of clips all.

    Raises
    ------
    DataError
        None of the labels has an example there: every loss would be 0, and the first step the best.
    """
    held_out, seed = recipe.data.validation(data), recipe.train.seed + 1_000_003
    stream = _kind(recipe)(recipe.stream, held_out, seed=seed, allow_missing_labels=True)
    if stream.missing.issuperset(recipe.data.labels):
        raise DataError(
            f"there is no example of {', '.join(recipe.data.labels)} to validate on; hold training sources out "
            "instead: --set data.validation_split=train --set 'data.hold_out=[\"SOURCE\"]'"
        )
    if isinstance(stream, ClipStream):
        return list(stream.epoch())
    return [stream.batch(step) for step in range(recipe.train.validation_steps)]


def _device(name: str) -> torch.device:
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise RecipeError(f"there is no device '{name}'; use cpu, cuda or auto") from error
    if device.type == "cuda" and not torch.cuda.is_available():
        raise RecipeError("this machine has no CUDA device that torch can use; use --device cpu")
    return device
