"""The stream, ``/v1/stream``: sound in over a WebSocket, results out while it sounds, by the engine of live listening.

::

    client                                       server
    {"type": "start", "rate": 48000, ...}  -->
                                           <--   {"type": "ready", "labels": [...], ...}
    PCM, binary messages                   -->
    {"type": "thresholds", "offset": 0.1}  -->
                                           <--   {"type": "activations", ...}, envelopes, event, detected
    {"type": "end"}                        -->
                                           <--   what was still missing, {"type": "stats", ...}, {"type": "end", ...}

Whatever goes wrong is ``{"type": "error", "detail": ...}``, one sentence, before the stream is closed. A client that
sends faster than is analysed is held up by TCP; one that does not take its results is told and dropped. The messages
of results are those of `irec_live.session.messages`.
"""

from __future__ import annotations

import asyncio
import hmac
import json
from collections.abc import Sequence
from contextlib import suppress
from typing import Annotated, Literal, TypeVar

from fastapi import WebSocket, WebSocketDisconnect
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from irec_live.errors import IrecError
from irec_live.models.detector import Detector
from irec_live.session import LiveSession
from irec_live.session.messages import stats_message, step_messages
from irec_live.streaming.decisions import Decisions
from irec_live.streaming.pipeline import PipelineStep, union_labels
from irec_live.web.client_presence import Ending
from irec_live.web.jobs import Jobs
from irec_live.web.metrics import Metrics
from irec_live.web.outbox import Outbox
from irec_live.web.socket_source import SampleFormat, SocketSource
from irec_live.web.stream_results import StreamResults
from irec_live.web.upload_analyzer import UploadAnalyzer
from irec_live.web.uploads import safe_name

MOST_STREAMS = 8
"""Open at once, by default."""
MOST_BYTES = 1_048_576
"""Of one message."""
START_S = 10.0
"""Waited for the first message."""
IDLE_S = 30.0
"""Waited for sound."""

_MOST_OPENING = 16  # connections that have not started, beside the streams
_LOOK_S = 0.1
_TEXT_BYTES = 4096  # of a message that is no sound

# Of RFC 6455.
_BAD_DATA, _POLICY, _FAULT, _TRY_LATER, _GOING = 1007, 1008, 1011, 1013, 1001


Message = TypeVar("Message")


_KEEP_S = 60.0
"""Seconds of results that are kept of a stream: the page has what it was sent."""


class Start(BaseModel):
    """The first message."""

    model_config = ConfigDict(extra="forbid")

    type: Literal["start"]
    rate: int = Field(ge=4000, le=192_000, description="Hz")
    channels: int = Field(default=1, ge=1, le=8)
    format: SampleFormat = Field(default="f32", description="little-endian, channels interleaved")
    models: list[Annotated[str, Field(max_length=200)]] = Field(default=[], max_length=2)
    offset: float = Field(default=0.0, ge=-0.5, le=0.5, description="added to every threshold")
    keep: bool = Field(default=False, description="keep the result as a job's, to be fetched in any format")
    name: str = Field(default="stream", max_length=200, description="of the result that is kept")
    token: str = Field(default="", max_length=200)


class Thresholds(BaseModel):
    """Moves all thresholds from now on."""

    model_config = ConfigDict(extra="forbid")

    type: Literal["thresholds"]
    offset: float = Field(ge=-0.5, le=0.5)


class End(BaseModel):
    """No more sound will come."""

    model_config = ConfigDict(extra="forbid")

    type: Literal["end"]


_LATER: TypeAdapter[Thresholds | End] = TypeAdapter(Annotated[Thresholds | End, Field(discriminator="type")])


class StreamError(Exception):
    """Why a stream is closed.

    Parameters
    ----------
    code : int
        Of the WebSocket protocol.
    reason : str
        One sentence.
    """

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


