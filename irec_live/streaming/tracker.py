"""Event detection by hysteresis thresholding: activations become lit labels, and events with onset and offset.

Per label: pool the last windows, start at the on-threshold, go on while above the off-threshold (hysteresis), light
only after the minimum duration, and bridge gaps shorter than the refractory time. A label that was lit
within `memory_s` lights again at a lower threshold (`Threshold.again`). Everything is causal.

`push`, `flush` and `reset` belong to one thread; `decisions` may be set from any.

Shapes: K labels, R rows (one per window).

References
----------
S. Kahl et al., "BirdNET: a deep learning solution for avian diversity monitoring", Ecological Informatics 61, 2021,
sec. 2.5: log-mean-exponential pooling of successive window scores, between their mean and their maximum.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from irec_live.models.spec import DEFAULT_THRESHOLD, Threshold
from irec_live.results import Event
from irec_live.streaming.decisions import (
    TIME_TOLERANCE_S,
    Decisions,
    TrackerSettings,
    decision_delay_s,
    long_enough_s,
    pooled_windows,
)

Row = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]

LOWEST_THRESHOLD, HIGHEST_THRESHOLD = 0.02, 0.98
"""No offset moves a threshold past these: otherwise a label might never go out, or never light."""

_DECIMALS = 5
"""Of thresholds that are reported: 0.35 in single precision would be printed as 0.34999999."""

_LME_SHARPNESS = 5.0
"""Exponent of log-mean-exp pooling, whose limits are the mean (0) and the maximum (infinity)."""

_SEEN = (
    *("_history", "_cursor", "_filled", "_rows", "_first_s", "_newest_s", "_above", "_held", "_lit", "_waiting"),
    *("_onset_s", "_last_s", "_known_s", "_from_s", "_to_s", "_peak"),
)
"""Attributes that hold what a tracker has seen: those that `LabelTracker.reset` sets."""

_ROWS_AT_ONCE = 1024
"""Of rows that are pushed together: bounds the memory for hours of them."""
_LOOK_AHEAD = 64
"""Rows that are searched for the next change at once."""


@dataclass(frozen=True, slots=True)
class TrackerStep:
    """Results of one more window, or of some.

    Attributes
    ----------
    smoothed : (K,) or (R, K) float32
        Pooled activations, what the thresholds are compared with.
    lit : tuple of str
        Labels lit now, the strongest first.
    ended : tuple of Event
        Events that are over, by offset.
    """

    smoothed: Row
    lit: tuple[str, ...]
    ended: tuple[Event, ...]


class LabelTracker:
    """Hysteresis thresholding with minimum duration and gap bridging, for all labels at once.

    Parameters
    ----------
    labels : sequence of str
        The K labels.
    thresholds : mapping of str to Threshold
        Labels that are absent use `DEFAULT_THRESHOLD`.
    settings : TrackerSettings
    hop_s : float
        Seconds from one window to the next.

    Attributes
    ----------
    decisions : Decisions
        Offsets of the thresholds, within limits, and settings; takes effect with the next window.

    Examples
    --------
    >>> tracker = LabelTracker(["flute"], {}, TrackerSettings(pool=1), hop_s=0.1)
    >>> steps = [tracker.push(0.5 + 0.1 * i, np.float32([a])) for i, a in enumerate([0.1, 0.9, 0.8, 0.7, 0.1])]
    >>> [step.lit for step in steps]
    [(), (), ('flute',), ('flute',), ('flute',)]
    >>> [(event.label, round(event.onset_s, 1), round(event.offset_s, 1)) for event in tracker.flush()]
    [('flute', 0.6, 0.8)]
    """

    def __init__(
        self,
        labels: Sequence[str],
        thresholds: Mapping[str, Threshold],
        settings: TrackerSettings | None = None,
        *,
        hop_s: float = 0.1,
    ) -> None:
        if not labels or hop_s <= 0.0:
            raise ValueError(f"a tracker needs labels and a positive hop, not {list(labels)} and {hop_s} s")
        self.labels = tuple(labels)
        self.hop_s = hop_s
        # NB: one reference, replaced in one step: the slider's thread writes it, `push` reads it once per window.
        self.decisions = Decisions(settings=settings or TrackerSettings())
        self._moved_for: Decisions | None = None
        self._moved: Row | float = 0.0
        chosen = [thresholds.get(label, DEFAULT_THRESHOLD) for label in self.labels]
        self._on = np.array([threshold.on for threshold in chosen], np.float32)
        self._off = np.array([threshold.off for threshold in chosen], np.float32)
        self._again = np.array([t.on if t.again is None else t.again for t in chosen], np.float32)
        self._never_at_zero = min(self._on.min(), self._again.min()) > 0.0
        self.reset()

    @property
    def settings(self) -> TrackerSettings:
        """Smoothing and durations in force."""
        return self.decisions.settings

    @property
    def offset(self) -> float:
        """What is added to all thresholds, within limits; takes effect with the next window."""
        return self.decisions.offset

    @offset.setter
    def offset(self, offset: float) -> None:
        self.decisions = replace(self.decisions, offset=offset)

    @property
    def thresholds(self) -> Row:
        """On-thresholds in force, (K,) float32: of labels that were not lit lately."""
        return _shifted(self._on, self._offsets(self.decisions))

    def limits(self, decisions: Decisions | None = None) -> dict[str, Threshold]:
        """On- and off-thresholds by label: in force now, or with other decisions."""
        moved = self._offsets(decisions or self.decisions)
        on, off = _shifted(self._on, moved), _shifted(self._off, moved)
        return {
            label: Threshold(on=round(high, _DECIMALS), off=round(low, _DECIMALS))
            for label, high, low in zip(self.labels, on.tolist(), off.tolist(), strict=True)
        }

    @property
    def delay_s(self) -> float:
        """Delay in seconds from a window that is clearly above threshold until its label is lit, without the window.

        Half the pooled span, after which the mean of a step is halfway up, plus the wait for the minimum duration.
        """
        return decision_delay_s(self.settings, self.hop_s)

    @property
    def reached_s(self) -> float:
        """Middle of the windows pooled last: the time that the newest decision is about, in seconds."""
        return self._newest_s - (max(1, self._filled) - 1) / 2 * self.hop_s

    def reset(self) -> None:
        """Forget all windows; `decisions` are kept."""
        count = len(self.labels)
        self._history = np.zeros((self._windows(self.settings), count), np.float32)
        self._cursor = self._filled = self._rows = 0
        self._first_s = self._newest_s = 0.0
        self._above: Bools = np.zeros(count, np.bool_)  # of the hysteresis, in the last window
        self._held: Bools = np.zeros(count, np.bool_)  # above, or within the refractory time
        self._lit: Bools = np.zeros(count, np.bool_)  # held for the minimum duration
        self._waiting = False  # whether a label is held and not above, or not lit yet
        self._onset_s = np.zeros(count)  # first window that was above
        self._last_s = np.zeros(count)  # last window that was above
        self._known_s = np.full(count, -np.inf)  # last window that was lit
        self._from_s = np.zeros(count)  # the middles of what was pooled at either
        self._to_s = np.zeros(count)
        self._peak = np.zeros(count, np.float32)

    def continue_from(self, other: LabelTracker) -> None:
        """Take over what another tracker of the same labels has seen; `decisions` are kept."""
        for name in _SEEN:
            value = getattr(other, name)
            setattr(self, name, value.copy() if isinstance(value, np.ndarray) else value)

    def push(self, time_s: float, activation: Row) -> TrackerStep:
        """Take the next window's activations and decide.

        Parameters
        ----------
        time_s : float
            Its centre; later than the one before.
        activation : (K,) float32
            0..1.

        Returns
        -------
        TrackerStep

        Raises
        ------
        ValueError
            `activation` has another shape.
        """
        if activation.shape != self._peak.shape:
            raise ValueError(f"expected {self._peak.size} activations, not an array of shape {activation.shape}")
        decisions = self.decisions  # NB: read once; a slider may move it between the two thresholds
        smoothed = self._pooled(activation, decisions.settings)
        if self._rows == 1:
            self._first_s = time_s
        ended = self._decide(time_s, smoothed, decisions)
        return TrackerStep(smoothed, self._strongest_first(smoothed), ended)

    def push_rows(self, times_s: npt.NDArray[np.float64], activation: Row) -> TrackerStep:
        """What `push` gives of one window after another, (R,) centres and (R, K) float32, one or more.

        Windows in which no label starts, ends or waits to cost next to nothing. The decisions are read once.
        """
        decisions = self.decisions
        smoothed = np.empty_like(activation)
        ended: list[Event] = []
        for first in range(0, len(activation), _ROWS_AT_ONCE):
            part = slice(first, first + _ROWS_AT_ONCE)
            ended += self._decide_rows(times_s[part], activation[part], smoothed[part], decisions)
        return TrackerStep(smoothed, self._strongest_first(smoothed[-1]), tuple(ended))

    def _decide_rows(
        self, times_s: npt.NDArray[np.float64], activation: Row, smoothed: Row, decisions: Decisions
    ) -> list[Event]:
        """Take windows, fill in their pooled activations, (R, K), and give the events that ended."""
        ended: list[Event] = []
        at, pool = 0, self._windows(decisions.settings)
        # The first windows of a stream are pooled over what there is.
        while at < len(times_s) and (self._filled < pool or pool != len(self._history)):
            smoothed[at] = self._pooled(activation[at], decisions.settings)
            if self._rows == 1:
                self._first_s = float(times_s[at])
            ended += self._decide(float(times_s[at]), smoothed[at], decisions)
            at += 1
        if len(times_s) - at == 1:
            smoothed[at] = self._pooled(activation[at], decisions.settings)
        elif at < len(times_s):
            smoothed[at:] = self._pooled_rows(activation[at:], decisions.settings)
        while at < len(times_s):
            ahead = slice(at, at + _LOOK_AHEAD)
            calm = self._calm(times_s[ahead], smoothed[ahead], decisions)
            if calm:
                self._go_on(float(times_s[at + calm - 1]), smoothed[at : at + calm])
                at += calm
            else:
                ended += self._decide(float(times_s[at]), smoothed[at], decisions)
                at += 1
        return ended

    def _decide(self, time_s: float, smoothed: Row, decisions: Decisions) -> tuple[Event, ...]:
        """Take a window's pooled activations, (K,); the events that ended."""
        settings = decisions.settings
        self._newest_s = time_s
        self._above = self._is_above(time_s, smoothed, decisions)
        off_s = time_s - self._last_s - np.where(self._above, self.hop_s, 0.0)  # so many hops without it
        gone = self._held & (off_s > settings.refractory_s + TIME_TOLERANCE_S)
        ended = self._close(gone)
        starting = self._above & ~self._held
        self._onset_s[starting], self._from_s[starting] = time_s, self.reached_s
        self._peak[starting] = 0.0
        self._held |= self._above
        self._last_s[self._above], self._to_s[self._above] = time_s, self.reached_s
        self._peak[self._above] = np.maximum(self._peak, smoothed)[self._above]
        # Held, not above: a dip within the refractory time does not start the count anew.
        self._lit |= self._held & self._lasted(long_enough_s(settings, self.hop_s))
        self._known_s[self._lit] = time_s
        self._waiting = bool((self._held != (self._above & self._lit)).any())
        return ended

    def _is_above(self, times_s: npt.ArrayLike, smoothed: Row, decisions: Decisions) -> Bools:
        """Whether labels are above their thresholds, (..., K), at times (...,), if the window before was the last."""
        offset = self._offsets(decisions)
        # A label that was lit a moment ago lights again at its lower threshold: players breathe and rest.
        known = np.asarray(times_s)[..., None] - self._known_s <= decisions.settings.memory_s + TIME_TOLERANCE_S
        light = np.where(known, _shifted(self._again, offset), _shifted(self._on, offset))
        return smoothed >= np.where(self._above, _shifted(self._off, offset), light)

    def _calm(self, times_s: npt.NDArray[np.float64], smoothed: Row, decisions: Decisions) -> int:
        """Windows from the first on in which labels that are lit stay so, others stay out, and none waits."""
        if self._waiting:
            return 0
        longest_s = self.hop_s + decisions.settings.refractory_s + TIME_TOLERANCE_S
        calm = len(times_s)
        if times_s[0] - self._newest_s > longest_s:  # windows are missing
            return 0
        if calm > 1 and (late := np.flatnonzero(times_s[1:] - times_s[:-1] > longest_s)).size:
            calm = 1 + int(late[0])
        changes = (self._is_above(times_s[:calm], smoothed[:calm], decisions) != self._above).any(axis=1)
        return int(changes.argmax()) if changes.any() else calm

    def _go_on(self, time_s: float, smoothed: Row) -> None:
        """Take calm windows, (R, K), up to a time."""
        self._newest_s = time_s
        if self._lit.any():
            self._last_s[self._lit], self._to_s[self._lit] = time_s, self.reached_s
            self._known_s[self._lit] = time_s
            self._peak[self._lit] = np.maximum(self._peak, smoothed.max(axis=0))[self._lit]

    @property
    def at_rest(self) -> bool:
        """Whether windows of zeros change nothing: no label is held, and nothing is left in what is pooled."""
        return self._never_at_zero and not (self._held.any() or self._history.any())

    def pass_over(self, times_s: npt.NDArray[np.float64]) -> None:
        """Take windows of zeros while `at_rest`: as if each, (m,) centres in seconds, were pushed."""
        pool = self._windows(self.settings)
        if pool != len(self._history):
            self._resize(pool)
        if not self._rows:
            self._first_s = float(times_s[0])
        self._rows += len(times_s)
        self._filled = min(self._filled + len(times_s), pool)
        self._cursor = (self._cursor + len(times_s)) % pool
        self._newest_s = float(times_s[-1])

    def flush(self) -> tuple[Event, ...]:
        """End the stream. Call `reset` before the next `push`.

        Returns
        -------
        tuple of Event
            All that were still open, by offset. In a stream shorter than the minimum duration, labels that were above
            threshold throughout count too.
        """
        whole_s = self._newest_s - self._first_s + self.hop_s
        # In a stream that is shorter than the minimum duration nothing could ever light.
        self._lit |= self._held & self._lasted(min(long_enough_s(self.settings, self.hop_s), whole_s))
        return self._close(self._held)

    def open_events(self) -> tuple[Event, ...]:
        """Events of the labels that are lit now; their `offset_s` is None."""
        return tuple(self._event(index, None) for index in np.flatnonzero(self._lit))

    def _pooled(self, activation: Row, settings: TrackerSettings) -> Row:
        """Add an activation, (K,), to the history and pool the last of them."""
        pool = self._windows(settings)
        if pool != len(self._history):
            self._resize(pool)
        self._history[self._cursor] = activation
        self._cursor = (self._cursor + 1) % pool
        self._filled = min(self._filled + 1, pool)
        self._rows += 1
        return _pool(self._history[: self._filled], settings)  # a ring

    def _pooled_rows(self, activation: Row, settings: TrackerSettings) -> Row:
        """What `_pooled` gives of each of some activations, (R, K), once the history is full."""
        pool, count = self._windows(settings), len(activation)
        history = np.concatenate([np.roll(self._history, -self._cursor, axis=0), activation])  # oldest first
        # Each in the order in which the ring holds them, so that they add up to the same, bit by bit.
        oldest = 1 + np.arange(count)[:, None]
        places = oldest + (np.arange(pool) - self._cursor - oldest) % pool
        pooled = _pool(history[places], settings)
        self._cursor = (self._cursor + count) % pool
        self._rows += count
        self._history = np.roll(history[-pool:], self._cursor, axis=0)
        return pooled

    def _windows(self, settings: TrackerSettings) -> int:
        """How many are pooled."""
        return pooled_windows(settings, self.hop_s)

    def _resize(self, pool: int) -> None:
        """Pool another number of windows from now on, those before among them."""
        kept = min(self._filled, pool - 1)  # one place is for the window that comes now
        oldest_first = np.roll(self._history, -self._cursor, axis=0)
        self._history = np.zeros((pool, len(self.labels)), np.float32)
        self._history[:kept] = oldest_first[len(oldest_first) - kept :]
        self._cursor, self._filled = kept % pool, kept

    def _offsets(self, decisions: Decisions) -> Row | float:
        """What decisions add to the thresholds: one number, or (K,) float32 if labels have offsets of their own."""
        if not decisions.own:
            return decisions.offset
        if decisions != self._moved_for:
            own = dict(decisions.own)
            # NB: two references; a reader that sees the first and not yet the second is one window early.
            self._moved = np.array([decisions.offset + own.get(label, 0.0) for label in self.labels], np.float32)
            self._moved_for = decisions
        return self._moved

    def _lasted(self, seconds: float) -> Bools:
        """Whether each label has been above threshold for so long; n windows in a row count as n hops."""
        long_enough: Bools = self._last_s - self._onset_s + self.hop_s >= seconds - TIME_TOLERANCE_S
        return long_enough

    def _close(self, which: Bools) -> tuple[Event, ...]:
        """End the marked labels; those that never lit make no event."""
        if not which.any():
            return ()
        events = [self._event(index, float(self._to_s[index])) for index in np.flatnonzero(which & self._lit)]
        self._held = self._held & ~which
        self._lit = self._lit & ~which
        return tuple(sorted(events, key=lambda event: (event.offset_s, event.onset_s)))

    def _event(self, index: np.intp, offset_s: float | None) -> Event:
        return Event(self.labels[index], float(self._from_s[index]), offset_s, float(self._peak[index]))

    def _strongest_first(self, smoothed: Row) -> tuple[str, ...]:
        lit = np.flatnonzero(self._lit)
        if not lit.size:
            return ()
        return tuple(self.labels[index] for index in lit[np.argsort(-smoothed[lit], kind="stable")])


