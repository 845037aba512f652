"""Tutti for envelopes on the trunk of `TuttiMobileNet`: how loud is each instrument, frame by frame?

Shapes: B batch, T = 11 136 samples, C = 33 columns, F = 128 bands, N = 18 frames, E values read, K labels.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from irec_models.nets.envelope_network import START_BIAS, EnvelopeNetwork
from irec_models.nets.mobile_network import READ, MobileNetwork
from irec_models.nets.mobile_trunk import BANDS, DEPTHS, HIDDEN, HOP_LENGTH, N_FFT, MobileTrunk

FRAMES = 18
FRAME_HOP = 2 * HOP_LENGTH  # the stride of the trunk's first layer: 20 ms
WINDOW_LENGTH = 11_136  # 348 ms

_STRIDES = {1: 2, 3: 4, 6: 8, 12: 16}  # of the maps behind these blocks, in columns and in bands
_LAST_STRIDE = 32
_WIDTHS = (16, 32, 64, 96, 160)
_JOINED = 160
_HIDDEN = 128


class MapReading(nn.Module):
    """Maps read out for every step of their time: wider, weighed over the bands, brought to a common width."""

    def __init__(self, channels: int, width: int, bands: int) -> None:
        super().__init__()
        self.widen = nn.Conv2d(channels, width, 1)
        self.places = nn.Conv2d(width, width, (bands, 1), groups=width)
        nn.init.constant_(self.places.weight, 1.0 / bands)
        self.join = nn.Conv1d(width, _JOINED, 1)

    def forward(self, maps: Tensor) -> Tensor:
        """Maps (B, C, f, n) to (B, E, n)."""
        found: Tensor = self.join(torch.relu(self.places(torch.relu(self.widen(maps))).squeeze(2)))
        return found


def spread_over_frames(strides: tuple[int, ...]) -> Tensor:
    """Weights (steps of all maps, N) by which maps are brought to frames, each frame between its two nearest steps.

    Step n of a map lies on frame ``n * stride / 2``; beyond the last one its value is held.
    """
    parts = []
    for stride in strides:
        ratio = stride // 2
        steps = -(-FRAMES // ratio)
        place = (torch.arange(FRAMES) / ratio).clamp(max=steps - 1)
        parts.append((1.0 - (torch.arange(steps)[:, None] - place).abs()).clamp(min=0.0))
    return torch.cat(parts)


class TuttiMobileEnvelopeNet(EnvelopeNetwork, MobileNetwork):
    """`MobileTrunk` read out at every depth for every frame, and once for the window as `TuttiMobileNet` does it.

    Its columns are those of `TuttiMobileNet`, so that the app computes them once for both. It has no batch
    normalisation: that of the trunk it begins with is folded into the convolutions, whose statistics thereby stay.

    Parameters
    ----------
    labels : int
        K.
    dropout : float
        Of what is joined.

    Raises
    ------
    ValueError
        For no labels.
    """

    architecture = "tutti-mobile-envelope"
    window_length = WINDOW_LENGTH
    frames = FRAMES
    frame_hop = FRAME_HOP
    front_end = f"log-mel {BANDS} bands, {N_FFT}/{HOP_LENGTH}, pre-emphasis, window brought to equal RMS; frame RMS"

    spread: Tensor

    def __init__(self, labels: int, dropout: float = 0.2) -> None:
        super().__init__(MobileTrunk(folded=True, read=tuple(sorted({*_STRIDES, *DEPTHS}))), labels, dropout=dropout)
        channels = dict(zip(self.trunk.read, self.trunk.depths, strict=False))
        strides = (*_STRIDES.values(), _LAST_STRIDE)
        depths = (*(channels[block] for block in _STRIDES), self.trunk.depths[-1])
        bands = [BANDS // stride for stride in strides]
        self.readings = nn.ModuleList(MapReading(*each) for each in zip(depths, _WIDTHS, bands, strict=True))
        self.register_buffer("spread", spread_over_frames(strides), persistent=False)
        window = 2 * (sum(channels[block] for block in DEPTHS) + self.trunk.depths[-1]) + HIDDEN
        self.read = nn.Linear(window, READ)
        self.whole = nn.Linear(READ, _JOINED)
        self.dropout = nn.Dropout(dropout)
        self.embedding_size = _JOINED
        self.near = nn.Conv1d(_JOINED, _HIDDEN, 3, padding=1)
        self.output = nn.Conv1d(_HIDDEN, labels, 1)
        if self.output.bias is not None:
            nn.init.constant_(self.output.bias, START_BIAS)

    def head(self) -> Iterator[nn.Parameter]:
        """Parameters of the layers that came with neither the trunk nor `TuttiMobileNet`."""
        for part in (self.readings, self.whole, self.near, self.output):
            yield from part.parameters()

    def features_of(self, columns: Tensor, audio: Tensor) -> Tensor:
        """Powers (B, C, F) of a window (B, T) to log-mel (B, C + 2, F), the window at one level.

        The columns at the edges are there twice: every second one then lies on a frame, to 2.5 ms.
        """
        return super().features_of(torch.cat((columns[:, :1], columns, columns[:, -1:]), dim=1), audio)

    def embed(self, features: Tensor) -> Tensor:
        """Features (B, C + 2, F) to what is read out for every frame, (B, E, N)."""
        *some, last = self.trunk(features)
        maps = dict(zip(self.trunk.read, some, strict=True))
        read = [maps[block] for block in _STRIDES]
        steps = [reading(each) for reading, each in zip(self.readings, (*read, last), strict=True)]
        window = self.whole(torch.relu(self.read(self.window_readings([*(maps[block] for block in DEPTHS), last]))))
        return torch.relu(torch.cat(steps, dim=2) @ self.spread + window.unsqueeze(2))

    def decide(self, embedding: Tensor) -> Tensor:
        """Embedding (B, E, N) to logits (B, K, N)."""
        logits: Tensor = self.output(self.dropout(torch.relu(self.near(self.dropout(embedding)))))
        return logits

    def classify(self, features: Tensor) -> Tensor:
        """Features (B, C + 2, F) to logits (B, K, N)."""
        return self.decide(self.embed(features))

    def frame_rms(self, audio: Tensor) -> Tensor:
        """Audio (B, T) to the RMS of its frames (B, 1, N): two hops around each centre, at the edges what is there."""
        squares = (audio - audio.mean(dim=1, keepdim=True)).square()
        whole = (FRAMES - 1) * FRAME_HOP
        hops = squares[:, :whole].reshape(-1, FRAMES - 1, FRAME_HOP).mean(dim=2)
        hops = torch.cat((hops[:, :1], hops, squares[:, whole:].mean(dim=1, keepdim=True)), dim=1)
        return torch.sqrt(0.5 * (hops[:, :-1] + hops[:, 1:])).unsqueeze(1)
