"""The analysis as JSON, schema ``irec.analysis/1``: everything, for scripts."""

from __future__ import annotations

from irec_live.report import Analysis


def render(analysis: Analysis) -> str:
    """One line of JSON; see `Analysis.to_dict` for its parts."""
    return analysis.to_json() + "\n"
