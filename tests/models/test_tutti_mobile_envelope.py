"""The envelope network on the trunk of `tutti-1s-windows`: frames where they should be, columns that both share."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import tiny_bank
import torch
from network_fixtures import write_network
from rich.console import Console

from irec_export.to_onnx import export
from irec_live.errors import RecipeError
from irec_live.models.detector import Detector
from irec_models.checkpoint import load_checkpoint
from irec_models.losses import masked_cross_entropy
from irec_models.measuring.restore import network_of
from irec_models.nets import HeadedNetwork, TrunkNetwork, TuttiMobileEnvelopeNet, TuttiMobileNet
from irec_models.nets.tutti_mobile_envelope import FRAME_HOP, FRAMES, spread_over_frames
from irec_models.recipes.recipe import load_recipe
from irec_models.training.fit import fit
from irec_models.training.start_weights import Start, take_over

LABELS = ("flute", "piano", "drums")


def fresh(labels: int = 3, dropout: float = 0.2) -> TuttiMobileEnvelopeNet:
    torch.manual_seed(0)
    return TuttiMobileEnvelopeNet(labels, dropout).eval()


def begun(labels: int = 3) -> tuple[TuttiMobileEnvelopeNet, TuttiMobileNet]:
    """A network that began with an activation network's layers, and that."""
    torch.manual_seed(1)
    given = TuttiMobileNet(labels).eval()
    network = fresh(labels)
    given.fit_readings([0.1 * torch.randn(4, given.window_length)])
    take_over(network, LABELS[:labels], Start("given", LABELS[:labels], given), ())
    return network, given


def tone(network: TuttiMobileEnvelopeNet) -> torch.Tensor:
    time = torch.arange(network.window_length) / network.sample_rate
    return 0.2 * torch.sin(2 * torch.pi * 500 * time)[None]


def test_envelopes_are_shares_of_the_measured_level() -> None:
    network = fresh()
    window = 0.05 * torch.randn(2, network.window_length)
    envelope = network.predict(window)
    assert envelope.shape == (2, 3, FRAMES)
    torch.testing.assert_close(network.predict(4 * window), 4 * envelope, atol=1e-6, rtol=1e-3)
    assert float(network.predict(torch.zeros(1, network.window_length)).detach().max()) == 0
    assert bool((network.predict(50 * window) <= 1).all())


def test_what_it_is_trained_on_gives_the_envelope_back() -> None:
    network = fresh(labels=2)
    sound = tone(network)
    rms = network.frame_rms(sound)
    torch.testing.assert_close(rms, torch.full_like(rms, 0.2 / 2**0.5), atol=2e-3, rtol=0)
    wanted = torch.cat((rms, 0.01 * rms), dim=1)
    logits = torch.logit(network.targets(wanted, sound).double(), eps=1e-9).float()
    torch.testing.assert_close(network.outputs(logits, sound), wanted, atol=1e-5, rtol=1e-3)


def test_frames_are_centred_on_multiples_of_their_hop() -> None:
    network = fresh()
    for frame in range(1, FRAMES - 1):
        click = torch.zeros(1, network.window_length)
        click[0, frame * FRAME_HOP] = 0.5
        rms = network.frame_rms(click)[0, 0]
        assert int(rms.argmax()) == frame
        assert float(rms[frame - 1]) <= float(rms[frame])
        far = [other for other in range(FRAMES) if abs(other - frame) > 1]
        assert float(rms[far].max()) < 0.02 * float(rms[frame])


