"""Model cards: what a model is, what it was trained on, how well it does, in Markdown inside its own file.

A card is written from the spec's provenance, the recipe and the scores; nothing ever reads it back but people.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from irec_live.models.provenance import Lineage, Source
from irec_live.models.spec import ModelSpec
from irec_models.data import StreamConfig
from irec_models.data.manifests.manifest import KIN
from irec_models.data.mixing.config import AugmentConfig
from irec_models.measuring.clip_scores import Evaluation
from irec_models.measuring.mixture_scores import MixEvaluation
from irec_models.recipes.recipe import Recipe

_TEACHERS = {
    "yamnet": "It learnt from the outputs of YAMNet (Google, Apache-2.0) on the same mixtures too, none of which is in "
    "this file."
}


def write_card(
    recipe: Recipe, spec: ModelSpec, dev: Evaluation, mixes: MixEvaluation | None, thresholds_from: str
) -> str:
    """The card of a trained model.

    Parameters
    ----------
    recipe : Recipe
    spec : ModelSpec
        With its final thresholds, its sources and its lineage.
    dev : Evaluation
    mixes : MixEvaluation or None
        None where nothing was mixed.
    thresholds_from : str
        What the thresholds were chosen on.
    """
    lineage = spec.lineage or Lineage(recipe=recipe.model.name)
    held_out = [source.name for source in spec.sources if source.held_out]
    held = ", ".join(held_out) or f"the split {recipe.data.validation_split}"
    names = [source.name for source in spec.sources]
    lines = [
        f"# {spec.title or spec.name}",
        "",
        *about_lines(spec),
        "",
        "## Training",
        "",
        f"Recipe `{lineage.recipe}`, seed {spec.seed}: best of {lineage.steps} steps at step {lineage.step}, after "
        f"{lineage.hours:.2f} hours and {lineage.windows_hours:.1f} hours of windows, which overlap, in batches of "
        f"{recipe.stream.batch_size}.",
        *_training_sound(recipe.stream),
        *([_TEACHERS.get(lineage.teacher, f"It learnt from {lineage.teacher} too.")] if lineage.teacher else []),
        *(
            [f"Its weights are the mean of {lineage.mean_of} trainings, of which this is the last."]
            if lineage.mean_of
            else []
        ),
        *(
            [f"It began with the weights of {lineage.start}: what that was trained on, it was trained on too."]
            if lineage.start
            else []
        ),
        f"Held out of training, for validation: {held}.",
        *_shared_recordings(held_out, names),
        f"Thresholds: {thresholds_from}.",
        *([recipe.model.notes] if recipe.model.notes else []),
        "",
        "## Scores",
        "",
        *score_lines(dev, mixes),
    ]
    tables = {"## Recordings": source_table(spec.sources)}
    for ancestor in lineage.ancestors:
        table = source_table(ancestor.sources)
        if ancestor.sources and table not in tables.values():
            tables[f"## Training recordings of {ancestor.name}"] = table
    return "\n\n".join(["\n".join(lines), *(f"{title}\n\n{table}" for title, table in tables.items())]) + "\n"


def about_lines(spec: ModelSpec) -> list[str]:
    """Kind, size, reference, front end and labels, a line each."""
    return [
        f"{spec.kind} model, {spec.parameters:,} weights; hears {spec.window_s * 1000:.0f} ms at "
        f"{spec.sample_rate} Hz.",
        *([f"After {spec.reference}."] if spec.reference else []),
        f"Front end: {spec.front_end}.",
        f"Labels: {', '.join(spec.labels)}.",
    ]


def source_table(sources: Sequence[Source]) -> str:
    """Sources, licences and numbers of clips as a table in Markdown.

    Examples
    --------
    >>> print(source_table([Source(name="north", licence="CC0-1.0", clips=3, held_out=True)]))
    | source | licence | clips |
    |---|---|---|
    | north (held out) | CC0-1.0 | 3 |
    """
    rows = (
        f"| {source.name}{' (held out)' if source.held_out else ''} | {source.licence} | {source.clips} |"
        for source in sources
    )
    return "\n".join(["| source | licence | clips |", "|---|---|---|", *rows])


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


def _training_sound(stream: StreamConfig) -> list[str]:
    if stream.mode == "clips":
        return [
            "Windows of the recordings below as they are, without overlap; nothing was mixed or augmented.",
            "Nothing of the dev split was trained on.",
        ]
    if stream.mode == "excerpts":
        return [
            f"Real recordings below, drawn by source, some over each other, and {_mixtures(stream).lower()} made",
            "on the fly, with rooms, equalisers, band limits, noise and other imperfections. Nothing of the dev split",
            "was trained on.",
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
