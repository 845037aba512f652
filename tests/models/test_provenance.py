"""Where a network comes from, as data: sources, recipe, what its weights began with."""

from __future__ import annotations

from pathlib import Path

import pytest
import small_nets
import tiny_bank

from irec_live.models.catalog import bundled_models
from irec_models.checkpoint import load_checkpoint, respecify
from irec_models.data.manifests.manifest import read_manifest
from irec_models.publishing.provenance import data_sha256, joint_terms, provenance
from irec_models.recipes.recipe import load_recipe
from irec_models.training.lineage import ancestors_of, sources_of, start_of
from irec_models.training.start_weights import load_start


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_bank.write_bank(tmp_path_factory.mktemp("bank"))


def test_sources_are_those_of_the_train_split_with_their_clips(bank: Path) -> None:
    north, south = sources_of([bank], ["south"])
    assert (north.name, north.licence, north.held_out) == ("north", "unstated", False)
    assert north.clips == sum(clip.source == "north" for clip in read_manifest(bank))
    assert (south.name, south.held_out) == ("south", True)


def test_the_sum_of_data_does_not_depend_on_the_order_of_folders_but_on_every_clip(bank: Path, tmp_path: Path) -> None:
    other = tiny_bank.write_bank(tmp_path / "other")
    assert data_sha256([bank, other]) == data_sha256([other, bank]) != data_sha256([bank])
    lines = (other / "manifest.csv").read_text().splitlines()
    (other / "manifest.csv").write_text("\n".join(lines[:-1]))
    assert data_sha256([other]) != data_sha256([bank])


def test_provenance_tells_recipe_training_and_what_it_began_with(
    small_checkpoint: Path, bank: Path, tmp_path: Path
) -> None:
    text = small_nets.RECIPE.format(architecture="small", monitor="map")
    (tmp_path / "recipe.toml").write_text(text, encoding="utf-8")
    recipe, plain = load_recipe(tmp_path / "recipe.toml"), load_checkpoint(small_checkpoint).spec
    start = {"name": "first", "sources": [{"name": "west", "licence": "CC0-1.0", "clips": 4}], "ancestors": []}
    training = {"step": 9, "hours": 0.5, "steps_in_all": 12, "start": start, "mean_of": 2}
    spec = respecify(plain, **provenance(recipe, text, training, plain, [bank]))
    assert spec.trained_on == {"north", "west"}
    assert spec.lineage is not None
    assert (spec.lineage.recipe, spec.lineage.start, spec.lineage.mean_of) == ("small", "first", 2)
    assert (spec.lineage.step, spec.lineage.steps, spec.lineage.hours) == (9, 12, 0.5)
    assert spec.lineage.windows_hours == pytest.approx(9 * 8 * 0.512 / 3600)
    assert (spec.lineage.recipe_text, spec.lineage.data_sha256) == (text, data_sha256([bank]))
    bundled = next(model.spec for model in bundled_models() if model.name == "tutti-1s")
    again = respecify(plain, **provenance(recipe, text, training | {"start": start_of(bundled)}, plain, [bank]))
    assert again.trained_on == {"north", *bundled.trained_on}
    assert again.lineage is not None
    assert again.lineage.start == "tutti-1s"


def test_a_start_hands_on_its_sources_and_its_ancestors() -> None:
    told = load_start(Path("tutti-348ms")).told()
    own, *earlier = ancestors_of(told)
    assert own.name == "tutti-348ms"
    held = next(source for source in own.sources if source.name == "vsco2-vcsl")
    assert (held.clips, held.held_out, bool(held.licence)) == (432, True, True)
    assert "tutti-1s" in {ancestor.name for ancestor in earlier}  # its name then; tutti-1s-windows now
    assert ancestors_of({"name": "of 0.1", "card": "# A card"}) == ()
    assert ancestors_of({"name": "edited", "sources": "many"}) == ()


def test_what_one_of_several_was_trained_on_all_of_them_were(small_checkpoint: Path) -> None:
    spec = load_checkpoint(small_checkpoint).spec
    held, trained = (
        respecify(spec, sources=[{"name": "north", "held_out": flag}], reference=text)
        for flag, text in ((True, "A paper"), (False, ""))
    )
    for pair in ((held, trained), (trained, held)):
        joint = respecify(spec, **joint_terms(pair))
        assert joint.trained_on == {"north"}
        assert joint.reference == "A paper"


def test_recordings_of_a_bundled_model_are_known_without_its_card() -> None:
    start = load_start(Path("neuroment-mel"))
    assert start.trained_on(["philharmonia", "vsco2-vcsl", "nobody"]) == {"philharmonia"}
    # What it began with had heard what it was itself kept from.
    start = load_start(Path("tutti-348ms"))
    assert start.trained_on(["philharmonia", "vsco2-vcsl", "nobody"]) == {"philharmonia", "vsco2-vcsl"}
