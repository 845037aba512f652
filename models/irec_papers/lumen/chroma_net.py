"""The Lumen project's network for constant-Q chroma.

Shapes: B batch, T samples in a window, N = 100 frames, C = 36 pitch classes, K labels.

References
----------
Lumen Data Science 2023 project documentation, Zagreb, 2023. Table 6 (structure), section 3.1.3 (front end).
"""

from __future__ import annotations

from torch import Tensor

from irec_models.frontends.normalize import LevelNormalizer, Standardizer
from irec_models.nets.network import Network
from irec_papers.folding import fold_pairs
from irec_papers.frontends.chroma import CqtChroma
from irec_papers.lumen.net import FRAMES, SAMPLE_RATE, WINDOW_LENGTH, LumenTrunk, Output, check_output, log_odds

HOP_LENGTH = 224  # 10.2 ms: halves five times, so the low octaves can be computed at 689 Hz
CLASSES = 36


class LumenChromaNet(Network):
    """Table 6: six convolutions of 24 to 512 channels on 36 x 100 values.

    One row of the table maps 256 x 4 x 3 to 512 x 4 x 11; its input is a misprint for 256 x 4 x 11, the row before.
    The network's number of values is 2 111 451 at K = 11.

    The paper takes the chroma of a whole recording and cuts it to seconds; here every window is transformed by itself,
    so the kernels below 51 Hz, which would need more than the second, are cut to it.

    Parameters
    ----------
    labels : int
        K; 11 in the paper.
    output : {"sigmoid", "softmax"}
    batch_norm : bool
        See `irec_papers.lumen.net.LumenNet`.
    """

    architecture = "lumen-chroma"
    kind = "activation"
    sample_rate = SAMPLE_RATE
    window_length = WINDOW_LENGTH
    front_end = f"constant-Q chroma, {CLASSES} classes, hop {HOP_LENGTH}"

    def __init__(self, labels: int, output: Output = "sigmoid", batch_norm: bool = False) -> None:
        super().__init__(labels, output=output, batch_norm=batch_norm)
        check_output(labels, output)
        self.output: Output = output
        self.level = LevelNormalizer()
        self.chroma = CqtChroma(SAMPLE_RATE, WINDOW_LENGTH, HOP_LENGTH, FRAMES, CLASSES)
        self.standardizer = Standardizer(CLASSES)
        self.trunk = LumenTrunk((24, 32, 64, 128, 256, 512), labels, batch_norm)

    def raw_features(self, audio: Tensor) -> Tensor:
        """Audio (B, T) to chroma (B, N, C)."""
        chroma: Tensor = self.chroma(self.level(audio))
        return chroma

    def classify(self, features: Tensor) -> Tensor:
        """Features (B, N, C) to logits (B, K)."""
        return log_odds(self.trunk(features.transpose(1, 2).unsqueeze(1)), self.output)

    def folded(self) -> LumenChromaNet:
        """The network with batch normalisation folded into its convolutions; same outputs."""
        return self.with_weights(fold_pairs(self, "trunk.convolutions"), batch_norm=False)
