"""``irec-train decide``: choose new thresholds for an exported model."""

from __future__ import annotations

from pathlib import Path

import click

from irec_models.commands.options import FILE, MODEL, data_folders


@click.command()
@click.argument("model", type=MODEL)
@data_folders
@click.option("-o", "--out", type=FILE, required=True, help=".onnx file to write; may be MODEL itself.")
@click.option(
    "--precision",
    type=click.FloatRange(0.0, 1.0, max_open=True),
    default=0.85,
    show_default=True,
    help="Share of what is named on real solos and ensembles that must be right.",
)
def decide(model: Path, data: tuple[Path, ...], out: Path, precision: float) -> None:
    """Choose thresholds for MODEL, an .onnx file or the name of an installed model, on the dev split.

    Only its metadata change: thresholds, how precision and recall move with the app's slider, and the card. The printed
    scores are cross-validated: the thresholds for each source were chosen on the other sources.
    """
    from rich.console import Console
    from rich.table import Table

    from irec_models.measuring.predictors import model_file
    from irec_models.progress import Bars
    from irec_models.publishing.decide_file import decide as choose

    found = choose(model_file(model), data, out, precision=precision, progress=Bars())
    table = Table("", "before", "now", title=f"{found.spec.name}: labels named of recordings it was not decided on")
    for name, figure in found.after.items():
        table.add_row(name, str(found.before[name]), str(figure))
    curve = Table("slider", "precision", "recall")
    for point in found.spec.trade_off:
        curve.add_row(f"{point.offset:+.1f}", f"{point.precision:.3f}", f"{point.recall:.3f}")
    thresholds = Table("label", "on", "again", "off")
    for label, threshold in found.spec.thresholds.items():
        thresholds.add_row(label, f"{threshold.on:.3f}", f"{threshold.again:.3f}", f"{threshold.off:.3f}")
    Console().print(table, curve, thresholds)
