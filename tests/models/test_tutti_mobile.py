"""The activation network on a trunk that others trained: a faithful port, which learns and exports."""

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
from irec_live.errors import CheckpointError, RecipeError
from irec_live.onnx_runtime import load_onnx_runtime
from irec_models.checkpoint import load_checkpoint
from irec_models.losses import masked_cross_entropy
from irec_models.measuring.restore import network_of
from irec_models.nets import TrunkNetwork, TuttiMobileNet
from irec_models.nets.mobile_trunk import MobileConv, MobileTrunk
from irec_models.publishing.publish import publish
from irec_models.recipes.recipe import load_recipe
from irec_models.training.fit import fit
from irec_models.training.learning_without_forgetting import ForgettingPenalty
from irec_models.training.start_weights import PUBLISHED, load_start, take_over
from irec_models.training.trainer import Trainer

TIME = np.arange(32_000) / 32_000
SIGNALS = {
    "harmonic": 0.1 * sum(np.sin(2 * np.pi * 220 * k * TIME) / k for k in range(1, 11)),
    "chirp": 0.2 * np.sin(2 * np.pi * (100 * TIME + 3950 * TIME**2)),
    "clicks": np.where(np.arange(32_000) % 3200 < 8, 0.5, 0.0),
}
# What EfficientAT's own code makes of them: mean of all values, and the first six frames of band 40.
PUBLISHED_MEL = {
    "harmonic": (-0.650334, [0.01186, 0.08764, 0.08598, 0.08583, 0.0788, 0.07614]),
    "chirp": (-1.221837, [-1.10586, -1.3967, -1.40249, -1.40233, -1.40182, -1.40039]),
    "clicks": (-0.938752, [0.29958, -0.53099, -1.40259, -1.40259, -1.40259, -1.40259]),
}


def random_network(labels: int = 3, seed: int = 0, dropout: float = 0.4) -> TuttiMobileNet:
    """With statistics of batch normalisation and readings as of some noise."""
    torch.manual_seed(seed)
    network = TuttiMobileNet(labels, dropout)
    norms = [module for module in network.trunk.modules() if isinstance(module, torch.nn.BatchNorm2d)]
    for norm in norms:
        norm.momentum = 1.0
        torch.nn.init.uniform_(norm.weight, 0.5, 1.5)
        norm.train()
    noise = torch.randn(4, network.window_length) * torch.rand(4, 1)
    with torch.no_grad():
        network.trunk(network.features(noise))
    network.fit_readings([noise])
    return network.eval()


def published(network: TuttiMobileNet) -> dict[str, torch.Tensor]:
    """A state dict in the published order, under names of its own."""
    parts = {**network.trunk.state_dict()}
    parts |= {f"hidden.{key}": value for key, value in network.hidden.state_dict().items()}
    parts |= {f"tags.{key}": value for key, value in network.tags.state_dict().items()}
    return {f"theirs.{key}": value.clone() for key, value in parts.items()}


@pytest.mark.parametrize("name", SIGNALS)
def test_the_front_end_gives_the_published_columns_of_the_published_frames(name: str) -> None:
    # Published are frames centred on the window and mirrored at its edges; ours lie inside it.
    network = TuttiMobileNet(1)
    sound = torch.tensor(SIGNALS[name], dtype=torch.float32)[None]
    emphasised = sound[:, 1:] - 0.97 * sound[:, :-1]
    frames = torch.nn.functional.pad(emphasised, (512, 512), mode="reflect").unfold(1, 1024, 320)[:, :100, 112:912]
    mel = network.standardizer(torch.log(network.mel.columns(frames) + 1e-5))
    mean, row = PUBLISHED_MEL[name]
    assert mel.shape == (1, 100, 128)
    assert float(mel.mean()) == pytest.approx(mean, abs=1e-4)
    np.testing.assert_allclose(mel[0, :6, 40], row, atol=1e-3)


def test_windows_that_overlap_share_their_columns() -> None:
    network = TuttiMobileNet(1)
    sound = 0.1 * torch.randn(1, network.window_length + 10 * 320)
    first, second = network.mel(sound[:, : network.window_length]), network.mel(sound[:, 10 * 320 :])
    assert first.shape == (1, 98, 128)
    torch.testing.assert_close(second[:, :-10], first[:, 10:], atol=1e-5, rtol=1e-4)


