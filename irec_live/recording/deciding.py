"""How a recorded session decided about its activations, and its events."""

from __future__ import annotations

from irec_live.assembly import Curves
from irec_live.recording.folder import SessionInfo
from irec_live.results import Event
from irec_live.streaming.tracker import LabelTracker, track


def tracker_of(info: SessionInfo) -> LabelTracker:
    """A tracker with the models' thresholds, and with what the user had set when the session ended."""
    naming = [network for network in info.models if network.spec.kind == "activation"]
    thresholds = {label: network.spec.threshold(label) for network in naming for label in network.spec.labels}
    tracker = LabelTracker(info.labels, thresholds, info.tracker, hop_s=naming[0].hop_s if naming else 0.1)
    tracker.decisions = info.decisions
    return tracker


def events_of(info: SessionInfo, curves: Curves, live: tuple[Event, ...]) -> tuple[Event, ...]:
    """Events of a session, by onset: those found live, unless the user moved a threshold while it was recorded.

    Then those before were found by another one than those after, and all are found anew from the rows.
    """
    if not info.decisions_moved or not len(curves.activation_times):
        return live
    tracker = tracker_of(info)
    ended, _ = track(curves.activation_times, curves.activation, tracker)
    return tuple(sorted((*ended, *tracker.flush()), key=lambda event: event.onset_s))
