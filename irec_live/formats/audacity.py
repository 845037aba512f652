"""Audacity label track: onset, offset and label of each event, separated by tabs (File > Import > Labels)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from irec_live.formats.contract import Format

if TYPE_CHECKING:
    from irec_live.report import Analysis


def render(analysis: Analysis) -> str:
    """Text with one line per event, by onset; times in seconds."""
    # Six decimals, as in the label files that Audacity itself writes.
    return "".join(
        f"{event.onset_s:.6f}\t{analysis.duration_s if event.offset_s is None else event.offset_s:.6f}\t"
        # A tab or line break inside a label would end the field.
        f"{' '.join(event.label.split())}\n"
        for event in analysis.events
    )


FORMAT = Format(
    name="audacity",
    title="Audacity labels",
    suffix=".txt",
    media_type="text/plain",
    holds="the events as a label track",
    needs=frozenset({"activation"}),
    render=render,
)
