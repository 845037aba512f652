"""What the networks on `MobileTrunk` have in common: front end, level, and what the trunk's maps tell of a window.

Shapes: B batch, T samples, N columns, F = 128 bands, E = 1472 readings.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from irec_models.frontends.normalize import Standardizer
from irec_models.nets.column_network import ColumnNetwork
from irec_models.nets.mobile_trunk import BANDS, HIDDEN, HOP_LENGTH, SAMPLE_RATE, TAPER, MobileMel, MobileTrunk

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
    """

    sample_rate = SAMPLE_RATE
    column_length = TAPER + 1
    column_hop = HOP_LENGTH

    def __init__(self, trunk: MobileTrunk) -> None:
        super().__init__()
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

    def window_readings(self, maps: Sequence[Tensor]) -> Tensor:
        """Maps to the mean and the maximum of each over time and bands, and what AudioSet is told from: (B, E)."""
        means = [each.mean(dim=(2, 3)) for each in maps]
        peaks = [each.amax(dim=(2, 3)) for each in maps]
        return torch.cat((*means, *peaks, functional.hardswish(self.hidden(means[-1]))), dim=1)
