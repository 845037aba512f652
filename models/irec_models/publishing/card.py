"""Model cards: what a model is, what it heard, how well it does, in Markdown inside its own file."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from irec_live.models.spec import ModelSpec
from irec_models.data import StreamConfig
from irec_models.data.manifests.manifest import KIN, read_manifests
from irec_models.data.mixing.config import AugmentConfig
from irec_models.measuring.clip_scores import Evaluation
from irec_models.measuring.mixture_scores import MixEvaluation
from irec_models.recipes.recipe import Recipe

_TAUGHT = (
    "It learnt from the outputs of YAMNet (Google, Apache-2.0) on the same mixtures too, none of which is in this file."
)
_RECORDINGS = "## Recordings\n"
_EARLIER = "## Recordings that "
_HELD_OUT = " (held out)"


def attributions(data: Sequence[Path], labels: Sequence[str]) -> dict[str, tuple[str, int]]:
    """Sources of the train split that a stream draws from: licence (or several) and number of clips, by name."""
    licences: dict[str, set[str]] = defaultdict(set)
    clips: dict[str, int] = defaultdict(int)
    for clip in read_manifests(data):
        if clip.split == "train":
            licences[clip.source].add(clip.licence or "unstated")
            clips[clip.source] += 1
    return {source: (" / ".join(sorted(licences[source])), clips[source]) for source in sorted(clips)}


def write_card(
    recipe: Recipe,
    spec: ModelSpec,
    training: Mapping[str, Any],
    data: Sequence[Path],
    dev: Evaluation,
    mixes: MixEvaluation | None,
    thresholds_from: str,
) -> str:
    """The card of a trained model.

    Parameters
    ----------
    recipe : Recipe
    spec : ModelSpec
        With its final thresholds.
    training : mapping
        Of ``best.pt``: steps, hours, validation scores.
    data : sequence of Path
        Folders of the manifests.
    dev : Evaluation
    mixes : MixEvaluation or None
        None where nothing was mixed.
    thresholds_from : str
        What the thresholds were chosen on.
    """
    start, mean_of = training.get("start"), training.get("mean_of")
    held = ", ".join(recipe.data.hold_out) or f"the split {recipe.data.validation_split}"
    step = int(training.get("step", 0))
    heard = attributions(data, spec.labels)
    heard_h = step * recipe.stream.batch_size * spec.window_s / 3600
    lines = [
        f"# {spec.title or spec.name}",
        "",
        f"{spec.kind} model, {spec.parameters:,} weights; hears {spec.window_s * 1000:.0f} ms at "
        f"{spec.sample_rate} Hz.",
        f"Front end: {spec.front_end}.",
        f"Labels: {', '.join(spec.labels)}.",
        "",
        "## Training",
        "",
        f"Recipe `{recipe.model.name}`, seed {recipe.train.seed}: best of {training.get('steps_in_all', step)} steps "
        f"at step {step}, after {training.get('hours', 0.0):.2f} hours and {heard_h:.1f} hours of windows, which "
        f"overlap, in batches of {recipe.stream.batch_size}.",
        *_heard(recipe.stream),
        *([_TAUGHT] if recipe.distill else []),
        *([f"Its weights are the mean of {mean_of} trainings, of which this is the last."] if mean_of else []),
        *([f"It began with the weights of {start['name']}: what that had heard, it has heard too."] if start else []),
        f"Held out of training, for validation: {held}.",
        *_shared_recordings(recipe.data.hold_out, heard),
        f"Thresholds: {thresholds_from}.",
        *([recipe.model.notes] if recipe.model.notes else []),
        "",
        "## Scores",
        "",
        *score_lines(dev, mixes),
        "",
        "## Recordings",
        "",
        "| source | licence | clips |",
        "|---|---|---|",
    ]
    for source, (licence, clips) in heard.items():
        lines.append(f"| {source}{_HELD_OUT if source in recipe.data.hold_out else ''} | {licence} | {clips} |")
    card = "\n".join(lines)
    return "\n\n".join([card, *(_inherited(start, card) if start else ())]) + "\n"


def _shared_recordings(held_out: Collection[str], sources: Collection[str]) -> list[str]:
    """Held-out sources whose recordings another source has.

    Examples
    --------
    >>> _shared_recordings(["splendid", "north"], ["splendid", "north", "sf:musescore"])
    ['Recordings of splendid are in sf:musescore too, which was not held out.']
    """
    found = []
    for source in held_out:
        kin = sorted(set().union(*(kin for kin in KIN if source in kin)) & set(sources) - set(held_out))
        if kin:
            found.append(f"Recordings of {source} are in {' and '.join(kin)} too, which was not held out.")
    return found


def _inherited(start: Mapping[str, Any], card: str) -> list[str]:
    """What else the start and those before it had heard: a section for each table that is not in the card already."""
    sections: list[str] = []
    own, *earlier = start["card"].partition(_RECORDINGS)[2].split(_EARLIER)
    named = [
        (f"{start['name']} had heard", own),
        *((name, table) for name, _, table in (section.partition("\n") for section in earlier)),
    ]
    for name, table in named:
        if table.strip() and all(table.strip() not in text for text in (card, *sections)):
            sections.append(f"{_EARLIER}{name}\n\n{table.strip()}")
    return sections


def _heard(stream: StreamConfig) -> list[str]:
    if stream.mode == "clips":
        return [
            "Windows of the recordings below as they are, without overlap; nothing was mixed or augmented.",
            "Nothing of the dev split was trained on.",
        ]
    if stream.augment == AugmentConfig.none():
        return [
            f"{_mixtures(stream)} made on the fly from the recordings below, without augmentation.",
            "Nothing of the dev split was trained on.",
        ]
    return [
        f"{_mixtures(stream)} made on the fly from the recordings below, with rooms, equalisers, band limits,",
        "noise, gain and other imperfections. Nothing of the dev split was trained on.",
    ]


def _mixtures(stream: StreamConfig) -> str:
    if stream.mode == "neuroment":
        return f"Mixtures of {stream.sources_min} to {stream.sources_max} sources"
    return f"Mixtures of 0 to {len(stream.sizes) - 1} sources"


def score_lines(dev: Evaluation, mixes: MixEvaluation | None) -> list[str]:
    """Scores as Markdown: one paragraph, one table of instruments, one of mixture sizes if there are mixtures."""
    s1 = dev.aggregations["s1"]
    of = "Dev split" if mixes else "Validation"
    lines = [
        f"{of}, {dev.clips} real clips, mean over windows: macro mAP {s1.macro_map:.3f}, top-1 on "
        f"{dev.solos} solos {dev.top1['s1']:.3f}; with the model's own thresholds micro F1 {s1.micro_f1:.3f}, "
        f"macro F1 {s1.macro_f1:.3f}.",
        "",
        "| instrument | clips | average precision | precision | recall | F1 |",
        "|---|---|---|---|---|---|",
    ]
    for label, scores in s1.labels.items():
        if scores.support:
            lines.append(
                f"| {label} | {scores.support} | {scores.average_precision:.3f} | {scores.precision:.3f} "
                f"| {scores.recall:.3f} | {scores.f1:.3f} |"
            )
    absent = [label for label, scores in s1.labels.items() if not scores.support]
    if absent:
        lines += ["", f"Not {'on dev' if mixes else 'in it'}, so not measured there: {', '.join(absent)}."]
    if mixes is None:
        return lines
    sizes = mixes.sizes
    lines += [
        "",
        f"Mixtures of held-out sources: macro mAP {mixes.macro_map:.3f}, micro F1 {mixes.micro_f1:.3f}.",
        "",
        "| sources | " + " | ".join(str(size) for size in sizes) + " |",
        "|---" * (len(sizes) + 1) + "|",
        "| multilabel accuracy | " + " | ".join(f"{s.multilabel_accuracy:.2f}" for s in sizes.values()) + " |",
        "| exact match | " + " | ".join(f"{s.exact_match:.2f}" for s in sizes.values()) + " |",
    ]
    if mixes.envelope:
        error = mixes.envelope
        lines += [
            "",
            f"Envelope error over 60 dB: {error.active_db:.1f} dB where the instrument sounds (always-silence would "
            f"have {error.silence_db:.1f}), {error.silent_db:.1f} dB where it does not.",
        ]
    return lines
