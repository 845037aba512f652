"""The gate of "only when detected": which stretches of the input are kept.

A label lights only after its sound: a window has to be full, and above threshold for a while. So the newest seconds are
held back until the gate knows about them.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class GateSettings:
    """What is kept around a detection.

    Attributes
    ----------
    before_s, after_s : float
        Kept before the first and after the last moment that is lit (the hang time).
    latency_s : float
        From a sound until it is lit, at most.

    Raises
    ------
    ValueError
        A number is negative.
    """

    before_s: float = 2.0
    after_s: float = 3.0
    latency_s: float = 2.0

    def __post_init__(self) -> None:
        if min(self.before_s, self.after_s, self.latency_s) < 0.0:
            raise ValueError(f"a gate keeps seconds, and none are negative: {self}")

    @property
    def hold_s(self) -> float:
        """How long sound waits for a decision."""
        return self.before_s + self.latency_s


class Gate:
    """Which samples are kept, by what is lit.

    Parameters
    ----------
    sample_rate : int
        Hz; all positions are in these samples.
    settings : GateSettings

    Examples
    --------
    >>> gate = Gate(10, GateSettings(before_s=1, after_s=2, latency_s=1))
    >>> gate.decided(100), gate.is_kept(75, 80)
    (80, False)
    >>> gate.light(100)
    >>> gate.is_kept(75, 80), gate.is_kept(80, 85), gate.decided(100), gate.decided(110)
    (False, True, 100, 110)
    >>> gate.decided(125), gate.is_kept(120, 125)
    (120, False)
    """

    def __init__(self, sample_rate: int, settings: GateSettings) -> None:
        self._before = round(settings.hold_s * sample_rate)
        self._after = round(settings.after_s * sample_rate)
        self._kept: list[tuple[int, int]] = []  # rising, parted

    def light(self, position: int) -> None:
        """Something was lit when the input had come to `position`."""
        first, end = max(0, position - self._before), position + self._after
        if self._kept and first <= self._kept[-1][1]:
            first, end = min(first, self._kept[-1][0]), max(end, self._kept[-1][1])
            self._kept[-1] = (first, end)
        else:
            self._kept.append((first, end))

    def decided(self, position: int) -> int:
        """Up to where it is known what is kept, when the input has come to `position`."""
        open_until = self._kept[-1][1] if self._kept else 0
        return max(min(open_until, position), position - self._before)

    def is_kept(self, start: int, end: int) -> bool:
        """Whether any of the samples from `start` to `end` is kept. Asked in rising order."""
        while self._kept and self._kept[0][1] <= start and len(self._kept) > 1:
            self._kept.pop(0)
        return any(first < end and start < until for first, until in self._kept)
