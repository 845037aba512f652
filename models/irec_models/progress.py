"""Telling somebody how far long work is, without knowing who that is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")

Tick = Callable[[], None]
"""Called after each step of a task."""

Begin = Callable[[str, int | None], Tick]
"""Is given a task's name and its number of steps, or None where that is not known, and returns its tick."""


def unseen(name: str, total: int | None) -> Tick:
    """For when nobody looks."""
    return lambda: None


def ticking(items: Iterable[T], tick: Tick) -> Iterator[T]:
    """The same items; a tick each time one is done with.

    Examples
    --------
    >>> done = []
    >>> [item * 2 for item in ticking((1, 2), lambda: done.append("x"))], done
    ([2, 4], ['x', 'x'])
    """
    for item in items:
        yield item
        tick()
