"""The head that decides from seconds of features.

Shapes: B sequences, R windows, E readings of the network, K labels, D projected readings, W = D + K features.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from irec_live.models.context import ContextSpec

LIMIT = 12.0
"""Logits beyond count as this."""


class ContextHeadNet(nn.Module):
    """Readings of each window are projected; means and maxima over some seconds go through two layers.

    What it says is added to weighed means of the network's own logits, and then drawn towards the newest ones.

    Parameters
    ----------
    mean, deviation : (E,) Tensor
        Of the readings.
    labels : int
        K.
    projection, hidden : int
        D, and units between the two layers.
    means_s, maxima_s : sequence of float
        Spans in seconds; see `irec_live.models.context.ContextSpec`.
    own : float
        Share of the network's newest logits in the answer, 0..1.
    dropout : float
        Between the two layers; half of it before the projection.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(
        self,
        mean: Tensor,
        deviation: Tensor,
        labels: int,
        *,
        projection: int = 96,
        hidden: int = 192,
        means_s: Sequence[float] = (1.0, 3.0, 7.0),
        maxima_s: Sequence[float] = (3.0,),
        own: float = 0.4,
        dropout: float = 0.3,
    ) -> None:
        super().__init__()
        self.spec = ContextSpec(width=projection + labels, means_s=tuple(means_s), maxima_s=tuple(maxima_s))
        self.labels, self.projection, self.own = labels, projection, own
        self.register_buffer("mean", mean)
        self.register_buffer("deviation", deviation)
        self.project = nn.Linear(len(mean), projection)
        self.between = nn.Linear(self.spec.size, hidden)
        self.output = nn.Linear(hidden, labels)
        nn.init.zeros_(self.output.weight)
        nn.init.zeros_(self.output.bias)
        means = 1 + len(means_s)
        self.shares = nn.Parameter(torch.full((means, labels), 1.0 / means))
        self.before, self.after = nn.Dropout(dropout / 2), nn.Dropout(dropout)

    def features(self, readings: Tensor, logits: Tensor) -> Tensor:
        """Readings (B, R, E) and the network's logits (B, R, K) to features (B, R, W)."""
        standard = (readings - self.mean) / self.deviation
        projected = torch.relu(self.project(self.before(standard)))
        return torch.cat((projected, logits.clamp(-LIMIT, LIMIT) / 4), dim=2)

    def contexts(self, features: Tensor, sounding: Tensor, hop_s: float) -> Tensor:
        """Features (B, R, W) and which windows are sounding, 1 or 0 (B, R), to contexts (B, R, C)."""
        parts = [features]
        parts += [_mean(features, sounding, round(span / hop_s) + 1) for span in self.spec.means_s]
        parts += [_maximum(features, sounding, round(span / hop_s) + 1) for span in self.spec.maxima_s]
        return torch.cat(parts, dim=2)

    def decide(self, contexts: Tensor) -> Tensor:
        """Contexts (..., C) to logits (..., K), without the network's own share."""
        hidden = torch.relu(self.between(self.after(contexts)))
        logits: Tensor = self.output(self.after(hidden))
        width = self.spec.width
        for place, share in enumerate(self.shares):
            logits = logits + 4 * share * contexts[..., place * width + self.projection : (place + 1) * width]
        return logits

    def answer(self, contexts: Tensor) -> Tensor:
        """Contexts (..., C) to logits (..., K), as an exported file gives them."""
        newest = 4 * contexts[..., self.projection : self.spec.width]
        return (1 - self.own) * self.decide(contexts) + self.own * newest


def _mean(features: Tensor, sounding: Tensor, count: int) -> Tensor:
    """Mean over the last `count` windows, of those that are sounding."""
    sums = functional.pad(torch.cumsum(features * sounding[..., None], dim=1), (0, 0, 1, 0))
    many = functional.pad(torch.cumsum(sounding, dim=1), (1, 0))
    ends = torch.arange(1, features.shape[1] + 1)
    begins = (ends - count).clamp(min=0)
    return (sums[:, ends] - sums[:, begins]) / (many[:, ends] - many[:, begins]).clamp(min=1)[..., None]


def _maximum(features: Tensor, sounding: Tensor, count: int) -> Tensor:
    """Maximum over the last `count` windows, of those that are sounding; 0 before the first."""
    lowest = -1e9
    masked = features.masked_fill(sounding[..., None] == 0, lowest).transpose(1, 2)
    found = functional.max_pool1d(functional.pad(masked, (count - 1, 0), value=lowest), count, 1).transpose(1, 2)
    return found.masked_fill(found <= lowest / 2, 0.0)
