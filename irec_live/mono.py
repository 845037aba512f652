"""Mix-down to mono: the channels of a source or file as one channel of finite values.

Shapes: n frames, C channels.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float32]
Wide = npt.NDArray[np.float64]

_LOUDEST = 1000.0
"""60 dB above full scale. Samples beyond are taken for damage and clipped, so that no square of them overflows."""

_CANCELLED = 0.06
"""The sum of two channels is 24 dB below one of them: no recording of music in stereo is, but by a plug's mistake."""
_SOUND = 0.2
"""From 14 dB below on, the sum is a recording again."""

_EXCLUDE_BELOW, _INCLUDE_ABOVE = 1e-4, 4e-4
"""Power beside the loudest channel's: one 40 dB below adds only its noise, and is left out until it is 34 dB below."""

_LEAD = 4.0
"""How many times the power another channel must have to stand for all where they cancel each other out."""

_STRETCH_S = 0.1
_MEMORY = 0.5
"""Of the power of a stretch ago."""
_FADE = 0.1  # of a stretch

_FEW = 8
"""Channels of which all products cost less than the power of each."""

_STEPS = 65_536
"""Weights are multiples of 1 / this: sums of squares differ in their last digits with the blocks they come in."""


class MonoMix:
    """The sum of the channels, finite, turned down to the level of the loudest of them.

    So a microphone among many silent ones, or sound on the left alone, keeps its level, and two equal channels are what
    either of them is. Channels that are silent beside the others are left out. Where the channels cancel each other
    out, as with a balanced microphone in a stereo input (right is left upside down), the loudest stands for all.

    Who is left out, and how loud the sum is, is decided for stretches of 100 ms by those before; in the first stretch
    with sound, by every sample and those before it. The same sound gives the same result in any blocks.

    Parameters
    ----------
    sample_rate : int
        Hz.
    channel : int, optional
        This channel alone, from 1 on. A channel that a block does not have is silent.

    Examples
    --------
    >>> MonoMix(48_000).push(np.array([[0.5, 0.0], [np.nan, 0.0], [0.25, 0.0]], np.float32)).tolist()
    [0.5, 0.0, 0.25]
    """

    def __init__(self, sample_rate: int, channel: int | None = None) -> None:
        if channel is not None and channel < 1:
            raise ValueError(f"channels are counted from 1 on, not {channel}")
        self._channel = channel
        self._stretch = max(1, round(_STRETCH_S * sample_rate))
        self._fade = max(1, round(_FADE * self._stretch))
        self.reset()

    def reset(self) -> None:
        """Forget all samples."""
        self._begin(0)

    def _begin(self, channels: int) -> None:
        self._count = 0  # samples of the running stretch
        self._power, self._sum_power = np.zeros(channels), 0.0  # of the running stretch
        self._past_power, self._past_sum_power, self._past_loudest = np.zeros(channels), 0.0, 0.0
        self._included = np.ones(channels)  # 1 for channels in the sum, 0 for those left out
        self._lead: int | None = None  # the channel that stands for all
        self._before = self._weights = self._included  # of the last stretch, and of this one

    def push(self, block: npt.NDArray[np.floating]) -> Samples:
        """The next samples.

        Parameters
        ----------
        block : (n,) or (n, C) float

        Returns
        -------
        (n,) float32
            A contiguous copy of its own.

        Raises
        ------
        ValueError
            Not floating point, or another number of axes, or no channels.
        """
        if block.ndim not in (1, 2) or (block.ndim == 2 and not block.shape[1]) or block.dtype.kind != "f":
            raise ValueError(f"expected floating-point samples (n,) or (n, C), not {block.dtype} {block.shape}")
        if self._channel is not None and block.ndim == 2:
            block = block[:, self._channel - 1] if self._channel <= block.shape[1] else np.zeros(len(block), np.float32)
        # NaN compares false: one pass finds everything that must not go further.
        if block.size and not np.abs(block).max() <= _LOUDEST:
            block = np.nan_to_num(np.clip(block, -_LOUDEST, _LOUDEST) * np.isfinite(block), nan=0.0)
        if block.ndim == 1 or block.shape[1] == 1:
            return np.array(block.reshape(-1), np.float32)
        return self._mixed(block.astype(np.float32, copy=False))

    def _mixed(self, block: Samples) -> Samples:
        if len(self._included) != block.shape[1]:
            self._begin(block.shape[1])
        mono = np.empty(len(block), np.float32)
        start = 0
        while start < len(block):
            part = slice(start, min(len(block), start + self._stretch - self._count))
            self._mix(block[part].astype(np.float64), mono[part])
            start = part.stop
        return mono

    def _mix(self, part: Wide, mono: Samples) -> None:
        """Mix samples within a stretch, (n, C), and add their power to its sums."""
        if self._past_loudest:
            mono[:] = part @ self._weights
            rising = min(len(part), self._fade - self._count)
            if rising > 0 and self._before is not self._weights:
                share = np.arange(self._count + 1, self._count + rising + 1) / self._fade
                mono[:rising] = (1.0 - share) * (part[:rising] @ self._before) + share * mono[:rising]
            self._add(part)
        else:  # the first stretch: every sample counts
            total = part @ self._included
            power = self._power + np.cumsum(np.square(part), axis=0)
            sum_power = self._sum_power + np.cumsum(np.square(total))
            scale = _scale(power.max(axis=1), sum_power)
            mono[:] = scale * total
            self._power, self._sum_power = power[-1], float(sum_power[-1])
            self._weights = float(scale[-1]) * self._included
        self._count += len(part)
        if self._count == self._stretch:
            self._decide()

    def _add(self, part: Wide) -> None:
        """Count samples towards the power of the running stretch."""
        if part.shape[1] <= _FEW:
            products = part.T @ part
            self._power = self._power + products.diagonal()
            self._sum_power += float(self._included @ products @ self._included)
        else:
            total = part @ self._included
            self._power = self._power + np.einsum("nc,nc->c", part, part)
            self._sum_power += float(total @ total)

    def _decide(self) -> None:
        """Choose the weights of the next stretch."""
        self._past_power = _MEMORY * self._past_power + self._power
        self._past_sum_power = _MEMORY * self._past_sum_power + self._sum_power
        self._count, self._power, self._sum_power = 0, np.zeros(len(self._included)), 0.0
        self._before = self._weights
        loudest = self._past_loudest = float(self._past_power.max())
        if loudest == 0.0:
            return
        self._included = (
            self._past_power >= np.where(self._included > 0, _EXCLUDE_BELOW, _INCLUDE_ABOVE) * loudest
        ).astype(np.float64)
        lost = (_CANCELLED if self._lead is None else _SOUND) ** 2
        if self._past_sum_power < lost * loudest:
            if self._lead is None or self._past_power[self._lead] * _LEAD < loudest:
                self._lead = int(self._past_power.argmax())
            self._weights = np.zeros(len(self._included))
            self._weights[self._lead] = 1.0
        else:
            self._lead = None
            scale = _scale(np.array([loudest]), np.array([self._past_sum_power]))
            self._weights = float(scale[0]) * self._included


def _scale(loudest: Wide, total: Wide) -> Wide:
    """What turns a sum of channels down to the loudest of them, by the power of both."""
    ratio = np.divide(loudest, total, out=np.ones_like(total), where=total > loudest)
    scale: Wide = np.rint(np.sqrt(ratio) * _STEPS) / _STEPS
    return scale
