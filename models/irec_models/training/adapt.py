"""Adaptation: a finished network trained on with a few corrections of its user, without forgetting what it knew.

Two targets. Where a person said something, that; everywhere else, what the network answered before: on the same windows
for labels that nobody looked at, and on mixtures of two windows for all labels. Corrections that are held out tell
whether it helped.

Shapes: B batch, T samples in a window, K labels, W windows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from irec_live.errors import CheckpointError, DataError
from irec_live.media import open_audio
from irec_live.mono import MonoMix
from irec_live.streaming.resample import Resampler
from irec_models.checkpoint import Checkpoint, respecify, save_checkpoint
from irec_models.data.manifests.manifest import Clip, read_manifest
from irec_models.nets import HeadedNetwork, Network, TuttiStreamNet
from irec_models.progress import Progress, silent
from irec_models.training.lineage import start_of
from irec_models.training.start_weights import Start, load_start

FEWEST = 8
"""Corrections below which nothing is trained: fewer can be learnt by heart, and tell nothing about others."""

HELD_OUT = 0.25
"""Share of the corrections that is only tested on."""

_LEAST_HELD_OUT = 2
_KEEP = 1.0
"""Weight of the start's answers beside what a person said."""

_MOST_WINDOWS = 20
"""Of one clip."""


@dataclass(frozen=True, slots=True)
class Score:
    """How right a network is about held-out corrections.

    Attributes
    ----------
    right, decisions : int
        Labels of a clip that are above their threshold if they sound and below it if not; and all that are known.
    loss : float
        Mean cross-entropy, in nats: also how sure it is.
    """

    right: int
    decisions: int
    loss: float

    def __str__(self) -> str:
        return f"{self.right} of {self.decisions} ({self.right / max(1, self.decisions):.0%})"


@dataclass(frozen=True, slots=True)
class Adaptation:
    """What came of it.

    Attributes
    ----------
    before, after : Score
        On corrections that were not trained on.
    trained_on, held_out : int
        Corrections.
    drift : float
        Mean change of an activation on mixtures that nobody corrected.
    written : bool
        Whether there is a checkpoint: only if it is better, or was wanted anyway.
    """

    before: Score
    after: Score
    trained_on: int
    held_out: int
    drift: float
    written: bool

    @property
    def better(self) -> bool:
        """Whether more is right than before, or the same and surer."""
        return (self.after.right, -self.after.loss) > (self.before.right, -self.before.loss)


@dataclass(frozen=True, slots=True)
class _Example:
    """Windows of a clip, (W, T); what sounds, (K,) 0 or 1; and where that is known, (K,) 0 or 1."""

    group: str
    windows: Tensor
    wanted: Tensor
    known: Tensor


def adapt(
    name: Path,
    data: Path,
    out: Path,
    *,
    steps: int = 200,
    learning_rate: float | None = None,
    seed: int = 0,
    anyway: bool = False,
    progress: Progress = silent,
) -> Adaptation:
    """Train a network on with corrections, and tell what that changed on others.

    Parameters
    ----------
    name : Path
        Installed name, exported file or checkpoint of a network of activations.
    data : Path
        Folder with clips and ``manifest.csv``, as `irec_live.corrections.labels` writes it.
    out : Path
        Checkpoint to write, for ``irec-export``.
    steps : int
    learning_rate : float, optional
        1e-3 where only the head learns, 1e-4 where the whole network does.
    seed : int
        Of the order and the mixtures.
    anyway : bool
        Write the checkpoint also if it is no better.
    progress : Progress

    Raises
    ------
    CheckpointError
        The network is not one of activations.
    DataError
        There are too few corrections, or none of labels that it knows.
    """
    start = load_start(name)
    if start.network.kind != "activation" or start.spec is None:
        raise CheckpointError(f"{start.name} does not name instruments; corrections are about names")
    examples = _examples(read_manifest(data), start, progress)
    trained, tested = _parted(examples)
    torch.manual_seed(seed)
    network = start.network.eval()
    before = _score(network, start, tested)
    with torch.no_grad():
        answers = [network.predict(example.windows) for example in trained]
        replayed = [_mixture(examples, np.random.default_rng([seed, number])) for number in range(16)]
        former = [network.predict(windows) for windows in replayed]
    learnt = _learning(network)
    rate = learning_rate or (1e-3 if isinstance(network, HeadedNetwork) else 1e-4)
    optimizer = torch.optim.Adam(learnt, lr=rate)
    rng = np.random.default_rng(seed)
    with progress("adapting", steps, unit="steps") as advance:
        for _ in range(steps):
            loss = _loss(network, start, trained, answers, replayed, former, rng)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(learnt, 2.0)
            optimizer.step()
            advance()
    with torch.no_grad():
        after = _score(network, start, tested)
        fresh = _mixture(examples, np.random.default_rng([seed, 99]))
        drift = float((network.predict(fresh) - load_start(name).network.predict(fresh)).abs().mean())
    found = Adaptation(before, after, _groups(trained), _groups(tested), drift, False)
    if not (found.better or anyway):
        return found
    save_checkpoint(out, _checkpoint(network, start, found))
    return Adaptation(before, after, found.trained_on, found.held_out, drift, True)


