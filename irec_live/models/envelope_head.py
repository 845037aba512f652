"""EnvelopeHead: envelopes from what another network has computed of a stream; see `irec_live.models.trunk`.

A head follows a network with a state if both files tell of the same maps and make them of the same columns, and if
what it says behind the other's maps, at the start of a stream, is what its own network says of that window. That is
tried on noise, when the two first meet.

Shapes: B windows, W steps in a window, T samples in a window, K labels, N frames in a window.
"""

from __future__ import annotations

import json
import threading
import weakref
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt
from pydantic import ValidationError

from irec_live.errors import ModelError
from irec_live.models.columns import COLUMNS, COLUMNS_KEY, FRAMES, ColumnsSpec
from irec_live.models.onnx_file import inspect_model
from irec_live.models.protobuf import MalformedError
from irec_live.models.runtime import build_session, calls, first_line, in_range, runtime_errors
from irec_live.models.spec import ModelSpec
from irec_live.models.state import StatefulNetwork
from irec_live.models.subgraph import Tensor, cut_out, fingerprint
from irec_live.models.trunk import MAPS, TrunkSpec, trunk_spec

Array = npt.NDArray[np.float32]

_LARGEST_DIFFERENCE = 1e-3
"""Of a head behind another network's maps from its own network: rounding on any processor or GPU is not."""


class EnvelopeHead:
    """The part of a network of envelopes behind its maps. Any thread may call it, and two may at once.

    Parameters
    ----------
    data : bytes
        The whole file.
    model : ModelSpec
    columns : ColumnsSpec
    trunk : TrunkSpec
    origin : str
        What to call the file in an error.
    cuda : bool
    threads : int

    Attributes
    ----------
    steps : int
        W. Where a window ends before its last step does, its last column stands for those that are missing.

    Raises
    ------
    ModelError
        The graph has no such part, or windows do not fit its steps.
    """

    def __init__(
        self,
        data: bytes,
        model: ModelSpec,
        columns: ColumnsSpec,
        trunk: TrunkSpec,
        origin: str,
        *,
        cuda: bool = False,
        threads: int = 1,
    ) -> None:
        self._model, self._columns, self._trunk, self._origin = model, columns, trunk, origin
        self._step = model.hop_length // columns.frame_hop
        self.steps = -(-columns.frames(model.window_length) // max(1, self._step))
        if model.hop_length % columns.frame_hop or not self.steps:
            raise ModelError(f"{origin} cannot follow another network: its windows are no whole number of steps")
        frames = Tensor(FRAMES, ("batch", "n", columns.frame_length))
        said = Tensor(model.kind, ("batch", len(model.labels), model.frames))
        try:
            part = cut_out(data, trunk.tensors(self.steps), [said])
            self._front = fingerprint(cut_out(data, [frames], [Tensor(COLUMNS, ("batch", "n", columns.bands))]))
        except MalformedError as error:
            raise ModelError(f"{origin} cannot follow another network: {error}") from error
        inspect_model(part, origin)  # in the whole graph maps may be constants; here they are sound
        self._session, _ = build_session(part, origin, cuda=cuda, threads=threads)
        self._sizes: tuple[int, ...] = ()
        self._lock = threading.Lock()
        # NB: under the lock.
        self._follows: weakref.WeakKeyDictionary[StatefulNetwork, bool] = weakref.WeakKeyDictionary()

    def keep_to(self, sizes: Sequence[int]) -> None:
        """Run from now on only so many windows a call, largest first; 1 is the last. See `Detector.keep_to`."""
        self._sizes = tuple(sizes)

    def follows(self, network: object, whole: Callable[[Array], Array]) -> bool:
        """Whether a network with a state gives what this one would compute. Takes a moment when the two first meet.

        Parameters
        ----------
        network : object
        whole : callable
            The head's own network: windows (B, T) to envelopes (B, K, N).
        """
        if not isinstance(network, StatefulNetwork) or network.trunk != self._trunk:
            return False
        with self._lock:
            if network not in self._follows:
                self._follows[network] = self._reads_the_same(network) and self._agrees_with(network, whole)
            return self._follows[network]

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

    def _reads_the_same(self, network: StatefulNetwork) -> bool:
        """Whether a network reads the same columns, a step at a time, at least as many in a window."""
        if (network.spec, network.step, network.sample_rate) != (self._columns, self._step, self._model.sample_rate):
            return False
        return network.frames >= self.steps * self._step and network.front == self._front

    def _agrees_with(self, network: StatefulNetwork, whole: Callable[[Array], Array]) -> bool:
        """Whether the head says behind a network's maps what its own network says, on noise that swells."""
        length, cut = self._model.window_length, self._columns
        noise = np.linspace(0.0, 0.3, length) * np.random.default_rng(0).standard_normal(length) + 0.01
        windows = noise.astype(np.float32)[None]
        framed = np.lib.stride_tricks.sliding_window_view(windows[0, cut.offset :], cut.frame_length)
        try:
            columns = network.columns(np.ascontiguousarray(framed[:: cut.frame_hop]))
            missing = self.steps * self._step - len(columns)
            columns = np.concatenate([columns, np.repeat(columns[-1:], missing, axis=0)])
            _, _, maps = network.advance_with_maps(columns, network.begin())
            return float(np.abs(self._run(maps) - whole(windows)).max()) <= _LARGEST_DIFFERENCE
        except ModelError:
            return False


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
    if trunk is None or model.kind != "envelope":
        return None
    try:
        columns = ColumnsSpec.model_validate(json.loads(metadata[COLUMNS_KEY]))
        return EnvelopeHead(data, model, columns, trunk, origin, cuda=cuda, threads=threads)
    except (KeyError, ModelError, ValidationError, ValueError, RecursionError):
        return None
