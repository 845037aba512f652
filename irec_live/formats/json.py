"""The analysis as JSON, schema ``irec.analysis/1``: everything, for scripts."""

from __future__ import annotations

import os

from irec_live.formats.whole import write_whole
from irec_live.report import Analysis


def render(analysis: Analysis) -> str:
    """One line of JSON; see `Analysis.to_dict` for its parts."""
    return analysis.to_json() + "\n"


def write(analysis: Analysis, path: str | os.PathLike[str]) -> None:
    """Write `render`'s text.

    Raises
    ------
    OutputError
        `path` cannot be written.
    """
    write_whole(path, render(analysis))
