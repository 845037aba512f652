"""A network that keeps a state, in the places of the app where sound comes in: all say the same of it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner
from starlette.testclient import TestClient
from tiny_columns import RATE
from tiny_stream import directly, exported, sound
from waiting import wait_until

from irec_live.analysis import Analysis, analyze
from irec_live.cli import main
from irec_live.models.detector import Detector, load_model
from irec_live.models.state import StatefulNetwork
from irec_live.session import FileSession, LiveSession
from irec_live.source import ArraySource
from irec_live.web.app import create_app

SECONDS = 6.0


@pytest.fixture(scope="module")
def signal() -> np.ndarray:
    return sound(SECONDS)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "tiny.onnx"
    path.write_bytes(exported())
    return path


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory, signal: np.ndarray) -> Path:
    path = tmp_path_factory.mktemp("clip") / "clip.wav"
    soundfile.write(path, signal, RATE, subtype="FLOAT")
    return path


@pytest.fixture(scope="module")
def detector(model: Path) -> Detector:
    """A stranger's file, which was tried out in a process of its own."""
    return load_model(model)


@pytest.fixture(scope="module")
def wanted(signal: np.ndarray) -> np.ndarray:
    return directly(signal)


def live_rows(detector: Detector, signal: np.ndarray) -> np.ndarray:
    session = LiveSession(ArraySource(signal, RATE, block=100), [detector])
    try:
        assert session.wait(60)
        return session.pipeline.timeline.activations()[1]
    finally:
        session.close()


def assert_alike(one: Analysis | None, other: Analysis) -> None:
    """This network's sums differ in their last digits with the calls that they are made in."""
    assert one is not None
    np.testing.assert_allclose(one.activation, other.activation, atol=2e-5)
    spans = [[(event.label, event.onset_s, event.offset_s) for event in each.events] for each in (one, other)]
    assert spans[0] == spans[1]


def test_a_file_tried_out_apart_is_bounded(detector: Detector) -> None:
    assert detector.stateful is not None
    assert detector.stateful._sizes == (16, 2, 1)


def test_a_file_and_its_session_say_what_a_stream_says(clip: Path, detector: Detector, wanted: np.ndarray) -> None:
    found = analyze(clip, models=[detector])
    np.testing.assert_allclose(found.activation[: len(wanted)], wanted, atol=1e-5)
    assert found.activation_hop_s == 0.02
    with_session = FileSession(clip, [detector], play=False, audible=False)
    try:
        wait_until(with_session.analysis)
        shown = with_session.analysis()
        assert_alike(shown, found)
    finally:
        with_session.close()


def test_two_streams_at_once_keep_a_state_each(detector: Detector, signal: np.ndarray, wanted: np.ndarray) -> None:
    found: list[np.ndarray] = []
    backwards = signal[::-1].copy()
    threads = [
        threading.Thread(target=lambda heard=heard: found.append(live_rows(detector, heard)))
        for heard in (signal, backwards)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    other = directly(backwards)
    first, second = sorted(found, key=lambda rows: float(np.abs(rows[: len(wanted)] - wanted).max()))
    np.testing.assert_allclose(first[: len(wanted)], wanted, atol=1e-5)
    np.testing.assert_allclose(second[: len(other)], other, atol=1e-5)


def test_a_lost_device_and_what_follows_it_are_two_streams(detector: Detector, signal: np.ndarray) -> None:
    half = len(signal) // 2

    class Broken(ArraySource):
        """Loses ten seconds in the middle."""

        def read(self, timeout_s: float) -> tuple[np.ndarray, int]:
            block, index = super().read(timeout_s)
            return block, index + (10 * RATE if index >= half else 0)

    session = LiveSession(Broken(signal, RATE, block=100), [detector])
    assert session.wait(60)
    times, rows, _ = session.pipeline.timeline.activations()
    session.close()
    later = times > half / RATE + 5.0
    for part, heard in ((rows[~later], signal[:half]), (rows[later], signal[half:])):
        alone = directly(heard)
        np.testing.assert_allclose(part[: len(alone)], alone, atol=1e-5)


@pytest.fixture
def held(tmp_path: Path, detector: Detector, monkeypatch: pytest.MonkeyPatch) -> Iterator[FileSession]:
    """A session of a long file, whose analysis from the start stands still after its first call."""
    path = tmp_path / "long.wav"
    soundfile.write(path, sound(120.0), RATE, subtype="FLOAT")
    plain, free, calls = StatefulNetwork.advance, threading.Event(), []

    def slow(self: StatefulNetwork, columns: np.ndarray, state: tuple[np.ndarray, ...]) -> object:
        calls.append(None)
        if len(calls) == 2:
            free.wait()
        return plain(self, columns, state)

    monkeypatch.setattr(StatefulNetwork, "advance", slow)
    session = FileSession(path, [detector], play=False, audible=False)
    wait_until(lambda: len(calls) == 2)
    session.seek(100.0)
    free.set()
    yield session
    free.set()
    session.close()


def test_after_a_jump_a_part_is_a_stream_of_its_own_and_in_the_end_nothing_shows(
    held: FileSession, detector: Detector
) -> None:
    wait_until(lambda: not held.snapshot(5.0).is_ahead and len(held.snapshot(5.0).activation) > 200)
    wait_until(held.analysis)
    assert_alike(held.analysis(), analyze(held.path, models=[detector]))


def test_a_page_streams_it(model: Path, signal: np.ndarray, wanted: np.ndarray) -> None:
    app = create_app([model], hosts=("localhost",), hop_s=0.05)
    with (
        TestClient(app, base_url="http://localhost") as client,
        client.websocket_connect("ws://localhost/v1/stream") as socket,
    ):
        socket.send_text(json.dumps({"type": "start", "rate": RATE}))
        assert socket.receive_json()["models"] == ["tiny"]
        for part in np.array_split(signal, 7):
            socket.send_bytes(part.tobytes())
        socket.send_text('{"type": "end"}')
        messages = []
        while not messages or messages[-1]["type"] not in ("end", "error"):
            messages.append(socket.receive_json())
    rows = [list(message["values"].values()) for message in messages if message["type"] == "activations"]
    np.testing.assert_allclose(np.array(rows)[: len(wanted)], wanted, atol=6e-5)


def test_another_hop_is_said_to_change_nothing(clip: Path, model: Path, wanted: np.ndarray) -> None:
    result = CliRunner().invoke(
        main, ["analyze", str(clip), "--model", str(model), "--hop-ms", "50", "--format", "json"]
    )
    assert result.exit_code == 0
    assert "tiny has steps of 20 ms, which --hop-ms does not change" in result.stderr
    assert len(json.loads(result.stdout)["activation"]["values"]) >= len(wanted)
