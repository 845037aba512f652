"""The envelope network behind the trunk of `tutti-1s`: what it reads of a stream is what it reads of a window."""

from __future__ import annotations

from pathlib import Path

import onnx
import pytest
import torch
from network_fixtures import write_network

from irec_export.to_onnx import export
from irec_live.models.catalog import find_model
from irec_live.models.onnx_file import inspect_model, read_model_bytes
from irec_live.models.trunk import MAPS, trunk_spec
from irec_models.measuring.restore import network_of
from irec_models.nets import HeadedNetwork, TuttiStreamEnvelopeNet, TuttiStreamNet
from irec_models.nets.tutti_mobile_envelope import FRAME_HOP, FRAMES
from irec_models.nets.tutti_stream import STEP

SHAPES = ((8, 64, 8), (16, 32, 4), (16, 16, 2), (48, 8, 1), (384, 4, 1), (512, 1, 1), (1, 1, 16))


def fresh(labels: int = 3) -> TuttiStreamEnvelopeNet:
    torch.manual_seed(0)
    network = TuttiStreamEnvelopeNet(labels)
    torch.nn.init.normal_(network.stream.longer.weight, 0.0, 0.02)
    return network.eval()


def followed() -> tuple[TuttiStreamEnvelopeNet, TuttiStreamNet]:
    """A network, and one of activations whose trunk it has."""
    network, other = fresh(), TuttiStreamNet(5, folded=True).eval()
    other.load_state_dict(network.stream.state_dict(), strict=False)
    return network, other


def swelling(count: int, many: int = 1) -> torch.Tensor:
    torch.manual_seed(1)
    return torch.randn(many, count) * torch.linspace(0.01, 0.3, count)


@torch.no_grad()
def test_maps_of_a_stream_are_the_same_however_it_is_cut() -> None:
    _, other = followed()
    columns = other.sequence_columns(swelling(128_000))
    logits, _, wanted = other.advance_with_maps(columns)
    assert torch.equal(other.advance(columns)[0], logits)
    assert [tuple(each.shape[1:]) for each in wanted] == [
        (*shape[:-1], shape[-1] * columns.shape[1] // STEP) for shape in SHAPES
    ]
    state: tuple[torch.Tensor, ...] = ()
    found = []
    for part in columns.split(3 * STEP, dim=1):
        _, state, maps = other.advance_with_maps(part, state)
        found.append(maps)
    for parts, whole in zip(zip(*found, strict=True), wanted, strict=True):
        torch.testing.assert_close(torch.cat(parts, dim=3), whole, atol=1e-3, rtol=1e-3)


@torch.no_grad()
def test_a_window_is_a_stream_that_begins_with_it() -> None:
    network, other = followed()
    assert network.map_shapes == other.map_shapes == SHAPES
    audio = swelling(other.window_length, many=2)
    window = audio[:, : network.window_length]
    envelopes, frames, columns, *_ = network.predict_with_maps(window)
    assert columns.shape[1] == 2 * STEP - 1
    torch.testing.assert_close(frames, other.frames_of(audio)[:, : 2 * STEP - 1])
    whole = torch.cat((columns, columns[:, -1:]), dim=1)
    torch.testing.assert_close(network.envelopes(other.advance_with_maps(whole)[2]), envelopes)
    assert envelopes.shape == (2, 3, FRAMES)
    torch.testing.assert_close(network.outputs(network(window), window), envelopes)
    torch.testing.assert_close(network.predict(window), envelopes)


@torch.no_grad()
def test_what_is_read_of_a_step_does_not_depend_on_those_around_it() -> None:
    network, other = followed()
    *maps, _ = other.advance_with_maps(other.sequence_columns(swelling(64_000)))[2]
    places = network.embed(maps)
    for step in (0, 4):
        own = [
            each[..., step * shape[-1] : (step + 2) * shape[-1]] for each, shape in zip(maps, SHAPES[:-1], strict=True)
        ]
        torch.testing.assert_close(network.embed(own), places[..., 8 * step : 8 * step + 16], atol=1e-5, rtol=1e-4)


@torch.no_grad()
def test_the_level_of_a_frame_is_told_from_its_columns() -> None:
    network = fresh()
    noise = 0.1 * torch.randn(40, network.window_length)
    rms = network.frame_rms(noise)
    torch.testing.assert_close(rms.mean(dim=0)[0], torch.full((FRAMES,), 0.1), atol=6e-3, rtol=0)
    torch.testing.assert_close(network.frame_rms(4 * noise), 4 * rms)
    assert float(network.predict(torch.zeros(1, network.window_length)).max()) == 0
    for frame in range(3, FRAMES - 1):
        click = torch.zeros(1, network.window_length)
        click[0, frame * FRAME_HOP] = 0.5
        assert int(network.frame_rms(click)[0, 0].argmax()) == frame


@torch.no_grad()
def test_frames_before_the_first_place_are_told_as_it_is() -> None:
    network = fresh()
    logits = network(swelling(network.window_length))
    assert torch.equal(logits[..., 0], logits[..., 2])
    assert torch.equal(logits[..., 1], logits[..., 2])
    assert not torch.equal(logits[..., 3], logits[..., 2])


def test_the_trunk_does_not_learn() -> None:
    network = fresh().train()
    assert isinstance(network, HeadedNetwork)
    assert not any(module.training for module in network.stream.modules())
    assert network.near.training
    known = {id(parameter) for parameter in network.head()}
    rest = {name.split(".")[0] for name, each in network.named_parameters() if id(each) not in known}
    assert rest == {"stream"}
    assert {name.split(".")[0] for name, each in network.named_parameters() if each.requires_grad} == {
        *("readings", "whole", "near", "output")
    }


@torch.no_grad()
def test_the_exported_file_names_its_maps(tmp_path: Path) -> None:
    network = fresh()
    write_network(tmp_path / "net.pt", network, hop_length=5120)
    export(tmp_path / "net.pt", tmp_path / "net.onnx", tolerance=1e-3)
    model = onnx.load(str(tmp_path / "net.onnx"))
    spec = trunk_spec({entry.key: entry.value for entry in model.metadata_props})
    assert spec is not None
    assert spec.maps == SHAPES
    made = {name for node in model.graph.node for name in node.output}
    assert {f"{MAPS}{number}" for number in range(len(SHAPES))} < made
    assert [output.name for output in model.graph.output] == ["envelope"]
    restored = network_of(tmp_path / "net.onnx")
    assert isinstance(restored, TuttiStreamEnvelopeNet)
    window = swelling(network.window_length)
    torch.testing.assert_close(restored.predict(window), network.predict(window), atol=1e-3, rtol=0)


def test_the_bundled_network_of_activations_gives_the_same_maps() -> None:
    data = read_model_bytes(find_model("tutti-1s"))
    spec = trunk_spec(inspect_model(data, "tutti-1s").metadata)
    assert spec is not None
    assert spec.maps == SHAPES
    made = {name for node in onnx.load_from_string(data).graph.node for name in node.output}
    assert {f"{MAPS}{number}" for number in range(len(SHAPES))} < made


def test_no_labels_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        TuttiStreamEnvelopeNet(labels=0)
