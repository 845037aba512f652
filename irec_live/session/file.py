"""File session: a file is played while it is analysed ahead of the playhead.

::

    analyser thread:  media -> Pipeline -> Timeline      (as fast as possible; then it waits for a new threshold)
                      Preview, if the playhead is ahead of that
    player:           media -> output device             (its clock is the playhead)
    any thread:       snapshot(span_s, end_s), overview() of the whole file, analysis() at the end
"""

from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from irec_live.analysis import FILE_BATCH, Analysis, AnalysisCancelled, band_limit, collect, decode_into
from irec_live.corrections.applied import corrected_analysis
from irec_live.errors import MediaError, sentence_of
from irec_live.media import AudioFile, check_seekable, open_audio
from irec_live.models.choice import ModelChoice, load_models
from irec_live.models.detector import Detector, Provider
from irec_live.models.spec import ModelSpec
from irec_live.player import Loop, Player
from irec_live.results import Overview, Snapshot, State
from irec_live.session.contract import corrected_view
from irec_live.session.played import PlayedSession
from irec_live.session.preview import Preview, spliced, with_preview
from irec_live.session.waveform import Waveform, hold_strips
from irec_live.streaming.decisions import Decisions
from irec_live.streaming.history_file import HistoryFile
from irec_live.streaming.pipeline import Pipeline
from irec_live.streaming.ring import Block
from irec_live.streaming.timeline import VIEW_ROWS

_JOIN_S = 1.5
"""How long `FileSession.close` waits for the analyser: closing must return within two seconds."""

_RETRACK_S = 0.2
"""Shortest time between two recomputations of the events while the threshold moves and analysis is not complete."""


@dataclass(frozen=True, slots=True)
class _Outcome:
    """How the analysis ended: with an analysis or with a problem."""

    analysis: Analysis | None = None
    problem: str = ""
    decisions: Decisions = field(default_factory=Decisions)
    """Those that the events of `analysis` were computed with."""


