"""MobileNetV3-Large over a log-mel spectrogram, as EfficientAT trained it on AudioSet at a width of 0.4 ("mn04").

Shapes: B batch, T samples, N frames, F = 128 bands, L samples in a frame, C channels.

References
----------
A. Howard et al., "Searching for MobileNetV3", ICCV 2019, Table 1 (the blocks) and section 5.3 (squeeze-and-excite).
F. Schmid, K. Koutini, G. Widmer, "Efficient large-scale audio tagging via transformer-to-CNN knowledge distillation",
ICASSP 2023 (one input channel, widths, front end, 527 classes).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from irec_live.errors import CheckpointError
from irec_models.frontends.dft import FoldedDft

SAMPLE_RATE = 32_000
WINDOW_LENGTH = 32_000
N_FFT = 1024
TAPER = 800
HOP_LENGTH = 320
BANDS = 128
FRAMES = 98
TAGS = 527
"""AudioSet classes that the trunk was trained on."""
HIDDEN = 512

_PRE_EMPHASIS = 0.97
_HIGHEST_HZ = 15_000.0
_WIDTH = 0.4
_PIECE = math.gcd(TAPER, HOP_LENGTH)
_NORM_EPS = 1e-3


class _Row(NamedTuple):
    """One row of Howard et al., Table 1: channels at width 1."""

    kernel: int
    expanded: int
    outputs: int
    excite: bool
    hard: bool
    stride: int


_ROWS = (
    _Row(3, 16, 16, False, False, 1),
    _Row(3, 64, 24, False, False, 2),
    _Row(3, 72, 24, False, False, 1),
    _Row(5, 72, 40, True, False, 2),
    _Row(5, 120, 40, True, False, 1),
    _Row(5, 120, 40, True, False, 1),
    _Row(3, 240, 80, False, True, 2),
    _Row(3, 200, 80, False, True, 1),
    _Row(3, 184, 80, False, True, 1),
    _Row(3, 184, 80, False, True, 1),
    _Row(3, 480, 112, True, True, 1),
    _Row(3, 672, 112, True, True, 1),
    _Row(5, 672, 160, True, True, 2),
    _Row(5, 960, 160, True, True, 1),
    _Row(5, 960, 160, True, True, 1),
)
_STEM = 16
DEPTHS = (6, 10, 12)
"""Blocks, counted from one, whose maps are read out beside the last ones."""


def rounded(channels: float) -> int:
    """A number of channels as a multiple of 8 that is not more than a tenth below it.

    Examples
    --------
    >>> rounded(16 * 0.4), rounded(24 * 0.4), rounded(112 * 0.4)
    (8, 16, 48)
    """
    nearest = max(8, int(channels + 4) // 8 * 8)
    return nearest + 8 if nearest < 0.9 * channels else nearest


def kaldi_filters(bands: int, high_hz: float, n_fft: int, sample_rate: int) -> npt.NDArray[np.float64]:
    """Triangular filters of height 1, equally wide on the mel scale 1127 ln(1 + f / 700) from 0 to `high_hz`.

    The triangles are straight on the mel scale, not on that of frequency.

    Parameters
    ----------
    bands : int
        F.
    high_hz : float
        Foot of the last triangle.
    n_fft, sample_rate : int
        Of the spectrum that they apply to.

    Returns
    -------
    (F, n_fft / 2 + 1) float64
    """
    step = 1127.0 * math.log1p(high_hz / 700.0) / (bands + 1)
    mel = 1127.0 * np.log1p(np.arange(n_fft // 2 + 1) * (sample_rate / n_fft) / 700.0)
    left = step * np.arange(bands)[:, None]
    filters: npt.NDArray[np.float64] = np.maximum(0.0, np.minimum(mel - left, left + 2 * step - mel) / step)
    return filters


def power_weights() -> Tensor:
    """By which the bands of a column (F,) add up to the mean square of the frame before pre-emphasis: (F,)."""
    emphasis = 1.0 + _PRE_EMPHASIS**2 - 2.0 * _PRE_EMPHASIS * np.cos(2.0 * np.pi * np.arange(N_FFT // 2 + 1) / N_FFT)
    filters = kaldi_filters(BANDS, _HIGHEST_HZ, N_FFT, SAMPLE_RATE)
    passed = filters.sum(axis=1)
    # The lowest triangles are narrower than a bin: some have none.
    gains = np.divide(filters @ emphasis, passed, out=np.full(BANDS, np.inf), where=passed > 0)
    taper = torch.hann_window(TAPER, periodic=False, dtype=torch.float64)
    weights = 2.0 / (N_FFT * float(taper.square().sum()) * gains)
    return torch.from_numpy(weights).to(torch.float32)


class MobileMel(nn.Module):
    """Mel-weighted power spectrogram of what pre-emphasis leaves of a sound.

    Frames of 801 samples 320 apart lie inside the window, nothing is mirrored or brought to a level before: a column
    depends on its 801 samples alone, so windows that overlap share columns.
    """

    filters: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.bins = BANDS
        side = (N_FFT - TAPER) // 2
        taper = functional.pad(torch.hann_window(TAPER, periodic=False, dtype=torch.float64), (side, side))
        self.dft = FoldedDft(N_FFT, taper)
        filters = kaldi_filters(BANDS, _HIGHEST_HZ, N_FFT, SAMPLE_RATE)
        reordered = torch.from_numpy(filters[:, self.dft.bins.numpy()].T.copy())
        self.register_buffer("filters", reordered.to(torch.float32), persistent=False)

    def forward(self, audio: Tensor) -> Tensor:
        """Audio (B, T) to powers (B, N, F)."""
        emphasised = audio[:, 1:] - _PRE_EMPHASIS * audio[:, :-1]
        # Pieces that both frame and hop are made of: slices and one concatenation, where unfold exports as a gather.
        step, overlap = HOP_LENGTH // _PIECE, TAPER // _PIECE
        last = (FRAMES - 1) * step
        pieces = emphasised[:, : (last + overlap) * _PIECE].reshape(-1, last + overlap, _PIECE)
        frames = torch.cat([pieces[:, i : i + last + 1 : step] for i in range(overlap)], dim=2)
        return self.columns(frames)

    def frame_columns(self, frames: Tensor) -> Tensor:
        """Frames of 801 samples (B, N, 801) to powers (B, N, F)."""
        return self.columns(frames[..., 1:] - _PRE_EMPHASIS * frames[..., :-1])

    def columns(self, frames: Tensor) -> Tensor:
        """Frames of 800 emphasised samples (B, N, 800) to powers (B, N, F)."""
        side = (N_FFT - TAPER) // 2
        # As published: a taper of 800 in a transform of 1024, silence on both sides.
        real, imaginary = self.dft(functional.pad(frames, (side, side)))
        powers: Tensor = (real.square() + imaginary.square()) @ self.filters
        return powers


class MobileConv(nn.Module):
    """A convolution with batch normalisation and what follows it; folded, with a bias in the normalisation's place.

    Parameters
    ----------
    inputs, outputs, kernel, stride, groups : int
    after : module
        Activation.
    folded : bool
    """

    def __init__(
        self, inputs: int, outputs: int, kernel: int, stride: int, groups: int, after: nn.Module, folded: bool
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=folded)
        self.norm = nn.Identity() if folded else nn.BatchNorm2d(outputs, _NORM_EPS)
        self.after = after

    def forward(self, maps: Tensor) -> Tensor:
        """Maps (B, inputs, F, N) to (B, outputs, F / stride, N / stride), rounded up."""
        found: Tensor = self.after(self.norm(self.conv(maps)))
        return found


class _Excite(nn.Module):
    """Channels weighed by what all of them are on the whole of the map."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        squeezed = rounded(channels // 4)
        self.squeeze = nn.Linear(channels, squeezed)
        self.excite = nn.Linear(squeezed, channels)

    def forward(self, maps: Tensor) -> Tensor:
        weights = torch.sigmoid(self.excite(torch.relu(self.squeeze(maps.mean(dim=(2, 3))))))
        return maps * weights[:, :, None, None]

    def weights(self, means: Tensor) -> Tensor:
        """Means (B, C, 1, n) to weights (B, C, 1, n) in 0..1: the same layers as convolutions, for a stream."""
        squeezed = functional.conv2d(means, self.squeeze.weight[:, :, None, None], self.squeeze.bias)
        return torch.sigmoid(
            functional.conv2d(torch.relu(squeezed), self.excite.weight[:, :, None, None], self.excite.bias)
        )


