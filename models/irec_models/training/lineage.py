"""Lineage of a training as data: its sources, and the models that its initial weights come from."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from irec_live.models.provenance import Ancestor, Source
from irec_live.models.spec import ModelSpec
from irec_models.data.manifests.manifest import read_manifests


def sources_of(data: Sequence[Path], held_out: Collection[str] = ()) -> tuple[Source, ...]:
    """Sources of the train split of data folders, by name.

    Parameters
    ----------
    data : sequence of Path
        Folders with a ``manifest.csv`` each.
    held_out : collection of str
        Those that are held out for validation.

    Raises
    ------
    DataError
        A manifest is unusable.
    """
    licences: dict[str, set[str]] = defaultdict(set)
    clips: Counter[str] = Counter()
    for clip in read_manifests(data):
        if clip.split == "train":
            licences[clip.source].add(clip.licence or "unstated")
            clips[clip.source] += 1
    return tuple(
        Source(name=name, licence=" / ".join(sorted(licences[name])), clips=clips[name], held_out=name in held_out)
        for name in sorted(clips)
    )


def start_of(spec: ModelSpec) -> dict[str, Any]:
    """Name, sources and ancestors of a model that a training begins with; the name alone if it lists no sources."""
    if not spec.sources:
        return {"name": spec.name}
    fields = spec.model_dump(mode="json", include={"sources", "lineage"})
    lineage = fields["lineage"] or {}
    return {"name": spec.name, "sources": fields["sources"], "ancestors": lineage.get("ancestors", [])}


def ancestors_of(start: Mapping[str, Any]) -> tuple[Ancestor, ...]:
    """The model that a training began with, and its ancestors; empty for a run of version 0.1, which has only a card.

    Examples
    --------
    >>> ancestors_of({"name": "a", "sources": [{"name": "north"}]})[0].sources[0].name
    'north'
    >>> ancestors_of({"name": "a", "card": "# A"})
    ()
    """
    if "sources" not in start:
        return ()
    try:
        own = TypeAdapter(tuple[Source, ...]).validate_python(start["sources"])
        earlier = TypeAdapter(tuple[Ancestor, ...]).validate_python(start.get("ancestors", ()))
    except ValidationError:  # a checkpoint edited by hand
        return ()
    return (Ancestor(name=start["name"], sources=own), *earlier)
