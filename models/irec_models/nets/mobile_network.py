"""What the networks on `MobileTrunk` have in common: front end, level, and what the trunk's maps tell of a window.

Shapes: B batch, T samples, N columns, F = 128 bands, E = 1472 readings.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, ClassVar, Self

import torch
from torch import Tensor, nn
from torch.nn import functional

from irec_models.frontends.normalize import Standardizer
from irec_models.nets.column_network import ColumnNetwork
from irec_models.nets.fold_norm import fold_norm
from irec_models.nets.mobile_trunk import (
    BANDS,
    HIDDEN,
    HOP_LENGTH,
    SAMPLE_RATE,
    TAGS,
    TAPER,
    MobileConv,
    MobileMel,
    MobileTrunk,
)

READ = 512
"""Values that a window's readings are brought to."""

LEVEL_FLOOR = 1e-4  # -80 dBFS, below what the app calls silence: every window beyond is brought to one level
LEVEL = 0.1  # RMS that a window is brought to, about that of the music that the trunk was trained on
_MEAN, _DEVIATION = -4.5, 5.0  # what the trunk's log-mel was brought to 0 and 1 with
FLOOR = 1e-5  # added to powers before the logarithm


class MobileNetwork(ColumnNetwork):
    """A `ColumnNetwork` on `MobileTrunk`.

    Parameters
    ----------
    trunk : MobileTrunk
    labels, **hyperparameters
        As of `Network`.
    """

    sample_rate = SAMPLE_RATE
    column_length = TAPER + 1
    column_hop = HOP_LENGTH

    def __init__(self, trunk: MobileTrunk, labels: int, **hyperparameters: Any) -> None:
        super().__init__(labels, **hyperparameters)
        self.mel = MobileMel()
        self.standardizer = Standardizer(BANDS)
        self.standardizer.mean.fill_(_MEAN)
        self.standardizer.deviation.fill_(_DEVIATION)
        self.trunk = trunk
        self.hidden = nn.Linear(self.trunk.depths[-1], HIDDEN)

    def columns_of(self, frames: Tensor) -> Tensor:
        """Frames of 801 samples (B, N, L) to powers (B, N, F)."""
        return self.mel.frame_columns(frames)

    def features_of(self, columns: Tensor, audio: Tensor) -> Tensor:
        """Powers (B, N, F) and the window (B, T) that they are of to log-mel (B, N, F), the window at one level."""
        rms = torch.sqrt((audio - audio.mean(dim=1, keepdim=True)).square().mean(dim=1, keepdim=True))
        gain = LEVEL / torch.clamp(rms, min=LEVEL_FLOOR)
        # The level comes after the spectrum, so that the spectrum of a stream need be computed only once.
        return torch.log(gain.square().unsqueeze(2) * columns + FLOOR)

    def fit_normalization(self, batches: Iterable[Tensor]) -> None:
        """Nothing to fit: the spectrum's constants are the trunk's own."""

    def window_readings(self, maps: Sequence[Tensor]) -> Tensor:
        """Maps to the mean and the maximum of each over time and bands, and what AudioSet is told from: (B, E)."""
        means = [each.mean(dim=(2, 3)) for each in maps]
        peaks = [each.amax(dim=(2, 3)) for each in maps]
        return torch.cat((*means, *peaks, functional.hardswish(self.hidden(means[-1]))), dim=1)


class ActivationMobileNetwork(MobileNetwork):
    """A `MobileNetwork` whose labels are told by two layers from standardised readings; the last one is ``output``.

    Parameters
    ----------
    trunk : MobileTrunk
    labels : int
        K.
    dropout : float
        Between the two layers; half of it before them.
    folded : bool
        Built without batch normalisation and AudioSet's classes; what `folded` returns.

    Attributes
    ----------
    readers : tuple of str
        Names of the layers that the readings are given to, whose sum is the first of the two.
    """

    kind = "activation"
    readers: ClassVar[tuple[str, ...]] = ("read",)

    def __init__(self, trunk: MobileTrunk, labels: int, dropout: float, folded: bool) -> None:
        super().__init__(trunk, labels, dropout=dropout, folded=folded)
        if not folded:
            self.tags = nn.Linear(HIDDEN, TAGS)
        self.embedding_size = 2 * sum(self.trunk.depths) + HIDDEN
        self.readings = Standardizer(self.embedding_size)
        self.before = nn.Dropout(dropout / 2)
        self.read = nn.Linear(self.embedding_size, READ)
        self.between = nn.Dropout(dropout)

    def head(self) -> Iterator[nn.Parameter]:
        """Parameters of the layers that tell the labels; all others came with the trunk."""
        for layer in (*self.readers, "output"):
            yield from self.get_submodule(layer).parameters()

    def folded(self) -> Self:
        """The same function without batch normalisation, AudioSet's classes and constants between trunk and head."""
        values = {key: value for key, value in self.state_dict().items() if not key.startswith(("trunk.", "tags."))}
        mean, deviation = self.readings.mean, self.readings.deviation
        for layer in self.readers:
            values[f"{layer}.weight"] = values[f"{layer}.weight"] / deviation
            values["read.bias"] = values["read.bias"] - values[f"{layer}.weight"] @ mean
        values["readings.mean"], values["readings.deviation"] = torch.zeros_like(mean), torch.ones_like(mean)
        trunk = {f"trunk.{key}": value for key, value in fold_norm(self.trunk, MobileConv).items()}
        return self.with_weights(values | trunk, folded=True)
