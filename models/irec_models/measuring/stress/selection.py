"""Clips of a stress test: evenly spread over labels or sources."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable

from irec_models.data import Clip


def choose(clips: Iterable[Clip], group: Callable[[Clip], Hashable], most: int) -> list[Clip]:
    """At most `most` clips of each group, spread evenly over it.

    Returns
    -------
    list of Clip
        In their order within each group; may be empty.
    """
    groups: dict[Hashable, list[Clip]] = defaultdict(list)
    for clip in clips:
        groups[group(clip)].append(clip)
    return [clip for members in groups.values() for clip in _spread(members, most)]


def _spread(clips: list[Clip], most: int) -> list[Clip]:
    if len(clips) <= most:
        return clips
    return [clips[number * len(clips) // most] for number in range(most)]
