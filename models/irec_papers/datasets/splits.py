"""Grouped train/validation splits: no recording is on both sides."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence


def held_back(clips: Iterable[tuple[str, Sequence[str]]], share: float) -> frozenset[str]:
    """Stratified group split: sources to hold out for validation, about the same share of clips of every label.

    The choice depends on the sources' names alone, through a hash: it is the same everywhere and for ever.

    Parameters
    ----------
    clips : iterable of (source, labels)
    share : float
        0..1.

    Examples
    --------
    >>> clips = [(f"song {n // 2}", ["flute"]) for n in range(40)]
    >>> len(held_back(clips, 0.15))
    3
    """
    by_label: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for source, labels in clips:
        for label in labels:
            by_label[label][source] += 1
    chosen: set[str] = set()
    # Rare labels choose first: their recordings then count for the common labels that sound along.
    for label in sorted(by_label, key=lambda name: (sum(by_label[name].values()), name)):
        counts = by_label[label]
        wanted = share * sum(counts.values())
        have = sum(count for source, count in counts.items() if source in chosen)
        for source in sorted(counts.keys() - chosen, key=_rank):
            if have + counts[source] / 2 > wanted:
                break
            chosen.add(source)
            have += counts[source]
    return frozenset(chosen)


def fewest(sources: Sequence[str], keys: Sequence[str], most: int) -> list[int]:
    """Indices of at most `most` clips of each source, spread evenly by a hash of the clips' keys.

    Examples
    --------
    >>> len(fewest(["a", "a", "a", "b"], ["1", "2", "3", "4"], 2))
    3
    """
    by_source: dict[str, list[int]] = defaultdict(list)
    for index in sorted(range(len(keys)), key=lambda index: _rank(keys[index])):
        if len(by_source[sources[index]]) < most:
            by_source[sources[index]].append(index)
    return sorted(index for indices in by_source.values() for index in indices)


def _rank(name: str) -> bytes:
    return hashlib.sha256(name.encode("utf-8", "surrogateescape")).digest()
