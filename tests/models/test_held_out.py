"""Sources held out for validation: the recipe's where the data have them, else a share of what there is."""

from __future__ import annotations

import io
from collections.abc import Iterable
from pathlib import Path

import pytest
import small_nets
import tiny_bank
from rich.console import Console

from irec_live.errors import DataError
from irec_models.data import Clip
from irec_models.recipes.recipe import Recipe, load_recipe
from irec_models.training.fit import fit
from irec_models.training.held_out import held_out_sources, share_of_sources, with_held_out

LABELS = ("flute", "piano", "drums")


def clips_of(sources: dict[str, Iterable[str]]) -> list[Clip]:
    return [
        Clip(Path("nowhere"), f"{source}-{label}.wav", (label,), source, "train", label, "notes", "", 0, "CC0-1.0")
        for source, labels in sources.items()
        for label in labels
    ]


def write(tmp_path: Path, hold_out: str, share: float = 0.1) -> Path:
    text = small_nets.RECIPE.format(architecture="small", monitor="map")
    path = tmp_path / "small.toml"
    path.write_text(
        text.replace('hold_out = ["south"]', f"hold_out = {hold_out}\nhold_out_share = {share}"), encoding="utf-8"
    )
    return path


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_bank.write_bank(tmp_path_factory.mktemp("bank"))


@pytest.fixture
def recipe(tmp_path: Path, small_architectures: None) -> Recipe:
    return load_recipe(write(tmp_path, '["south", "elsewhere"]'))


def test_named_sources_are_held_out_as_far_as_they_are_there(recipe: Recipe) -> None:
    assert held_out_sources(recipe, clips_of({"north": LABELS, "south": LABELS})) == ("south",)


def test_a_misspelt_source_stays_to_be_refused(recipe: Recipe) -> None:
    assert held_out_sources(recipe, clips_of({"north": LABELS, "sooth": LABELS})) == ("south", "elsewhere")


def test_a_share_is_the_same_whatever_the_order_and_grows_with_the_sources() -> None:
    sources = {f"source {number}": LABELS for number in range(40)}
    clips = clips_of(sources)
    held = share_of_sources(clips, LABELS, 0.1)
    assert len(held) == 4
    assert share_of_sources(clips[::-1], LABELS, 0.1) == held
    assert set(share_of_sources(clips, LABELS, 0.2)) > set(held)


def test_every_label_keeps_examples_to_train_on() -> None:
    lone = {"only drums": ["drums"], "north": ["flute", "piano"], "south": ["flute", "piano"], "hiss": ["noise"]}
    assert share_of_sources(clips_of(lone), LABELS, 0.5)[0] in ("north", "south")
    with pytest.raises(DataError, match=r"none of the sources north can be held out.*validation_split=dev"):
        share_of_sources(clips_of({"north": LABELS}), LABELS, 0.1)


def test_sources_with_recordings_in_common_are_held_out_together() -> None:
    kin = {"sf:fluidr3": LABELS, "sf:musescore": LABELS, "north": LABELS}
    held = share_of_sources(clips_of(kin), LABELS, 0.9)
    assert ("sf:fluidr3" in held) == ("sf:musescore" in held)


@pytest.mark.parametrize("hold_out", ['["a studio far away"]', "[]"])
def test_a_folder_without_the_named_sources_trains_and_the_run_tells_what_it_held_out(
    bank: Path, tmp_path: Path, small_architectures: None, hold_out: str
) -> None:
    said = io.StringIO()
    console = Console(file=said)
    path = write(tmp_path, hold_out)
    trainer = fit(path, [bank], tmp_path / "run", workers=0, device="cpu", console=console, settings=["train.steps=4"])
    (held,) = trainer.recipe.data.hold_out
    assert held in ("north", "south")
    assert f"held out for validation: {held}" in said.getvalue()
    assert load_recipe(tmp_path / "run" / "recipe.toml").data.hold_out == (held,)
    again = fit(
        path,
        [bank],
        tmp_path / "run",
        workers=0,
        device="cpu",
        console=console,
        settings=["train.steps=4"],
        resume=True,
    )
    assert again.recipe.data.hold_out == (held,)


@pytest.mark.parametrize(("named", "kept"), [("a studio far away", ()), ("sooth", ("sooth",)), ("south", ("south",))])
def test_where_the_named_sources_are_not_there_the_split_dev_is_held_out_as_a_whole(
    bank: Path, tmp_path: Path, small_architectures: None, named: str, kept: tuple[str, ...]
) -> None:
    said = io.StringIO()
    path, wanted = write(tmp_path, f'["{named}"]'), ("data.validation_split=dev",)
    recipe, settings = with_held_out(load_recipe(path, wanted), path, wanted, [bank], Console(file=said))
    assert recipe.data.hold_out == load_recipe(path, settings).data.hold_out == kept
    assert ("held out for validation: the split dev" in said.getvalue()) is (kept == ())
