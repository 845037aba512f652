"""One-vs-all CNN classifiers after Chen et al.: a binary network for every instrument, in one graph.

Shapes: B batch, T samples in a window, N frames, F bins, K labels.

References
----------
R. Chen, A. Ghobakhlou, A. Narayanan, "Musical instrument recognition in polyphonic audio through convolutional neural
network and spectrograms". Table IV (structure), section IV.A (spectrogram of 2048 samples every 512), IV.B (one
classifier an instrument, trained alone).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn

from irec_models.frontends import LogMel
from irec_models.frontends.normalize import LevelNormalizer
from irec_models.nets.network import Network
from irec_papers.frontends import StftMagnitude
from irec_papers.glorot import glorot_uniform

N_FFT = 2048
HOP_LENGTH = 512

_CHANNELS = (32, 64, 128)
_HIDDEN = 128
_FLOOR = 1e-2
_DEVIATION = 2.0  # of the log spectra of equally loud music, about; the constant every member reads its input in


class ChenMember(nn.Module):
    """Table IV: three convolutions with batch normalisation and pooling, 128 hidden units, one output.

    Batch normalisation comes after the activation, as the table lists them, with the decay and epsilon of Keras, whose
    layer names the table uses.

    Parameters
    ----------
    bins, frames : int
        F, N.
    grid : (int, int) or None
        Average the last maps over so many fields of frequency and time before the hidden layer; None flattens them
        whole, as the table does.
    """

    def __init__(self, bins: int, frames: int, grid: tuple[int, int] | None) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        previous = 1
        for channels in _CHANNELS:
            layers += [
                nn.Conv2d(previous, channels, 3, padding=1),
                nn.ReLU(),
                nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01),
                nn.MaxPool2d(2),
            ]
            previous = channels
            bins, frames = bins // 2, frames // 2
        if grid:
            layers.append(nn.AvgPool2d((bins // grid[0], frames // grid[1])))
            bins, frames = (size // (size // fields) for size, fields in zip((bins, frames), grid, strict=True))
        self.convolutions = nn.Sequential(*layers, nn.Flatten())
        self.hidden = nn.Sequential(nn.Linear(previous * bins * frames, _HIDDEN), nn.ReLU(), nn.Dropout(0.5))
        self.output = nn.Linear(_HIDDEN, 1)
        glorot_uniform(self)

    def forward(self, features: Tensor) -> Tensor:
        """Features (B, 1, F, N) to a logit (B, 1)."""
        logit: Tensor = self.output(self.hidden(self.convolutions(features)))
        return logit


class ChenNet(Network):
    """K binary classifiers that share nothing but the spectrogram.

    Training all K at once on the same batches is training each alone: the loss is a sum over labels and no weight
    serves two of them. What sees them all together must be left out: do not clip the norm of the gradient. A new
    instrument is a network of one label, trained by itself and put beside the others by
    `irec_papers.chen.one_vs_all.join`; their weights stay as they are, bit by bit. For the same reason the input is
    scaled by fixed constants rather than by what one training set measured.

    The table does not name the spectrogram's size. From NSynth's 4 s at 16 kHz follow 1025 x 126 values, 245 760
    flattened ones and 31 550 657 weights *an instrument*: 1.26 GB for ten. That form is ``bins=1025, grid=None``,
    ``sample_rate=16000, window_length=64000``. The default, of 158 913 weights an instrument, differs in three points:
    a second in place of four, 128 mel bands of the same transform in place of 1025 bins, and the last maps averaged
    over four ranges of frequency and all time before they are flattened.

    Parameters
    ----------
    labels : int
        K; 10 in the paper.
    sample_rate : int
        Hz.
    window_length : int
        T.
    bins : int
        F: 1025 for the spectrogram as it is, fewer for so many mel bands.
    grid : (int, int) or None
        See `ChenMember`.

    Raises
    ------
    ValueError
        If a size is impossible.
    """

    architecture = "chen"
    member_a_label = True
    kind = "activation"

    def __init__(
        self,
        labels: int,
        sample_rate: int = 22_050,
        window_length: int = 22_050,
        bins: int = 128,
        grid: Sequence[int] | None = (4, 1),
    ) -> None:
        fields = tuple(grid) if grid else None
        super().__init__(
            labels,
            sample_rate=sample_rate,
            window_length=window_length,
            bins=bins,
            grid=list(fields) if fields else None,
        )
        whole = N_FFT // 2 + 1
        frames = window_length // HOP_LENGTH + 1
        if not 8 <= bins <= whole or frames < 8:
            raise ValueError(f"8 to {whole} bins and 8 frames are needed, not {bins} and {frames}")
        if fields and (len(fields) != 2 or not (1 <= fields[0] <= bins // 8 and 1 <= fields[1] <= frames // 8)):
            raise ValueError(f"grid {fields} does not fit the last maps of {bins // 8} x {frames // 8}")
        self.sample_rate = sample_rate
        self.window_length = window_length
        self.level = LevelNormalizer()
        self.spectrum: LogMel | StftMagnitude
        if bins == whole:
            self.spectrum = StftMagnitude(window_length, N_FFT, HOP_LENGTH, frames, floor=_FLOOR)
            self.front_end = f"log magnitude spectrum, {N_FFT}/{HOP_LENGTH}, window brought to equal RMS"
        else:
            self.spectrum = LogMel(sample_rate, window_length, N_FFT, HOP_LENGTH, frames, bins, floor=_FLOOR)
            self.front_end = f"log-mel {bins} bands, {N_FFT}/{HOP_LENGTH}, window brought to equal RMS"
        self.members = nn.ModuleList(ChenMember(bins, frames, fields) for _ in range(labels))  # type: ignore[arg-type]

    def raw_features(self, audio: Tensor) -> Tensor:
        """Audio (B, T) to log spectrum (B, N, F)."""
        spectrum: Tensor = self.spectrum(self.level(audio))
        return spectrum

    def features(self, audio: Tensor) -> Tensor:
        """Audio (B, T) to log spectrum in a network's range (B, N, F)."""
        return (self.raw_features(audio) + 1.0) / _DEVIATION

    def classify(self, features: Tensor) -> Tensor:
        """Features (B, N, F) to logits (B, K)."""
        maps = features.transpose(1, 2).unsqueeze(1)
        return torch.cat([member(maps) for member in self.members], dim=1)

    def fit_normalization(self, batches: Iterable[Tensor]) -> None:
        """Nothing to fit: the constants are the same for every member, whenever it is trained."""
