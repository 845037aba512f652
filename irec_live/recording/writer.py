"""The session writer: puts sound and results into a session folder, in the order in which they arrive.

Everything in a folder counts from the first sample of its audio, and its audio has no holes: what was lost, left out or
never arrived is silence there, and a `Gap` in session.json. So a time in the results is a time in the audio.

Shapes: n samples of each channel, C channels.
"""

from __future__ import annotations

import contextlib
import shutil
from collections import deque
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np

from irec_live.assembly import Circumstances
from irec_live.errors import IrecError, OutputError
from irec_live.recording.flac_files import FlacFiles
from irec_live.recording.folder import AUDIO, SCHEMA, SILENCE, Audio, Gap, Network, SessionFolder, SessionInfo, Why
from irec_live.recording.format_conversion import FormatConverter
from irec_live.recording.gate import Gate, GateSettings
from irec_live.recording.result_log import ResultLog
from irec_live.recording.results import write_results
from irec_live.results import Event
from irec_live.streaming.pipeline import Pipeline, PipelineStep
from irec_live.streaming.ring import Block

LEAST_FREE = 64 * 2**20
"""Bytes of the disk that are left to others: a recording ends before it takes them."""

NO_SOUND = "only the results of this session were kept, not its sound"

_SHORTEST_GAP_S = 0.001


@dataclass(frozen=True, slots=True)
class Sound:
    """Sound from the source: `block`, (n, C) float32, at `sample_rate` Hz, begins at `position` and lasts `samples`,
    both in the pipeline's samples."""

    position: int
    samples: int
    block: Block
    sample_rate: int


@dataclass(frozen=True, slots=True)
class Silence:
    """The device was away, for so many of the pipeline's samples."""

    position: int
    samples: int


Item = Sound | Silence | PipelineStep


@dataclass(frozen=True, slots=True)
class _Pending:
    """Sound that waits for the gate; silence without a block."""

    start: int
    end: int
    block: Block | None
    why: Why | None = None