def test_trunk_and_tags_have_the_published_number_of_weights_and_sizes_of_maps() -> None:
    network = TuttiMobileNet(13)
    parts = (network.trunk, network.hidden, network.tags)
    assert sum(values.numel() for part in parts for values in part.parameters()) == 983_599
    maps = network.trunk(torch.zeros(1, 98, 128))
    assert [tuple(each.shape[1:]) for each in maps] == [(16, 16, 13), (32, 8, 7), (48, 8, 7), (384, 4, 4)]
    assert network.embedding_size == 2 * (16 + 32 + 48 + 384) + 512
    assert isinstance(network, TrunkNetwork)


def test_published_weights_are_taken_over_in_their_order_whatever_their_names() -> None:
    given, network = random_network(seed=1), random_network(seed=2)
    network.begin_with(published(given))
    windows = 0.1 * torch.randn(2, network.window_length)
    for mine, theirs in zip(
        network.trunk(network.features(windows)), given.trunk(given.features(windows)), strict=True
    ):
        torch.testing.assert_close(mine, theirs)
    cut = dict(list(published(given).items())[:-1])
    with pytest.raises(CheckpointError, match="not those of EfficientAT's mn04_as"):
        network.begin_with(cut)


def test_the_published_file_is_a_start_without_labels(tmp_path: Path) -> None:
    given = random_network(seed=1)
    torch.save(published(given), tmp_path / "published.pt")
    start = load_start(tmp_path / "published.pt")
    assert (start.name, start.labels, start.spec) == (PUBLISHED, (), None)
    network = TuttiMobileNet(2).eval()
    output = network.output.weight.detach().clone()
    windows = [0.1 * torch.randn(4, network.window_length)]
    assert take_over(network, ("flute", "voice"), start, windows) > 60
    assert torch.equal(network.output.weight, output)
    network.fit_readings(windows)
    features = network.features(windows[0])
    wanted = given.tag(given.embed(given.features(windows[0])))
    torch.testing.assert_close(network.tag(network.embed(features)), wanted, atol=1e-4, rtol=1e-4)


def test_a_file_of_something_else_is_no_start(tmp_path: Path) -> None:
    torch.save({"weight": torch.zeros(3)}, tmp_path / "other.pt")
    with pytest.raises(CheckpointError, match="not those of EfficientAT's mn04_as"):
        load_start(tmp_path / "other.pt")
    (tmp_path / "text.pt").write_text("no archive")
    with pytest.raises(CheckpointError):
        load_start(tmp_path / "text.pt")


def test_training_leaves_the_statistics_of_the_trunk_alone() -> None:
    network = random_network().train()
    before = {name: value.clone() for name, value in network.trunk.named_buffers()}
    network(0.1 * torch.randn(4, network.window_length))
    assert all(torch.equal(value, before[name]) for name, value in network.trunk.named_buffers())
    assert network.between.training


def test_one_batch_is_learnt_by_heart() -> None:
    network = random_network(labels=2, dropout=0.0).train()
    time = torch.arange(network.window_length) / network.sample_rate
    windows = torch.stack([0.2 * torch.sin(2 * torch.pi * 300.0 * (k + 1) * time) for k in range(4)])
    wanted = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [0.0, 0.0]])
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-3)
    losses = []
    for _ in range(40):
        optimizer.zero_grad()
        loss = masked_cross_entropy(network(windows), wanted, torch.ones(4, 2))
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.1 * losses[0]


def test_folding_changes_no_answer_and_leaves_what_only_training_needs_behind() -> None:
    network = random_network()
    folded = network.folded()
    windows = 0.1 * torch.randn(3, network.window_length)
    torch.testing.assert_close(folded(windows), network(windows), atol=1e-4, rtol=1e-4)
    assert not any(isinstance(layer, torch.nn.BatchNorm2d) for layer in folded.modules())
    assert all(layer.conv.bias is not None for layer in folded.modules() if isinstance(layer, MobileConv))
    assert folded.parameter_count < network.parameter_count - 527 * 512


