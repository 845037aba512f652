"""Context: what a network says of a stream, from the seconds before as well as from its newest window.

One window is too short to tell some instruments by. A file whose metadata has `CONTEXT_KEY` keeps, beside the graph
from audio to activations, a tensor `FEATURES` of each window and a small head from a tensor `CONTEXT` to a tensor
`DECIDED`. The context is made outside: features of the newest window, then their means and maxima over some seconds.
`irec_live.streaming.context_stream` does that for a stream; whoever runs single windows gets what those alone tell.

Shapes: B windows, T samples in a window, K labels, W features, C values of a context.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Annotated

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from irec_live.errors import ModelError
from irec_live.models.onnx_file import inspect_model
from irec_live.models.protobuf import MalformedError
from irec_live.models.runtime import build_session, calls, first_line, in_range, runtime_errors
from irec_live.models.spec import ModelSpec
from irec_live.models.subgraph import Tensor, cut_out

Array = npt.NDArray[np.float32]

CONTEXT_KEY = "irec.context"
"""Key of the JSON `ContextSpec` in an ONNX file's metadata."""

FEATURES, CONTEXT, DECIDED = "features", "context", "decided"
"""Names of tensors in the graph: float32 (B, W), (B, C) and (B, K)."""

Span = Annotated[float, Field(gt=0.0, le=60.0)]


class ContextSpec(BaseModel):
    """What a context is made of: features of the newest window, then means, then maxima.

    A span reaches from the start of the newest window back to the start of the oldest that counts.

    Attributes
    ----------
    width : int
        W.
    means_s, maxima_s : tuple of float
        Spans in seconds.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    width: int = Field(ge=1, le=4096)
    means_s: tuple[Span, ...] = Field(default=(), max_length=8)
    maxima_s: tuple[Span, ...] = Field(default=(), max_length=8)

    @property
    def size(self) -> int:
        """C.

        Examples
        --------
        >>> ContextSpec(width=10, means_s=(1.0, 3.0), maxima_s=(3.0,)).size
        40
        """
        return self.width * (1 + len(self.means_s) + len(self.maxima_s))


class ContextHead:
    """The head of one file. Any thread may call it, and two may at once.

    Parameters
    ----------
    data : bytes
        The whole file.
    model : ModelSpec
    spec : ContextSpec
    origin : str
        What to call the file in an error.
    threads : int

    Raises
    ------
    ModelError
        The graph has no such part.
    """

    def __init__(self, data: bytes, model: ModelSpec, spec: ContextSpec, origin: str, threads: int = 1) -> None:
        self.spec = spec
        self.sample_rate = model.sample_rate
        self._origin = origin
        self._labels = len(model.labels)
        given = [Tensor(CONTEXT, ("batch", spec.size))]
        try:
            part = cut_out(data, given, [Tensor(DECIDED, ("batch", self._labels))])
        except MalformedError as error:
            raise ModelError(f"{origin} has no usable context head: {error}") from error
        inspect_model(part, origin)  # in the whole graph a context may be a constant; here it is what was heard
        self._session = build_session(part, origin, cuda=False, threads=threads)[0]
        self._sizes: tuple[int, ...] = ()

    def keep_to(self, sizes: Sequence[int]) -> None:
        """Decide from now on only so many windows a call, largest first; 1 is the last. See `Detector.keep_to`."""
        self._sizes = tuple(sizes)

    def __call__(self, context: Array) -> Array:
        """Contexts (B, C) to activations (B, K) in 0..1, always finite.

        Raises
        ------
        ModelError
            The head failed, or returned another shape than its metadata says.
        """
        parts = [self._run(context[first:last]) for first, last in calls(len(context), self._sizes)]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def _run(self, context: Array) -> Array:
        try:
            (said,) = self._session.run(None, {CONTEXT: context})
        except runtime_errors() as error:
            raise ModelError(f"{self._origin} failed while it ran: {first_line(error)}") from error
        if said.shape != (len(context), self._labels) or said.dtype != np.float32:
            raise ModelError(f"{self._origin} returned {said.dtype} {said.shape} for {len(context)} contexts")
        return in_range(said)


def context_spec(model: ModelSpec, metadata: Mapping[str, str], origin: str) -> ContextSpec | None:
    """How a file's context is made; None where it has none.

    Raises
    ------
    ModelError
        What it says makes no sense, or it tells envelopes.
    """
    if CONTEXT_KEY not in metadata:
        return None
    if model.kind != "activation":
        raise ModelError(f"{origin} has a context head, which only models of activations can have")
    try:
        return ContextSpec.model_validate(json.loads(metadata[CONTEXT_KEY]))
    except (ValidationError, ValueError, RecursionError) as error:
        raise ModelError(f"{origin} does not tell how its context is made: {first_line(error)}") from error


def features_of(spec: ContextSpec) -> Tensor:
    """The tensor of features, for a part of the graph that ends there."""
    return Tensor(FEATURES, ("batch", spec.width))
