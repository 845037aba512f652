"""What the READMEs and docstrings tell people to type: it parses as written, and it runs.

Every line of a fenced ``sh`` block is one command. Those of our own programs are parsed exactly as written; those of
the main README are then run too, with stand-ins only for what a test cannot have: a microphone or an endless session.
"""

from __future__ import annotations

import ast
import contextlib
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import click
import numpy as np
import pytest
import soundfile
from click.testing import CliRunner
from saved_sessions import save_session
from starlette.testclient import TestClient

from irec_live.cli import main
from irec_live.cli.options import GivenPath
from irec_live.web.app import create_app
from irec_models.commands.options import CheckedPath

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    path
    for folder in (".", "docs", "examples", ".github", "models", "irec_live", "export", "assets")
    for path in (ROOT.glob("*.md") if folder == "." else (ROOT / folder).rglob("*.md"))
)
OUR_PROGRAMS = {"irec-live": "irec_live.cli", "irec-train": "irec_models.cli", "irec-export": "irec_export.cli"}

# Programs of a README that no test may run, and why that is safe.
NOT_RUN = {
    "make": "its targets are looked up in the Makefile instead",
    ".ci/run": "it runs this test",
    "pip": "it would change the environment under test; the extras are looked up in pyproject.toml instead",
    "pipx": "as pip",
    "git": "it fetches this repository",
    "sudo": "it changes the machine",
    "python": "it makes an environment",
    ".venv/bin/pip": "as pip",
    ".venv/bin/pytest": "it would run this test; its files are looked for instead",
    "curl": "what it sends is sent to the application itself, below",
}
# Parsed as written, and run by the tests of training and of export: hours on data that is not in the repository, and
# half a minute of conversion.
ONLY_PARSED = {"irec-train", "irec-export"}


def shell_lines(page: Path) -> Iterator[str]:
    """Commands of the fenced ``sh`` blocks of a page, without comments."""
    for block in re.findall(r"^```sh\n(.*?)^```", page.read_text(encoding="utf-8"), flags=re.M | re.S):
        for line in block.replace("\\\n", " ").splitlines():
            command = shlex.join(shlex.split(line, comments=True))
            if command:
                yield command


def docstring_lines() -> Iterator[str]:
    """Our programs' commands in module docstrings: literals and indented lines, but not outlines with [options]."""
    pattern = r"(?:``|^ {4,}\$? ?)(irec-(?:live|train|export) [^\n`\[<…|]+?)(?:``|$)"
    for folder in ("irec_live", "models/irec_models", "models/irec_papers", "export/irec_export", "assets/irec_assets"):
        for module in sorted((ROOT / folder).rglob("*.py")):
            text = ast.get_docstring(ast.parse(module.read_text(encoding="utf-8"))) or ""
            yield from re.findall(pattern, text, flags=re.M)


COMMANDS = [pytest.param(page, line, id=f"{page.parent.name}: {line}") for page in PAGES for line in shell_lines(page)]
OWN = [c for c in COMMANDS if c.values[1].split()[0] in OUR_PROGRAMS]
RUN = [
    c.values[1]
    for c in OWN
    if c.values[0].parent == ROOT and c.values[1].split()[0] not in ONLY_PARSED
    if c.values[1] != "irec-live serve"  # it never ends; tests/live/test_web.py interrupts it
]


def parse(command: str) -> None:
    """Parse a command of ours as its program would, without running it or looking for the files that it names."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(CheckedPath, "convert", GivenPath.convert)
        _parse(*shlex.split(command))


def _parse(program: str, *arguments: str) -> None:
    module = __import__(OUR_PROGRAMS[program], fromlist=["main"])
    parser: click.Command = module.main
    context = parser.make_context(program, list(arguments))
    while isinstance(parser, click.Group):
        rest = [*context._protected_args, *context.args]
        if not rest:
            return
        name, found, rest = parser.resolve_command(context, rest)
        assert found is not None, f"{program} has no command {name}"
        parser = found
        context = parser.make_context(name, rest, parent=context)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files that the README's commands name."""
    path = tmp_path_factory.mktemp("readme")
    time = np.arange(3 * 44_100) / 44_100
    tone = sum(np.sin(2 * np.pi * 440 * h * time) / h for h in range(1, 6)) * 0.2
    soundfile.write(path / "song.flac", tone, 44_100)
    soundfile.write(path / "voice.wav", tone[:66_150], 44_100)
    (path / "data").mkdir()
    save_session(path / "evening", tone[:, None].astype(np.float32), 44_100)
    (path / "han-1s.onnx").write_bytes((files("irec_assets") / "models" / "han-1s.onnx").read_bytes())
    return path


