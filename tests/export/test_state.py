"""A network that keeps a state says of a stream what it would say if it were given all of it at once."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import onnx
import pytest
import torch
from cuts import CUTS, cut
from grafts import grafted, sized_by
from onnx import helper
from tiny_columns import LENGTH, RATE
from tiny_stream import STEP, TinyNet, directly, exported, network, sound, spec

import tiny_models
from irec_export.verify import compare_streams
from irec_live.errors import ModelError
from irec_live.models.detector import Detector
from irec_live.models.onnx_file import inspect_model
from irec_live.models.state import STATE_KEY, StatefulNetwork
from irec_live.streaming.column_stream import ColumnStreams
from irec_live.streaming.pipeline import Pipeline
from irec_live.streaming.state_stream import StateStream
from irec_live.web.merging import Merging
from irec_models.measuring.predictors import CheckpointPredictor, StatefulCheckpoint, hop_of, predict_recording


@pytest.fixture
def detector() -> Detector:
    return Detector(exported())


def rows_of(detector: Detector, signal: np.ndarray, how: int | str = "all", **options: object) -> np.ndarray:
    pipeline = Pipeline(RATE, [detector], spectrogram=False, **options)
    for block in cut(signal, how):
        pipeline.push(block)
    pipeline.flush()
    return pipeline.timeline.activations()[1]


def with_state(data: bytes, said: str) -> bytes:
    model = onnx.load_from_string(data)
    for entry in model.metadata_props:
        if entry.key == STATE_KEY:
            entry.value = said
    return model.SerializeToString()


@pytest.mark.parametrize("how", CUTS)
def test_a_stream_is_heard_as_if_it_were_given_at_once(detector: Detector, how: int | str) -> None:
    signal = sound(1.2)
    wanted = directly(signal)
    found = rows_of(detector, signal, how)
    assert np.ptp(wanted) > 0.05
    np.testing.assert_allclose(found[: len(wanted)], wanted, atol=1e-5)


def test_batches_change_nothing_even_by_several_threads(detector: Detector) -> None:
    signal = sound(4.0)
    singly = rows_of(detector, signal, 160)
    with ThreadPoolExecutor(3) as executor:
        together = rows_of(detector, signal, "all", batch=8, executor=executor)
    np.testing.assert_allclose(together, singly, atol=1e-5)


def test_the_first_answers_do_not_wait_for_a_whole_batch(detector: Detector) -> None:
    pipeline = Pipeline(RATE, [detector], spectrogram=False, batch=16)
    signal = sound(2.0)
    pipeline.push(signal[: LENGTH - 1])
    assert not len(pipeline.timeline.activations()[1])
    pipeline.push(signal[LENGTH - 1 : LENGTH + 320])
    assert len(pipeline.timeline.activations()[1]) == 3
    pipeline.push(signal[LENGTH + 320 : LENGTH + 320 + 15 * 160])
    assert len(pipeline.timeline.activations()[1]) == 3
    pipeline.push(signal[LENGTH + 320 + 15 * 160 :])
    pipeline.flush()
    np.testing.assert_allclose(pipeline.timeline.activations()[1], rows_of(detector, signal), atol=1e-5)


def test_batches_are_read_one_after_the_other(detector: Detector, monkeypatch: pytest.MonkeyPatch) -> None:
    plain, reading, overlaps = StatefulNetwork.advance, threading.Lock(), []

    def watched(self: StatefulNetwork, columns: np.ndarray, state: tuple[np.ndarray, ...]) -> object:
        overlaps.append(not reading.acquire(blocking=False))
        try:
            return plain(self, columns, state)
        finally:
            if not overlaps[-1]:
                reading.release()

    monkeypatch.setattr(StatefulNetwork, "advance", watched)
    with ThreadPoolExecutor(4) as executor:
        rows_of(detector, sound(4.0), "all", batch=1, executor=executor)
    assert len(overlaps) > 10
    assert not any(overlaps)


def test_what_is_exported_is_compared_with_torch_over_a_stream(detector: Detector) -> None:
    windows = {str(place): part for place, part in enumerate(np.split(sound(1.2), 12))}
    assert detector.stateful is not None
    assert compare_streams(network(), detector.stateful, windows) < 1e-5
    other = TinyNet().eval()
    other.load_state_dict({name: value + 0.1 for name, value in network().state_dict().items()})
    assert compare_streams(other, detector.stateful, windows) > 1e-2


def test_a_window_alone_is_a_stream_that_begins_with_it(detector: Detector) -> None:
    window = sound(1.0)[-LENGTH:]
    np.testing.assert_allclose(detector(window[None]), directly(window), atol=1e-5)


def test_after_silence_a_gap_or_a_reset_a_stream_begins_anew(detector: Detector) -> None:
    signal = sound(0.5)
    once = rows_of(detector, signal)
    pipeline = Pipeline(RATE, [detector], spectrogram=False)
    pipeline.push(signal, 0)
    pipeline.push(signal, 20 * RATE)
    pipeline.flush()
    rows = pipeline.timeline.activations()[1]
    np.testing.assert_allclose(rows, np.concatenate([once, once]), atol=1e-5)
    pipeline.reset()
    pipeline.push(signal)
    pipeline.flush()
    np.testing.assert_allclose(pipeline.timeline.activations()[1], once, atol=1e-5)
    quiet = np.concatenate([signal[: 20 * 160], np.zeros(30 * 160, np.float32), signal])
    after = rows_of(detector, quiet)
    loud = after[50 : 50 + len(once)]  # windows that begin where the sound does
    assert not after[25:40].any()
    assert len(loud) == len(once)


def test_a_reset_leaves_nothing_of_what_was_still_being_read(
    detector: Detector, monkeypatch: pytest.MonkeyPatch
) -> None:
    signal = sound(1.0)
    wanted = rows_of(detector, signal)
    plain, begun, go_on = StatefulNetwork.advance, threading.Event(), threading.Event()

    def held(self: StatefulNetwork, columns: np.ndarray, state: tuple[np.ndarray, ...]) -> object:
        begun.set()
        go_on.wait()
        return plain(self, columns, state)

    monkeypatch.setattr(StatefulNetwork, "advance", held)
    with ThreadPoolExecutor(1) as executor:
        pipeline = Pipeline(RATE, [detector], spectrogram=False, executor=executor)
        pipeline.push(signal[: LENGTH + 160])  # so few windows that nothing waits for them
        begun.wait()
        resetting = threading.Thread(target=pipeline.reset)
        resetting.start()
        go_on.set()
        resetting.join()
        pipeline.push(signal)
        pipeline.flush()
    np.testing.assert_allclose(pipeline.timeline.activations()[1], wanted, atol=1e-5)


def test_behind_a_call_that_failed_a_stream_begins_anew(detector: Detector) -> None:
    network, signal = detector.stateful, sound(1.0)
    assert network is not None
    frames = np.lib.stride_tricks.sliding_window_view(signal[network.spec.offset :], network.spec.frame_length)
    columns = network.columns(np.ascontiguousarray(frames[:: network.spec.frame_hop]))
    stream, hop = StateStream(network, 160), STEP
    windows = [columns[hop * place :][: network.frames] for place in range(3)]
    stream.decide([0], windows[:1])
    with pytest.raises(ModelError):
        stream.decide([160], [windows[1][:, :5]])
    found = stream.decide([320], windows[2:])
    np.testing.assert_allclose(found, directly(signal[320:])[:1], atol=1e-5)


def test_skipped_windows_are_a_gap(detector: Detector) -> None:
    signal = sound(2.0)
    pipeline = Pipeline(RATE, [detector], spectrogram=False, max_pending=1)
    pipeline.push(signal)
    last = pipeline.timeline.activations()[1][-1]
    assert pipeline.stats.skipped_windows > 5
    starts = (len(signal) - LENGTH) // 160 * 160
    np.testing.assert_allclose(last, detector(signal[None, starts : starts + LENGTH])[0], atol=1e-5)


@pytest.mark.parametrize(("missing", "carried_on"), [(1, True), (3, True), (4, False), (20, False)])
def test_behind_a_few_windows_that_did_not_come_a_stream_goes_on(
    detector: Detector, missing: int, carried_on: bool
) -> None:
    network, signal = detector.stateful, sound(2.0)
    assert network is not None
    cut = network.spec
    frames = np.lib.stride_tricks.sliding_window_view(signal[cut.offset :], cut.frame_length)[:: cut.frame_hop]
    columns = network.columns(np.ascontiguousarray(frames))
    places = [0, 1, 2, 3 + missing, 4 + missing]
    windows = [columns[STEP * place :][: network.frames] for place in places]
    starts = [place * STEP * cut.frame_hop for place in places]
    found = StateStream(network, STEP * cut.frame_hop).decide(starts, windows)
    anew = directly(signal[starts[3] :])[:2]
    np.testing.assert_allclose(found[3:], directly(signal)[places[3:]] if carried_on else anew, atol=1e-5)
    singly = StateStream(network, STEP * cut.frame_hop)
    parts = [singly.decide([start], [window]) for start, window in zip(starts, windows, strict=True)]
    np.testing.assert_allclose(np.concatenate(parts), found, atol=1e-5)
    assert np.abs(directly(signal)[places[3:]] - anew).max() > 1e-4


def test_columns_are_shared_with_a_network_whose_windows_begin_with_some_more(
    detector: Detector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever of the two has the streams computed."""
    other = TinyNet().eval()
    other.load_state_dict(network().state_dict())
    other.column_offset = TinyNet.column_offset - 2 * TinyNet.column_hop
    maker = StatefulCheckpoint(other)
    maker.front = detector.stateful.front  # type: ignore[union-attr]
    streams, made = ColumnStreams(), []
    readers = [streams.reader(each, RATE) for each in (maker, detector.stateful)]
    for each in (maker, detector.stateful):
        plain = each.columns
        monkeypatch.setattr(each, "columns", lambda frames, plain=plain: made.append(len(frames)) or plain(frames))
    signal = sound(0.5)
    for reader in readers:
        reader.push(signal)
    net = network()
    with torch.no_grad():
        window = torch.from_numpy(signal[None, 320 : 320 + LENGTH])
        wanted = [each.columns_of(each.frames_of(window))[0].numpy() for each in (other, net)]
    for reader, columns in zip(readers, wanted, strict=True):
        np.testing.assert_allclose(reader.window(320)[-len(columns) :], columns, atol=1e-5)
    assert sum(made) == (len(signal) - 90 - 20) // 40 + 1


