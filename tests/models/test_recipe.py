"""Recipes: every mistake is named before any hour is spent."""

from __future__ import annotations

from pathlib import Path

import pytest
import small_nets

from irec_live.errors import RecipeError
from irec_models.recipe import load_recipe

RECIPES = Path(__file__).parents[2] / "models" / "recipes"
SMALL = small_nets.RECIPE.format(architecture="small", monitor="map")


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "recipe.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("path", sorted(RECIPES.glob("*.toml")), ids=lambda path: path.stem)
def test_published_recipes_fit_their_networks(path: Path) -> None:
    recipe = load_recipe(path)
    assert recipe.model.name == path.stem
    assert recipe.network().labels == len(recipe.data.labels)


@pytest.mark.parametrize(
    ("old", "new", "match"),
    [
        (
            "learning_rate",
            "learning_rat",
            r"recipe\.toml has an unknown key 'train\.learning_rat'; did you mean 'learning_rate'",
        ),
        ("[stream]", "[streem]", r"unknown key 'streem'; did you mean 'stream'"),
        ("mix_s", "mix_seconds", r"unknown key 'stream\.mix_seconds'; did you mean 'mix_s'"),
        ("steps = 12\n", "", r"lacks the key 'train\.steps'"),
        ("steps = 12\n", "steps = 0\n", r"impossible value for 'train\.steps'"),
        ('architecture = "small"', 'architecture = "smal"', r"unknown architecture 'smal'"),
        ("[model]", "[model", "is not TOML"),
        ("windows_per_mix = 2", "windows_per_mix = 3", r"impossible value for 'stream'.*multiple"),
        ('hold_out = ["south"]', "hold_out = []", r"impossible value for 'data\.hold_out'"),
    ],
)
def test_mistakes_are_named_with_file_and_key(tmp_path: Path, old: str, new: str, match: str) -> None:
    assert old in SMALL
    with pytest.raises(RecipeError, match=match):
        load_recipe(write(tmp_path, SMALL.replace(old, new)))


def test_a_missing_recipe_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="there is no recipe"):
        load_recipe(tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("old", "new", "match"),
    [
        ("window_length = 4096", "window_length = 2048", "takes 4096 at 8000 Hz"),
        ("hop_length = 1024", "hop_length = 1024\nhyperparameters = {depth = 3}", "do not fit architecture 'small'"),
    ],
)
def test_a_stream_or_hyperparameters_that_do_not_fit_the_network_are_refused(
    tmp_path: Path, old: str, new: str, match: str
) -> None:
    recipe = load_recipe(write(tmp_path, SMALL.replace(old, new, 1)))
    with pytest.raises(RecipeError, match=match):
        recipe.network()


def test_frames_of_the_stream_must_be_those_of_the_envelope_network(tmp_path: Path) -> None:
    text = small_nets.RECIPE.format(architecture="small-envelope", monitor="loss")
    assert load_recipe(write(tmp_path, text)).network().frames == 9
    with pytest.raises(RecipeError, match="the network has 9, 512 apart"):
        load_recipe(write(tmp_path, text.replace("frame_hop = 512", "frame_hop = 256"))).network()