class Streams:
    """All streams of a server.

    Parameters
    ----------
    analyzer : UploadAnalyzer
        Whose models are used.
    jobs : Jobs
        Where results are kept.
    metrics : Metrics
    ending : Ending
    token : str, optional
        What a client must know: in the handshake's header, or in the first message.
    most : int
        Open at once.
    """

    def __init__(
        self, analyzer: UploadAnalyzer, jobs: Jobs, metrics: Metrics, ending: Ending, token: str | None, most: int
    ) -> None:
        self._analyzer, self._jobs, self._metrics, self._ending = analyzer, jobs, metrics, ending
        self._token, self._most = token, most
        self._open = self._connections = 0
        metrics.watch_streams(lambda: self._open)

    async def serve(self, socket: WebSocket) -> None:
        """Serve one client until it, or the sound, ends."""
        await socket.accept()
        self._connections += 1
        try:
            if self._connections > self._most + _MOST_OPENING:
                raise StreamError(_TRY_LATER, "too many connections are open; try again later")
            start = await self._first(socket)
            if self._open >= self._most:
                raise StreamError(_TRY_LATER, f"{self._most} streams are open already; try again later")
            self._open += 1
            try:
                await _Stream(self._analyzer, self._jobs, self._metrics, self._ending, socket, start).run()
            finally:
                self._open -= 1
        except StreamError as error:
            self._metrics.rejected(str(error.code))
            await _tell_and_close(socket, error)
        except WebSocketDisconnect:
            pass
        finally:
            self._connections -= 1

    async def _first(self, socket: WebSocket) -> Start:
        """The first message, if it may start a stream."""
        try:
            text = await asyncio.wait_for(_receive(socket), START_S)
        except TimeoutError:
            raise StreamError(_POLICY, f"the first message did not come within {START_S:g} s") from None
        if not isinstance(text, str):
            raise StreamError(_POLICY, "the first message must be the JSON that starts the stream")
        start = _parsed(TypeAdapter(Start), text)
        # The guard has checked a token that came in the handshake's header; a browser can send none there.
        known = "authorization" in socket.headers or self._token is None
        if not known and not hmac.compare_digest(start.token.encode(), (self._token or "").encode()):
            raise StreamError(_POLICY, "this server asks for its token, as 'token' of the first message")
        return start


class _Stream:
    """One stream that has started."""

    def __init__(
        self, analyzer: UploadAnalyzer, jobs: Jobs, metrics: Metrics, ending: Ending, socket: WebSocket, start: Start
    ) -> None:
        self._analyzer, self._jobs, self._metrics, self._ending = analyzer, jobs, metrics, ending
        self._socket, self._start = socket, start
        self._outbox = Outbox()
        self._room = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._source = SocketSource(start.rate, start.channels, start.format, self._on_room, safe_name(start.name))
        self._kept = StreamResults(analyzer.most_s) if start.keep else None
        self._labels: tuple[str, ...] = ()
        self._detected: tuple[str, ...] = ()

    async def run(self) -> None:
        """Until everything is said.

        Raises
        ------
        StreamError
            It is closed for a reason.
        WebSocketDisconnect
            The client has gone.
        """
        try:
            detectors = await asyncio.to_thread(self._analyzer.named, tuple(self._start.models))
            self._labels = union_labels(detectors)
            session = await asyncio.to_thread(self._opened, detectors)
        except IrecError as error:
            raise StreamError(_POLICY, str(error)) from error
        speaking: asyncio.Task[None] | None = None
        try:
            await self._socket.send_json(self._ready(detectors, session))
            speaking = asyncio.create_task(self._speak())
            await self._converse(session, speaking)
            await self._finish(session, speaking, detectors)
        finally:
            # Begun before anything is waited for: who breaks us off may do so again, and the engine must end even then.
            self._outbox.close()
            self._source.stop()
            closing = asyncio.create_task(asyncio.to_thread(session.close))
            if speaking is not None:
                await _cancelled(speaking)
            await asyncio.shield(closing)
            self._metrics.analysed(session.time_s, "stream")

    def _opened(self, detectors: Sequence[Detector]) -> LiveSession:
        session = LiveSession(
            self._source,
            [self._analyzer.merging.of(detector) for detector in detectors],
            hop_s=self._analyzer.hop_s,
            listener=self._on_step,
            keep_s=_KEEP_S,
            spectrogram=False,
        )
        session.set_threshold_offset(self._start.offset)
        return session

    def _ready(self, detectors: Sequence[Detector], session: LiveSession) -> dict[str, object]:
        return {
            "type": "ready",
            "labels": list(self._labels),
            "models": [detector.spec.name for detector in detectors],
            "thresholds": {
                label: round(value.on, 4)
                for label, value in session.pipeline.tracker.limits(Decisions()).items()
                if label not in session.pipeline.not_predicted.get("activation", self._labels)
            },
            "warnings": list(session.warnings),
            "latency_ms": round(session.stats().latency_ms, 1),
            "kept_s": self._analyzer.most_s,
            "idle_s": IDLE_S,
            "most_bytes": MOST_BYTES,
        }

    def _on_room(self) -> None:
        """The source takes more, on the engine's thread."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._room.set)

    def _on_step(self, step: PipelineStep) -> None:
        """New results, on the engine's thread."""
        if self._kept is not None:
            self._kept.take(step)
        messages = step_messages(step, self._labels)
        if step.activations and step.detected != self._detected:
            self._detected = step.detected
            time_s = round(step.activations[-1][0], 4)
            messages.append({"type": "detected", "time_s": time_s, "labels": list(step.detected)})
        for message in messages:
            self._outbox.put(json.dumps(message, allow_nan=False))

    async def _converse(self, session: LiveSession, speaking: asyncio.Task[None]) -> None:
        """Receive and send until the client says that it ends, or something is wrong."""
        listening = asyncio.create_task(self._listen(session))
        watching = asyncio.create_task(self._watch(session))
        try:
            await asyncio.wait((listening, watching, speaking), return_when=asyncio.FIRST_COMPLETED)
            for task in (watching, listening, speaking):
                if task.done():
                    task.result()
        finally:
            await _cancelled(listening, watching)

    async def _listen(self, session: LiveSession) -> None:
        """Take sound and wishes from the client until it ends."""
        while True:
            while self._source.is_full:
                self._room.clear()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._room.wait(), 1.0)
            try:
                message = await asyncio.wait_for(_receive(self._socket), IDLE_S)
            except TimeoutError:
                raise StreamError(_POLICY, f"no sound came for {IDLE_S:g} s") from None
            if isinstance(message, bytes):
                try:
                    self._source.feed(message)
                except ValueError as error:
                    raise StreamError(_BAD_DATA, str(error)) from error
                continue
            wish = _parsed(_LATER, message)
            if isinstance(wish, End):
                self._source.end()
                return
            session.set_threshold_offset(wish.offset)

    async def _speak(self) -> None:
        while True:
            texts = await self._outbox.take()
            for text in texts:
                await self._socket.send_text(text)
            self._outbox.sent(len(texts))

    async def _watch(self, session: LiveSession) -> None:
        """Until the client is too slow, the engine fails, or the server ends."""
        while True:
            if self._outbox.overrun:
                raise StreamError(_POLICY, "the results were not taken in time; the stream is closed")
            if session.error is not None:
                raise StreamError(_FAULT, session.message)
            if self._ending():
                raise StreamError(_GOING, "the server is ending")
            await asyncio.sleep(_LOOK_S)

    async def _finish(self, session: LiveSession, speaking: asyncio.Task[None], detectors: Sequence[Detector]) -> None:
        """Send what is still to come."""
        watching = asyncio.create_task(self._watch(session))
        try:
            while not (session.wait(0.0) and self._outbox.is_sent):
                for task in (watching, speaking):
                    if task.done():
                        task.result()
                await asyncio.sleep(_LOOK_S)
        finally:
            await _cancelled(watching)
        if session.error is not None:
            raise StreamError(_FAULT, session.message)
        job = None
        if self._kept is not None and (result := self._kept.analysis(self._source.name, session)) is not None:
            job = self._jobs.keep(self._source.name, result, tuple(detectors)).name
        await self._socket.send_json(stats_message(session.stats()))
        await self._socket.send_json({"type": "end", "duration_s": round(session.time_s, 4), "job": job})
        await self._socket.close()


