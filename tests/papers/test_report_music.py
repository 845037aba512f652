"""The page on public music: accompaniment plays along, so no clip is a stem and nothing can be mixed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import tiny_bank
import tiny_datasets
from click.testing import CliRunner

from irec_models.cli import main
from irec_models.data import ClipSelection, DataFolders
from irec_papers.datasets import DATA_SETS
from irec_papers.datasets.prepare import check
from irec_papers.report.study import Material

NEED_MIXTURES = ("polyphony", "sequences", "envelopes", "leakage")
SPLITS = {"irmas-": "test", "openmic-2018-": "train"}


@pytest.fixture(scope="module", params=["irmas", "openmic-2018"])
def music(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, private_home: Path) -> Path:
    root = tiny_datasets.WRITERS[request.param](tmp_path_factory.mktemp(f"{request.param}-"))
    check(DATA_SETS[request.param], root, archives=False)
    return root


def report(models: list[Path], music: Path, folder: Path) -> tuple[str, dict[str, Any]]:
    page, scores = folder / "page.html", folder / "scores.json"
    arguments = [
        "evaluate",
        *map(str, models),
        "--data",
        str(music),
        "--split",
        SPLITS[music.name.rstrip("0123456789")],
        "--mistakes",
        "1",
    ]
    arguments += ["--cache", str(folder / "cache"), "--report", str(page), "--json", str(scores)]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output
    return page.read_text(encoding="utf-8"), json.loads(scores.read_text())


def test_a_page_on_music_leaves_out_what_needs_mixtures_and_says_so(
    music: Path, tmp_path: Path, small_checkpoint: Path, small_envelope_checkpoint: Path
) -> None:
    page, scores = report([small_checkpoint, small_envelope_checkpoint], music, tmp_path)
    assert not [key for key in NEED_MIXTURES if f'<section id="{key}"' in page]
    assert all(f'<section id="{key}"' in page for key in ("summary", "material", "instruments", "thresholds"))
    assert page.count("so nothing was mixed") == 1
    assert "mixtures’ accuracy" not in page
    assert [model["mixes"] for model in scores["models"]] == [None, None]
    assert all(model["clips"]["clips"] > 0 for model in scores["models"])


def test_nothing_is_mixed_before_the_first_clip_is_predicted(
    music: Path, tmp_path: Path, small_checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    find = ClipSelection.has_stems
    clips = Material.clips
    monkeypatch.setattr(ClipSelection, "has_stems", lambda self: (asked.append("stems"), find(self))[1])
    monkeypatch.setattr(Material, "clips", lambda self, spec: (asked.append("clips"), clips(self, spec))[1])
    monkeypatch.setattr(Material, "mixes", lambda self, spec: pytest.fail("there is nothing to mix"))
    report([small_checkpoint], music, tmp_path)
    assert asked[:2] == ["stems", "clips"]


def test_stems_are_clips_of_one_instrument_of_the_split_and_sources(music: Path, tmp_path: Path) -> None:
    assert not ClipSelection(DataFolders(music), None).has_stems()
    bank = tiny_bank.write_bank(tmp_path / "bank")
    both = DataFolders([music, bank])
    assert ClipSelection(DataFolders(bank)).has_stems()
    assert ClipSelection(both, sources=("south",)).has_stems()
    assert not ClipSelection(both, sources=("nowhere",)).has_stems()
    assert not ClipSelection(both, "test").has_stems()


def test_labels_that_no_clip_has_are_told_before_any_clip_is_predicted(
    tmp_path: Path, small_checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    openmic = tiny_datasets.write_openmic(tmp_path / "openmic")
    check(DATA_SETS["openmic-2018"], openmic, archives=False)
    monkeypatch.setattr(Material, "clips", lambda self, spec: pytest.fail("a clip is predicted on"))
    arguments = ["evaluate", str(small_checkpoint), "--data", str(openmic), "--split", "test"]
    result = CliRunner().invoke(main, [*arguments, "--report", str(tmp_path / "page.html")])
    assert result.exit_code == 2
    assert "no clip of split 'test' with the chosen sources has one of the labels of 'random'" in result.stderr
