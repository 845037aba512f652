"""The trunk that both Tutti networks share: a small residual CNN over log-mel bands.

Shapes: B batch, N frames, F = 128 bands, C channels.

References
----------
K. He, X. Zhang, S. Ren, J. Sun, "Deep residual learning for image recognition", CVPR 2016, Fig. 5 left (basic block).
K. He et al., "Bag of tricks for image classification", CVPR 2019, Fig. 2c (average pooling in the short cut).
S. Chen, Y. Liu, X. Gao, Z. Han, "MobileFaceNets", CCBR 2018, section 3.1 (a weight for each place instead of a mean).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from irec_models.nets.fold_norm import fold_norm

SAMPLE_RATE = 22_050
N_FFT = 1024
HOP_LENGTH = 512
BANDS = 128
LEVEL_FLOOR = 1e-4  # -80 dBFS, below what the app calls silence: any window it analyses is brought to one level
CHANNELS = (24, 48, 96, 192)
BLOCKS = (1, 1, 2, 2)
WIDEST = 4.0  # thirteen times the bundled network's weights


def channels_of(width: float) -> tuple[int, ...]:
    """Channels of the stages of a trunk so many times as wide as the bundled ones.

    Raises
    ------
    ValueError
        For less than one channel, or a width above `WIDEST`.

    Examples
    --------
    >>> channels_of(0.5)
    (12, 24, 48, 96)
    """
    first = round(width * CHANNELS[0]) if math.isfinite(width) else 0
    if not 1 <= first <= WIDEST * CHANNELS[0]:
        raise ValueError(f"width must lie between {1 / CHANNELS[0]:.2f} and {WIDEST:g}, which {width} does not")
    return tuple(first * number // CHANNELS[0] for number in CHANNELS)


class ConvNorm(nn.Module):
    """A convolution with batch normalisation, or, folded, with a bias in its place.

    Parameters
    ----------
    inputs, outputs, kernel, stride : int
    folded : bool
        Built without normalisation, for weights that `fold` made.
    """

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1, folded: bool = False) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=folded)
        self.norm = nn.Identity() if folded else nn.BatchNorm2d(outputs)
        nn.init.kaiming_normal_(self.conv.weight, mode="fan_out", nonlinearity="relu")
        if self.conv.bias is not None:
            nn.init.zeros_(self.conv.bias)

    def forward(self, maps: Tensor) -> Tensor:
        """Maps (B, inputs, N, F) to (B, outputs, N / stride, F / stride), rounded up."""
        normalized: Tensor = self.norm(self.conv(maps))
        return normalized


class Block(nn.Module):
    """Two 3 x 3 convolutions around which the input goes straight on."""

    def __init__(self, inputs: int, outputs: int, stride: int, folded: bool) -> None:
        super().__init__()
        self.first = ConvNorm(inputs, outputs, 3, stride, folded)
        self.second = ConvNorm(outputs, outputs, 3, 1, folded)
        # A strided 1 x 1 convolution would drop three of four values; their mean is what the short way should carry.
        self.pool = nn.AvgPool2d(stride, ceil_mode=True, count_include_pad=False) if stride > 1 else nn.Identity()
        same = inputs == outputs and stride == 1
        self.short = nn.Identity() if same else ConvNorm(inputs, outputs, 1, 1, folded)

    def forward(self, maps: Tensor) -> Tensor:
        """Maps (B, inputs, N, F) to (B, outputs, N / stride, F / stride), rounded up."""
        branch = self.second(torch.relu(self.first(maps)))
        return torch.relu(branch + self.short(self.pool(maps)))


class TuttiTrunk(nn.Module):
    """Four stages, each with half the frames and bands of the one before; the stem halves both as well.

    Convolutions do not know where in the spectrum they are, and timbre depends on it: a bias for each band behind the
    stem tells them.

    Parameters
    ----------
    width : float
        Channels relative to `CHANNELS`.
    folded : bool
        Built without batch normalisation.

    Attributes
    ----------
    channels : tuple of int
        Of the stages.

    Raises
    ------
    ValueError
        For less than one channel.
    """

    place: Tensor

    def __init__(self, width: float = 1.0, folded: bool = False) -> None:
        super().__init__()
        self.channels = channels_of(width)
        previous = self.channels[0]
        self.stem = ConvNorm(1, previous, 5, 2, folded)
        self.place = nn.Parameter(torch.zeros(previous, 1, BANDS // 2))
        stages = []
        for number, (channels, blocks) in enumerate(zip(self.channels, BLOCKS, strict=True)):
            stage = []
            for block in range(blocks):
                stage.append(Block(previous, channels, 2 if number and not block else 1, folded))
                previous = channels
            stages.append(nn.Sequential(*stage))
        self.stages = nn.ModuleList(stages)

    def forward(self, features: Tensor) -> list[Tensor]:
        """Features (B, N, F) to the maps of the stages, (B, 24, N/2, 64) ... (B, 192, N/16, 8), N rounded up.

        The channels are those of width 1.
        """
        maps = torch.relu(self.stem(features.unsqueeze(1)) + self.place)
        found = []
        for stage in self.stages:
            maps = stage(maps)
            found.append(maps)
        return found


def fold(module: nn.Module) -> dict[str, Tensor]:
    """State dict of a module whose `ConvNorm` layers are built with ``folded=True``, computing the same."""
    return fold_norm(module, ConvNorm)