def test_maps_of_every_depth_lie_on_the_frames() -> None:
    # What rises with time and is read at a stride rises with frames again; behind the last step it is held.
    strides = (2, 4, 8, 16, 32)
    spread = spread_over_frames(strides)
    torch.testing.assert_close(spread.reshape(-1, FRAMES).sum(dim=0), torch.full((FRAMES,), float(len(strides))))
    first = 0
    for stride in strides:
        steps = -(-FRAMES // (stride // 2))
        places = torch.arange(steps) * (stride / 2)
        found = places @ spread[first : first + steps]
        wanted = torch.arange(FRAMES, dtype=torch.float32).clamp(max=float(places[-1]))
        torch.testing.assert_close(found, wanted)
        first += steps
    maps = fresh().trunk(torch.zeros(1, 35, 128))
    assert [each.shape[3] for each in maps] == [18, 9, 5, 3, 3, 2]


def test_a_louder_part_of_the_window_moves_the_frames_it_is_in() -> None:
    network, _ = begun()
    quiet = 0.01 * torch.randn(1, network.window_length)
    loud = quiet.clone()
    loud[:, 3 * FRAME_HOP : 5 * FRAME_HOP] += tone(network)[:, 3 * FRAME_HOP : 5 * FRAME_HOP]
    change = (network.predict(loud) - network.predict(quiet)).detach().abs()[0].sum(dim=0)
    assert float(change[3:6].min()) > float(change[8:].max())


def test_columns_are_those_of_the_activation_network() -> None:
    network, other = fresh(), TuttiMobileNet(1)
    sound = 0.1 * torch.randn(1, other.window_length)
    start = 18 * network.column_hop
    mine = network.columns_of(network.frames_of(sound[:, start : start + network.window_length]))
    theirs = other.columns_of(other.frames_of(sound))
    assert mine.shape[1] == 33
    torch.testing.assert_close(mine, theirs[:, 18 : 18 + 33], atol=1e-6, rtol=1e-5)


def test_it_begins_with_the_trunk_and_the_reading_of_the_activation_network() -> None:
    network, given = begun()
    folded = given.folded()
    features = network.features(0.1 * torch.randn(2, network.window_length))
    maps = dict(zip(network.trunk.read, network.trunk(features), strict=False))
    for block, theirs in zip(folded.trunk.read, folded.trunk(features), strict=False):
        torch.testing.assert_close(maps[block], theirs, atol=1e-4, rtol=1e-4)
    for mine, theirs in ((network.hidden, folded.hidden), (network.read, folded.read)):
        torch.testing.assert_close(mine.weight, theirs.weight)
    assert isinstance(network, HeadedNetwork)
    assert not isinstance(network, TrunkNetwork)
    known = {id(parameter) for parameter in network.head()}
    rest = [name for name, parameter in network.named_parameters() if id(parameter) not in known]
    assert {name.split(".")[0] for name in rest} == {"trunk", "hidden", "read"}


def test_the_embedding_decides() -> None:
    network = fresh()
    features = network.features(0.1 * torch.randn(2, network.window_length))
    embedding = network.embed(features)
    assert embedding.shape == (2, network.embedding_size, FRAMES)
    torch.testing.assert_close(network.decide(embedding), network.classify(features))


def test_which_half_of_a_window_sounds_is_learnt_by_heart() -> None:
    network, _ = begun(labels=1)
    network.dropout.p = 0.0
    half = FRAMES // 2
    sound = tone(network).repeat(2, 1)
    sound[0, half * FRAME_HOP :] *= 0.001
    sound[1, : half * FRAME_HOP] *= 0.001
    sound += 0.01 * torch.randn_like(sound)
    wanted = torch.zeros(2, 1, FRAMES)
    wanted[0, 0, :half] = wanted[1, 0, half:] = 1.0
    optimizer = torch.optim.AdamW(network.parameters(), lr=2e-3)
    losses = []
    for _ in range(60):
        optimizer.zero_grad()
        loss = masked_cross_entropy(network(sound), wanted, torch.ones(2, 1))
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.3 * losses[0]


def test_the_exported_file_shares_its_columns(tmp_path: Path) -> None:
    network, _ = begun()
    write_network(tmp_path / "net.pt", network, hop_length=5760)
    export(tmp_path / "net.pt", tmp_path / "net.onnx", tolerance=1e-3)
    data = (tmp_path / "net.onnx").read_bytes()
    assert len(data) < 5_400_000
    shared = Detector(tmp_path / "net.onnx").shared_columns()
    assert shared is not None
    assert not shared.levelled  # the RMS of frames is measured on samples
    for count in (1, 3, 16):
        windows = 0.1 * torch.randn(count, network.window_length)
        frames = network.frames_of(windows).numpy()
        columns = np.stack([shared.columns(np.ascontiguousarray(each)) for each in frames])
        found = shared.predict(windows.numpy(), columns)
        np.testing.assert_allclose(found, network.predict(windows).detach(), atol=1e-3)
    restored = network_of(tmp_path / "net.onnx")
    assert isinstance(restored, TuttiMobileEnvelopeNet)
    torch.testing.assert_close(restored.predict(windows), network.predict(windows), atol=1e-3, rtol=0)


RECIPE = """
[model]
name = "frames"
architecture = "tutti-mobile-envelope"
hop_length = 5760
start_from = "{start}"

[data]
labels = ["flute", "piano", "drums"]
hold_out = ["south"]

[stream]
mode = "excerpts"
sample_rate = 32000
window_length = 11136
frame_length = 1280
frame_hop = 640
batch_size = 8
mix_s = 1.5
windows_per_mix = 2
excerpts = {{ mixtures = 0.5, bag = 0 }}

[train]
steps = 2
learning_rate = 1e-3
head_rate = 2.0
monitor = "last"
validation_steps = 1
normalization_steps = 1
precision = "fp32"
"""


def test_it_is_trained_on_real_recordings_and_mixtures_together(tmp_path: Path, private_home: Path) -> None:
    bank = tiny_bank.write_bank(tmp_path / "bank")
    torch.manual_seed(1)
    given = TuttiMobileNet(3).eval()
    write_network(tmp_path / "given.pt", given, hop_length=3200)
    path = tmp_path / "frames.toml"
    path.write_text(RECIPE.format(start="given"))
    console = Console(file=io.StringIO())
    trainer = fit(
        path, [bank], tmp_path / "run", start_from=tmp_path / "given.pt", workers=0, device="cpu", console=console
    )
    assert trainer.step == 2
    assert "layers taken over" in console.file.getvalue()  # type: ignore[attr-defined]
    found = load_checkpoint(tmp_path / "run" / "best.pt")
    assert found.training["start"]["name"] == "given"
    moved = found.state_dict["trunk.stem.conv.weight"] - given.folded().state_dict()["trunk.stem.conv.weight"]
    assert 0 < float(moved.abs().max()) < 0.01
    for loss in ("bags", "focused", "categorical"):
        with pytest.raises(RecipeError, match="gives envelopes"):
            load_recipe(path, [f"train.loss={loss}"]).network()


def test_no_labels_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        TuttiMobileEnvelopeNet(labels=0)
