"""Support vector machines on timbre features, after Bosch, Janer, Fuhrmann and Herrera.

Shapes: B batch, T samples in a window, N = 44 frames, H = 1025 bins, D features, K labels.

References
----------
J. J. Bosch, J. Janer, F. Fuhrmann, P. Herrera, "A comparison of sound segregation techniques for predominant instrument
recognition in musical audio signals", ISMIR 2012 (a support vector machine for each instrument on hand-made features,
of the mix and of separated streams). Baseline of M. Vaznonis et al., section 2.1.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, get_args

import torch
from torch import Tensor

from irec_models.frontends.dft import FoldedDft
from irec_models.frontends.framing import Framer
from irec_models.frontends.normalize import LevelNormalizer, Standardizer
from irec_models.nets.network import Network
from irec_papers.bosch.harmonic_percussive import separate
from irec_papers.bosch.svm import SupportVectorMachines
from irec_papers.bosch.timbre import DESCRIPTORS, TimbreDescriptors, crossing_rate

Stream = Literal["mix", "harmonic", "percussive"]

SAMPLE_RATE = 22_050
WINDOW_LENGTH = 22_050
N_FFT = 2048
HOP_LENGTH = 512
FRAMES = 44
_FLOOR = 1e-2
_SMALLEST_DEVIATION = 1e-4


class BoschMachines(Network):
    """Mean and deviation of timbre descriptors over a second, of each stream; a support vector machine per label.

    The paper separates stereo recordings, by panning or into bass, drums, melody and the rest, and finds that machines
    made for the separated streams gain most. The app analyses one channel, so the streams here are the harmonic and
    the percussive part, and one machine a label classifies the features of all streams together. With
    ``streams=["mix"]`` it is the paper's first experiment, without separation.

    Nothing of it is trained by gradient: ``irec-train bosch`` does (`irec_papers.bosch.training`).

    Parameters
    ----------
    labels : int
        K; 11 in the paper.
    vectors : int
        S, support vectors.
    streams : sequence of {"mix", "harmonic", "percussive"}
    """

    architecture = "bosch"
    trained_by = "bosch"
    kind = "activation"
    sample_rate = SAMPLE_RATE
    window_length = WINDOW_LENGTH

    order: Tensor

    def __init__(self, labels: int, vectors: int = 1, streams: Sequence[str] = get_args(Stream)) -> None:
        super().__init__(labels, vectors=vectors, streams=list(streams))
        if vectors < 1:
            raise ValueError(f"vectors must be at least 1, not {vectors}")
        if not streams or len(set(streams)) != len(streams) or not set(streams) <= set(get_args(Stream)):
            raise ValueError(
                f"streams must be some of {', '.join(get_args(Stream))}, each once, not {', '.join(streams)}"
            )
        self.streams = tuple(streams)
        self.front_end = f"timbre of {', '.join(streams)}, {N_FFT}/{HOP_LENGTH}, mean and deviation of a window"
        self.level = LevelNormalizer()
        self.framer = Framer(WINDOW_LENGTH, N_FFT, HOP_LENGTH, FRAMES)
        self.dft = FoldedDft(N_FFT)
        self.descriptors = TimbreDescriptors(SAMPLE_RATE, N_FFT)
        self.register_buffer("order", self.dft.natural_order, persistent=False)
        features = 2 * (len(streams) * DESCRIPTORS + 1)
        self.standardizer = Standardizer(features)
        self.machines = SupportVectorMachines(features, labels, vectors)

    def raw_features(self, audio: Tensor) -> Tensor:
        """Audio (B, T) to features of the window (B, 1, D)."""
        frames = self.framer(self.level(audio))
        magnitude = self.dft.magnitude(frames).index_select(2, self.order)  # (B, N, H)
        parts = {"mix": magnitude}
        if self.streams != ("mix",):
            parts["harmonic"], parts["percussive"] = separate(magnitude)
        described = [self.descriptors(parts[name].clamp(min=_FLOOR)) for name in self.streams]
        rows = torch.cat((*described, crossing_rate(frames)), dim=2)
        mean = rows.mean(dim=1, keepdim=True)
        deviation = torch.sqrt((rows - mean).square().mean(dim=1, keepdim=True))
        return torch.cat((mean, deviation), dim=2)

    def classify(self, features: Tensor) -> Tensor:
        """Standardised features (B, 1, D) to logits (B, K)."""
        logits: Tensor = self.machines(features.squeeze(1))
        return logits

    @torch.no_grad()
    def fit_normalization(self, batches: Iterable[Tensor]) -> None:
        """Set mean and deviation per feature, whose units differ, from batches of audio (B, T)."""
        self.fit_features(torch.cat([self.raw_features(audio) for audio in batches]))

    @torch.no_grad()
    def fit_features(self, features: Tensor) -> None:
        """Set mean and deviation from raw features (B, 1, D)."""
        rows = features.flatten(0, 1).double()
        self.standardizer.mean.copy_(rows.mean(dim=0))
        self.standardizer.deviation.copy_(rows.std(dim=0, correction=0).clamp(min=_SMALLEST_DEVIATION))