class MobileBlock(nn.Module):
    """Widened by a 1 x 1 convolution, filtered channel by channel, weighed, narrowed; past which the input goes on."""

    def __init__(self, inputs: int, row: _Row, folded: bool) -> None:
        super().__init__()
        wide, outputs = rounded(row.expanded * _WIDTH), rounded(row.outputs * _WIDTH)
        after = nn.Hardswish if row.hard else nn.ReLU
        self.expand = MobileConv(inputs, wide, 1, 1, 1, after(), folded) if wide != inputs else nn.Identity()
        self.filter = MobileConv(wide, wide, row.kernel, row.stride, wide, after(), folded)
        self.weigh = _Excite(wide) if row.excite else nn.Identity()
        self.narrow = MobileConv(wide, outputs, 1, 1, 1, nn.Identity(), folded)
        self.outputs = outputs
        self.around = row.stride == 1 and inputs == outputs

    def forward(self, maps: Tensor) -> Tensor:
        found: Tensor = self.narrow(self.weigh(self.filter(self.expand(maps))))
        return maps + found if self.around else found


class MobileTrunk(nn.Module):
    """The convolutions of MobileNetV3-Large at a width of 0.4.

    Parameters
    ----------
    folded : bool
        Built without batch normalisation.
    read : tuple of int
        Blocks, counted from one, whose maps are given beside the last ones.

    Attributes
    ----------
    depths : tuple of int
        Channels of the maps that `forward` gives.
    """

    def __init__(self, folded: bool = False, read: tuple[int, ...] = DEPTHS) -> None:
        super().__init__()
        self.read = read
        channels = rounded(_STEM * _WIDTH)
        self.stem = MobileConv(1, channels, 3, 2, 1, nn.Hardswish(), folded)
        blocks = []
        for row in _ROWS:
            block = MobileBlock(channels, row, folded)
            blocks.append(block)
            channels = block.outputs
        self.blocks = nn.ModuleList(blocks)
        last = rounded(6 * channels)
        self.last = MobileConv(channels, last, 1, 1, 1, nn.Hardswish(), folded)
        self.depths = (*(blocks[depth - 1].outputs for depth in read), last)

    def each_block(self) -> Iterator[MobileBlock]:
        """The blocks, from the first on."""
        for block in self.blocks:
            assert isinstance(block, MobileBlock)
            yield block

    def forward(self, features: Tensor) -> list[Tensor]:
        """Features (B, N, F) to the maps behind the blocks read and the last ones, (B, C, F / s, N / s)."""
        maps = self.stem(features.transpose(1, 2).unsqueeze(1))
        found = []
        for number, block in enumerate(self.each_block(), start=1):
            maps = block(maps)
            if number in self.read:
                found.append(maps)
        return [*found, self.last(maps)]


