"""A tiny network whose columns are computed once a stream, for others to say more of."""

from __future__ import annotations

from torch import Tensor, nn

from irec_models.frontends.normalize import Standardizer
from irec_models.nets.column_network import ColumnNetwork

RATE, LENGTH = 8000, 800
LABELS = ("flute", "piano", "voice")


class ProjectionNet(ColumnNetwork):
    """Squared projections of frames."""

    kind = "activation"
    sample_rate, window_length = RATE, LENGTH
    column_length, column_hop = 90, 40
    front_end = "projections"

    def __init__(self, labels: int = 3) -> None:
        super().__init__(labels)
        self.project = nn.Linear(90, 12)
        self.standardizer = Standardizer(12)
        self.output = nn.Linear(12, labels)

    def columns_of(self, frames: Tensor) -> Tensor:
        columns: Tensor = self.project(frames).square()
        return columns