class SessionWriter:
    """Writes one session. One thread.

    Parameters
    ----------
    folder : SessionFolder
        New or empty.
    pipeline : Pipeline
    channels : int
        C of the recording.
    title : str
        Of the source.
    gate : GateSettings, optional
    sound : bool
        False keeps the results alone: silence is written in place of what is heard.

    Raises
    ------
    OutputError
        The folder cannot be written to, or its disk is full.
    """

    SYNC_S = 3.0
    """How often `sync` is to be called."""

    def __init__(
        self,
        folder: SessionFolder,
        pipeline: Pipeline,
        channels: int,
        title: str,
        gate: GateSettings | None = None,
        *,
        sound: bool = True,
    ) -> None:
        channels = channels if sound else 1
        self.folder = folder
        self._sound = sound
        self._pipeline = pipeline
        self._rate = pipeline.sample_rate
        self._title = title
        self._decisions, self._decisions_moved = pipeline.decisions, False
        self._gate = None if gate is None else Gate(self._rate, gate)
        self._converter = FormatConverter(self._rate, channels)
        self._origin: int | None = None  # pipeline's sample that is the first of the recording
        self._end = 0  # pipeline's sample up to which everything was taken
        self._began = datetime.now(UTC)
        self._pending: deque[_Pending] = deque()
        self._gaps: list[Gap] = []
        self._saved: SessionInfo | None = None
        self._stack = ExitStack()
        try:
            if not self._stack.enter_context(folder.lock()):
                raise OutputError(f"something else records to {folder.path}; choose another folder")
            self._check_room()
            self._audio = FlacFiles(folder.path, self._rate, channels, AUDIO if sound else SILENCE)
            self._stack.callback(self._audio.close)
            self._log = ResultLog(folder, len(pipeline.labels))
            self._stack.callback(self._log.close)
            self._save()
        except BaseException:
            self._stack.close()
            raise

    @property
    def elapsed_s(self) -> float:
        """Length of the recording, with what waits for the gate."""
        return 0.0 if self._origin is None else (self._end - self._origin) / self._rate

    def write(self, items: Iterable[Item]) -> None:
        """Take what arrived.

        Raises
        ------
        OutputError
            The disk takes no more.
        """
        for item in items:
            if isinstance(item, PipelineStep):
                self._take_step(item)
            elif isinstance(item, Silence):
                self._begin(item.position)
                self._take_sound(*self._converter.flush())
                self._append(None, item.position + item.samples, "device away")
            else:
                self._begin(item.position)
                self._take_sound(*self._converter.push(item.block, item.sample_rate, item.position))
        self._release(final=False)

    def sync(self) -> None:
        """Have the system write to the disk, and save what changed in session.json.

        Raises
        ------
        OutputError
            The disk is nearly full.
        """
        self._check_room()
        if self._sound:  # the disk need not wake every few seconds for results that nobody asked to keep
            self._audio.sync()
        self._save()

    def finish(self) -> None:
        """Write what waits, the events that have not ended, and the analysis; then close.

        Raises
        ------
        IrecError
            The disk takes no more.
        """
        with self._stack:
            self._take_sound(*self._converter.flush())
            self._release(final=True)
            self._log.add_events(self._open_events())
            self._log.close()
            self._audio.close()
            self._save(finished=True)
            if self._sound:
                write_results(self.folder, self.folder.read())

    def abandon(self, reason: str) -> None:
        """Close after a failure, and note the reason if there is room for it."""
        with contextlib.suppress(IrecError), self._stack:
            self._audio.close()
            self._save(finished=True, warning=reason)

    def _begin(self, position: int) -> None:
        if self._origin is None:
            self._origin = self._end = position
            # Of a pre-roll: its first sample was heard before the button was pressed.
            behind_s = max(0.0, (self._pipeline.position - position) / self._rate)
            self._began = datetime.now(UTC) - timedelta(seconds=behind_s)

    def _take_sound(self, block: Block, start: int) -> None:
        if len(block) and start > self._end:
            self._append(None, start, "samples lost")
        block = block[max(0, self._end - start) :]  # positions are rounded: blocks may overlap by a sample
        if len(block):
            block = block if self._sound else np.zeros_like(block)
            self._append(block, self._end + len(block))

    def _append(self, block: Block | None, end: int, why: Why | None = None) -> None:
        if end > self._end:
            self._pending.append(_Pending(self._end, end, block, why))
            self._end = end

    def _release(self, *, final: bool) -> None:
        """Write what waits, as far as it is decided whether it is kept."""
        if self._origin is None:
            return
        until = self._end if final or self._gate is None else self._gate.decided(self._end)
        while self._pending and self._pending[0].end <= until:
            item = self._pending.popleft()
            kept = self._gate is None or self._gate.is_kept(item.start, item.end)
            if item.block is not None and kept:
                self._audio.write(item.block)
            else:
                self._audio.write_silence(item.end - item.start)
                self._note_gap(item.start, item.end, item.why or "nothing detected")

    def _note_gap(self, start: int, end: int, why: Why) -> None:
        origin = self._origin or 0
        from_s, to_s = (start - origin) / self._rate, (end - origin) / self._rate
        last = self._gaps[-1] if self._gaps else None
        if last is not None and last.why == why and from_s - last.to_s < _SHORTEST_GAP_S:
            self._gaps[-1] = Gap(from_s=last.from_s, to_s=to_s, why=why)
        else:
            self._gaps.append(Gap(from_s=from_s, to_s=to_s, why=why))

    def _take_step(self, step: PipelineStep) -> None:
        if self._origin is None:
            return
        self._decisions_moved |= self._pipeline.decisions != self._decisions
        if step.detected and self._gate is not None:
            self._gate.light(self._end)
        first_s = self._origin / self._rate
        for name, rows in (("activations", step.activations), ("envelopes", step.envelopes)):
            self._log.add_rows(name, [(time_s - first_s, row) for time_s, row in rows if time_s >= first_s])
        self._log.add_events(_moved(step.events, first_s))

    def _open_events(self) -> Sequence[Event]:
        """Events that are lit when the recording ends, as if they ended there."""
        first_s, end_s = (self._origin or 0) / self._rate, self._end / self._rate
        lit = [event for event in self._pipeline.timeline.events(first_s, end_s) if event.offset_s is None]
        return _moved([replace(event, offset_s=end_s) for event in lit], first_s)

    def _check_room(self) -> None:
        try:
            free = shutil.disk_usage(self.folder.path).free
        except OSError as error:
            raise OutputError(f"the folder is gone ({error.strerror or error})") from error
        if free < LEAST_FREE:
            raise OutputError(f"the disk is full ({free // 2**20} MB are left)")

    def _save(self, *, finished: bool = False, warning: str = "") -> None:
        """Write session.json if something in it changed."""
        info = self._info(finished, warning)
        if info != self._saved:
            self.folder.write(info)
            self._saved = info

    def _info(self, finished: bool, warning: str) -> SessionInfo:
        from importlib.metadata import version

        decisions = self._pipeline.decisions
        now = Circumstances.of(self._pipeline, decisions)
        return SessionInfo(
            schema=SCHEMA,
            state="finished" if finished else "recording",
            title=self._title,
            began=self._began,
            program=f"irec-live {version('irec-live')}",
            audio=Audio(
                files=tuple(path.name for path in self._audio.paths),
                sample_rate=self._rate,
                channels=self._audio.channels,
                samples=self._audio.samples if finished else None,
            ),
            sound_kept=self._sound,
            only_detected=self._gate is not None,
            gaps=tuple(self._gaps),
            models=tuple(
                Network(sha256=use.sha256, hop_s=use.hop_s, spec=stream.spec)
                for use, stream in zip(now.models, self._pipeline.streams, strict=True)
            ),
            labels=now.labels,
            thresholds=now.thresholds,
            threshold_offset=now.threshold_offset,
            own_offsets=dict(decisions.own),
            tracker=decisions.settings,
            decisions_moved=self._decisions_moved or decisions != self._decisions,
            warnings=tuple(filter(None, (warning, "" if self._sound else NO_SOUND))),
        )


def _moved(events: Iterable[Event], first_s: float) -> list[Event]:
    """Events counted from `first_s`; those before are left out."""
    return [
        replace(event, onset_s=max(0.0, event.onset_s - first_s), offset_s=event.offset_s - first_s)
        for event in events
        if event.offset_s is not None and event.offset_s > first_s
    ]
