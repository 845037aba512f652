"""The analysis as JSON, schema ``irec.analysis/1``: everything, for scripts.

The layout is written down as a JSON Schema, `SCHEMA_FILE`, which comes with the package.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from irec_live.formats.contract import Format

if TYPE_CHECKING:
    from irec_live.report import Analysis

SCHEMA_FILE = "irec.analysis-1.schema.json"
"""Beside this module: the layout as a JSON Schema, draft 2020-12."""


def parts(analysis: Analysis) -> Iterator[str]:
    """`render`, a piece at a time."""
    yield from analysis.json_parts()
    yield "\n"


def render(analysis: Analysis) -> str:
    """One line of JSON; see `Analysis.to_dict` for its parts."""
    return analysis.to_json() + "\n"


def schema() -> dict[str, Any]:
    """The JSON Schema that every document of ``irec.analysis/1`` meets."""
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
