"""Numbers of one lane: activation and level now, share of the time shown, and the last event; as words, too."""

from __future__ import annotations

import math
from dataclasses import dataclass

from irec_live.gui.lane_curves import ENVELOPE_RANGE_DB
from irec_live.gui.language import tr
from irec_live.gui.wording import SILENCE_DB, clock_text, decibel_text, display_name, number_text, percent_text
from irec_live.results import Event, Snapshot


@dataclass(frozen=True)
class LaneNumbers:
    """What is known of one instrument now.

    Attributes
    ----------
    label : str
    activation : float
        0..1; NaN if no model names the instrument.
    level_db : float
        Of its envelope, dB re full scale; NaN without an envelope model.
    playing : bool
    share : float
        Of the time shown, 0..1, in which it was detected.
    last : Event or None
        The newest event in the time shown.
    """

    label: str
    activation: float = math.nan
    level_db: float = math.nan
    playing: bool = False
    share: float = 0.0
    last: Event | None = None

    @property
    def level_text(self) -> str:
        """The level in decibels; a dash below the range of the curves."""
        return decibel_text(self.level_db if self.level_db > -ENVELOPE_RANGE_DB else SILENCE_DB)

    @property
    def share_text(self) -> str:
        """Share of the time shown."""
        return tr("{share} of the time shown", share=percent_text(self.share))

    @property
    def last_text(self) -> str:
        """When the last event was."""
        if self.last is None:
            return tr("not in this time")
        begin = clock_text(self.last.onset_s, tenths=True)
        if self.last.offset_s is None:
            return tr("since {begin}", begin=begin)
        return f"{begin} – {clock_text(self.last.offset_s, tenths=True)}"

    def spoken(self) -> str:
        """The numbers for screen readers.

        Examples
        --------
        >>> LaneNumbers("violin", 0.82, -23.4, True).spoken()
        'Violin, likely 0.82, level −23 dB, playing'
        """
        words = [display_name(self.label)]
        if math.isfinite(self.activation):
            words.append(tr("likely {share}", share=number_text(self.activation, 2)))
        if not math.isnan(self.level_db):
            heard = self.level_db > -ENVELOPE_RANGE_DB
            words.append(tr("level {level}", level=self.level_text) if heard else tr("level silent"))
        return ", ".join([*words, tr("playing") if self.playing else tr("not playing")])


def detected_share(events: tuple[Event, ...], label: str, from_s: float, to_s: float) -> float:
    """Share of a time span in which a label was detected, 0..1.

    Examples
    --------
    >>> detected_share((Event("bass", 0.0, 3.0, 0.9), Event("bass", 8.0, None, 0.9)), "bass", 2.0, 10.0)
    0.375
    """
    length = to_s - from_s
    if length <= 0:
        return 0.0
    inside = 0.0
    for event in events:
        if event.label == label:
            end_s = to_s if event.offset_s is None else event.offset_s
            inside += max(0.0, min(to_s, end_s) - max(from_s, event.onset_s))
    return min(1.0, inside / length)


def lane_numbers(snapshot: Snapshot, label: str, activation: float, level_db: float) -> LaneNumbers:
    """Numbers of a label in a snapshot, whose newest activation and level are known."""
    own = [event for event in snapshot.events if event.label == label and event.onset_s <= snapshot.time_s]
    from_s = max(0.0, snapshot.time_s - snapshot.span_s)
    return LaneNumbers(
        label=label,
        activation=activation,
        level_db=level_db,
        playing=label in snapshot.detected,
        share=detected_share(tuple(own), label, from_s, snapshot.time_s),
        last=max(own, key=lambda event: event.onset_s, default=None),
    )