def stand_in(command: str) -> list[str]:
    """The command a test runs instead: the same one, ended after a moment, on a file where a device was meant."""
    words = shlex.split(command)
    if words == ["irec-live"]:
        words = ["irec-live", "gui", "song.flac"]
    if words[:2] == ["irec-live", "gui"] and "--screenshot" not in words:
        words += ["--screenshot", "window.png"]
    if words[:2] == ["irec-live", "gui"]:
        words = [*words[: words.index("--after")], "--after", "1"] if "--after" in words else [*words, "--after", "1"]
    if words[:2] == ["irec-live", "listen"]:
        words = [word if word != "evening" else "another evening" for word in words]  # that one is there already
        if "--input" in words:
            words[words.index("--input") + 1] = "song.flac"
        else:
            words += ["--input", "song.flac"]
    return words


def own_process(command: str) -> bool:
    """Whether a command runs as a program: windows and sound devices want that, and one of the others must start so."""
    words = shlex.split(command)
    return words[1:2] not in (["analyze"], ["listen"], ["library"], ["models"]) or words[1:] == ["listen"]


@pytest.mark.parametrize(("page", "command"), COMMANDS)
def test_every_program_a_readme_names_is_ours_or_deliberately_not_run(page: Path, command: str) -> None:
    program = command.split()[0]
    assert program in OUR_PROGRAMS or program in NOT_RUN or command.startswith("python -m irec_"), page


@pytest.mark.parametrize(("page", "command"), OWN)
def test_every_command_parses_as_written(
    page: Path, command: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    parse(command)


def test_every_command_in_a_docstring_parses() -> None:
    for command in docstring_lines():
        with contextlib.suppress(click.MissingParameter):  # a command named in passing, without its arguments
            parse(command)


@pytest.mark.parametrize("command", [one for one in RUN if not own_process(one)])
def test_every_command_of_the_main_readme_does_what_it_says(
    command: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    done = CliRunner().invoke(main, stand_in(command)[1:], prog_name="irec-live")
    assert done.exit_code == 0, f"{command}\n{done.output}"


@pytest.mark.parametrize("command", [one for one in RUN if own_process(one)])
def test_every_program_of_the_main_readme_runs(command: str, folder: Path) -> None:
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
        "QT_QPA_PLATFORM": "offscreen",
    }
    done = subprocess.run(
        stand_in(command), cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{shlex.join(stand_in(command))}\n{done.stdout}\n{done.stderr}"


def test_what_the_main_readme_sends_to_the_server_is_answered(folder: Path) -> None:
    ((_, option, form, url),) = [
        shlex.split(line) for line in shell_lines(ROOT / "README.md") if line.startswith("curl ")
    ]
    field, _, name = form.partition("=@")
    assert (option, field) == ("-F", "file")
    with TestClient(create_app(), base_url="http://127.0.0.1:8000") as client:
        answer = client.post(url, files={field: (name, (folder / name).read_bytes())})
    assert answer.status_code == 200, answer.text
    assert answer.text.startswith("kind,time_s,cello")


def test_python_of_the_main_readme_runs(folder: Path) -> None:
    blocks = re.findall(r"^```python\n(.*?)^```", (ROOT / "README.md").read_text(encoding="utf-8"), flags=re.M | re.S)
    script = "\n".join(blocks)
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=folder, capture_output=True, text=True, timeout=300, check=False
    )
    assert blocks
    assert done.returncode == 0, done.stderr


def test_every_make_target_and_extra_a_readme_names_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    for page in PAGES:
        for words in map(shlex.split, shell_lines(page)):
            if words[0] == "make":
                assert re.search(rf"^{re.escape(words[1])}:", makefile, flags=re.M), words
            for extra in re.findall(r"^\.\[([a-z]+)\]$", words[-1]):
                assert re.search(rf"^{extra} = \[", project, flags=re.M), words


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_to_files_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", page.read_text(encoding="utf-8"))
    assert [target for target in targets if not (page.parent / target).exists()] == []
