"""JAMS: the events as an annotation file of music information retrieval.

One annotation of the namespace ``tag_open``: one observation per event, with the label as its value and the peak of its
activation as its confidence. Tags may overlap; segments may not. What JAMS has no field for (thresholds, labels that
were not predicted, warnings) is in the ``sandbox``.

References
----------
E. J. Humphrey, J. Salamon, O. Nieto, J. Forsyth, R. M. Bittner, J. P. Bello, "JAMS: a JSON annotated music
specification for reproducible MIR research", ISMIR 2014.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from irec_live.formats.contract import Format

if TYPE_CHECKING:
    from irec_live.report import Analysis
    from irec_live.results import Event

JAMS_VERSION = "0.3.5"
"""Version of the JAMS schema that is written."""

_KEPT = ("schema", "models", "detected", "thresholds", "threshold_offset", "not_predicted", "warnings")
"""Fields of ``irec.analysis/1`` that are copied to the sandbox."""


def render(analysis: Analysis) -> str:
    """One document, indented; times in seconds."""
    document = {
        "file_metadata": {
            "title": analysis.file,
            "artist": "",
            "release": "",
            "duration": analysis.duration_s,
            "identifiers": {},
            "jams_version": JAMS_VERSION,
        },
        "annotations": [_annotation(analysis)],
        "sandbox": {"irec_live": {key: value for key, value in analysis.to_dict().items() if key in _KEPT}},
    }
    return json.dumps(document, ensure_ascii=False, allow_nan=False, indent=1) + "\n"


def _annotation(analysis: Analysis) -> dict[str, Any]:
    from importlib.metadata import version  # not above: it takes a third of the time that `irec-live --help` does

    return {
        "namespace": "tag_open",
        "time": 0.0,
        "duration": analysis.duration_s,
        "annotation_metadata": {
            "annotation_tools": f"irec-live {version('irec-live')}",
            "annotation_rules": "instruments that sound; confidence is the highest pooled activation, 0 to 1",
            "annotator": {"models": [model.name for model in analysis.models]},
            "data_source": "program",
            "corpus": "",
            "validation": "",
            "version": "",
        },
        "data": [
            {
                # 10 µs: less than one sample at 96 kHz.
                "time": round(event.onset_s, 5),
                "duration": round(max(0.0, _end_s(event, analysis) - event.onset_s), 5),
                "value": event.label,
                "confidence": round(event.activation, 5),
            }
            for event in analysis.events
        ],
        "sandbox": {},
    }


def _end_s(event: Event, analysis: Analysis) -> float:
    return analysis.duration_s if event.offset_s is None else event.offset_s


FORMAT = Format(
    name="jams",
    title="JAMS annotation",
    suffix=".jams",
    media_type="application/json",
    holds="the events as JAMS, the JSON of music information retrieval",
    needs=frozenset({"activation"}),
    render=render,
)
