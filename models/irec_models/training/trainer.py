"""The training loop: one network, one stream, one optimiser.

Shapes: B batch, T samples in a window, K labels, N frames.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import Any, cast

import torch
from torch import Tensor
from torch.optim.lr_scheduler import ReduceLROnPlateau
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from irec_live.models.provenance import Source
from irec_models.checkpoint import Checkpoint, save_checkpoint
from irec_models.data import Batch
from irec_models.losses import LOSSES, masked_cross_entropy
from irec_models.nets import Network, TrunkNetwork
from irec_models.recipes.recipe import Recipe
from irec_models.training.checkpoints import checkpoint_of, load_training_state, training_state
from irec_models.training.learning_without_forgetting import ForgettingPenalty
from irec_models.training.run import Run
from irec_models.training.schedule import one_cycle
from irec_models.training.setup import label_classifier_of, parameter_groups, teacher_head_of, uses_bfloat16
from irec_models.training.teacher import Student, TaughtBatch
from irec_models.training.validation import validate


class Trainer:
    """Takes batches, makes checkpoints.

    Parameters
    ----------
    recipe : Recipe
    network : Network
        On its device.
    run : Run
        Where checkpoints and log go.
    validation : sequence of Batch
        Held-out windows.
    clock : callable
        Seconds, monotonic.

    Attributes
    ----------
    step : int
        Optimiser steps done.
    seconds : float
        Spent in training, earlier sittings included.
    best : float
        Highest validation score so far; `flat` validations ago.
    validated : int
        Steps at the last validation.
    start : dict
        Name, sources and ancestors of the model it began with, for its own lineage; empty if it began with nothing.
    sources : tuple of Source
        What it draws from, for its checkpoints: another training may begin with one of them.
    """

    def __init__(
        self,
        recipe: Recipe,
        network: Network,
        run: Run,
        validation: Sequence[Batch],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.recipe = recipe
        self.network = network
        self.run = run
        self.validation = validation
        self.device = next(network.parameters()).device
        self.loss = LOSSES[recipe.train.loss]
        self.narrow = uses_bfloat16(recipe.train.precision, self.device)
        options = recipe.train
        kind = torch.optim.Adam if options.optimizer == "adam" else torch.optim.AdamW
        self.teacher_head = teacher_head_of(recipe, network)
        self.label_classifier = label_classifier_of(recipe, self.device)
        helpers = [module for module in (self.teacher_head, self.label_classifier) if module is not None]
        groups = parameter_groups(network, options.learn == "head", options.head_rate)
        groups[0]["params"] += [p for module in helpers for p in module.parameters()]
        self.optimizer = kind(groups, lr=options.learning_rate, weight_decay=options.weight_decay)
        self.keeper: ForgettingPenalty | None = None
        self.average = AveragedModel(network, multi_avg_fn=warmed_average(options.ema)) if options.ema else None
        # Häusler and Maier (section 4.4) divide by 5 after 8 epochs without gain, down to 1e-5.
        self.plateau = ReduceLROnPlateau(
            self.optimizer,
            mode="max",
            factor=options.plateau_factor,
            patience=options.plateau_patience - 1,  # torch counts those that are borne, not the one that is too many
            threshold=0.0,
            threshold_mode="abs",
            min_lr=options.minimum_rate,
            eps=0.0,
        )
        self.step = 0
        self.seconds = 0.0
        self.best = -math.inf
        self.flat = 0
        self.validated = 0
        self.start: dict[str, Any] = {}
        self.sources: tuple[Source, ...] = ()
        self._clock = clock
        self._resumed_at = clock()
        self._recent = (0.0, 0.0, 0)

    @property
    def progress(self) -> float:
        """Share of the run done, by steps or by the recipe's budget of hours, whichever is further."""
        options = self.recipe.train
        by_time = self.elapsed / 3600.0 / options.budget_hours if options.budget_hours else 0.0
        return max(self.step / options.steps, by_time)

    @property
    def elapsed(self) -> float:
        """Seconds of training so far, this sitting included."""
        return self.seconds + self._clock() - self._resumed_at

    @property
    def finished(self) -> bool:
        """Whether steps, budget or patience are used up."""
        patience = self.recipe.train.patience
        return self.progress >= 1.0 or (patience is not None and self.flat >= patience)

    def rate(self) -> float:
        """Learning rate of the next step."""
        options = self.recipe.train
        if options.schedule == "one-cycle":
            return one_cycle(self.progress, options.learning_rate, options.minimum_rate, options.warmup)
        group = self.optimizer.param_groups[0]
        return float(group["lr"] / group["relative"])  # which a plateau lowers

    def train_on(self, given: Batch | TaughtBatch) -> float:
        """One optimiser step; the loss before it.

        Raises
        ------
        FloatingPointError
            If the loss is not finite: going on would write broken weights over good ones.
        """
        self.network.train()
        # Dropout as a function of seed and step: a resumed run needs no state of a random generator, on any device.
        torch.manual_seed(self.recipe.train.seed * 1_000_003 + self.step)
        rate = self.rate()
        for group in self.optimizer.param_groups:
            group["lr"] = rate * group["relative"]
        loss, said = self._loss_of(given)
        value = float(loss.detach())
        if not math.isfinite(value):
            raise FloatingPointError(f"the loss became {value} at step {self.step}; lower learning_rate")
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        if self.recipe.train.clip_norm:
            torch.nn.utils.clip_grad_norm_(self.network.parameters(), self.recipe.train.clip_norm)
        self.optimizer.step()
        if self.average:
            self.average.update_parameters(self.network)
        self.step += 1
        total, taught_total, count = self._recent
        self._recent = (total + value, taught_total + said, count + 1)
        return value

    def _loss_of(self, given: Batch | TaughtBatch) -> tuple[Tensor, float]:
        """The loss of one batch, and the part of it that is the teacher's."""
        batch, taught = given if isinstance(given, TaughtBatch) else (given, None)
        audio, presence, envelope, mask = (part.to(self.device, non_blocking=True) for part in batch)
        wanted = presence if self.network.kind == "activation" else self.network.targets(envelope, audio)
        # The front end has nothing to learn, so nothing of it is stored for a backward pass.
        with torch.no_grad():
            features = self.network.features(audio)
        network, distill = self.network, self.recipe.distill
        if taught is None or self.teacher_head is None or distill is None or not isinstance(network, Student):
            kept = features.new_zeros(())
            # The spectrum stays in float32: it spans 80 dB, which bfloat16's 8 bits of precision cannot hold.
            with torch.autocast(self.device.type, torch.bfloat16, enabled=self.narrow):
                if self.keeper and isinstance(network, TrunkNetwork):
                    embedding = network.embed(features)
                    logits = network.decide(embedding)
                    kept = self.keeper.loss(network, features, embedding)
                else:
                    logits = network.classify(features)
            return self.loss(logits.float(), wanted, mask) + kept, float(kept.detach())
        taught = taught.to(self.device)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.narrow):
            embedding = network.embed(features)
            logits = network.decide(embedding)
            opinion = self.teacher_head.loss(embedding, taught)
        loss = distill.weight * opinion
        if self.label_classifier:
            loss = loss + masked_cross_entropy(self.label_classifier(taught), presence, mask)
            # Advice is taken without gradient: otherwise the classifier could make its own advice easy to follow.
            wanted, mask = self.label_classifier.advise(taught, presence, mask, self.step)
        return loss + self.loss(logits.float(), wanted, mask), float(opinion.detach())

    def log(self, windows_per_s: float) -> None:
        """Write the mean loss since the last call."""
        total, taught_total, count = self._recent
        self._recent = (0.0, 0.0, 0)
        entry = {"step": self.step, "hours": round(self.elapsed / 3600, 4), "loss": total / max(count, 1)}
        if self.teacher_head or self.keeper:
            entry["teacher_loss"] = taught_total / max(count, 1)
        self.run.log({**entry, "learning_rate": self.rate(), "windows_per_s": round(windows_per_s, 1)})

    def begin_from_here(self) -> None:
        """Take the network as it is now, with a start's weights in it, for where averages and ``[keep]`` begin."""
        if self.recipe.train.ema:
            self.average = AveragedModel(self.network, multi_avg_fn=warmed_average(self.recipe.train.ema))
        self.keep(self.network)

    def keep(self, start: Network) -> None:
        """Hold the network to what `start` says, as the recipe's ``[keep]`` asks."""
        options = self.recipe.keep
        if options:
            self.keeper = ForgettingPenalty(start, options.weight, options.every)

    def validate(self) -> dict[str, Any]:
        """Score the held-out windows, keep the weights if they are the best, log; the log's entry."""
        network = self.averaged()
        result = validate(network, self.validation, self.loss)
        mean = result.mean_average_precision()
        monitor = self.recipe.train.monitor
        score = -result.loss if monitor == "loss" else mean
        improved = score > self.best or monitor == "last"
        self.best, self.flat = (score, 0) if improved else (self.best, self.flat + 1)
        if self.recipe.train.schedule == "plateau":
            self.plateau.step(score)
        entry: dict[str, Any] = {
            "step": self.step,
            "hours": round(self.elapsed / 3600, 4),
            "validation_loss": result.loss,
            "validation_map": mean,
            "best": improved,
        }
        if improved:
            progress = {key: entry[key] for key in ("step", "hours", "validation_loss", "validation_map")}
            if self.start:
                progress["start"] = self.start
            save_checkpoint(self.run.best, checkpoint_of(self, network.state_dict(), progress))
        self.run.log(entry)
        self.validated = self.step
        return entry

    def averaged(self) -> Network:
        """The network to validate with: one with averaged weights, or the network itself."""
        return cast("Network", self.average.module) if self.average else self.network

    def save(self) -> None:
        """Write ``last.pt``, with all that resuming needs."""
        save_checkpoint(self.run.last, checkpoint_of(self, self.network.state_dict(), training_state(self)))

    def restore(self, checkpoint: Checkpoint) -> None:
        """Continue where ``last.pt`` stands.

        Raises
        ------
        CheckpointError
            If it is of another recipe or is not a ``last.pt``.
        """
        load_training_state(self, checkpoint)
        self._resumed_at = self._clock()


def warmed_average(decay: float) -> Callable[[Sequence[Tensor], Sequence[Tensor], Tensor | int], None]:
    """Exponential moving average of weights, for `AveragedModel`: smoother than the last step's, at no cost to the app.

    Early on the average follows faster, by (1 + n) / (10 + n) at step n, so that the random start is forgotten soon.

    Parameters
    ----------
    decay : float
        Of the average per step, 0..1.

    References
    ----------
    B. Polyak, A. Juditsky, "Acceleration of stochastic approximation by averaging", SIAM J. Control Optim. 30(4), 1992.
    """

    def update(averaged: Sequence[Tensor], current: Sequence[Tensor], count: Tensor | int) -> None:
        step = int(count) + 1  # torch counts the steps before this one
        get_ema_multi_avg_fn(min(decay, (1 + step) / (10 + step)))(averaged, current, count)  # type: ignore[no-untyped-call]

    return update