def test_what_is_not_finite_is_not_handed_on(detector: Detector, monkeypatch: pytest.MonkeyPatch) -> None:
    network = detector.stateful
    assert network is not None
    shapes = [each.shape for each in network.begin()]

    class Rest:
        def run(self, outputs: None, feed: dict[str, np.ndarray]) -> list[np.ndarray]:
            return [np.zeros((1, 1, 3), np.float32), *(np.full(shape, fill, np.float32) for shape in shapes)]

    monkeypatch.setattr(network, "_rest", Rest())
    for fill in (np.nan, np.inf, -np.inf, 3e38, -1.0):
        _, state = network.advance(np.zeros((STEP, 12), np.float32), network.begin())
        for each, shape in zip(state, shapes, strict=True):
            np.testing.assert_array_equal(each, np.full(shape, np.nan_to_num(np.float32(fill)), np.float32))


def test_its_hop_is_its_own(detector: Detector) -> None:
    assert Pipeline(RATE, [detector], hop_s=0.05).streams[0].hop_s == 0.02
    assert hop_of(detector, 400) == 160


@pytest.mark.parametrize("trained", [False, True])
def test_what_is_measured_is_what_the_app_does(detector: Detector, trained: bool) -> None:
    signal = sound(1.5)
    signal[4000:8000] = 0.0
    predictor = CheckpointPredictor(network(), spec()) if trained else detector
    np.testing.assert_allclose(predict_recording(predictor, signal, 400), rows_of(detector, signal), atol=1e-5)
    nothing = predict_recording(predictor, np.zeros(3 * LENGTH, np.float32), 400)
    assert nothing.shape == (11, 3)
    assert not nothing.any()


