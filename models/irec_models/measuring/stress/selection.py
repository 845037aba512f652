"""Which clips of a manifest a test hears."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from pathlib import Path

from irec_models.data import Clip, read_manifest


def choose(
    data: Sequence[Path], keep: Callable[[Clip], bool], group: Callable[[Clip], Hashable], most: int
) -> list[Clip]:
    """Clips that are wanted, at most so many of each group, spread evenly over the manifest.

    Parameters
    ----------
    data : sequence of Path
        Folders with a manifest.
    keep : callable
    group : callable
    most : int

    Returns
    -------
    list of Clip
        In the manifest's order within each group; may be empty.
    """
    groups: dict[Hashable, list[Clip]] = defaultdict(list)
    for folder in data:
        for clip in read_manifest(folder):
            if keep(clip):
                groups[group(clip)].append(clip)
    return [clip for members in groups.values() for clip in _spread(members, most)]


def _spread(clips: list[Clip], most: int) -> list[Clip]:
    if len(clips) <= most:
        return clips
    return [clips[number * len(clips) // most] for number in range(most)]
