"""Tutti for envelopes behind the trunk of `TuttiStreamNet`, which is run once for both: how loud is each instrument?

Shapes: B batch, T = 11 136 samples, C = 31 columns, F = 128 bands, N = 18 frames, E values read, K labels; R steps.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Self

import torch
from torch import Tensor, nn

from irec_models.nets.column_network import ColumnNetwork
from irec_models.nets.envelope_network import START_BIAS, EnvelopeNetwork
from irec_models.nets.mobile_network import READ
from irec_models.nets.mobile_trunk import BANDS, HOP_LENGTH, N_FFT
from irec_models.nets.tutti_mobile_envelope import FRAME_HOP, FRAMES, WINDOW_LENGTH, MapReading
from irec_models.nets.tutti_stream import STEP, TuttiStreamNet

STEPS = 2
"""In a window, whose last column stands for the one that is missing."""

PLACES = STEP // 2
"""Of a step: one every two columns, which is every frame."""

LEAD = 2
"""Frames of a window before the first place, which lies on the third one; they are told as it is."""

_WIDTHS = (16, 32, 64, 96, 160)
_JOINED = 160
_HIDDEN = 128
_POWERS = (0.12, 0.33, 0.49, 0.06)  # of four columns in a frame: fitted to recordings, 0.3 dB off on average


def frame_weights() -> Tensor:
    """By which the powers of a window's columns add up to those of its frames, (32, N); at the edges, what is there."""
    weights = torch.zeros(STEPS * STEP, FRAMES)
    for frame in range(FRAMES):
        for place, weight in enumerate(_POWERS):
            weights[min(max(2 * frame - 5 + place, 0), STEPS * STEP - 1), frame] += weight
    return weights


