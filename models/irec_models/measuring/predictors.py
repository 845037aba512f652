"""Predictors: anything that maps windows to activations or envelopes, an exported model or a torch checkpoint.

Shapes: B batch, T samples in a window, K labels, N frames, R windows of a recording, M envelope frames of a recording.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from irec_live.errors import CheckpointError, ModelError
from irec_live.models.catalog import find_model
from irec_live.models.columns import ColumnsSpec
from irec_live.models.detector import Detector
from irec_live.models.spec import ModelSpec
from irec_live.streaming.context_stream import ContextStream
from irec_live.streaming.model_stream import head_that_follows
from irec_live.streaming.overlap_add import OverlapAdd
from irec_live.streaming.pipeline import SILENCE_DB
from irec_live.streaming.state_stream import StatefulMaker, StateStream
from irec_live.streaming.windows import Windower
from irec_models.checkpoint import load_checkpoint
from irec_models.nets import Network, StatefulNetwork

Array = npt.NDArray[np.float32]

_BATCH = 32
SILENCE_RMS = 10 ** (SILENCE_DB / 20)
"""Of a window, below which no network is run, as in the app."""


class Predictor(Protocol):
    """Windows in, activations or envelopes out."""

    spec: ModelSpec

    def __call__(self, windows: npt.NDArray[np.floating[Any]]) -> Array:
        """(B, T) float32 to (B, K) or (B, K, N) float32."""
        ...


class CheckpointPredictor:
    """A network from a checkpoint.

    Parameters
    ----------
    network : Network
    spec : ModelSpec

    Attributes
    ----------
    stateful : StatefulCheckpoint or None
        The network as it is run over a stream, if it keeps a state.
    """

    def __init__(self, network: Network, spec: ModelSpec) -> None:
        self.spec = spec
        self._network = network.eval()
        self.stateful = StatefulCheckpoint(network) if isinstance(network, StatefulNetwork) else None

    @torch.no_grad()
    def __call__(self, windows: npt.NDArray[np.floating[Any]]) -> Array:
        """(B, T) float32 to (B, K) or (B, K, N) float32."""
        audio = torch.from_numpy(np.ascontiguousarray(windows, np.float32))
        result: Array = self._network.predict(audio).numpy()
        return result


class StatefulCheckpoint:
    """A network of a checkpoint that keeps a state; see `irec_live.models.state.StatefulNetwork`.

    Parameters
    ----------
    network : StatefulNetwork
    """

    levelled = True

    def __init__(self, network: StatefulNetwork) -> None:
        self._network = network
        self.step, self.front = network.step_columns, network.front_end
        self.spec = ColumnsSpec(
            frame_length=network.column_length,
            frame_hop=network.column_hop,
            offset=network.column_offset,
            bands=network.bands,
        )
        self.frames = self.spec.frames(network.window_length)

    @torch.no_grad()
    def columns(self, frames: Array) -> Array:
        """Frames (n, L) to columns (n, F)."""
        columns: Array = self._network.columns_of(torch.from_numpy(frames)[None])[0].numpy()
        return columns

    def begin(self) -> tuple[Tensor, ...]:
        """The state at the start of a stream."""
        return ()

    @torch.no_grad()
    def advance(self, columns: Array, state: tuple[Tensor, ...]) -> tuple[Array, tuple[Tensor, ...]]:
        """The next columns (n, F), and a state, to rows (R, K) and the state after them."""
        logits, after = self._network.advance(torch.from_numpy(columns)[None], state)
        return torch.sigmoid(logits[0]).numpy(), after


class FollowingPredictor:
    """A network of envelopes whose head follows another network over a recording, as in the app.

    Parameters
    ----------
    envelope, followed : Detector

    Attributes
    ----------
    spec : ModelSpec
        Its hop is that of the network that it follows.

    Raises
    ------
    ModelError
        It does not follow that network.
    """

    def __init__(self, envelope: Detector, followed: Detector) -> None:
        head = head_that_follows([followed, envelope])
        if head is None or followed.stateful is None:
            raise ModelError(f"{envelope.spec.name} does not follow {followed.spec.name}")
        self.spec = envelope.spec.model_copy(update={"hop_length": followed.spec.hop_length})
        self._alone, self._head, self._network = envelope, head, followed.stateful

    def __call__(self, windows: npt.NDArray[np.floating[Any]]) -> Array:
        """(B, T) float32 to (B, K, N) float32: what windows alone tell, of which nobody is followed."""
        return self._alone(windows)

    def of_recording(self, audio: Array, count: int) -> Array:
        """The first windows of a recording (T,), as many as `count`: (R, K, N)."""
        network, hop = self._network, self.spec.hop_length
        rest = network.frames // network.step - self._head.steps  # windows of the network followed that come sooner
        followed = max(1, count - rest)
        columns = _columns_of(network, audio, network.frames + (followed - 1) * network.step)
        stream = StateStream(network, hop, self._head.steps)
        parts = []
        for first in range(0, followed, _BATCH):
            starts = [hop * index for index in range(first, min(first + _BATCH, followed))]
            wanted = [columns[start // network.spec.frame_hop :][: network.frames] for start in starts]
            parts.append(self._head(stream.decide_with_maps(starts, wanted)[1]))
        return np.concatenate(parts)[:count]


def _columns_of(network: StatefulMaker, audio: Array, count: int) -> Array:
    """The first columns (n, F) of a recording (T,), which is padded with zeros: as many as `count`."""
    cut = network.spec
    length = cut.offset + (count - 1) * cut.frame_hop + cut.frame_length
    audio = np.concatenate([audio, np.zeros(max(0, length - len(audio)), np.float32)])
    frames = np.lib.stride_tricks.sliding_window_view(audio[cut.offset :], cut.frame_length)[:: cut.frame_hop][:count]
    return np.concatenate(
        [network.columns(np.ascontiguousarray(frames[at : at + 1000])) for at in range(0, len(frames), 1000)]
    )


def model_file(given: Path) -> Path:
    """The file of a model: itself, or that of the installed model that a bare word names, as for the app.

    Raises
    ------
    ModelError
        No installed model has this name.

    Examples
    --------
    >>> model_file(Path("runs/best.pt")).name, model_file(Path("tutti-1s")).suffix
    ('best.pt', '.onnx')
    """
    named = given.name == str(given) and not given.suffix and not given.exists()
    return find_model(given.name) if named else given


def load_predictor(path: Path) -> tuple[Predictor, Mapping[str, Any]]:
    """Open an ``.onnx`` file, a checkpoint, or an installed model given by its name.

    Returns
    -------
    Predictor
    mapping
        The checkpoint's ``training`` part, without tensors' meaning; empty for an ONNX file.

    Raises
    ------
    ModelError, CheckpointError
        It is none of these, or broken.
    """
    path = model_file(path)
    if path.suffix.lower() == ".onnx":
        return Detector(path), {}
    if path.suffix.lower() not in (".pt", ".pth", ".ckpt"):
        raise CheckpointError(f"{path} is neither an .onnx model nor a .pt checkpoint")
    checkpoint = load_checkpoint(path)
    return CheckpointPredictor(checkpoint.network(), checkpoint.spec), checkpoint.training


def load_following(path: Path, beside: Path) -> FollowingPredictor:
    """Open an exported model of envelopes and the one that it follows, files or names of installed models.

    Raises
    ------
    ModelError
        One is unusable, or the first does not follow the second.
    """
    envelope, followed = (Detector(model_file(each), provider="cpu") for each in (path, beside))
    return FollowingPredictor(envelope, followed)


def windows_of(audio: Array, window_length: int, hop_length: int) -> Array:
    """All windows of a recording (T,), the last one padded so that every sample is in a window: (R, window_length)."""
    windower = Windower(window_length, hop_length)
    cut = [window for window, _ in windower.push(audio)] + [window for window, _ in windower.flush()]
    return np.stack(cut) if cut else np.zeros((1, window_length), np.float32)


def hop_of(predictor: Predictor, hop_length: int) -> int:
    """Samples between windows that were wanted `hop_length` apart: a network over a stream has its own hop."""
    own = stateful_of(predictor) is not None or isinstance(predictor, FollowingPredictor)
    return predictor.spec.hop_length if own else hop_length


def predict_recording(predictor: Predictor, audio: Array, hop_length: int) -> Array:
    """A whole recording (T,): (R, K) activations or (R, K, N) envelopes of windows `hop_length` apart; see `hop_of`.

    Windows below `irec_live.streaming.pipeline.SILENCE_DB` count as silence and give zeros, as in the app.
    """
    hop_length = hop_of(predictor, hop_length)
    windows = windows_of(audio, predictor.spec.window_length, hop_length)
    # In batches: a recording of ten minutes would need gigabytes inside the network at once.
    batches = [windows[start : start + _BATCH] for start in range(0, len(windows), _BATCH)]
    sounding = np.sqrt(np.mean(windows**2, axis=1)) >= SILENCE_RMS
    stateful = stateful_of(predictor)
    if stateful is not None:
        return _in_order(stateful, windows, sounding, hop_length)
    if isinstance(predictor, FollowingPredictor):
        rows = predictor.of_recording(audio, len(windows))
    elif isinstance(predictor, Detector) and predictor.context is not None:
        said = [predictor.with_features(batch) for batch in batches]
        rows, features = (np.concatenate(each) for each in zip(*said, strict=True))
        places = np.flatnonzero(sounding)
        if len(places):
            stream = ContextStream(predictor.context)
            rows[places] = stream.decide([int(index) * hop_length for index in places], features[places])
    else:
        rows = np.concatenate([predictor(batch) for batch in batches])
    rows[~sounding] = 0.0
    return rows


def stateful_of(predictor: Predictor) -> StatefulMaker | None:
    """The predictor's network as it is run over a stream, if it keeps a state."""
    found: StatefulMaker | None = getattr(predictor, "stateful", None)
    return found


