"""Trunk: what a network that keeps a state computes of a stream, for a second network to read on from.

Names and envelopes are told from much the same: most of what a network of envelopes computes of its windows, a network
of activations has computed of the stream already. A file whose metadata has `TRUNK_KEY` says so: its graph has tensors
``maps.0`` and so on. A network with a state gives them beside its rows. A file of envelopes may have a head behind such
maps, from them to a tensor `FOLLOWED`, and name the trunk that it was trained behind: where that runs, the head
follows (`irec_live.models.envelope_head`) and the file's own network does not run. To the file's own output the head is
nothing, and its maps are zeros: whoever runs single windows gets what those alone tell.

Shapes: B windows.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Annotated

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from irec_live.models.subgraph import Tensor

Array = npt.NDArray[np.float32]

TRUNK_KEY = "irec.trunk"
"""Key of the JSON `TrunkSpec` in an ONNX file's metadata."""

MAPS = "maps."
"""Before their numbers, names of tensors in the graph: float32, time the last axis."""

FOLLOWED = "followed"
"""Name of the tensor in the graph that a head ends with: envelopes (B, K, N)."""

_MOST_VALUES = 2**18

Size = Annotated[int, Field(ge=1, le=65_536)]
Shape = Annotated[tuple[Size, ...], Field(min_length=2, max_length=4)]


class TrunkSpec(BaseModel):
    """What a trunk gives.

    Attributes
    ----------
    maps : tuple of tuple of int
        Shapes of the maps of one step, without their first axis. The last axis is time: more steps are longer maps.
    of : str
        Of a head: fingerprint of the trunk whose maps it reads; empty where this is the trunk.
    steps : int
        Of a head: in a window.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    maps: Annotated[tuple[Shape, ...], Field(min_length=1, max_length=64)]
    of: str = Field(default="", max_length=128)
    steps: int = Field(default=1, ge=1, le=64)

    @model_validator(mode="after")
    def _bounded(self) -> TrunkSpec:
        if sum(int(np.prod(shape, dtype=np.float64)) for shape in self.maps) > _MOST_VALUES:
            raise ValueError("the maps have too many values")
        return self

    def tensors(self, steps: int | None = None) -> list[Tensor]:
        """The maps of so many steps, or of any number, for a part of the graph that begins or ends there."""
        return [
            Tensor(f"{MAPS}{at}", ("batch", *shape[:-1], f"{MAPS}{at}.times" if steps is None else steps * shape[-1]))
            for at, shape in enumerate(self.maps)
        ]

    def fits(self, maps: Sequence[Array], count: int, steps: int) -> bool:
        """Whether these are float32 maps of so many windows of so many steps."""
        wanted = [(count, *shape[:-1], steps * shape[-1]) for shape in self.maps]
        return [each.shape for each in maps] == wanted and all(each.dtype == np.float32 for each in maps)


def trunk_spec(metadata: Mapping[str, str]) -> TrunkSpec | None:
    """What a file says of its trunk; None where it says nothing of use: it runs all the same."""
    try:
        return TrunkSpec.model_validate(json.loads(metadata[TRUNK_KEY]))
    except (KeyError, ValidationError, ValueError, RecursionError):
        return None