class TuttiStreamEnvelopeNet(EnvelopeNetwork, ColumnNetwork):
    """The maps of a `TuttiStreamNet`, which does not learn, read out for every frame.

    A window alone is a stream that begins with it. Where the app runs that network over the same stream, it hands its
    maps over, and of this one only the layers behind them are run (`irec_live.models.envelope_head`). How loud a frame
    is comes from the columns, so the samples need not be known.

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

    architecture = "tutti-stream-envelope"
    sample_rate = TuttiStreamNet.sample_rate
    window_length = WINDOW_LENGTH
    frames = FRAMES
    frame_hop = FRAME_HOP
    column_length = TuttiStreamNet.column_length
    column_hop = TuttiStreamNet.column_hop
    column_offset = TuttiStreamNet.column_offset
    front_end = f"log-mel {BANDS} bands, {N_FFT}/{HOP_LENGTH}, pre-emphasis, brought to equal RMS; frame RMS"

    weights_of_powers: Tensor

    def __init__(self, labels: int, dropout: float = 0.2) -> None:
        super().__init__(labels, dropout=dropout)
        self.stream = TuttiStreamNet(1, folded=True)
        self.stream.output = nn.Identity()  # type: ignore[assignment]  # its labels are told elsewhere
        self.stream.requires_grad_(False)
        depths, bands = zip(*(shape[:2] for shape in self.map_shapes[: len(_WIDTHS)]), strict=True)
        self.readings = nn.ModuleList(MapReading(*each) for each in zip(depths, _WIDTHS, bands, strict=True))
        self.whole = nn.Linear(READ, _JOINED)
        self.dropout = nn.Dropout(dropout)
        self.near = nn.Conv1d(_JOINED, _HIDDEN, 5, padding=2)
        self.output = nn.Conv1d(_HIDDEN, labels, 1)
        if self.output.bias is not None:
            nn.init.constant_(self.output.bias, START_BIAS)
        self.register_buffer("weights_of_powers", frame_weights(), persistent=False)

    @property
    def map_shapes(self) -> tuple[tuple[int, ...], ...]:
        """Of the maps of one step, without their batch axis."""
        return self.stream.map_shapes

    def head(self) -> Iterator[nn.Parameter]:
        """Parameters of the layers behind the maps; all others came with the trunk."""
        for part in (self.readings, self.whole, self.near, self.output):
            yield from part.parameters()

    def train(self, mode: bool = True) -> Self:
        """As of any module, but the trunk is not trained."""
        super().train(mode)
        self.stream.eval()
        return self

    def fit_normalization(self, batches: Iterable[Tensor]) -> None:
        """Nothing to fit: the spectrum's constants are the trunk's own."""

    def columns_of(self, frames: Tensor) -> Tensor:
        """Frames of 801 samples (B, n, L) to powers (B, n, F)."""
        return self.stream.columns_of(frames)

    def features_of(self, columns: Tensor, audio: Tensor) -> Tensor:
        """Powers (B, C, F) to log-mel (B, C + 1, F), brought to one level; the samples (B, T) need not be known."""
        return self.stream.features_of(whole_steps(columns), audio)

    def features(self, audio: Tensor) -> Tensor:
        """Audio (B, T) to standardised features (B, C + 1, F)."""
        return self.stream.spectrum(whole_steps(self.columns_of(self.frames_of(audio))))

    def embed(self, maps: Sequence[Tensor]) -> Tensor:
        """Maps of R steps to what is read out for every place, (B, E, 8 R)."""
        *some, told = maps
        count, width, _, steps = told.shape
        by_step = self.whole(told.squeeze(2).transpose(1, 2).reshape(-1, width)).reshape(count, steps, _JOINED)
        read = by_step.transpose(1, 2).repeat_interleave(PLACES, dim=2)
        for reading, each in zip(self.readings, some, strict=True):
            read = read + reading(each).repeat_interleave(PLACES * steps // each.shape[3], dim=2)
        return torch.relu(read)

    def decide(self, embedding: Tensor) -> Tensor:
        """Embedding (B, E, 16) of windows to logits (B, K, N)."""
        logits: Tensor = self.output(self.dropout(torch.relu(self.near(self.dropout(embedding)))))
        return torch.cat((*[logits[..., :1]] * LEAD, logits), dim=2)

    def classify(self, features: Tensor) -> Tensor:
        """Standardised features (B, C + 1, F) to logits (B, K, N)."""
        return self.decide(self.embed(self.stream.shared_maps(features)))

    def frame_rms(self, audio: Tensor) -> Tensor:
        """Audio (B, T) to the RMS of its frames (B, 1, N), as its columns tell it."""
        return self._rms_of(self.stream.powers(whole_steps(self.columns_of(self.frames_of(audio)))))

    def maps_of(self, columns: Tensor) -> tuple[Tensor, ...]:
        """Powers (B, n, F) of a stream from its start to the maps that it has in common with a `TuttiStreamNet`."""
        return *self.stream.shared_maps(self.stream.spectrum(columns)), self.stream.powers(columns)

    def learn(self, columns: Tensor) -> tuple[Tensor, Tensor]:
        """Powers (B, n, F) of streams from their start to what is learnt of every two steps of theirs, as a window.

        Returns
        -------
        logits : (B (R - 1), K, 16) Tensor
            Of each place.
        rms : (B (R - 1), 1, N) Tensor
            Of each frame.
        """
        with torch.no_grad():
            *maps, powers = self.maps_of(columns)
            rms = self._rms_of(_windows(powers.squeeze(2), STEP).unsqueeze(2))
        return self.decide(_windows(self.embed(maps), PLACES))[..., LEAD:], rms

    def envelopes(self, maps: Sequence[Tensor]) -> Tensor:
        """The maps of windows of two steps to envelopes (B, K, N)."""
        *some, powers = maps
        return torch.clamp(self.probabilities(self.decide(self.embed(some))) * self._rms_of(powers), 0.0, 1.0)

    def predict(self, audio: Tensor) -> Tensor:
        """Audio (B, T) to envelopes (B, K, N)."""
        return self.predict_with_maps(audio)[0]

    def predict_with_columns(self, audio: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """What `predict` gives, and the frames and columns on the way."""
        envelopes, frames, columns, *_ = self.predict_with_maps(audio)
        return envelopes, frames, columns

    def predict_with_maps(self, audio: Tensor) -> tuple[Tensor, ...]:
        """The same, and the maps."""
        frames = self.frames_of(audio)
        columns = self.columns_of(frames)
        maps = self.maps_of(whole_steps(columns))
        return self.envelopes(maps), frames, columns, *maps

    def _rms_of(self, powers: Tensor) -> Tensor:
        """Powers (B, 1, 1, 32) of a window's columns to the RMS of its frames (B, 1, N)."""
        return torch.sqrt(powers.squeeze(2) @ self.weights_of_powers)


def _windows(values: Tensor, step: int) -> Tensor:
    """Values (B, C, R * step) of streams to those of every two steps (B (R - 1), C, 2 * step)."""
    return values.unfold(2, STEPS * step, step).transpose(1, 2).flatten(0, 1)


def whole_steps(columns: Tensor) -> Tensor:
    """Columns (B, C, F) of windows, the last one twice: (B, C + 1, F)."""
    return torch.cat((columns, columns[:, -1:]), dim=1)
