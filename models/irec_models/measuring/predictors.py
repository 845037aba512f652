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

from irec_live.errors import CheckpointError
from irec_live.models.catalog import find_model
from irec_live.models.columns import ColumnsSpec
from irec_live.models.detector import Detector
from irec_live.models.spec import ModelSpec
from irec_live.streaming.context_stream import ContextStream
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


def windows_of(audio: Array, window_length: int, hop_length: int) -> Array:
    """All windows of a recording (T,), the last one padded so that every sample is in a window: (R, window_length)."""
    windower = Windower(window_length, hop_length)
    cut = [window for window, _ in windower.push(audio)] + [window for window, _ in windower.flush()]
    return np.stack(cut) if cut else np.zeros((1, window_length), np.float32)


def hop_of(predictor: Predictor, hop_length: int) -> int:
    """Samples between windows that were wanted `hop_length` apart: a network that keeps a state has its own hop."""
    return hop_length if stateful_of(predictor) is None else predictor.spec.hop_length


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
    if isinstance(predictor, Detector) and predictor.context is not None:
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
    cut, apart = network.spec, network.spec.frame_hop
    frames = np.lib.stride_tricks.sliding_window_view(audio[cut.offset :], cut.frame_length)[::apart]
    columns = np.concatenate(
        [network.columns(np.ascontiguousarray(frames[at : at + 1000])) for at in range(0, len(frames), 1000)]
    )
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