def test_the_level_of_a_window_does_not_matter_and_an_offset_hardly() -> None:
    network = random_network()
    window = 0.1 * torch.randn(1, network.window_length)
    torch.testing.assert_close(network(window * 0.05), network(window), atol=1e-3, rtol=1e-3)
    # Pre-emphasis leaves a thirtieth of an offset, in the lowest bands.
    features = network.features(window + 0.02)
    torch.testing.assert_close(features[..., 8:], network.features(window)[..., 8:], atol=0.05, rtol=0)
    assert bool(network.predict(torch.zeros(1, network.window_length)).isfinite().all())


def test_what_keeps_the_start_costs_nothing_until_the_network_moves() -> None:
    network = random_network()
    keeper = ForgettingPenalty(network, weight=0.5, every=2)
    features = network.features(0.1 * torch.randn(4, network.window_length))
    at_start = float(keeper.loss(network, features, network.embed(features)).detach())
    with torch.no_grad():
        for parameter in network.trunk.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    assert float(keeper.loss(network, features, network.embed(features)).detach()) > at_start
    with torch.no_grad():
        tags = network.tag(network.embed(features[::2]))
    assert not torch.allclose(tags, keeper.network.tag(keeper.network.embed(features[::2])))  # type: ignore[operator]


def test_a_checkpoint_gives_the_same_network_back(tmp_path: Path) -> None:
    network = random_network()
    again = load_checkpoint(write_network(tmp_path / "net.pt", network, hop_length=3200)).network()
    windows = 0.1 * torch.randn(2, network.window_length)
    torch.testing.assert_close(again.predict(windows), network.predict(windows), atol=0, rtol=0)


def test_the_exported_file_gives_the_same_answers_at_batches_never_traced(tmp_path: Path) -> None:
    network = random_network().folded()
    write_network(tmp_path / "net.pt", network, hop_length=3200)
    export(tmp_path / "net.pt", tmp_path / "net.onnx", tolerance=1e-3)
    assert (tmp_path / "net.onnx").stat().st_size <= 8_000_000
    session = load_onnx_runtime().InferenceSession(str(tmp_path / "net.onnx"), providers=["CPUExecutionProvider"])
    (given,) = session.get_inputs()
    for count in (1, 3, 7):
        windows = 0.1 * torch.randn(count, network.window_length)
        (answer,) = session.run(None, {given.name: windows.numpy()})
        np.testing.assert_allclose(answer, network.predict(windows).detach(), atol=1e-3)
    restored = network_of(tmp_path / "net.onnx")
    assert isinstance(restored, TuttiMobileNet)
    torch.testing.assert_close(restored.predict(windows), network.predict(windows), atol=1e-3, rtol=0)


RECIPE = """
[model]
name = "{name}"
architecture = "tutti-mobile"
hop_length = 3200
start_from = "{start}"

[data]
labels = ["flute", "piano", "drums"]
hold_out = ["south"]

[stream]
mode = "excerpts"
sample_rate = 32000
window_length = 32000
batch_size = 4
mix_s = 1.5
windows_per_mix = 2
excerpts = {{ mixtures = 0.5 }}

[train]
steps = 2
learn = "{learn}"
loss = "bags"
learning_rate = 1e-3
head_rate = 2.0
ema = 0.5
monitor = "last"
validation_steps = 1
normalization_steps = 1
precision = "fp32"
{keep}
"""


def _run(recipe: Path, bank: Path, out: Path, start: Path | None, **options: object) -> Trainer:
    quiet = {"workers": 0, "device": "cpu", "console": Console(file=io.StringIO()), **options}
    return fit(recipe, [bank], out, start_from=start, **quiet)  # type: ignore[arg-type]


