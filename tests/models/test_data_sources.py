"""A data folder from a list of recordings in git repositories: here from one that the test makes itself."""

from __future__ import annotations

import csv
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile
import tiny_bank
from click.testing import CliRunner, Result

from irec_live.errors import DataError
from irec_models.cli import main
from irec_models.data import read_manifest
from irec_models.data.sources.fetch import LOCK, read_lock
from irec_models.data.sources.listing import BUNDLED, COLUMNS, only_sources, read_list

PATHS = {"train/flute/a_00001": "notes/A#4 [loud].wav", "train/piano/b_00002": "notes/a piano.wav"}


def git(folder: Path, *arguments: str) -> str:
    author = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    done = subprocess.run(["git", *author, *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A public repository with two notes, a text and a file that nobody asks for."""
    folder = tmp_path / "origin"
    (folder / "notes").mkdir(parents=True)
    for number, path in enumerate(PATHS.values()):
        soundfile.write(folder / path, 3 * tiny_bank.tone(60 + number, 1.0), tiny_bank.RATE, "PCM_16")
    (folder / "notes" / "not sound.wav").write_text("hello")
    (folder / "large.bin").write_bytes(bytes(100_000))
    git(folder, "init", "--quiet")
    git(folder, "config", "uploadpack.allowFilter", "true")
    git(folder, "config", "uploadpack.allowAnySHA1InWant", "true")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "-m", "Sounds")
    return folder


def write_list(path: Path, repository: str, extra: list[dict[str, str]] | None = None, **changes: str) -> Path:
    rows = [
        {
            "split": "train",
            "file": f"{file}.opus",
            "labels": file.split("/")[1],
            "kind": "notes",
            "source": "north" if "flute" in file else "south",
            "licence": "CC0-1.0",
            "seconds": "0.5",
            "original_rate": "8000",
            "repository": repository,
            "path": original,
            **changes,
        }
        for file, original in PATHS.items()
    ]
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, COLUMNS)
        writer.writeheader()
        writer.writerows([*rows, *(rows[0] | other for other in extra or ())])
    return path


def get(listing: Path, folder: Path, *arguments: str) -> Result:
    command = ["data", "sources", "--list", str(listing), "--dir", str(folder), *arguments]
    return CliRunner().invoke(main, command)


def test_a_list_becomes_a_data_folder_with_a_lock(repository: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    done = get(write_list(tmp_path / "list.csv", str(repository)), data)
    assert done.exit_code == 0, done.output
    assert "2 of 2 clips" in done.stdout
    clips = read_manifest(data)
    assert [(clip.labels, clip.source, clip.licence) for clip in clips] == [
        (("flute",), "north", "CC0-1.0"),
        (("piano",), "south", "CC0-1.0"),
    ]
    audio, rate = soundfile.read(clips[0].audio_path)
    assert (len(audio), rate) == (4000, 8000)
    assert np.abs(audio).max() == pytest.approx(0.9, abs=1e-3)
    lock = read_lock(data / LOCK)
    assert {commit for commit, _ in lock.values()} == {git(repository, "rev-parse", "HEAD")}
    assert not (data / ".sources").exists()


def test_what_is_there_is_not_fetched_again(repository: Path, tmp_path: Path) -> None:
    data, listing = tmp_path / "data", write_list(tmp_path / "list.csv", str(repository))
    assert get(listing, data, "--source", "north").exit_code == 0
    (kept,) = (clip.audio_path for clip in read_manifest(data))
    before = kept.stat().st_mtime_ns
    done = get(listing, data)
    assert done.exit_code == 0, done.output
    assert (len(read_manifest(data)), kept.stat().st_mtime_ns) == (2, before)
    repository.rename(tmp_path / "gone")
    assert get(listing, data).exit_code == 0  # nothing is left to fetch


def test_a_locked_commit_is_fetched_although_the_repository_went_on(repository: Path, tmp_path: Path) -> None:
    first, again = tmp_path / "first", tmp_path / "again"
    listing = write_list(tmp_path / "list.csv", str(repository))
    assert get(listing, first).exit_code == 0
    for path in PATHS.values():
        soundfile.write(repository / path, tiny_bank.tone(40, 1.0), tiny_bank.RATE, "PCM_16")
    git(repository, "commit", "--quiet", "-am", "Others")
    again.mkdir()
    (again / LOCK).write_bytes((first / LOCK).read_bytes())
    assert get(listing, again).exit_code == 0
    for clip in read_manifest(first):
        assert clip.audio_path.read_bytes() == (again / clip.file).read_bytes()


def test_a_listed_commit_is_asked_first_and_the_newest_for_what_it_lacks(repository: Path, tmp_path: Path) -> None:
    listed = git(repository, "rev-parse", "HEAD")
    (repository / PATHS["train/flute/a_00001"]).unlink()
    soundfile.write(repository / "notes" / "new.wav", tiny_bank.tone(50, 1.0), tiny_bank.RATE, "PCM_16")
    git(repository, "add", "--all")
    git(repository, "commit", "--quiet", "-m", "Others")
    extra = [
        {"file": "train/flute/x_1.wav", "path": "notes/new.wav"},
        {"file": "train/flute/x_2.wav", "path": "notes/new.wav", "commit": "0" * 40},  # is in no history any more
    ]
    data = tmp_path / "data"
    done = get(write_list(tmp_path / "list.csv", str(repository), extra, commit=listed), data)
    assert done.exit_code == 0, done.output
    commits = {path: commit for (_, path), (commit, _) in read_lock(data / LOCK).items()}
    newest = git(repository, "rev-parse", "HEAD")
    assert commits == {**dict.fromkeys(PATHS.values(), listed), "notes/new.wav": newest}


def test_other_sound_than_listed_is_not_taken(repository: Path, tmp_path: Path) -> None:
    done = get(write_list(tmp_path / "list.csv", str(repository), sha256="0" * 64), tmp_path / "data")
    assert done.exit_code == 2
    assert "no clip could be fetched" in done.stderr
    assert "has other sound than before (SHA-256 of notes/" in done.stderr


def test_what_cannot_be_had_is_told_and_the_rest_is_there(repository: Path, tmp_path: Path) -> None:
    extra = [
        {"file": "train/flute/x_1.wav", "path": "notes/lost.wav"},
        {"file": "train/flute/x_2.wav", "path": "notes/not sound.wav"},
        {"file": "train/flute/x_3.wav", "repository": "debian:some-sounds"},
        {"file": "train/flute/x_4.wav", "repository": str(tmp_path / "nowhere")},
    ]
    data = tmp_path / "data"
    done = get(write_list(tmp_path / "list.csv", str(repository), extra), data)
    assert done.exit_code == 1
    assert "2 of 6 clips" in done.stdout
    for reason in ("has no longer files", "cannot be decoded", "some-sounds is a package of Debian", "git fetch of"):
        assert reason in done.stderr
    assert len(read_manifest(data)) == 2


def test_clips_of_one_original_follow_each_other(repository: Path, tmp_path: Path) -> None:
    extra = [{"file": "train/flute/a_00003.opus"}]
    data = tmp_path / "data"
    assert get(write_list(tmp_path / "list.csv", str(repository), extra), data).exit_code == 0
    first, second = (soundfile.read(data / f"train/flute/a_0000{number}.flac")[0] for number in (1, 3))
    whole, _ = soundfile.read(repository / PATHS["train/flute/a_00001"])
    joined = np.concatenate([first, second])
    assert np.corrcoef(joined, whole[: len(joined)])[0, 1] > 0.999


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"file": "../out.wav"}, "expected a path below the data folder"),
        ({"labels": ""}, "nothing in column 'labels'"),
        ({"seconds": "long"}, "expected a number"),
        ({"repository": "--upload-pack=x"}, "expected an address or OWNER/NAME"),
    ],
)
def test_an_impossible_row_is_named_with_its_line(tmp_path: Path, changes: dict[str, str], message: str) -> None:
    with pytest.raises(DataError, match=r"list\.csv, line 2 .*" + message.replace("/", "/")):
        read_list(write_list(tmp_path / "list.csv", **{"repository": "a/b", **changes}))


def test_the_bundled_list_names_repository_licence_and_source_of_every_clip() -> None:
    listed = read_list()
    assert len({row.file for row in listed}) == len(listed) > 15_000
    assert all(row.repository and row.licence and row.path for row in listed)
    assert sum(row.split == "train" and ";" in row.labels for row in listed) == 358  # ensembles
    assert {len(row.commit) for row in listed} == {0, 40}
    assert BUNDLED.stat().st_size < 1_500_000
    assert only_sources(listed, ["philharmonia"])[0].address == "https://github.com/jurihock/philharmonia"
    with pytest.raises(DataError, match="no source is called nobody"):
        only_sources(listed, ["nobody"])


def test_a_list_without_a_column_is_refused(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("file,labels\n")
    with pytest.raises(DataError, match="lacks column split"):
        read_list(tmp_path / "list.csv")


def test_the_data_set_command_knows_the_sources_too(repository: Path, tmp_path: Path) -> None:
    assert "sources: what the bundled networks were trained on" in CliRunner().invoke(main, ["data", "list"]).stdout
    refused = CliRunner().invoke(main, ["data", "get", "sources", "--most", "3", "--dir", str(tmp_path)])
    assert "takes only --dir and --part" in refused.stderr
    unknown = CliRunner().invoke(main, ["data", "get", "sources", "--part", "nobody", "--dir", str(tmp_path)])
    assert (unknown.exit_code, "no source is called nobody" in unknown.stderr) == (2, True)
