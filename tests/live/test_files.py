"""Places to write to, found out before the work; `write_atomically` itself is tested with what is written."""

from __future__ import annotations

import json
import os
import stat
import sys
from pathlib import Path

import pytest

from irec_live.errors import OutputError
from irec_live.files import check_writable, is_part, make_folder, part_path, write_atomically, write_json


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
