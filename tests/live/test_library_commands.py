"""Adding folders to the library, and its commands."""

from __future__ import annotations

import csv
import json
import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner, Result

import tiny_models
from irec_live.batch.items import Item, Outcome, Settings
from irec_live.batch.paths import Found, find_files
from irec_live.batch.writing import file_sha256
from irec_live.cli import main
from irec_live.errors import MediaError
from irec_live.library import Library, Recording, Span
from irec_live.library.adding import Adding, FolderAdder

SETTINGS = Settings(models=("a.onnx",), sha256=("1",), providers=("CPU",))


def heard(path: Path | str, *spans: Span, settings: Settings = SETTINGS) -> Recording:
    path = Path(path)
    return Recording(
        path=str(path),
        name=path.name,
        sha256=file_sha256(path),
        size_bytes=path.stat().st_size,
        duration_s=20.0,
        settings=settings.analysis,
        models=("a@1",),
        labels=("piano", "voice"),
        detected=(),
        warnings=(),
        spans=spans,
    )


class FakeEngine:
    """Hears a piano in every file, and knows which files it heard."""

    def __init__(self, settings: Settings = SETTINGS) -> None:
        self.settings = settings
        self.heard: list[str] = []

    def __call__(self, items: Iterable[Item]) -> Iterator[Outcome]:
        for item in items:
            self.heard.append(Path(item.path).name)
            if item.path.endswith("bad.wav"):
                yield Outcome(item.key, "failed", "bad.wav is no sound")
                continue
            found = heard(item.path, Span("piano", 1.0, 3.0, 0.5, -20.0), settings=self.settings)
            yield Outcome(item.key, "done", recording=replace(found, path=item.key))


@pytest.fixture
def music(tmp_path: Path) -> Path:
    folder = tmp_path / "music"
    folder.mkdir()
    for name in ("a.wav", "b.wav", "bad.wav"):
        (folder / name).write_text(f"sound of {name}")
    return folder


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path / "library.duckdb")


def add(
    library: Library, folder: Path, settings: Settings = SETTINGS, *, checksum: bool = False
) -> tuple[set[str], Adding]:
    """Files that were heard, and the summary."""
    engine = FakeEngine(settings)
    files = find_files([folder], recursive=True)
    adder = FolderAdder(library, files, settings, folders=[folder], checksum=checksum)
    for _ in adder.run(engine):
        pass
    return set(engine.heard), adder.summary


def test_only_what_is_new_or_was_changed_is_heard_again(library: Library, music: Path) -> None:
    assert add(library, music)[0] == {"a.wav", "b.wav", "bad.wav"}
    again, summary = add(library, music)
    assert (again, summary.same, len(summary.failures)) == ({"bad.wav"}, 2, 1)
    (music / "a.wav").write_text("another sound")
    os.utime(music / "b.wav")
    again, summary = add(library, music)
    assert (again, summary.same) == ({"a.wav", "bad.wav"}, 1)
    assert add(library, music, Settings(models=("b",), sha256=("2",), providers=("CPU",)))[0] >= {"a.wav", "b.wav"}
    assert library.stats().recordings == 3


def test_a_moved_file_is_known_by_its_content_and_a_gone_one_forgotten(library: Library, music: Path) -> None:
    add(library, music)
    (music / "new").mkdir()
    (music / "a.wav").rename(music / "new" / "c.wav")
    (music / "b.wav").unlink()
    again, summary = add(library, music)
    assert (again, summary.moved, summary.gone) == ({"bad.wav"}, 1, 2)
    assert [match.path for match in library.search("piano").matches] == [str(music / "new" / "c.wav")]
    (music / "b.wav").write_text("sound of b.wav")  # it comes back
    assert add(library, music)[0] == {"bad.wav"}


