"""A spectrum that is computed once a stream gives what the whole network gives."""

from __future__ import annotations

from functools import cache

import network_fixtures
import numpy as np
import onnx
import pytest
import torch
from cuts import CUTS, cut
from tiny_columns import LABELS, LENGTH, RATE, ProjectionNet
from torch import Tensor

from irec_live.models.columns import COLUMNS, COLUMNS_KEY, FRAMES, SharedColumns
from irec_live.models.detector import Detector
from irec_live.models.protobuf import MalformedError
from irec_live.models.subgraph import Tensor as Port
from irec_live.models.subgraph import cut_out
from irec_live.streaming.column_stream import ColumnStream
from irec_live.streaming.pipeline import Pipeline
from irec_models.checkpoint import spec_for
from irec_models.nets.column_network import cut_frames

HOP = 200


class ColumnNet(ProjectionNet):
    """Squared projections of frames, levelled by the window's RMS, one maximum over time."""

    architecture = "columns"
    column_offset = 30

    def features_of(self, columns: Tensor, audio: Tensor) -> Tensor:
        level = audio.square().mean(dim=1)[:, None, None] + 1e-4
        return torch.log(columns / level + 1e-3)

    def classify(self, features: Tensor) -> Tensor:
        logits: Tensor = self.output(features.amax(dim=1))
        return logits


class LevelNet(ColumnNet):
    """The same, but its level is an RMS about the mean, the only thing that it hears of the samples."""

    def features_of(self, columns: Tensor, audio: Tensor) -> Tensor:
        rms = torch.sqrt((audio - audio.mean(dim=1, keepdim=True)).square().mean(dim=1, keepdim=True))
        return torch.log(columns / (rms.square() + 1e-4)[:, :, None] + 1e-3)


class OddNet(ColumnNet):
    """The same, but its root is another than the app takes it for."""

    def features_of(self, columns: Tensor, audio: Tensor) -> Tensor:
        return torch.log(columns / (torch.sqrt(audio.abs().mean(dim=1)) + 1e-2)[:, None, None] + 1e-3)


class ShortNet(ColumnNet):
    """Envelopes from shorter windows of the same columns."""

    architecture = "columns-short"
    kind = "envelope"
    window_length, frames, frame_hop = 480, 6, 80

    def classify(self, features: Tensor) -> Tensor:
        logits: Tensor = self.output(features[:, : self.frames]).transpose(1, 2)
        return logits


class OtherNet(ShortNet):
    """The same from other columns."""

    def columns_of(self, frames: Tensor) -> Tensor:
        columns: Tensor = 2.0 * self.project(frames).square()
        return columns


@pytest.fixture(scope="module", params=[ColumnNet, LevelNet])
def data(request: pytest.FixtureRequest) -> bytes:
    return exported(request.param)


@cache
def exported(kind: type[ColumnNet]) -> bytes:
    torch.manual_seed(4)
    network = kind().eval()
    hop_length = HOP if network.kind == "activation" else 240
    spec = spec_for(network, name=network.architecture, labels=LABELS, hop_length=hop_length)
    return network_fixtures.exported(network, spec)