class FileSession(PlayedSession):
    """Playback, seeking, analysis and export of one file.

    Parameters
    ----------
    path : str or path-like
        Any file that `irec_live.media` decodes.
    detectors : sequence of Detector
        At most one of each kind.
    hop_s : float, optional
        Between activation windows; the model's own by default.
    play : bool
        Start playing at once.
    audible : bool
        Whether to look for an output device.
    track : int, optional
        Which sound track of a video, from 1 on; its default one if not given.

    Raises
    ------
    MediaError
        The file cannot be decoded, or has no such track.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        detectors: Sequence[Detector],
        *,
        hop_s: float | None = None,
        play: bool = True,
        audible: bool = True,
        track: int | None = None,
    ) -> None:
        self._path = Path(path)
        self._specs = tuple(detector.spec for detector in detectors)
        self._audio = open_audio(path, track=track)
        try:
            self._pipeline = Pipeline(
                self._audio.sample_rate, detectors, hop_s=hop_s, history=HistoryFile(), batch=FILE_BATCH
            )
            self._player = Player(path, self._audio.announced_s, audible=audible, track=track)  # no guessed end
        except BaseException:
            self._audio.close()
            raise
        self._preview = Preview(path, track, detectors, hop_s)
        self._rate = self._audio.sample_rate
        self._name = self._audio.name
        self._waveform = Waveform(self._audio.samples)
        self._cancel = threading.Event()
        # NB: an event rather than a queue: however often the slider moves, only its last position counts.
        self._retrack = threading.Event()  # set when the threshold has moved since the events were computed
        self._retracked_at = 0.0
        # NB: written by the analyser, read by any thread; each is one reference, replaced whole.
        self._duration_s = self._audio.duration_s
        self._progress = 0.0
        self._cost = 0.0
        self._outcome = _Outcome()
        self._warning = ""
        self._band_limit = band_limit(self._name, self._rate, detectors)
        self._warnings: tuple[str, ...] = (*self._audio.warnings, *self._band_limit)
        self._thread = threading.Thread(target=self._analyse, name="irec-analyser", daemon=True)
        self._thread.start()
        if play:
            self._player.play()

    @property
    def title(self) -> str:
        """The file's name."""
        return self._name

    @property
    def path(self) -> Path:
        """The file."""
        return self._path

    @property
    def labels(self) -> tuple[str, ...]:
        """The K labels."""
        return self._pipeline.labels

    @property
    def specs(self) -> tuple[ModelSpec, ...]:
        """The running models."""
        return self._specs

    @property
    def warning(self) -> str:
        """What is odd about the file or missing of it, in a sentence or more; else empty."""
        return "; ".join(self._warnings)

    @property
    def duration_s(self) -> float:
        """Length of the file; what is decoded so far, if its header states none."""
        return self._pipeline.time_s if self._duration_s is None else self._duration_s

    @property
    def loop(self) -> Loop | None:
        """The part that repeats. A loop up to the end follows the end when the true length becomes known."""
        loop = self._player.loop
        return loop if loop is None else (loop[0], min(loop[1], self.duration_s))

    @loop.setter
    def loop(self, value: Loop | None) -> None:
        if value is not None and value[1] >= self.duration_s:
            value = (value[0], math.inf)
        self._player.loop = value

    @property
    def decisions(self) -> Decisions:
        """What the user set about thresholds, smoothing and durations; events are recomputed after a change."""
        return self._pipeline.decisions

    @decisions.setter
    def decisions(self, decisions: Decisions) -> None:
        self._pipeline.decisions = decisions
        self._retrack.set()

    def snapshot(self, span_s: float, end_s: float | None = None) -> Snapshot:
        """The `span_s` seconds up to `end_s`, or up to the playhead, as far as they are analysed."""
        pipeline = self._pipeline
        now_s = self.position_s
        time_s = now_s if end_s is None else end_s
        progress = self._progress  # NB: before the view is made, which must not be older
        state, message = self._status()
        part = self._preview.part
        analysed_s = pipeline.time_s
        view = pipeline.timeline.view(time_s, span_s, VIEW_ROWS)
        if time_s > analysed_s:  # an event still open where the analysis is may end long before the playhead
            view = replace(view, detected=())
            if part is not None and part.start_s < time_s:
                view = spliced(view, analysed_s, part, time_s, span_s, VIEW_ROWS)
                analysed_s = max(analysed_s, part.end_s)
        if end_s is not None:
            heard = part.timeline if part is not None and now_s > pipeline.time_s else pipeline.timeline
            view = view.with_level(*heard.level(now_s))
        view = corrected_view(view, self._corrections, time_s, span_s)
        return Snapshot(
            labels=pipeline.labels,
            time_s=time_s,
            span_s=span_s,
            now_s=now_s,
            thresholds=pipeline.thresholds,
            spectrogram_hz=pipeline.spectrogram_hz,
            stats=replace(pipeline.stats, load=self._cost, latency_ms=pipeline.latency_ms),
            state=state,
            message=message,
            analysed_s=math.inf if progress >= 1.0 else analysed_s,
            progress=progress,
            **view.fields(),
        )

    def overview(self) -> Overview:
        """Waveform, activations and events of the whole file, as far as it is analysed."""
        timeline, progress, analysed_s = self._pipeline.timeline, self._progress, self._pipeline.time_s
        edges_s = self._waveform.edges() / self._rate
        overview = Overview(
            duration_s=self.duration_s,
            progress=progress,
            peaks=self._waveform.peaks(),
            strips=hold_strips(timeline.peak_activation(edges_s), whole=progress == 1.0),
            labels=self.labels,
            events=timeline.events(),
        )
        part = self._preview.part
        if part is not None and part.end_s > analysed_s and progress < 1.0:
            overview = with_preview(overview, part, analysed_s, edges_s)
        events = self._corrections.apply(overview.events)
        found = {event.label for event in events}
        detected = tuple(label for label in self.labels if label in found)
        return replace(overview, events=events, detected=detected)

    def analysis(self) -> Analysis | None:
        """The results, once the whole file is analysed and the events fit the threshold; None before."""
        outcome = self._outcome  # NB: read once; the analyser replaces it
        if outcome.analysis is None or outcome.decisions != self.decisions:
            return None
        return corrected_analysis(outcome.analysis, self._corrections)

    def close(self) -> None:
        """Stop playing and analysing; may be called twice."""
        self._cancel.set()
        self._retrack.set()  # wakes the analyser if it waits for a new threshold
        self._player.close()
        self._thread.join(_JOIN_S)
        self._pipeline.timeline.close()

    def _status(self) -> tuple[State, str]:
        if self._outcome.problem:
            return "failed", self._outcome.problem
        return self._played_state(), self.warning or self._player.message

    def _analyse(self) -> None:
        """Analyse the file, then recompute its events when the threshold moves. The only thread on the pipeline."""
        try:
            with self._audio as audio:
                try:
                    self._decode(audio)
                finally:
                    self._preview.close()
                self._finish(audio)
            while not self._cancel.is_set():
                self._retrack.wait()
                if not self._cancel.is_set():
                    self._track_again(complete=True)
        except AnalysisCancelled:
            pass
        except Exception as error:  # noqa: BLE001 - whatever it is, the views must show it
            self._outcome = _Outcome(problem=f"the analysis stopped: {sentence_of(error)}")

    def _decode(self, audio: AudioFile) -> None:
        began = time.perf_counter()

        def on_block(block: Block, first_sample: int) -> None:
            self._waveform.add(block)
            if self._retrack.is_set() and time.monotonic() - self._retracked_at > _RETRACK_S:
                self._track_again(complete=False)
            analysed_s = (first_sample + len(block)) / self._rate
            self._cost = (time.perf_counter() - began) / analysed_s
            self._preview.work(
                lambda: self._player.position_s, analysed_s, self._pipeline.decisions, self._cancel.is_set
            )
            # Releases the interpreter's lock (GIL): the audio callback and the GUI come first.
            time.sleep(0)

        def on_progress(share: float) -> None:
            self._progress = min(share, 0.999)  # 1 means that there is an analysis to export

        decode_into(audio, self._pipeline, on_block=on_block, progress=on_progress, cancel=self._cancel)

    def _finish(self, audio: AudioFile) -> None:
        self._waveform.finish()
        self._duration_s = audio.position / self._rate  # counted, whatever the header said
        self._player.set_duration(self._duration_s)
        self._warning = audio.warning
        self._warnings = (*audio.warnings, *self._band_limit)
        if not audio.position:
            raise MediaError(self._warning or f"{self._name} has sound, but none of it could be decoded")
        self._track_again(complete=True)
        self._progress = 1.0

    def _track_again(self, *, complete: bool) -> None:
        # NB: cleared before the decisions are read: a threshold that moves meanwhile sets it again.
        self._retrack.clear()
        decisions = self._pipeline.decisions
        self._pipeline.retrack()
        self._retracked_at = time.monotonic()
        if complete:
            analysis = collect(
                self._name,
                self._duration_s or 0.0,
                self._pipeline,
                warning=self._warning,
                warnings=self._warnings,
                decisions=decisions,
            )
            by_offset = sorted(analysis.events, key=lambda event: event.offset_s or 0.0)
            self._pipeline.timeline.replace_events(by_offset, ())  # seen as they are written: drawn out to the ends
            self._outcome = _Outcome(analysis, decisions=decisions)


def open_file(
    path: str | os.PathLike[str],
    models: Sequence[ModelChoice] | None = None,
    *,
    hop_s: float | None = None,
    provider: Provider = "auto",
    play: bool = True,
    audible: bool = True,
    track: int | None = None,
) -> FileSession:
    """Play a file and analyse it ahead of the playhead.

    Takes as long as loading the models does.

    Parameters
    ----------
    models : sequence, optional
        Names, paths or detectors; the bundled defaults if not given.
    path, hop_s, play, audible, track
        As for `FileSession`.
    provider : {"auto", "cpu", "cuda"}

    Raises
    ------
    MediaError
        The file cannot be decoded, has no such track, or is a pipe.
    ModelError
        A model is missing or unusable.
    """
    check_seekable(path)
    with open_audio(path, track=track):  # a bad file says so before any model is loaded
        pass
    detectors = load_models(models, provider)
    return FileSession(path, detectors, hop_s=hop_s, play=play, audible=audible, track=track)
