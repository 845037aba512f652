"""Training of envelopes on sequences, for a network behind the trunk of one that keeps a state over a stream.

Shapes: B sequences, T samples, K labels, M frames of a sequence, N frames of a window of two steps.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from irec_live.errors import RecipeError
from irec_models.data import Batch, ClipSelection, ExcerptStream
from irec_models.nets import Network, TuttiStreamEnvelopeNet
from irec_models.nets.column_network import cut_frames
from irec_models.nets.tutti_stream import STEP
from irec_models.nets.tutti_stream_envelope import LEAD, PLACES, STEPS
from irec_models.progress import Progress, silent
from irec_models.recipes.recipe import Recipe
from irec_models.training.run import Run
from irec_models.training.teacher import TaughtBatch
from irec_models.training.trainer import Trainer

LENGTH = 67_840
"""Samples of a sequence, 2.1 s: thirteen steps of the network."""

_CHANGED = 0.6
"""Share of the sequences that end as another does: what the trunk remembers of one must not be heard in the other."""


def envelope_stream(
    recipe: Recipe, selection: ClipSelection, *, start_step: int = 0, progress: Progress = silent
) -> ExcerptStream:
    """The sequences that a recipe of envelopes with ``[sequences]`` learns from.

    Raises
    ------
    DataError
        The selection has nothing to learn from.
    """
    changes = {
        "window_length": LENGTH,
        "mix_s": (LENGTH + 1) / recipe.stream.sample_rate,
        "windows_per_mix": 1,
        "batch_size": recipe.sequences.batch_size if recipe.sequences else 1,
    }
    return ExcerptStream(
        recipe.stream.model_copy(update=changes),
        selection,
        seed=recipe.train.seed,
        start_step=start_step,
        progress=progress,
    )


def with_changes(
    audio: Tensor, envelopes: Tensor, mask: Tensor, frame_hop: int, random: np.random.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """Let most sequences become another one of the batch, from one sample to the next.

    Parameters
    ----------
    audio : (B, T) Tensor
    envelopes : (B, K, M) Tensor
        Of frames `frame_hop` samples apart.
    mask : (B, K) Tensor
    frame_hop : int
    random : Generator

    Returns
    -------
    audio, envelopes, mask
        Copies. What is not known of both is not known.
    """
    count, frames = len(audio), envelopes.shape[2]
    made = audio.clone(), envelopes.clone(), mask.clone()
    for row in np.flatnonzero(random.random(count) < _CHANGED) if count > 1 else ():
        other = (row + int(random.integers(1, count))) % count
        place = int(random.integers(frames // 8, frames - frames // 8))
        made[0][row, place * frame_hop :] = audio[other, place * frame_hop :]
        made[1][row, :, place:] = envelopes[other, :, place:]
        made[2][row] = torch.minimum(mask[row], mask[other])
    return made


class EnvelopeSequenceTrainer(Trainer):
    """A `Trainer` whose batches are sequences; validation is on windows, as of any network.

    Parameters
    ----------
    recipe, network, run, validation
        As of `Trainer`.

    Raises
    ------
    RecipeError
        The recipe has no ``[sequences]``, or its network is not on such a trunk.
    """

    def __init__(self, recipe: Recipe, network: Network, run: Run, validation: Sequence[Batch]) -> None:
        super().__init__(recipe, network, run, validation)
        if recipe.sequences is None or not isinstance(network, TuttiStreamEnvelopeNet):
            raise RecipeError(f"recipe '{recipe.model.name}' has no [sequences]")
        self._followed = network

    def _loss_of(self, given: Batch | TaughtBatch) -> tuple[Tensor, float]:
        """The loss of one batch; no part of it is a teacher's."""
        batch = given.batch if isinstance(given, TaughtBatch) else given
        network = self._followed
        random = np.random.default_rng([self.recipe.train.seed, self.step, 9])
        audio, envelope, mask = (
            part.to(self.device)
            for part in with_changes(batch.audio, batch.envelope, batch.mask, network.frame_hop, random)
        )
        with torch.no_grad():
            # Windows begin where columns do, less what lies before the first column of each.
            frames = cut_frames(audio[:, network.column_offset :], network.column_length, network.column_hop)
            columns = network.columns_of(frames[:, : frames.shape[1] // STEP * STEP])
            windows = columns.shape[1] // STEP - STEPS + 1
            wanted = envelope.unfold(2, network.frames, PLACES)[:, :, :windows].transpose(1, 2)
        logits, rms = network.learn(columns)
        targets = network.shares(wanted.flatten(0, 1), rms)[..., LEAD:]
        known = mask.repeat_interleave(windows, dim=0)
        return self.loss(logits, targets, known), 0.0
