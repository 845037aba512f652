"""Confusion between instruments: noise and leakage matrices of envelopes, mean activations.

References
----------
L. Häusler, L. I. Maier, "Neuroment", 2022: section 5.4, Figs 15 to 18.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from irec_live.errors import DataError
from irec_models.measuring.stress.matrices import RANGE_DB, confusion_matrix, envelope_matrices
from irec_papers.report.drawing import Array, Drawing, matrix
from irec_papers.report.section import Block, Remark, Section
from irec_papers.report.study import Study, Subject


def sections(study: Study) -> list[Section]:
    """Noise and leakage matrices of envelope models, the counterpart of activation models; nothing without stems."""
    if not study.stems:
        return []
    blocks: list[Block] = []
    for subject in study.subjects:
        try:
            blocks += _envelope(study, subject) if subject.spec.kind == "envelope" else _activation(study, subject)
        except DataError as error:
            blocks.append(Remark(f"{subject.name}: {error}."))
    text = (
        "Rows: the instrument that plays, alone; columns: the instrument whose output is looked at. Noise is the mean "
        "deviation of the output from the true envelope, so its diagonal says how well the playing instrument is "
        "followed. Leakage is how much of what plays shows up in another output: 0 dB all of it, -60 dB nothing."
    )
    return [Section("leakage", "Noise and leakage", text, tuple(blocks))]


def _envelope(study: Study, subject: Subject) -> list[Block]:
    noise, leakage = envelope_matrices(subject.predictor, study.material.clips(subject.spec))
    labels = subject.spec.labels
    return [
        _picture(
            noise.values_db,
            labels,
            (-RANGE_DB, 0.0),
            f"{subject.name}: noise matrix in dB, as Figs 15 and 16 of Häusler and Maier; "
            f"mean outside the diagonal {noise.mean_db:.1f} dB.",
            "{:.0f}",
        ),
        _picture(
            leakage.values_db,
            labels,
            (-RANGE_DB, 0.0),
            f"{subject.name}: leakage matrix in dB, as Figs 17 and 18, which have the playing instrument in columns; "
            f"mean {leakage.mean_db:.1f} dB.",
            "{:.0f}",
        ),
    ]


def _activation(study: Study, subject: Subject) -> list[Block]:
    found = confusion_matrix(subject.predictor, study.material.clips(subject.spec), hop_s=study.material.hop_s)
    caption = f"{subject.name}: mean activation while an instrument plays alone; {found.mean:.3f} outside the diagonal."
    return [_picture(found.values, subject.spec.labels, (0.0, 1.0), caption, "{:.2f}")]


def _picture(values: Array, labels: Sequence[str], limits: tuple[float, float], caption: str, form: str) -> Block:
    rows = [row for row in range(len(labels)) if np.isfinite(values[row]).any()]
    shown = values[rows]
    texts = [["" if np.isnan(value) else form.format(value) for value in row] for row in shown.tolist()]
    drawing = Drawing(2.6 + 0.44 * len(labels), 1.9 + 0.36 * len(rows))
    axes = drawing.axes[0]
    image = matrix(axes, shown, [labels[row] for row in rows], labels, limits=limits, texts=texts, colours="Oranges")
    axes.set_ylabel("what plays")
    axes.set_xlabel("whose output")
    drawing.figure.colorbar(image, ax=axes, fraction=0.03, label="dB" if limits[0] < 0 else "activation")
    return drawing.picture(caption, "Matrix of outputs by the instrument that plays.", "webp")
