"""A bundled network again, from recordings to the exported file; tiny networks stand for the shipped ones."""

from __future__ import annotations

import hashlib
import io
from dataclasses import replace
from pathlib import Path

import pytest
import small_nets
import tiny_bank
import torch
from click.testing import CliRunner
from rich.console import Console

import irec_assets
import tiny_models
from irec_export.rebuild import Compared, _teacher_of, compare_scores, rebuild, recipe_chain
from irec_export.rebuild_command import rebuild as command
from irec_live.errors import CheckpointError, ModelError, RecipeError
from irec_live.models.catalog import bundled_models
from irec_live.models.detector import Detector
from irec_models.checkpoint import load_checkpoint
from irec_models.nets import ARCHITECTURES
from irec_models.progress import silent
from irec_models.recipes import lookup
from irec_models.training.start_weights import PUBLISHED


@pytest.fixture
def recipes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    """Recipes of small networks: ``second``, which starts from ``first``, and ``circle``, which starts from itself."""
    monkeypatch.setitem(ARCHITECTURES, "small", small_nets.SmallNet)
    text = small_nets.RECIPE.format(architecture="small", monitor="map").replace("steps = 12", "steps = 4")
    files = {}
    for name, start in (("first", ""), ("second", "first"), ("circle", "circle")):
        named = text.replace('name = "small"', f'name = "{name}"\nstart_from = "{start}"')
        files[name] = tmp_path / f"{name}.toml"
        files[name].write_text(named, encoding="utf-8")
    monkeypatch.setattr(lookup, "recipe_files", lambda: files)
    return files