async def _cancelled(*tasks: asyncio.Task[None]) -> None:
    """Cancel tasks, and wait until they have ended, in whatever way."""
    for task in tasks:
        task.cancel()
    # Not `gather`: broken off meanwhile, it raises the cancellation of these tasks, which nobody takes for its own.
    await asyncio.wait(tasks)
    for task in tasks:
        if not task.cancelled():
            task.exception()


async def _receive(socket: WebSocket) -> str | bytes:
    """The next message.

    Raises
    ------
    WebSocketDisconnect
        There will be none.
    StreamError
        A text is too long.
    """
    message = await socket.receive()
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message.get("code", 1005))
    data: bytes | None = message.get("bytes")
    if data is not None:
        return data
    text: str = message.get("text") or ""
    if len(text) > _TEXT_BYTES:
        raise StreamError(_POLICY, f"a message of JSON has at most {_TEXT_BYTES} characters")
    return text


def _parsed(adapter: TypeAdapter[Message], text: str) -> Message:
    """A message of the client.

    Raises
    ------
    StreamError
        It is not one.
    """
    try:
        return adapter.validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the message"
        raise StreamError(_POLICY, f"{where}: {first['msg']}") from error


async def _tell_and_close(socket: WebSocket, error: StreamError) -> None:
    """Say why, as far as the client takes it, and close."""
    with suppress(TimeoutError, RuntimeError, WebSocketDisconnect):
        async with asyncio.timeout(2.0):
            await socket.send_json({"type": "error", "detail": error.reason})
    with suppress(TimeoutError, RuntimeError):
        async with asyncio.timeout(2.0):
            await socket.close(error.code, error.reason.encode()[:120].decode(errors="ignore"))