def test_the_head_is_trained_first_and_then_all_with_the_starts_answers_kept(
    tmp_path: Path, private_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bank = tiny_bank.write_bank(tmp_path / "bank")
    given = random_network(seed=1)
    torch.save(published(given), tmp_path / "published.pt")
    one, two = tmp_path / "one.toml", tmp_path / "two.toml"
    one.write_text(RECIPE.format(name="head", start=PUBLISHED, learn="head", keep=""))
    two.write_text(RECIPE.format(name="all", start="head", learn="all", keep="[keep]\nweight = 0.4\nevery = 2"))
    head = _run(one, bank, tmp_path / "one", tmp_path / "published.pt")
    first = load_checkpoint(tmp_path / "one" / "best.pt")
    assert first.training["start"]["name"] == PUBLISHED
    begun = {name: value for name, value in given.trunk.state_dict().items() if "tracked" not in name}
    for name, value in begun.items():
        torch.testing.assert_close(first.state_dict[f"trunk.{name}"], value, atol=1e-5, rtol=1e-5)
    assert 0.0099 < float(first.state_dict["readings.deviation"].min()) < 1
    assert head.keeper is None

    with pytest.raises(RecipeError, match="starts from a trained head"):
        _run(two, bank, tmp_path / "two", None)
    whole = _run(two, bank, tmp_path / "two", tmp_path / "one" / "best.pt")
    assert whole.keeper is not None
    second = load_checkpoint(tmp_path / "two" / "best.pt")
    moved = [
        name
        for name, value in first.state_dict.items()
        if not torch.allclose(value.float(), second.state_dict[name].float(), atol=1e-5)
    ]
    assert any(name.startswith("trunk.blocks.0.") for name in moved)
    assert not any("running" in name or name.startswith("readings.") for name in moved)
    again = _run(two, bank, tmp_path / "two", tmp_path / "one" / "best.pt", resume=True, settings=["train.steps=3"])
    assert again.step == 3
    assert again.keeper is not None
    for mine, theirs in zip(again.keeper.network.parameters(), whole.keeper.network.parameters(), strict=True):
        assert torch.equal(mine, theirs)
    for name, value in (("MIXES_PER_SIZE", 1), ("THRESHOLD_BATCHES", 2), ("NOISE_WINDOWS", 8)):
        monkeypatch.setattr(f"irec_models.publishing.predict.{name}", value)
    publish(tmp_path / "two", [bank], tmp_path / "all.pt")
    finished = load_checkpoint(tmp_path / "all.pt")
    assert set(finished.spec.thresholds) == {"flute", "piano", "drums"}
    assert finished.spec.parameters == finished.network().parameter_count < 1_500_000
    assert "Real recordings below, drawn by source, some over each other, and mixtures of 0 to 6" in finished.card
    assert "It began with the weights of head" in finished.card
    # What is finished has lost AudioSet's labels, and with them what could be kept.
    with pytest.raises(RecipeError, match="no longer says what its trunk was trained on"):
        _run(two, bank, tmp_path / "on", tmp_path / "all.pt", settings=["model.start_from=all"])
    further = ["model.start_from=all", "keep=", "train.steps=1"]
    assert _run(two, bank, tmp_path / "on", tmp_path / "all.pt", settings=further).keeper is None


@pytest.mark.parametrize(
    ("setting", "mistake"),
    [
        ("train.learn=head", "what only trains its head"),
        ("stream.mode=ensemble", "bags come from stream.mode 'excerpts' alone"),
        ("model.architecture=tutti", "makes no network|has no trunk|takes"),
    ],
)
def test_recipes_that_cannot_be_meant_are_refused(tmp_path: Path, setting: str, mistake: str) -> None:
    path = tmp_path / "two.toml"
    path.write_text(RECIPE.format(name="all", start="head", learn="all", keep="[keep]\nweight = 0.4"))
    with pytest.raises(RecipeError, match=mistake):
        load_recipe(path, [setting]).network()


def test_a_network_without_a_trunk_has_no_head_to_train_alone(tmp_path: Path) -> None:
    text = RECIPE.format(name="all", start="head", learn="head", keep="").replace("32000", "22050")
    path = tmp_path / "one.toml"
    path.write_text(text.replace("tutti-mobile", "tutti"))
    with pytest.raises(RecipeError, match="has no trunk that was trained before"):
        load_recipe(path).network()


def test_no_labels_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        TuttiMobileNet(labels=0)
    assert MobileTrunk().depths == (16, 32, 48, 384)
