"""The way to have the server asked by a program that reads its own description; here by a stand-in for it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import fuzz_service
import pytest

pytestmark = pytest.mark.skipif(os.name == "nt", reason="a process cannot be sent Ctrl-C there")

ASKS = """#!{python}
import json, sys, urllib.request
with urllib.request.urlopen(sys.argv[2]) as answer:
    assert "/v1/analyze" in json.load(answer)["paths"]
assert sys.argv[1] == "run" and sys.argv[-2:] == ["--seed", "7"]
sys.exit({status})
"""


@pytest.mark.parametrize("status", [0, 1])
def test_the_server_is_asked_ended_and_the_finding_handed_on(tmp_path: Path, status: int) -> None:
    program = tmp_path / "schemathesis"
    program.write_text(ASKS.format(python=sys.executable, status=status))
    program.chmod(0o755)
    assert fuzz_service.main(["--schemathesis", str(program), "--seed", "7"]) == status


def test_without_the_program_it_is_told_where_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="not installed"):
        fuzz_service.main(["--schemathesis", str(tmp_path / "none")])
