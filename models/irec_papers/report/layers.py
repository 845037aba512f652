"""Intermediate activations of a network: where its blocks end, and their outputs.

Nothing is asked of the architecture: a block ends where the maps have become at most half as large as before.

Shapes: B batch, N frames, F bins, U units (channels) of a layer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from irec_models.nets import Network

MOST_BLOCKS = 4
"""As many as Han et al. examine."""


@dataclass(frozen=True, slots=True)
class Inside:
    """Modules of a network whose outputs are examined.

    Attributes
    ----------
    blocks : tuple of str
        Names of the modules that blocks end with.
    hidden : str or None
        Name of the last dense layer, whose input is the hidden layer's output; None where there is only one.
    """

    blocks: tuple[str, ...]
    hidden: str | None


@torch.no_grad()
def look_inside(network: Network, features: Tensor) -> Inside:
    """Find the ends of the blocks by running features (1, N, F) through the network.

    Of networks that stand side by side in one, as in a one-against-all system, the first is looked into.
    """
    calls: list[tuple[str, torch.Size, bool]] = []
    leaves = {name: module for name, module in network.named_modules() if not list(module.children())}

    def note(name: str) -> Callable[[nn.Module, Any, Any], None]:
        def hook(module: nn.Module, given: Any, out: Any) -> None:
            if isinstance(out, Tensor):
                calls.append((name, out.shape, isinstance(module, nn.Linear)))

        return hook

    with _hooked({module: note(name) for name, module in leaves.items()}):
        network.classify(features)
    calls = _first_branch(calls)
    dense = [name for name, shape, linear in calls if linear and len(shape) == 2]
    return Inside(_spread(_ends(calls, features[0].numel())), dense[-1] if len(dense) > 1 else None)


def block_outputs(network: Network, features: Tensor, names: Sequence[str]) -> dict[str, Tensor]:
    """Maps (B, U, H, W) that come out of the named modules, with their history for gradients."""
    found: dict[str, Tensor] = {}

    def keep(name: str) -> Callable[[nn.Module, Any, Any], None]:
        def hook(module: nn.Module, given: Any, out: Tensor) -> None:
            found.setdefault(name, out)

        return hook

    modules = dict(network.named_modules())
    with _hooked({modules[name]: keep(name) for name in names}):
        network.classify(features)
    return found


@torch.no_grad()
def stages(network: Network, features: Tensor, inside: Inside) -> dict[str, Tensor]:
    """Each stage as vectors (B, U): the highest value of every unit's map, the hidden layer, the output.

    References
    ----------
    Y. Han, J. Kim, K. Lee, 2017, section V.G: maps are pooled to their maxima before they are embedded.
    """
    found: dict[str, Tensor] = {}

    def pool(title: str) -> Callable[[nn.Module, Any, Any], None]:
        def hook(module: nn.Module, given: Any, out: Tensor) -> None:
            found.setdefault(title, out.flatten(2).amax(dim=2))

        return hook

    def before(module: nn.Module, given: tuple[Tensor, ...]) -> None:
        found.setdefault("hidden layer", given[0].flatten(1))

    modules = dict(network.named_modules())
    hooks = {modules[name]: pool(f"block {number}") for number, name in enumerate(inside.blocks, start=1)}
    with _hooked(hooks):
        handle = modules[inside.hidden].register_forward_pre_hook(before) if inside.hidden else None
        try:
            output = network.probabilities(network.classify(features))
        finally:
            if handle:
                handle.remove()
    found["output"] = output if output.ndim == 2 else output.amax(dim=2)
    return {title: values.detach().clone() for title, values in found.items()}


@contextmanager
def _hooked(hooks: dict[nn.Module, Callable[[nn.Module, Any, Any], None]]) -> Iterator[None]:
    handles = [module.register_forward_hook(hook) for module, hook in hooks.items()]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _area(shape: torch.Size) -> int:
    return shape[2] * shape[3] if len(shape) == 4 else 0


def _first_branch(calls: list[tuple[str, torch.Size, bool]]) -> list[tuple[str, torch.Size, bool]]:
    """Calls up to where maps of full size come again: there a second network begins."""
    first = next((_area(shape) for _, shape, _ in calls if _area(shape)), 0)
    smallest = first
    for index, (_, shape, _) in enumerate(calls):
        area = _area(shape)
        if area > 1:
            if first and smallest * 4 <= first <= area:
                return calls[:index]
            smallest = min(smallest, area)
    return calls


def _ends(calls: list[tuple[str, torch.Size, bool]], area: int) -> list[str]:
    maps = [(name, _area(shape)) for name, shape, _ in calls if _area(shape)]
    last = max((index for index, (_, size) in enumerate(maps) if size > 1), default=-1)
    # Single values in the midst of maps are gates on channels, not blocks.
    maps = [each for index, each in enumerate(maps) if each[1] > 1 or index > last]
    ends: list[str] = []
    for name, size in maps:
        if 2 * size <= area and name not in ends:
            ends.append(name)
            area = size
        else:
            area = max(area, size)
    return ends


def _spread(names: list[str]) -> tuple[str, ...]:
    if len(names) <= MOST_BLOCKS:
        return tuple(names)
    step = (len(names) - 1) / (MOST_BLOCKS - 1)
    return tuple(names[round(index * step)] for index in range(MOST_BLOCKS))
