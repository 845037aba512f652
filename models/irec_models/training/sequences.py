"""Training on sequences, for a network that keeps a state over a stream.

Shapes: B sequences, T samples, n columns, R windows, K labels.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import IterableDataset

from irec_live.errors import CheckpointError, RecipeError
from irec_live.models.detector import Detector
from irec_live.models.spec import ModelSpec
from irec_models.data import Batch, ClipSelection
from irec_models.data.mixing.sequences import SequencePlan, SequenceStream
from irec_models.data.mixing.stream import steps_of_worker
from irec_models.losses import sequence_loss
from irec_models.measuring.predictors import predict_recording
from irec_models.nets import Network, TuttiMobileNet, TuttiStreamNet
from irec_models.nets.mobile_network import FLOOR, LEVEL, LEVEL_FLOOR
from irec_models.progress import Progress, silent
from irec_models.recipes.recipe import Recipe
from irec_models.training.learning_without_forgetting import TAGS_SCALE
from irec_models.training.pieces import TAUGHT, WINDOW_STEPS, cut_pieces
from irec_models.training.run import Run
from irec_models.training.start_weights import PUBLISHED, published_start
from irec_models.training.teacher import TaughtBatch
from irec_models.training.trainer import Trainer

PLAN = SequencePlan(seconds=10.4, hop_s=0.16, window_s=0.16 * WINDOW_STEPS)
"""An answer at every step of the network is learnt, from a second of sound on, about the last second."""

_KEEP_EVERY = 2  # steps: the published trunk costs as much as the network itself


def sequence_stream(
    recipe: Recipe, selection: ClipSelection, *, start_step: int = 0, progress: Progress = silent
) -> SequenceStream:
    """The sequences that a recipe with ``[sequences]`` learns from.

    Raises
    ------
    DataError
        The selection has nothing to learn from.
    """
    return SequenceStream(
        recipe.stream,
        selection,
        seed=recipe.train.seed,
        plan=PLAN,
        batch_size=recipe.sequences.batch_size if recipe.sequences else 1,
        start_step=start_step,
        progress=progress,
    )


def check_teacher(rate: int, labels: Sequence[str], path: Path) -> ModelSpec:
    """The spec of a teacher of sequences.

    Raises
    ------
    ModelError
        The file is unusable.
    RecipeError
        It is a network of another kind.
    """
    teacher = Detector(path, provider="cpu")
    spec = teacher.spec
    if (spec.kind, spec.sample_rate, spec.labels) != ("activation", rate, tuple(labels)):
        raise RecipeError(f"{path} cannot teach: it is for another sample rate or for other labels")
    if teacher.stateful is not None:
        raise RecipeError(f"{path} cannot teach: it keeps a state over a stream; give a network of windows")
    return spec


class TaughtSequences(IterableDataset[TaughtBatch]):
    """Sequences, and what a network of windows says of every third of their windows, with its context.

    Parameters
    ----------
    stream : SequenceStream
    teacher : Path
        An exported file of a network with columns, whose windows start where those of `PLAN` do.

    Raises
    ------
    ModelError
        The file is unusable.
    RecipeError
        It is a network of another kind.
    """

    def __init__(self, stream: SequenceStream, teacher: Path) -> None:
        super().__init__()
        self.stream, self._path = stream, teacher
        spec = check_teacher(stream.config.sample_rate, stream.labels, teacher)
        self._length = spec.window_length
        self._teacher: Detector | None = None

    def __iter__(self) -> Iterator[TaughtBatch]:
        return map(self.taught_batch, steps_of_worker(self.stream.start_step))

    def taught_batch(self, step: int) -> TaughtBatch:
        """Taught batch number `step`: taught is (B, R / 3, K), in 0..1."""
        batch = self.stream.batch(step)
        if self._teacher is None:  # sessions do not travel to other processes
            self._teacher = Detector(self._path, provider="cpu")
        apart = TAUGHT * self.stream.hop
        windows = 1 + (batch.audio.shape[1] - self._length) // apart  # one that reaches beyond the end is predicted too
        rows = [predict_recording(self._teacher, audio.numpy(), apart)[:windows] for audio in batch.audio]
        return TaughtBatch(batch, torch.from_numpy(np.stack(rows)))


class PublishedTags(nn.Module):
    """What EfficientAT's ``mn04_as`` says of a whole sequence: AudioSet's classes, which training must not forget.

    Parameters
    ----------
    path : Path
        Its file of weights.

    Raises
    ------
    CheckpointError
        It is another file.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        start = published_start(path)
        if start is None or not isinstance(start.network, TuttiMobileNet):
            raise CheckpointError(f"{path} is not the published {PUBLISHED}, to which --keep-to holds a network")
        self.network = start.network.eval().requires_grad_(False)

    @torch.no_grad()
    def forward(self, columns: Tensor, power: Tensor) -> Tensor:
        """Columns (B, n, F) of powers, and the mean square of each (B, n), to probabilities (B, 527)."""
        network = self.network
        level = power.mean(dim=1).clamp(min=LEVEL_FLOOR**2)[:, None, None]
        features = network.standardizer(torch.log(LEVEL**2 / level * columns + FLOOR))
        hidden = functional.hardswish(network.hidden(network.trunk(features)[-1].mean(dim=(2, 3))))
        return torch.sigmoid(network.tags(hidden))


