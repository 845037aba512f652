"""Tutti as a stream: the trunk of `TuttiMobileNet`, causal, with what it needs of the past handed on from call to call.

A window network computes every column of a stream as often as windows overlap. Here each one is computed once: a
convolution begins with the last maps of the call before, and what was a mean or a maximum over the window is one over
the last seconds. However a stream is cut into calls, the answers are the same.

Shapes: B batch, T = 32 000 samples in a window, n columns, F = 128 bands, R steps of 16 columns, C channels,
E = 1472 readings, K labels.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from irec_models.nets.mobile_network import FLOOR, LEVEL, LEVEL_FLOOR, READ, ActivationMobileNetwork
from irec_models.nets.mobile_trunk import BANDS, HOP_LENGTH, N_FFT, MobileConv, MobileTrunk, power_weights
from irec_models.nets.stateful_network import StatefulNetwork

STEP = 16
"""Columns from one answer to the next: 160 ms, half the stride of the trunk as it was published."""

_LEVEL_COLUMNS = 200
_EXCITED_S, _SHORT_S, _LONG_S = 2.0, 1.0, 4.0
_COLUMN_S = 0.01
SHARED_BLOCKS = (1, 3, 6, 12)
"""Blocks, counted from one, whose maps a network of envelopes reads: one of each stride."""

_KEPT_STRIDE = 13  # the block whose stride in time is left out, so that answers come twice as often
_TAPS = 3  # in time, of the filters from that block on: this step and two of the past
_LOWEST = -1e4  # below every map
_MOST = 65_536.0  # columns counted; no mean reaches so far back


class _Maps(NamedTuple):
    """Maps (B, C, F / s, n / stride), and their stride in columns."""

    maps: Tensor
    stride: int


class _Past:
    """What is handed on from call to call, taken and put back in the order in which layers ask for it.

    Parameters
    ----------
    state : sequence of Tensor, optional
        Of the call before, the number of columns until then first; none at the start of a stream.
    """

    def __init__(self, state: Sequence[Tensor] = ()) -> None:
        self._columns = state[0] if state else None
        self._maps = iter(state[1:])
        self._kept: list[Tensor] = []
        self._shares: dict[tuple[int, int], Tensor] = {}

    def join(self, maps: Tensor, count: int) -> Tensor:
        """Maps (B, C, f, n) behind the last `count` of those before, which are zeros at the start of a stream."""
        joined = functional.pad(maps, (count, 0)) if self._columns is None else torch.cat((next(self._maps), maps), 3)
        self._kept.append(joined[..., joined.shape[-1] - count :])
        return joined

    def mean(self, joined: Tensor, count: int, stride: int) -> Tensor:
        """At each step the mean of the last `count`, of those since the start; of ``join(maps, count - 1)``."""
        sums = functional.avg_pool2d(joined, (1, count), 1)
        if (count, stride) not in self._shares:
            steps = torch.arange(1, sums.shape[-1] + 1, dtype=torch.float32) + self._steps_before(stride)
            self._shares[count, stride] = count / steps.clamp(max=float(count))
        return sums * self._shares[count, stride]

    def maximum(self, joined: Tensor, count: int, stride: int) -> Tensor:
        """The same of the maximum."""
        places = torch.arange(joined.shape[-1], dtype=torch.float32)
        too_early = places < count - 1 - self._steps_before(stride)
        return functional.max_pool2d(joined.masked_fill(too_early, _LOWEST), (1, count), 1)

    def state(self, columns: Tensor) -> tuple[Tensor, ...]:
        """What the call after that with these columns (B, n, F) needs."""
        before = columns.new_zeros(columns.shape[0], 1, 1, 1) if self._columns is None else self._columns
        return (before + columns.shape[1]).clamp(max=_MOST), *self._kept

    def _steps_before(self, stride: int) -> Tensor | float:
        """Steps of a map before the first one of this call, (B, 1, 1, 1)."""
        return 0.0 if self._columns is None else self._columns / stride


def _steps(seconds: float, stride: int) -> int:
    """Steps of a map of so many seconds."""
    return round(seconds / (_COLUMN_S * stride))


@torch.no_grad()
def shorten(trunk: MobileTrunk) -> MobileTrunk:
    """Let the last filters of a trunk hear less of time: what is yet to come is taken to be like what is now.

    As published they have five taps, two of them in the future, which a stream would have to wait for or, were they
    moved into the past, hear a beginning late. Those two are added to that of the present.
    """
    for number, block in enumerate(trunk.each_block(), start=1):
        conv = block.filter.conv
        after = conv.kernel_size[1] - _TAPS
        if number < _KEPT_STRIDE or not after:
            continue
        fewer = nn.Conv2d(
            conv.in_channels,
            conv.out_channels,
            (conv.kernel_size[0], _TAPS),
            (conv.stride[0], conv.stride[1]),
            (conv.kernel_size[0] // 2, 0),
            groups=conv.groups,
            bias=conv.bias is not None,
        )
        newest = conv.weight[..., _TAPS - 1 :].sum(dim=3, keepdim=True)
        fewer.weight.copy_(torch.cat((conv.weight[..., : _TAPS - 1], newest), dim=3))
        if fewer.bias is not None and conv.bias is not None:
            fewer.bias.copy_(conv.bias)
        block.filter.conv = fewer
    return trunk


def _causal(layer: MobileConv, maps: Tensor, step: int, apart: int, past: _Past) -> Tensor:
    """A layer over maps (B, C, F, n) and those before them; `step` and `apart` are its stride and dilation in time."""
    conv = layer.conv
    bands, taps = conv.kernel_size
    joined = past.join(maps, (taps - 1) * apart + 1 - step)
    found = functional.conv2d(
        joined,
        conv.weight,
        conv.bias,
        stride=(conv.stride[0], step),
        padding=(bands // 2, 0),
        dilation=(1, apart),
        groups=conv.groups,
    )
    result: Tensor = layer.after(found)
    return result


def _shared(maps: Sequence[_Maps], told: Tensor) -> tuple[Tensor, ...]:
    by_step = told.reshape(maps[0].maps.shape[0], -1, told.shape[1]).transpose(1, 2).unsqueeze(2)
    return *(maps[block - 1].maps for block in SHARED_BLOCKS), maps[-1].maps, by_step


class TuttiStreamNet(ActivationMobileNetwork, StatefulNetwork):
    """`MobileTrunk` over a stream, two layers of labels behind the last second and the last four.

    A window alone is a stream that begins with it. The level that a sound is brought to is that of the last two
    seconds, told from the columns; squeeze-and-excitation hears two seconds; the last filters are made `shorten`. It
    has no batch normalisation: that of the trunk it begins with is folded into the convolutions.

    Parameters
    ----------
    labels : int
        K.
    dropout : float
        Between the two layers; half of it before them.
    folded : bool
        Built without AudioSet's classes; what `folded` returns.

    Raises
    ------
    ValueError
        For no labels.
    """

    architecture = "tutti-stream"
    window_length = 32_000
    column_offset = 2 * HOP_LENGTH  # so that a window has a whole number of steps
    step_columns = STEP
    front_end = f"log-mel {BANDS} bands, {N_FFT}/{HOP_LENGTH}, pre-emphasis, brought to equal RMS over two seconds"
    readers = ("read", "longer")

    level_weights: Tensor

    def __init__(self, labels: int, dropout: float = 0.4, folded: bool = False) -> None:
        super().__init__(shorten(MobileTrunk(folded=True)), labels, dropout, folded)
        self.longer = nn.Linear(self.embedding_size, READ, bias=False)
        nn.init.zeros_(self.longer.weight)
        self.output = nn.Linear(READ, labels)
        self.register_buffer("level_weights", power_weights(), persistent=False)

    @torch.no_grad()
    def fit_readings(self, batches: Iterable[Tensor]) -> None:
        """Set what the layers of labels take as 0 and 1 of each reading, from training audio (B, T), T any length.

        Before that they must be the identity, as in a network that was folded; the answers stay the same.
        """
        maps = (self._maps(self.spectrum(self.sequence_columns(each)), _Past()) for each in batches)
        read = torch.cat([self._readings(self._read_of(each), (_SHORT_S,), _Past())[0] for each in maps])
        mean, deviation = read.mean(dim=0), read.std(dim=0).clamp(min=1e-2)
        self.readings.mean.copy_(mean)
        self.readings.deviation.copy_(deviation)
        if self.read.bias is not None:
            self.read.bias.add_((self.read.weight + self.longer.weight) @ mean)
        for layer in (self.read, self.longer):
            layer.weight.mul_(deviation)

    def features_of(self, columns: Tensor, audio: Tensor) -> Tensor:
        """Powers (B, n, F) to log-mel (B, n, F), brought to one level; the samples (B, T) need not be known."""
        return self._levelled(columns, self.powers(columns), _Past())

    def spectrum(self, columns: Tensor) -> Tensor:
        """Powers (B, n, F) of a stream from its start to standardised log-mel (B, n, F)."""
        standard: Tensor = self.standardizer(self.features_of(columns, columns))
        return standard

    def powers(self, columns: Tensor) -> Tensor:
        """Powers (B, n, F) to the mean square of each column's sound, (B, 1, 1, n)."""
        return (columns @ self.level_weights)[:, None, None]

    def classify(self, features: Tensor) -> Tensor:
        """Features (B, n, F) of a stream from its start to logits (B, K) of its last step."""
        return self._decided(self._told(self._maps(features, _Past()), _Past()), features.shape[0])[:, -1]

    def advance(self, columns: Tensor, state: Sequence[Tensor] = ()) -> tuple[Tensor, tuple[Tensor, ...]]:
        """The next powers (B, n, F) of a stream to logits (B, R, K), and the state for those after them."""
        logits, after, _ = self.advance_with_maps(columns, state)
        return logits, after

    def advance_with_maps(
        self, columns: Tensor, state: Sequence[Tensor] = ()
    ) -> tuple[Tensor, tuple[Tensor, ...], tuple[Tensor, ...]]:
        """What `advance` gives, and the maps of `shared_maps` and powers (B, 1, 1, n) on the way to it."""
        past, powers = _Past(state), self.powers(columns)
        maps = self._maps(self.standardizer(self._levelled(columns, powers, past)), past)
        told = self._told(maps, past)
        return self._decided(told, columns.shape[0]), past.state(columns), (*_shared(maps, told), powers)

    def shared_maps(self, features: Tensor) -> tuple[Tensor, ...]:
        """Standardised features (B, n, F) of a stream from its start to what a network of envelopes reads.

        Returns
        -------
        (B, C, F / s, n / stride) Tensors
            Behind each of `SHARED_BLOCKS`, and behind the last convolution.
        (B, 512, 1, R) Tensor
            What the labels are told from.
        """
        maps = self._maps(features, _Past())
        return _shared(maps, self._told(maps, _Past()))

    @property
    def map_shapes(self) -> tuple[tuple[int, ...], ...]:
        """Of the maps of one step, without their batch axis."""
        with torch.no_grad():
            maps = self.advance_with_maps(torch.zeros(1, self.step_columns, self.bands))[2]
        return tuple(tuple(each.shape[1:]) for each in maps)

    def learn(self, columns: Tensor) -> tuple[Tensor, Tensor]:
        """Columns (B, n, F) of whole sequences to logits (B, R, K), and those of AudioSet's classes (B, 527)."""
        maps = self._maps(self.spectrum(columns), _Past())
        hidden = functional.hardswish(self.hidden(maps[-1].maps.mean(dim=(2, 3))))
        return self._decided(self._told(maps, _Past()), columns.shape[0]), self.tags(hidden)

    def _levelled(self, columns: Tensor, powers: Tensor, past: _Past) -> Tensor:
        level = past.mean(past.join(powers, _LEVEL_COLUMNS - 1), _LEVEL_COLUMNS, 1)[:, 0, 0, :, None]
        return torch.log(LEVEL**2 / level.clamp(min=LEVEL_FLOOR**2) * columns + FLOOR)

    def _maps(self, features: Tensor, past: _Past) -> list[_Maps]:
        """Standardised features (B, n, F) to the maps behind each block and behind the last convolution."""
        maps = _causal(self.trunk.stem, features.transpose(1, 2).unsqueeze(1), 2, 1, past)
        stride, found = 2, []
        for number, block in enumerate(self.trunk.each_block(), start=1):
            kept = number >= _KEPT_STRIDE
            step = 1 if kept else block.filter.conv.stride[0]
            apart = 2 if number > _KEPT_STRIDE else 1
            wide = _causal(block.filter, block.expand(maps), step, apart, past)
            stride *= step
            if not isinstance(block.weigh, nn.Identity):
                count = _steps(_EXCITED_S, stride)
                now = functional.avg_pool2d(wide, (wide.shape[2], 1))
                wide = wide * block.weigh.weights(past.mean(past.join(now, count - 1), count, stride))
            narrow = block.narrow(wide)
            maps = maps + narrow if block.around else narrow
            found.append(_Maps(maps, stride))
        return [*found, _Maps(self.trunk.last(maps), stride)]

    def _read_of(self, maps: Sequence[_Maps]) -> list[_Maps]:
        """Those of all maps that the labels are told from."""
        return [*(maps[block - 1] for block in self.trunk.read), maps[-1]]

    def _told(self, maps: Sequence[_Maps], past: _Past) -> Tensor:
        """Maps to what the labels are told from, (B R, 512)."""
        readings = self._readings(self._read_of(maps), (_SHORT_S, _LONG_S), past)
        short, long = (self.before(each) for each in readings)
        return torch.relu(self.read(short) + self.longer(long))

    def _decided(self, told: Tensor, count: int) -> Tensor:
        """What the labels of so many streams are told from, (B R, 512), to logits (B, R, K)."""
        logits: Tensor = self.output(self.between(told))
        return logits.reshape(count, -1, self.labels)

    def _readings(self, maps: Sequence[_Maps], spans_s: Sequence[float], past: _Past) -> list[Tensor]:
        """Of each span the means and maxima of all maps over bands and time, and the hidden layer: (B R, E)."""
        areas = [(each.maps, (each.maps.shape[2], STEP // each.stride)) for each in maps]
        longest = max(_steps(span, STEP) for span in spans_s) - 1
        means = past.join(torch.cat([functional.avg_pool2d(each, area) for each, area in areas], dim=1), longest)
        peaks = past.join(torch.cat([functional.max_pool2d(each, area) for each, area in areas], dim=1), longest)
        found = []
        for span in spans_s:
            count = _steps(span, STEP)
            unused = longest + 1 - count
            mean = past.mean(means[..., unused:], count, STEP)[:, :, 0].transpose(1, 2).flatten(0, 1)
            peak = past.maximum(peaks[..., unused:], count, STEP)[:, :, 0].transpose(1, 2).flatten(0, 1)
            hidden = functional.hardswish(self.hidden(mean[:, -self.hidden.in_features :]))
            found.append(self.readings(torch.cat((mean, peak, hidden), dim=1)))
        return found
