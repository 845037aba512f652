"""A context head in a file: what the app makes of a stream with it, and that nothing else changes."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from cuts import cut
from grafts import grafted, sized_by
from network_fixtures import exported
from torch import Tensor

from irec_live.errors import ExportError, ModelError
from irec_live.models.context import CONTEXT_KEY, ContextHead, ContextSpec
from irec_live.models.detector import Detector, load_model
from irec_live.models.onnx_file import inspect_model
from irec_live.streaming.pipeline import Pipeline
from irec_live.web.merging import MergedDetector, Merger, says_the_same_in_company
from irec_models.checkpoint import spec_for
from irec_models.context.head import ContextHeadNet
from irec_models.context.into_file import with_head
from irec_models.measuring.predictors import predict_recording
from irec_models.nets import TuttiMobileNet

LABELS = ("cello", "flute", "voice")
RATE, HOP = 32_000, 6400


@pytest.fixture(scope="module")
def network() -> TuttiMobileNet:
    torch.manual_seed(0)
    network = TuttiMobileNet(3).eval()
    network.fit_readings([torch.randn(4, network.window_length) * torch.rand(4, 1)])
    return network.folded().eval()  # type: ignore[return-value]


@pytest.fixture(scope="module")
def plain(network: TuttiMobileNet) -> bytes:
    return exported(network, spec_for(network, name="toy", labels=LABELS, hop_length=HOP), "# Toy")


@pytest.fixture(scope="module")
def head(network: TuttiMobileNet) -> ContextHeadNet:
    torch.manual_seed(1)
    size = network.embedding_size
    head = ContextHeadNet(
        torch.randn(size), 0.5 + torch.rand(size), 3, projection=5, hidden=7, means_s=(0.4, 1.0), maxima_s=(0.6,)
    )
    torch.nn.init.normal_(head.output.weight)
    return head.eval()


@pytest.fixture(scope="module")
def data(plain: bytes, head: ContextHeadNet) -> bytes:
    return with_head(plain, head)


def sound(seconds: float) -> np.ndarray:
    """Noise whose colour changes, with a silence in it."""
    noise = 0.2 * np.random.default_rng(0).standard_normal(round(RATE * seconds))
    smooth = np.convolve(noise, np.ones(24) / 8, mode="same")
    noise = np.where(np.arange(noise.size) % (2 * RATE) < RATE, noise, smooth)
    noise[round(0.4 * noise.size) : round(0.4 * noise.size) + round(1.6 * RATE)] = 0.0
    return noise.astype(np.float32)


@torch.no_grad()
def wanted(network: TuttiMobileNet, head: ContextHeadNet, audio: np.ndarray) -> np.ndarray:
    """Activations of all whole windows, by the network and the head that learn."""
    windows = torch.from_numpy(np.lib.stride_tricks.sliding_window_view(audio, RATE)[::HOP].copy())
    heard = (windows.square().mean(dim=1).sqrt() >= 10 ** (-75 / 20)).float()
    readings = network.embed(network.features(windows))
    features = head.features(readings[None], network.decide(readings)[None])
    said: Tensor = torch.sigmoid(head.answer(head.contexts(features, heard[None], HOP / RATE)))[0] * heard[:, None]
    return said.numpy()


def activations(detector: Detector, audio: np.ndarray, how: int | str, **options: int) -> np.ndarray:
    pipeline = Pipeline(RATE, [detector], spectrogram=False, **options)  # type: ignore[arg-type]
    for block in cut(audio, how):
        pipeline.push(block)
    pipeline.flush()
    return pipeline.timeline.activations()[1]


def test_a_head_changes_nothing_of_what_the_file_says_of_windows(plain: bytes, data: bytes) -> None:
    graph = onnx.load_from_string(data).graph
    assert [output.name for output in graph.output] == ["activation"]
    windows = sound(4.0).reshape(4, RATE)
    before, after = Detector(plain), Detector(data)
    assert before.context is None
    assert after.context is not None
    np.testing.assert_allclose(after(windows), before(windows), atol=1e-6)
    assert after.spec == before.spec
    assert after.with_features(windows)[1].shape == (4, 8)


@pytest.mark.parametrize("share", [True, False])
@pytest.mark.parametrize(("how", "batch"), [("all", 1), (4096, 1), ("random", 1), ("all", 16), (4096, 5)])
def test_a_stream_is_told_what_the_head_says_of_its_last_seconds(
    network: TuttiMobileNet, head: ContextHeadNet, data: bytes, how: int | str, batch: int, share: bool
) -> None:
    audio = sound(7.4)
    direct = wanted(network, head, audio)
    found = activations(Detector(data, share_columns=share), audio, how, batch=batch)
    np.testing.assert_allclose(found[: len(direct)], direct, atol=2e-4)
    assert np.ptp(direct) > 0.1
    assert not direct.any(axis=1).all()  # some of it was silent


def test_streams_that_share_calls_have_contexts_of_their_own(data: bytes) -> None:
    audio, detector = sound(3.0), Detector(data)
    for share in (True, False):
        merged = MergedDetector(Detector(data, share_columns=share), Merger())
        found = activations(merged, audio, 4096)  # type: ignore[arg-type]
        np.testing.assert_allclose(found, activations(detector, audio, "all"), atol=1e-5)
        assert says_the_same_in_company(Detector(data, share_columns=share)) in (True, False)


def test_measures_hear_what_the_app_does(data: bytes) -> None:
    audio, detector = sound(5.0), Detector(data)
    measured = predict_recording(detector, audio, HOP)
    np.testing.assert_allclose(measured, activations(detector, audio, "all"), atol=1e-4)


def test_after_a_long_gap_or_a_reset_nothing_is_left_of_before(data: bytes) -> None:
    audio, detector = sound(3.0), Detector(data)
    fresh = activations(detector, audio, "all")
    pipeline = Pipeline(RATE, [detector], spectrogram=False)
    pipeline.push(0.5 * audio[::-1].copy(), 0)
    pipeline.push(audio, 20 * RATE)
    pipeline.flush()
    times, rows, _ = pipeline.timeline.activations()
    np.testing.assert_allclose(rows[times >= 20.0], fresh, atol=1e-5)
    pipeline.reset()
    pipeline.push(audio)
    pipeline.flush()
    np.testing.assert_allclose(pipeline.timeline.activations()[1], fresh, atol=1e-5)


def test_another_head_takes_the_place_of_the_first(plain: bytes, data: bytes, head: ContextHeadNet) -> None:
    assert with_head(data, head) == with_head(plain, head)


def test_a_strangers_file_is_heard_with_its_context_after_a_test_run(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "mine.onnx").write_bytes(data)
    audio = sound(3.0)
    loaded = load_model(tmp_path / "mine.onnx")
    np.testing.assert_allclose(activations(loaded, audio, "all"), activations(Detector(data), audio, "all"), atol=1e-5)


def test_a_strangers_head_decides_on_so_many_windows_a_call_as_were_tried_and_no_others(
    data: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain, calls = ContextHead._run, set()

    def counted(self: ContextHead, context: np.ndarray) -> np.ndarray:
        calls.add(len(context))
        return plain(self, context)

    detector, audio = Detector(data, share_columns=False), sound(6.0)
    wanted = activations(detector, audio, "all", batch=16)
    monkeypatch.setattr(ContextHead, "_run", counted)
    detector.keep_to([1, 4])
    np.testing.assert_allclose(activations(detector, audio, "all", batch=16), wanted, atol=1e-5)
    assert calls <= {1, 4}
    assert 4 in calls


def test_a_context_decides_no_sizes_even_if_it_is_constant_in_the_whole_graph(data: bytes) -> None:
    nodes = [onnx.helper.make_node("ConstantOfShape", ["graft.shape"], ["context"])]
    spec = ContextSpec.model_validate_json(_said(data)[CONTEXT_KEY])
    data = grafted(data, "context", nodes, {"graft.shape": np.array([1, spec.size])})
    data = grafted(data, "decided", *sized_by("context", "decided"))
    inspect_model(data)  # of the whole there is nothing to be said
    with pytest.raises(ModelError, match="lets the sound decide how much memory its operator Range takes"):
        Detector(data)


@pytest.mark.parametrize("said", ["{", '{"width": 8, "means_s": [-1]}', '{"width": 0}', '{"width": 9}', "[" * 9999])
def test_a_file_whose_context_makes_no_sense_is_refused(data: bytes, said: str) -> None:
    with pytest.raises(ModelError):
        Detector(_saying(data, said))


def test_a_file_that_promises_a_head_it_lacks_is_refused(plain: bytes) -> None:
    with pytest.raises(ModelError, match="has no usable context head"):
        Detector(_saying(plain, '{"width": 8, "means_s": [1.0]}'))


def test_only_a_graph_with_readings_takes_a_head(plain: bytes, head: ContextHeadNet) -> None:
    model = onnx.load_from_string(plain)
    for node in model.graph.node:
        for place, name in enumerate(node.input):
            if name.startswith("network.read."):
                node.input[place] = name.replace("network.read.", "network.heard.")
    changed = io.BytesIO(model.SerializeToString()).getvalue()
    with pytest.raises(ExportError, match="no readings"):
        with_head(changed, head)


def _said(data: bytes) -> dict[str, str]:
    return {entry.key: entry.value for entry in onnx.load_from_string(data).metadata_props}


def _saying(data: bytes, context: str) -> bytes:
    model = onnx.load_from_string(data)
    kept = _said(data)
    del model.metadata_props[:]
    for key, value in {**kept, CONTEXT_KEY: context}.items():
        model.metadata_props.add(key=key, value=value)
    return model.SerializeToString()
