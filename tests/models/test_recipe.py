"""Recipes: every mistake is named before any hour is spent."""

from __future__ import annotations

from pathlib import Path

import pytest
import small_nets

from irec_live.errors import RecipeError
from irec_models.recipes.lookup import recipe_files
from irec_models.recipes.recipe import load_recipe

RECIPES = recipe_files()
SMALL = small_nets.RECIPE.format(architecture="small", monitor="map")


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "recipe.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("path", sorted(RECIPES.values()), ids=lambda path: path.stem)
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
        ('hold_out = ["south"]', "hold_out = []\nhold_out_share = 0.0", r"impossible value for 'data\.hold_out'"),
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
        ("sample_rate = 8000", "sample_rate = 16000", "takes 4096 at 8000 Hz"),
    ],
)
def test_a_stream_that_does_not_fit_the_network_is_refused(tmp_path: Path, old: str, new: str, match: str) -> None:
    recipe = load_recipe(write(tmp_path, SMALL.replace(old, new, 1)))
    with pytest.raises(RecipeError, match=match):
        recipe.network()


def test_frames_of_the_stream_must_be_those_of_the_envelope_network(tmp_path: Path) -> None:
    text = small_nets.RECIPE.format(architecture="small-envelope", monitor="loss")
    assert load_recipe(write(tmp_path, text)).network().frames == 9
    with pytest.raises(RecipeError, match="the network has 9, 512 apart"):
        load_recipe(write(tmp_path, text.replace("frame_hop = 512", "frame_hop = 256"))).network()


LUMEN = (RECIPES["lumen-mel"]).read_text(encoding="utf-8")
OWN = "model.hyperparameters"


def said(path: Path, *settings: str) -> str:
    """Sentence with which a recipe is refused."""
    with pytest.raises(RecipeError) as caught:
        load_recipe(path, settings).network()
    sentence = str(caught.value)
    for word in ("__init__", "argument", "keyword", "Traceback", "\n", "Net."):
        assert word not in sentence
    return sentence


@pytest.mark.parametrize(
    ("given", "clause"),
    [
        ("front_ent = 'mel'", f"has an unknown key '{OWN}.front_ent'; did you mean 'front_end'?"),
        (
            "colour = 3",
            f"has an unknown key '{OWN}.colour'; architecture 'lumen' has front_end, output, alpha, gamma, lifter, "
            "batch_norm",
        ),
        (
            "front_end = 'cqt'",
            f"has an impossible value for '{OWN}.front_end': it cannot be 'cqt'; input should be 'mel' or 'modgd'",
        ),
        (
            "alpha = 'many'",
            f"has an impossible value for '{OWN}.alpha': it cannot be 'many'; input should be a valid number",
        ),
        (
            "batch_norm = 1",
            f"has an impossible value for '{OWN}.batch_norm': it cannot be 1; input should be a valid boolean",
        ),
        ("labels = 3", f"has an impossible value for '{OWN}.labels': it belongs in [data], not here"),
    ],
)
def test_a_wrong_hyperparameter_is_named_with_the_file_or_the_setting(tmp_path: Path, given: str, clause: str) -> None:
    assert 'front_end = "mel"\n' in LUMEN
    path = write(tmp_path, LUMEN.replace('front_end = "mel"\n', f"{given}\n").replace("batch_norm = true", ""))
    assert said(path) == f"the recipe {path} {clause}"
    setting = f"{OWN}.{given}".replace(" = ", "=").replace("'", '"')
    assert said(RECIPES["lumen-mel"], setting) == f"the setting '{setting}' {clause}"


def test_a_value_that_only_the_network_refuses_is_told_with_its_file(tmp_path: Path) -> None:
    path = RECIPES["han-1s"]
    sentence = said(path, f"{OWN}.window_length=100")
    assert sentence.startswith(
        f"the recipe {path} with {OWN}.window_length=100 makes no network: window_length must be"
    )


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ("train.foo=3", "the setting 'train.foo=3' has an unknown key 'train.foo'"),
        ("train.setps=3", "the setting 'train.setps=3' has an unknown key 'train.setps'; did you mean 'steps'?"),
        ("train.steps=many", "the setting 'train.steps=many' has an impossible value for 'train.steps'"),
        ("train.steps=", "the setting 'train.steps=' takes out the key 'train.steps', which every recipe needs"),
        (
            "data.hold_out_share=2",
            "the setting 'data.hold_out_share=2' has an impossible value for 'data.hold_out_share'",
        ),
        ("stream.windows_per_mix=3", "the setting 'stream.windows_per_mix=3' has an impossible value for 'stream'"),
        ("model.architecture=smal", "the setting 'model.architecture=smal' has an impossible value for 'model'"),
    ],
)
def test_a_wrong_setting_is_blamed_and_not_the_file(tmp_path: Path, setting: str, sentence: str) -> None:
    path = write(tmp_path, SMALL)
    assert said(path, "train.seed=4", setting, "train.ema=0.5").startswith(sentence)
    assert str(path) not in said(path, setting)


def test_a_table_set_to_a_value_is_told_what_it_is(tmp_path: Path) -> None:
    told = said(write(tmp_path, SMALL), "train=3")
    assert told == "the setting 'train=3' has a value for 'train', which is a table: set one of its keys, train.KEY"


def test_a_setting_that_makes_another_key_wrong_is_told_with_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, SMALL.replace("hop_length = 1024", "hop_length = 1024\nhyperparameters = {labels = 1}"))
    assert said(path, "train.seed=4").startswith(f"the recipe {path} has an impossible value")
    lumen = RECIPES["lumen-modgd"]
    sentence = said(lumen, "model.architecture=han")
    assert sentence.startswith(
        f"the recipe {lumen} with the setting 'model.architecture=han' has an unknown key '{OWN}."
    )


def test_the_last_of_two_settings_of_a_key_is_the_one_that_counts(tmp_path: Path) -> None:
    path = write(tmp_path, SMALL)
    assert said(path, "train.foo=3", "train.foo=4").startswith("the setting 'train.foo=4' has an unknown key")
    assert load_recipe(path, ["train.steps=many", "train.steps=4"]).train.steps == 4