def _pool(recent: Row, settings: TrackerSettings) -> Row:
    """Pool activations along the axis before the last."""
    pooled: Row
    if settings.pooling == "mean" or recent.shape[-2] == 1:
        pooled = np.add.reduce(recent, axis=-2) / np.float32(recent.shape[-2])
    else:
        # No overflow: activations are 0..1, so no exponent is above 5.
        pooled = np.log(np.exp(_LME_SHARPNESS * recent).mean(axis=-2)) / np.float32(_LME_SHARPNESS)
    return pooled


def _shifted(thresholds: Row, offset: Row | float) -> Row:
    """Thresholds plus the offset, clipped to the limits; without an offset they are returned as they are."""
    if isinstance(offset, float) and not offset:
        return thresholds
    moved: Row = np.clip(thresholds + np.float32(offset), LOWEST_THRESHOLD, HIGHEST_THRESHOLD)
    return moved


def track(
    times_s: npt.NDArray[np.float64], activation: npt.NDArray[np.float32], tracker: LabelTracker
) -> tuple[tuple[Event, ...], tuple[Event, ...]]:
    """Detect the events in activations that are already known, after a threshold was moved.

    Parameters
    ----------
    times_s : (R,) float64
        Centres of the windows.
    activation : (R, K) float32
        0..1.
    tracker : LabelTracker
        It is reset first; afterwards it can continue from the last row.

    Returns
    -------
    ended, still_open : tuple of Event
    """
    tracker.reset()
    ended = tracker.push_rows(times_s, activation).ended if len(times_s) else ()
    return ended, tracker.open_events()
