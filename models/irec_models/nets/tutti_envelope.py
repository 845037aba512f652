"""Tutti for envelopes: how loud is each instrument, frame by frame?

Shapes: B batch, T = 7680 samples, N = 16 frames, F = 128 bands, E = 544 features, K labels.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from irec_models.frontends import LogMel
from irec_models.frontends.normalize import LevelNormalizer, Standardizer
from irec_models.nets.envelope_network import START_BIAS, EnvelopeNetwork
from irec_models.nets.tutti_trunk import (
    BANDS,
    HOP_LENGTH,
    LEVEL_FLOOR,
    N_FFT,
    SAMPLE_RATE,
    ConvNorm,
    TuttiTrunk,
    fold,
)

FRAMES = 16
WINDOW_LENGTH = (FRAMES - 1) * HOP_LENGTH  # 348 ms
_WIDTHS = (32, 64, 128, 256)
_NEAR = 64
_HIDDEN = 256


class _Reading(nn.Module):
    """The maps of one stage, read out for every frame: wider, weighted over the bands, each value held."""

    def __init__(self, channels: int, width: int, bands: int, folded: bool) -> None:
        super().__init__()
        self.widen = ConvNorm(channels, width, 1, folded=folded)
        self.places = nn.Conv2d(width, width, (1, bands), groups=width)
        nn.init.constant_(self.places.weight, 1.0 / bands)

    def forward(self, maps: Tensor) -> Tensor:
        """Maps (B, C, n, f) to (B, width, N)."""
        found: Tensor = self.places(torch.relu(self.widen(maps))).squeeze(3)
        return found.repeat_interleave(FRAMES // found.shape[2], dim=2)


class TuttiEnvelopeNet(EnvelopeNetwork):
    """`TuttiTrunk` read out at every stage, joined frame by frame; predicts each label's share of the sound.

    Parameters
    ----------
    labels : int
        K.
    dropout : float
        Of the joined features.
    width : float
        Channels of the trunk relative to those of the bundled network.
    folded : bool
        Built without batch normalisation; what `folded` returns.

    Raises
    ------
    ValueError
        For no labels, or an impossible width (`irec_models.nets.tutti_trunk.channels_of`).

    References
    ----------
    L. Häusler, L. I. Maier, "Neuroment", IEM Graz, 2022, section 4.2.3: 16 frames in 348 ms, RMS as the target.
    """

    architecture = "tutti-envelope"
    sample_rate = SAMPLE_RATE
    window_length = WINDOW_LENGTH
    frames = FRAMES
    frame_hop = HOP_LENGTH
    front_end = f"log-mel {BANDS} bands, {N_FFT}/{HOP_LENGTH}, window brought to equal RMS; frame RMS"

    def __init__(self, labels: int, dropout: float = 0.1, width: float = 1.0, folded: bool = False) -> None:
        super().__init__(labels, dropout=dropout, width=width, folded=folded)
        self.level = LevelNormalizer(LEVEL_FLOOR)
        self.mel = LogMel(
            SAMPLE_RATE, WINDOW_LENGTH, N_FFT, HOP_LENGTH, frames=FRAMES, bands=BANDS, low_hz=30.0, floor=1e-2
        )
        self.standardizer = Standardizer(BANDS)
        self.trunk = TuttiTrunk(width, folded)
        stages = zip(self.trunk.channels, _WIDTHS, (BANDS // 2 ** (stage + 1) for stage in range(4)), strict=True)
        self.readings = nn.ModuleList(_Reading(*stage, folded) for stage in stages)
        self.near = nn.Conv1d(BANDS, _NEAR, 1)
        self.dropout = nn.Dropout(dropout)
        self.embedding_size = _NEAR + sum(_WIDTHS)
        self.hidden = nn.Conv1d(self.embedding_size, _HIDDEN, 3, padding=1)
        self.output = nn.Conv1d(_HIDDEN, labels, 1)
        if self.output.bias is not None:
            nn.init.constant_(self.output.bias, START_BIAS)

    def raw_features(self, audio: Tensor) -> Tensor:
        """Audio (B, T) to log-mel (B, N, F)."""
        mel: Tensor = self.mel(self.level(audio))
        return mel

    def embed(self, features: Tensor) -> Tensor:
        """Features (B, N, F) to what is read out for every frame, (B, E, N)."""
        parts = [torch.relu(self.near(features.transpose(1, 2)))]
        parts += [reading(maps) for reading, maps in zip(self.readings, self.trunk(features), strict=True)]
        return torch.cat(parts, dim=1)

    def decide(self, embedding: Tensor) -> Tensor:
        """Embedding (B, E, N) to logits (B, K, N)."""
        joined = torch.relu(self.hidden(self.dropout(embedding)))
        logits: Tensor = self.output(self.dropout(joined))
        return logits

    def classify(self, features: Tensor) -> Tensor:
        """Features (B, N, F) to logits (B, K, N)."""
        return self.decide(self.embed(features))

    def frame_rms(self, audio: Tensor) -> Tensor:
        """Audio (B, T) to the RMS of its frames (B, 1, N)."""
        frames = self.mel.framer(audio - audio.mean(dim=1, keepdim=True))
        rms: Tensor = torch.sqrt(frames.square().mean(dim=2)).unsqueeze(1)
        return rms

    def folded(self) -> TuttiEnvelopeNet:
        """The network with batch normalisation folded into its convolutions; same outputs."""
        return self.with_weights(fold(self), folded=True)
