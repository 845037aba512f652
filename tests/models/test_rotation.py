"""Sources left out in their turn: who is scored by whom, and that nothing is done twice or on wrong ground."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import small_nets
import tiny_bank
from click.testing import CliRunner

from irec_live.errors import DataError
from irec_models.cli import main
from irec_models.data.manifests.manifest import read_manifests
from irec_models.experiments import rotation as module
from irec_models.experiments.rotation import rotate, turns_of
from irec_models.recipes.recipe import load_recipe


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory, private_home: Path) -> Path:
    return tiny_bank.write_bank(tmp_path_factory.mktemp("bank"))


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    path = tmp_path / "small.toml"
    path.write_text(small_nets.RECIPE.format(architecture="small", monitor="map"))
    return path


def test_each_source_is_scored_by_the_network_that_missed_it(
    bank: Path, recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scores = tmp_path / "scores.json"
    command = ["rotate", str(recipe), "--data", str(bank), "--out", str(tmp_path / "runs"), "--workers", "0"]
    result = CliRunner().invoke(main, [*command, "--json", str(scores)])
    assert result.exit_code == 0, result.stderr
    assert "without north: top-1" in result.stderr
    told = json.loads(scores.read_text())
    assert (told["schema"], [turn["sources"] for turn in told["turns"]]) == (
        "irec.rotation/1",
        [["north"], ["south"]],
    )
    for folder, source in (("01", "north"), ("02", "south")):
        kept = load_recipe(tmp_path / "runs" / folder / "recipe.toml")
        assert (kept.data.hold_out, kept.train.monitor) == ((source,), "last")
        content = json.loads((tmp_path / "runs" / folder / module.PREDICTED).read_text())
        assert content["files"]
        assert all(source in Path(file).name for file in content["files"])
    together = told["together"]
    assert together["clips"] == sum(turn["clips"] for turn in told["turns"])
    right = sum(turn["top1"] * turn["solos"] for turn in told["turns"])
    assert together["top1"] * together["solos"] == pytest.approx(right)
    assert set(together["average_precision"]) == {"flute", "piano", "drums"}
    # The same command again trains nothing; other settings are not mixed with what is there.
    monkeypatch.setattr(module, "fit", lambda *args, **kwargs: pytest.fail("trained twice"))
    again = CliRunner().invoke(main, [*command, "--json", str(scores)])
    assert (again.exit_code, json.loads(scores.read_text())) == (0, told)
    other = CliRunner().invoke(main, [*command, "--set", "train.steps=20"])
    assert (other.exit_code, "by another recipe" in other.stderr) == (2, True)
    (tmp_path / "runs" / "01" / module.PREDICTED).write_text("{")
    broken = CliRunner().invoke(main, command)
    assert (broken.exit_code, "delete it" in broken.stderr) == (2, True)


def test_an_interrupted_rotation_goes_on(
    bank: Path, recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*args: object, **kwargs: object) -> None:
        raise KeyboardInterrupt

    command = ["rotate", str(recipe), "--data", str(bank), "--out", str(tmp_path / "runs"), "--workers", "0"]
    with monkeypatch.context() as patch:
        patch.setattr("irec_models.training.fit._validate", stop)
        stopped = CliRunner().invoke(main, command)
    assert (stopped.exit_code, "at step 4; the same command continues" in stopped.stderr) == (130, True)
    finished = CliRunner().invoke(main, command)
    assert (finished.exit_code, "at step 4" in finished.stderr) == (0, True)


def test_what_cannot_be_rotated_is_refused_before_any_training(bank: Path, recipe: Path, tmp_path: Path) -> None:
    def refusal(*more: str) -> str:
        result = CliRunner().invoke(
            main, ["rotate", str(recipe), "--data", str(bank), "--out", str(tmp_path / "runs"), *more]
        )
        assert result.exit_code == 2
        assert not (tmp_path / "runs").exists()
        return " ".join(result.stderr.split())

    assert "there is no source west" in refusal("--source", "west")
    assert "1 sources have clips" in refusal("--source", "north")
    assert "add --set model.start_from=" in refusal("--set", "model.start_from=han-1s")
    rows = (bank / "manifest.csv").read_text().splitlines()
    fewer = tmp_path / "fewer"
    shutil.copytree(bank, fewer)
    (fewer / "manifest.csv").write_text("\n".join(row for row in rows if "drums,notes,north" not in row) + "\n")
    with pytest.raises(DataError, match="without south: no solo clips of drums"):
        rotate(recipe, [fewer], tmp_path / "runs")


def test_sources_are_dealt_into_turns_of_like_size(bank: Path) -> None:
    clips = [clip for clip in read_manifests(bank) if clip.split == "train"]
    more = [*clips, *(clip for clip in read_manifests(bank) if clip.source == "stage")]
    assert set(turns_of(clips, ["flute"])) == {("north",), ("south",)}
    assert sorted(map(sorted, turns_of(more, ["flute", "oboe"], number=2))) == [["north", "stage"], ["south"]]
    assert len(turns_of(more, ["flute", "oboe"], number=9)) == 3


def test_sources_that_hold_the_same_recordings_are_left_out_together(bank: Path) -> None:
    clips = [clip for clip in read_manifests(bank) if clip.split == "train"]
    names = {"north": "sf:fluidr3", "south": "sf:musescore"}
    kin = [replace(clip, source=names.get(clip.source, clip.source)) for clip in clips]
    assert set(map(frozenset, turns_of([*clips, *kin], ["flute"]))) == {
        frozenset(("north",)),
        frozenset(("south",)),
        frozenset(("sf:fluidr3", "sf:musescore")),
    }
    with pytest.raises(DataError, match="1 sources have clips"):
        turns_of(kin, ["flute"])


def test_training_that_diverges_is_one_sentence(
    bank: Path, recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def diverge(*args: object, **kwargs: object) -> None:
        raise FloatingPointError("the loss is not a number at step 3")

    monkeypatch.setattr(module, "fit", diverge)
    result = CliRunner().invoke(main, ["rotate", str(recipe), "--data", str(bank), "--out", str(tmp_path / "runs")])
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert "at step 3; what was saved before is in the run's folder" in result.stderr
