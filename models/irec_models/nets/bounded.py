"""Networks of a stranger's hyperparameters, built within limits: nobody's file may take all memory."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from irec_live.models.onnx_file import printable
from irec_models.nets import Network, build

_MOST_ELEMENTS: Final = 2**26
"""Most elements of one tensor of a network, or twice as many as in the checkpoint's largest if that is more."""
_LENGTHS: Final = ("window_length", "sample_rate", "length", "vectors", "hidden", "silence")
_LONGEST: Final = 2**23
_LARGEST: Final = 2**14
"""A hyperparameter that counts samples or units, and any other."""


def build_bounded(architecture: str, hyperparameters: Mapping[str, Any], *, most: int = 0) -> Network:
    """A freshly initialised network, unless it would be of an absurd size.

    Parameters
    ----------
    architecture : str
    hyperparameters : mapping of str to value
        The number of labels among them.
    most : int
        Elements of a tensor that may be made, if they are more than a network has that can be trained.

    Raises
    ------
    ValueError
        As `irec_models.nets.build`, and for such a size: before its memory is taken.
    """
    for name, value in hyperparameters.items():
        limit = _LONGEST if name in _LENGTHS else _LARGEST
        numbers = [number for number in _flat(value) if isinstance(number, int | float) and abs(number) > limit]
        if numbers:
            raise ValueError(f"hyperparameter '{printable(name)}' is {numbers[0]:g}; up to {limit} is possible")
    try:
        with _SizeLimit(max(most, _MOST_ELEMENTS)):
            return build(architecture, **hyperparameters)
    except MemoryError as error:
        raise ValueError("there is not enough memory for it") from error


def _flat(value: object) -> list[object]:
    return list(value) if isinstance(value, list | tuple) else [value]


class _SizeLimit(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """While it is on, no tensor of more elements is made: refused before its memory is taken."""

    def __init__(self, most: int) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._most = most

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        if _asked(str(func), args) > self._most:
            raise ValueError(f"it asks for a tensor of more than {self._most} numbers")
        return func(*args, **(kwargs or {}))


def _asked(operator: str, args: Sequence[Any]) -> float:
    """Elements that an operator is about to make: as its sizes say, or as its operands' shapes do together."""
    most = 0.0
    shapes = []
    for arg in args:
        if isinstance(arg, Tensor):
            shapes.append(arg.shape)
        elif isinstance(arg, list | tuple) and all(isinstance(size, int) for size in arg):
            most = max(most, math.prod(arg))
        elif isinstance(arg, int | float) and operator.startswith(("aten.arange", "aten.linspace")):
            most = max(most, arg)
    if len(shapes) > 1:
        with contextlib.suppress(RuntimeError):  # operands of a product of matrices, which is no larger than they are
            most = max(most, math.prod(torch.broadcast_shapes(*shapes)))  # type: ignore[no-untyped-call]
    return most
