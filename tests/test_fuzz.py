"""Some of the damaged files that `make fuzz` makes by the thousand: read, or refused in a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest
from fuzz import KINDS, make_kind, run

from irec_live.errors import IrecError

SOME = {"sounds": 60, "models": 200, "checkpoints": 20, "recipes": 15, "manifests": 50}


@pytest.mark.parametrize("name", KINDS)
def test_damaged_files_are_read_or_refused_in_a_sentence(tmp_path: Path, name: str) -> None:
    kind = make_kind(name, tmp_path, thorough=False)
    undamaged = sorted(kind.files)[0]
    (tmp_path / undamaged).write_bytes(kind.files[undamaged])
    kind.read(tmp_path / undamaged)
    told = [kind.attempt(1, number) for number in range(SOME[name])]
    assert [mistake for _, mistake in told if mistake] == []
    assert len({read for read, _ in told}) == 2, "some shall be read, and some refused"


def test_a_damaged_file_can_be_made_again(tmp_path: Path) -> None:
    kind = make_kind("manifests", tmp_path)
    assert kind.case(3, 5) == make_kind("manifests", tmp_path).case(3, 5)
    assert kind.case(3, 5) != kind.case(3, 6)


def test_what_is_wrong_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kind = make_kind("manifests", tmp_path)

    def fails(error: Exception) -> str:
        def read(path: Path) -> None:
            raise error

        monkeypatch.setattr(kind, "read", read)
        return kind.attempt(0, 0)[1]

    assert "KeyError" in fails(KeyError("labels"))
    assert "IrecError" in fails(IrecError("of another kind"))
    assert "the sentence is" in fails(kind.error("two\nlines"))
    assert fails(kind.error("one sentence")) == ""


def test_a_process_that_dies_or_hangs_is_a_mistake(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    script = tmp_path / "dies.py"
    script.write_text("import os\nprint('{\"case\": 0}', flush=True)\nos.abort()\n", encoding="utf-8")
    monkeypatch.setattr("fuzz.__file__", str(script))
    assert run("manifests", 1)["mistakes"] == ["manifests 0: its process ended with status -6"]
    script.write_text("import threading\nprint('{\"case\": 0}', flush=True)\nthreading.Event().wait()\n")
    assert run("manifests", 1, case_s=0.5)["mistakes"] == ["manifests 0: not done after 0 s"]
