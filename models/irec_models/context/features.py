"""What a trained network makes of sequences: readings and logits of every window, which a context head learns from.

Shapes: S sequences, R windows, T samples, E readings, K labels.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from irec_live.errors import CheckpointError
from irec_live.models.spec import ModelSpec
from irec_models.data.mixing.sequences import SequenceStream
from irec_models.measuring.predictors import SILENCE_RMS
from irec_models.measuring.restore import network_of
from irec_models.nets import StatefulNetwork, TuttiMobileNet
from irec_models.nets.column_network import cut_frames
from irec_models.progress import Progress, silent, tracked

_BATCH = 32


@dataclass(frozen=True, slots=True, eq=False)
class SequenceFeatures:
    """What a network makes of sequences.

    Attributes
    ----------
    readings : (S, R, E) float16
    logits : (S, R, K) float32
    sounding : (S, R) bool
        Windows that are not silent: the app runs the network on those alone.
    presence, mask : (S, R, K) float32
        See `irec_models.data.mixing.sequences.Labelled`.
    """

    readings: npt.NDArray[np.float16]
    logits: npt.NDArray[np.float32]
    sounding: npt.NDArray[np.bool_]
    presence: npt.NDArray[np.float32]
    mask: npt.NDArray[np.float32]

    def statistics(self) -> tuple[Tensor, Tensor]:
        """Mean and deviation of the readings of a quarter of the sequences, each (E,) float32."""
        some = torch.from_numpy(self.readings[::4][self.sounding[::4]].astype(np.float32))
        return some.mean(dim=0), some.std(dim=0).clamp(min=1e-2)


def readable(path: Path, spec: ModelSpec) -> TuttiMobileNet:
    """The network of an exported file whose readings a head can learn from.

    Raises
    ------
    CheckpointError
        It is no network of windows on a trunk, or does not tell its weights.
    """
    network = network_of(path)
    if isinstance(network, StatefulNetwork):
        raise CheckpointError(
            f"{path} keeps a state over a stream, which is its context; a head is for networks of windows"
        )
    if not isinstance(network, TuttiMobileNet):
        raise CheckpointError(f"{path} has architecture '{spec.architecture}'; a context head needs 'tutti-mobile'")
    return network.eval()


@torch.no_grad()
def sequence_features(
    network: TuttiMobileNet, stream: SequenceStream, count: int, progress: Progress = silent
) -> SequenceFeatures:
    """What the network makes of the first `count` sequences of a stream."""
    rows, labels = stream.windows, len(stream.labels)
    found = SequenceFeatures(
        np.zeros((count, rows, network.embedding_size), np.float16),
        np.zeros((count, rows, labels), np.float32),
        np.zeros((count, rows), np.bool_),
        np.zeros((count, rows, labels), np.float32),
        np.zeros((count, rows, labels), np.float32),
    )
    for number in tracked(range(count), progress, "sequences", count):
        audio, found.presence[number], found.mask[number] = stream.sequence(number)
        readings, logits, rms = _window_features(network, torch.from_numpy(audio), stream.hop, rows)
        found.readings[number], found.logits[number], found.sounding[number] = readings, logits, rms >= SILENCE_RMS
    return found


def _window_features(
    network: TuttiMobileNet, audio: Tensor, hop: int, rows: int
) -> tuple[Tensor, Tensor, npt.NDArray[np.float32]]:
    """Readings (R, E), logits (R, K) and RMS (R,) of the windows of a sound (T,)."""
    # As in the app, each column of the spectrum is computed once.
    columns = network.columns_of(cut_frames(audio[None], network.column_length, network.column_hop))[0]
    windows = audio.unfold(0, network.window_length, hop)[:rows]
    frames = (network.window_length - network.column_length) // network.column_hop + 1
    shared = torch.stack([columns[row * hop // network.column_hop :][:frames] for row in range(rows)])
    features = network.standardizer(network.features_of(shared, windows))
    readings = torch.cat([network.embed(part) for part in features.split(_BATCH)])
    rms: npt.NDArray[np.float32] = windows.square().mean(dim=1).sqrt().numpy()
    return readings, network.decide(readings), rms
