"""What the stress tests found, as tables for a terminal."""

from __future__ import annotations

import math

from rich.table import Table

from irec_models.stress.matrices import Confusion, Matrix

_SHORT = 6  # letters of a column's label


def matrix_table(matrix: Matrix | Confusion, model: str) -> Table:
    """A matrix with what plays in rows; rows of labels that play nowhere are left out."""
    if isinstance(matrix, Matrix):
        mean = f"mean off the diagonal {matrix.mean_db:.1f} dB" if not math.isnan(matrix.mean_db) else ""
        name, values, form = f"{matrix.kind} matrix, dB", matrix.values_db, "{:.0f}"
    else:
        mean = f"mean off the diagonal {matrix.mean:.3f}"
        name, values, form = "confusion: mean activation of solos", matrix.values, "{:.2f}"
    table = Table(title=f"{model}: {name}\nrow: what plays; column: whose output; {mean}", pad_edge=False)
    table.add_column("plays")
    for label in matrix.labels:
        table.add_column(_shortened(label), justify="right", no_wrap=True)
    for label, row in zip(matrix.labels, values.tolist(), strict=True):
        if not all(math.isnan(value) for value in row):
            table.add_row(label, *("-" if math.isnan(value) else form.format(value) for value in row))
    return table


def _shortened(label: str) -> str:
    """A label that fits over a narrow column: the first letters of each word."""
    words = label.split()
    each = max(2, _SHORT // len(words) - (len(words) > 1))
    return " ".join(word[: each if len(words) > 1 else _SHORT] for word in words)