class SequenceTrainer(Trainer):
    """A `Trainer` whose batches are sequences; validation is on windows, as of any network.

    Parameters
    ----------
    recipe, network, run, validation
        As of `Trainer`.
    kept : PublishedTags or None
        What the network is held to.

    Raises
    ------
    RecipeError
        The recipe has no ``[sequences]``, or asks for what is not given.
    """

    def __init__(
        self, recipe: Recipe, network: Network, run: Run, validation: Sequence[Batch], kept: PublishedTags | None
    ) -> None:
        super().__init__(recipe, network, run, validation)
        if recipe.sequences is None or not isinstance(network, TuttiStreamNet):
            raise RecipeError(f"recipe '{recipe.model.name}' has no [sequences]")
        self._options, self._stateful = recipe.sequences, network
        self._kept = kept.to(self.device) if kept is not None else None
        if kept is not None:  # what the network began with was folded, and had them no longer
            network.tags.load_state_dict(kept.network.tags.state_dict())

    def _loss_of(self, given: Batch | TaughtBatch) -> tuple[Tensor, float]:
        """The loss of one batch, and the part of it that keeps what the trunk knew."""
        batch, taught = given if isinstance(given, TaughtBatch) else (given, None)
        audio, presence, _, mask = (part.to(self.device) for part in batch)
        advice = presence[:, :0] if taught is None else taught.to(self.device)
        random = np.random.default_rng([self.recipe.train.seed, self.step, 9])
        with torch.no_grad():
            columns = self._stateful.sequence_columns(audio)
            pieces = cut_pieces(columns, presence, mask, advice, self._stateful.step_columns, random)
        logits, tags = self._stateful.learn(pieces.columns)
        said = logits[:, WINDOW_STEPS - 1 :]
        loss = sequence_loss(said, pieces.presence, pieces.mask, self._options.ensembles)
        others = loss.new_zeros(())
        if taught is not None:
            each = functional.binary_cross_entropy_with_logits(said[:, ::TAUGHT], pieces.advice, reduction="none")
            counts = pieces.advised.sum().clamp(min=1.0) * each.shape[2]
            others = self._options.teach * (each * pieces.advised[:, :, None]).sum() / counts
        if self._kept is not None and pieces.long and self.step % _KEEP_EVERY == 0:
            wanted = self._kept(pieces.columns, pieces.columns @ self._stateful.level_weights)
            others = others + self._options.keep * TAGS_SCALE * functional.binary_cross_entropy_with_logits(
                tags, wanted
            )
        return loss + others, float(others.detach())
