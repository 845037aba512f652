"""A bundled network again, from recordings to the exported file; tiny networks stand for the shipped ones."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
import small_nets
import tiny_bank
from click.testing import CliRunner
from rich.console import Console

import irec_assets
import tiny_models
from irec_export.rebuild import Compared, compare_scores, rebuild, recipe_chain
from irec_export.rebuild_command import rebuild as command
from irec_live.errors import ModelError, RecipeError
from irec_live.models.catalog import bundled_models
from irec_live.models.detector import Detector
from irec_models.nets import ARCHITECTURES
from irec_models.recipes import shelf


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
    monkeypatch.setattr(shelf, "recipe_files", lambda: files)
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


def test_no_chain_is_endless_or_of_machines(recipes: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    assert [recipe.model.name for recipe in recipe_chain("second")] == ["first", "second"]
    with pytest.raises(RecipeError, match="recipe 'circle' starts from itself"):
        recipe_chain("circle")
    monkeypatch.undo()
    with pytest.raises(RecipeError, match="irec-train bosch bosch, then irec-train publish"):
        recipe_chain("bosch")
    with pytest.raises(ModelError, match="no bundled model is called 'kazoo'"):
        rebuild("kazoo", [], Path("nowhere"))


def test_a_score_apart_by_more_than_the_tolerance_is_not_the_same() -> None:
    near = Compared("dev_macro_map", 0.76, 0.73, 0.05)
    assert near.within
    assert not replace(near, rebuilt=0.70).within
    assert not replace(near, rebuilt=0.82).within
    shipped = next(model.spec for model in bundled_models() if model.name == "tutti-348ms")
    assert {row.name for row in compare_scores(shipped, shipped)} == set(shipped.scores)
    decibels = next(row for row in compare_scores(shipped, shipped) if row.name.endswith("_db"))
    assert decibels.tolerance == 2.0


def test_the_command_tells_a_network_that_is_not_bundled() -> None:
    told = CliRunner().invoke(command, ["kazoo"])
    assert isinstance(told.exception, ModelError)
