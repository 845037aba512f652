"""One list of where sound comes from, and nobody who keeps another."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from click.testing import CliRunner

import irec_live
from irec_live.cli import main
from irec_live.gui.icons import icon_path
from irec_live.gui.requests import SourceRequest
from irec_live.input_kind import InputKind


def test_a_kind_is_its_name() -> None:
    assert [str(kind) for kind in InputKind] == ["mic", "loopback", "file"]
    assert SourceRequest("mic") == SourceRequest(InputKind.MIC)  # type: ignore[arg-type]
    assert SourceRequest("loopback").kind is InputKind.LOOPBACK  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="radio"):
        SourceRequest("radio")  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", InputKind)
def test_a_kind_says_all_that_is_asked_of_it(kind: InputKind) -> None:
    assert all((kind.role, kind.offer, kind.described))
    assert icon_path(kind.icon).exists()
    assert kind.is_live == (kind in InputKind.live()) == (kind.devices in ("input", "loopback"))


def test_the_terminal_offers_every_live_kind() -> None:
    for command in ("gui", "listen"):
        said = CliRunner().invoke(main, [command, "--help"]).output
        assert "|".join(kind.value for kind in InputKind.live()) in said


def test_no_other_list_of_kinds_is_kept() -> None:
    """The devices' own kinds (input, output, loopback) are those of PortAudio."""
    package = Path(irec_live.__file__).parent
    found = [
        f"{path.name}:{node.lineno}"
        for path in sorted(package.rglob("*.py"))
        if path.name != "input_kind.py" and path.parent.name != "devices"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and node.value == InputKind.MIC.value
    ]
    assert found == []
