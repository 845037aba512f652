"""Mix-down to mono: the channels of a source or file as one channel of finite values.

Shapes: n frames, C channels.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float32]
Wide = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

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

_MOST_VALUES = 1 << 20
"""Samples of all channels that wait to be counted, 8 MB, whatever the number of channels and the rate."""

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
        self._ramp: Wide = np.arange(1, self._fade + 1) / self._fade
        self.reset()

    def reset(self) -> None:
        """Forget all samples."""
        self._begin(0)

    def _begin(self, channels: int) -> None:
        room = min(self._stretch, max(1, _MOST_VALUES // (channels + 1)))
        self._room: Wide = np.empty((channels + 1, room))  # the newest samples of the running stretch, last their sum
        self._held = 0  # samples that are in there
        self._count = 0  # samples of the running stretch
        self._power = np.zeros(channels + 1)  # of the running stretch, as far as it is known; last that of the sum
        self._past_power, self._past_loudest = np.zeros(channels + 1), 0.0
        self._included: Bools = np.ones(channels, np.bool_)  # channels in the sum; the others are left out
        self._in_sum: Bools | slice = slice(None)  # the same, as what to index with
        self._lead: int | None = None  # the channel that stands for all
        self._scale = 1.0  # of the sum
        self._before: tuple[float, Bools, int | None] = 1.0, self._included, None  # scale and so on of the last stretch

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
        # NaN compares false, and is what both give of a block that has one.
        if block.size and not (block.max() <= _LOUDEST and block.min() >= -_LOUDEST):
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
            # A row a channel: sums along it take a third of the time, and no BLAS, whose threads cost more than they
            # save. A stretch at a time at most: it stays in the processor's cache.
            end = min(len(block), start + self._stretch - self._count, start + self._room.shape[1] - self._held)
            at = slice(self._held, self._held + end - start)
            self._room[:-1, at] = block[start:end].T
            self._mix(at, mono[start:end])
            start = end
        return mono

    def _mix(self, at: slice, mono: Samples) -> None:
        """Mix the newest samples of a stretch, which are at a place in its room."""
        part, total = self._room[:-1, at], self._room[-1, at]
        heard = part[self._in_sum]
        if len(heard) == 2:
            np.add(heard[0], heard[1], out=total)
        else:
            np.add.reduce(heard, axis=0, out=total)
        if not self._past_loudest:
            self._mix_first(part, total, mono)
        elif self._lead is None:
            np.multiply(total, self._scale, out=mono, casting="same_kind")
            self._fade_in(part, total, mono)
        else:
            mono[:] = part[self._lead]
            self._fade_in(part, total, mono)
        self._held = at.stop
        self._count += len(mono)
        if self._held == self._room.shape[1] or self._count == self._stretch:
            self._add()
        if self._count == self._stretch:
            self._decide()

    def _add(self) -> None:
        """Count what is in the room towards the power of the running stretch, and empty it."""
        if self._past_loudest:  # else it was counted sample by sample
            held = self._room[:, : self._held]
            self._power += np.einsum("cn,cn->c", held, held)
        self._held = 0

    def _mix_first(self, part: Wide, total: Wide, mono: Samples) -> None:
        """Mix samples of the first stretch with sound, (C, n) and their sum: every one counts."""
        if not (self._power.any() or part.any()):
            mono[:] = 0.0
            return
        each = self._power[:-1, None] + np.cumsum(np.square(part), axis=1)
        sum_power = self._power[-1] + np.cumsum(np.square(total))
        scale = _scale(each.max(axis=0), sum_power)
        mono[:] = scale * total
        self._power, self._scale = np.append(each[:, -1], sum_power[-1]), float(scale[-1])

    def _fade_in(self, part: Wide, total: Wide, mono: Samples) -> None:
        """Let what was mixed of samples within a stretch, (C, n), follow on what the last stretch's weights give."""
        rising = min(len(mono), self._fade - self._count)
        scale, included, lead = self._before
        if rising <= 0 or (scale == self._scale and included is self._included and lead == self._lead):
            return
        share = self._ramp[self._count : self._count + rising]
        if included is self._included and lead is None and self._lead is None:
            mono[:rising] = total[:rising] * (scale + (self._scale - scale) * share)
            return
        before = part[lead, :rising] if lead is not None else scale * np.add.reduce(part[included, :rising], axis=0)
        mono[:rising] = (1.0 - share) * before + share * mono[:rising]

    def _decide(self) -> None:
        """Choose the weights of the next stretch."""
        self._before = self._scale, self._included, self._lead
        self._past_power = _MEMORY * self._past_power + self._power
        self._count, self._power = 0, np.zeros(len(self._power))
        loudest = self._past_loudest = float(self._past_power[:-1].max())
        if loudest > 0.0:
            self._choose(loudest)

    def _choose(self, loudest: float) -> None:
        """Choose the weights by the power so far, the loudest channel's among it."""
        each, sum_power = self._past_power[:-1], float(self._past_power[-1])
        included = each >= np.where(self._included, _EXCLUDE_BELOW, _INCLUDE_ABOVE) * loudest
        if (included != self._included).any():
            self._included = included
            self._in_sum = slice(None) if included.all() else included
        lost = (_CANCELLED if self._lead is None else _SOUND) ** 2
        if sum_power < lost * loudest:
            if self._lead is None or each[self._lead] * _LEAD < loudest:
                self._lead = int(each.argmax())
        else:
            self._lead = None
            ratio = loudest / sum_power if sum_power > loudest else 1.0
            self._scale = round(math.sqrt(ratio) * _STEPS) / _STEPS


def _scale(loudest: Wide, total: Wide) -> Wide:
    """What turns a sum of channels down to the loudest of them, by the power of both."""
    ratio = np.divide(loudest, total, out=np.ones_like(total), where=total > loudest)
    scale: Wide = np.rint(np.sqrt(ratio) * _STEPS) / _STEPS
    return scale
