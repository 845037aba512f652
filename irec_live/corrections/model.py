"""Corrections as values: events that a person added, moved, renamed or deleted, and how they change detections.

A correction remembers the detection that it replaces by its label and time. So it holds also when thresholds move and
the detection begins or ends a moment earlier or later.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from irec_live.results import Event

_SAME = 0.5
"""Share of the shorter of two spans of one label that has to overlap for them to be the same event."""


@dataclass(frozen=True, slots=True)
class Span:
    """A label from an onset to an offset, in seconds.

    Raises
    ------
    ValueError
        It has no label, begins before 0, or does not end after it begins.
    """

    label: str
    onset_s: float
    offset_s: float

    def __post_init__(self) -> None:
        if not self.label or not 0.0 <= self.onset_s < self.offset_s < float("inf"):
            raise ValueError(f"an event needs a label, and an end after its beginning: {self}")

    @classmethod
    def of(cls, event: Event, end_s: float) -> Span:
        """That of an event; one that is still open ends at `end_s`."""
        offset_s = end_s if event.offset_s is None else event.offset_s
        return cls(event.label, event.onset_s, max(offset_s, event.onset_s + 1e-3))

    def is_seen_in(self, event: Event) -> bool:
        """Whether an event is the same: one label, and most of the shorter in common."""
        offset_s = float("inf") if event.offset_s is None else event.offset_s
        common = min(self.offset_s, offset_s) - max(self.onset_s, event.onset_s)
        shorter = min(self.offset_s - self.onset_s, offset_s - event.onset_s)
        return self.label == event.label and common >= _SAME * shorter and common >= 0.0


@dataclass(frozen=True, slots=True)
class Correction:
    """One thing that a person set right.

    Attributes
    ----------
    was : Span or None
        The detection that is replaced; None: there was none.
    now : Span or None
        What sounds; None: nothing does.
    """

    was: Span | None = None
    now: Span | None = None

    def __post_init__(self) -> None:
        if self.was is None and self.now is None:
            raise ValueError("a correction replaces something, or adds something")


@dataclass(frozen=True, slots=True)
class Corrections:
    """All corrections of one file or session.

    Attributes
    ----------
    entries : tuple of Correction
        By the time at which they were made.

    Examples
    --------
    >>> heard = (Event("violin", 1.0, 3.0, 0.9), Event("bass", 2.0, 4.0, 0.7))
    >>> mine = Corrections().changed(heard[0], Span("cello", 1.0, 3.5), 10.0).changed(heard[1], None, 10.0)
    >>> [(event.label, event.offset_s, event.corrected) for event in mine.apply(heard)]
    [('cello', 3.5, True)]
    """

    entries: tuple[Correction, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.entries)

    def added(self, span: Span) -> Corrections:
        """These, and an event that was not detected."""
        return Corrections((*self.entries, Correction(None, span)))

    def changed(self, event: Event, now: Span | None, end_s: float) -> Corrections:
        """These, and another place or name for an event; None deletes it.

        Parameters
        ----------
        event : Event
            A detection, or one of `apply` that was corrected before.
        now : Span or None
        end_s : float
            Where an event ends that is still open.
        """
        if not event.corrected:
            return Corrections((*self.entries, Correction(Span.of(event, end_s), now)))
        found = next((entry for entry in self.entries if entry.now == Span.of(event, end_s)), None)
        if found is None:
            return self
        left = [entry for entry in self.entries if entry is not found]
        if found.was is None and now is None:
            return Corrections(tuple(left))
        return Corrections((*left, Correction(found.was, now)))

    def apply(self, events: Iterable[Event], from_s: float = 0.0, to_s: float = float("inf")) -> tuple[Event, ...]:
        """Events as corrected.

        Parameters
        ----------
        events : iterable of Event
            Detections.
        from_s, to_s : float
            Corrected events that overlap this span are added.

        Returns
        -------
        tuple of Event
            By onset. Those of a person have `corrected` set, and an activation of 1.
        """
        if not self.entries:
            return tuple(events)
        replaced = [entry.was for entry in self.entries if entry.was is not None]
        kept = [event for event in events if not any(span.is_seen_in(event) for span in replaced)]
        kept += [
            Event(span.label, span.onset_s, span.offset_s, 1.0, corrected=True)
            for span in self.spans()
            if span.offset_s >= from_s and span.onset_s <= to_s
        ]
        return tuple(sorted(kept, key=lambda event: event.onset_s))

    def lit(self, detected: Sequence[str], events: Iterable[Event], time_s: float) -> tuple[str, ...]:
        """Labels that sound at a moment, as corrected: those detected first, in their order.

        Parameters
        ----------
        detected : sequence of str
        events : iterable of Event
            As corrected.
        time_s : float
        """
        if not self.entries:
            return tuple(detected)
        open_s = float("inf")
        now = dict.fromkeys(
            event.label
            for event in events
            if event.onset_s <= time_s <= (open_s if event.offset_s is None else event.offset_s)
        )
        return (*(label for label in detected if label in now), *(label for label in now if label not in detected))

    def spans(self) -> tuple[Span, ...]:
        """What a person says that sounds."""
        return tuple(entry.now for entry in self.entries if entry.now is not None)