def test_content_that_was_changed_behind_the_clock_is_seen_with_checksum(library: Library, music: Path) -> None:
    add(library, music)
    before = (music / "a.wav").stat()
    (music / "a.wav").write_text("SOUND of a.wav")
    os.utime(music / "a.wav", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert "a.wav" not in add(library, music)[0]
    assert "a.wav" in add(library, music, checksum=True)[0]


def test_what_is_heard_stays_when_it_is_stopped(library: Library, music: Path) -> None:
    adder = FolderAdder(library, find_files([music]), SETTINGS)
    outcomes = adder.run(FakeEngine())
    next(outcomes)
    outcomes.close()  # type: ignore[attr-defined]
    assert library.stats().files == 1


def test_files_in_object_storage_are_for_tables(library: Library) -> None:
    far = Found(Path("s3:/music/a.wav"), Path("a.wav"), "s3://music/a.wav")
    with pytest.raises(MediaError, match="import the tables"):
        FolderAdder(library, [far], SETTINGS)


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture
def filled(library: Library, tmp_path: Path) -> Library:
    """A duet that can be played, a song that cannot."""
    duet, song = tmp_path / "duet.wav", tmp_path / "song.wav"
    soundfile.write(duet, np.linspace(-0.5, 0.5, 20 * 8000), 8000)
    song.write_text("no sound")
    library.put(
        [
            heard(duet, Span("piano", 2.0, 8.0, 0.9, -20.0), Span("piano", 10.0, 15.0, 0.9, -10.0)),
            heard(song, Span("voice", 0.0, 4.0, 0.9, None)),
        ]
    )
    return library


def test_a_search_in_the_terminal_tells_files_and_times(filled: Library) -> None:
    done = run("library", "search", "piano", "no", "voice", "--library", filled.path)
    assert done.exit_code == 2  # a comma is missing
    assert "(character 7 of the query)" in done.stderr
    done = run("library", "search", "piano,", "no", "voice", "--library", filled.path)
    assert done.stdout.splitlines()[0].endswith("duet.wav  0:11 of 0:20")
    assert done.stdout.splitlines()[1].strip() == "0:02–0:08, 0:10–0:15"
    said = json.loads(run("library", "search", "loudest piano", "--json", "--library", filled.path).stdout)
    assert said["total"] == 1
    assert said["matches"][0]["spans"][1] == {
        "label": "piano", "start_s": 10.0, "end_s": 15.0, "activation": 0.9, "level_db": -10.0,
    }  # fmt: skip


def test_exports_hold_each_span(filled: Library, tmp_path: Path) -> None:
    call = ("library", "export", "piano", "--library", filled.path, "--format")
    playlist = run(*call, "m3u").stdout.splitlines()
    assert playlist[0] == "#EXTM3U"
    assert playlist.count(str(tmp_path / "duet.wav")) == 2
    assert "#EXTVLCOPT:start-time=10.00" in playlist
    assert run(*call, "csv", "--out", tmp_path / "found.csv").exit_code == 0
    rows = list(csv.DictReader((tmp_path / "found.csv").read_text().splitlines()))
    assert [(row["label"], row["start_s"], row["end_s"]) for row in rows] == [
        ("piano", "2.0", "8.0"),
        ("piano", "10.0", "15.0"),
    ]
    done = run(*call, "clips", "--out", tmp_path / "clips", "--margin", "0.5")
    assert done.exit_code == 0, done.stderr
    lengths = [soundfile.info(path).duration for path in sorted((tmp_path / "clips").iterdir())]
    assert lengths == [7.0, 6.0]
    whole, _ = soundfile.read(tmp_path / "duet.wav")
    clip, _ = soundfile.read(sorted((tmp_path / "clips").iterdir())[0])
    np.testing.assert_allclose(clip, whole[12_000:68_000], atol=1e-4)


def test_a_name_of_two_lines_is_one_entry_of_a_playlist(library: Library, tmp_path: Path) -> None:
    odd = tmp_path / "two\nlines.wav"
    odd.write_text("no sound")
    library.put([heard(odd, Span("piano", 2.0, 8.0, 0.9, -20.0))])
    playlist = run("library", "export", "piano", "--library", library.path, "--format", "m3u").stdout.splitlines()
    assert playlist == [
        "#EXTM3U",
        "#EXTINF:6,two lines: piano",
        "#EXTVLCOPT:start-time=2.00",
        "#EXTVLCOPT:stop-time=8.00",
        odd.as_uri(),
    ]
    assert odd.as_uri().endswith("/two%0Alines.wav")
    found = run("library", "search", "piano", "--library", library.path).stdout.splitlines()
    assert found[0].endswith(r"two\nlines.wav  0:06 of 0:20")
    assert len(found) == 2


def test_spans_are_named_where_one_of_several_could_have_matched(filled: Library) -> None:
    found = run("library", "search", "piano or voice", "--library", filled.path).stdout.splitlines()
    assert [line.strip() for line in found[1::2]] == ["0:02–0:08 piano, 0:10–0:15 piano", "0:00–0:04 voice"]


def test_a_query_that_is_too_long_is_one_sentence(filled: Library) -> None:
    done = run("library", "search", ",".join(["piano"] * 3000), "--library", filled.path)
    assert done.exit_code == 2
    assert "the query has more than 1000 characters" in done.stderr
    assert "Binder" not in done.stderr


def test_a_clip_that_cannot_be_cut_does_not_keep_the_others_from_it(filled: Library, tmp_path: Path) -> None:
    done = run(
        "library",
        "export",
        "piano or voice",
        "--format",
        "clips",
        "--out",
        tmp_path / "clips",
        "--library",
        filled.path,
    )
    assert done.exit_code == 1
    assert "song.wav cannot be decoded" in done.stderr
    assert len(list((tmp_path / "clips").iterdir())) == 2


def test_what_is_not_shown_or_not_there_is_said(filled: Library, tmp_path: Path) -> None:
    library = ("--library", filled.path)
    assert "1 to 1 of 2 files; --limit and --offset" in run("library", "search", "--limit", 1, *library).stdout
    done = run("library", "search", "piano at least 1 h", *library)
    assert (done.exit_code, done.stdout, done.stderr) == (0, "", "no file is like that\n")
    assert json.loads(run("library", "show", "duet.wav", "--json", *library).stdout)["name"] == "duet.wav"
    assert json.loads(run("library", "stats", "--json", *library).stdout)["files"] == 2
    for arguments, sentence in (
        (("export", "piano", "--format", "clips", *library), "clips are files; name a folder with --out"),
        (("remove", *library), "name files or folders, or give --missing"),
        (("remove", "--missing", "--library", tmp_path / "none"), "there is no library at"),
    ):
        done = run("library", *arguments)
        assert (done.exit_code, sentence in done.stderr) == (2, True), done.stderr


def test_show_stats_and_remove(filled: Library, tmp_path: Path) -> None:
    shown = run("library", "show", "duet.wav", "--library", filled.path).stdout
    assert "piano: 55%, 0:02–0:08, 0:10–0:15" in shown
    assert "2 files of 2 recordings" in run("library", "stats", "--library", filled.path).stdout
    missing = run("library", "show", "duett.wav", "--library", filled.path)
    assert missing.exit_code == 2
    assert "is duet.wav meant?" in missing.stderr
    (tmp_path / "song.wav").unlink()
    assert run("library", "remove", "--missing", "--library", filled.path).stdout == "1 file forgotten\n"
    assert run("library", "remove", tmp_path, "--library", filled.path).stdout == "1 file forgotten\n"
    assert filled.stats().recordings == 0


def test_a_folder_is_added_and_imported_with_the_same_result(
    tmp_path: Path, tiny_activation_path: Path, tiny_envelope_path: Path
) -> None:
    models = ["--model", tiny_activation_path, "--model", tiny_envelope_path]
    music = tmp_path / "music"
    music.mkdir()
    parts = [tiny_models.tone(label, 2.0) for label in ("bass", "flute")]
    soundfile.write(music / "a.wav", np.concatenate(parts), tiny_models.SAMPLE_RATE)
    shutil.copy(music / "a.wav", music / "copy.wav")
    added, imported = tmp_path / "added.duckdb", tmp_path / "imported.duckdb"
    assert run("library", "add", music, "--jobs", 1, "--library", added, *models).exit_code == 0
    assert run("analyze", music, "--format", "parquet", "--out", tmp_path / "tables", *models).exit_code == 0
    assert run("library", "import", tmp_path / "tables", "--library", imported).exit_code == 0
    found = Library(added).search("bass and flute").to_dict()
    assert found == Library(imported).search("bass and flute").to_dict()
    assert found["total"] == 2
    assert Library(added).stats().recordings == 1
    # What was imported is known: nothing is left to be analysed.
    said = run("library", "add", music, "--library", imported, *models).stderr
    assert "0 files analysed" in said
