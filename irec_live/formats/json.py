"""JSON export, schema ``irec.analysis/1``: the complete analysis, for scripts.

The JSON Schema, `SCHEMA_FILE`, is part of the package.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from irec_live.formats.contract import Format

if TYPE_CHECKING:
    from irec_live.report import Analysis

SCHEMA_FILE = "irec.analysis-1.schema.json"
"""File name of the JSON Schema (draft 2020-12) beside this module."""


def parts(analysis: Analysis) -> Iterator[str]:
    """`render`, a piece at a time."""
    yield from analysis.json_parts()
    yield "\n"


def render(analysis: Analysis) -> str:
    """One line of JSON; see `Analysis.to_dict` for its fields."""
    return analysis.to_json() + "\n"


def schema() -> dict[str, Any]:
    """The JSON Schema that every document of ``irec.analysis/1`` meets."""
    from importlib.resources import files  # not above: see jams

    read: dict[str, Any] = json.loads(files("irec_live.formats").joinpath(SCHEMA_FILE).read_text(encoding="utf-8"))
    return read


FORMAT = Format(
    name="json",
    title="JSON analysis",
    suffix=".json",
    media_type="application/json",
    holds="everything: activations, envelopes, events, the instruments detected",
    needs=frozenset(),
    render=render,
    parts=parts,
    one_line=True,
)
