"""``irec-train standardization``: scores with causal and with whole-recording standardisation."""

from __future__ import annotations

from pathlib import Path

import click

from irec_models.commands.options import CHECKPOINT, data_folders


@click.command()
@click.argument("checkpoint", type=CHECKPOINT)
@data_folders
@click.option("--source", "sources", multiple=True, required=True, help="Held-out source for mixtures; repeatable.")
def standardization(checkpoint: Path, data: tuple[Path, ...], sources: tuple[str, ...]) -> None:
    """Measure CHECKPOINT with its input standardised by constants, by running statistics, and by whole recordings.

    The last needs the future, so it is no choice for a live network; the difference is what causality costs.
    """
    from rich.console import Console
    from rich.table import Table

    from irec_models.checkpoint import load_checkpoint
    from irec_models.progress import Bars
    from irec_papers.standardization import measure

    loaded = load_checkpoint(checkpoint)
    table = Table("standardised by", "dev mAP", "dev top-1", "mixtures mAP", "envelope error", title=loaded.spec.name)
    for scores in measure(loaded.network(), loaded.spec, data, sources, progress=Bars()):
        error = "-" if scores.envelope_db is None else f"{scores.envelope_db:.2f} dB"
        numbers = (scores.dev_macro_map, scores.dev_top1, scores.mixes_macro_map)
        table.add_row(scores.form, *(f"{number:.3f}" for number in numbers), error)
    Console().print(table)
