"""The recorder: a tap on a live stream that writes what it hears, and what was heard in it, to a session folder.

The engine's worker only puts references into a queue; a thread of the recorder writes. Before a recording the queue
holds the last seconds, the pre-roll. If the disk falls half a minute behind, sound is dropped and marked as a gap;
detection never waits.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from irec_live.errors import sentence_of
from irec_live.files import look
from irec_live.recording.folder import new_folder, numbered_folder
from irec_live.recording.gate import GateSettings
from irec_live.recording.writer import Item, SessionWriter, Silence, Sound
from irec_live.streaming.pipeline import Pipeline, PipelineStep
from irec_live.streaming.ring import Block

MOST_LOST_S = 1.0
"""Seconds of sound that a killed process loses at most: what waits for the writer, and a block of 4096 samples that the
FLAC encoder has not filled yet. (A power cut may also lose what the system had not written to the disk: 3 s more.)"""

DRAIN_S = 0.2
"""How often the writer looks into the queue."""

QUEUE_S = 30.0
"""Seconds of sound that may wait for a slow disk."""

State = Literal["idle", "recording", "saving", "saved", "failed"]


@dataclass(frozen=True, slots=True)
class RecorderState:
    """What a recorder does.

    Attributes
    ----------
    state : {"idle", "recording", "saving", "saved", "failed"}
        ``saving`` from `Recorder.stop` until everything is written; ``failed`` when the disk took no more: what was
        recorded before is kept.
    folder : Path or None
        Where it records, or recorded last.
    elapsed_s : float
        Length of the recording.
    message : str
        One sentence if it failed, else empty.
    """

    state: State = "idle"
    folder: Path | None = None
    elapsed_s: float = 0.0
    message: str = ""


class Recorder:
    """Records a stream, once or several times in turn; a `Tap`.

    Parameters
    ----------
    pipeline : Pipeline
        Of the stream.
    channels : int
        Of the source.
    title : callable
        Name of the source, when it is asked for.
    preroll_s : float
        Seconds before `start` that a recording has too, as far as the recorder followed the stream by then.
    sound : bool
        False keeps the results alone.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        channels: int,
        title: Callable[[], str],
        *,
        preroll_s: float = 0.0,
        sound: bool = True,
    ) -> None:
        if preroll_s < 0.0:
            raise ValueError(f"a pre-roll has no negative length: {preroll_s}")
        self._pipeline, self._channels, self._title = pipeline, channels, title
        self.preroll_s = preroll_s
        self._sound = sound
        self._lock = threading.Lock()  # NB: around the queue and its count; held for moments, by worker and writer
        self._queue: deque[Item] = deque()
        self._queued = 0  # samples
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        # NB: replaced whole by the writer, read by any thread.
        self._state = RecorderState()

    @property
    def title(self) -> str:
        """Name of the source."""
        return self._title()

    @property
    def state(self) -> RecorderState:
        """What it does now. Any thread."""
        return self._state

    def start(self, folder: Path, *, gate: GateSettings | None = None, numbered: bool = False) -> None:
        """Record to a new folder from now on, the pre-roll included. Returns at once; see `state`.

        Parameters
        ----------
        folder : Path
            New or empty.
        gate : GateSettings, optional
            Keep only what is around detections; the rest of the recording is silence.
        numbered : bool
            Add a number to the name where it is taken; `state` has the folder that it became. Otherwise the recording
            fails.

        Raises
        ------
        ValueError
            It records already.
        """
        if self.busy:
            raise ValueError("it records already; stop it first")
        self._stopping.clear()
        self._state = RecorderState("recording", folder)
        self._thread = threading.Thread(
            target=self._run, args=(folder, gate, numbered), name="irec-recorder", daemon=True
        )
        self._thread.start()

    @property
    def busy(self) -> bool:
        """Whether it records or saves. Any thread."""
        return self._state.state in ("recording", "saving")

    def stop(self) -> None:
        """End the recording; returns at once, and what waits is written still. Does nothing if there is none."""
        if self.busy:
            self._stopping.set()
            self._wake.set()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until everything is written after `stop`; False if the time was up first."""
        thread = self._thread
        if thread is not None:
            thread.join(timeout_s)
        return thread is None or not thread.is_alive()

    def take_block(self, block: Block, sample_rate: int, position: int) -> None:
        """See `Tap.take_block`."""
        self._take(Sound(position, len(block) * self._pipeline.sample_rate // sample_rate, block, sample_rate))

    def take_silence(self, samples: int, position: int) -> None:
        """See `Tap.take_silence`."""
        self._take(Silence(position, samples))

    def take_step(self, step: PipelineStep) -> None:
        """See `Tap.take_step`."""
        with self._lock:
            if self._queued <= QUEUE_S * self._pipeline.sample_rate:
                self._queue.append(step)

    def _take(self, item: Sound | Silence) -> None:
        rate = self._pipeline.sample_rate
        with self._lock:
            if self.busy:
                if self._queued > QUEUE_S * rate:
                    return  # the writer sees a gap
            else:
                self._trim(round(self.preroll_s * rate) - item.samples)
            self._queue.append(item)
            self._queued += item.samples

    def _trim(self, samples: int) -> None:
        """Forget the oldest of what waits until at most `samples` are left."""
        while self._queue and self._queued > max(0, samples):
            item = self._queue.popleft()
            if not isinstance(item, PipelineStep):
                self._queued -= item.samples

    def _drain(self) -> list[Item]:
        with self._lock:
            items, self._queue, self._queued = list(self._queue), deque(), 0
        return items

    def _run(self, path: Path, gate: GateSettings | None, numbered: bool) -> None:
        """Body of the writer thread."""
        writer: SessionWriter | None = None
        try:
            # Here, not in `start`: a folder on a disk that sleeps takes seconds, and `start` is called by the window.
            folder = numbered_folder(path) if numbered else new_folder(path)
            path = folder.path
            writer = SessionWriter(folder, self._pipeline, self._channels, self._title(), gate, sound=self._sound)
            began = time.monotonic()
            while True:
                stopping = self._stopping.is_set()  # before the queue is emptied, or its end would be lost
                writer.write(self._drain())
                self._state = RecorderState("saving" if stopping else "recording", path, writer.elapsed_s)
                if stopping:
                    break
                began = self._sync(writer, began)
                self._wake.wait(DRAIN_S)
                self._wake.clear()
            writer.finish()
            self._state = RecorderState("saved", path, writer.elapsed_s)
        except Exception as error:  # noqa: BLE001 - whatever it is, the view must show it, and detection goes on
            self._fail(path, writer, sentence_of(error))

    def _sync(self, writer: SessionWriter, began: float) -> float:
        """Every few seconds, have the system write everything to the disk; when that was last."""
        now = time.monotonic()
        if now - began < SessionWriter.SYNC_S:
            return began
        writer.sync()
        return now

    def _fail(self, path: Path, writer: SessionWriter | None, reason: str) -> None:
        elapsed_s = 0.0 if writer is None else writer.elapsed_s
        message = f"recording stopped: {reason}" if self._sound else reason
        if writer is not None:
            writer.abandon(message)
            if self._sound and look(path):
                message += f"; the {elapsed_s:.0f} s before are kept in {path}"
        self._state = RecorderState("failed", path, elapsed_s, message)
        with self._lock:
            self._queue.clear()
            self._queued = 0