def sound(seconds: float) -> np.ndarray:
    """Noise that swells, falls silent for a while, and has an offset."""
    noise = 0.3 * np.random.default_rng(0).standard_normal(round(RATE * seconds)) + 0.02
    noise *= np.linspace(0.0, 1.0, noise.size)
    noise[noise.size // 3 : noise.size // 2] = 0.0
    return noise.astype(np.float32)


def activations(detector: Detector, signal: np.ndarray, how: int | str, **options: object) -> np.ndarray:
    pipeline = Pipeline(RATE, [detector], spectrogram=False, **options)  # type: ignore[arg-type]
    for block in cut(signal, how):
        pipeline.push(block)
    pipeline.flush()
    return pipeline.timeline.activations()[1]


def test_a_file_has_one_output_and_names_the_tensors_to_cut_at(data: bytes) -> None:
    graph = onnx.load_from_string(data).graph
    assert [output.name for output in graph.output] == ["activation"]
    assert {FRAMES, COLUMNS} <= {name for node in graph.node for name in node.output}
    parts = Detector(data).shared_columns()
    assert parts is not None
    assert parts.frames == 18
    assert Detector(data, share_columns=False).shared_columns() is None


@pytest.mark.parametrize(("kind", "levelled"), [(ColumnNet, False), (LevelNet, True), (OddNet, False)])
def test_a_level_takes_the_place_of_samples_only_where_it_is_all_that_is_heard_of_them(
    kind: type[ColumnNet], levelled: bool
) -> None:
    parts = Detector(exported(kind)).shared_columns()
    assert parts is not None
    assert parts.levelled == levelled


@pytest.mark.parametrize("how", CUTS)
def test_shared_columns_change_nothing_however_the_sound_is_cut(data: bytes, how: int | str) -> None:
    signal = sound(1.2)
    whole = activations(Detector(data, share_columns=False), signal, "all")
    assert np.ptp(whole) > 0.05
    np.testing.assert_allclose(activations(Detector(data), signal, how), whole, atol=1e-5)


@pytest.mark.parametrize("how", [64, 800])
def test_silence_has_no_columns_and_changes_no_number(
    data: bytes, how: int | str, monkeypatch: pytest.MonkeyPatch
) -> None:
    loud = sound(0.4)[-RATE // 5 :]
    signal = np.concatenate([np.zeros(RATE, np.float32), loud, np.zeros(2 * RATE, np.float32), loud, loud / 1e5])
    whole = activations(Detector(data, share_columns=False), signal, "all")
    detector = Detector(data)
    parts = detector.shared_columns()
    assert parts is not None
    columns, made = parts.columns, []
    monkeypatch.setattr(parts, "columns", lambda frames: made.append(len(frames)) or columns(frames))
    np.testing.assert_allclose(activations(detector, signal, how), whole, atol=1e-5)
    heard = (2 * len(loud) + 4 * LENGTH) // ColumnNet.column_hop  # with the windows that reach beyond either end
    assert len(loud) // ColumnNet.column_hop < sum(made) <= heard


@pytest.mark.parametrize("options", [{"batch": 4}, {"hop_s": 0.01}, {"hop_s": 0.0123}])
def test_shared_columns_change_nothing_in_batches_or_at_other_hops(data: bytes, options: dict[str, float]) -> None:
    signal = sound(1.2)
    whole = activations(Detector(data, share_columns=False), signal, "all", **options)
    np.testing.assert_allclose(activations(Detector(data), signal, 160, **options), whole, atol=1e-5)


def test_after_a_reset_or_a_gap_columns_start_afresh(data: bytes) -> None:
    signal = sound(0.5)
    shared, whole = Pipeline(RATE, [Detector(data)]), Pipeline(RATE, [Detector(data, share_columns=False)])
    for pipeline in (shared, whole):
        pipeline.push(signal, 0)
        pipeline.push(signal, 20 * RATE)
        pipeline.flush()
    np.testing.assert_allclose(shared.timeline.activations()[1], whole.timeline.activations()[1], atol=1e-5)
    once = shared.timeline.activations()[1][: len(activations(Detector(data), signal, "all"))]
    shared.reset()
    shared.push(signal)
    shared.flush()
    np.testing.assert_allclose(shared.timeline.activations()[1], once, atol=1e-5)


def test_each_column_is_computed_once(data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    detector = Detector(data)
    computed = 0
    plain = SharedColumns.columns

    def counted(self: SharedColumns, frames: np.ndarray) -> np.ndarray:
        nonlocal computed
        computed += len(frames)
        return plain(self, frames)

    monkeypatch.setattr(SharedColumns, "columns", counted)
    signal = sound(2.0) + np.float32(0.01)  # of silence there are none
    activations(detector, signal, 160)
    assert computed == (signal.size - 30 - 90) // 40 + 1


@pytest.mark.parametrize(("kind", "shared"), [(ShortNet, True), (OtherNet, False)])
@pytest.mark.parametrize("how", ["all", 160])
def test_two_networks_share_columns_that_are_alike_and_nothing_changes(
    kind: type[ColumnNet], shared: bool, how: int | str, monkeypatch: pytest.MonkeyPatch
) -> None:
    datas = exported(LevelNet), exported(kind)
    computed: list[int] = []
    plain = SharedColumns.columns

    def counted(self: SharedColumns, frames: np.ndarray) -> np.ndarray:
        computed.append(len(frames))
        return plain(self, frames)

    monkeypatch.setattr(SharedColumns, "columns", counted)
    signal = sound(2.0)
    found, made = [], []
    for detectors in ([Detector(data) for data in datas], [Detector(data, share_columns=False) for data in datas]):
        pipeline = Pipeline(RATE, detectors, spectrogram=False)
        for again in (False, True):
            if again:
                pipeline.reset()
            computed.clear()
            for block in cut(signal, how):
                pipeline.push(block)
            pipeline.flush()
        found.append([*pipeline.timeline.activations()[:2], *pipeline.timeline.envelopes()])
        made.append(sum(computed))
    for one, whole in zip(*found, strict=True):
        assert len(one)
        np.testing.assert_allclose(one, whole, atol=1e-5)
    once = signal.size // ColumnNet.column_hop
    assert made[0] < 1.1 * once if shared else made[0] > 1.3 * once


def test_a_window_that_is_not_whole_has_no_columns(data: bytes) -> None:
    parts = Detector(data).shared_columns()
    assert parts is not None
    stream = ColumnStream(parts).reader(parts)
    stream.push(np.zeros(LENGTH - 1, np.float32))
    with pytest.raises(ValueError, match="the window at sample 0 is not whole yet"):
        stream.window(0)
    stream.push(np.zeros(1, np.float32))
    assert stream.window(0).shape == (18, 12)
    with pytest.raises(ValueError, match="the window at sample 40 is not whole yet"):
        stream.window(40)
    with pytest.raises(ValueError, match="no column starts at sample 41"):
        stream.window(41)


@pytest.mark.parametrize(
    "said",
    [
        "no JSON",
        "[]",
        '{"frame_length": 90, "frame_hop": 0, "bands": 12}',
        '{"frame_length": 90, "frame_hop": 41, "bands": 12}',
        '{"frame_length": 9000, "frame_hop": 40, "bands": 12}',
        '{"frame_length": 91, "frame_hop": 40, "offset": 30, "bands": 12}',
        '{"frame_length": 90, "frame_hop": 40, "offset": 31, "bands": 12}',
    ],
)
def test_metadata_that_is_wrong_costs_speed_and_nothing_else(data: bytes, said: str) -> None:
    model = onnx.load_from_string(data)
    for entry in model.metadata_props:
        if entry.key == COLUMNS_KEY:
            entry.value = said
    detector = Detector(model.SerializeToString())
    assert detector.shared_columns() is None
    signal = sound(0.4)
    np.testing.assert_allclose(activations(detector, signal, 160), activations(Detector(data), signal, 160), atol=1e-5)


def test_columns_that_hear_the_whole_window_are_not_shared(data: bytes) -> None:
    model = onnx.load_from_string(data)
    for node in model.graph.node:  # the audio that is levelled is not what the frames are of
        node.output[:] = ["elsewhere" if name == COLUMNS else name for name in node.output]
        node.input[:] = ["elsewhere" if name == COLUMNS else name for name in node.input]
    assert Detector(model.SerializeToString()).shared_columns() is None


def test_a_part_that_needs_more_than_it_is_given_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedError, match="needs audio, which it is not given"):
        cut_out(data, [Port(COLUMNS, ("batch", "n", 12))], [Port("activation", ("batch", 3))])
    with pytest.raises(MalformedError, match="needs nothing-of-it"):
        cut_out(data, [Port("audio", ("batch", LENGTH))], [Port("nothing-of-it", (1,))])


@pytest.mark.parametrize(("size", "length", "hop"), [(800, 90, 40), (32_000, 801, 320), (50, 50, 7), (64, 8, 8)])
def test_frames_are_plain_slices(size: int, length: int, hop: int) -> None:
    audio = torch.arange(2.0 * size).reshape(2, size)
    torch.testing.assert_close(cut_frames(audio, length, hop), audio.unfold(1, length, hop))
