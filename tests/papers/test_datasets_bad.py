"""Public data sets that are missing, damaged or not what they should be: one clear sentence each."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import tiny_datasets
from click.testing import CliRunner

from irec_live.errors import DataError
from irec_models.cli import main
from irec_papers.datasets import DATA_SETS
from irec_papers.datasets.prepare import check


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def without(pattern: str) -> Callable[[Path], None]:
    def remove(root: Path) -> None:
        found = sorted(root.rglob(pattern))
        assert found
        for path in found:
            shutil.rmtree(path) if path.is_dir() else path.unlink()

    return remove


def emptied(root: Path) -> None:
    next(root.rglob("*.wav")).write_bytes(b"")


LABELS_TABLE = "openmic-2018/openmic-2018-aggregated-labels.csv"
MEDLEY_TABLE = "annotation/Medley-solos-DB_metadata.csv"

BROKEN = [
    ("irmas", without("*Cat-19.txt"), r"Cat-19\.wav has no .*Cat-19\.txt beside it"),
    ("irmas", without("vio"), r"has no clip of violin \('vio'\)"),
    ("irmas", lambda root: (root / "IRMAS-TrainingData" / "kazoo").mkdir(), "folder 'kazoo' that is no instrument"),
    ("irmas", lambda root: change(next(root.rglob("*Cat-19.txt")), "pia", "kaz"), "names 'kaz'; expected one of cel"),
    ("irmas", lambda root: next(root.rglob("*Cat-19.txt")).write_text("\n"), "names nothing"),
    ("irmas", emptied, "is no sound file"),
    ("irmas", lambda root: shutil.rmtree(root), "does not hold irmas; run: irec-train data get irmas --dir"),
    ("nsynth", without("bass_*.wav"), r"bass_synthetic_068-049-025\.wav is missing, though .*json lists them"),
    ("nsynth", without("*acoustic*.wav"), "and 8 more are missing"),
    ("nsynth", lambda root: (root / "nsynth-test/examples.json").write_text("[1"), "cannot be read as JSON"),
    ("nsynth", lambda root: (root / "nsynth-test/examples.json").write_text("[]"), "holds no JSON object"),
    ("nsynth", lambda root: change(root / "nsynth-test/examples.json", '"organ"', '"kazoo"'), "family 'kazoo'"),
    ("nsynth", lambda root: change(root / "nsynth-test/examples.json", "_family_str", "_class"), "lacks 'instrument_f"),
    ("medley-solos-db", without("*test-6_*.wav"), r"test-6_.*\.wav is nowhere below"),
    ("medley-solos-db", lambda root: change(root / MEDLEY_TABLE, "trumpet", "kazoo"), "line 8.*instrument 'kazoo'"),
    ("medley-solos-db", lambda root: change(root / MEDLEY_TABLE, "song_id", "song"), "lacks column song_id"),
    (
        "medley-solos-db",
        lambda root: change(root / MEDLEY_TABLE, "test,violin,7,8,1a28", "test,violin"),
        "line 9 is cut",
    ),
    ("openmic-2018", without("*40_3840.ogg"), r"000040_3840\.ogg is missing"),
    ("openmic-2018", without("split01_test.csv"), r"split01_test\.csv is missing"),
    ("openmic-2018", lambda root: change(root / LABELS_TABLE, "accordion", "kazoo"), "'kazoo' is none of the 20"),
    ("openmic-2018", lambda root: change(root / LABELS_TABLE, "0.17,", "maybe,"), "relevance 'maybe' is no number"),
    (
        "openmic-2018",
        lambda root: (root / "openmic-2018/partitions/split01_test.csv").write_text("999999_0\n"),
        "excerpt 999999_0 of a partition has no annotations",
    ),
]


@pytest.mark.parametrize(("name", "damage", "message"), BROKEN, ids=[f"{row[0]}-{n}" for n, row in enumerate(BROKEN)])
def test_a_damaged_data_set_says_what_is_wrong(
    tmp_path: Path, name: str, damage: Callable[[Path], object], message: str
) -> None:
    root = tiny_datasets.WRITERS[name](tmp_path / "set")
    damage(root)
    with pytest.raises(DataError, match=message):
        check(DATA_SETS[name], root, archives=False)
    assert not (root / "manifest.csv").exists()
    assert not list(tmp_path.rglob("*.part"))


def test_a_label_without_a_single_clip_is_said_before_any_training(tmp_path: Path) -> None:
    root = tiny_datasets.write_nsynth(tmp_path)
    table = root / "nsynth-train" / "examples.json"
    notes = json.loads(table.read_text())
    table.write_text(json.dumps({name: note for name, note in notes.items() if not name.startswith("mallet")}))
    with pytest.raises(DataError, match="has no clip of mallet"):
        check(DATA_SETS["nsynth"], root, archives=False)


def test_a_part_that_is_not_there_is_named(tmp_path: Path) -> None:
    root = tiny_datasets.write_irmas(tmp_path)
    shutil.rmtree(root / "IRMAS-TestingData-Part2")
    with pytest.raises(DataError, match="does not hold part 'testing-2' of irmas"):
        check(DATA_SETS["irmas"], root, ["testing-2"], archives=False)
    with pytest.raises(DataError, match="has no part 'moon'; there are training, testing-1"):
        check(DATA_SETS["irmas"], root, ["moon"], archives=False)
    assert check(DATA_SETS["irmas"], root, archives=False).absent == ("testing-2",)


def test_an_archive_of_another_content_is_found_out(tmp_path: Path) -> None:
    root = tiny_datasets.write_irmas(tmp_path)
    (root / "IRMAS-TrainingData.zip").write_bytes(b"half an archive")
    with pytest.raises(DataError, match=r"IRMAS-TrainingData\.zip has the checksum .*, expected 4fd9f5ed"):
        check(DATA_SETS["irmas"], root)


@pytest.mark.parametrize(
    "arguments",
    [
        ["check", "gtzan"],
        ["get", "gtzan"],
        ["check", "irmas", "--dir", "nowhere"],
        ["check", "irmas", "--dir", "nowhere", "--part", "moon"],
    ],
)
def test_the_commands_answer_bad_wishes_in_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, ["data", *arguments])
    assert result.exit_code == 2
    assert len(result.stderr.strip().splitlines()) == 1
    assert result.stderr.startswith("irec-train: ")
