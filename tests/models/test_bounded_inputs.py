"""Recipes and manifests of strangers: bounded in size and depth, and one sentence where they are not."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import small_nets
import tiny_bank

from irec_live.errors import DataError, RecipeError
from irec_models.data import read_manifest
from irec_models.data.manifests import manifest
from irec_models.recipes.recipe import load_recipe

SMALL = small_nets.RECIPE.format(architecture="small", monitor="map")

needs_pipes = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")


@pytest.fixture
def refusal(small_architectures: None, tmp_path: Path) -> Callable[..., str]:
    """The sentence with which a recipe is refused, at once."""

    def refused(text: str, *settings: str) -> str:
        path = tmp_path / "a.toml"
        path.write_text(text, encoding="utf-8")
        began = time.process_time()
        with pytest.raises(RecipeError) as caught:
            load_recipe(path, settings=settings).network()
        assert time.process_time() - began < 5.0
        told = str(caught.value)
        assert "\n" not in told
        assert len(told) < 1000
        return told

    return refused


@pytest.mark.parametrize("opening", ["[", "{a="], ids=["arrays", "tables"])
def test_values_in_values_without_end(refusal: Callable[..., str], opening: str) -> None:
    deep = opening * 20_000
    assert "nests values in values too deep" in refusal(f"{SMALL}\nx = {deep}")
    assert "train.x" in refusal(SMALL, f"train.x={deep}")


@pytest.mark.parametrize(
    "text",
    [
        "[" + ".".join(["a"] * 100_000) + "]",
        ".".join(["a"] * 100_000) + " = 1",
        "x = {" + " . ".join(["a"] * 50_000) + " = 1}",
        ".".join(['"a b"'] * 40_000) + " = 1",
    ],
    ids=["table", "key", "inline", "quoted"],
)
def test_keys_in_keys_without_end(refusal: Callable[..., str], text: str) -> None:
    assert "has more than 16 parts" in refusal(f"{SMALL}\n{text}")


def test_a_setting_of_many_parts(refusal: Callable[..., str]) -> None:
    assert "has a key of more than 16 parts" in refusal(SMALL, ".".join(["a"] * 1000) + "=1")


def test_a_recipe_without_end(refusal: Callable[..., str]) -> None:
    assert "up to 256 kB are read" in refusal(SMALL + "#" * 300_000)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("steps = 12", "steps = 1" + "0" * 5000, "is not TOML"),
        ("steps = 12", f"steps = '{'x' * 100_000}'", "impossible value for 'train.steps'"),
        ("steps = 12", f"steps = '{'.' * 100_000}'", "impossible value for 'train.steps'"),
        ("steps = 12", 'steps = "' + '\\\\\\"' * 50_000 + '"', "impossible value for 'train.steps'"),
        ("window_length = 4096", "window_length = 1000000000000", "'stream.window_length'"),
        ("batch_size = 8", "batch_size = 80000000000", "a batch may have"),
        ('labels = ["flute", "piano", "drums"]', f"labels = {[str(i) for i in range(2000)]}", "'data.labels'"),
        ('"piano", "drums"', f'"{"x" * 1000}"', "'data.labels"),
        ("[data]", f'[data]\n"{"y" * 1000}\\n" = 1', "unknown key 'data.yyy"),
        ("[data]", f"[model.hyperparameters]\n{'z' * 1000} = 1\n[data]", "unknown key 'model.hyperparameters.zzz"),
    ],
)
def test_sizes_beyond_reason(refusal: Callable[..., str], old: str, new: str, reason: str) -> None:
    assert old in SMALL
    assert reason in refusal(SMALL.replace(old, new))


def test_hyperparameters_beyond_reason(refusal: Callable[..., str]) -> None:
    chen = SMALL.replace('architecture = "small"', 'architecture = "chen"')
    for value, reason in (("1000000000", "'bins' is 1e+09; up to 16384 is possible"), ("'many'", "'model.hyperparam")):
        told = refusal(chen.replace("[data]", f"[model.hyperparameters]\nbins = {value}\n[data]"))
        assert reason in told


@needs_pipes
def test_a_recipe_that_is_no_plain_file(small_architectures: None, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.toml")
    (tmp_path / "link.toml").symlink_to("/dev/zero")
    for name in ("pipe.toml", "link.toml"):
        with pytest.raises(RecipeError, match=rf"{re.escape(name)} is not a plain file"):
            load_recipe(tmp_path / name)
    with pytest.raises(RecipeError, match="is a folder"):
        load_recipe(tmp_path)


@pytest.fixture
def bank(tmp_path: Path) -> Path:
    return tiny_bank.write_bank(tmp_path / "bank")


def first_file(bank: Path) -> Path:
    return read_manifest(bank)[0].audio_path


@needs_pipes
def test_a_manifest_that_is_no_plain_file(tmp_path: Path) -> None:
    path = tmp_path / "manifest.csv"
    os.mkfifo(path)
    with pytest.raises(DataError, match="is not a plain file"):
        read_manifest(tmp_path)
    path.unlink()
    path.symlink_to("/dev/zero")
    with pytest.raises(DataError, match="is not a plain file"):
        read_manifest(tmp_path)
    path.unlink()
    path.mkdir()
    with pytest.raises(DataError, match="is a folder"):
        read_manifest(tmp_path)


def test_a_manifest_without_end(bank: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manifest, "MOST_BYTES", 100)
    with pytest.raises(DataError, match="are read"):
        read_manifest(bank)


@needs_pipes
def test_sound_that_is_no_plain_file(bank: Path) -> None:
    path = first_file(bank)
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(DataError, match="which is not a plain file"):
        read_manifest(bank)


def test_a_link_out_of_the_data_folder_is_refused(bank: Path, tmp_path: Path) -> None:
    path = first_file(bank)
    elsewhere = path.rename(tmp_path / "private.wav")
    path.symlink_to(elsewhere)
    with pytest.raises(DataError, match=r"which is a link to .*private\.wav, outside the data folder"):
        read_manifest(bank)
    path.unlink()
    path.symlink_to("/dev/zero")
    with pytest.raises(DataError, match="outside the data folder"):
        read_manifest(bank)
    path.unlink()
    path.symlink_to(tmp_path / "nothing")
    with pytest.raises(DataError, match="outside the data folder"):
        read_manifest(bank)


def test_a_link_within_the_data_folder_is_followed(bank: Path, tmp_path: Path) -> None:
    path = first_file(bank)
    path.symlink_to(path.rename(bank / "moved.wav"))
    clips = read_manifest(bank)
    (tmp_path / "linked").symlink_to(bank)
    assert len(read_manifest(tmp_path / "linked")) == len(clips)


def test_a_folder_that_is_linked_into_the_data_folder_is_named(
    bank: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = first_file(bank).relative_to(bank).parts[0]
    (bank / folder).rename(tmp_path / "elsewhere")
    (bank / folder).symlink_to(tmp_path / "elsewhere")
    assert read_manifest(bank)
    assert read_manifest(bank)
    told = [record.getMessage() for record in caplog.records if "holds a link" in record.getMessage()]
    assert told
    assert len(told) == len(set(told))
    assert all(str(tmp_path / "elsewhere") in line for line in told)


def test_a_manifest_that_is_a_link_out_of_the_data_folder_is_named(
    bank: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    elsewhere = (bank / manifest.MANIFEST).rename(tmp_path / "other.csv")
    (bank / manifest.MANIFEST).symlink_to(elsewhere)
    assert read_manifest(bank)
    assert [record.getMessage() for record in caplog.records if str(elsewhere) in record.getMessage()]


def test_columns_without_end_are_not_all_told(bank: Path) -> None:
    for header in (
        ",".join(f"c{number}" for number in range(10_000)),
        "x" * 100_000,
        "file,labels,source,split" + ",y" * 10_000,
    ):
        (bank / manifest.MANIFEST).write_text(header + "\n")
        with pytest.raises(DataError) as caught:
            read_manifest(bank)
        assert len(str(caught.value)) < 1000


@pytest.mark.parametrize("rate", ["²", "9" * 5000, "-1"])
def test_a_rate_that_is_no_number_is_not_known(bank: Path, rate: str) -> None:
    path = bank / "manifest.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    has = "original_rate" in lines[0]
    lines = [
        (line if has else f"{line},{'original_rate' if number == 0 else rate}") for number, line in enumerate(lines)
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert has or {clip.original_rate for clip in read_manifest(bank)} == {0}


@pytest.mark.parametrize("character", ["\0", "\x07", "\n"], ids=["nul", "bell", "newline"])
def test_a_name_with_a_control_character_is_refused(bank: Path, character: str) -> None:
    path = bank / "manifest.csv"
    name = read_manifest(bank)[0].file
    path.write_text(
        path.read_text(encoding="utf-8").replace(name, f'"{name[:-4]}{character}.wav"', 1), encoding="utf-8"
    )
    with pytest.raises(DataError, match=r"names file '[^\n]*\?\.wav', which has a control character in it"):
        read_manifest(bank)
