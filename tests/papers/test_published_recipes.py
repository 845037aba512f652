"""Every recipe that ships makes a network whose windows the stream gives, and names itself after its file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from irec_live.errors import RecipeError
from irec_live.models.spec import ModelSpec
from irec_models.cli import main
from irec_models.nets import ARCHITECTURES, Network
from irec_models.recipes.lookup import recipe_files
from irec_models.recipes.recipe import load_recipe
from irec_models.training.checkpoints import spec_of

RECIPES = sorted(recipe_files().values(), key=lambda path: path.stem)

TOO_LARGE = {"chen-4s": 126, "neuroment-stft": 56, "vaznonis-fft-3s": 160, "vaznonis-irmas": 160}
"""MB of weights of what does not ship in the wheel, whose limit is 15."""


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_the_recipe_makes_its_network(path: Path) -> None:
    recipe = load_recipe(path)
    assert recipe.model.name == path.stem
    network = recipe.network()
    assert isinstance(spec_of(recipe, network), ModelSpec)
    assert recipe.model.hop_length <= network.window_length
    megabytes = _deployed(network) * 4 / 1e6
    assert megabytes == pytest.approx(TOO_LARGE[path.stem], rel=0.02) if path.stem in TOO_LARGE else megabytes < 12


def _deployed(network: Network) -> int:
    """Weights that are left when what only training needs is folded away."""
    if not network.hyperparameters.get("batch_norm"):
        return network.parameter_count
    return type(network)(**{**network.hyperparameters, "batch_norm": False}).parameter_count


def test_recipes_are_listed_with_the_command_that_trains_each() -> None:
    listed = {row["name"]: row for row in json.loads(CliRunner().invoke(main, ["recipes", "--json"]).stdout)}
    assert set(listed) == {path.stem for path in RECIPES}
    assert listed["han-1s"]["command"] == "irec-train fit han-1s"
    assert listed["bosch"]["command"] == "irec-train bosch bosch"
    assert listed["neuroment-mel"]["kind"] == "envelope"
    assert "han-1s\tactivation\t" in CliRunner().invoke(main, ["recipes"]).stdout


def test_a_recipe_is_found_by_its_name_alone() -> None:
    assert load_recipe("han-1s") == load_recipe(recipe_files()["han-1s"])
    with pytest.raises(RecipeError, match=r"no recipe is called 'han-2s'; known: .*tutti-1s-head"):
        load_recipe("han-2s")


def test_every_architecture_has_a_recipe_or_is_joined_from_some() -> None:
    made = {load_recipe(path).model.architecture for path in RECIPES}
    # Test doubles may be registered too, here or, in the same process, by other tests.
    published = {name for name in ARCHITECTURES.names() if ARCHITECTURES[name].__module__.startswith("irec_")}
    assert published - made == {"lumen-fusion"}


@pytest.mark.parametrize(
    "names",
    [
        ("han-1s", "lumen-mel", "lumen-modgd", "lumen-chroma", "chen-1s", "vaznonis-fft", "vaznonis-lstm"),
        ("neuroment-mel", "neuroment-cqt", "neuroment-stft"),
    ],
)
def test_systems_to_compare_are_trained_alike(names: tuple[str, ...]) -> None:
    """Same windows, same optimiser, ten hours of sound: the comparison is of networks.

    The first of each is a baseline of this project's own networks too, and its recipe trains on.
    """
    longer, *recipes = [load_recipe(name) for name in names]
    for recipe in recipes:
        assert recipe.stream == longer.stream
        assert recipe.data == longer.data
        for key in ("seed", "optimizer", "learning_rate", "weight_decay", "schedule"):
            assert getattr(recipe.train, key) == getattr(longer.train, key), (recipe.model.name, key)
        assert recipe.train.budget_hours is None
        assert recipe.train.ema == recipes[0].train.ema
        stream = recipe.stream
        heard_h = recipe.train.steps * stream.batch_size * stream.window_length / stream.sample_rate / 3600
        assert heard_h == pytest.approx(10, rel=0.01)