def test_a_shipped_network_is_rebuilt_by_its_chain_of_recipes_and_compared(
    recipes: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("irec_models.publishing.predict.MIXES_PER_SIZE", 1)
    monkeypatch.setattr("irec_models.publishing.predict.THRESHOLD_BATCHES", 2)
    monkeypatch.setattr("irec_models.publishing.predict.NOISE_WINDOWS", 16)
    bundle = tmp_path / "bundle"
    bundle.mkdir()
    data, out = tiny_bank.write_bank(tmp_path / "bank"), tmp_path / "out"
    shipped = bundle / "second.onnx"
    scores = {"dev_macro_map": 0.5, "of a paper": 0.1}
    shipped.write_bytes(tiny_models.activation_model(tiny_models.activation_spec(name="second", scores=scores)))
    monkeypatch.setattr(irec_assets, "models_folder", lambda: bundle)
    assert [model.path for model in bundled_models()] == [shipped]
    said = io.StringIO()
    options = {"device": "cpu", "workers": 0, "console": Console(file=said, width=200)}
    exported, compared = rebuild("second", [data], out, tolerance=0.5, **options)
    spec = Detector(exported).spec
    assert (spec.name, spec.lineage.start, spec.lineage.recipe) == ("second", "first", "second")
    assert "start_from" in spec.lineage.recipe_text
    assert [(ancestor.name, len(ancestor.sources)) for ancestor in spec.lineage.ancestors] == [("first", 2)]
    assert [source.name for source in spec.sources if source.held_out] == ["south"]
    assert [row.name for row in compared] == ["dev_macro_map"]
    assert compared[0].rebuilt == spec.scores["dev_macro_map"]
    assert compared[0].within
    # The same command finds everything done.
    before = exported.stat().st_mtime_ns
    again, _ = rebuild("second", [data], out, tolerance=0.5, **options)
    assert again.stat().st_mtime_ns == before
    assert said.getvalue().count("is finished at step 4") == 2


class PublishedNet(small_nets.SmallNet):
    """Reads a state dict that others published."""

    def begin_with(self, published: dict[str, torch.Tensor]) -> None:
        self.load_state_dict(published, strict=False)


def test_a_chain_begins_with_the_published_file_that_its_recipe_names(
    recipes: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("irec_models.training.start_weights.TuttiMobileNet", PublishedNet)
    for name in ("MIXES_PER_SIZE", "THRESHOLD_BATCHES"):
        monkeypatch.setattr(f"irec_models.publishing.predict.{name}", 2)
    monkeypatch.setattr("irec_models.publishing.predict.NOISE_WINDOWS", 16)
    monkeypatch.setattr("irec_export.rebuild.shipped_spec", lambda name: tiny_models.activation_spec(name=name))
    published, other = tmp_path / "theirs.pt", tmp_path / "other.pt"
    weights = {"convolution.weight": torch.full((8, 1, 3, 3), 0.25)}
    torch.save(weights, published)
    torch.save({name: 2 * value for name, value in weights.items()}, other)
    digest = hashlib.sha256(published.read_bytes()).hexdigest()
    table = f'[start]\nfile = "theirs.pt"\naddress = "https://example.org/theirs.pt"\nsha256 = "{digest}"\n'
    first = recipes["first"]
    first.write_text(first.read_text().replace('start_from = ""', f'start_from = "{PUBLISHED}"') + table)
    data = [tiny_bank.write_bank(tmp_path / "bank")]
    options = {"device": "cpu", "workers": 0, "console": Console(file=io.StringIO())}
    told = r"fetch https://example\.org/theirs\.pt and give it with --start-from theirs\.pt"
    with pytest.raises(RecipeError, match=told):
        rebuild("second", data, tmp_path / "out", **options)
    with pytest.raises(CheckpointError, match=r"other\.pt is not the published theirs\.pt"):
        rebuild("second", data, tmp_path / "out", start_from=other, **options)
    slow = ("train.learning_rate=1e-9", "train.ema=0.5")
    exported, _ = rebuild("second", data, tmp_path / "out", start_from=published, settings=slow, **options)
    assert Detector(exported).spec.lineage.start == "first"
    begun = load_checkpoint(tmp_path / "out" / "first" / "best.pt")
    torch.testing.assert_close(begun.state_dict["convolution.weight"], weights["convolution.weight"])
    first.write_text(first.read_text().replace(table, "").replace(f'"{PUBLISHED}"', '""'))
    with pytest.raises(RecipeError, match="begins with no published file"):
        rebuild("second", data, tmp_path / "again", start_from=published, **options)


def test_a_network_that_no_gradient_trains_is_trained_by_its_own_command(
    recipes: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(small_nets.SmallNet, "trained_by", "machines")
    monkeypatch.setattr("irec_export.rebuild.shipped_spec", lambda name: tiny_models.activation_spec(name=name))
    monkeypatch.setattr("irec_export.rebuild.trainer_place", lambda name: f"{name}:train")

    class Trained(Exception):
        """The trainer was called."""

    def train(recipe: Path, data: list[Path], out: Path, *, resume: bool, **_: object) -> None:
        assert (recipe, out.name, resume) == (recipes["first"], "first", True)
        raise Trained

    monkeypatch.setattr("irec_export.rebuild.load", {"machines:train": train}.__getitem__)
    with pytest.raises(Trained):
        rebuild("first", [], tmp_path / "out")


def test_no_chain_is_endless_or_without_a_trainer(recipes: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    assert [recipe.model.name for recipe in recipe_chain("second")] == ["first", "second"]
    with pytest.raises(RecipeError, match="recipe 'circle' starts from itself"):
        recipe_chain("circle")
    monkeypatch.undo()
    assert [recipe.model.name for recipe in recipe_chain("bosch")] == ["bosch"]
    assert [recipe.model.name for recipe in recipe_chain("tutti-1s")] == [
        *("tutti-1s-head", "tutti-1s-windows", "tutti-1s")
    ]
    assert [recipe.model.name for recipe in recipe_chain("tutti-348ms")] == [
        *("tutti-1s-head", "tutti-1s-windows", "tutti-348ms")
    ]
    assert [recipe.model.name for recipe in recipe_chain("tutti-348ms-head")] == [
        *("tutti-1s-head", "tutti-1s-windows", "tutti-1s", "tutti-348ms-head")
    ]
    monkeypatch.setattr("irec_export.rebuild.trainer_place", lambda name: "")
    with pytest.raises(RecipeError, match="'bosch' is trained by irec-train bosch, which no installed package brings"):
        recipe_chain("bosch")
    with pytest.raises(ModelError, match="no bundled model is called 'kazoo'"):
        rebuild("kazoo", [], Path("nowhere"))


def test_whoever_teaches_is_an_earlier_network_of_the_chain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("irec_export.rebuild._finished", lambda recipe, data, out, progress: Path(recipe.model.name))
    chain = recipe_chain("tutti-1s")
    assert [_teacher_of(recipe, chain[:place], [], tmp_path, silent) for place, recipe in enumerate(chain)] == [
        *(None, None, Path("tutti-1s-windows"))
    ]
    with pytest.raises(RecipeError, match="'tutti-1s' learns from 'tutti-1s-windows', which is none of those"):
        _teacher_of(chain[-1], chain[:1], [], tmp_path, silent)


def test_a_score_apart_by_more_than_the_tolerance_is_not_the_same() -> None:
    near = Compared("dev_macro_map", 0.76, 0.73, 0.05)
    assert near.within
    assert not replace(near, rebuilt=0.70).within
    assert not replace(near, rebuilt=0.82).within
    shipped = next(model.spec for model in bundled_models() if model.name == "tutti-348ms")
    assert {row.name for row in compare_scores(shipped, shipped)} == set(shipped.scores)
    decibels = next(row for row in compare_scores(shipped, shipped) if row.name.endswith("_db"))
    assert decibels.tolerance == 2.0


def test_the_command_tells_a_network_that_is_not_bundled(tmp_path: Path) -> None:
    (tmp_path / "manifest.csv").touch()
    told = CliRunner().invoke(command, ["kazoo", "--data", str(tmp_path)])
    assert isinstance(told.exception, ModelError)
