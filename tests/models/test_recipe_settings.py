"""Single keys of a recipe set from the command line: the rest stays as it was written."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest

from irec_live.errors import RecipeError
from irec_models.recipes.lookup import recipe_files
from irec_models.recipes.settings import label_name, label_settings, with_settings

TEXT = """# Heading
[model]
name = "small"

[train]
steps = 12 # few
seed = 3
"""


@pytest.mark.parametrize(
    ("setting", "table", "key", "value"),
    [
        ("train.steps=20", "train", "steps", 20),
        ("train.learning_rate = 3e-4", "train", "learning_rate", 3e-4),
        ('data.labels=["flute", "acoustic guitar"]', "data", "labels", ["flute", "acoustic guitar"]),
        ("train.loss=categorical", "train", "loss", "categorical"),
        ('train.loss="categorical"', "train", "loss", "categorical"),
        ("model.licence=CC BY 4.0, as it is", "model", "licence", "CC BY 4.0, as it is"),
        ("stream.augment.room=0.0", "stream", "augment", {"room": 0.0}),
        ("model.hyperparameters.batch_norm=true", "model", "hyperparameters", {"batch_norm": True}),
    ],
)
def test_one_key_changes_and_no_other(setting: str, table: str, key: str, value: Any) -> None:
    changed = tomllib.loads(with_settings(TEXT, [setting]))
    expected: dict[str, Any] = tomllib.loads(TEXT)
    expected.setdefault(table, {})[key] = value
    assert changed == expected


def test_comments_stay() -> None:
    assert with_settings(TEXT, ["train.steps=20"]) == TEXT.replace("12 # few", "20 # few")
    assert with_settings(TEXT, []) == TEXT


def test_an_empty_value_takes_the_key_out() -> None:
    assert "seed" not in tomllib.loads(with_settings(TEXT, ["train.seed=", "train.none="]))["train"]


def test_later_settings_win() -> None:
    assert tomllib.loads(with_settings(TEXT, ["train.steps=1", "train.steps=2"]))["train"]["steps"] == 2


@pytest.mark.parametrize("setting", ["steps", "=3", "train..steps=1", "model.name.first=1"])
def test_settings_that_say_nothing_are_refused(setting: str) -> None:
    with pytest.raises(RecipeError, match=f"the setting '{setting}'"):
        with_settings(TEXT, [setting])


def test_text_that_is_not_toml_is_refused() -> None:
    with pytest.raises(RecipeError, match="not TOML"):
        with_settings("[model", ["train.steps=1"])


def test_one_label_alone_is_trained_under_a_name_of_its_own() -> None:
    recipe = recipe_files()["chen-1s"].read_text(encoding="utf-8")
    changed = tomllib.loads(with_settings(recipe, label_settings("chen-1s", "acoustic guitar")))
    assert changed["data"]["labels"] == ["acoustic guitar"]
    assert changed["model"]["name"] == label_name("chen-1s", "acoustic guitar") == "chen-1s-acoustic-guitar"
    assert changed["stream"]["other"] == 0.6
