"""Results of the stress tests as tables for a terminal."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table

from irec_models.measuring.by_source import Counts
from irec_models.measuring.stress.decision_latency import DecisionLatency, Latency
from irec_models.measuring.stress.ensembles import Ensembles
from irec_models.measuring.stress.false_labels import FalseLabels, NoiseRow
from irec_models.measuring.stress.matrices import Confusion, Matrix
from irec_models.measuring.stress.robustness import Robustness


def robustness_table(found: Robustness, model: str, split: str) -> RenderableType:
    """A row for each condition."""
    title = f"{model}: robustness on {found.clips} clips of '{split}' ({found.solos} solos), ranked by S1"
    table = _table(title, "condition", ("macro mAP", "drop", "top-1", "drop", "unheard"))
    table.caption = f"worst: {found.worst}"
    for name, row in found.conditions.items():
        scores = (f"{row.macro_map:.3f}", f"{row.map_drop:.1%}", f"{row.top1:.3f}", f"{row.top1_drop:.1%}")
        table.add_row(name, *scores, str(row.unheard))
    return table


def noise_tables(found: FalseLabels, model: str) -> RenderableType:
    """Events on noise and silence, then what speech lights."""
    rates = f"{found.per_minute:.2f} of generated noise (silence apart), {found.per_minute_recorded:.2f} of recorded"
    noise = _table(
        f"{model}: false labels a minute: {rates}", "sound", ("seconds", "events", "a minute", "lit s"), "labels"
    )
    for rows in (found.noises, found.recorded):
        for row in rows:
            noise.add_row(*_noise_cells(row))
        noise.add_section()
    speech = _table(f"{model}: speech", "source", ("clips", "light voice", "light others"), "others")
    for spoken in found.speech:
        voice = "-" if math.isnan(spoken.voice) else f"{spoken.voice:.0%}"
        speech.add_row(spoken.name, str(spoken.clips), voice, f"{spoken.others:.0%}", _counted(spoken.labels))
    return Group(noise, speech) if found.speech else noise


def latency_table(found: DecisionLatency, model: str, split: str) -> RenderableType:
    """A row for each label, then all together."""
    title = f"{model}: from onset to label, solos of '{split}'"
    table = _table(title, "instrument", ("solos", "median", "p90", "never lit"))
    for label, latency in found.labels.items():
        table.add_row(label, *_latency_cells(latency))
    table.add_section()
    table.add_row("all", *_latency_cells(found.overall))
    return table


def ensemble_tables(found: Ensembles, model: str, split: str) -> RenderableType:
    """Precision and recall by label, then what was detected in each clip (the first thirty)."""
    title = f"{model}: detected in {len(found.clips)} ensembles of '{split}'"
    scores = _table(title, "instrument", ("right", "wrong", "missed", "precision", "recall"))
    for label, counts in found.labels.items():
        scores.add_row(label, *_count_cells(counts))
    scores.add_section()
    scores.add_row("all", *_count_cells(found.overall))
    clips = Table("plays", "detected")
    clips.add_column("clip", overflow="fold")
    for row in found.clips[:30]:
        beside = f" ({', '.join(row.others)})" if row.others else ""
        clips.add_row(", ".join(row.labels) + beside, ", ".join(row.detected) or "-", row.file)
    return Group(scores, clips)


def matrix_table(matrix: Matrix | Confusion, model: str) -> Table:
    """A matrix with what plays in rows; rows of labels that play nowhere are left out."""
    if isinstance(matrix, Matrix):
        mean = f"mean off the diagonal {matrix.mean_db:.1f} dB"
        name, values = f"{matrix.kind} matrix, dB", matrix.values_db
    else:
        mean = f"mean off the diagonal {matrix.mean:.1%}"
        name, values = "confusion: mean activation of solos, %", matrix.values * 100
    title = f"{model}: {name}\nrow: what plays; column: whose output; {mean}"
    table = Table(title=title, box=None, padding=(0, 1, 0, 0))  # a line of 80 columns holds 13 labels
    table.add_column("plays", no_wrap=True)
    for label in matrix.labels:
        table.add_column(_shortened(label), justify="right", no_wrap=True)
    for label, row in zip(matrix.labels, values.tolist(), strict=True):
        if not all(math.isnan(value) for value in row):
            table.add_row(label, *("-" if math.isnan(value) else f"{value:.0f}" for value in row))
    return table


def _table(title: str, first: str, numbers: Sequence[str], *more: str) -> Table:
    """An empty table whose columns of numbers stand to the right."""
    table = Table(first, title=title)
    for name in numbers:
        table.add_column(name, justify="right")
    for name in more:
        table.add_column(name)
    return table


def _noise_cells(row: NoiseRow) -> tuple[str, ...]:
    return (
        row.name,
        f"{row.seconds:.0f}",
        str(row.events),
        f"{row.per_minute:.1f}",
        f"{row.lit_s:.1f}",
        _counted(row.labels),
    )


def _latency_cells(latency: Latency) -> tuple[str, ...]:
    times = ("-" if math.isnan(value) else f"{value:.2f} s" for value in (latency.median_s, latency.p90_s))
    return (str(latency.clips), *times, f"{latency.never:.0%}")


def _count_cells(counts: Counts) -> tuple[str, ...]:
    numbers = (str(value) for value in (counts.right, counts.wrong, counts.missed))
    return (*numbers, f"{counts.precision:.3f}", f"{counts.recall:.3f}")


def _counted(labels: dict[str, int]) -> str:
    return ", ".join(f"{label} {count}" for label, count in labels.items())


def _shortened(label: str) -> str:
    """A label in three letters, so that many columns fit a narrow terminal: "electric guitar" is "e g"."""
    words = label.split()
    return label[:3] if len(words) == 1 else f"{words[0][0]} {words[1][0]}"
