"""How a recorded session decided about its activations, and its events."""

from __future__ import annotations

from collections.abc import Sequence

from irec_live.assembly import Curves, to_the_ends
from irec_live.recording.folder import SessionInfo
from irec_live.results import Event
from irec_live.streaming.decisions import Decisions, pooled_windows
from irec_live.streaming.tracker import LabelTracker, track


def tracker_of(info: SessionInfo) -> LabelTracker:
    """A tracker with the models' thresholds, and with what the user had set when the session ended."""
    naming = [network for network in info.models if network.spec.kind == "activation"]
    thresholds = {label: network.spec.threshold(label) for network in naming for label in network.spec.labels}
    tracker = LabelTracker(info.labels, thresholds, info.tracker, hop_s=naming[0].hop_s if naming else 0.1)
    tracker.decisions = info.decisions
    return tracker


def events_of(
    info: SessionInfo, curves: Curves, live: tuple[Event, ...], duration_s: float, decisions: Decisions | None = None
) -> tuple[Event, ...]:
    """Events of a session, by onset: those found live, unless the user moved a threshold while it was recorded.

    Then those before were found by another one than those after, and all are found anew from the rows; so they are with
    other decisions than the session's. What the first or last window holds reaches to the ends of the sound, as in the
    analysis of a file.
    """
    times = curves.activation_times
    if not len(times):
        return live
    tracker = tracker_of(info)
    events: Sequence[Event] = live
    if info.decisions_moved or decisions not in (None, info.decisions):
        tracker.decisions = decisions or info.decisions
        ended, _ = track(times, curves.activation, tracker)
        events = (*ended, *tracker.flush())
    pooled = min(pooled_windows(tracker.settings, tracker.hop_s), len(times))
    decided_s = float(times[-1]) - (pooled - 1) / 2 * tracker.hop_s  # what the last decision is about
    return tuple(sorted(to_the_ends(events, times, decided_s, duration_s), key=lambda event: event.onset_s))
