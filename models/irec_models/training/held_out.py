"""Held-out sources for validation: those that the recipe names or, if the data have none of them, a share.

A recipe's names are of the data that its author had. Any other folder trains too: a share of its sources is held out,
chosen by the hash of their names, so that the same folder always gives the same choice.
"""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from irec_live.errors import DataError
from irec_models.data import Clip
from irec_models.data.manifests.manifest import KIN, read_manifests
from irec_models.recipes.recipe import Recipe, load_recipe

_NEAR = 0.75
"""Likeness of a name to that of a source from which it counts as misspelt; difflib's ratio."""


def with_held_out(
    recipe: Recipe, recipe_path: Path, settings: Sequence[str], data: Sequence[Path], console: Console
) -> tuple[Recipe, tuple[str, ...]]:
    """The recipe with the names of sources that these data have, and the settings that make it so.

    Raises
    ------
    DataError
        A manifest is unusable, or no source can be held out.
    """
    if not recipe.data.hold_out and recipe.data.validation_split == "dev":
        return recipe, tuple(settings)
    clips = read_manifests(data)
    if recipe.data.validation_split == "train":
        clips = tuple(clip for clip in clips if clip.split == "train")
    chosen = held_out_sources(recipe, clips)
    if chosen == recipe.data.hold_out:
        return recipe, tuple(settings)
    absent = [name for name in recipe.data.hold_out if name not in chosen]
    named = f"sources that the recipe holds out but the data do not have: {', '.join(absent)}; " if absent else ""
    console.print(f"{named}held out for validation: {', '.join(chosen) or 'the split dev'}", soft_wrap=True)
    settings = (*settings, f"data.hold_out={json.dumps(chosen, ensure_ascii=False)}")
    return load_recipe(recipe_path, settings), settings


def held_out_sources(recipe: Recipe, clips: Sequence[Clip]) -> tuple[str, ...]:
    """Sources to hold out of clips: the recipe's, as far as they are there, else a share of all; none of the split dev.

    Names that none of the clips has stay if one is nearly that of a source, or if the recipe wants no share: then they
    are a mistake, which `irec_models.data.Bank.select` tells.

    Raises
    ------
    DataError
        Every source has the only examples of some label.
    """
    wanted, known = recipe.data.hold_out, {clip.source for clip in clips}
    absent = [name for name in wanted if name not in known]
    if any(difflib.get_close_matches(name, known, n=1, cutoff=_NEAR) for name in absent):
        return wanted
    there = tuple(name for name in wanted if name in known)
    if there or recipe.data.hold_out_share == 0:
        return there or wanted
    if recipe.data.validation_split == "dev":  # which is held out as a whole
        return ()
    examples = [clip for clip in clips if clip.stem or recipe.stream.mode == "clips"]
    return share_of_sources(examples, recipe.data.labels, recipe.data.hold_out_share)


def share_of_sources(clips: Sequence[Clip], labels: Sequence[str], share: float) -> tuple[str, ...]:
    """About a share of the sources that have examples of labels, at least one; each label keeps some elsewhere.

    Parameters
    ----------
    clips : sequence of Clip
    labels : sequence of str
    share : float
        Of the sources, 0 to 1.

    Raises
    ------
    DataError
        None can be spared.
    """
    has: dict[str, set[str]] = {}
    for clip in clips:
        has.setdefault(clip.source, set()).update(set(clip.labels) & set(labels))
    sources = {source for source, found in has.items() if found}
    needed = set().union(*has.values())
    held: set[str] = set()
    for source in sorted(sources, key=lambda name: hashlib.sha256(name.encode()).digest()):
        if held and len(held) >= round(share * len(sources)):
            break
        # Sources with recordings in common are held out together, or none would be unseen.
        more = held.union({source}, *(kin & sources for kin in map(set, KIN) if source in kin))
        left = set().union(*(found for name, found in has.items() if name not in more))
        if left == needed:
            held = more
    if not held:
        raise DataError(
            f"none of the sources {', '.join(sorted(sources)) or '(there is none)'} can be held out for validation: "
            "each has the only clips of a label; add clips of another source (column 'source'), or validate on a split "
            "'dev' with --set data.validation_split=dev"
        )
    return tuple(sorted(held))
