"""Places to write to, found out before the work; `write_atomically` itself is tested with what is written."""

from __future__ import annotations

import builtins
import errno
import io
import json
import os
import stat
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from irec_live.cli import main
from irec_live.errors import LibraryError, MediaError, OutputError
from irec_live.files import check_writable, is_part, look, make_folder, part_path, write_atomically, write_json


def test_a_place_that_can_be_written_is_left_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "old.json").write_text("old")
    check_writable(tmp_path / "old.json")
    check_writable(tmp_path / "new.json")
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"old.json": "old"}


def test_a_folder_a_missing_folder_and_a_file_as_folder_are_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="is a folder; give the name of the file to write"):
        check_writable(tmp_path)
    for parent in ("gone", "file"):
        with pytest.raises(OutputError, match=f"there is no folder '.*{parent}'; make it"):
            check_writable(tmp_path / parent / "a.json")


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        with pytest.raises(OutputError, match=r"cannot write to the folder .*Permission denied"):
            check_writable(tmp_path / "a.json")
    finally:
        tmp_path.chmod(stat.S_IRWXU)


def test_folders_on_the_way_are_made(tmp_path: Path) -> None:
    assert make_folder(tmp_path / "a" / "b").is_dir()
    assert not list((tmp_path / "a" / "b").iterdir())
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot write to the folder"):
        make_folder(tmp_path / "file" / "b")


def test_json_is_indented_and_ends_with_a_line(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"scores": [1.5]})
    text = (tmp_path / "a.json").read_text(encoding="utf-8")
    assert json.loads(text) == {"scores": [1.5]}
    assert text == '{\n "scores": [\n  1.5\n ]\n}\n'


def test_json_that_is_none_replaces_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("old")
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "a.json", float("nan"))
    assert (tmp_path / "a.json").read_text() == "old"


def test_two_writers_of_one_file_do_not_meet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.txt"

    def meanwhile(_: int) -> None:
        monkeypatch.undo()
        write_atomically(path, "other")

    monkeypatch.setattr(os, "fsync", meanwhile)
    write_atomically(path, "mine")
    assert path.read_text() == "mine"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.txt"]


def test_what_is_not_whole_yet_has_a_path_of_its_own_and_is_known_by_it(tmp_path: Path) -> None:
    alike = [tmp_path / f"{'x' * 40} {number}\n.wav" for number in range(2)]
    parts = {part_path(path) for path in (*alike, *alike)}
    assert len(parts) == 4
    assert all(part.parent == tmp_path and is_part(part) for part in parts)
    assert not any(is_part(path) for path in alike)


REAL_STAT = os.stat


def locked(path: Any, *rest: Any, **named: Any) -> os.stat_result:
    """As `os.stat` where a folder called `locked` may not be entered; the tests may run as root."""
    if "locked" in Path(os.fsdecode(path)).parts if isinstance(path, str | bytes | os.PathLike) else False:
        raise PermissionError(errno.EACCES, "Permission denied", os.fspath(path))
    return REAL_STAT(path, *rest, **named)


def test_what_is_at_a_path_is_told_or_refused_in_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    places: list[Path | str] = [
        tmp_path,
        tmp_path / "file",
        tmp_path / "gone",
        tmp_path / "file" / "a",
        "a\0b",
        os.devnull,
    ]
    assert [look(place, MediaError) for place in places] == ["folder", "file", "", "", "", "other"]
    if sys.platform != "win32":
        assert look("n" * 300) == ""
        with pytest.raises(MediaError, match="cannot be reached: File name too long; give a shorter one"):
            look("n" * 300, MediaError)
    monkeypatch.setattr(os, "stat", locked)
    assert look(tmp_path / "locked" / "a") == ""
    with pytest.raises(LibraryError, match="cannot be reached: Permission denied; check who may enter"):
        look(tmp_path / "locked" / "a", LibraryError)


@pytest.mark.skipif(sys.platform == "win32", reason="names of 300 characters are POSIX's to refuse")
@pytest.mark.parametrize("name", ["locked/a.wav", "n" * 300 + ".wav"], ids=["locked", "long"])
@pytest.mark.parametrize(
    "words",
    [
        "analyze {}",
        "analyze {} --recursive",
        "gui {}",
        "{}",
        "library add {}",
        "library stats --library {}",
        "library search piano --library {}",
        "library import {}",
        "library remove --missing --library {}",
        "analyze demo.ogg --model {}.onnx",
        "listen --record {}",
    ],
)
def test_a_path_that_cannot_be_looked_at_is_one_sentence(
    words: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny_activation_path: Path
) -> None:
    def as_locked(path: Any, *rest: Any, **named: Any) -> Any:
        if "locked" in str(path):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return real_open(path, *rest, **named)

    real_open = io.open
    for module in (io, builtins):
        monkeypatch.setattr(module, "open", as_locked)
    monkeypatch.setattr(os, "stat", locked)
    monkeypatch.setattr(Path, "mkdir", lambda path, **_: locked(path))
    monkeypatch.chdir(tmp_path)
    call = [word.format(name) for word in words.split()]
    if (call[0] in ("analyze", "listen") and "--model" not in call) or call[:2] == ["library", "add"]:
        call += ["--model", str(tiny_activation_path)]
    done = CliRunner().invoke(main, call)
    assert isinstance(done.exception, SystemExit), done.exc_info
    reasons = ("Permission denied", "File name too long", "there is no", "could not be opened")
    assert any(reason in done.stderr for reason in reasons), done.stderr
    assert "Traceback" not in done.stderr


def test_a_file_is_no_folder_to_write_to(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="file' is a file; give a folder"):
        make_folder(tmp_path / "file")
