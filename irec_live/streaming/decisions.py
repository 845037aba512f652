"""What a user sets about the event detection: smoothing, durations, and offsets of the thresholds.

Apart from the tracker, and without its imports: the window has all of it at hand before the first sound.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Literal

_USUAL_HOP_S = 0.1

TIME_TOLERANCE_S = 1e-6
"""Durations that should be equal differ by the rounding of seconds to float64."""


@dataclass(frozen=True, slots=True)
class TrackerSettings:
    """Parameters of the event detection.

    Attributes
    ----------
    pool : int
        Number of windows pooled, including the newest, at hops of up to 100 ms; see `pooled_windows`.
    pooling : {"mean", "lme"}
        Mean, or log-mean-exp, which gives strong windows more weight.
    min_duration_s : float
        Time above threshold after which a label lights, to the nearest hop.
    refractory_s : float
        Gaps shorter than this do not end an event.
    memory_s : float
        A label that was lit within this time lights again at `irec_live.models.spec.Threshold.again`.

    Raises
    ------
    ValueError
        A number out of range.
    """

    pool: int = 3
    pooling: Literal["mean", "lme"] = "mean"
    min_duration_s: float = 0.2
    refractory_s: float = 0.2
    memory_s: float = 2.0

    def __post_init__(self) -> None:
        if self.pool < 1 or min(self.min_duration_s, self.refractory_s, self.memory_s) < 0.0:
            raise ValueError(f"pool must be at least 1 and durations not negative: {self}")
        if self.pooling not in ("mean", "lme"):
            raise ValueError(f"pooling is 'mean' or 'lme', not {self.pooling!r}")


@dataclass(frozen=True, slots=True)
class Decisions:
    """What the user sets about the event detection: events that were found with equal ones are the same.

    Attributes
    ----------
    offset : float
        Added to all thresholds.
    own : tuple of (str, float)
        Labels with an offset of their own, which is added to that; by name, without zeros.
    settings : TrackerSettings
    """

    offset: float = 0.0
    own: tuple[tuple[str, float], ...] = ()
    settings: TrackerSettings = field(default_factory=TrackerSettings)

    def with_own(self, label: str, offset: float) -> Decisions:
        """The same with another offset of one label.

        Examples
        --------
        >>> Decisions().with_own("bass", 0.1).with_own("alto", 0.2).with_own("bass", 0.0).own
        (('alto', 0.2),)
        """
        offsets = dict(self.own) | {label: float(offset)}
        return replace(self, own=tuple(sorted((name, value) for name, value in offsets.items() if value)))


def pooled_windows(settings: TrackerSettings, hop_s: float) -> int:
    """Windows that are pooled at a hop: of hops longer than 100 ms as many as fit into the same time, at least one.

    Examples
    --------
    >>> [pooled_windows(TrackerSettings(pool=3), hop_s) for hop_s in (0.05, 0.1, 0.16)]
    [3, 3, 1]
    """
    return max(1, int(settings.pool * min(1.0, _USUAL_HOP_S / hop_s) + TIME_TOLERANCE_S))


def long_enough_s(settings: TrackerSettings, hop_s: float) -> float:
    """Seconds, n windows in a row counting as n hops, after which a label lights: the minimum to the nearest hop."""
    return settings.min_duration_s - hop_s / 2 + 2 * TIME_TOLERANCE_S


def decision_delay_s(settings: TrackerSettings, hop_s: float) -> float:
    """Delay in seconds that settings add, at a hop: see `irec_live.streaming.tracker.LabelTracker.delay_s`.

    Examples
    --------
    >>> decision_delay_s(TrackerSettings(pool=3, min_duration_s=0.2), 0.1)
    0.2
    """
    waiting = max(0.0, math.ceil(long_enough_s(settings, hop_s) / hop_s - TIME_TOLERANCE_S) - 1) * hop_s
    return (pooled_windows(settings, hop_s) - 1) / 2 * hop_s + waiting
