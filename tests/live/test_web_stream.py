"""Sound in and results out over a WebSocket: the same numbers as of a file, within limits."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import anyio
import numpy as np
import numpy.typing as npt
import pytest
import soundfile
from starlette.testclient import TestClient, WebSocketDenialResponse
from starlette.websockets import WebSocketDisconnect
from waiting import PATIENCE_S, wait_until

from irec_live import analyze
from irec_live.streaming.engine import Engine
from irec_live.streaming.pipeline import Pipeline
from irec_live.web import outbox, stream
from irec_live.web.app import create_app
from irec_live.web.socket_source import SocketSource

TOKEN = "a-token-of-tests"
PATH = "ws://localhost/v1/stream"
Serve = Callable[[Any], TestClient]
Samples = npt.NDArray[np.float32]


@pytest.fixture(scope="module")
def client(own: list[Path]) -> Iterator[TestClient]:
    with TestClient(create_app(own, hosts=("localhost",), most_streams=2), base_url="http://localhost") as client:
        yield client


@pytest.fixture(scope="module")
def sound(clip: Path) -> Samples:
    samples, rate = soundfile.read(clip, dtype="float32")
    assert rate == 16_000
    return np.asarray(samples, np.float32)


def start(**options: Any) -> str:
    return json.dumps({"type": "start", "rate": 16_000, **options})


def rest(socket: Any) -> list[dict[str, Any]]:
    """All messages up to the last."""
    messages = []
    while not messages or messages[-1]["type"] not in ("end", "error"):
        messages.append(socket.receive_json())
    return messages


def played(client: TestClient, parts: list[bytes], **options: Any) -> list[dict[str, Any]]:
    """What a stream answers to sound, from the beginning to the end."""
    with client.websocket_connect(PATH) as socket:
        socket.send_text(start(**options))
        ready = socket.receive_json()
        assert ready["type"] == "ready", ready
        for part in parts:
            socket.send_bytes(part)
        socket.send_text('{"type": "end"}')
        return [ready, *rest(socket)]


def refused(client: TestClient, *messages: str | bytes) -> tuple[int, str]:
    """The code and the sentence with which a stream is closed."""
    with client.websocket_connect(PATH) as socket:
        for message in messages:
            if isinstance(message, str):
                socket.send_text(message)
            else:
                socket.send_bytes(message)
        last = rest(socket)[-1]
        assert last["type"] == "error", last
        with pytest.raises(WebSocketDisconnect) as closed:
            socket.receive_json()
    assert closed.value.reason
    return closed.value.code, last["detail"]


@pytest.mark.parametrize(("form", "size"), [("f32", 999), ("f32", 40_000), ("s16", 1600)])
def test_a_stream_says_what_the_analysis_of_the_file_says(
    client: TestClient, clip: Path, own: list[Path], sound: Samples, form: str, size: int
) -> None:
    found = analyze(clip, models=own)
    coded = sound if form == "f32" else np.round(sound * 32768).clip(-32768, 32767).astype("<i2")
    parts = [coded[first : first + size].tobytes() for first in range(0, len(coded), size)]
    messages = played(client, parts, format=form, keep=True, name="../clip.wav")
    assert messages[0]["labels"] == list(found.labels)
    for kind, times, rows in (
        ("activations", found.activation_times, found.activation),
        ("envelopes", found.envelope_times, found.envelope),
    ):
        mine = [message for message in messages if message["type"] == kind]
        assert [message["time_s"] for message in mine] == pytest.approx(times.tolist(), abs=1e-4)
        values = np.array([[message["values"][label] for label in found.labels] for message in mine])
        np.testing.assert_allclose(values, rows, atol=6e-5 if form == "f32" else 2e-3)
    assert {message["label"] for message in messages if message["type"] == "event"} == {e.label for e in found.events}
    assert [m["labels"] for m in messages if m["type"] == "detected"]
    assert messages[-2]["type"] == "stats"
    assert (messages[-2]["overflows"], messages[-2]["skipped_windows"]) == (0, 0)
    kept = client.get(f"/v1/jobs/{messages[-1]['job']}/result").json()
    if form == "f32":
        assert kept == json.loads(found.to_json())
    assert kept["file"] == "clip.wav"


def test_thresholds_can_be_moved_meanwhile(client: TestClient, sound: Samples) -> None:
    with client.websocket_connect(PATH) as socket:
        socket.send_text(start(keep=True))
        socket.receive_json()
        socket.send_text('{"type": "thresholds", "offset": 0.5}')
        socket.send_bytes(sound.tobytes())
        socket.send_text('{"type": "end"}')
        job = rest(socket)[-1]["job"]
    kept = client.get(f"/v1/jobs/{job}/result").json()
    assert kept["threshold_offset"] == 0.5
    back = client.get(f"/v1/jobs/{job}/result", params={"offset": 0.1}).json()
    assert back["threshold_offset"] == 0.1
    assert all(back["thresholds"][label]["on"] < limits["on"] for label, limits in kept["thresholds"].items())


def test_channels_and_models_are_as_asked_for(client: TestClient, sound: Samples) -> None:
    both = np.stack([sound, np.zeros_like(sound)], axis=1)
    messages = played(client, [both.tobytes()], channels=2, models=["han-1s"])
    assert "han-1s" in messages[0]["models"]
    assert messages[-1]["duration_s"] == pytest.approx(len(sound) / 16_000, abs=1e-3)
    assert messages[-1]["job"] is None


@pytest.mark.parametrize(
    ("messages", "code", "reason"),
    [
        (["no JSON"], 1008, "JSON"),
        ([b"\0\0"], 1008, "the first message"),
        ([json.dumps({"type": "start"})], 1008, "rate"),
        ([start(rate=10)], 1008, "rate"),
        ([start(format="mp3")], 1008, "format"),
        ([start(channels=9)], 1008, "channels"),
        ([start(more=1)], 1008, "more"),
        ([start(models=["none"])], 1008, "no model named"),
        ([start(models=["/etc/passwd"])], 1008, "no model named"),
        ([start(), b"abc"], 1007, "4 bytes hold one"),
        ([start(), '{"type": "dance"}'], 1008, "dance"),
        ([start(), "x" * 5000], 1008, "at most"),
    ],
)
def test_what_is_not_understood_is_one_sentence(
    client: TestClient, messages: list[str | bytes], code: int, reason: str
) -> None:
    found, sentence = refused(client, *messages)
    assert (found, reason in sentence) == (code, True), sentence


def test_streams_are_bounded(client: TestClient) -> None:
    with contextlib.ExitStack() as several:
        for _ in range(2):
            socket = several.enter_context(client.websocket_connect(PATH))
            socket.send_text(start())
            assert socket.receive_json()["type"] == "ready"
        assert "irec_streams 2.0" in client.get("/metrics").text
        code, sentence = refused(client, start())
        assert (code, "2 streams are open" in sentence) == (1013, True)
    wait_until(lambda: "irec_streams 0.0" in client.get("/metrics").text)  # a client that goes makes room


def test_a_client_that_goes_leaves_no_engine_behind(client: TestClient) -> None:
    for _ in range(3):
        with client.websocket_connect(PATH) as socket:
            socket.send_text(start())
            assert socket.receive_json()["type"] == "ready"
    wait_until(lambda: "irec-engine" not in [thread.name for thread in threading.enumerate()])


def test_who_breaks_a_stream_off_while_it_ends_is_told_of_his_own_cancellation_only() -> None:
    async def unwilling() -> None:
        try:
            await asyncio.sleep(PATIENCE_S)
        except asyncio.CancelledError:
            with contextlib.suppress(asyncio.CancelledError):  # ends by the first one, whatever comes after it
                await asyncio.sleep(0.05)
            raise

    async def broken_off() -> bool:
        task = asyncio.create_task(unwilling())
        await asyncio.sleep(0)
        with anyio.CancelScope() as scope:
            asyncio.get_running_loop().call_soon(scope.cancel)
            await stream._cancelled(task)
        await asyncio.wait([task])
        return scope.cancelled_caught

    assert asyncio.run(broken_off())


def test_silence_on_the_line_is_ended(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "START_S", 0.1)
    assert "first message" in refused(client)[1]
    monkeypatch.setattr(stream, "IDLE_S", 0.2)
    monkeypatch.setattr(stream, "START_S", 10.0)
    assert "no sound came" in refused(client, start())[1]


def test_another_site_opens_no_stream(client: TestClient) -> None:
    for headers in ({"Origin": "https://evil.example"}, {"Host": "evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        with (
            pytest.raises(WebSocketDenialResponse) as denied,
            client.websocket_connect(PATH, headers=headers),
        ):
            raise AssertionError("it was let in")
        assert denied.value.status_code in (400, 403)
        assert denied.value.json()["status"] == denied.value.status_code
    with client.websocket_connect(PATH, headers={"Origin": "http://localhost"}) as socket:
        socket.send_text(start())
        assert socket.receive_json()["type"] == "ready"


def test_a_stream_needs_the_token(serve: Serve, own: list[Path]) -> None:
    client = serve(create_app(own, token=TOKEN))
    assert "token" in refused(client, start())[1]
    assert "token" in refused(client, start(token=TOKEN + "x"))[1]
    for headers, options in (({}, {"token": TOKEN}), ({"Authorization": f"Bearer {TOKEN}"}, {})):
        with client.websocket_connect(PATH, headers=headers) as socket:
            socket.send_text(start(**options))
            assert socket.receive_json()["type"] == "ready"
    with (
        pytest.raises(WebSocketDenialResponse) as denied,
        client.websocket_connect(PATH, headers={"Authorization": "Bearer x"}),
    ):
        raise AssertionError("it was let in")
    assert denied.value.status_code == 401


def test_a_client_that_takes_nothing_is_told_and_dropped(
    client: TestClient, sound: Samples, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "MOST_MESSAGES", 3)
    monkeypatch.setattr(outbox, "PATIENCE_S", 0.2)
    held = threading.Event()
    real = stream.WebSocket.send_text

    async def stuck(socket: Any, text: str) -> None:
        if '"activations"' in text and not held.is_set():
            await stream.asyncio.sleep(60)
        await real(socket, text)

    monkeypatch.setattr(stream.WebSocket, "send_text", stuck)
    with client.websocket_connect(PATH) as socket:
        socket.send_text(start())
        socket.receive_json()
        socket.send_bytes(sound.tobytes())
        last = rest(socket)[-1]
    assert "not taken in time" in last["detail"]
    held.set()


def test_a_source_takes_so_much_and_no_more(sound: Samples) -> None:
    room: list[bool] = []
    source = SocketSource(16_000, 1, "f32", lambda: room.append(True))
    while not source.is_full:
        source.feed(sound[:8000].tobytes())
    assert not room
    block, index = source.read(0.0)
    assert (len(block), index, room) == (1600, 0, [True])
    source.end()
    total = len(block)
    while not source.ended:
        block, index = source.read(0.0)
        assert index == total
        total += len(block)
    assert total == 32_000
    with pytest.raises(ValueError, match="as many samples of each channel; 4 bytes hold one"):
        source.feed(b"abc")


def test_what_comes_faster_than_it_sounds_is_held_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("irec_live.web.socket_source._AHEAD_S", 0.15)
    monkeypatch.setattr("irec_live.web.socket_source._FASTEST", 0.0)
    source = SocketSource(1000, 1, "f32", lambda: None)
    source.feed(np.zeros(1000, np.float32).tobytes())
    sizes = [len(source.read(0.01)[0]) for _ in range(4)]
    assert sizes == [100, 100, 0, 0]


def test_the_engine_skips_nothing_of_it(own: list[Path], sound: Samples) -> None:
    from irec_live.models.choice import load_models

    source = SocketSource(16_000, 1, "f32", lambda: None)
    source.feed(sound.tobytes())
    source.end()
    pipeline = Pipeline(16_000, load_models(own), max_pending=5)
    engine = Engine(source, pipeline)
    engine.start()
    assert engine.wait(PATIENCE_S)
    assert (engine.state, engine.stats().skipped_windows) == ("ended", 0)
    assert pipeline.position == len(sound)
    engine.stop()
