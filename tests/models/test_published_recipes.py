"""Every recipe that ships makes a network whose windows the stream gives, and names itself after its file."""

from __future__ import annotations

from pathlib import Path

import pytest

from irec_live.spec import ModelSpec
from irec_models.nets import ARCHITECTURES, Network
from irec_models.recipe import load_recipe
from irec_models.trainer import spec_of

RECIPES = sorted((Path(__file__).parents[2] / "models" / "recipes").glob("*.toml"))

ON_DEMAND = {"chen-4s": 126, "neuroment-stft": 56, "vaznonis-fft-3s": 160}
"""MB of weights of what does not ship in the wheel, whose limit is 15."""


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_the_recipe_makes_its_network(path: Path) -> None:
    recipe = load_recipe(path)
    assert recipe.model.name == path.stem
    network = recipe.network()
    assert isinstance(spec_of(recipe, network), ModelSpec)
    assert recipe.model.hop_length <= network.window_length
    megabytes = _deployed(network) * 4 / 1e6
    assert megabytes == pytest.approx(ON_DEMAND[path.stem], rel=0.02) if path.stem in ON_DEMAND else megabytes < 12


def _deployed(network: Network) -> int:
    """Weights that are left when what only training needs is folded away."""
    if not network.hyperparameters.get("batch_norm"):
        return network.parameter_count
    return type(network)(**{**network.hyperparameters, "batch_norm": False}).parameter_count


def test_every_architecture_has_a_recipe_or_is_joined_from_some() -> None:
    made = {load_recipe(path).model.architecture for path in RECIPES}
    published = {name for name in ARCHITECTURES if not name.startswith("small")}  # test doubles of this package
    assert published - made == {"lumen-fusion"}


def test_the_one_second_systems_are_trained_alike() -> None:
    """Same windows, same number of them, same optimiser: the comparison is of networks."""
    reference = load_recipe(next(path for path in RECIPES if path.stem == "han-1s"))
    for name in ("lumen-mel", "lumen-modgd", "lumen-chroma", "chen-1s", "vaznonis-fft", "vaznonis-lstm"):
        recipe = load_recipe(next(path for path in RECIPES if path.stem == name))
        assert recipe.stream == reference.stream
        assert recipe.data == reference.data
        shared = ("seed", "steps", "budget_hours", "optimizer", "learning_rate", "weight_decay", "schedule", "ema")
        for key in shared:
            assert getattr(recipe.train, key) == getattr(reference.train, key), (name, key)
