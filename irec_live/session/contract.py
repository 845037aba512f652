"""Session protocols: what a view needs of a session. Views are written against these and tested with fakes.

Every method may be called from any one thread (a GUI's, usually) and returns at once; whatever takes time runs on the
session's own threads. Times are seconds from the start of the stream or file.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

from irec_live.models.spec import ModelSpec
from irec_live.results import Overview, Snapshot
from irec_live.streaming.decisions import Decisions

if TYPE_CHECKING:
    from irec_live.analysis import Analysis
    from irec_live.corrections import Corrections
    from irec_live.streaming.timeline import TimelineView

SessionKind = Literal["live", "file"]
"""Whether sound arrives by itself (``live``) or comes from a file, which can be paused and seeked in (``file``)."""

Loop = tuple[float, float]
"""Start and end of the part that repeats, seconds."""


def corrected_view(view: TimelineView, corrections: Corrections, time_s: float, span_s: float) -> TimelineView:
    """A view of the `span_s` seconds up to `time_s` with events, and labels that are lit, as corrected."""
    if not corrections:
        return view
    events = corrections.apply(view.events, time_s - span_s, time_s)
    return replace(view, events=events, detected=corrections.lit(view.detected, events, time_s))


@runtime_checkable
class Session(Protocol):
    """An analysis in progress, of a live input or a file.

    Attributes
    ----------
    kind : {"live", "file"}
    title : str
        Name of the device or file in use. A lost device may be followed by another one.
    labels : tuple of str
        The K labels, union of the running models', in the models' order.
    specs : tuple of ModelSpec
        The running models.
    threshold_offset : float
        What is added to every label's thresholds, -1..1.
    decisions : Decisions
        That and all else that the user sets about the event detection; assign to change it.
    """

    @property
    def kind(self) -> SessionKind: ...

    @property
    def title(self) -> str: ...

    @property
    def labels(self) -> tuple[str, ...]: ...

    @property
    def specs(self) -> tuple[ModelSpec, ...]: ...

    @property
    def threshold_offset(self) -> float: ...

    @property
    def decisions(self) -> Decisions: ...

    @decisions.setter
    def decisions(self, decisions: Decisions) -> None: ...

    def set_threshold_offset(self, offset: float) -> None:
        """Move every threshold: above 0 shows fewer labels, below 0 more."""

    def snapshot(self, span_s: float, end_s: float | None = None) -> Snapshot:
        """Results of the `span_s` seconds up to `end_s`; by default up to now (live) or up to the playhead (file).

        For drawing: of a long span each row is the highest of several neighbours.
        """

    def overview(self) -> Overview:
        """Waveform, activations and events of the whole session so far, or of the file as far as it is analysed."""

    def analysis(self) -> Analysis | None:
        """The results to export: of a file once all of it is analysed, of a live input as far as it was heard."""

    def close(self) -> None:
        """Stop the threads and release the device; may be called twice; returns within two seconds."""


@runtime_checkable
class StoppableSession(Session, Protocol):
    """A session of a live input, which can be looked at when it is over.

    Attributes
    ----------
    time_s : float
        Seconds of sound analysed so far.
    """

    @property
    def time_s(self) -> float: ...

    def stop(self) -> None:
        """Stop the analysis and release the device; what was heard can be looked at until `close`."""


@runtime_checkable
class PlayableSession(Session, Protocol):
    """A session of a file: playback controls, and results beyond the playhead.

    Attributes
    ----------
    path : Path
    playing : bool
        Whether the playhead moves.
    position_s, duration_s : float
        The playhead, and the length of the file (an estimate until all is decoded, if its header states none).
    loop : tuple of float, or None
        The part that repeats; assign to change it.
    silent : bool
        Whether there is no output device: the playhead moves by the computer's clock, without sound.
    """

    @property
    def path(self) -> Path: ...

    @property
    def playing(self) -> bool: ...

    @property
    def position_s(self) -> float: ...

    @property
    def duration_s(self) -> float: ...

    @property
    def silent(self) -> bool: ...

    @property
    def loop(self) -> Loop | None: ...

    @loop.setter
    def loop(self, value: Loop | None) -> None: ...

    @property
    def corrections(self) -> Corrections:
        """What a person set right; events, and what is exported, are as corrected. Assign to change it."""

    @corrections.setter
    def corrections(self, value: Corrections) -> None: ...

    def play(self) -> None:
        """Start or resume, from the beginning if at the end."""

    def pause(self) -> None:
        """Hold the playhead where it is."""

    def seek(self, time_s: float) -> None:
        """Move the playhead; clipped to the file."""