def published_weights(trunk: MobileTrunk, given: Mapping[str, Tensor]) -> dict[str, dict[str, Tensor]]:
    """EfficientAT's state dict of ``mn04_as`` as those of modules here.

    Both define their layers in the same order, so values are paired in it; shapes tell if they do not belong together.

    Parameters
    ----------
    trunk : MobileTrunk
        Not folded; read for its names and shapes alone.
    given : mapping of str to Tensor

    Returns
    -------
    dict of str to state dict
        Of ``trunk``, ``hidden`` and ``tags``.

    Raises
    ------
    CheckpointError
        Shapes or numbers of the values are not those of that network.
    """
    values = [(name, value) for name, value in given.items() if not name.endswith("num_batches_tracked")]
    own = {name: value for name, value in trunk.state_dict().items() if not name.endswith("num_batches_tracked")}
    shapes = [tuple(value.shape) for value in own.values()]
    shapes += [(HIDDEN, trunk.depths[-1]), (HIDDEN,), (TAGS, HIDDEN), (TAGS,)]
    if [tuple(value.shape) for _, value in values] != shapes:
        raise CheckpointError(
            "these weights are not those of EfficientAT's mn04_as, the only ones that can be begun with"
        )
    taken = {name: value for name, (_, value) in zip(own, values, strict=False)}
    rest = [value for _, value in values[len(own) :]]
    return {
        "trunk": taken,
        "hidden": {"weight": rest[0], "bias": rest[1]},
        "tags": {"weight": rest[2], "bias": rest[3]},
    }
