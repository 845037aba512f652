"""Provenance of a trained network as data: its sources with licences, its recipe, what its weights began with.

`irec_models.publishing.publish` puts it into the spec, the card is written from it, and training that goes on from the
network reads it, so that nobody has to parse a card.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from irec_live.models.provenance import Lineage, Source
from irec_live.models.spec import ModelSpec
from irec_models.data.manifests.manifest import read_manifests
from irec_models.recipes.recipe import Recipe
from irec_models.training.lineage import ancestors_of, sources_of


def data_sha256(data: Sequence[Path]) -> str:
    """SHA-256 over split, file, labels, source and size in bytes of every clip, whatever the order of folders.

    Raises
    ------
    DataError
        A manifest is unusable.
    """
    rows = sorted(
        "\t".join((clip.split, clip.file, ";".join(clip.labels), clip.source, str(clip.audio_path.stat().st_size)))
        for clip in read_manifests(data)
    )
    return hashlib.sha256("\n".join(rows).encode()).hexdigest()


def lineage_of(
    recipe: Recipe, recipe_text: str, training: Mapping[str, Any], window_s: float, data: Sequence[Path] = ()
) -> Lineage:
    """How a network came about.

    Parameters
    ----------
    recipe : Recipe
    recipe_text : str
        The same as it lies in the run's folder; empty if there is none.
    training : mapping
        Of ``best.pt``: ``step``, ``hours``, and if there are any ``steps_in_all``, ``start`` and ``mean_of``.
    window_s : float
        Duration of a training window, s.
    data : sequence of Path
        Folders with a ``manifest.csv`` each; none if they are not at hand, and then their hash is left out.
    """
    start, step = training.get("start") or {}, int(training.get("step", 0))
    return Lineage(
        recipe=recipe.model.name,
        recipe_text=recipe_text,
        start=start.get("name", ""),
        teacher=recipe.teacher,
        mean_of=int(training.get("mean_of", 0)),
        step=step,
        steps=int(training.get("steps_in_all", step)),
        hours=float(training.get("hours", 0.0)),
        windows_hours=step * recipe.stream.batch_size * window_s / 3600,
        data_sha256=data_sha256(data) if data else "",
        ancestors=ancestors_of(start),
    )


def provenance(
    recipe: Recipe, recipe_text: str, training: Mapping[str, Any], spec: ModelSpec, data: Sequence[Path]
) -> dict[str, Any]:
    """Provenance fields of a spec; for `irec_models.checkpoint.respecify`."""
    return {
        "sources": sources_of(data, recipe.data.hold_out),
        "lineage": lineage_of(recipe, recipe_text, training, spec.window_s, data),
        "reference": recipe.model.reference,
    }


def joint_terms(specs: Sequence[ModelSpec]) -> dict[str, Any]:
    """Provenance of a model combined from others: every licence, all sources, the seed if they share one.

    Of their lineages only the ancestors are left: it has no recipe of its own. For `irec_models.checkpoint.respecify`.
    """
    seeds = {spec.seed for spec in specs}
    sources: dict[str, Source] = {}
    for source in (source for spec in specs for source in spec.sources):
        # What one was trained on, all of it was; held out is only what no one was trained on.
        if source.name not in sources or sources[source.name].held_out:
            sources[source.name] = source
    ancestors = {ancestor.name: ancestor for spec in specs if spec.lineage for ancestor in spec.lineage.ancestors}
    references = dict.fromkeys(spec.reference for spec in specs if spec.reference)
    return {
        "licence": "; ".join(dict.fromkeys(spec.licence for spec in specs if spec.licence)),
        "training_data": "; ".join(dict.fromkeys(spec.training_data for spec in specs if spec.training_data)),
        "seed": seeds.pop() if len(seeds) == 1 else None,
        "sources": tuple(sources[name] for name in sorted(sources)),
        "lineage": Lineage(ancestors=tuple(ancestors.values())),
        "reference": "; ".join(references)[:300],
    }
