"""An analysis as a person corrected it."""

from __future__ import annotations

from dataclasses import replace

from irec_live.assembly import lasting
from irec_live.corrections.model import Corrections
from irec_live.report import Analysis


def corrected_analysis(analysis: Analysis, corrections: Corrections) -> Analysis:
    """The analysis with corrected events, and with the labels that they tell of."""
    if not corrections:
        return analysis
    events = corrections.apply(analysis.events, 0.0, analysis.duration_s)
    named = lasting(events)
    heard = [label for label in analysis.labels if label in named]
    heard.sort(key=lambda label: -analysis.clip.s2.get(label, 0.0))
    added = [label for label in dict.fromkeys(e.label for e in events) if label not in analysis.labels]
    return replace(analysis, events=events, detected=(*heard, *(label for label in added if label in named)))
