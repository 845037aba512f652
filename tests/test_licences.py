"""Everything that is required or shipped has a licence that was looked at, and docs/licences.md tells it."""

from __future__ import annotations

import importlib.metadata
import re
from email.message import Message
from pathlib import Path

import pytest
from licences import INSIDE, REVIEWED, UnknownLicenceError, check, expression_of, is_permissive, page, required, shipped

ROOT = Path(__file__).parents[1]
PUBLIC_DOMAIN = REVIEWED["python-osc"][0]
EXTRAS = ("midi", "cluster", "web", "train", "distill", "export")

pytestmark = pytest.mark.skipif(
    not (ROOT / ".ci" / "constraints.txt").is_file(), reason="only a checkout has the pins, not an unpacked sdist"
)


class Stated(importlib.metadata.Distribution):
    """A distribution that is only metadata."""

    def __init__(self, name: str, **fields: str) -> None:
        self._message = Message()
        for field, value in ({"Name": name, "Version": "1.0"} | fields).items():
            self._message[field.replace("_", "-")] = value

    @property
    def metadata(self) -> Message:  # type: ignore[override]
        return self._message

    def read_text(self, filename: str) -> str | None:
        return None

    def locate_file(self, path: object) -> Path:  # type: ignore[override]
        return Path(str(path))


def test_everything_that_is_required_has_a_licence_that_was_looked_at() -> None:
    checked = {name: check(distribution) for name, distribution in required(*EXTRAS).items()}
    assert {"numpy", "pyside6-essentials", "soxr", "av", "torch"} <= set(checked)


def test_the_run_time_has_nothing_but_permissive_and_lesser_licences() -> None:
    for name, distribution in required().items():
        expression = check(distribution).expression
        assert is_permissive(expression) or expression.startswith("LGPL-") or expression == PUBLIC_DOMAIN, name


def test_what_lies_in_the_wheel_is_told_of() -> None:
    files = dict(shipped())
    assert {"audio/demo.ogg", "models/tutti-1s.onnx", "icons/play.svg"} <= set(files)
    assert all(files.values())


@pytest.mark.parametrize(
    ("fields", "expression"),
    [
        ({"License_Expression": "MIT AND  BSD-3-Clause"}, "MIT AND BSD-3-Clause"),
        ({"License": "BSD 3-Clause License"}, "BSD-3-Clause"),
        ({"License": "Copyright\n(c) 2020", "Classifier": "License :: OSI Approved :: MIT License"}, "MIT"),
        ({"Classifier": "Programming Language :: Python"}, ""),
    ],
)
def test_a_licence_is_read_wherever_metadata_states_it(fields: dict[str, str], expression: str) -> None:
    assert expression_of(Stated("some", **fields)) == expression


@pytest.mark.parametrize(
    ("name", "licence"),
    [
        ("some", "GPL-3.0-only"), ("some", ""), ("some", "Own terms"), ("some", "MIT AND AGPL-3.0-only"),
        ("soxr", "GPL-3.0-only"), ("some", "LGPL-2.1-or-later"),
    ],
)  # fmt: skip
def test_a_licence_that_nobody_looked_at_is_refused(name: str, licence: str) -> None:
    with pytest.raises(UnknownLicenceError, match=rf"{name} 1\.0 is under '"):
        check(Stated(name, License_Expression=licence))


@pytest.mark.parametrize(
    ("expression", "permissive"),
    [
        ("MIT", True), ("Apache-2.0 WITH LLVM-exception", True), ("GPL-2.0-only OR MIT", True), ("", False),
        ("(MIT OR GPL-2.0-only) AND ISC", True), ("MIT AND (ISC AND GPL-2.0-only)", False), ("MIT )", False),
        ("MIT MIT", False), ("GPL-3.0-only WITH GCC-exception-3.1", False),
    ],
)  # fmt: skip
def test_expressions(expression: str, permissive: bool) -> None:
    assert is_permissive(expression) is permissive


def test_the_page_tells_what_is_required() -> None:
    told = (ROOT / "docs" / "licences.md").read_text(encoding="utf-8")
    pins = dict(re.findall(r"^([\w.-]+)==([\w.]+)$", (ROOT / ".ci" / "constraints.txt").read_text(), flags=re.M))
    rows = {cells[1]: cells for line in told.splitlines() if len(cells := re.split(r" *\| *", line)) > 5}
    for name, distribution in required(*EXTRAS).items():
        licence = check(distribution)
        assert name in rows, f"{name} is not in docs/licences.md: run make licences"
        assert rows[name][3:5] == [licence.expression, licence.remark], f"{name} has changed: run make licences"
        assert rows[name][2] == pins.get(name, rows[name][2]), f"{name} has moved: run make licences"
    assert [line for line in told.splitlines() if line.startswith("| models/")] == [
        line for line in page().splitlines() if line.startswith("| models/")
    ]


def test_the_reviewed_table_holds_nothing_that_is_not_required() -> None:
    # tqdm is of the extra `distill`, which the tests do without: only where that is installed is it found.
    assert (set(REVIEWED) | set(INSIDE)) - set(required(*EXTRAS)) <= {"tqdm"}