def test_streams_of_a_server_keep_their_own_states(detector: Detector) -> None:
    assert Merging().of(detector) is detector


def test_a_strangers_network_reads_so_many_steps_a_call_as_were_tried_and_no_others(
    detector: Detector, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = rows_of(detector, sound(2.0), "all", batch=64)
    plain, calls, fronts = StatefulNetwork._run, [], []
    network = detector.stateful
    assert network is not None
    front = network._front

    def counted(self: StatefulNetwork, columns: np.ndarray, state: tuple[np.ndarray, ...]) -> object:
        calls.append(len(columns))
        return plain(self, columns, state)

    class Front:
        def run(self, outputs: None, feed: dict[str, np.ndarray]) -> list[np.ndarray]:
            fronts.append(feed["frames"].shape[1])
            result: list[np.ndarray] = front.run(outputs, feed)
            return result

    monkeypatch.setattr(StatefulNetwork, "_run", counted)
    monkeypatch.setattr(network, "_front", Front())
    for batch in (1, 2, 5):
        detector.try_batch(batch)
    tried = {1 * STEP, 2 * STEP, 5 * STEP}
    assert set(calls) == set(fronts) == tried
    detector.keep_to([1, 2, 5])
    np.testing.assert_allclose(rows_of(detector, sound(2.0), "all", batch=64), wanted, atol=1e-5)
    np.testing.assert_allclose(rows_of(detector, sound(2.0), 333), wanted, atol=1e-5)
    assert set(calls) == set(fronts) == tried


@pytest.mark.parametrize("as_weight", [False, True])
@pytest.mark.parametrize(("heard", "tensor"), [("state.1", "rows"), ("frames", "columns")])
def test_what_was_heard_decides_no_sizes_even_if_it_is_constant_in_the_whole_graph(
    heard: str, tensor: str, as_weight: bool
) -> None:
    silence = np.zeros((1, 1, 1) if heard == "state.1" else (1, 16, 90), np.float32)
    if as_weight:
        data = grafted(exported(), heard, [], {heard: silence})
    else:
        nodes = [helper.make_node("Identity", ["graft.silence"], [heard])]
        data = grafted(exported(), heard, nodes, {"graft.silence": silence})
    data = grafted(data, tensor, *sized_by(heard, tensor))
    inspect_model(data)  # of the whole there is nothing to be said
    with pytest.raises(ModelError, match="lets the sound decide how much memory its operator Range takes"):
        Detector(data)


@pytest.mark.parametrize(
    ("operator", "inputs", "reason"),
    [("Slice", ("first", "last", "axis"), "returned float32"), ("Reshape", ("shape",), "failed while it ran")],
)
def test_columns_that_are_not_what_was_promised_are_one_sentence(
    operator: str, inputs: tuple[str, ...], reason: str
) -> None:
    """A part that gives the columns of a window, and no more however many it is asked for."""
    sizes = {"first": [0], "last": [16], "axis": [1], "shape": [-1, 16, 12]}
    node = helper.make_node(operator, ["columns.plain", *(f"cut.{name}" for name in inputs)], ["columns"])
    weights = {f"cut.{name}": np.array(sizes[name], np.int64) for name in inputs}
    detector = Detector(grafted(exported(), "columns", [node], weights))
    with pytest.raises(ModelError, match=reason):
        rows_of(detector, sound(1.0))
    with pytest.raises(ModelError, match=reason):
        detector.try_batch(5)


def test_a_window_may_be_a_single_step() -> None:
    long, short = (Detector(tiny_models.stream_model(window_length=length)) for length in (8000, 320))
    assert long.stateful is not None
    assert short.stateful is not None
    assert (long.stateful.frames, short.stateful.frames) == (100, 4)
    signal = sound(3.0)
    found, wanted = rows_of(short, signal, 100), rows_of(long, signal)
    assert np.ptp(wanted) > 0.05
    whole = (len(signal) - 8000) // 320 + 1
    np.testing.assert_allclose(found[24 : 24 + whole], wanted[:whole], atol=1e-5)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("no JSON", "does not tell how it is run over a stream"),
        ('{"step": 4, "shapes": []}', "does not tell how it is run over a stream"),
        ('{"step": 4, "shapes": [[65536, 65536], [1]]}', "does not tell how it is run over a stream"),
        ('{"step": 3, "shapes": [[1, 12], [1, 1]]}', "its windows are no whole number of its steps"),
        ('{"step": 8, "shapes": [[1, 12], [1, 1]]}', "its windows are no whole number of its steps"),
        ('{"step": 4, "shapes": [[1, 12]]}', "cannot be run over a stream"),
        ('{"step": 4, "shapes": [[1, 11], [1, 1]]}', "is not a model that ONNX Runtime can run"),
    ],
)
def test_a_state_that_makes_no_sense_is_one_sentence(said: str, reason: str) -> None:
    with pytest.raises(ModelError, match=reason):
        Detector(with_state(exported(), said))


def test_parts_that_are_not_the_whole_are_refused() -> None:
    model = onnx.load_from_string(exported())
    last = next(node for node in model.graph.node if node.output[0] == "activation")
    last.output[0] = "elsewhere"
    model.graph.node.append(onnx.helper.make_node("Sqrt", ["elsewhere"], ["activation"]))
    with pytest.raises(ModelError, match="says one thing of a window and another of a stream"):
        Detector(model.SerializeToString())


def test_envelopes_keep_no_state() -> None:
    model = onnx.load_from_string(exported())
    for entry in model.metadata_props:
        if entry.key == "irec.spec":
            told = json.loads(entry.value)
            told.update(kind="envelope", frames=1, frame_hop=160)
            entry.value = json.dumps(told)
    model.graph.output[0].name = "envelope"
    with pytest.raises(ModelError):
        Detector(model.SerializeToString())
