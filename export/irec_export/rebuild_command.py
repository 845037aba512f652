"""``irec-train rebuild``: reproduce a bundled network from recordings."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from irec_models.commands.options import FILE, interruptible, start_option, training_options


@click.command()
@click.argument("name")
@training_options
@start_option
@click.option("--out", type=FILE, help="Folder for the runs and the file; default rebuilt/NAME.")
@click.option(
    "--tolerance",
    type=click.FloatRange(0, 1),
    default=0.05,
    show_default=True,
    help="Largest difference of a score in 0..1.",
)
def rebuild(name: str, data: tuple[Path, ...], out: Path | None, **options: Any) -> None:
    """Train, publish and export the bundled network NAME again, and compare its scores with the shipped file's.

    What its recipe starts from is trained first, and exported where it teaches what comes after; where that begins with
    a file that others publish (tutti-1s), give it with --start-from. If interrupted, the same command continues where
    it stopped. Exit status 1: a score differs from the shipped one by more than --tolerance (errors in dB: by more than
    2 dB).
    """
    from rich.console import Console
    from rich.table import Table

    with interruptible():
        from irec_export.shipped import shipped_spec

        shipped_spec(name)
        from irec_export.rebuild import rebuild as make

        exported, compared = make(name, data, out or Path("rebuilt") / name, **options)
    table = Table("score", "shipped", "rebuilt", "difference", "tolerance", title=str(exported))
    for row in compared:
        difference = f"{row.rebuilt - row.shipped:+.3f}" + ("" if row.within else " !")
        table.add_row(row.name, f"{row.shipped:.3f}", f"{row.rebuilt:.3f}", difference, f"{row.tolerance:g}")
    Console().print(table)
    if not all(row.within for row in compared):
        sys.exit(1)
