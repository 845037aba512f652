"""``irec-train fit``: what is wrong is said in one sentence before any training; single keys set from outside."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import small_nets
import tiny_bank
from click.testing import CliRunner, Result
from network_fixtures import write_network

from irec_models.checkpoint import load_checkpoint, save_checkpoint
from irec_models.cli import main
from irec_models.recipes.lookup import recipe_files
from irec_models.recipes.recipe import load_recipe
from irec_models.training.trainer import Trainer

Refusal = Callable[..., str]

SMALL = small_nets.RECIPE.format(architecture="small", monitor="map")


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory, private_home: Path) -> Path:
    return tiny_bank.write_bank(tmp_path_factory.mktemp("bank"))


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    path = tmp_path / "small.toml"
    path.write_text(SMALL, encoding="utf-8")
    return path


def fit(recipe: Path, bank: Path, out: Path, *options: str) -> Result:
    arguments = ["fit", recipe, "--data", bank, "--out", out, "--workers", "0", "--device", "cpu", *options]
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture
def refusal(monkeypatch: pytest.MonkeyPatch, recipe: Path, bank: Path, tmp_path: Path) -> Refusal:
    """Sentence with which a fit is refused, none of its steps done."""

    def step(self: Trainer, given: object) -> float:
        raise AssertionError("it has begun to train")

    monkeypatch.setattr(Trainer, "train_on", step)

    def refused(*options: str, data: Path = bank, made_by: Path = recipe) -> str:
        result = fit(made_by, data, tmp_path / "run", *options)
        assert result.exit_code == 2, result.output
        assert result.stderr.startswith("irec-train: ")
        assert result.stderr.count("\n") == 1
        return result.stderr

    return refused


def test_an_unknown_key(refusal: Refusal, recipe: Path) -> None:
    recipe.write_text(SMALL.replace("learning_rate", "learning_rat"), encoding="utf-8")
    assert "small.toml has an unknown key 'train.learning_rat'; did you mean 'learning_rate'?" in refusal()


def test_an_unknown_key_among_the_settings(refusal: Refusal) -> None:
    told = refusal("--set", "train.setps=3")
    assert told == "irec-train: the setting 'train.setps=3' has an unknown key 'train.setps'; did you mean 'steps'?\n"
    assert "the setting 'train.steps=many' has an impossible value for 'train.steps'" in refusal(
        "--set", "train.steps=many"
    )
    assert "the setting 'steps' is not of the form table.key=value" in refusal("--set", "steps")


def test_a_data_set_that_is_not_there(refusal: Refusal, tmp_path: Path) -> None:
    assert str(tmp_path / "nowhere") in refusal(data=tmp_path / "nowhere")


def test_a_data_set_whose_files_are_gone(refusal: Refusal, tmp_path: Path) -> None:
    broken = tiny_bank.write_bank(tmp_path / "broken")
    gone = next((broken / "train" / "piano").glob("*.wav"))
    gone.unlink()
    assert gone.name in refusal(data=broken)


@pytest.fixture
def nothing_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    def decoded(*_: object, **__: object) -> None:
        raise AssertionError("sound was decoded, or looked for where decoded sound is kept")

    monkeypatch.setattr("irec_models.data.manifests.bank.build_store", decoded)
    monkeypatch.setattr("irec_models.data.manifests.bank.open_store", decoded)


@pytest.mark.usefixtures("nothing_is_decoded")
def test_a_class_without_examples_is_told_by_the_manifest_alone(refusal: Refusal, tmp_path: Path) -> None:
    assert "no solo clips of harp in the chosen sources" in refusal("--set", 'data.labels=["flute", "harp"]')
    assert "harp" in refusal("--label", "harp")
    clips = ("--set", "stream.mode=clips", "--set", "stream.grid=[]")
    assert "no clips of harp in split 'train'" in refusal("--set", 'data.labels=["flute", "harp"]', *clips[:2])
    assert "have no solo clips to draw from" in refusal("--set", "data.validation_split=dev")


@pytest.mark.usefixtures("nothing_is_decoded")
def test_sources_that_nobody_recorded_are_told_by_the_manifest_alone(refusal: Refusal) -> None:
    told = refusal("--set", 'data.hold_out=["sooth"]')
    assert told == "irec-train: no clip has source sooth; there are north, south, stage\n"


def test_a_checkpoint_of_another_architecture(refusal: Refusal, bank: Path, recipe: Path, tmp_path: Path) -> None:
    content = load_checkpoint(write_network(tmp_path / "run" / "last.pt", small_nets.SmallEnvelopeNet(3)))
    assert "last.pt is of another network than the recipe's; give another --out" in refusal("--resume")
    assert "already holds a run; add --resume" in refusal()
    save_checkpoint(tmp_path / "run" / "last.pt", replace(content, architecture="small"))
    assert "does not fit architecture 'small'" in refusal("--resume")
    save_checkpoint(tmp_path / "run" / "last.pt", replace(content, architecture="smaller"))
    assert "architecture 'smaller', which this version does not have" in refusal("--resume")


def test_machines_are_not_for_fit(refusal: Refusal) -> None:
    published = recipe_files()["bosch"]
    assert "'bosch' is not trained by gradient; use irec-train bosch" in refusal(made_by=published)


def test_settings_are_trained_by_and_kept(recipe: Path, bank: Path, tmp_path: Path) -> None:
    result = fit(recipe, bank, tmp_path / "run", "--set", "train.steps=4", "--set", "train.schedule=constant")
    assert result.exit_code == 0, result.output
    kept = load_recipe(tmp_path / "run" / "recipe.toml")
    assert (kept.train.steps, kept.train.schedule) == (4, "constant")
    assert load_checkpoint(tmp_path / "run" / "last.pt").training["step"] == 4


def test_one_label_alone_becomes_a_model_to_be_joined(
    recipe: Path, bank: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    arguments = ["fit", recipe, "--data", bank, "--workers", "0", "--label", "piano", "--set", "train.steps=4"]
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output
    best = load_checkpoint(Path("runs/small-piano/best.pt"))
    assert (best.spec.name, best.spec.labels) == ("small-piano", ("piano",))
    assert load_recipe("runs/small-piano/recipe.toml").stream.other == 0.6
