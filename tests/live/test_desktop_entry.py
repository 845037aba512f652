"""The entry in the desktop's menu: it starts this installation, opens files, and goes away without a trace."""

from __future__ import annotations

import configparser
import re
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from irec_live.cli import main
from irec_live.cli.desktop_entry import entry_path, icon_path

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="desktop entries are Linux's")


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installed irec-live in a folder whose name needs quoting, and a home of its own."""
    folder = tmp_path / 'my "own" $programs 100%'
    folder.mkdir()
    path = folder / "irec-live"
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    monkeypatch.setattr(sys, "argv", [str(path), "desktop-entry"])
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    return path


def test_the_entry_starts_this_installation_whatever_its_folder_is_called(program: Path) -> None:
    assert CliRunner().invoke(main, ["desktop-entry"]).exit_code == 0
    read = configparser.RawConfigParser()
    read.optionxform = str  # type: ignore[assignment,method-assign]
    read.read_string(entry_path().read_text(encoding="utf-8"))
    entry = read["Desktop Entry"]
    assert icon_path().read_bytes().startswith(b"<svg")
    assert entry["Type"] == "Application"
    # As a desktop reads the key: the file's escapes, then the quotes, then the field codes.
    quoted, rest = entry["Exec"].replace("\\\\", "\\").rsplit('" ', 1)
    assert re.sub(r'\\(["`$\\])', r"\1", quoted.removeprefix('"')).replace("%%", "%") == str(program)
    assert rest == "gui %F"


def test_removing_leaves_nothing_and_may_be_repeated(program: Path) -> None:
    for arguments in (["desktop-entry"], ["desktop-entry", "--remove"], ["desktop-entry", "--remove"]):
        assert CliRunner().invoke(main, arguments).exit_code == 0
    assert not entry_path().exists()
    assert not icon_path().exists()


def test_an_entry_that_nothing_could_start_is_not_written(program: Path) -> None:
    program.unlink()
    result = CliRunner().invoke(main, ["desktop-entry"])
    assert result.exit_code == 2
    assert "pipx" in result.output
    assert not entry_path().exists()
