"""Many files at once: the same results however they came about, whatever fails on the way."""

from __future__ import annotations

import errno
import io
import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path, PurePath

import duckdb
import numpy as np
import pytest
import soundfile
from click.testing import CliRunner, Result
from saved_sessions import save_session
from waiting import wait_until

import tiny_models
from irec_live.batch.items import Item, Outcome, Settings
from irec_live.batch.journal import NAME, Journal
from irec_live.batch.local import LocalEngine
from irec_live.batch.paths import Found, find_files, listed_files
from irec_live.batch.run import Batch
from irec_live.cli import main
from irec_live.errors import MediaError, OutputError
from irec_live.models.choice import load_models
from irec_live.report import Analysis
from irec_live.tables import Recording, connect, parquet


@pytest.fixture(scope="module")
def album(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of six short files, two of them in a folder inside, one of them no sound, and notes."""
    folder = tmp_path_factory.mktemp("album")
    (folder / "live").mkdir()
    for name, labels in {
        "a.wav": ("bass", "flute"),
        "b.wav": ("violin",),
        "b.flac": ("flute",),
        "live/a.wav": ("flute", "violin"),
        "live/c.wav": ("bass",),
    }.items():
        parts = [tiny_models.tone(label, 1.5) for label in labels]
        soundfile.write(folder / name, np.concatenate(parts), tiny_models.SAMPLE_RATE)
    (folder / "broken.wav").write_text("no sound in here")
    (folder / "notes.txt").write_text("lyrics")
    return folder


@pytest.fixture(scope="module")
def model_options(tiny_activation_path: Path, tiny_envelope_path: Path) -> list[str]:
    return ["--model", str(tiny_activation_path), "--model", str(tiny_envelope_path)]


@pytest.mark.parametrize("form", ["audacity", "midi"])
def test_what_stands_for_one_file_is_printed_as_that_file(album: Path, model_options: list[str], form: str) -> None:
    alone = run("analyze", album / "live" / "c.wav", "--format", form, *model_options).stdout_bytes
    assert alone
    pattern, jobs = album / "live" / "c*.wav", ("--jobs", 2)
    for given in ([pattern], [album / "live" / "c.wav", *jobs]):
        assert run("analyze", *given, "--format", form, *model_options).stdout_bytes == alone


def test_a_recorded_session_is_printed_as_labels(tmp_path: Path, model_options: list[str]) -> None:
    sound = tiny_models.tone("flute", 1.5)[:, None]
    session = save_session(tmp_path / "evening", sound, tiny_models.SAMPLE_RATE)
    printed = run("analyze", session, "--format", "audacity", *model_options)
    assert printed.exit_code == 0, printed.stderr
    assert "flute" in printed.stdout


def test_what_is_no_text_is_not_shown_in_a_terminal(
    album: Path, model_options: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("irec_live.cli.options.on_terminal", lambda: True)
    for given in ([album / "a.wav"], [album / "live" / "c*.wav"]):
        done = run("analyze", *given, "--format", "midi", *model_options)
        assert (done.exit_code, done.stdout) == (2, "")
        assert "midi is no text to look at" in done.stderr


@pytest.fixture
def settings(tiny_activation_path: Path, tiny_envelope_path: Path) -> Settings:
    return Settings.of(load_models([tiny_activation_path, tiny_envelope_path]), form="json")


def run(*arguments: object, **extra: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments], **extra)  # type: ignore[arg-type]


def results(folder: Path) -> dict[str, bytes]:
    """Every file of a folder but its journal."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != NAME]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


@pytest.fixture(scope="module")
def analysed(album: Path, model_options: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results of the album, by one process."""
    out = tmp_path_factory.mktemp("analysed") / "out"
    done = run("analyze", album, "--recursive", "--jobs", 1, "--out", out, *model_options)
    assert done.exit_code == 1
    assert "broken.wav cannot be decoded as audio" in done.stderr
    assert "5 files analysed" in done.stderr
    return out


def test_a_folder_is_analysed_into_one_of_the_same_shape(analysed: Path) -> None:
    assert sorted(results(analysed)) == ["a.json", "b.flac.json", "b.wav.json", "live/a.json", "live/c.json"]
    found = Analysis.from_json((analysed / "live" / "a.json").read_text())
    assert found.file == "live/a.wav"
    assert set(found.detected) == {"flute", "violin"}


def test_results_do_not_depend_on_the_number_of_processes(
    album: Path, analysed: Path, model_options: list[str], tmp_path: Path
) -> None:
    run("analyze", album, "-r", "--jobs", 3, "--out", tmp_path / "out", *model_options)
    assert results(tmp_path / "out") == results(analysed)


def test_printed_results_come_in_the_order_of_the_files(album: Path, analysed: Path, model_options: list[str]) -> None:
    done = run("analyze", album, "-r", "--jobs", 2, *model_options)
    assert done.exit_code == 1
    names = ["a.json", "b.flac.json", "b.wav.json", "live/a.json", "live/c.json"]
    assert done.stdout == "".join((analysed / name).read_text() for name in names)


def test_a_file_given_by_itself_is_what_it_always_was(album: Path, model_options: list[str]) -> None:
    alone = run("analyze", album / "a.wav", *model_options)
    assert alone.stdout == run("analyze", album / "a.wav", "--jobs", 1, *model_options).stdout
    assert json.loads(alone.stdout)["file"] == "a.wav"


def test_killed_and_resumed_is_the_same_to_the_byte(
    album: Path, analysed: Path, model_options: list[str], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    command = [sys.executable, "-m", "irec_live", "analyze", str(album), "-r", "--jobs", "1", "--out", str(out)]
    with subprocess.Popen([*command, *model_options], stderr=subprocess.DEVNULL) as process:
        journal = out / NAME
        wait_until(lambda: process.poll() is not None or (journal.exists() and journal.stat().st_size))
        process.send_signal(signal.SIGKILL)
    resumed = run("analyze", album, "-r", "--resume", "--out", out, *model_options)
    assert "unchanged" in resumed.stderr
    assert results(out) == results(analysed)


def test_ctrl_c_keeps_what_is_done_and_says_how_to_go_on(album: Path, model_options: list[str], tmp_path: Path) -> None:
    many = tmp_path / "many"
    many.mkdir()
    for index in range(400):  # more than are done before the signal comes, on any machine
        shutil.copy(album / "a.wav", many / f"{index:03}.wav")
    command = [sys.executable, "-m", "irec_live", "analyze", str(many), "--jobs", "1", "--out", str(tmp_path / "out")]
    with subprocess.Popen([*command, *model_options], stderr=subprocess.PIPE, text=True) as process:
        wait_until(lambda: process.poll() is not None or (tmp_path / "out" / "000.json").exists())
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=300)
    assert process.returncode == 130
    assert "the same command with --resume goes on" in said
    assert "Traceback" not in said
    assert not list((tmp_path / "out").glob("*.part"))


def test_resume_does_what_is_new_or_was_changed(
    album: Path, analysed: Path, model_options: list[str], tmp_path: Path, tiny_activation_path: Path
) -> None:
    own, out = shutil.copytree(album, tmp_path / "own"), shutil.copytree(analysed, tmp_path / "out")
    call = ("analyze", own, "-r", "--resume", "--out", out)
    assert "5 unchanged" in run(*call, *model_options).stderr
    shutil.copy(own / "b.wav", own / "a.wav")
    os.utime(own / "live" / "a.wav")  # touched, not changed
    shutil.copy(own / "a.wav", own / "new.wav")
    said = run(*call, *model_options).stderr
    assert "2 files analysed" in said
    assert "4 unchanged" in said
    assert Analysis.from_json((out / "a.json").read_text()).detected == ("violin",)
    assert "6 files analysed" in run(*call, "--model", tiny_activation_path).stderr  # other networks


def test_a_result_that_is_gone_is_made_again_and_one_that_was_edited_is_not_overwritten(
    album: Path, analysed: Path, model_options: list[str], tmp_path: Path, tiny_activation_path: Path
) -> None:
    out = shutil.copytree(analysed, tmp_path / "out")
    (out / "a.json").unlink()
    (out / "b.wav.json").write_text("mine")
    call = ("analyze", album, "-r", "--resume", "--out", out, *model_options)
    done = run(*call)
    assert "b.wav.json is there already and says something else" in done.stderr
    assert (out / "b.wav.json").read_text() == "mine"
    assert (out / "a.json").read_bytes() == (analysed / "a.json").read_bytes()
    assert run(*call, "--overwrite").exit_code == 1
    assert results(out) == results(analysed)


def test_results_in_the_way_are_found_before_any_work(album: Path, analysed: Path, model_options: list[str]) -> None:
    done = run("analyze", album, "-r", "--out", analysed, *model_options)
    assert done.exit_code == 2
    assert "--resume goes on with it" in done.stderr


def test_a_name_that_is_too_long_is_found_before_any_work(album: Path, settings: Settings, tmp_path: Path) -> None:
    name = "x" * 252 + ".wa"  # 255 bytes are allowed, and the result's name has one more
    (tmp_path / "out").mkdir()
    with pytest.raises(OutputError, match="cannot be written to"):
        Batch([Found(album / "a.wav", PurePath(name + "v"))], tmp_path / "out", settings)
    assert list((tmp_path / "out").iterdir()) == []


def test_a_name_that_is_too_long_is_found_in_a_folder_that_is_not_there_yet(
    album: Path, settings: Settings, tmp_path: Path
) -> None:
    found = Found(album / "a.wav", PurePath("x" * 248 + ".opus"))  # the folder of the curves is missing at first
    for resume in (False, True):
        with pytest.raises(OutputError, match="cannot be written to"):
            Batch([found], tmp_path, replace(settings, form="parquet", curves=True), resume=resume)
    assert not (tmp_path / "curves").exists()


def test_two_runs_do_not_write_into_one_folder(album: Path, settings: Settings, tmp_path: Path) -> None:
    with (
        Batch(find_files([album]), tmp_path, settings),
        pytest.raises(OutputError, match="another irec-live is writing"),
    ):
        Batch(find_files([album]), tmp_path, settings)


@pytest.mark.parametrize("kills", [1, 2])
def test_a_worker_that_dies_takes_no_other_file_with_it(
    settings: Settings, tmp_path: Path, album: Path, kills: int
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    minutes = 3 if kills == 1 else 30  # it must not be done before it is killed for the last time
    soundfile.write(folder / "deadly.wav", np.tile(tiny_models.tone("bass", 60.0), minutes), tiny_models.SAMPLE_RATE)
    shutil.copy(album / "a.wav", folder)
    left = kills

    def kill(key: str, _: float) -> None:
        nonlocal left
        if key == "deadly.json" and left:
            left -= 1
            (worker,) = [child for child in multiprocessing.active_children() if child.name == "irec-batch"]
            os.kill(worker.pid or 0, signal.SIGKILL)

    with Batch(find_files([folder]), tmp_path / "out", settings) as batch:
        said = list(batch.run(LocalEngine(settings, jobs=1, on_share=kill)))
    assert left == 0
    reasons = {item.key: outcome.reason for item, outcome in said}
    assert reasons["a.json"] == ""
    assert reasons["deadly.json"] == ("" if kills == 1 else "deadly.wav brought the analysis down 2 times (by SIGKILL)")


def test_a_journal_that_was_cut_off_loses_only_its_last_line(analysed: Path, tmp_path: Path) -> None:
    shutil.copy(analysed / NAME, tmp_path)
    whole = (tmp_path / NAME).read_bytes()
    (tmp_path / NAME).write_bytes(b"not JSON\n" + whole[:-20])
    with Journal(tmp_path) as journal:
        assert len(journal.known) == whole.count(b"\n") - 1
    assert (tmp_path / NAME).read_bytes().endswith(b"\n")


def test_a_full_disk_ends_a_run_instead_of_failing_every_file(album: Path, settings: Settings, tmp_path: Path) -> None:
    asked = []

    def engine(items: Iterable[Item]) -> Iterator[Outcome]:
        for item in items:
            asked.append(item.key)
            yield Outcome(item.key, "failed", f"cannot write {item.target}: {os.strerror(errno.ENOSPC)}")

    with Batch(find_files([album]), tmp_path, settings) as batch:
        with pytest.raises(OutputError, match="the run was stopped here, and what is done is kept"):
            list(batch.run(engine))
        assert asked == [batch.items[0].key]
        assert len(batch.summary.failures) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="limits are set for a process there in another way")
def test_a_disk_that_is_full_is_told_once_and_the_journal_closes_and_goes_on_later(tmp_path: Path) -> None:
    import resource

    recording = Recording("/m/a.wav", "a.wav", "0" * 64, 9, 1.0, "s", (), (), (), ("long " * 1000,), ())
    outcome = Outcome("a.json", "done", recording=recording)
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    journal = Journal(tmp_path)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, limit[1]))
    try:
        with pytest.raises(OutputError, match="cannot write"):
            journal.add(outcome, "s", keep_recording=True)
        journal.close()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    with Journal(tmp_path) as again:
        assert again.known == {}
        again.add(outcome, "s", keep_recording=True)
    with Journal(tmp_path) as kept:
        assert list(kept.recordings(["a.json"])) == [recording]


def test_patterns_and_lists_name_their_files_from_their_common_folder(album: Path) -> None:
    names = [str(found.below) for found in find_files([album / "**" / "a.wav"])]
    assert names == ["a.wav", str(PurePath("live", "a.wav"))]
    listed = listed_files(f"{album / 'a.wav'}\0{album / 'live' / 'c.wav'}\0".encode())
    assert [str(found.below) for found in listed] == ["a.wav", str(PurePath("live", "c.wav"))]
    by_windows = listed_files(f"\ufeff{album / 'a.wav'}\r\n{album / 'live' / 'c.wav'}\r\n\r\n".encode())
    assert by_windows == listed
    assert len(find_files([album, album / "a.wav"])) == len(find_files([album]))


def test_a_list_comes_through_standard_input(album: Path, model_options: list[str]) -> None:
    lines = io.BytesIO(f"{album / 'b.wav'}\n{album / 'live' / 'a.wav'}\n".encode())
    done = run("analyze", "--from-file", "-", *model_options, input=lines)
    assert done.exit_code == 0, done.stderr
    assert [json.loads(line)["file"] for line in done.stdout.splitlines()] == ["b.wav", "live/a.wav"]


@pytest.mark.parametrize(("names", "reason"), [(["none-*.wav"], "nothing is called"), (["empty"], "--recursive")])
def test_what_stands_for_no_file_is_said(tmp_path: Path, names: list[str], reason: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(MediaError, match=reason):
        find_files([tmp_path / name for name in names])


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--resume"], "name it with --out"),
        (["--format", "parquet"], "name it with --out"),
        (["--format", "csv"], "does not tell several files apart"),
        (["--curves", "--out", "x"], "goes with --format parquet"),
    ],
)
def test_options_that_do_not_go_together_are_refused(album: Path, options: list[str], reason: str) -> None:
    done = run("analyze", album, *options)
    assert done.exit_code == 2
    assert reason in done.stderr


@pytest.fixture(scope="module")
def tables(album: Path, model_options: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("tables")
    done = run("analyze", album, "-r", "--format", "parquet", "--curves", "--out", out, *model_options)
    assert done.exit_code == 1, done.stderr
    return out


def test_parquet_says_what_the_json_says(tables: Path, analysed: Path) -> None:
    said = {}
    for path in analysed.rglob("*.json"):
        one = json.loads(path.read_text())
        for event in one["events"]:
            said[one["file"], event["label"], event["onset_s"]] = (event["offset_s"], event["activation"])
    with connect() as connection:
        rows = connection.execute(
            f"SELECT name, label, start_s, end_s, activation, level_db FROM '{tables}/spans.parquet' "
            f"JOIN '{tables}/files.parquet' USING (path)"
        ).fetchall()
        labels = connection.execute(f"SELECT DISTINCT labels FROM '{tables}/files.parquet'").fetchall()
        curves = connection.execute(f"SELECT kind, count(*) FROM '{tables}/curves/a.parquet' GROUP BY 1").fetchall()
    assert {row[:3]: row[3:5] for row in rows} == said
    assert all(-40 < row[5] < 0 for row in rows)
    assert labels == [(list(tiny_models.LABELS),)]
    one = json.loads((analysed / "a.json").read_text())
    assert dict(curves) == {kind: len(one[kind]["values"]) for kind in ("activation", "envelope")}


def test_parquet_resumed_is_the_same_to_the_byte(
    album: Path, tables: Path, model_options: list[str], tmp_path: Path
) -> None:
    options = ("-r", "--format", "parquet", "--curves", "--out", tmp_path, *model_options)
    assert run("analyze", album / "a.wav", *options).exit_code == 0
    resumed = run("analyze", album, "--resume", *options)
    assert resumed.exit_code == 1, resumed.stderr
    assert results(tmp_path) == results(tables)


@pytest.mark.skipif(sys.platform != "linux", reason="names of files are text there")
def test_curves_of_a_name_that_is_no_text(album: Path, model_options: list[str], tmp_path: Path) -> None:
    folder = Path(os.fsdecode(os.fsencode(tmp_path / "in") + b"/caf\xe9"))
    folder.mkdir(parents=True)
    shutil.copy(album / "a.wav", Path(os.fsdecode(os.fsencode(folder) + b"/\xff.wav")))
    options = ("-r", "--jobs", 1, "--format", "parquet", "--curves", "--out", tmp_path / "out", *model_options)
    done = run("analyze", tmp_path / "in", *options)
    assert done.exit_code == 0, done.stderr
    assert [path.name for path in (tmp_path / "out" / "curves").rglob("*.parquet")] == [os.fsdecode(b"\xff.parquet")]
    with connect() as connection:
        path = connection.execute(f"SELECT path FROM '{tmp_path}/out/files.parquet'").fetchall()[0][0]
    assert path.endswith(r"caf\xe9/\xff.wav")


def test_a_full_disk_is_told_in_the_systems_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> list[Path]:
        raise duckdb.IOException(
            'IO Error: Async write failed for range [offset=0, size=382]: {"exception_type":"IO","exception_message":'
            '"Could not write file \\"files.parquet\\": No space left on device","errno":"28"}'
        )

    monkeypatch.setattr(parquet, "_copy", full)
    with pytest.raises(OutputError) as refused:
        parquet.write_tables([], tmp_path)
    assert str(refused.value) == f"cannot write Parquet to {tmp_path}: {os.strerror(28)}"
