"""What commands are given is looked at before PyTorch is imported: a wrong path is told at once."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping

import pytest
from click.testing import CliRunner

from irec_export.cli import main as export
from irec_models.cli import main as train

HEAVY = ("torch", "onnx", "onnxruntime", "scipy", "soundfile")

_RUN = f"""
import json, sys
import click.testing
from irec_export.cli import main as export
from irec_models.cli import main as train
answers = []
for words in json.load(sys.stdin):
    program = export if words[0] == "irec-export" else train
    told = click.testing.CliRunner().invoke(program, words[1:])
    answers.append([told.exit_code, told.stderr, [name for name in {HEAVY!r} if name in sys.modules]])
print(json.dumps(answers))
"""

COMMANDS = {
    "fit RECIPE --data WRONG": "data folder WRONG does not exist",
    "fit RECIPE --data EMPTY": "EMPTY has no manifest.csv",
    "fit RECIPE --data DATA --teacher WRONG": "there is no teacher WRONG",
    "fit RECIPE --data DATA --start-from WRONG.onnx": "no model file at WRONG.onnx",
    "fit RECIPE --data DATA --out RUN": "RUN already holds a run",
    "fit nobody --data DATA": "no recipe is called 'nobody'",
    "fit WRONG.toml --data DATA": "there is no recipe WRONG.toml",
    "fit ./EMPTY --data DATA": "the recipe EMPTY is a folder",
    "publish WRONG --data DATA -o x.pt": "there is no recipe WRONG/recipe.toml",
    "publish RUN --data DATA -o x.pt": "there is no checkpoint RUN/best.pt",
    "adapt nobody --corrections DATA": "no model is called 'nobody'",
    "adapt tutti-1s --corrections WRONG": "there is no file or folder WRONG",
    "adapt tutti-1s --corrections DATA -o WRONG/x.pt": "there is no folder 'WRONG'",
    "average WRONG.pt -o x.pt": "there is no checkpoint WRONG.pt",
    "context WRONG.onnx --data DATA -o x.onnx": "no model file at WRONG.onnx",
    "context tutti-1s --data DATA --recipe WRONG.toml -o x.onnx": "there is no recipe WRONG.toml",
    "data --data WRONG": "data folder WRONG does not exist",
    "data sources --list WRONG.csv": "there is no file or folder WRONG.csv",
    "decide tutti-1s --data WRONG -o x.onnx": "data folder WRONG does not exist",
    "evaluate tutti-1s WRONG.pt --data DATA": "there is no checkpoint WRONG.pt",
    "evaluate tutti-1s --data DATA --compare WRONG.json": "there is no file or folder WRONG.json",
    "evaluate tutti-1s --data DATA --json DATA": "DATA is a folder",
    "evaluate tutti-1s --data DATA --report x.txt": "its name should end in .html",
    "real tutti-1s --data WRONG": "data folder WRONG does not exist",
    "real tutti-1s --data DATA --json WRONG/x.json": "there is no folder 'WRONG'",
    "rebuild tutti-1s --data WRONG": "data folder WRONG does not exist",
    "rotate RECIPE --data WRONG": "data folder WRONG does not exist",
    "stress tutti-1s --data WRONG": "data folder WRONG does not exist",
    "bosch RECIPE --data WRONG": "data folder WRONG does not exist",
    "bosch RECIPE --data DATA --out RUN": "RUN already holds a run",
    "fuse WRONG.pt --data DATA -o x.pt": "there is no checkpoint WRONG.pt",
    "join WRONG.pt -o x.pt": "there is no checkpoint WRONG.pt",
    "reproduce RECIPE --data WRONG": "there is no file or folder WRONG",
    "reproduce WRONG.toml --data EMPTY": "there is no recipe WRONG.toml",
    "standardization WRONG.pt --source a --data DATA": "there is no checkpoint WRONG.pt",
    "irec-export WRONG.pt -o x.onnx": "there is no checkpoint WRONG.pt",
    "irec-export EMPTY -o x.onnx": "EMPTY is not a plain file",
    "irec-export FILE.pt -o WRONG/x.onnx": "there is no folder 'WRONG'",
    "irec-export FILE.pt -o x.pt": "x.pt does not end in .onnx",
    "rebuild NOBODY --data DATA": "no bundled model is called 'NOBODY'",
    "irec-export FILE.pt -o x.onnx --audio WRONG.wav": "there is no file or folder WRONG.wav",
}
"""What is typed -> what is said. DATA has a manifest, RUN a run that was not finished; WRONG is nowhere."""


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, tuple[int, str, list[str]]]:
    """What a fresh process said to each of the commands, one after the other, and what it had imported by then."""
    here = tmp_path_factory.mktemp("here")
    for folder in ("EMPTY", "DATA", "RUN"):
        (here / folder).mkdir()
    (here / "DATA" / "manifest.csv").write_text("file,labels,source,split\n")
    (here / "RUN" / "recipe.toml").touch()
    for name in ("RUN/last.pt", "RECIPE", "FILE.pt"):
        (here / name).touch()
    words = [["irec-train", *typed.split()] if "irec-" not in typed else typed.split() for typed in COMMANDS]
    done = subprocess.run(
        [sys.executable, "-c", _RUN], input=json.dumps(words), cwd=here, capture_output=True, text=True, check=True
    )
    return dict(zip(COMMANDS, json.loads(done.stdout), strict=True))


@pytest.mark.parametrize("typed", COMMANDS)
def test_a_wrong_path_is_told_before_pytorch_is_imported(
    answers: Mapping[str, tuple[int, str, list[str]]], typed: str
) -> None:
    status, said, imported = answers[typed]
    assert COMMANDS[typed] in said
    assert len(said.splitlines()) == 1 or said.startswith("Usage: ")
    assert (status, imported) == (2, [])


def test_without_pytorch_that_is_told_before_any_path_is_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    for program, words, extra in (
        (train, ["fit", "nobody", "--data", "nowhere"], "train"),
        (export, ["nowhere.pt", "-o", "x.onnx"], "export"),
    ):
        told = CliRunner().invoke(program, words)
        assert told.exit_code == 2
        assert told.stderr.endswith(f": torch is not installed; run: pip install 'irec-live[{extra}]'\n")
