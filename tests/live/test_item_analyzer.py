"""The worker of a batch: an item in, its outcome out, whatever the file is and whatever was there before."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

import tiny_models
from irec_live.batch import item_analyzer as module
from irec_live.batch.item_analyzer import ItemAnalyzer
from irec_live.batch.items import PARQUET, Item, Known, Outcome, Settings
from irec_live.batch.writing import file_sha256
from irec_live.errors import DataError, ModelError
from irec_live.models.choice import load_models
from irec_live.report import Analysis
from irec_live.tables import Recording, connect, recording_of


@pytest.fixture(scope="module")
def settings(own: list[Path]) -> Settings:
    return Settings.of(load_models(own), form="json")


@pytest.fixture(scope="module")
def worker(settings: Settings) -> Iterator[ItemAnalyzer]:
    analyzer = ItemAnalyzer(settings)
    yield analyzer
    analyzer._pool.shutdown()  # a process of its own just ends; here its threads would outlast the last test


@pytest.fixture
def item(tmp_path: Path) -> Item:
    """A song of two labels, and where its result belongs."""
    song = tmp_path / "song.wav"
    sound = np.concatenate([tiny_models.tone(label, 1.5) for label in ("bass", "flute")])
    soundfile.write(song, sound, tiny_models.SAMPLE_RATE)
    return Item(str(song), "album/song.wav", "song.json", str(tmp_path / "song.json"))


def known(worker: ItemAnalyzer, item: Item, outcome: Outcome) -> Item:
    """The item, as the journal knows it after this outcome."""
    assert outcome.recording is not None
    return replace(
        item,
        known=Known(
            outcome.recording.sha256,
            worker.settings.fingerprint,
            item.name,
            outcome.result_sha256,
            outcome.result_bytes,
        ),
    )


def test_what_is_written_is_what_is_told(worker: ItemAnalyzer, item: Item) -> None:
    shares: list[float] = []
    outcome = worker(item, shares.append)
    assert (outcome.key, outcome.status, outcome.reason) == ("song.json", "done", "")
    assert shares[-1] == 1.0
    target = Path(str(item.target))
    assert (outcome.result_sha256, outcome.result_bytes) == (file_sha256(target), target.stat().st_size)
    analysis = Analysis.from_json(target.read_text("utf-8"))
    assert (analysis.file, analysis.detected) == ("album/song.wav", ("bass", "flute"))
    found = outcome.recording
    assert found is not None
    assert (found.path, found.sha256) == (item.path, file_sha256(Path(item.path)))
    of_result = recording_of(
        analysis, path=found.path, sha256=found.sha256, size_bytes=found.size_bytes, settings=found.settings
    )
    assert found == of_result  # who has only the JSON comes to the same
    assert {span.label for span in found.spans} == {"bass", "flute"}
    assert all(span.level_db is not None and -40 < span.level_db < 0 for span in found.spans)
    assert Recording.from_dict(json.loads(json.dumps(found.to_dict()))) == found
    with pytest.raises(DataError, match="a recording is incomplete or damaged: TypeError"):
        Recording.from_dict({"spans": [], "nothing": 1})


def test_what_is_unchanged_is_not_done_again_and_all_else_is(worker: ItemAnalyzer, item: Item) -> None:
    before = known(worker, item, worker(item))
    target = Path(str(item.target))
    written = target.read_bytes()
    assert worker(before).status == "same"
    assert worker(replace(before, name="renamed.wav")).status == "done"
    target.write_bytes(written)
    target.unlink()
    assert worker(before).status == "done"
    assert target.read_bytes() == written
    soundfile.write(item.path, np.zeros(8000), 8000)
    assert worker(before).status == "done"  # what we wrote ourselves may be replaced
    assert target.read_bytes() != written


def test_what_somebody_else_wrote_is_left(worker: ItemAnalyzer, item: Item) -> None:
    target = Path(str(item.target))
    target.write_text("notes", "utf-8")
    outcome = worker(item)
    assert outcome.status == "failed"
    assert outcome.reason.endswith("is there already and says something else; give another --out, or --overwrite")
    assert target.read_text("utf-8") == "notes"
    assert ItemAnalyzer(worker.settings, overwrite=True)(item).status == "done"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("none.wav", "/none.wav; check the path"),
        ("folder", "folder is a folder; give an audio file"),
        ("words.wav", "words.wav cannot be decoded as audio"),
        ("null\0.wav", "cannot be opened"),
    ],
)
def test_a_file_that_is_none_is_one_sentence(worker: ItemAnalyzer, tmp_path: Path, name: str, reason: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "words.wav").write_text("no sound in here")
    outcome = worker(Item(str(tmp_path / name), name, name, str(tmp_path / "out.json")))
    assert outcome.status == "failed"
    assert reason in outcome.reason
    assert "\n" not in outcome.reason
    assert not (tmp_path / "out.json").exists()


def test_a_file_that_changes_under_the_analysis_is_told(
    worker: ItemAnalyzer, item: Item, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = module.analyze

    def meanwhile(path: Path, **options: object) -> Analysis:
        found = real(path, **options)  # type: ignore[arg-type]
        with path.open("ab") as file:
            file.write(b"more")
        return found

    monkeypatch.setattr(module, "analyze", meanwhile)
    outcome = worker(item)
    assert (outcome.status, Path(str(item.target)).exists()) == ("failed", False)
    assert outcome.reason == "song.wav was changed while it was analysed; analyse it again"


def test_a_file_that_is_deleted_under_the_analysis_is_told(
    worker: ItemAnalyzer, item: Item, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = module.analyze

    def meanwhile(path: Path, **options: object) -> Analysis:
        found = real(path, **options)  # type: ignore[arg-type]
        path.unlink()
        return found

    monkeypatch.setattr(module, "analyze", meanwhile)
    outcome = worker(item)
    assert (outcome.status, Path(str(item.target)).exists()) == ("failed", False)
    assert outcome.reason == "song.wav was moved or deleted while it was analysed"


def test_a_fault_of_ours_costs_one_file_and_is_named(
    worker: ItemAnalyzer, item: Item, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "analyze", lambda *_, **__: 1 / 0)
    assert worker(item).reason == "song.wav cannot be analysed (ZeroDivisionError: division by zero)"


def test_curves_are_the_rows_of_the_analysis(settings: Settings, item: Item, tmp_path: Path) -> None:
    target = tmp_path / "it's.parquet"
    worker = ItemAnalyzer(replace(settings, form=PARQUET, curves=True))
    outcome = worker(replace(item, target=str(target)))
    assert (outcome.status, outcome.result_bytes) == ("done", target.stat().st_size)
    ItemAnalyzer(settings)(item)
    analysis = Analysis.from_json(Path(str(item.target)).read_text("utf-8"))
    with connect() as connection:
        rows = connection.execute("SELECT * FROM read_parquet(?)", [str(target)]).fetchall()
    for kind, times, values in (
        ("activation", analysis.activation_times, analysis.activation),
        ("envelope", analysis.envelope_times, analysis.envelope),
    ):
        mine = [row for row in rows if row[0] == kind]
        np.testing.assert_allclose([row[1] for row in mine], times, atol=1e-5)
        np.testing.assert_allclose([row[2:] for row in mine], values, atol=1e-5)
    lost = worker(replace(item, target=str(tmp_path / "gone" / "a.parquet")))
    assert lost.reason.startswith(f"cannot write {tmp_path / 'gone' / 'a.parquet'}")


def test_a_cluster_needs_no_result_file(settings: Settings, item: Item) -> None:
    outcome = ItemAnalyzer(replace(settings, form=PARQUET))(replace(item, target=None))
    assert (outcome.status, outcome.result_sha256, outcome.result_bytes) == ("done", "", 0)
    assert (
        ItemAnalyzer(replace(settings, form=PARQUET))(
            known(ItemAnalyzer(replace(settings, form=PARQUET)), replace(item, target=None), outcome)
        ).status
        == "same"
    )


def test_a_network_that_was_exchanged_meanwhile_is_refused(settings: Settings) -> None:
    with pytest.raises(ModelError, match="a model file was changed since the analysis began"):
        ItemAnalyzer(replace(settings, sha256=("another", *settings.sha256[1:])))
