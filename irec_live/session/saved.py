"""Saved session: a recorded session is played and reviewed, with the results that were found while it was live.

No network runs. Spectrogram and waveform are computed from the audio, in the background; events are found anew from the
recorded activations when the threshold moves.
"""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import numpy as np

from irec_live.analysis import Analysis
from irec_live.assembly import assemble
from irec_live.corrections.applied import corrected_analysis
from irec_live.errors import MediaError, sentence_of
from irec_live.files import look
from irec_live.media import open_audio
from irec_live.models.spec import ModelSpec
from irec_live.player import Loop, Player
from irec_live.recording import SavedResults, open_session
from irec_live.recording.decisions import events_of
from irec_live.results import Event, Overview, Snapshot, Stats
from irec_live.session.contract import corrected_view
from irec_live.session.played import PlayedSession
from irec_live.session.waveform import Waveform, hold_strips
from irec_live.streaming.decisions import Decisions
from irec_live.streaming.history_file import HistoryFile
from irec_live.streaming.level import LevelMeter
from irec_live.streaming.spectrogram import LogMelStream
from irec_live.streaming.timeline import VIEW_ROWS, Timeline

_BLOCK_S = 1.0
_JOIN_S = 1.5


class SavedSession(PlayedSession):
    """Playback, seeking, review and export of one recorded session.

    Parameters
    ----------
    saved : SavedResults
    audible : bool
        Whether to look for an output device.

    Raises
    ------
    MediaError
        The audio is missing or cannot be decoded.
    """

    def __init__(self, saved: SavedResults, *, audible: bool = True) -> None:
        self.saved = saved
        self._audio_path = saved.folder.path / saved.info.audio.files[0]
        self._specs = tuple(network.spec for network in saved.info.models)
        if not look(self._audio_path):
            raise MediaError(f"the session {self.path.name} lacks its sound: there is no {self._audio_path.name} in it")
        self._audio = open_audio(self._audio_path)
        try:
            self._player = Player(self._audio_path, saved.duration_s, audible=audible)
        except BaseException:
            self._audio.close()
            raise
        self._player.set_duration(saved.duration_s)
        self._waveform = Waveform(round(saved.duration_s * self._audio.sample_rate))
        self._mel = LogMelStream(self._audio.sample_rate)
        self._timeline = Timeline(saved.info.labels, bands=len(self._mel.bands_hz), history=HistoryFile())
        self._tracker = saved.tracker()
        self._decisions = saved.info.decisions  # NB: replaced whole, by one thread
        self._found_with = self._decisions  # NB: replaced by the thread, read by any: what the events were found with
        self._fill()  # NB: from here on only the thread writes to the timeline and uses the tracker
        self._cancel = threading.Event()
        self._moved = threading.Event()  # set when the threshold has moved since the events were found
        self._progress = 0.0
        self._problem = ""
        self._thread = threading.Thread(target=self._work, name="irec-saved", daemon=True)
        self._thread.start()

    @property
    def title(self) -> str:
        """Name of the folder."""
        return self.path.name

    @property
    def path(self) -> Path:
        """The session folder."""
        return self.saved.folder.path

    @property
    def audio_path(self) -> Path:
        """The audio file that is played; of a session whose sound was not kept, one that is not there."""
        return self._audio_path if self.saved.info.sound_kept else self.saved.folder.audio

    @property
    def labels(self) -> tuple[str, ...]:
        """The K labels."""
        return self.saved.info.labels

    @property
    def specs(self) -> tuple[ModelSpec, ...]:
        """Of the models that were used."""
        return self._specs

    @property
    def warning(self) -> str:
        """What to know about the recording, in a sentence or more; else empty."""
        return "; ".join(self.saved.warnings)

    @property
    def duration_s(self) -> float:
        """Length of the recording."""
        return self.saved.duration_s

    @property
    def loop(self) -> Loop | None:
        """The part that repeats."""
        return self._player.loop

    @loop.setter
    def loop(self, value: Loop | None) -> None:
        self._player.loop = value

    @property
    def decisions(self) -> Decisions:
        """What the user set about thresholds and durations. With those of the recording, events are those found live;
        with others they are found anew, shortly after. The curves keep the smoothing of the recording."""
        return self._decisions

    @decisions.setter
    def decisions(self, decisions: Decisions) -> None:
        self._decisions = decisions
        self._moved.set()

    def snapshot(self, span_s: float, end_s: float | None = None) -> Snapshot:
        """The `span_s` seconds up to `end_s`, or up to the playhead."""
        now_s = self.position_s
        time_s = now_s if end_s is None else end_s
        view = self._timeline.view(time_s, span_s, VIEW_ROWS)
        if end_s is not None:
            view = view.with_level(*self._timeline.level(now_s))
        view = corrected_view(view, self._corrections, time_s, span_s)
        return Snapshot(
            labels=self.labels,
            time_s=time_s,
            span_s=span_s,
            now_s=now_s,
            thresholds=self._thresholds(),
            spectrogram_hz=self._mel.bands_hz,
            stats=Stats(),
            state="failed" if self._problem else self._played_state(),
            message=self._problem or self.warning or self._player.message,
            progress=1.0,
            **view.fields(),
        )

    def overview(self) -> Overview:
        """Waveform, activations and events of the whole recording."""
        events = self._corrections.apply(self._timeline.events())
        found = {event.label for event in events}
        edges_s = self._waveform.edges() / self._audio.sample_rate
        return Overview(
            duration_s=self.duration_s,
            progress=self._progress,
            peaks=self._waveform.peaks(),
            strips=hold_strips(self._timeline.peak_activation(edges_s), whole=True),
            labels=self.labels,
            detected=tuple(label for label in self.labels if label in found),
            events=events,
        )

    def analysis(self) -> Analysis | None:
        """The results to export; None for a moment after the threshold was moved."""
        decisions = self._decisions
        if self._found_with != decisions:
            return None
        circumstances = self.saved.circumstances
        if decisions != self.saved.info.decisions:
            limits = self._tracker.limits(decisions)
            circumstances = replace(
                circumstances,
                threshold_offset=decisions.offset,
                thresholds={label: limits[label] for label in circumstances.thresholds},
            )
        analysis = assemble(
            self.title,
            self.duration_s,
            circumstances,
            self.saved.curves.on_grids(circumstances, self.duration_s),
            self._timeline.events(),
            warnings=self.saved.warnings,
        )
        return corrected_analysis(analysis, self._corrections)

    def close(self) -> None:
        """Stop playing; may be called twice."""
        self._cancel.set()
        self._moved.set()  # wakes the thread if it waits for a new threshold
        self._player.close()
        self._thread.join(_JOIN_S)
        self._timeline.close()

    def _thresholds(self) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
        known = self.saved.info.thresholds
        unnamed = [label not in known for label in self.labels]
        return np.where(unnamed, np.float32(np.nan), self._tracker.thresholds)

    def _found(self, decisions: Decisions) -> tuple[Event, ...]:
        """Events with these decisions, by the time at which they ended."""
        self._tracker.decisions = decisions
        saved = self.saved
        if decisions == saved.info.decisions:
            events = saved.events
        else:
            events = events_of(saved.info, saved.curves, saved.events, saved.duration_s, decisions)
        return tuple(sorted(events, key=lambda event: event.offset_s or 0.0))

    def _fill(self) -> None:
        """Put the recorded rows into the timeline."""
        curves = self.saved.curves
        self._tracker.reset()
        if len(curves.activation):
            smoothed = self._tracker.push_rows(curves.activation_times, curves.activation).smoothed
            self._timeline.append_activations(curves.activation_times, curves.activation, smoothed)
        self._timeline.append_envelope(curves.envelope_times, curves.envelope)
        self._timeline.replace_events(self._found(self._decisions), ())

    def _work(self) -> None:
        """Prepare what is seen; then find the events anew whenever the threshold moves."""
        try:
            self._show()
            while not self._cancel.is_set():
                self._moved.wait()
                self._find_again()
        except Exception as error:  # noqa: BLE001 - whatever it is, the views must show it
            self._problem = f"the recording cannot be shown: {sentence_of(error)}"

    def _find_again(self) -> None:
        # NB: cleared before the decisions are read: a threshold that moves meanwhile sets it again.
        self._moved.clear()
        decisions = self._decisions
        if decisions != self._found_with:
            self._timeline.replace_events(self._found(decisions), ())
            self._found_with = decisions

    def _show(self) -> None:
        """Compute waveform, spectrogram and levels."""
        rate = self._audio.sample_rate
        meter = LevelMeter(rate)
        with self._audio as audio:
            for block in audio.blocks(audio.block_of(_BLOCK_S)):
                if self._cancel.is_set():
                    return
                if self._moved.is_set():
                    self._find_again()
                self._waveform.add(block)
                mono = block.mean(axis=1, dtype=np.float32)
                columns, start = self._mel.push(mono)
                if len(columns):
                    self._timeline.append_spectrogram(self._mel.centres_s(start, len(columns)), columns)
                levels, start = meter.push(mono)
                if len(levels):
                    ends = start + meter.stretch * (1 + np.arange(len(levels)))
                    self._timeline.append_levels(ends / rate, levels)
                self._progress = min(0.999, audio.position / rate / self.duration_s)
        # NB: the waveform is not told the end: sound that was cut off leaves its place empty, and the rest at its time.
        self._progress = 1.0


def open_saved(path: Path, *, audible: bool = True, play: bool = True) -> SavedSession:
    """Open a session folder to review it; if its recorder was killed, it is repaired first.

    Parameters
    ----------
    path : Path
        The folder.
    audible : bool
        Whether to look for an output device.
    play : bool
        Start playing at once.

    Raises
    ------
    DataError
        It is no session, damaged, or of a version that this program does not know.
    MediaError
        Its sound is missing or cannot be decoded.
    """
    session = SavedSession(open_session(path), audible=audible)
    if play:
        session.play()
    return session
