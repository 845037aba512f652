"""A network of envelopes that follows says of a stream what its head says of all of it, given at once."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnx
import pytest
import soundfile
from cuts import CUTS, cut
from grafts import grafted, sized_by
from onnx import helper
from starlette.testclient import TestClient
from tiny_columns import LENGTH, RATE
from tiny_follower import (
    FRAME_HOP,
    FRAMES,
    HOP,
    LABELS,
    STEPS,
    envelope_spec,
    followed,
    follower,
    heard_directly,
    stitched,
    trunk_said,
    windows_directly,
    with_metadata,
)
from tiny_stream import sound

from irec_live.analysis import analyze
from irec_live.errors import ModelError
from irec_live.models.detector import Detector, load_model
from irec_live.models.envelope_head import EnvelopeHead
from irec_live.models.onnx_file import inspect_model
from irec_live.models.state import StatefulNetwork
from irec_live.session import LiveSession
from irec_live.source import ArraySource
from irec_live.streaming.model_stream import WindowPredictor, head_that_follows
from irec_live.streaming.pipeline import Pipeline
from irec_live.web.app import create_app
from irec_live.web.merging import Merging
from irec_models.measuring.predictors import FollowingPredictor, load_following, predict_recording, stitch

WINDOW_STEPS = 4
"""Steps in a window of activations."""


@pytest.fixture(scope="module")
def pair() -> tuple[Detector, Detector]:
    return Detector(followed()), Detector(follower())


@pytest.fixture(scope="module")
def signal() -> np.ndarray:
    return sound(1.3)[: LENGTH + 60 * HOP]


@pytest.fixture(scope="module")
def wanted(signal: np.ndarray) -> np.ndarray:
    return heard_directly(signal)


def rows_in(pipeline: Pipeline) -> np.ndarray:
    """Envelope rows, in the order of `LABELS`."""
    return pipeline.timeline.envelopes()[1][:, [pipeline.labels.index(label) for label in LABELS]]


def envelopes_of(
    models: Sequence[WindowPredictor], signal: np.ndarray, how: int | str = "all", **options: object
) -> np.ndarray:
    pipeline = Pipeline(RATE, models, spectrogram=False, **options)
    for block in cut(signal, how):
        pipeline.push(block)
    pipeline.flush()
    return rows_in(pipeline)


@pytest.mark.parametrize("how", CUTS[1:])
def test_it_says_what_its_head_says_of_the_stream(
    pair: tuple[Detector, Detector], signal: np.ndarray, wanted: np.ndarray, how: int | str
) -> None:
    assert np.ptp(wanted, axis=0).min() > 0.2
    np.testing.assert_allclose(envelopes_of(pair, signal, how), wanted, atol=1e-5)


def test_batches_and_threads_change_nothing(
    pair: tuple[Detector, Detector], signal: np.ndarray, wanted: np.ndarray
) -> None:
    for batch in (2, 8):
        np.testing.assert_allclose(envelopes_of(pair, signal, batch=batch), wanted, atol=1e-5)
        with ThreadPoolExecutor(3) as executor:
            found = envelopes_of(pair, signal, 100, batch=batch, executor=executor)
        np.testing.assert_allclose(found, wanted, atol=1e-5)


def test_neither_its_own_trunk_runs_nor_do_activations_change(
    pair: tuple[Detector, Detector], signal: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert head_that_follows(pair) is pair[1].head

    def predicted(self: Detector, windows: np.ndarray) -> np.ndarray:
        pytest.fail("a window was predicted on")

    monkeypatch.setattr(Detector, "__call__", predicted)
    pipeline, alone = (Pipeline(RATE, models, spectrogram=False) for models in (pair, pair[:1]))
    for each in (pipeline, alone):
        each.push(signal)
        each.flush()
    assert [stream.spec.name for stream in pipeline.streams] == ["tiny", "tiny-envelope"]
    assert pipeline.stats.windows == alone.stats.windows == len(alone.timeline.activations()[0])
    rows = pipeline.timeline.activations()[1]
    np.testing.assert_allclose(rows[:, :3], alone.timeline.activations()[1], atol=1e-6)


def test_of_a_silent_window_the_envelope_is_zero_and_behind_a_long_silence_the_stream_begins_anew(
    pair: tuple[Detector, Detector], signal: np.ndarray
) -> None:
    first, gap = 20 * HOP, 30 * HOP
    quiet = np.concatenate([signal[:first], np.zeros(gap, np.float32), signal])
    found = envelopes_of(pair, quiet)
    lead = WINDOW_STEPS - STEPS
    before, after = windows_directly(quiet), windows_directly(quiet[first + gap - LENGTH + HOP :])
    # Of the first window that reaches the sound again the last row alone is new.
    starts = range((len(quiet) - LENGTH) // HOP + 1)
    loud = [bool(np.square(quiet[HOP * at : HOP * at + LENGTH]).sum() >= LENGTH * 10**-7.5) for at in starts]
    begun = loud.index(True, loud.index(False))
    windows = np.zeros((len(starts) + lead, *before.shape[1:]), np.float32)
    windows[: loud.index(False) + lead] = before[: loud.index(False) + lead]
    after = windows_directly(quiet[begun * HOP :])
    windows[begun + lead :] = after[lead : lead + len(windows) - begun - lead]
    wanted = stitched(windows)
    assert loud.count(False) > 20
    np.testing.assert_allclose(found[: len(wanted)], wanted, atol=1e-5)


def test_a_silent_beginning_has_an_envelope_of_zeros(pair: tuple[Detector, Detector], signal: np.ndarray) -> None:
    found = envelopes_of(pair, np.concatenate([np.zeros(LENGTH + 5 * HOP, np.float32), signal]))
    assert not found[: 8 * HOP // FRAME_HOP].any()  # the first window that reaches the sound tells of its last steps
    assert found[(LENGTH + 8 * HOP) // FRAME_HOP :].all()
    assert not envelopes_of(pair, np.zeros(3 * LENGTH, np.float32)).any()


def test_a_gap_and_a_reset_begin_anew(pair: tuple[Detector, Detector], signal: np.ndarray, wanted: np.ndarray) -> None:
    pipeline = Pipeline(RATE, pair, spectrogram=False)
    pipeline.push(signal, 0)
    pipeline.push(signal, 20 * RATE)
    pipeline.flush()
    times = pipeline.timeline.envelopes()[0]
    np.testing.assert_allclose(rows_in(pipeline), np.concatenate([wanted, wanted]), atol=1e-5)
    assert times[len(wanted)] == 20.0
    assert (np.diff(times) > 0).all()
    pipeline.reset()
    pipeline.push(signal)
    pipeline.flush()
    np.testing.assert_allclose(rows_in(pipeline), wanted, atol=1e-5)


@pytest.mark.parametrize("samples", [LENGTH + 3 * HOP, LENGTH + 3 * HOP + 77, LENGTH + 77, LENGTH, LENGTH - 200, 90])
def test_the_end_is_padded_like_windows(pair: tuple[Detector, Detector], signal: np.ndarray, samples: int) -> None:
    hops = max(0, -(-(samples - LENGTH) // HOP))
    padded = np.concatenate([signal[:samples], np.zeros(LENGTH + hops * HOP - samples, np.float32)])
    found = envelopes_of(pair, signal[:samples], 100)
    assert len(found) == samples // FRAME_HOP + 1
    np.testing.assert_allclose(found, heard_directly(padded)[: len(found)], atol=1e-5)


def test_skipped_windows_have_no_rows_and_count_once(pair: tuple[Detector, Detector], signal: np.ndarray) -> None:
    pipelines = [Pipeline(RATE, models, spectrogram=False, max_pending=1) for models in (pair, pair[:1])]
    for pipeline in pipelines:
        pipeline.push(signal)
        pipeline.flush()
    assert pipelines[0].stats.skipped_windows == pipelines[1].stats.skipped_windows == 60
    found, last = rows_in(pipelines[0]), stitched(windows_directly(signal[60 * HOP :])[-1:])
    np.testing.assert_allclose(found[: len(last)], last, atol=1e-5)
    assert len(found) < len(last) + HOP // FRAME_HOP


def test_alone_it_says_what_it_said_before(pair: tuple[Detector, Detector], signal: np.ndarray) -> None:
    before = Detector(with_metadata(follower(), trunk=None))
    assert before.head is None
    np.testing.assert_array_equal(envelopes_of(pair[1:], signal), envelopes_of([before], signal))
    beside = Detector(with_metadata(followed(), trunk=None))
    np.testing.assert_array_equal(envelopes_of([beside, pair[1]], signal), envelopes_of([before], signal))


def other(**said: str | None) -> Detector:
    return Detector(with_metadata(follower(), **said))


def spec_said(**changed: object) -> str:
    made: str = json.dumps(envelope_spec().model_dump(by_alias=True) | changed)
    return made


@pytest.mark.parametrize(
    "said",
    [
        {"trunk": trunk_said(maps=[[3, 1], [12, 2]])},
        {"trunk": trunk_said(maps=[[3, 1]])},
        {"trunk": trunk_said(of="")},
        {"trunk": trunk_said(of="0" * 64)},
        {"trunk": trunk_said(steps=99)},
        {"trunk": trunk_said(steps=1)},
        {"spec": spec_said(sample_rate=16_000)},
    ],
)
def test_one_that_differs_does_not_follow(pair: tuple[Detector, Detector], said: dict[str, str]) -> None:
    assert head_that_follows([pair[0], other(**said)]) is None


@pytest.mark.parametrize("tensor", ["maps.0", "maps.1", "columns"])
def test_maps_of_other_numbers_are_not_followed(pair: tuple[Detector, Detector], tensor: str) -> None:
    node = helper.make_node("Mul", [f"{tensor}.plain", "graft.factor"], [tensor])
    data = grafted(followed(), tensor, [node], {"graft.factor": np.array(1.1, np.float32)})
    assert head_that_follows([Detector(data), pair[1]]) is None


def test_a_network_of_windows_is_not_followed(pair: tuple[Detector, Detector]) -> None:
    windows = Detector(with_metadata(followed(), state=None))
    assert windows.stateful is None
    assert head_that_follows([windows, pair[1]]) is None
    assert head_that_follows(pair[:1]) is head_that_follows(pair[1:]) is None


@pytest.mark.parametrize(
    "said",
    [
        "",
        "{",
        "[" * 10_000,
        "7",
        "{}",
        json.dumps({"maps": []}),
        json.dumps({"maps": [[3]]}),
        json.dumps({"maps": [[-3, 1]]}),
        json.dumps({"maps": [[65_536, 65_536, 65_536]]}),
        json.dumps({"maps": [[8, 8]] * 1000}),
        json.dumps({"maps": [[3, 1], [12, 4]], "also": 1}),
        json.dumps({"maps": [[3, 1], [12, 4], [5, 5]]}),
    ],
)
def test_a_trunk_that_makes_no_sense_is_none(signal: np.ndarray, said: str) -> None:
    models = [Detector(with_metadata(data, trunk=said)) for data in (followed(), follower())]
    assert head_that_follows(models) is None
    for model in models:
        model.try_batch(2)
    plain = [Detector(with_metadata(data, trunk=None)) for data in (followed(), follower())]
    np.testing.assert_array_equal(envelopes_of(models, signal), envelopes_of(plain, signal))


def test_what_was_heard_decides_no_sizes_even_if_it_is_constant_in_the_whole_graph(
    pair: tuple[Detector, Detector],
) -> None:
    nodes = [
        helper.make_node("Concat", ["windows.shape", "graft.rest"], ["graft.sizes"], axis=0),
        helper.make_node("Expand", ["graft.silence", "graft.sizes"], ["maps.0"]),
    ]
    plain = {"graft.silence": np.zeros((1, 3, 2), np.float32), "graft.rest": np.array([3, 2], np.int64)}
    data = grafted(follower(), "maps.0", nodes, plain)
    data = grafted(data, "head.0", *sized_by("maps.0", "head.0"))
    inspect_model(data)  # of the whole there is nothing to be said
    assert Detector(data).head is None


def test_live_and_file_agree_even_of_files_tried_out_apart(
    tmp_path: Path, signal: np.ndarray, wanted: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, data in (("tiny", followed()), ("tiny-envelope", follower())):
        (tmp_path / f"{name}.onnx").write_bytes(data)
    models = [load_model(tmp_path / f"{name}.onnx") for name in ("tiny", "tiny-envelope")]
    sizes: set[int] = set()
    plain = EnvelopeHead._run

    def counted(self: EnvelopeHead, maps: Sequence[np.ndarray]) -> np.ndarray:
        sizes.add(len(maps[0]))
        return plain(self, maps)

    monkeypatch.setattr(EnvelopeHead, "_run", counted)
    clip = tmp_path / "clip.wav"
    soundfile.write(clip, signal, RATE, subtype="FLOAT")
    of_file = analyze(clip, models=models)
    session = LiveSession(ArraySource(signal, RATE, block=100), models)
    assert session.wait(60)
    live = rows_in(session.pipeline)
    session.close()
    order = [of_file.labels.index(label) for label in LABELS]
    np.testing.assert_allclose(of_file.envelope[:, order], wanted[: len(of_file.envelope)], atol=1e-5)
    np.testing.assert_allclose(live, wanted, atol=1e-5)
    assert sizes == {1, 2, 16}
    assert [use.name for use in of_file.models] == ["tiny", "tiny-envelope"]


def test_a_page_streams_it(tmp_path: Path, signal: np.ndarray, wanted: np.ndarray) -> None:
    for name, data in (("tiny", followed()), ("tiny-envelope", follower())):
        (tmp_path / f"{name}.onnx").write_bytes(data)
    app = create_app([tmp_path / f"{name}.onnx" for name in ("tiny", "tiny-envelope")], hosts=("localhost",))
    with (
        TestClient(app, base_url="http://localhost") as client,
        client.websocket_connect("ws://localhost/v1/stream") as socket,
    ):
        socket.send_text(json.dumps({"type": "start", "rate": RATE}))
        assert socket.receive_json()["models"] == ["tiny", "tiny-envelope"]
        for part in np.array_split(signal, 7):
            socket.send_bytes(part.tobytes())
        socket.send_text('{"type": "end"}')
        messages = []
        while not messages or messages[-1]["type"] not in ("end", "error"):
            messages.append(socket.receive_json())
    rows = [message["values"] for message in messages if message["type"] == "envelopes"]
    found = np.array([[row[label] for label in LABELS] for row in rows])
    assert len(found) > 100
    np.testing.assert_allclose(found, wanted[: len(found)], atol=6e-5)


def test_merged_streams_of_a_server_pass_the_head_on(pair: tuple[Detector, Detector]) -> None:
    merging = Merging()
    assert head_that_follows([merging.of(each) for each in pair]) is pair[1].head


def test_two_streams_at_once_read_with_maps_of_their_own(
    pair: tuple[Detector, Detector], signal: np.ndarray, wanted: np.ndarray
) -> None:
    found: dict[bool, np.ndarray] = {}

    def listen(backwards: bool) -> None:
        found[backwards] = envelopes_of(pair, signal[::-1].copy() if backwards else signal, 300)

    threads = [threading.Thread(target=listen, args=(backwards,)) for backwards in (False, True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    np.testing.assert_allclose(found[False], wanted, atol=1e-5)
    np.testing.assert_allclose(found[True], heard_directly(signal[::-1].copy()), atol=1e-5)


def test_behind_a_call_that_failed_a_stream_begins_anew(
    pair: tuple[Detector, Detector], signal: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline, half = Pipeline(RATE, pair, spectrogram=False), LENGTH + 2 * HOP

    def failing(self: StatefulNetwork, columns: np.ndarray, state: tuple[np.ndarray, ...]) -> None:
        raise MemoryError

    pipeline.push(signal[:half])
    with monkeypatch.context() as patch:
        patch.setattr(StatefulNetwork, "advance_with_maps", failing)
        with pytest.raises(MemoryError):
            pipeline.push(signal[half : half + HOP])
    pipeline.push(signal[half + HOP :])
    pipeline.flush()
    found, anew = rows_in(pipeline), heard_directly(signal[4 * HOP :])
    np.testing.assert_allclose(found[-160:], anew[-160:], atol=1e-5)


def test_the_file_is_sound(pair: tuple[Detector, Detector]) -> None:
    onnx.checker.check_model(onnx.load_from_string(follower()))
    assert pair[1].shared_columns() is not None


def test_measured_beside_the_other_it_says_what_the_app_says(
    tmp_path: Path, pair: tuple[Detector, Detector], signal: np.ndarray, wanted: np.ndarray
) -> None:
    predictor = FollowingPredictor(pair[1], pair[0])
    rows = predict_recording(predictor, signal, predictor.spec.hop_length)
    whole = len(wanted) - 2 * FRAMES  # the last windows reach beyond the sound
    np.testing.assert_allclose(stitch(rows, HOP // FRAME_HOP).T[:whole], wanted[:whole], atol=1e-5)
    for name, data in (("tiny", followed()), ("tiny-envelope", follower())):
        (tmp_path / f"{name}.onnx").write_bytes(data)
    assert load_following(tmp_path / "tiny-envelope.onnx", tmp_path / "tiny.onnx").spec == predictor.spec
    with pytest.raises(ModelError, match="tiny does not follow tiny"):
        load_following(tmp_path / "tiny.onnx", tmp_path / "tiny.onnx")
