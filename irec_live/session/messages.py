"""Live results as messages: plain objects for JSON, one a row, event or state. Terminal and server send the same.

``activations`` and ``envelopes`` have ``time_s`` and ``values`` by label; ``event`` has ``label``, ``onset_s`` and
``offset_s``; ``stats`` is the last one.

Shapes: K labels.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from irec_live.results import Array, Stats
    from irec_live.streaming.pipeline import PipelineStep

Message = dict[str, object]


def step_messages(step: PipelineStep, labels: Sequence[str]) -> list[Message]:
    """What is new after a step, for the K labels."""
    messages = [_row("activations", time_s, values, labels) for time_s, values in step.activations]
    messages += [_row("envelopes", time_s, values, labels) for time_s, values in step.envelopes]
    messages += [
        {
            "type": "event",
            "label": event.label,
            "onset_s": _round(event.onset_s),
            "offset_s": _round(event.offset_s),
        }
        for event in step.events
    ]
    return messages


def stats_message(stats: Stats) -> Message:
    """How well the engine kept up."""
    return {
        "type": "stats",
        "overflows": stats.overflows,
        "skipped_windows": stats.skipped_windows,
        "windows": stats.windows,
        "inference_ms": {"p50": round(stats.inference_ms_p50, 3), "p99": round(stats.inference_ms_p99, 3)},
        "latency_ms": round(stats.latency_ms, 1),
        "load": round(stats.load, 4),
        "providers": list(stats.providers),
    }


def _row(kind: str, time_s: float, values: Array, labels: Sequence[str]) -> Message:
    by_label = {label: round(value, 4) for label, value in zip(labels, values.tolist(), strict=True)}
    return {"type": kind, "time_s": _round(time_s), "values": by_label}


def _round(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 4)
