"""The envelope network behind the trunk of `tutti-1s`: what it reads of a stream is what it reads of a window."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import onnx
import pytest
import tiny_bank
import torch
from network_fixtures import write_network
from rich.console import Console

from irec_export.to_onnx import export
from irec_live.errors import RecipeError
from irec_live.models.catalog import find_model
from irec_live.models.onnx_file import inspect_model, read_model_bytes
from irec_live.models.trunk import MAPS, trunk_spec
from irec_models.checkpoint import load_checkpoint
from irec_models.data import ClipSelection, DataFolders
from irec_models.measuring.restore import network_of
from irec_models.nets import HeadedNetwork, TuttiStreamEnvelopeNet, TuttiStreamNet
from irec_models.nets.tutti_mobile_envelope import FRAME_HOP, FRAMES
from irec_models.nets.tutti_stream import STEP
from irec_models.recipes.recipe import load_recipe
from irec_models.training.envelope_sequences import LENGTH, EnvelopeSequenceTrainer, envelope_stream, with_changes
from irec_models.training.fit import fit

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


SETTINGS = (
    'data.labels=["flute", "piano", "drums"]',
    'data.hold_out=["south"]',
    "model.start_from=given",
    "stream.label_weights=",
    "stream.batch_size=8",
    "sequences.batch_size=2",
    "train.steps=3",
    "train.validation_steps=1",
    "train.checkpoint_every=1",
)


def train(bank: Path, out: Path, given: Path, *settings: str, **options: object) -> EnvelopeSequenceTrainer:
    console = Console(file=io.StringIO())
    trainer = fit(
        Path("tutti-348ms-head"),
        [bank],
        out,
        settings=(*SETTINGS, *settings),
        start_from=given,
        workers=0,
        device="cpu",
        console=console,
        **options,  # type: ignore[arg-type]
    )
    assert isinstance(trainer, EnvelopeSequenceTrainer)
    return trainer


def test_what_it_reads_out_is_learnt_and_the_trunk_stays(tmp_path: Path, private_home: Path) -> None:
    bank = tiny_bank.write_bank(tmp_path / "bank")
    torch.manual_seed(1)
    given = TuttiStreamNet(3).eval()
    torch.nn.init.normal_(given.longer.weight, 0.0, 0.02)
    given.fit_readings([0.1 * torch.randn(2, given.window_length)])
    path = write_network(tmp_path / "given.pt", given, hop_length=5120)
    assert train(bank, tmp_path / "run", path, "train.steps=1").step == 1
    trainer = train(bank, tmp_path / "run", path, resume=True)
    assert trainer.step == 3
    best = load_checkpoint(tmp_path / "run" / "best.pt")
    assert best.spec.lineage is not None
    assert best.spec.lineage.start == best.training["start"]["name"] == "given"
    network = best.network()
    assert isinstance(network, TuttiStreamEnvelopeNet)
    for name, value in given.folded().state_dict().items():
        if not name.startswith("output."):
            torch.testing.assert_close(network.state_dict()[f"stream.{name}"], value, rtol=0, atol=0)
    torch.manual_seed(trainer.recipe.train.seed)
    begun = trainer.recipe.network().state_dict()
    assert all(not torch.equal(network.state_dict()[name], begun[name]) for name in ("near.weight", "whole.weight"))


@torch.no_grad()
def test_a_window_is_learnt_as_it_is_heard_in_the_app() -> None:
    network = fresh()
    audio = swelling(LENGTH, many=2)
    columns = network.stream.sequence_columns(audio[:, network.column_offset :])
    assert columns.shape[1] == 13 * STEP
    logits, rms = network.learn(columns)
    assert logits.shape == (24, 3, 16)
    begins = audio[1:, 7 * 5120 :][:, : network.window_length]
    torch.testing.assert_close(rms[12 + 7][:, :-1], network.frame_rms(begins)[0, :, :-1])
    maps = network.maps_of(columns[1:])
    followed = [each[..., 7 * shape[-1] : 9 * shape[-1]] for each, shape in zip(maps, SHAPES, strict=True)]
    wanted = network.decide(network.embed(followed[:-1]))[0, :, 2:]
    torch.testing.assert_close(logits[12 + 7], wanted, atol=1e-4, rtol=1e-4)


def test_sequences_of_envelopes_have_no_teacher() -> None:
    for setting in ("sequences.teach=1", "sequences.keep=1"):
        with pytest.raises(RecipeError, match="gives envelopes, of which neither a teacher"):
            load_recipe(Path("tutti-348ms-head"), (*SETTINGS, setting)).network()
    with pytest.raises(RecipeError, match="what networks that keep a state learn from"):
        load_recipe(Path("tutti-348ms-head"), ("sequences=",)).network()


def test_its_sequences_have_thirteen_steps_and_their_envelopes(tmp_path: Path, private_home: Path) -> None:
    bank = tiny_bank.write_bank(tmp_path / "bank")
    selection = ClipSelection(DataFolders([bank]), "train", labels=tiny_bank.LABELS)
    batch = envelope_stream(load_recipe(Path("tutti-348ms-head"), SETTINGS), selection).batch(1)
    assert batch.audio.shape == (2, LENGTH)
    assert batch.envelope.shape == (2, 3, LENGTH // FRAME_HOP + 1)


def test_sequences_change_into_each_other_with_their_envelopes() -> None:
    numbers = torch.arange(1.0, 6.0)
    audio, envelopes = numbers[:, None].expand(5, 1600), numbers[:, None, None].expand(5, 2, 17)
    mask = torch.tensor([[1.0, 0.0], *[[1.0, 1.0]] * 4])
    sound, told, known = with_changes(audio, envelopes, mask, 100, np.random.default_rng(0))
    changed = [row for row in range(5) if sound[row, 0] != sound[row, -1]]
    assert changed
    for row in range(5):
        assert sound[row, 0] == row + 1
        assert torch.equal(sound[row, ::100], told[row, 0, :-1])
        both = {row, int(sound[row, -1]) - 1}
        assert known[row].tolist() == [1.0, 0.0 if 0 in both else 1.0]
    assert torch.equal(audio[:, 0], numbers)
