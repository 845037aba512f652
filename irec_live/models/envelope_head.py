"""EnvelopeHead: envelopes from what another network has computed of a stream; see `irec_live.models.trunk`.

Shapes: B windows, W steps in a window, K labels, N frames in a window.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from irec_live.errors import ModelError
from irec_live.models.onnx_file import inspect_model
from irec_live.models.protobuf import MalformedError
from irec_live.models.runtime import build_session, calls, first_line, in_range, runtime_errors
from irec_live.models.spec import ModelSpec
from irec_live.models.state import StatefulNetwork
from irec_live.models.subgraph import Tensor, cut_out
from irec_live.models.trunk import FOLLOWED, MAPS, TrunkSpec, trunk_spec

Array = npt.NDArray[np.float32]


class EnvelopeHead:
    """The part of a file of envelopes that reads another network's maps. Any thread may call it, and two may at once.

    Parameters
    ----------
    data : bytes
        The whole file.
    model : ModelSpec
    trunk : TrunkSpec
    origin : str
        What to call the file in an error.
    cuda : bool
    threads : int

    Attributes
    ----------
    steps : int
        W.

    Raises
    ------
    ModelError
        The graph has no such part.
    """

    def __init__(
        self,
        data: bytes,
        model: ModelSpec,
        trunk: TrunkSpec,
        origin: str,
        *,
        cuda: bool = False,
        threads: int = 1,
    ) -> None:
        self._model, self._trunk, self._origin, self.steps = model, trunk, origin, trunk.steps
        said = Tensor(FOLLOWED, ("batch", len(model.labels), model.frames))
        try:
            part = cut_out(data, trunk.tensors(self.steps), [said])
        except MalformedError as error:
            raise ModelError(f"{origin} cannot follow another network: {error}") from error
        inspect_model(part, origin)  # in the whole graph maps may be constants; here they are sound
        self._session, _ = build_session(part, origin, cuda=cuda, threads=threads)
        self._sizes: tuple[int, ...] = ()

    def keep_to(self, sizes: Sequence[int]) -> None:
        """Run from now on only so many windows a call, largest first; 1 is the last. See `Detector.keep_to`."""
        self._sizes = tuple(sizes)

    def follows(self, network: object) -> bool:
        """Whether a network computes the maps that this reads, in steps of whole frames."""
        return (
            isinstance(network, StatefulNetwork)
            and network.trunk is not None
            and network.trunk.maps == self._trunk.maps
            and network.sample_rate == self._model.sample_rate
            and network.frames >= self.steps * network.step
            and network.step * network.spec.frame_hop % self._model.frame_hop == 0
            and network.trunk_print == self._trunk.of
        )

    def __call__(self, maps: Sequence[Array]) -> Array:
        """Envelopes (B, K, N) in 0..1, always finite, from the maps of windows, (B, ...) of W steps each.

        Raises
        ------
        ModelError
            The head failed, or returned another shape than its metadata says.
        """
        parts = [self._run([each[a:b] for each in maps]) for a, b in calls(len(maps[0]), self._sizes)]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def try_windows(self, count: int) -> None:
        """Run so many windows in one call.

        Raises
        ------
        ModelError
            The head failed.
        """
        shapes = ((count, *shape[:-1], self.steps * shape[-1]) for shape in self._trunk.maps)
        self._run([np.full(shape, 0.1, np.float32) for shape in shapes])

    def _run(self, maps: Sequence[Array]) -> Array:
        count = len(maps[0])
        try:
            (said,) = self._session.run(None, {f"{MAPS}{at}": each for at, each in enumerate(maps)})
        except runtime_errors() as error:
            raise ModelError(f"{self._origin} failed while it ran: {first_line(error)}") from error
        if said.shape != (count, len(self._model.labels), self._model.frames) or said.dtype != np.float32:
            raise ModelError(f"{self._origin} returned {said.dtype} {said.shape} for the maps of {count} windows")
        return in_range(said)


def envelope_head(
    data: bytes,
    model: ModelSpec,
    metadata: Mapping[str, str],
    origin: str,
    *,
    cuda: bool = False,
    threads: int = 1,
) -> EnvelopeHead | None:
    """The head of a file of envelopes that has one of use; None of another, which runs all the same."""
    trunk = trunk_spec(metadata)
    if trunk is None or not trunk.of or model.kind != "envelope":
        return None
    try:
        return EnvelopeHead(data, model, trunk, origin, cuda=cuda, threads=threads)
    except ModelError:
        return None
