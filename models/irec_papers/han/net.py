"""The ConvNet of Han, Kim and Lee: predominant instruments from the log-mel spectrogram of a second.

Shapes: B batch, T samples in a window, N = 43 frames, F = 128 bands, K labels.

References
----------
Y. Han, J. Kim, K. Lee, "Deep convolutional neural networks for predominant instrument recognition in polyphonic
music", IEEE/ACM Transactions on Audio, Speech, and Language Processing 25(1), 2017. Table I (structure), III.A (front
end), III.C (initialisation), III.D and Table IV (activation functions).
"""

from __future__ import annotations

from typing import Literal, get_args

from torch import Tensor, nn

from irec_models.frontends import LogMel
from irec_models.frontends.normalize import LevelNormalizer, Standardizer
from irec_models.nets.network import Network
from irec_papers.folding import fold_pairs, normalized

Activation = Literal["lrelu033", "lrelu001", "relu", "prelu", "tanh"]
"""Rows of Table IV."""

SAMPLE_RATE = 22_050
N_FFT = 1024
HOP_LENGTH = 512
BANDS = 128
_CHANNELS = (32, 64, 128, 256)
_GAINS: dict[Activation, float] = {
    "lrelu033": nn.init.calculate_gain("leaky_relu", 0.33),
    "lrelu001": nn.init.calculate_gain("leaky_relu", 0.01),
    "relu": nn.init.calculate_gain("relu"),
    "prelu": nn.init.calculate_gain("leaky_relu", 0.25),  # where its slopes start
    "tanh": nn.init.calculate_gain("tanh"),
}


def _activation(name: Activation, channels: int) -> nn.Module:
    # In place where the layer before does not need its output again: half the memory traffic of the largest maps.
    if name == "tanh":
        return nn.Tanh()
    if name == "relu":
        return nn.ReLU(inplace=True)
    if name == "prelu":
        return nn.PReLU(channels)  # equation 3: one slope a channel
    return nn.LeakyReLU(0.33 if name == "lrelu033" else 0.01, inplace=True)


class HanConvNet(Network):
    """Table I: four pairs of 3 x 3 convolutions, global max pooling, one hidden layer of 1024.

    The text says that zero-padding keeps the size, but the table's maps grow by two in each convolution (43 x 128 to
    45 x 130 to 47 x 132 ...), which is a padding of 2. The table is followed. Pooling is 3 x 3 with stride 3, as the
    table's sizes say (the text's "stride size of 1" would not shrink them).

    43 frames for a second are one more than fit without padding and one fewer than centred frames give; here 239
    samples are mirrored at each end of the window. The paper divides each recording by its maximum; a live window is
    brought to equal RMS in its place (`irec_models.frontends.normalize.LevelNormalizer`), then standardised with
    constants.

    Parameters
    ----------
    labels : int
        K; 11 in the paper.
    activation : str
        Row of Table IV; the best, and default, is the leaky ReLU with slope 0.33.
    window_length : int
        T; the paper tries 0.5, 1, 1.5 and 3 s and finds 1 s best.

    gain : bool
        Scale the initial weights by the activation's gain (He et al. 2015, equation 15), so that differences between
        inputs keep their size through nine layers. With Glorot's own, the paper's, they shrink by about 14 and
        training can stay at the labels' base rates for thousands of steps.
    batch_norm : bool
        Train with batch normalisation (`irec_papers.folding`); `folded` gives the table's network.

    Raises
    ------
    ValueError
        For an unknown activation, no labels, or a window too short for three poolings.
    """

    architecture = "han"
    kind = "activation"
    sample_rate = SAMPLE_RATE
    front_end = f"log-mel {BANDS} bands, {N_FFT}/{HOP_LENGTH}, window brought to equal RMS"

    def __init__(
        self,
        labels: int,
        activation: Activation = "lrelu033",
        window_length: int = SAMPLE_RATE,
        gain: bool = False,
        batch_norm: bool = False,
    ) -> None:
        super().__init__(labels, activation=activation, window_length=window_length, gain=gain, batch_norm=batch_norm)
        if activation not in get_args(Activation):
            raise ValueError(f"unknown activation '{activation}'; there are: {', '.join(get_args(Activation))}")
        if window_length < N_FFT * 4:
            raise ValueError(f"window_length must be at least {N_FFT * 4} samples, not {window_length}")
        self.window_length = window_length
        self.level = LevelNormalizer()
        self.mel = LogMel(
            SAMPLE_RATE, window_length, N_FFT, HOP_LENGTH, frames=window_length // HOP_LENGTH, bands=BANDS, floor=1e-2
        )
        self.standardizer = Standardizer(BANDS)
        layers: list[nn.Module] = []
        previous = 1
        for channels in _CHANNELS:
            for inputs in (previous, channels):
                layers += [nn.Conv2d(inputs, channels, 3, padding=2), *normalized(channels, batch_norm)]
                layers += [_activation(activation, channels)]
            previous = channels
            last = channels == _CHANNELS[-1]
            layers += [nn.AdaptiveMaxPool2d(1)] if last else [nn.MaxPool2d(3), nn.Dropout(0.25)]
        self.convolutions = nn.Sequential(*layers)
        self.classifier = nn.Sequential(
            nn.Flatten(), nn.Linear(previous, 1024), _activation(activation, 1024), nn.Dropout(0.5)
        )
        self.output = nn.Linear(1024, labels)
        self._initialize(_GAINS[activation] if gain else 1.0)

    def _initialize(self, gain: float) -> None:
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                nn.init.xavier_uniform_(module.weight, gain=1.0 if module is self.output else gain)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    def raw_features(self, audio: Tensor) -> Tensor:
        """Audio (B, T) to log-mel (B, N, F)."""
        mel: Tensor = self.mel(self.level(audio))
        return mel

    def classify(self, features: Tensor) -> Tensor:
        """Features (B, N, F) to logits (B, K)."""
        logits: Tensor = self.output(self.classifier(self.convolutions(features.unsqueeze(1))))
        return logits

    def folded(self) -> HanConvNet:
        """The network with batch normalisation folded into its convolutions; same outputs."""
        return self.with_weights(fold_pairs(self, "convolutions"), batch_norm=False)
