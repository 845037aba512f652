"""What envelope networks have in common: they tell shares of the sound, and how loud that is, is measured.

Shapes: B batch, T samples in a window, K labels, N frames.
"""

from __future__ import annotations

import math
from abc import abstractmethod

import torch
from torch import Tensor

from irec_models.nets.network import Network

_RANGE = 1000.0  # 60 dB, as in Häusler and Maier
_SILENT = 1e-5

START_BIAS = -3.0
"""Of the last layer. Most labels are silent most of the time; starting there saves the first thousand steps."""


class EnvelopeNetwork(Network):
    """A `Network` that predicts which part of each frame's RMS a label has, over 60 dB.

    How loud the window is need not be learnt: it is measured, and the envelope is that part of what was measured. A
    solo's envelope is thereby right as soon as its instrument is.

    References
    ----------
    L. Häusler, L. I. Maier, "Neuroment", IEM Graz, 2022, section 4.2.3: RMS as the target, 60 dB.
    """

    kind = "envelope"

    @abstractmethod
    def frame_rms(self, audio: Tensor) -> Tensor:
        """Audio (B, T) to the RMS of its frames (B, 1, N), each about the window's mean."""

    def probabilities(self, logits: Tensor) -> Tensor:
        """Logits to each label's share of the RMS in 0..1, (B, K, N)."""
        return (torch.exp(torch.sigmoid(logits) * math.log(_RANGE)) - 1.0) / (_RANGE - 1.0)

    def outputs(self, logits: Tensor, audio: Tensor) -> Tensor:
        """RMS envelopes (B, K, N)."""
        return torch.clamp(self.probabilities(logits) * self.frame_rms(audio), 0.0, 1.0)

    def targets(self, wanted: Tensor, audio: Tensor) -> Tensor:
        """RMS envelopes (B, K, N) to shares on the scale of the sigmoid."""
        return self.shares(wanted, self.frame_rms(audio))

    def shares(self, wanted: Tensor, rms: Tensor) -> Tensor:
        """The same by the RMS of frames (B, 1, N)."""
        share = torch.where(rms > _SILENT, wanted / rms.clamp(min=_SILENT), torch.zeros_like(wanted)).clamp(0.0, 1.0)
        return torch.log1p((_RANGE - 1.0) * share) / math.log(_RANGE)