def _in_order(
    network: StatefulMaker, windows: Array, sounding: npt.NDArray[np.bool_], hop_length: int
) -> npt.NDArray[np.float32]:
    """What a network that keeps a state says of the windows (R, T) of a recording, as in the app: (R, K)."""
    audio = np.concatenate([windows[0], windows[1:, windows.shape[1] - hop_length :].reshape(-1)])
    apart = network.spec.frame_hop
    columns = _columns_of(network, audio, network.frames + (len(windows) - 1) * (hop_length // apart))
    stream = StateStream(network, hop_length)
    places = [int(index) for index in np.flatnonzero(sounding)]
    parts = []
    for first in range(0, len(places), _BATCH):
        some = [index * hop_length for index in places[first : first + _BATCH]]
        parts.append(stream.decide(some, [columns[start // apart :][: network.frames] for start in some]))
    if not parts:
        silence, _ = network.advance(np.zeros((network.step, columns.shape[1]), np.float32), network.begin())
        return np.zeros((len(windows), silence.shape[1]), np.float32)
    rows = np.zeros((len(windows), parts[0].shape[1]), np.float32)
    rows[places] = np.concatenate(parts)
    return rows


def stitch(envelopes: Array, hop_frames: int) -> Array:
    """Envelopes of overlapping windows (R, K, N) to one of the recording, (K, M)."""
    rows, labels, frames = envelopes.shape
    overlap_add = OverlapAdd(labels, frames, hop_frames)
    parts = [overlap_add.push(envelopes[row], row * hop_frames)[0] for row in range(rows)]
    parts.append(overlap_add.flush()[0])
    return np.concatenate(parts).T