def _examples(clips: Sequence[Clip], start: Start, progress: Progress) -> list[_Example]:
    """Decoded clips in which something is known of a label of the network."""
    examples = []
    with progress("decoding", len(clips), unit="clips") as advance:
        for clip in clips:
            known = torch.tensor([float(label not in clip.unknown) for label in start.labels])
            wanted = torch.tensor([float(label in clip.labels) for label in start.labels])
            windows = _windows(clip, start.network)
            if known.any() and len(windows):
                group = clip.file.rpartition("-")[0] or clip.file  # pieces of one correction belong together
                examples.append(_Example(group, windows, wanted, known))
            advance()
    return examples


def _windows(clip: Clip, network: Network) -> Tensor:
    """Windows of a clip, half overlapping, padded with zeros if it is shorter than one: (W, T)."""
    with open_audio(clip.audio_path) as audio:
        mono, resampler = MonoMix(audio.sample_rate), Resampler(audio.sample_rate, network.sample_rate)
        parts = [resampler.push(mono.push(block)) for block in audio.blocks(audio.block_of(1.0))]
    samples = np.concatenate([*parts, resampler.flush()])
    length = network.window_length
    if len(samples) < length:
        before = (length - len(samples)) // 2
        samples = np.pad(samples, (before, length - len(samples) - before))
    starts = np.linspace(0, len(samples) - length, min(_MOST_WINDOWS, 1 + 2 * (len(samples) - length) // length))
    return torch.from_numpy(np.stack([samples[int(first) : int(first) + length] for first in starts]))


def _parted(examples: Sequence[_Example]) -> tuple[list[_Example], list[_Example]]:
    """Examples to train on and to test on; of every set of labels, as far as it has several, some to test on."""
    groups: dict[str, str] = {}
    for example in examples:
        groups.setdefault(example.group, "".join(str(int(value)) for value in example.wanted.tolist()))
    if len(groups) < FEWEST:
        raise DataError(
            f"there are {len(groups)} corrections about labels of this network; it takes {FEWEST} at least, a part of "
            "which is held out to see whether training helped: correct some more events"
        )
    ordered = sorted(groups, key=lambda group: (groups[group], hashlib.sha256(group.encode()).hexdigest()))
    every = round(1 / HELD_OUT)
    tested = set(ordered[every // 2 :: every])
    if len(tested) < _LEAST_HELD_OUT:
        tested = set(ordered[::2][:_LEAST_HELD_OUT])
    return [one for one in examples if one.group not in tested], [one for one in examples if one.group in tested]


def _learning(network: Network) -> list[nn.Parameter]:
    """Parameters that learn: the head of a network with a trunk, else all."""
    chosen = list(network.head()) if isinstance(network, HeadedNetwork) else list(network.parameters())
    if isinstance(network, TuttiStreamNet):  # of windows alone nothing can be learnt about seconds
        chosen = [*network.read.parameters(), *network.output.parameters()]
    for parameter in network.parameters():
        parameter.requires_grad_(False)
    for parameter in chosen:
        parameter.requires_grad_(True)
    return chosen


def _loss(
    network: Network,
    start: Start,
    trained: Sequence[_Example],
    answers: Sequence[Tensor],
    replayed: Sequence[Tensor],
    former: Sequence[Tensor],
    rng: np.random.Generator,
) -> Tensor:
    """Cross-entropy of a few examples to what a person said, and to the start's answers where nobody did."""
    chosen = rng.integers(len(trained), size=min(8, len(trained)))
    picks = [int(rng.integers(len(trained[place].windows))) for place in chosen]
    windows = torch.stack([trained[place].windows[pick] for place, pick in zip(chosen, picks, strict=True)])
    known = torch.stack([trained[place].known for place in chosen])
    wanted = torch.stack([trained[place].wanted for place in chosen])
    answered = torch.stack([answers[place][pick] for place, pick in zip(chosen, picks, strict=True)])
    target = torch.where(known > 0, wanted, answered)
    weight = torch.where(known > 0, 1.0, _KEEP)
    said = _cross_entropy(network, windows, target, weight)
    place = int(rng.integers(len(replayed)))
    kept = _cross_entropy(network, replayed[place], former[place], torch.full_like(former[place], _KEEP))
    return said + kept


def _cross_entropy(network: Network, windows: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    given = network.predict(windows).clamp(1e-6, 1 - 1e-6)
    return functional.binary_cross_entropy(given, target, weight)


def _mixture(examples: Sequence[_Example], rng: np.random.Generator) -> Tensor:
    """Eight sums of two windows at levels up to 12 dB apart: sounds that nobody corrected, (8, T)."""
    sums = []
    for _ in range(8):
        one, other = (examples[int(rng.integers(len(examples)))].windows for _ in range(2))
        gain = 10.0 ** (-rng.uniform(0.0, 12.0) / 20.0)
        sums.append(one[int(rng.integers(len(one)))] + gain * other[int(rng.integers(len(other)))])
    return torch.stack(sums)


@torch.no_grad()
def _score(network: Network, start: Start, examples: Sequence[_Example]) -> Score:
    """Of each clip the mean over its windows, against its label's threshold."""
    right = decisions = 0
    losses = []
    for example, given in zip(examples, _means(network, examples), strict=True):
        spec = start.spec
        limits = torch.tensor([spec.threshold(label).on if spec else 0.5 for label in start.labels])
        agrees = (given >= limits) == (example.wanted > 0)
        right += int(agrees[example.known > 0].sum())
        decisions += int((example.known > 0).sum())
        entropy = functional.binary_cross_entropy(given.clamp(1e-6, 1 - 1e-6), example.wanted, reduction="none")
        losses.append(float(entropy[example.known > 0].mean()))
    return Score(right, decisions, float(np.mean(losses)) if losses else 0.0)


def _means(network: Network, examples: Sequence[_Example]) -> Iterator[Tensor]:
    for example in examples:
        yield network.predict(example.windows).mean(dim=0)


def _groups(examples: Sequence[_Example]) -> int:
    return len({example.group for example in examples})


def _checkpoint(network: Network, start: Start, found: Adaptation) -> Checkpoint:
    if start.spec is None:
        raise CheckpointError(f"{start.name} does not tell what it is")
    said = (
        f"Adapted from {start.name} with {found.trained_on} corrections of its user; on {found.held_out} others "
        f"{found.after} of the labels are right, {found.before} before. Scores and trade-off are the start's no more."
    )
    spec = respecify(
        start.spec,
        name=f"{start.name[:56]}-adapted",
        title=f"{start.spec.title or start.name}, adapted"[:200],
        scores={},
        trade_off=(),
        training_data=f"{start.spec.training_data}; {found.trained_on} corrections of its user".removeprefix("; "),
    )
    training = {"start": start_of(start.spec), "corrections": found.trained_on}
    return Checkpoint.of(network, spec, f"# {spec.name}\n\n{said}\n", training)
