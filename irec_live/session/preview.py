"""Preview: analysis of a file around the playhead, where the analysis from the start has not come yet.

The analysis from the start is only held up, never touched: what it finds in the end does not depend on where the
playhead has been. The part that was previewed is analysed twice; a view uses the preview until the other one is there.

`work` and `close` belong to the analyser's thread; any thread reads `part`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from irec_live.analysis import BLOCK_S, FILE_BATCH
from irec_live.errors import IrecError
from irec_live.media import AudioFile, open_audio
from irec_live.models.detector import Detector
from irec_live.results import Event, Overview
from irec_live.streaming.decisions import Decisions
from irec_live.streaming.pipeline import Pipeline
from irec_live.streaming.timeline import Timeline, TimelineView

_BEFORE_S = 15.0
"""Seconds before the playhead at which a preview begins: the usual span of the lanes."""

_LEAD_S = 8.0
"""Seconds that a preview is ahead of the playhead."""

_SLACK_S = 1.0
"""The analysis from the start may be so far behind the playhead before a preview begins: it comes there sooner."""

_MOST_BLOCKS = 30
"""At a time; then the analysis from the start has a turn, also where the machine is too slow for both."""


class Part:
    """A previewed part of the file.

    Attributes
    ----------
    start_s : float
        Where it begins.
    pipeline : Pipeline
        With a timeline in the file's time.
    complete : bool
        Whether it reaches the end of the file.
    """

    def __init__(self, start_s: float, pipeline: Pipeline) -> None:
        self.start_s = start_s
        self.pipeline = pipeline
        self.complete = False

    @property
    def end_s(self) -> float:
        """As far as it is analysed."""
        return np.inf if self.complete else self.pipeline.time_s

    @property
    def timeline(self) -> Timeline:
        """Its results."""
        return self.pipeline.timeline


class Preview:
    """Analyses ahead of the playhead, in a part of the file.

    Parameters
    ----------
    path : path-like
    track : int or None
        As for the file session.
    detectors : sequence of Detector
        The session's.
    hop_s : float or None
    """

    def __init__(
        self, path: str | os.PathLike[str], track: int | None, detectors: Sequence[Detector], hop_s: float | None
    ) -> None:
        self._path, self._track = path, track
        self._detectors, self._hop_s = tuple(detectors), hop_s
        self._audio: AudioFile | None = None
        self._failed = False
        # NB: one reference, replaced whole by the analyser's thread; any thread reads it.
        self._part: Part | None = None

    @property
    def part(self) -> Part | None:
        """The part that is previewed. Any thread."""
        return self._part

    def work(
        self,
        playhead_s: Callable[[], float],
        analysed_s: float,
        decisions: Decisions,
        cancelled: Callable[[], bool],
    ) -> None:
        """Analyse around the playhead as far as that is needed. The analyser's thread only.

        Parameters
        ----------
        playhead_s : callable
            Where the playhead is now, seconds.
        analysed_s : float
            How far the analysis from the start is.
        decisions : Decisions
            By which events are found.
        cancelled : callable
            Whether to stop.
        """
        part = self._part
        if part is not None and part.end_s <= analysed_s:
            self._part = part = None
        try:
            for _ in range(_MOST_BLOCKS):
                time_s = playhead_s()
                if self._failed or cancelled() or time_s <= analysed_s + _SLACK_S:
                    return
                part = self._part
                if part is None or not part.start_s <= time_s <= part.end_s + _BEFORE_S:
                    part = self._begin(max(analysed_s, time_s - _BEFORE_S))
                if part.pipeline.decisions != decisions:
                    part.pipeline.decisions = decisions
                    part.pipeline.retrack()
                if part.end_s >= time_s + _LEAD_S:
                    return
                self._go_on(part)
        except IrecError:  # the analysis from the start will find the same, and say so
            self._failed = True

    def close(self) -> None:
        """Release the file. The part can still be read."""
        audio, self._audio = self._audio, None
        if audio is not None:
            audio.close()

    def _begin(self, start_s: float) -> Part:
        if self._audio is None:
            self._audio = open_audio(self._path, track=self._track)
        audio = self._audio
        audio.seek(round(start_s * audio.sample_rate))
        pipeline = Pipeline(audio.sample_rate, self._detectors, hop_s=self._hop_s, batch=FILE_BATCH)
        self._part = part = Part(audio.position / audio.sample_rate, pipeline)
        return part

    def _go_on(self, part: Part) -> None:
        audio = self._audio
        if audio is None:
            return
        first = audio.position
        block = audio.read(audio.block_of(BLOCK_S))
        if len(block):
            part.pipeline.push(block, first)
        else:
            part.pipeline.flush()
            part.complete = True


def spliced(view: TimelineView, analysed_s: float, part: Part, time_s: float, span_s: float, most: int) -> TimelineView:
    """A view up to `time_s`, of which what comes after `analysed_s` is taken from a preview.

    Parameters
    ----------
    view : TimelineView
        Of the analysis from the start.
    """
    ahead = part.timeline.view(time_s, min(span_s, time_s - part.start_s), most)
    rows, frames, columns = (
        times > (own[-1] if len(own) else -np.inf)
        for times, own in (
            (ahead.activation_times, view.activation_times),
            (ahead.envelope_times, view.envelope_times),
            (ahead.spectrogram_times, view.spectrogram_times),
        )
    )
    return replace(
        view,
        activation_times=np.concatenate([view.activation_times, ahead.activation_times[rows]]),
        activation=np.concatenate([view.activation, ahead.activation[rows]]),
        smoothed=np.concatenate([view.smoothed, ahead.smoothed[rows]]),
        envelope_times=np.concatenate([view.envelope_times, ahead.envelope_times[frames]]),
        envelope=np.concatenate([view.envelope, ahead.envelope[frames]]),
        detected=ahead.detected if time_s <= part.end_s else (),
        events=joined_events(view.events, ahead.events, analysed_s, part.end_s),
        spectrogram_times=np.concatenate([view.spectrogram_times, ahead.spectrogram_times[columns]]),
        spectrogram=np.concatenate([view.spectrogram, ahead.spectrogram[columns]]),
        level_db=ahead.level_db,
        peak_db=ahead.peak_db,
    )


def joined_events(
    events: Sequence[Event], ahead: Sequence[Event], analysed_s: float, end_s: float
) -> tuple[Event, ...]:
    """Events of the analysis from the start, then those of a preview, by onset; nothing is counted twice.

    Where either breaks off, at `analysed_s` and at `end_s`, events that are still open end in the picture.
    """
    found = [event if event.offset_s is not None else replace(event, offset_s=analysed_s) for event in events]
    for event in ahead:
        offset_s = min(event.offset_s if event.offset_s is not None else np.inf, end_s)
        if offset_s > analysed_s:
            keep_open = event.offset_s is None and not np.isfinite(end_s)
            onset_s = max(event.onset_s, analysed_s)
            found.append(replace(event, onset_s=onset_s, offset_s=None if keep_open else float(offset_s)))
    return tuple(sorted(found, key=lambda event: event.onset_s))


def with_preview(overview: Overview, part: Part, analysed_s: float, edges_s: np.ndarray) -> Overview:
    """An overview with the events and activations of a preview, too.

    Parameters
    ----------
    edges_s : (P + 1,) float64
        Of the overview's slices.
    """
    strips = overview.strips.copy()
    ahead = part.timeline.peak_activation(edges_s)
    unknown = np.isnan(strips) & (edges_s[:-1, None] >= analysed_s)
    strips[unknown] = ahead[unknown]
    events = joined_events(overview.events, part.timeline.events(), analysed_s, part.end_s)
    found = {event.label for event in events}
    detected = tuple(label for label in overview.labels if label in found)
    return replace(overview, strips=strips, events=events, detected=detected)
