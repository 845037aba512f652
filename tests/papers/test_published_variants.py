"""Variants that the papers compare, each one setting away from a recipe: they build, learn and export."""

from __future__ import annotations

import onnx_twin
import pytest
import torch
from torch.nn import functional

from irec_models.losses import LOSSES, categorical_cross_entropy
from irec_models.recipes.lookup import recipe_files
from irec_models.recipes.recipe import Recipe, load_recipe

RECIPES = recipe_files()
LABELS = 'data.labels=["flute", "piano", "drums"]'


def learns(recipe: Recipe) -> None:
    """A few steps on one batch of three windows bring its loss down."""
    torch.manual_seed(0)
    network = recipe.network()
    time = torch.arange(network.window_length) / network.sample_rate
    audio = torch.stack([torch.sin(2 * torch.pi * hz * time) * 0.3 for hz in (220.0, 880.0, 3520.0)])
    network.fit_normalization([audio])
    features = network.features(audio)
    optimizer = torch.optim.Adam(network.parameters(), 1e-3)
    losses = []
    for _ in range(4):
        torch.manual_seed(1)  # the same dropout, so the steps alone differ
        loss = LOSSES[recipe.train.loss](network.train().classify(features), torch.eye(3), torch.ones(3, 3))
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < losses[0]


# Rows of Table IV and the four windows of section IV.B, each at least once.
@pytest.mark.parametrize(
    ("activation", "seconds"), [("tanh", 0.5), ("relu", 1.5), ("prelu", 1.0), ("lrelu001", 1.0), ("lrelu033", 3.0)]
)
def test_activations_and_windows_of_han_are_settings(activation: str, seconds: float) -> None:
    length = round(seconds * 22_050)
    recipe = load_recipe(
        RECIPES["han-1s"],
        [
            LABELS,
            f"model.hyperparameters.activation={activation}",
            f"model.hyperparameters.window_length={length}",
            f"stream.window_length={length}",
        ],
    )
    network = recipe.network()
    assert network.hyperparameters["activation"] == activation
    # Global pooling leaves 256 values for windows of any length.
    assert network.get_submodule("classifier")[1].in_features == 256  # type: ignore[index]
    learns(recipe)
    if (activation, seconds) in (("tanh", 0.5), ("prelu", 1.0), ("lrelu033", 3.0)):
        twin = onnx_twin.compare(onnx_twin.shake(network), batch_sizes=(1,))
        assert twin.probabilities < 1e-4


def test_hans_own_training_is_a_matter_of_settings() -> None:
    settings = ["train.optimizer=adam", "train.weight_decay=0.0", "train.schedule=constant", "train.ema=",
                "stream.batch_size=128", "train.monitor=loss", "train.patience=2", "train.loss=categorical",
                "model.hyperparameters.batch_norm=false", "model.hyperparameters.gain=false"]  # fmt: skip
    recipe = load_recipe(RECIPES["han-1s"], settings)
    train = recipe.train
    assert (train.optimizer, train.learning_rate, train.patience, train.ema) == ("adam", 1e-3, 2, None)
    assert recipe.network().parameter_count == 1_448_173


@pytest.mark.parametrize("name", ["lumen-mel", "lumen-chroma"])
def test_lumens_softmax_learns_by_categorical_cross_entropy(name: str) -> None:
    recipe = load_recipe(RECIPES[f"{name}"], [LABELS, "model.hyperparameters.output=softmax", "train.loss=categorical"])
    learns(recipe)
    network = recipe.network().eval()
    audio = 0.1 * torch.randn(2, network.window_length, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        logits = network(audio)
        torch.testing.assert_close(network.predict(audio).sum(dim=1), torch.ones(2))
    # The loss is the usual one: minus the logarithm of the softmax's value for the label.
    wanted = torch.tensor([2, 0])
    loss = categorical_cross_entropy(logits, functional.one_hot(wanted, 3).float(), torch.ones(2, 3))
    expected = functional.nll_loss(torch.log(torch.sigmoid(logits)), wanted)
    torch.testing.assert_close(loss, expected)
