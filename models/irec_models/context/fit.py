"""``irec-train context``: train a context head for an exported network, and write it into the file."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch.optim.swa_utils import AveragedModel

from irec_live.errors import ModelError, RecipeError
from irec_live.files import check_writable, write_atomically
from irec_live.models.detector import Detector
from irec_live.models.onnx_file import read_model_bytes
from irec_models.context.features import SequenceFeatures, readable, sequence_features
from irec_models.context.head import ContextHeadNet
from irec_models.context.into_file import with_head
from irec_models.data.mixing.sequences import USUAL, SequencePlan, SequenceStream
from irec_models.losses import sequence_loss
from irec_models.progress import Progress, silent, tracked
from irec_models.publishing.decide_file import with_metadata
from irec_models.recipes.recipe import ContextSection, Recipe
from irec_models.training.trainer import warmed_average

_TITLE, _NEXT = "## Context\n", ("## Decisions\n", "## Recordings\n")
_DECAY = 0.99  # of the averaged weights
_CUT = 0.4  # share of sequences that begin somewhere: the first second of a sound has no more context than itself


def fit_context(
    path: Path, recipe: Recipe, data: Sequence[Path], out: Path, *, progress: Progress = silent
) -> ContextHeadNet:
    """Train a head on sequences, and write the model with it; the network stays as it is.

    Parameters
    ----------
    path : Path
        An exported file of a network that the recipe is for.
    recipe : Recipe
        With a ``[context]``.
    data : sequence of Path
        Folders with a ``manifest.csv`` each; the head learns from their train split.
    out : Path
        ``.onnx`` file to write; may be `path`.
    progress : Progress

    Raises
    ------
    RecipeError
        There is no ``[context]``, or it is for other labels.
    ModelError, CheckpointError, DataError, OutputError
    """
    check_writable(out)
    content = read_model_bytes(path)
    predictor = Detector(content, provider="cpu")
    spec = predictor.spec
    network = readable(path, spec)
    options = recipe.context
    if options is None:
        raise RecipeError(
            f"recipe '{recipe.model.name}' has no [context], which says how a head is trained; give one that has with "
            "--recipe"
        )
    if spec.labels != recipe.data.labels:
        raise RecipeError(f"recipe '{recipe.model.name}' has other labels than {path}")
    stream = SequenceStream(
        recipe.stream,
        recipe.data.training(data),
        seed=options.seed,
        plan=SequencePlan(window_s=spec.window_s),
        progress=progress,
        allow_missing_labels=True,
    )
    head = train_head(sequence_features(network, stream, options.sequences, progress), options, progress)
    made = with_head(content, head)
    made = with_metadata(made, spec, card_with_context(predictor.card, head, options))
    if Detector(made, provider="cpu").context is None:
        raise ModelError(f"{path} cannot take a context head")
    write_atomically(out, made)
    return head


def card_with_context(card: str, head: ContextHeadNet, options: ContextSection) -> str:
    """A card with a section on the head, before those on decisions and recordings."""

    def spoken(spans: Sequence[float]) -> str:
        return ", ".join(f"{span:g}" for span in spans) or "0"

    weights = sum(parameter.numel() for parameter in head.parameters())
    lines = [
        f"In a stream, activations are told by a head of {weights} weights as well. It hears {options.projection}",
        "values that each window's readings are projected to, and the network's logits: those of the newest window,",
        f"their means over windows that began in the last {spoken(options.means_s)} s, and their maxima over",
        f"{spoken(options.maxima_s)} s. The network's own newest logits are {options.own:g} of the answer.",
        f"It was trained on {options.sequences} sequences of {USUAL.seconds:g} s from the training recordings: solos,",
        "some over each other, noise and other instruments, entering, leaving and following each other; mixtures of",
        "notes; and ensembles of which is known who plays, but not when. Scores above are of the network without it.",
        "",
        f"`[context]` of the recipe: `{options.model_dump_json()}`",
    ]
    place = next((at for title in _NEXT if (at := card.find(title)) >= 0), len(card))
    before, _, _ = card[:place].partition(_TITLE)
    return f"{before.rstrip()}\n\n{_TITLE}\n" + "\n".join(lines) + f"\n\n{card[place:]}"


def train_head(features: SequenceFeatures, options: ContextSection, progress: Progress = silent) -> ContextHeadNet:
    """A head trained on sequences, in evaluation mode, its weights averaged over the last steps."""
    torch.manual_seed(options.seed)
    random = np.random.default_rng(options.seed)
    head = ContextHeadNet(
        *features.statistics(),
        features.logits.shape[2],
        projection=options.projection,
        hidden=options.hidden,
        means_s=options.means_s,
        maxima_s=options.maxima_s,
        own=options.own,
        dropout=options.dropout,
    )
    optimizer = torch.optim.AdamW(head.parameters(), lr=options.learning_rate, weight_decay=options.weight_decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, options.learning_rate, total_steps=options.steps, pct_start=0.1
    )
    average = AveragedModel(head, multi_avg_fn=warmed_average(_DECAY))
    for _ in tracked(range(options.steps), progress, "context head", options.steps):
        loss = _loss(head, features, options, random)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(head.parameters(), 2.0)
        optimizer.step()
        schedule.step()
        average.update_parameters(head)
    head.load_state_dict(average.module.state_dict())
    return head.eval()


def _loss(
    head: ContextHeadNet, features: SequenceFeatures, options: ContextSection, random: np.random.Generator
) -> torch.Tensor:
    """Loss of one batch of sequences, some of which begin somewhere."""
    chosen = np.sort(random.integers(0, len(features.logits), options.batch_size))
    part = [getattr(features, field.name)[chosen] for field in dataclasses.fields(features)]
    readings, logits, sounding, presence, mask = (torch.from_numpy(values).float() for values in part)
    rows = sounding.shape[1]
    begins = np.where(random.random(len(chosen)) < _CUT, random.integers(0, rows, len(chosen)), 0)
    sounding = sounding * torch.from_numpy(np.arange(rows) >= begins[:, None])
    said = head.decide(head.contexts(head.features(readings, logits), sounding, USUAL.hop_s))
    return sequence_loss(said, presence, mask * sounding[..., None], options.ensembles)
